"""Headquarters' lists of posts and deployments: narrowed by place and gap, taken away."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Count, DateField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Least
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from accounts.taking import as_asked, take_away
from catalogue.models import County, SubCounty
from cp2.exports import Table
from deployments import area_files
from deployments.models import LIVE, Deployment, DeploymentStatus, PostQuerySet


class CountyFilter(admin.SimpleListFilter):
    """Of the station, unless a list goes another `path`; where one is chosen, its sub-counties
    stand below."""

    title = _("county")
    parameter_name = "county"
    path = "station__sub_county__county"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [(row.pk, row.name) for row in County.objects.order_by("name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = _number(self.value())
        return queryset.filter(**{self.path: chosen}) if chosen is not None else queryset


class SubCountyFilter(admin.SimpleListFilter):
    title = _("sub-county")
    parameter_name = "sub_county"
    station = "station"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        county = _number(request.GET.get("county"))
        if county is None:
            return []
        rows = SubCounty.objects.filter(county=county).order_by("name")
        return [(row.pk, row.name) for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = _number(self.value())
        return (
            queryset.filter(**{f"{self.station}__sub_county": chosen})
            if chosen is not None
            else queryset
        )


class CountyOfDeployment(CountyFilter):
    path = "post__station__sub_county__county"


class SubCountyOfDeployment(SubCountyFilter):
    station = "post__station"


class GapFilter(admin.SimpleListFilter):
    """After `counted`."""

    title = _("gap")
    parameter_name = "gap"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Places are free"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(required__gt=F("live")) if self.value() == "yes" else queryset


class UnaskedFilter(admin.SimpleListFilter):
    title = _("application")
    parameter_name = "unasked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Nominated without an application"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(application=None) if self.value() == "yes" else queryset


def _number(typed: str | None) -> int | None:
    """What is no row's number finds nothing, and breaks nothing."""
    if not typed:
        return None
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def counted(rows: PostQuerySet) -> QuerySet[Any]:
    """Places that are held, as `with_counts` has them, but one by one, so only for the rows that
    are shown; of an exam that is over, those that were held on its last day."""
    by = Least(Value(timezone.localdate()), OuterRef("exam__ends_on"), output_field=DateField())
    ahead = Deployment.objects.order_by().filter(
        post=OuterRef("pk"), ends_on__gte=by, status__in=LIVE
    )

    def count(**only: Any) -> Coalesce:
        found = ahead.values("post").annotate(n=Count("slot", filter=Q(**only), distinct=True))
        return Coalesce(Subquery(found.values("n")), 0)

    return rows.annotate(live=count(), accepted=count(status=DeploymentStatus.ACCEPTED)).annotate(
        gap=F("required") - F("live")
    )


class TakenAway(admin.ModelAdmin[Any]):
    """A list with a file behind it: as it is filtered, searched and sorted."""

    taken_verb = ""

    @abstractmethod
    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table: ...

    def get_urls(self) -> list[URLPattern]:
        view = cast(Callable[..., HttpResponseBase], self.admin_site.admin_view(self.files))
        name = f"{self.opts.app_label}_{self.opts.model_name}_files"
        return [path("files/", require_POST(view), name=name), *super().get_urls()]

    def files(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        here = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            messages.error(request, gettext("This list does not narrow like that."))
            return redirect(here)
        rows = shown.get_queryset(request)
        about = "; ".join(f"{name}: {value}" for name, value in request.GET.items() if value)
        return take_away(
            cast(SignedIn, request),
            lambda: self.table(request, rows, about),
            back=as_asked(request, here),
            verb=self.taken_verb,
            filters=about,
        )


def posts_table(rows: QuerySet[Any], *, by: str, about: str) -> Table:
    return Table(
        name="posts",
        title=gettext("Entitled and deployed"),
        heading=[gettext("County"), gettext("Sub-county"), *area_files.post_heading()],
        rows=(
            [
                row.station.sub_county.county.name,
                row.station.sub_county.name,
                *area_files.post_line(row),
            ]
            for row in area_files.in_blocks(
                rows.select_related("exam", "position", "station__sub_county__county")
            )
        ),
        count=rows.count(),
        by=by,
        about=about,
    )


def deployments_table(rows: QuerySet[Any], *, by: str, about: str) -> Table:
    return Table(
        name="deployments",
        title=gettext("Deployments"),
        heading=[
            gettext("County"), gettext("Sub-county"), *area_files.deployment_heading()
        ],
        rows=(
            [
                row.post.station.sub_county.county.name,
                row.post.station.sub_county.name,
                *area_files.deployment_line(row),
            ]
            for row in area_files.in_blocks(
                rows.select_related(
                    "officer__user",
                    "application",
                    "post__exam",
                    "post__position",
                    "post__station__sub_county__county",
                )
            )
        ),
        count=rows.count(),
        by=by,
        about=about,
    )  # fmt: skip
