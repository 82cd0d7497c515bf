"""Lists of the admin that grow to millions of rows: counted as far as anybody leafs, searched by
one index at a time, sorted by what an index holds in order, and joined for the rows of a page only.
"""

from collections.abc import Collection, Iterator
from typing import Any, ClassVar, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db.models import DateField, F, Field, Model, QuerySet, Value
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

MOST_COUNTED = 10_000
COUNTED = _("No more than %(most)s are counted.")

Row = TypeVar("Row", bound=Model)


class CappedPaginator(Paginator[Any]):
    """Counts no further than anybody leafs: to count millions takes longer than to list them."""

    most = MOST_COUNTED

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        return rows.order_by()[: self.most].count()


class LateList(ChangeList):
    """First which rows stand on the page, then what is shown beside them. Sorted together, all rows
    would be joined to their officers and centres for the sake of fifty."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """What cannot be clicked cannot be typed into the address either."""
        shown: Any = self.sortable_by
        return super().get_ordering_field(field_name) if field_name in shown else None

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        ordering = self.get_ordering(request, self.queryset)
        page = self.queryset
        if self.result_count < cast(CappedPaginator, self.paginator).most:
            page = page.order_by(*map(unserved, ordering))
        if self.multi_page and not (self.show_all and self.can_show_all):
            begin = (self.page_num - 1) * self.list_per_page
            page = page[begin : begin + self.list_per_page]
        # asked on its own: of a query within a query over many tables the plan may begin elsewhere
        pks = list(page.select_related(None).values_list("pk", flat=True))
        there = self.root_queryset.filter(pk__in=pks)
        joined = there if there.query.select_related else self.apply_select_related(there)
        self.result_list = joined.order_by(*ordering)


def unserved(order: Any) -> Any:
    """As an order that no index has. So few rows are found first and then sorted; walking through
    millions in their order, PostgreSQL hopes to meet a county's soon."""
    number = F("pk") + Value(0)
    match order:
        case "pk":
            return number.asc()
        case "-pk":
            return number.desc()
        case _:
            return order


class NeverTyped:
    """Rows that services write: nobody adds, types over or throws away one, and each leaves a
    trace."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LongList(admin.ModelAdmin[Row]):
    """All that was typed is one term, which is looked for by each of `search_fields` on its own.

    Django asks for `reference = … OR officer.national_id = …`, which no index answers: PostgreSQL
    would read both tables from end to end. `=` stands for exactly this, in capitals or not.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    paginator: ClassVar[type[CappedPaginator]] = CappedPaginator
    # What no index of a long list finds, and what is no burden beside a search.
    filters_of_a_search: Collection[Any] = ()
    sorts: Collection[str] = ()  # columns of short lists, or with an index that the model hides

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LateList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        shown = super().get_changelist_instance(request)
        if shown.search_help_text:
            counted = COUNTED % {"most": f"{self.paginator.most:,}"}
            shown.search_help_text = f"{shown.search_help_text}. {counted}"
        return shown

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Those of a search are offered with one; a link that names one may be followed."""
        searched = bool(request.GET.get(SEARCH_VAR))
        beside = [
            each
            for each in self.filters_of_a_search
            if searched or any(asked.startswith(str(each)) for asked in request.GET)
        ]
        return [*super().get_list_filter(request), *beside]

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        """By what an index has in order. By a status or a name of another table, PostgreSQL would
        sort all there are for one page of them."""
        shown = [name for name in self.get_list_display(request) if isinstance(name, str)]
        return [name for name in shown if name in self.sorts or self._is_kept_in_order(name)]

    def _is_kept_in_order(self, name: str) -> bool:
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            return False
        if not isinstance(field, Field) or field.is_relation:
            return False
        whole = [
            index for index in self.opts.indexes if index.fields_orders and not index.condition
        ]
        leading = {index.fields_orders[0][0] for index in whole}
        return field.unique or (isinstance(field, DateField) and field.name in leading)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().strip('"')
        if not term:
            return queryset, False
        first, *others = self.found(request, self.spelled(term))
        return queryset.filter(pk__in=first.union(*others)), False

    def spelled(self, term: str) -> str:
        """As the rows have it: a site may know of a number that is written in several ways."""
        spell = getattr(self.admin_site, "spelled", str)
        return str(spell(term))

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
