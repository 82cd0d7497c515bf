"""The path's pages in the admin: all exams, one exam, and the pages of its steps."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.requests import actor
from catalogue.models import Exam
from cp2.opening import checking, last_year, services, steps
from cp2.opening.forms import ExamForm, FromForm, NoteForm, ReasonForm
from cp2.opening.models import Opening
from cp2.rules import Refused
from cp2.runs.models import Run

LOOK, ACT = "opening.view_opening", "opening.change_opening"
PER_PAGE = 50

View = Callable[..., HttpResponseBase]


def urls(site: AdminSite) -> list[URLPattern]:
    from cp2.opening import check_pages, step_pages

    def page(route: str, view: View, name: str) -> URLPattern:
        return path(f"opening/{route}", site.admin_view(partial(view, site=site)), name=name)

    one = "<int:pk>/"
    return [
        page("", all_exams, "opening"),
        page("new/", new, "opening_new"),
        page(one, exam_path, "opening_exam"),
        page(f"{one}days/", step_pages.days, "opening_days"),
        page(f"{one}terms/", step_pages.terms, "opening_terms"),
        page(f"{one}entries/", step_pages.entries, "opening_entries"),
        page(f"{one}posts/", step_pages.posts, "opening_posts"),
        page(f"{one}letters/", step_pages.letters, "opening_letters"),
        page(f"{one}accounts/", step_pages.accounts, "opening_accounts"),
        page(f"{one}check/", check_pages.check, "opening_check"),
        page(f"{one}check/files/", check_pages.files, "opening_check_files"),
        page(f"{one}open/", open_page, "opening_open"),
    ]


# Shared by all pages


def may_look(request: HttpRequest) -> None:
    if not request.user.has_perm(LOOK):
        raise PermissionDenied


def may(request: HttpRequest, *permissions: str) -> bool:
    return request.user.has_perms([LOOK, ACT, *permissions])


def refuse_unless(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied


def of_exam(*permissions: str) -> Callable[[View], View]:
    """A page about one exam. Whoever may look sees it; what is posted is for whoever may change
    openings and has these permissions besides, and the page knows whether that is so."""

    def wrap(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponseBase:
            may_look(request)
            exam, allowed = get_object_or_404(Exam, pk=pk), may(request, *permissions)
            refuse_unless(allowed or request.method in ("GET", "HEAD"))
            return view(request, exam, site=site, allowed=allowed)

        return page

    return wrap


def begun(request: HttpRequest, exam: Exam, start: Callable[..., Run], step: str) -> HttpResponse:
    """A run whose result the step's page shows: to the run's own page, or back with the refusal."""
    here = reverse(f"admin:opening_{step}", args=[exam.pk])
    try:
        run = start(exam, by=actor(request), page=here)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(here)
    return redirect("admin:runs_run_change", run.pk)


def show(
    request: HttpRequest,
    site: AdminSite,
    template: str,
    *,
    title: str,
    run: Run | None = None,
    **context: Any,
) -> TemplateResponse:
    """`run` is the last of what this page starts: until it is over the page looks again."""
    shared = {**site.each_context(request), "title": title, "run": run, **context}
    response = TemplateResponse(request, f"opening/{template}.html", shared)
    if run and run.is_open:
        response["Refresh"] = "3"
    return response


# Pages


@require_http_methods(["GET", "HEAD"])
def all_exams(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    may_look(request)
    page = Paginator(steps.exams(), PER_PAGE).get_page(request.GET.get("page"))
    return show(
        request,
        site,
        "exams",
        title=_("Open a season"),
        page=page,
        has=steps.HAS.values(),
        rows=[(exam, [getattr(exam, f"has_{name}") for name in steps.HAS]) for exam in page],
        may_begin=may(request, "catalogue.add_exam"),
    )


def new(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """What it is copied from stands in the address, and fills the form in."""
    may_look(request)
    refuse_unless(may(request, "catalogue.add_exam"))
    asked = FromForm(request.GET or None)
    last: Exam | None = asked.cleaned_data["of"] if asked.is_valid() else None
    posted = request.POST if request.method == "POST" else None
    form = ExamForm(posted, initial=last_year.next_exam(last) if last else None)
    if form.is_valid():
        try:
            exam = services.begin(form.save(commit=False), of=last, by=actor(request))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            said = _("%(exam)s is begun. Its days come next.")
            messages.success(request, said % {"exam": exam})
            return redirect("admin:opening_exam", exam.pk)
    title = _("Begin with %(exam)s a year on") % {"exam": last.short} if last else _("A new exam")
    chosen = "of" in request.GET
    return show(request, site, "new", title=title, form=form, of=asked, last=last, chosen=chosen)


@require_http_methods(["GET", "HEAD"])
@of_exam()
def exam_path(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    result = checking.result(exam)
    return show(
        request,
        site,
        "path",
        title=exam.short,
        exam=exam,
        last=last_year.of(exam),
        opening=_opening(exam),
        steps=steps.path(exam, result),
        result=result,
    )


def _opening(exam: Exam) -> Opening | None:
    rows = Opening.objects.select_related("opened_by", "begun_by", "of")
    return rows.filter(exam=exam).first()


@of_exam()
def open_page(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    """Says that the season is open, or takes that back."""
    opening = _opening(exam)
    is_open = bool(opening and opening.opened_at)
    result = checking.result(exam)
    reasons = [] if is_open else steps.against(steps.path(exam, result), result)
    posted = request.POST if request.method == "POST" else None
    if posted is not None and bool(posted.get("was_open")) != is_open:
        return redirect("admin:opening_exam", exam.pk)  # pressed twice, or by two
    form: NoteForm | ReasonForm = ReasonForm(posted) if is_open else NoteForm(posted)
    if form.is_valid() and _opened(request, exam, form, is_open, reasons):
        return redirect("admin:opening_exam", exam.pk)
    return show(
        request,
        site,
        "open",
        title=_("The season is open") if is_open else _("Say that the season is open"),
        exam=exam,
        opening=opening,
        is_open=is_open,
        reasons=reasons,
        form=form,
        allowed=allowed,
        back=reverse("admin:opening_exam", args=[exam.pk]),
    )


def _opened(
    request: HttpRequest,
    exam: Exam,
    form: NoteForm | ReasonForm,
    is_open: bool,
    reasons: list[str],
) -> bool:
    by = actor(request)
    try:
        if is_open:
            services.take_back(exam, reason=form.cleaned_data["reason"], by=by)
            messages.success(request, _("Taken back: the season is not open."))
        else:
            services.open_season(exam, note=form.cleaned_data["note"], reasons=reasons, by=by)
            messages.success(request, _("The season of %(exam)s is open.") % {"exam": exam.short})
    except Refused as refusal:
        form.add_error(None, [str(each) for each in refusal.args])
        return False
    return True
