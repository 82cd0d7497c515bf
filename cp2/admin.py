from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.utils import flatten
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.requests import actor
from attendance import sittings_admin
from claims.money import pages as money_pages
from cp2 import helpdesk, merge_views, texts_picture
from cp2.admin_fields import careful, worded
from cp2.rights import pages as rights_pages
from cp2.runs import views as run_views
from cp2.season_picture import picture
from deployments import vacancy_views

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# As the season goes: what is sat and where, who may serve, who does, and what that costs.
ORDER = {
    "catalogue": [
        "Exam",
        "ExamDay",
        "CentreEntry",
        "PositionTerms",
        "RateProposal",
        "MarkingEntry",
        "Position",
        "Subject",
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
        "ExaminerTraining",
        "Interest",
        "NextOfKin",
        "BankAccount",
        "NumberChange",
        "RegisterCheck",
        "RegisterEntry",
        "RegisterImport",
    ],
    "vacancies": ["Vacancy", "Application"],
    "deployments": [
        "Post",
        "Deployment",
        "Waiver",
        "Letter",
        "LetterPack",
        "LetterText",
        "AllocationRun",
        "AllocationWeights",
        "Proposal",
        "EmptyPost",
        "Unplaced",
        "FairnessReport",
    ],
    "attendance": [
        "Register",
        "Mark",
        "MarkHistory",
        "RegisterCopy",
        "Amendment",
        "SecondLook",
        "SecondLookRules",
        "SupervisorReport",
        "Handover",
        "CentreReport",
        "RegisterReturn",
    ],
    "claims": [
        "Money",
        "Trail",
        "Sample",
        "Claim",
        "ClaimLine",
        "Hold",
        "Investigation",
        "GhostSignal",
        "PaymentBatch",
        "Payment",
        "ResultFile",
        "LedgerEntry",
        "MoneyRun",
        "MarkingRecord",
        "MarkingRate",
        "RateChange",
        "TaxRule",
    ],
    "enquiries": ["Enquiry", "Reply", "Topic", "EnquiryPromise", "CannedAnswer"],
    "sms": ["Picture", "Phone", "Message", "InboundMessage", "Receipt"],
    "runs": ["All", "Run"],
    "accounts": [
        "User",
        "Group",
        "PowerChange",
        "Matrix",
        "Looks",
        "Limit",
        "Entry",
    ],
}
# Beside the models' lists: its place above, what it is called, where it is, who may open it.
Beside = tuple[str, Any, str, list[str]]
PAGES: dict[str, list[Beside]] = {
    "runs": [("All", _("All runs"), "admin:runs", ["runs.view_run"])],
    "claims": [
        ("Money", _("The money"), "admin:claims_money", ["claims.view_paymentbatch"]),
        ("Trail", _("Trace a payment"), "admin:claims_money_find", ["claims.view_payment"]),
        (
            "Sample",
            _("Samples of payments"),
            "admin:claims_money_samples",
            ["claims.view_payment", "accounts.view_entry"],
        ),
    ],
    "sms": [
        ("Picture", _("How texts fare"), "admin:sms_picture", ["sms.view_message"]),
        (
            "Phone",
            _("Look up a number"),
            "admin:sms_phone",
            ["sms.view_message", "sms.view_inboundmessage"],
        ),
    ],
    "accounts": [
        ("Matrix", _("Who may do what"), "admin:rights_matrix", rights_pages.SEES_RIGHTS),
        ("Looks", _("Who saw whom, and why"), "admin:rights_looks", rights_pages.SEES_LOOKS),
    ],
}
# Django's groups, the limits, and what waits for a second person, shown under Accounts
GUESTS = ["auth", "limits", "rights"]
# What those see who see nothing else there, shown beside what it is about.
ELSEWHERE = {"RateProposal": "catalogue"}


class Portals(ModelAdmin[Any]):
    """What the pages of all models share, whichever app they are of."""

    def __init__(self, model: type[Model], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        careful(self.formfield_overrides)
        self.form = worded(self.form)

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        rows = super().get_inline_instances(request, obj)
        for inline in rows:
            careful(inline.formfield_overrides)
            inline.form = worded(inline.form)
        return rows

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """As everywhere in the portal; Django would lead to the index and say so there."""
        raise Http404

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The right to act on rows is one; a row's page is saved only if something can be typed
        there. To save a page that only shows would write back what it was read with, over whatever
        became of the row since."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or self._takes_something(request, obj))

    def _takes_something(self, request: HttpRequest, obj: Any) -> bool:
        shown = flatten(self.get_fields(request, obj))
        typed = set(shown) - set(self.get_readonly_fields(request, obj))
        return bool(typed) or any(
            inline.has_add_permission(request, obj) or inline.has_change_permission(request, obj)
            for inline in self.get_inline_instances(request, obj)
        )


class PortalAdminSite(AdminSite):
    """Headquarters' front door: staff only, and only once their one-time code was checked."""

    site_header = _("CP2 headquarters")
    site_title = _("CP2")
    index_title = _("The season")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return super().has_permission(request) and isinstance(user, User) and user.is_verified()

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Every model's pages are the portal's; what its app says of them goes before."""
        own = admin_class or ModelAdmin
        ours = type(own.__name__, (own, Portals), {"__module__": own.__module__})
        super().register(model_or_iterable, ours, **options)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """What somebody may not open is not there for them: a page that said more would tell which
        rows there are."""
        guarded = super().admin_view(view, cacheable)

        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise Http404
            try:
                return guarded(request, *args, **kwargs)
            except PermissionDenied as refusal:
                raise Http404 from refusal

        return cast(View, update_wrapper(opened, view))

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
        user = actor(request)
        shown = picture(user)
        shown["alarms"] = [*rights_pages.alarms(user), *shown["alarms"]]
        return super().index(request, {**shown, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The roof's own pages, before those of the models whose addresses they share."""

        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_view(view)

        texts, officer = "sms/message", "profiles/officer/<int:pk>/merge/"
        opening = partial(vacancy_views.open_vacancies, site=self)
        ours = [
            path("runs/", page(partial(run_views.runs, site=self)), name="runs"),
            path(officer, page(merge_views.find), name="merge_find"),
            path(
                "catalogue/centreentry/papers/",
                page(partial(sittings_admin.send, site=self)),
                name="catalogue_sittings",
            ),
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
        beside = [*money_pages.urls(self), *rights_pages.urls(self)]
        return [*ours, *beside, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        for model in apps.get("rights", {"models": []})["models"][:]:
            home = ELSEWHERE.get(model["object_name"], "")
            if home in apps:
                apps["rights"]["models"].remove(model)
                apps[home]["models"].append(model)
        if not apps.get("rights", {"models": [""]})["models"]:
            del apps["rights"]
        if "accounts" in apps:
            for guest in GUESTS:
                apps["accounts"]["models"] += apps.pop(guest, {"models": []})["models"]
        for label, pages in PAGES.items():
            if label in apps:
                apps[label]["models"] += pages_beside(request, pages)
        for label, app in apps.items():
            names = ORDER.get(label, [])
            app["models"] = sorted(app["models"], key=lambda m: place(m["object_name"], names))
        return sorted(apps.values(), key=lambda app: place(app["app_label"], [*ORDER]))


def pages_beside(request: HttpRequest, pages: list[Beside]) -> list[dict[str, Any]]:
    """Pages that are no model's list, as the index names its lists."""
    return [
        {"object_name": name, "name": title, "admin_url": reverse(url), "view_only": True}
        for name, title, url, permissions in pages
        if request.user.has_perms(permissions)
    ]


def place(name: str, order: list[str]) -> int:
    """Where a name stands; whatever has no place comes last."""
    return order.index(name) if name in order else len(order)
