from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.requests import actor
from cp2 import merge_views
from cp2.season_picture import picture

# As the season goes: what is sat and where, who may serve, who does, and what that costs.
ORDER = {
    "catalogue": [
        "Exam",
        "ExamDay",
        "CentreEntry",
        "PositionTerms",
        "Position",
        "Activity",
        "DutyStation",
        "SubCounty",
        "County",
        "Bank",
        "BankBranch",
    ],
    "profiles": [
        "Officer",
        "WorkExperience",
        "Qualification",
        "NextOfKin",
        "BankAccount",
        "NumberChange",
        "RegisterEntry",
    ],
    "vacancies": ["Vacancy", "Application"],
    "deployments": ["Post", "Deployment", "Letter", "LetterText", "AllocationRun"],
    "attendance": ["Register", "Mark", "SupervisorReport", "RegisterReturn"],
    "claims": ["Claim", "ClaimLine", "Hold", "PaymentBatch", "Payment", "TaxRule"],
    "enquiries": ["Enquiry", "Reply"],
    "sms": ["Message", "InboundMessage", "Receipt"],
    "accounts": ["User", "Group", "TOTPDevice", "Entry"],
}
GUESTS = ["auth", "otp_totp"]  # Django's groups and one-time codes, shown under Accounts


class PortalAdminSite(AdminSite):
    """Headquarters' front door: staff only, and only once their one-time code was checked."""

    site_header = _("CP2 headquarters")
    site_title = _("CP2")
    index_title = _("The season")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return super().has_permission(request) and isinstance(user, User) and user.is_verified()

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one way in for everybody; it asks for the code as well."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Http404  # they are signed in already: to ask again would lead here again
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def password_change(  # type: ignore[override]  # Django's too answers with a redirect
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The portal's own page takes back an issued password, tells its owner, and is audited."""
        return redirect("accounts:change_password")

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().index(request, {**picture(actor(request)), **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        """The pages of the roof: what no app below could show."""
        officer = "profiles/officer/<int:pk>/merge/"
        page = self.admin_view
        return [
            path(officer, page(merge_views.find), name="merge_find"),
            path(f"{officer}<int:other>/", page(merge_views.merge), name="merge"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        if "accounts" in apps:
            for guest in GUESTS:
                apps["accounts"]["models"] += apps.pop(guest, {"models": []})["models"]
        for label, app in apps.items():
            names = ORDER.get(label, [])
            app["models"] = sorted(app["models"], key=lambda m: place(m["object_name"], names))
        return sorted(apps.values(), key=lambda app: place(app["app_label"], [*ORDER]))


def place(name: str, order: list[str]) -> int:
    """Where a name stands; whatever has no place comes last."""
    return order.index(name) if name in order else len(order)
