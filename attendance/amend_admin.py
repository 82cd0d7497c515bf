"""What headquarters decides of closed days, and looks at again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.requests import actor
from attendance import second_look_lists, services
from attendance.models import (
    Amendment,
    AmendmentLine,
    MarkHistory,
    SecondLook,
    SecondLookRules,
)
from catalogue.models import DutyStation
from cp2.confirming import confirmed, each
from cp2.exports import Table
from cp2.rules import Refused
from deployments.admin_lists import TakenAway
from deployments.admin_parts import LookOnly, WithReason


class OnlyShown(admin.TabularInline[Any, Any]):
    """Rows that belong to another, shown with it."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class HistoryInline(OnlyShown):
    model = MarkHistory
    fk_name = "mark"
    fields = [
        "status", "marked_by", "acting_name", "marked_at", "received_at", "way", "amendment",
        "changed_at",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related(
            "marked_by", "amendment__entry__station", "amendment__entry__exam"
        )


class LineInline(OnlyShown):
    model = AmendmentLine
    fields = ["deployment", "was", "wanted"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("attendance.view_amendment")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .select_related(
                "deployment__officer__user",
                "deployment__post__exam",
                "deployment__post__station",
                "deployment__post__position",
            )
        )


class OfACentre(LookOnly):
    @admin.display(description=gettext_lazy("centre"))
    def station(self, row: Any) -> DutyStation:
        station: DutyStation = row.entry.station
        return station

    @admin.display(description=gettext_lazy("exam"))
    def exam(self, row: Any) -> str:
        return str(row.entry.exam.short)


@admin.register(Amendment)
class AmendmentAdmin(OfACentre):
    """Once a return is stamped only headquarters decides; until then the director does."""

    list_display = [
        "day", "station", "exam", "status", "reason", "acting_name", "asked_by", "asked_at",
        "decided_by",
    ]  # fmt: skip
    list_filter = ["status", "entry__exam"]
    list_select_related = ["entry__station", "entry__exam", "asked_by", "decided_by"]
    ordering = ["-pk"]
    search_fields = ["=entry__station__code"]
    search_help_text = gettext_lazy("A centre's code, in full")
    inlines = [LineInline]
    actions = ["grant", "refuse"]

    @admin.action(description=gettext_lazy("Grant"), permissions=["change"])
    @confirmed(
        says=gettext_lazy(
            "The marks become what the centre asked for, and the officers concerned are told."
        ),
        form=WithReason,
    )
    def grant(self, request: HttpRequest, queryset: QuerySet[Amendment], *, reason: str) -> None:
        rows = self._with_place(queryset)
        done = each(self, request, rows, services.grant, answer=reason)
        said = ngettext("%(count)d register amended.", "%(count)d registers amended.", done)
        self.message_user(request, said % {"count": done})

    @admin.action(description=gettext_lazy("Refuse"), permissions=["change"])
    @confirmed(
        says=gettext_lazy("The registers stay as they are, and the centre reads why."),
        form=WithReason,
    )
    def refuse(self, request: HttpRequest, queryset: QuerySet[Amendment], *, reason: str) -> None:
        rows = self._with_place(queryset)
        done = each(self, request, rows, services.refuse, answer=reason)
        said = ngettext("%(count)d request refused.", "%(count)d requests refused.", done)
        self.message_user(request, said % {"count": done})

    def _with_place(self, rows: QuerySet[Amendment]) -> QuerySet[Amendment]:
        return rows.select_related("entry__station", "entry__exam")


@admin.register(MarkHistory)
class MarkHistoryAdmin(LookOnly):
    list_display = [
        "changed_at", "mark", "status", "marked_by", "acting_name", "marked_at", "way", "amendment",
    ]  # fmt: skip
    list_filter = ["way", "status"]
    list_select_related = [
        "mark__officer__user",
        "marked_by",
        "amendment__entry__station",
        "amendment__entry__exam",
    ]
    ordering = ["-pk"]
    search_fields = ["=mark__officer__national_id", "=mark__officer__user__phone"]
    search_help_text = gettext_lazy("ID number or phone number (2547…), in full")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SecondLook)
class SecondLookAdmin(TakenAway, OfACentre):
    change_list_template = "attendance/admin_second_looks.html"
    list_display = [
        "kind", "day", "station", "exam", "officer", "said", "found_at", "looked_by", "note",
    ]  # fmt: skip
    list_filter = ["kind", ("looked_at", admin.EmptyFieldListFilter), "entry__exam"]
    list_select_related = [
        "entry__station__sub_county",
        "entry__exam",
        "deployment__officer__user",
        "amendment",
        "looked_by",
    ]
    ordering = ["-pk"]
    search_fields = ["=entry__station__code"]
    search_help_text = gettext_lazy("A centre's code, in full")
    actions = ["looked"]
    taken_verb = "second_looks.taken"

    @admin.display(description=gettext_lazy("officer"))
    def officer(self, look: SecondLook) -> str:
        return look.deployment.officer.full_name if look.deployment else ""

    @admin.display(description=gettext_lazy("what was found"))
    def said(self, look: SecondLook) -> str:
        return second_look_lists.said(look)

    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table:
        return second_look_lists.table(rows, by=actor(request), about=about)

    @admin.action(
        description=gettext_lazy("Note as looked at, with what was seen"), permissions=["change"]
    )
    @confirmed(
        says=gettext_lazy("What you write is noted with each of them, and they wait no longer."),
        form=WithReason,
    )
    def looked(self, request: HttpRequest, queryset: QuerySet[SecondLook], *, reason: str) -> None:
        try:
            services.look_at(list(queryset), by=actor(request), note=reason)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("What was seen is noted."))


@admin.register(SecondLookRules)
class SecondLookRulesAdmin(admin.ModelAdmin[SecondLookRules]):
    """Whoever sets an exam's terms says what is worth a second look."""

    list_display = ["exam", "hours_from_usual", "all_present_odds", "alone_among", "copy_hours"]
    list_select_related = ["exam"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("attendance.view_secondlook")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalogue.change_positionterms")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalogue.change_positionterms")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["exam"] if obj else []
