from collections.abc import Callable, Iterable
from functools import partial, update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten, unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
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
from cp2 import helpdesk, merge_views, season_picture, story, texts_picture
from cp2.admin_fields import careful, worded
from cp2.audit import views as audit_views
from cp2.filters import views as saved_views
from cp2.health import pages as health_pages
from cp2.opening import pages as opening_pages
from cp2.rights import pages as rights_pages
from cp2.rights import rate_pages
from cp2.runs import views as run_views
from cp2.transfers.urls import urls as transfer_urls
from deployments import vacancy_views
from sms.phones import is_mobile, mobile

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# As the season goes: what is sat and where, who may serve, who does, and what that costs.
ORDER = {
    "opening": ["Path", "Holiday"],
    "catalogue": [
        "Exam",
        "ExamDay",
        "CentreEntry",
        "PositionTerms",
        "RateProposal",
        "Rates",
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
    "sms": ["Picture", "Phone", "Broadcast", "Message", "InboundMessage", "Receipt"],
    "protection": ["DataRequest", "Breach", "RetentionRule", "Processor"],
    "runs": ["All", "InAndOut", "Run"],
    "accounts": [
        "User",
        "Group",
        "PowerChange",
        "Matrix",
        "Looks",
        "Limit",
        "TrailSearch",
        "Entry",
        "Change",
        "Seal",
        "Health",
    ],
}
# What the groups of the index are called; the apps have names of their own elsewhere.
GROUPS = {
    "catalogue": _("What is sat, and where"),
    "profiles": _("Who may serve"),
    "vacancies": _("Vacancies and applications"),
    "deployments": _("Deployment"),
    "attendance": _("Attendance"),
    "claims": _("Money"),
    "enquiries": _("Questions and answers"),
    "sms": _("Texts"),
    "opening": _("Open a season"),
    "protection": _("Data protection"),
    "runs": _("Runs, in and out"),
    "accounts": _("Accounts and the trail"),
}
# Beside the models' lists: its place above, what it is called, where it is, who may open it.
Beside = tuple[str, Any, str, list[str]]
PAGES: dict[str, list[Beside]] = {
    "opening": [("Path", _("Open a season"), "admin:opening", ["opening.view_opening"])],
    "catalogue": [
        ("Rates", _("Rates of each exam"), "admin:rights_rates", rate_pages.SEES_RATES),
    ],
    "runs": [
        ("All", _("All runs"), "admin:runs", ["runs.view_run"]),
        ("InAndOut", _("In and out"), "admin:transfers", ["transfers.add_export"]),
    ],
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
        ("TrailSearch", _("Search the trail"), "admin:audit_trail", ["accounts.view_entry"]),
        ("Health", _("How the portal is"), "admin:health", ["health.look"]),
    ],
}
# What is shown under another app: Django's groups, the limits, the history and what waits for a
# second person under Accounts; what goes to many, beside all texts
GUESTS = {
    "auth": "accounts",
    "limits": "accounts",
    "audit": "accounts",
    "rights": "accounts",
    "broadcasts": "sms",
}
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

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """A list that cannot be asked for such a thing says so, whatever it stumbles over."""
        try:
            return super().get_changelist_instance(request)
        except ValueError as error:  # a NUL, which no text of the database holds
            raise IncorrectLookupParameters from error

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """As everywhere in the portal; Django would lead to the index and say so there."""
        raise Http404

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All that became of a row, whatever road it was changed by."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return audit_views.history(request, self, row)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """What is ticked is numbers of rows; Django breaks over anything else."""
        try:
            for ticked in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(ticked)
        except ValidationError as odd:
            raise Http404 from odd
        return super().response_action(request, queryset, *args, **kwargs)

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

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # what may go at all goes one by one, and looked at

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
        shown = season_picture.picture(user, request.GET.dict())
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
            path("health/", page(partial(health_pages.health, site=self)), name="health"),
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
        ours += [
            path(
                "profiles/officer/<int:pk>/story/",
                page(partial(story.story, site=self)),
                name="profiles_officer_story",
            ),
            path("views/<int:pk>/", page(saved_views.look), name="filters_view"),
            path("views/<int:pk>/delete/", page(saved_views.delete), name="filters_delete"),
            path("views/save/<str:label>/", page(saved_views.save), name="filters_save"),
        ]
        return [
            *ours,
            *season_picture.urls(self),
            *opening_pages.urls(self),
            *money_pages.urls(self),
            *audit_views.urls(self),
            *transfer_urls(self),
            *rights_pages.urls(self),
            *super().get_urls(),
        ]

    def spelled(self, term: str) -> str:
        """A phone number that is searched for, as the rows have it; nine digits alone may be the
        number of an ID card."""
        return mobile(term) if term[:1] in {"0", "+"} and is_mobile(term) else term

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        for model in apps.get("rights", {"models": []})["models"][:]:
            home = ELSEWHERE.get(model["object_name"], "")
            if home in apps:
                apps["rights"]["models"].remove(model)
                apps[home]["models"].append(model)
        if not apps.get("rights", {"models": [""]})["models"]:
            del apps["rights"]
        for guest, host in GUESTS.items():
            if host in apps:
                apps[host]["models"] += apps.pop(guest, {"models": []})["models"]
        for label, pages in PAGES.items():
            if label in apps:
                apps[label]["models"] += pages_beside(request, pages)
        for label, app in apps.items():
            names = ORDER.get(label, [])
            app["models"] = sorted(app["models"], key=lambda m: place(m["object_name"], names))
            app["name"] = GROUPS.get(label, app["name"])
        mark_current(apps.values(), request.path)
        return sorted(apps.values(), key=lambda app: place(app["app_label"], [*ORDER]))


def pages_beside(request: HttpRequest, pages: list[Beside]) -> list[dict[str, Any]]:
    """Pages that are no model's list, as the index names its lists."""
    return [
        {"object_name": name, "name": title, "admin_url": reverse(url), "view_only": True}
        for name, title, url, permissions in pages
        if request.user.has_perms(permissions)
    ]


def mark_current(apps: Iterable[dict[str, Any]], here: str) -> None:
    """Which of the lists this page belongs to: the one whose address it continues furthest."""
    around = [
        (len(str(model["admin_url"])), model, app)
        for app in apps
        for model in app["models"]
        if model.get("admin_url") and here.startswith(str(model["admin_url"]))
    ]
    if around:
        _length, model, app = max(around, key=lambda each: each[0])
        model["current"] = app["current"] = True


def place(name: str, order: list[str]) -> int:
    """Where a name stands; whatever has no place comes last."""
    return order.index(name) if name in order else len(order)
