"""Lists of the admin that grow to millions of rows: counted as far as anybody leafs, and searched
by one index at a time."""

from collections.abc import Iterator
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

MOST_COUNTED = 10_000
COUNTED = _("No more than 10,000 are counted.")

Row = TypeVar("Row", bound=Model)


class CappedPaginator(Paginator[Any]):
    """Counts no further than anybody leafs: to count millions takes longer than to list them."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        return rows[:MOST_COUNTED].count()


class LongList(admin.ModelAdmin[Row]):
    """All that was typed is one term, which is looked for by each of `search_fields` on its own.

    Django asks for `reference = … OR officer.national_id = …`, which no index answers: PostgreSQL
    would read both tables from end to end. `=` stands for exactly this, in capitals or not.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    paginator = CappedPaginator

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        shown = super().get_changelist_instance(request)
        if shown.search_help_text:
            shown.search_help_text = f"{shown.search_help_text}. {COUNTED}"
        return shown

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().strip('"')
        if not term:
            return queryset, False
        first, *others = self.found(request, term)
        return queryset.filter(pk__in=first.union(*others)), False

    def found(self, request: HttpRequest, term: str) -> Iterator[QuerySet[Any, Any]]:
        """What each finds, and nothing to begin with."""
        rows = self.model._base_manager.order_by()
        yield rows.none().values("pk")
        for field in self.get_search_fields(request):
            name = f"{field[1:]}__in" if field.startswith("=") else field
            typed = [term, term.upper()] if field.startswith("=") else term
            try:
                yield rows.filter(**{name: typed}).values("pk")
            except ValueError:  # a word, where the field holds a number
                continue
