from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from cp2.lists import LongList
from cp2.rules import Refused
from vacancies import services
from vacancies.models import Application, Vacancy


@admin.register(Vacancy)
class VacancyAdmin(admin.ModelAdmin[Vacancy]):
    list_display = [
        "exam",
        "position",
        "sub_county",
        "station_kind",
        "places",
        "applicants",
        "opens_at",
        "closes_at",
    ]
    list_filter = ["exam", "position", "activity", "station_kind"]
    list_select_related = ["exam", "position", "sub_county"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["sub_county__name__istartswith", "sub_county__county__name__istartswith"]
    search_help_text = _("Sub-county or county")
    autocomplete_fields = ["sub_county"]
    date_hierarchy = "closes_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vacancy]:
        """Counted one by one, so only those of the rows that are shown."""
        those = Application.objects.live().order_by().filter(vacancy=OuterRef("pk"))
        live = those.values("vacancy").annotate(number=Count("pk")).values("number")
        return super().get_queryset(request).annotate(live=Coalesce(Subquery(live), 0))

    @admin.display(description=_("applicants"), ordering="live")
    def applicants(self, vacancy: Any) -> int:
        count: int = vacancy.live
        return count

    def get_readonly_fields(self, request: HttpRequest, obj: Vacancy | None = None) -> list[str]:
        """What people applied for stays what it is; numbers and dates may change."""
        return ["exam", "activity", "station_kind", "position", "sub_county"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # it is closed by its date


@admin.register(Application)
class ApplicationAdmin(LongList[Application]):
    """Made by officers and decided through services: nothing here can be typed over."""

    list_display = [
        "reference",
        "officer",
        "masked_id",
        "exam",
        "position",
        "sub_county",
        "status",
        "submitted_at",
    ]
    list_filter = ["status", "exam", "vacancy__position"]
    list_select_related = [
        "officer__user",
        "exam",
        "vacancy__position",
        "vacancy__sub_county",
    ]
    search_fields = ["=reference", "=officer__national_id", "=officer__user__phone"]
    search_help_text = _("Reference, ID number or phone number (2547…), in full")
    readonly_fields = ["reference", "officer", "vacancy", "status", "reason", "submitted_at"]
    fields = ["reference", "officer", "vacancy", "status", "reason", "submitted_at"]
    actions = ["nominate"]

    @admin.display(description=_("ID number"))
    def masked_id(self, application: Application) -> str:
        return f"…{(application.officer.national_id or '')[-3:]}"

    @admin.display(description=_("position"))
    def position(self, application: Application) -> str:
        return str(application.vacancy.position)

    @admin.display(description=_("sub-county"))
    def sub_county(self, application: Application) -> str:
        return str(application.vacancy.sub_county)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Nominate for deployment"), permissions=["decide"])
    def nominate(self, request: HttpRequest, queryset: QuerySet[Application]) -> None:
        nominated, bulk = 0, len(queryset) > 1
        for application in queryset:
            try:
                services.nominate(application, by=cast(User, request.user), bulk=bulk)
            except Refused as refusal:
                self.message_user(request, f"{application}: {refusal}", messages.ERROR)
            else:
                nominated += 1
        self.message_user(
            request,
            ngettext("%(count)d applicant nominated.", "%(count)d applicants nominated.", nominated)
            % {"count": nominated},
        )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("deployments.change_deployment")
