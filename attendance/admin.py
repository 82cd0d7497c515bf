from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from attendance import return_admin as return_admin  # whose model is registered there
from attendance.admin_base import OnlyToRead
from attendance.models import Mark, Register, SupervisorReport
from catalogue.models import DutyStation


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
    list_filter = ["status", "deployment__post__exam"]
    list_select_related = [
        "officer__user",
        "deployment__post__position",
        "deployment__post__station",
        "marked_by",
    ]
    ordering = ["-pk"]
    search_fields = ["officer__national_id__exact"]
    search_help_text = _("An officer's ID number, in full")

    @admin.display(description=_("position"))
    def position(self, mark: Mark) -> str:
        return str(mark.deployment.post.position)

    @admin.display(description=_("centre"))
    def station(self, mark: Mark) -> DutyStation:
        return mark.deployment.post.station


@admin.register(Register)
class RegisterAdmin(OnlyToRead):
    list_display = ["day", "station", "exam", "status", "acting_name", "submitted_at"]
    list_filter = ["status", "entry__exam"]
    list_select_related = ["entry__station", "entry__exam"]
    ordering = ["-pk"]
    search_fields = ["entry__station__code__exact"]
    search_help_text = _("A centre's code, in full")

    @admin.display(description=_("centre"))
    def station(self, register: Register) -> DutyStation:
        return register.entry.station

    @admin.display(description=_("exam"))
    def exam(self, register: Register) -> str:
        return register.entry.exam.short


@admin.register(SupervisorReport)
class SupervisorReportAdmin(OnlyToRead):
    list_display = ["day", "deployment", "candidates_absent", "incidents", "written_at"]
    list_filter = ["deployment__post__exam"]
    list_select_related = [
        "deployment__officer__user",
        "deployment__post__exam",
        "deployment__post__station",
        "deployment__post__position",
    ]
    ordering = ["-pk"]
    search_fields = ["deployment__post__station__code__exact"]
    search_help_text = _("A centre's code, in full")
