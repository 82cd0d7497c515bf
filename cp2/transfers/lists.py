"""A list of headquarters as a table: the rows, their order and their columns are those that the
list itself shows to whoever asks, so nothing leaves that they could not see."""

import html
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from cp2.rules import Refused

# Lists of these are of people: to take one away asks for a reason and a fresh code.
OF_PEOPLE = {"profiles", "vacancies", "deployments", "attendance", "claims", "enquiries", "sms"}
OF_PEOPLE_TOO = {
    "accounts.user",
    "accounts.entry",
    "audit.change",
    "protection.datarequest",
    "rights.powerchange",
}
NOT_OF_PEOPLE = {
    "vacancies.vacancy",
    "deployments.post",
    "deployments.lettertext",
    "deployments.allocationweights",
    "attendance.secondlookrules",
    "claims.taxrule",
    "claims.ratechange",
    "claims.markingrate",
    "enquiries.topic",
    "enquiries.enquirypromise",
    "enquiries.cannedanswer",
}
PERMISSION = "transfers.add_export"
# Of a list's address: which page of it was shown, and why.
OF_THE_PAGE = {"p", "all", "e", "_popup", "_to_field", "_facets"}
MOST_ASKED = 4_000  # characters


class NoSuchList(Exception):
    """There is none, or not for them."""


def holds_people(name: str) -> bool:
    if name in NOT_OF_PEOPLE:
        return False
    return name in OF_PEOPLE_TOO or name.partition(".")[0] in OF_PEOPLE


def _narrowed(query: str) -> str:
    """Without what only says which page was looked at."""
    if len(query) > MOST_ASKED:
        raise NoSuchList
    asked = QueryDict(query, mutable=True)
    for name in OF_THE_PAGE & set(asked):
        del asked[name]
    narrowed = asked.urlencode()
    if "%00" in narrowed:  # a letter that the database does not know
        raise NoSuchList
    return narrowed


class Listed:
    """A list as somebody sees it who narrowed it by `query`."""

    def __init__(self, name: str, query: str, user: User) -> None:
        models_by_name = {m._meta.label_lower: m for m in admin.site._registry}
        if name not in models_by_name or not user.has_perm(PERMISSION):
            raise NoSuchList
        self.name, self.query, self.user = name, _narrowed(query), user
        self.model = models_by_name[name]
        self.admin: Any = admin.site.get_model_admin(self.model)
        self.request = self._request()
        if not self.admin.has_view_permission(self.request):
            raise NoSuchList
        self.columns = [
            column
            for column in self.admin.get_list_display(self.request)
            if column != "action_checkbox"
        ]

    def _request(self) -> HttpRequest:
        request = HttpRequest()
        request.method = "GET"
        request.path = request.path_info = self.url
        request.GET = QueryDict(self.query)
        request.user = self.user
        return request

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.name.replace('.', '_')}_changelist")

    @property
    def title(self) -> str:
        return str(self.model._meta.verbose_name_plural).capitalize()

    @property
    def holds_people(self) -> bool:
        return holds_people(self.name)

    def rows(self) -> models.QuerySet[Any]:
        """All of them, filtered and ordered as the list is."""
        try:
            shown: ChangeList = self.admin.get_changelist_instance(self.request)
        except IncorrectLookupParameters as error:
            raise Refused(_("The list cannot be narrowed like that.")) from error
        rows: models.QuerySet[Any] = shown.queryset
        return rows

    def heading(self) -> list[str]:
        return [
            str(label_for_field(column, self.model, self.admin)).strip() for column in self.columns
        ]

    def lines(self, rows: Iterable[Any]) -> Iterator[list[Any]]:
        cells = [self._reader(column) for column in self.columns]
        for row in rows:
            yield [cell(row) for cell in cells]

    def _reader(self, column: Any) -> Callable[[Any], Any]:
        """How a cell of the column is read off a row: once for all of them."""
        field = next((f for f in self.model._meta.fields if f.name == column), None)
        if field is None or isinstance(field, models.ForeignKey):
            return lambda row: self._looked_up(column, row)
        name = field.attname
        words = {key: str(said) for key, said in getattr(field, "flatchoices", None) or []}
        return lambda row: plain(words.get(value := getattr(row, name), value))

    def _looked_up(self, column: Any, row: Any) -> Any:
        try:
            _field, _attribute, value = lookup_field(column, row, self.admin)
        except ObjectDoesNotExist:
            return None
        return plain(value)


def plain(value: Any) -> Any:
    """As a spreadsheet has it: words, figures and days, and no mark-up."""
    if value is None or isinstance(value, int | float | Decimal | datetime | date):
        return (_("yes") if value else _("no")) if isinstance(value, bool) else value
    if isinstance(value, SafeString):
        return html.unescape(strip_tags(value)).strip()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
