from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.requests import actor
from cp2.confirming import confirmed, each
from cp2.lists import LongList
from cp2.rules import Refused
from vacancies import admin_views, opening, services
from vacancies.admin_forms import VacancyForm, WindowForm
from vacancies.models import Application, Vacancy


@admin.register(Vacancy)
class VacancyAdmin(admin.ModelAdmin[Vacancy]):
    form = VacancyForm
    change_list_template = "vacancies/admin_vacancies.html"
    actions = ["set_window"]
    list_display = [
        "exam_short",
        "position",
        "sub_county",
        "places",
        "applicants",
        "opens_at",
        "closes_at",
    ]
    list_filter = ["exam", "position", "activity", "station_kind"]
    list_select_related = ["exam", "position", "activity", "sub_county"]
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

    @admin.display(description=_("exam"), ordering="exam")
    def exam_short(self, vacancy: Vacancy) -> str:
        return vacancy.exam.short

    @admin.display(description=_("applicants"), ordering="live")
    def applicants(self, vacancy: Any) -> int:
        count: int = vacancy.live
        return count

    def get_readonly_fields(self, request: HttpRequest, obj: Vacancy | None = None) -> list[str]:
        """What people applied for stays what it is; numbers and dates may change."""
        return ["exam", "activity", "station_kind", "position", "sub_county"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # it is closed by its date

    def save_model(self, request: HttpRequest, obj: Vacancy, form: Any, change: bool) -> None:
        opening.save(obj, by=actor(request))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refusal:  # the entitlements changed since the form was checked
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(request.get_full_path())

    @admin.action(description=_("Set deadlines"), permissions=["change"])
    def set_window(self, request: HttpRequest, queryset: QuerySet[Vacancy]) -> HttpResponse | None:
        """For those ticked, or for all that the list is narrowed to."""
        form = WindowForm(request.POST if "apply" in request.POST else None)
        if form.is_valid():
            ticked = Vacancy.objects.filter(pk__in=queryset.order_by().values("pk"))
            tally = opening.set_window(ticked, by=actor(request), **form.cleaned_data)
            admin_views.say(request, tally)
            return None
        context = {
            "form": form,
            "count": queryset.count(),
            "checkbox": ACTION_CHECKBOX_NAME,
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across", "0"),
        }
        return admin_views.page(self, request, "admin_window", gettext("Set deadlines"), **context)

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(partial(view, admin=self))

        return [
            path("window/", page(admin_views.window), name="vacancies_window"),
            path("send/", page(admin_views.send), name="vacancies_send"),
            path("sent/<int:pk>/", page(admin_views.sent), name="vacancies_sent"),
            path("applicants/", page(admin_views.applicants), name="vacancies_applicants"),
            path("files/<slug:ending>/", page(admin_views.take), name="vacancies_files"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "may_change": self.has_change_permission(request),
            "may_send": request.user.has_perms(admin_views.MAY_SEND),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)


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
    search_fields = [
        "=reference",
        "=officer__national_id",
        "=officer__user__phone",
        "officer__full_name__startswith",
    ]
    search_help_text = _(
        "Reference, ID number or phone number (2547…), in full; or how the name begins"
    )
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
    @confirmed(says=_("They wait for a place from now on; deploying them comes after."))
    def nominate(self, request: HttpRequest, queryset: QuerySet[Application]) -> None:
        bulk = len(queryset) > 1
        nominated = each(self, request, queryset, services.nominate, bulk=bulk)
        self.message_user(
            request,
            ngettext("%(count)d applicant nominated.", "%(count)d applicants nominated.", nominated)
            % {"count": nominated},
        )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("deployments.change_deployment")
