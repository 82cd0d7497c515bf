"""The officer's side: look for work, see whether one may apply, apply, and follow what becomes of
it."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import SignedIn
from cp2.rules import Refused, Role
from profiles.models import Officer
from vacancies import services
from vacancies.applicants import Applicant, Reason
from vacancies.confirmation import Confirmation
from vacancies.eligibility import against_the_person, against_this, reasons_against
from vacancies.forms import ApplyForm
from vacancies.lives import with_lives
from vacancies.models import Application, ApplicationQuerySet, Vacancy, VacancyQuerySet
from vacancies.search import Search

PAGE = 25
Line = tuple[Vacancy, Reason | None]


@login_required
@require_safe
def search(request: SignedIn) -> HttpResponse:
    """Drop-downs by GET: a search can be kept, sent and gone back to. With htmx a change of one
    asks for the drop-downs only."""
    if request.user.role not in (Role.OFFICER, Role.STAFF):
        raise Http404
    looking = Search(request.GET)
    if request.htmx:
        response = render(request, "vacancies/_drop_downs.html", {"search": looking})
    else:
        response = render(request, "vacancies/search.html", _found(request, looking))
    patch_vary_headers(response, ["HX-Request"])
    return response


def _applicant(request: SignedIn) -> Applicant:
    try:
        return Applicant.of(request.user)
    except Officer.DoesNotExist:
        raise Http404 from None


def _found(request: SignedIn, looking: Search) -> dict[str, Any]:
    """With, for an officer, whether they may apply. What speaks against the person is said once,
    on top, and not of each line again."""
    officer = request.user.role == Role.OFFICER
    applicant = _applicant(request) if officer else None
    notices = list(against_the_person(applicant)) if applicant else []
    judge = None if notices else applicant
    context: dict[str, Any] = {
        "search": looking,
        "applicant": applicant,
        "notices": notices,
        "judged": judge is not None,
    }
    if looking.began:
        paginator = Paginator(looking.found, PAGE)
        paginator.count = looking.count  # known already, so it is not asked for again
        page = paginator.get_page(request.GET.get("page"))
        # Chosen first and put in words afterwards, or page 400 would join all that it skips
        chosen = cast(VacancyQuerySet, page.object_list)
        shown = Vacancy.objects.filter(pk__in=chosen.values("pk"))
        lines = _lines(judge, shown.in_words().with_terms())
        return context | {"page": page, "lines": lines}
    if applicant and applicant.officer.sub_county_id:
        here = Vacancy.objects.open().filter(sub_county=applicant.officer.sub_county_id)
        lines = _lines(judge, here.in_words().with_terms())
        context["place"] = next((vacancy.sub_county for vacancy, _reason in lines), None)
        context["near"] = [line for line in lines if line[1] is None]
        context["others"] = [line for line in lines if line[1] is not None]
    return context


def _lines(applicant: Applicant | None, vacancies: Iterable[Vacancy]) -> list[Line]:
    """Each with the first reason against it, if there is one."""
    if applicant is None:
        return [(vacancy, None) for vacancy in vacancies]
    return [(vacancy, next(against_this(applicant, vacancy), None)) for vacancy in vacancies]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: SignedIn, pk: int) -> HttpResponse:
    form = ApplyForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _confirm(request, pk, form)
    officer = get_object_or_404(Officer.objects.select_related("user"), user=request.user)
    vacancy = get_object_or_404(Vacancy.objects.visible_to(request.user).only("pk"), pk=pk)
    try:
        made = services.apply(
            vacancy, officer=officer, by=request.user, confirmed=request.POST.get("shown")
        )
    except services.Changed as changed:
        messages.warning(request, str(changed))
    except Refused:
        messages.error(request, _("Your application was not submitted. The reasons are below."))
    else:
        return redirect("vacancies:application", pk=made.pk)
    return redirect("vacancies:apply", pk=pk)


def _confirm(request: SignedIn, pk: int, form: ApplyForm) -> HttpResponse:
    """All that the application will rest on or, if they may not apply, every reason why not."""
    applicant = _applicant(request)
    vacancy = get_object_or_404(Vacancy.objects.visible_to(request.user).to_confirm(), pk=pk)
    made = applicant.live(vacancy.exam_id)
    if made and made.vacancy == vacancy.pk:  # by the back button, or from another tab
        return redirect("vacancies:application", pk=made.pk)
    context = {
        "vacancy": vacancy,
        "form": form,
        "reasons": list(reasons_against(applicant, vacancy)),
        "confirmation": Confirmation(applicant, vacancy),
    }
    return render(request, "vacancies/apply.html", context)


# What was made of it


def _mine(request: SignedIn) -> ApplicationQuerySet:
    return Application.objects.visible_to(request.user).made_by(request.user).in_words()


@login_required
@require_safe
def applications(request: SignedIn) -> HttpResponse:
    get_object_or_404(Officer, user=request.user)
    page = Paginator(_mine(request), PAGE).get_page(request.GET.get("page"))
    rows = with_lives(page)
    return render(request, "vacancies/applications.html", {"page": page, "rows": rows})


@login_required
@require_safe
def application(request: SignedIn, pk: int) -> HttpResponse:
    """Where applying leads, however often the button was pressed: its address applies nothing."""
    [(found, steps)] = with_lives([get_object_or_404(_mine(request), pk=pk)])
    return render(request, "vacancies/application.html", {"application": found, "steps": steps})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    application = get_object_or_404(_mine(request), pk=pk)
    if request.method == "POST":
        try:
            services.withdraw(application, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("Your application is withdrawn. You may apply afresh at any time.")
            )
        return redirect("vacancies:application", pk=pk)
    return render(request, "vacancies/withdraw.html", {"application": application})
