"""Waivers, as headquarters grants, lists and takes them back."""

from collections.abc import Iterator
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.requests import SignedIn, actor
from accounts.taking import take_away
from cp2.confirming import confirmed, each
from cp2.exports import Table
from cp2.lists import LongList
from deployments import waivers
from deployments.admin_parts import WithReason
from deployments.models import Waiver
from deployments.waiver_forms import WaiverForm

LIST = "admin:deployments_waiver_changelist"


@admin.register(Waiver)
class WaiverAdmin(LongList[Waiver]):
    """Granted by a form, taken back by an action, and never typed over."""

    form = WaiverForm
    change_list_template = "deployments/admin_waivers.html"
    list_display = [
        "officer",
        "masked_id",
        "exam_short",
        "rule",
        "station",
        "granted_by",
        "granted_at",
        "withdrawn_at",
    ]
    list_filter = ["exam", "rule", ("withdrawn_at", admin.EmptyFieldListFilter)]
    list_select_related = ["officer__user", "exam", "station", "granted_by"]
    search_fields = ["=officer__national_id", "=officer__user__phone", "=station__code"]
    search_help_text = gettext_lazy("ID number, phone number (2547…) or centre code, in full")
    autocomplete_fields = ["station"]
    actions = ["withdraw"]

    @admin.display(description=gettext_lazy("ID number"))
    def masked_id(self, waiver: Waiver) -> str:
        return f"…{(waiver.officer.national_id or '')[-3:]}"

    @admin.display(description=gettext_lazy("exam"), ordering="exam")
    def exam_short(self, waiver: Waiver) -> str:
        return waiver.exam.short

    def get_fields(self, request: HttpRequest, obj: Waiver | None = None) -> list[Any]:
        if obj is None:
            return list(WaiverForm.field_order)
        return [field.name for field in Waiver._meta.fields if not field.primary_key]

    def get_readonly_fields(self, request: HttpRequest, obj: Waiver | None = None) -> list[str]:
        return self.get_fields(request, obj) if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Waiver, form: Any, change: bool) -> None:
        typed = form.cleaned_data
        granted = waivers.grant(
            typed["who"],
            exam=typed["exam"],
            rule=typed["rule"],
            station=typed["station"],
            reason=typed["reason"],
            by=actor(request),
        )
        obj.__dict__.update(granted.__dict__)

    @admin.action(description=gettext_lazy("Withdraw the waiver"), permissions=["change"])
    @confirmed(
        says=gettext_lazy(
            "The rule holds for these officers again. Deployments that were made under it stay."
        ),
        form=WithReason,
    )
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Waiver], **asked: Any) -> None:
        done = each(self, request, queryset, waivers.withdraw, **asked)
        said = ngettext("%(count)d waiver withdrawn.", "%(count)d waivers withdrawn.", done)
        self.message_user(request, said % {"count": done})

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "files/",
            self.admin_site.admin_view(self.take),
            name="deployments_waivers_files",
        )
        return [own, *super().get_urls()]

    def take(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered. It names people, so it is taken as such lists are."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        query = request.GET.urlencode()
        back = reverse(LIST) + (f"?{query}" if query else "")
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:  # back to the list, which says so
            return redirect(f"{reverse(LIST)}?e=1")
        rows = Waiver.objects.filter(pk__in=found.order_by().values("pk")).order_by("-pk")
        by = actor(request)
        return take_away(
            cast(SignedIn, request),
            lambda: _table(rows, by=by),
            back=back,
            verb="waivers.taken",
            subject=by,
            filters=query,
        )


def _table(rows: QuerySet[Waiver], *, by: User) -> Table:
    return Table(
        name="waivers",
        title=_("Waivers"),
        heading=[
            _("Officer"),
            _("ID number"),
            _("Exam"),
            _("Rule"),
            _("Duty station"),
            _("Reason"),
            _("Granted by"),
            _("Granted"),
            _("Withdrawn"),
            _("Deployments under it"),
        ],
        rows=_rows(rows),
        count=rows.count(),
        by=str(by),
    )


def _rows(found: QuerySet[Waiver]) -> Iterator[list[Any]]:
    rows = found.select_related("officer", "exam", "station", "granted_by")
    for waiver in rows.prefetch_related("uses").iterator(chunk_size=500):
        yield [
            waiver.officer.full_name,
            waiver.officer.masked_id,
            waiver.exam.short,
            str(waiver.get_rule_display()),
            str(waiver.station or _("any")),
            waiver.reason,
            str(waiver.granted_by),
            waiver.granted_at,
            waiver.withdrawn_at,
            len(waiver.uses.all()),
        ]
