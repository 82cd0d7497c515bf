from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.requests import actor
from cp2 import helpdesk, merge_views, texts_picture
from cp2.season_picture import picture
from deployments import vacancy_views

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
        "RegisterCheck",
        "RegisterEntry",
        "RegisterImport",
    ],
    "vacancies": ["Vacancy", "Application"],
    "deployments": ["Post", "Deployment", "Letter", "LetterText", "AllocationRun"],
    "attendance": ["Register", "Mark", "SupervisorReport", "RegisterReturn"],
    "claims": ["Claim", "ClaimLine", "Hold", "PaymentBatch", "Payment", "TaxRule"],
    "enquiries": ["Enquiry", "Reply"],
    "sms": ["Picture", "Phone", "Message", "InboundMessage", "Receipt"],
    "accounts": ["User", "Group", "Limit", "Entry"],
}
# Django's groups, and the limits, shown under Accounts
GUESTS = ["auth", "limits"]


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

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The roof's own pages, before those of the models whose addresses they share."""

        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_view(view)

        texts, officer = "sms/message", "profiles/officer/<int:pk>/merge/"
        opening = partial(vacancy_views.open_vacancies, site=self)
        ours = [
            path(officer, page(merge_views.find), name="merge_find"),
            path("vacancies/vacancy/open/", page(opening), name="vacancies_open"),
            path(f"{officer}<int:other>/", page(merge_views.merge), name="merge"),
            path(
                f"{texts}/picture/",
                page(partial(texts_picture.picture, site=self)),
                name="sms_picture",
            ),
            path(f"{texts}/phone/", page(partial(helpdesk.phone, site=self)), name="sms_phone"),
            path(
                f"{texts}/phone/password/",
                page(helpdesk.issue_password),
                name="sms_phone_password",
            ),
            path(
                f"{texts}/phone/again/<int:pk>/",
                page(helpdesk.send_again),
                name="sms_phone_send_again",
            ),
        ]
        return [*ours, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        if "accounts" in apps:
            for guest in GUESTS:
                apps["accounts"]["models"] += apps.pop(guest, {"models": []})["models"]
        if "sms" in apps:
            apps["sms"]["models"] += pages_of_texts(request)
        for label, app in apps.items():
            names = ORDER.get(label, [])
            app["models"] = sorted(app["models"], key=lambda m: place(m["object_name"], names))
        return sorted(apps.values(), key=lambda app: place(app["app_label"], [*ORDER]))


def pages_of_texts(request: HttpRequest) -> list[dict[str, Any]]:
    """Pages that are no model's list, as the index names its lists."""
    pages = [
        ("Picture", _("How texts fare"), "admin:sms_picture", ["sms.view_message"]),
        (
            "Phone",
            _("Look up a number"),
            "admin:sms_phone",
            ["sms.view_message", "sms.view_inboundmessage"],
        ),
    ]
    return [
        {"object_name": name, "name": title, "admin_url": reverse(url), "view_only": True}
        for name, title, url, permissions in pages
        if request.user.has_perms(permissions)
    ]


def place(name: str, order: list[str]) -> int:
    """Where a name stands; whatever has no place comes last."""
    return order.index(name) if name in order else len(order)
