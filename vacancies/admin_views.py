"""Headquarters' pages about many vacancies at once, beside the list in the admin."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.requests import actor
from catalogue.models import Exam
from cp2.exports import Table, answer, kind_of
from cp2.rules import Refused
from vacancies import applicants_per_place, opening, vacancy_files
from vacancies.admin_forms import ExamWindowForm, FileForm, PlacesForm
from vacancies.models import FileStatus, Vacancy, VacancyFile, VacancyQuerySet
from vacancies.opening import Tally

LIST = "admin:vacancies_vacancy_changelist"
PAGE = 50
MOST_SAID = 20
MAY_CHANGE = ["vacancies.change_vacancy"]
MAY_SEND = ["vacancies.add_vacancy", "vacancies.change_vacancy"]
Admin = ModelAdmin[Vacancy]


def _refuse_without(request: HttpRequest, permissions: list[str]) -> None:
    if not request.user.has_perms(permissions):
        raise PermissionDenied


def page(
    admin: Admin, request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": title,
        **context,
    }
    return TemplateResponse(request, f"vacancies/{template}.html", context)


# Windows


def window(request: HttpRequest, admin: Admin) -> HttpResponse:
    """Another opening or deadline for all vacancies of an exam."""
    _refuse_without(request, MAY_CHANGE)
    form = ExamWindowForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        vacancies = Vacancy.objects.filter(exam=typed["exam"])
        if typed["position"]:
            vacancies = vacancies.filter(position=typed["position"])
        tally = opening.set_window(
            vacancies,
            opens_at=typed["opens_at"],
            closes_at=typed["closes_at"],
            by=actor(request),
        )
        say(request, tally)
        return redirect(f"{reverse(LIST)}?exam__id__exact={typed['exam'].pk}")
    return page(admin, request, "admin_window", _("Set deadlines"), form=form)


def say(request: HttpRequest, tally: Tally) -> None:
    for refused in tally.refused[:MOST_SAID]:
        messages.error(request, refused)
    if (more := len(tally.refused) - MOST_SAID) > 0:
        said = ngettext("And %(count)d more.", "And %(count)d more.", more)
        messages.error(request, said % {"count": more})
    said = ngettext(
        "%(count)d vacancy has another window.",
        "%(count)d vacancies have another window.",
        tally.done,
    )
    messages.success(request, said % {"count": tally.done})


# Files


def take(request: HttpRequest, admin: Admin, ending: str) -> HttpResponseBase:
    """The list as it is filtered. Nothing in it is about a person."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    kind = kind_of(ending)
    if kind is None:
        raise Http404
    try:
        found = admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:  # back to the list, which says so
        return redirect(f"{reverse(LIST)}?e=1")
    vacancies = Vacancy.objects.filter(pk__in=found.order_by().values("pk"))
    vacancies = vacancies.order_by("exam", "position__rank", "sub_county", "pk")
    made = Table(
        name="vacancies",
        title=_("Vacancies"),
        heading=vacancy_files.COLUMNS,
        rows=vacancy_files.rows(vacancies),
        count=vacancies.count(),
        by=str(actor(request)),
    )
    try:
        return answer(kind, made)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{reverse(LIST)}?{request.GET.urlencode()}")


def send(request: HttpRequest, admin: Admin) -> HttpResponse:
    """A file is read and kept; what it would do is shown before it does."""
    _refuse_without(request, MAY_SEND)
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            sent = vacancy_files.read_file(file, name=file.name, by=actor(request))
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("admin:vacancies_sent", sent.pk)
    return page(
        admin,
        request,
        "admin_send",
        _("Send vacancies as a file"),
        form=form,
        columns=vacancy_files.COLUMNS,
    )


def sent(request: HttpRequest, admin: Admin, pk: int) -> HttpResponse:
    _refuse_without(request, MAY_SEND)
    mine = VacancyFile.objects.filter(by=actor(request))
    file = get_object_or_404(mine, pk=pk)
    if request.method == "POST":
        try:
            file = vacancy_files.apply_file(file, by=actor(request))
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("admin:vacancies_sent", pk)
        said = _("%(fresh)d vacancies are new, %(changed)d changed, %(same)d were so already.")
        messages.success(request, said % file.outcome)
        return redirect(LIST)
    applied = file.status == FileStatus.APPLIED
    change = None if applied else vacancy_files.compare(file)
    return page(
        admin,
        request,
        "admin_sent",
        file.name,
        file=file,
        applied=applied,
        change=change,
        writes=bool(change and (change.fresh or change.changed)),
        some=_named(change.changed[:10]) if change else [],
    )


def _named(
    changed: list[tuple[Vacancy, Vacancy]],
) -> list[tuple[Vacancy, Vacancy, Vacancy]]:
    """A few of those that change, with their names."""
    numbers = [was.pk for was, _now in changed]
    rows = Vacancy.objects.filter(pk__in=numbers).in_words().in_bulk()
    return [(rows[was.pk], was, now) for was, now in changed]


# Applicants per place


def _asked(request: HttpRequest) -> tuple[PlacesForm, VacancyQuerySet]:
    """Of the exam asked for or, first, of the one whose vacancies close last."""
    newest = Vacancy.objects.order_by("-closes_at", "-pk").values_list("exam", flat=True).first()
    form = PlacesForm({"exam": newest, **request.GET.dict()})
    form.is_valid()
    typed = form.cleaned_data
    exam = cast(Exam | None, typed.get("exam"))
    vacancies = Vacancy.objects.filter(exam=exam.pk if exam else newest)
    if typed.get("position"):
        vacancies = vacancies.filter(position=typed["position"])
    return form, vacancies


def applicants(request: HttpRequest, admin: Admin) -> HttpResponseBase:
    """Sub-counties with the fewest applicants for each place first, and a picture by county."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    form, vacancies = _asked(request)
    county = form.cleaned_data.get("county")
    chosen = vacancies.filter(sub_county__county=county) if county else vacancies
    rows = applicants_per_place.by_gap(chosen)
    kind = kind_of(request.GET.get("as", ""))
    if kind:
        made = Table(
            name="applicants-per-place",
            title=_("Applicants per place"),
            heading=applicants_per_place.heading(),
            rows=applicants_per_place.table(rows),
            count=chosen.count(),
            by=str(actor(request)),
        )
        try:
            return answer(kind, made)
        except Refused as refusal:
            messages.error(request, str(refusal))
    counties = applicants_per_place.by_county(vacancies)
    paginator = Paginator(rows, PAGE)
    paginator.count = sum(  # known already, so it is not asked for again
        each.vacancies for each in counties if county is None or each.pk == county.pk
    )
    listed = paginator.get_page(request.GET.get("page"))
    return page(
        admin,
        request,
        "admin_applicants",
        _("Applicants per place"),
        form=form,
        page=listed,
        rows=[(row, applicants_per_place.step(row.ratio)) for row in listed],
        counties=counties,
    )
