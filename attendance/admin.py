from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.requests import actor
from attendance import centre_reporting, reporting
from attendance import return_admin as return_admin  # whose model is registered there
from attendance.admin_base import CENTRE, CENTRE_OR_OFFICER, OnlyToRead
from attendance.amend_admin import HistoryInline
from attendance.models import (
    CentreReport,
    Handover,
    Mark,
    Register,
    RegisterCopy,
    SupervisorReport,
)
from attendance.register_admin import WithToday
from catalogue.models import DutyStation
from cp2.exports import Table
from deployments.admin_lists import TakenAway


@admin.register(Mark)
class MarkAdmin(OnlyToRead):
    list_display = [
        "day",
        "officer",
        "position",
        "station",
        "status",
        "acting_name",
        "marked_by",
        "marked_at",
    ]
    list_filter = ["status"]
    filters_of_a_search = ["deployment__post__exam"]
    list_select_related = [
        "officer__user",
        "deployment__post__position",
        "deployment__post__station",
        "marked_by",
    ]
    ordering = ["-pk"]
    search_fields = [
        "=officer__national_id",
        "=officer__user__phone",
        "=deployment__post__station__code",
    ]
    search_help_text = CENTRE_OR_OFFICER
    inlines = [HistoryInline]

    @admin.display(description=_("position"))
    def position(self, mark: Mark) -> str:
        return str(mark.deployment.post.position)

    @admin.display(description=_("centre"))
    def station(self, mark: Mark) -> DutyStation:
        return mark.deployment.post.station


@admin.register(Register)
class RegisterAdmin(WithToday, OnlyToRead):
    list_display = ["day", "station", "exam", "status", "acting_name", "submitted_at"]
    list_filter = ["status"]
    filters_of_a_search = ["entry__exam"]
    list_select_related = ["entry__station", "entry__exam"]
    ordering = ["-pk"]
    search_fields = ["=entry__station__code"]
    search_help_text = CENTRE

    @admin.display(description=_("centre"))
    def station(self, register: Register) -> DutyStation:
        return register.entry.station

    @admin.display(description=_("exam"))
    def exam(self, register: Register) -> str:
        return register.entry.exam.short


@admin.register(RegisterCopy)
class RegisterCopyAdmin(OnlyToRead):
    list_display = ["day", "station", "exam", "status", "acting_name", "marked_at", "received_at"]
    list_filter = ["status", "entry__exam"]
    list_select_related = ["entry__station", "entry__exam"]
    ordering = ["-pk"]
    search_fields = ["=entry__station__code"]
    search_help_text = CENTRE

    @admin.display(description=_("centre"))
    def station(self, copy: RegisterCopy) -> DutyStation:
        return copy.entry.station

    @admin.display(description=_("exam"))
    def exam(self, copy: RegisterCopy) -> str:
        return copy.entry.exam.short


class IncidentFilter(admin.SimpleListFilter):
    title = _("incidents")
    parameter_name = "incidents"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("With incidents only"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.with_incidents() if self.value() == "yes" else queryset


@admin.register(SupervisorReport)
class SupervisorReportAdmin(TakenAway, OnlyToRead):
    taken_verb = "reports.taken"
    change_list_template = "attendance/admin_reports.html"
    list_display = ["day", "deployment", "candidates_absent", "incidents", "written_at"]
    list_filter = [IncidentFilter, "day"]
    filters_of_a_search = ["deployment__post__exam"]
    list_select_related = [
        "deployment__officer__user",
        "deployment__post__exam",
        "deployment__post__station",
        "deployment__post__position",
    ]
    ordering = ["-pk"]
    search_fields = [
        "=deployment__post__station__code",
        "=deployment__officer__national_id",
        "=deployment__officer__user__phone",
    ]
    search_help_text = CENTRE_OR_OFFICER

    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table:
        return reporting.written_table(rows, by=str(actor(request)), about=about)


@admin.register(CentreReport)
class CentreReportAdmin(TakenAway, OnlyToRead):
    taken_verb = "centre_reports.taken"
    change_list_template = "attendance/admin_centre_reports.html"
    list_display = ["day", "station", "kind", "officer", "text", "status", "answer", "reported_at"]
    list_filter = ["kind", "status", "entry__exam"]
    list_select_related = [
        "entry__station",
        "entry__exam",
        "deployment__officer__user",
        "deployment__post__position",
        "settled_by",
    ]
    ordering = ["-pk"]
    search_fields = ["=entry__station__code"]
    search_help_text = CENTRE

    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table:
        return centre_reporting.table(rows, by=str(actor(request)), about=about)

    @admin.display(description=_("centre"))
    def station(self, report: CentreReport) -> DutyStation:
        return report.entry.station

    @admin.display(description=_("officer"))
    def officer(self, report: CentreReport) -> str:
        return report.deployment.officer.full_name if report.deployment else "–"


@admin.register(Handover)
class HandoverAdmin(OnlyToRead):
    list_display = ["day", "deployment", "written_at", "taken_by", "taken_at"]
    list_filter = ["deployment__post__exam"]
    list_select_related = [
        "deployment__officer__user",
        "deployment__post__exam",
        "deployment__post__station",
        "deployment__post__position",
        "taken_by__officer__user",
        "taken_by__post__exam",
        "taken_by__post__station",
        "taken_by__post__position",
    ]
    ordering = ["-pk"]
    search_fields = [
        "=deployment__post__station__code",
        "=deployment__officer__national_id",
        "=deployment__officer__user__phone",
    ]
    search_help_text = CENTRE_OR_OFFICER
