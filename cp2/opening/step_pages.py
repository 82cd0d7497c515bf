"""The pages of single steps. Whoever may only look sees the same without the buttons."""

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.requests import actor
from catalogue.models import Exam
from cp2.opening import centre_accounts, last_year, services
from cp2.opening.checks import of_people, of_posts
from cp2.opening.forms import DAYS, DaysFormSet, TermsForm
from cp2.opening.pages import begun, of_exam, show
from cp2.rights import rates
from cp2.rights.models import RatesSeen
from cp2.rules import Refused
from cp2.runs.models import RunKind
from cp2.transfers.models import ImportKind
from deployments.models import Post, Recount
from deployments.services import ask_recount

MAY_DAYS = ["catalogue.add_examday", "catalogue.change_examday"]
MAY_TERMS = ["catalogue.add_positionterms", "catalogue.change_positionterms"]
MAY_ENTRIES = ["catalogue.add_centreentry", "catalogue.change_centreentry"]
MAY_POSTS = ["deployments.change_post"]


# Days


@of_exam(*MAY_DAYS)
def days(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    """All days in one table. Where there are none yet it is filled with last year's, moved by
    whole weeks: what is seen is what is saved."""
    posted = request.POST if request.method == "POST" else None
    there = last_year.days_of(exam)
    last = None if there else last_year.of(exam)
    shown = there or (last_year.shifted(last, exam) if last else {})
    initial = [
        {"day": day, "kind": kind, "papers": papers} for day, (kind, papers) in shown.items()
    ]
    known = last_year.holidays(exam)
    rows: Any = DAYS(
        posted, initial=initial, form_kwargs={"exam": exam, "notes": known}, prefix="day"
    )
    errors: list[str] = []
    if posted is not None and rows.is_valid():
        errors = _days_written(request, exam, rows)
        if not errors:
            return redirect("admin:opening_days", exam.pk)
    return show(
        request,
        site,
        "days",
        title=_("Days and papers of %(exam)s") % {"exam": exam.short},
        exam=exam,
        rows=rows,
        last=last if shown else None,
        seen=posted.get("seen", "") if posted else services.seen_days(exam),
        errors=[*errors, *rows.non_form_errors()] if posted else [],
        allowed=allowed,
    )


def _days_written(request: HttpRequest, exam: Exam, rows: DaysFormSet) -> list[str]:
    try:
        done = services.write_days(
            exam, rows.wanted(), seen=request.POST.get("seen", ""), by=actor(request)
        )
    except Refused as refusal:
        return [str(refusal)]
    said = _("Saved: %(added)d days added, %(changed)d changed, %(removed)d taken away.") % done
    messages.success(request, said)
    return []


# Terms


@of_exam(*MAY_TERMS)
def terms(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    last = last_year.of(exam)
    rows, begins = _terms_rows(exam, last, posted)
    errors: list[str] = []
    if posted is not None and all(row.is_valid() for row in rows):
        errors = _terms_written(request, exam, rows)
        if not errors:
            return redirect("admin:opening_terms", exam.pk)
    return show(
        request,
        site,
        "terms",
        title=_("Terms and rates of %(exam)s") % {"exam": exam.short},
        exam=exam,
        last=last,
        rows=rows,
        begins=begins,
        figures=last_year.FIGURES,
        heads=[last_year.name_of(name) for name in last_year.FIGURES],
        seen=posted.get("seen", "") if posted else services.seen_terms(exam),
        errors=errors,
        any_fixed=any(row.is_fixed for row in rows),
        seen_by=RatesSeen.objects.filter(exam=exam).select_related("seen_by").first(),
        has_errors=any(row.errors for row in rows),
        has_missing=any(not row.is_there for row in rows),
        add_url=f"{reverse('admin:catalogue_positionterms_add')}?{urlencode({'exam': exam.pk})}",
        allowed=allowed,
    )


def _terms_rows(exam: Exam, last: Exam | None, posted: Any) -> tuple[list[TermsForm], bool]:
    """Those that are there, and behind them last year's that are not."""
    there = last_year.terms_of(exam)
    before = last_year.terms_of(last) if last else {}
    fixed = rates.standing_still(exam) if there else set()
    to_come = {position: row for position, row in before.items() if position not in there}
    rows = [
        TermsForm(
            posted,
            prefix=f"position-{position}",
            row=row,
            was=before.get(position),
            is_fixed=position in fixed,
            begins=not there,
        )
        for position, row in there.items()
    ]
    for position, row in to_come.items():
        rows.append(
            TermsForm(
                posted,
                prefix=f"position-{position}",
                row=last_year.a_year_on(row, exam, {}),
                was=row,
                is_fixed=False,
                begins=not there,
            )
        )
    return rows, not there


def _terms_written(request: HttpRequest, exam: Exam, rows: list[TermsForm]) -> list[str]:
    wanted = {row.row.position_id: row.wanted() for row in rows if row.is_wanted}
    try:
        done = services.write_terms(
            exam, wanted, seen=request.POST.get("seen", ""), by=actor(request)
        )
    except Refused as refusal:
        return [str(refusal)]
    messages.success(
        request, _("Saved: terms of %(added)d positions added, of %(changed)d changed.") % done
    )
    return []


# Centres


@of_exam(*MAY_ENTRIES)
def entries(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    if request.POST.get("act") == "carry":
        return begun(request, exam, services.carry_entries, "entries")
    if request.POST.get("act") == "confirm":
        _confirm_entries(request, exam)
    if request.method == "POST":
        return redirect("admin:opening_entries", exam.pk)
    last = last_year.of(exam)
    listed = reverse("admin:catalogue_centreentry_changelist")
    return show(
        request,
        site,
        "entries",
        title=_("Centres and candidates of %(exam)s") % {"exam": exam.short},
        exam=exam,
        last=last,
        entries=last_year.entries(exam, last),
        candidates=exam.entries.aggregate(n=Sum("candidates"))["n"] or 0,
        unconfirmed=services.unconfirmed(exam).count(),
        run=services.runs_of(exam, RunKind.CARRY).first(),
        import_url=import_url(exam),
        list_url=f"{listed}?{urlencode({'exam__id__exact': exam.pk})}",
        allowed=allowed,
    )


def import_url(exam: Exam) -> str:
    """Of the page that reads a file of entries."""
    page = reverse("admin:transfers_upload", args=[ImportKind.ENTRIES])
    return f"{page}?{urlencode({'exam': exam.pk})}"


def _confirm_entries(request: HttpRequest, exam: Exam) -> None:
    confirmed = services.confirm_entries(exam, by=actor(request))
    said = ngettext(
        "The candidates of %(n)d centre are confirmed.",
        "The candidates of %(n)d centres are confirmed.",
        confirmed,
    )
    messages.success(request, said % {"n": confirmed})


# Posts


@of_exam(*MAY_POSTS)
def posts(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    if request.method == "POST":
        number = ask_recount(exam, by=actor(request))
        said = ngettext(
            "%(n)d sub-county is counted anew, in the background.",
            "%(n)d sub-counties are counted anew, in the background.",
            number,
        )
        messages.success(request, said % {"n": number})
        return redirect("admin:opening_posts", exam.pk)
    own = Post.objects.filter(exam=exam, required__gt=0).order_by()
    waiting = Recount.objects.filter(exam=exam).values("sub_county").distinct().count()
    response = show(
        request,
        site,
        "posts",
        title=_("Posts of %(exam)s") % {"exam": exam.short},
        exam=exam,
        by_position=own.values("position__name")
        .annotate(stations=Count("pk"), places=Sum("required"))
        .order_by("position__rank"),
        by_county=own.values("station__sub_county__county__name")
        .annotate(stations=Count("station", distinct=True), places=Sum("required"))
        .order_by("station__sub_county__county__code"),
        without=of_posts.no_posts(exam),
        waiting=waiting,
        list_url=f"{reverse('admin:deployments_post_changelist')}?"
        + urlencode({"exam__id__exact": exam.pk}),
        allowed=allowed,
    )
    if waiting:
        response["Refresh"] = "3"
    return response


# Letters


@of_exam()
def letters(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    """Which words each position's letters are printed in."""
    texts = of_people.texts_in_force(exam)
    begin = reverse("admin:deployments_lettertext_add")
    named, languages = {"exam": str(exam.pk)}, list(settings.LANGUAGES)
    lines = [
        (
            row.position,
            [
                (
                    texts.get(position, {}).get(code),
                    begin + "?" + urlencode({**named, "position": str(position), "language": code}),
                )
                for code, _name in languages
            ],
        )
        for position, row in last_year.terms_of(exam).items()
    ]
    return show(
        request,
        site,
        "letters",
        title=_("Words of the letters of %(exam)s") % {"exam": exam.short},
        exam=exam,
        languages=[name for _code, name in languages],
        lines=lines,
        may_write=request.user.has_perm("deployments.add_lettertext"),
    )


# Accounts


@of_exam()
def accounts(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    if request.method == "POST":
        return begun(request, exam, services.open_accounts, "accounts")
    last = last_year.of(exam)
    return show(
        request,
        site,
        "accounts",
        title=_("Accounts of centres and directors for %(exam)s") % {"exam": exam.short},
        exam=exam,
        entered=exam.entries.count(),
        missing=centre_accounts.missing(exam).count(),
        run=services.runs_of(exam, RunKind.OPEN).first(),
        directors=of_people.no_director(exam),
        last=last,
        last_ends_on=_still_signs_in(last) if last else None,
        allowed=allowed,
    )


def _still_signs_in(last: Exam) -> date | None:
    """Until when its centres do, if they still do."""
    until = last.centres_sign_in_until
    return until if until >= timezone.localdate() else None
