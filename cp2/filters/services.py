"""What of an address is kept as a view, and whether it can still be asked for."""

import re
from copy import copy
from typing import Any

from django.contrib.admin import ModelAdmin, site
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.db.models import Case, Q, QuerySet, When
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from cp2.filters.models import LONGEST, SavedView
from cp2.rules import Refused

MOST = 20  # of one person and list: more of them nobody finds
SEARCH = "q"
PASSING = {"p", "e", "all", "_popup", "_to_field", "_facets"}  # of this visit, not of the view
NUMBERED = re.compile(r"(\d\D{0,2}){4}")  # in what was searched for
LONG = re.compile(r"(\d\D{0,2}){8}")  # in a filter, where a day or a row's number is none
DAY = re.compile(r"\d{4}-\d\d-\d\d\b")


def list_of(label: str, request: HttpRequest) -> "ModelAdmin[Any] | None":
    """The list of this model, if there is one and this person may see it."""
    for model, registered in site._registry.items():
        if model._meta.label_lower == label and registered.has_view_permission(request):
            return registered
    return None


def seen_by(user: User) -> QuerySet[SavedView]:
    """One's own, and what colleagues share, of whichever lists."""
    return SavedView.objects.filter(Q(owner=user) | Q(shared=True)).select_related("owner")


def of_list(label: str, *, by: User) -> list[SavedView]:
    """All of one's own first, then as many of the others as anybody reads."""
    own_first = Case(When(owner=by, then=0), default=1)
    views = seen_by(by).filter(model=label).order_by(own_first, "name", "pk")
    return list(views[: 2 * MOST])


def kept(query: str) -> tuple[str, bool]:
    """What is worth keeping, in one spelling; and whether a number was left out. Whoever saves a
    search for one person's number would keep that number where nobody thinks of looking."""
    asked = QueryDict(query[: LONGEST * 4], mutable=True)
    for name in PASSING:
        asked.pop(name, None)
    numbered = False
    for name in [*asked]:
        values = [value for value in asked.getlist(name) if value]
        anonymous = [value for value in values if not is_somebodys(name, value)]
        numbered |= anonymous != values
        asked.setlist(name, anonymous)
    return asked.urlencode(), numbered


def is_somebodys(name: str, value: str) -> bool:
    """Whether it may be the number of a person, or of a phone."""
    if name == SEARCH:
        return bool(NUMBERED.search(value))
    return bool(LONG.search(value)) and not DAY.match(value)


def works(registered: ModelAdmin[Any], request: HttpRequest, query: str) -> bool:
    """Whether the list can be asked for this, today and by this person."""
    asked = copy(request)
    asked.method, asked.GET = "GET", QueryDict(query)
    try:
        registered.get_changelist_instance(asked)
    except (IncorrectLookupParameters, SuspiciousOperation):
        return False
    return True


@transaction.atomic
def save(label: str, query: str, *, name: str, shared: bool, by: User) -> SavedView:
    """Under the same name again it takes the place of what was there."""
    if not query:
        raise Refused(_("There is nothing to save yet: narrow, search or sort the list first."))
    if len(query) > LONGEST:
        raise Refused(_("This view is too long to be saved. Narrow the list by less."))
    User.objects.select_for_update().get(pk=by.pk)  # of two at once, the second counts the first
    others = SavedView.objects.filter(owner=by, model=label).exclude(name=name)
    if others.count() >= MOST:
        said = _("You have %(most)s saved views of this list. Delete one first.")
        raise Refused(said % {"most": MOST})
    view, _made = SavedView.objects.update_or_create(
        owner=by, model=label, name=name, defaults={"query": query, "shared": shared}
    )
    return view
