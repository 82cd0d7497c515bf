"""Closed days put right: the centre asks, the director decides or changes them unasked."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, Prefetch, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn, acting_name
from attendance import services
from attendance.amend_forms import AmendmentsForm, AskForm, RefuseForm, TickedForm
from attendance.amend_rules import reasons_against_amending, reasons_against_asking
from attendance.asked import of_day
from attendance.copies import of_register
from attendance.eligibility import Moment, moment
from attendance.models import (
    Amendment,
    AmendmentLine,
    AmendmentQuerySet,
    AmendmentStatus,
    Mark,
    MarkHistory,
    Register,
)
from attendance.register_forms import AmendForm
from attendance.serving import lines
from attendance.views import PER_PAGE, for_centre, for_directors
from catalogue.models import CentreEntry, Office
from cp2.rules import Refused

MOST_SAID = 20  # refusals on one page; what they have in common is said by then


# The centre


@for_centre
def ask(request: SignedIn, entry: CentreEntry, day: date) -> HttpResponse:
    """The same list as the day's register, with a reason; the director decides."""
    form = AskForm(
        request.POST if request.method == "POST" else None,
        lines=lines(entry, day),
        acting_name=acting_name(request),
    )
    if form.is_valid():
        posted = form.posted()
        try:
            services.ask(entry, day=day, by=request.user, **posted)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            request.session["acting_name"] = posted["acting_name"]
            messages.success(
                request,
                _("The change of %(day)s is asked for. What your director decides stands here.")
                % {"day": date_format(day, "j F Y")},
            )
            return redirect("attendance:days", entry.exam_id)
    found = Register.objects.filter(entry=entry, day=day).first()
    reasons = list(reasons_against_asking(day, moment(entry, day), found))
    context = {"entry": entry, "day": day, "form": form, "reasons": reasons}
    return render(request, "attendance/ask_amend.html", context)


@require_POST
@for_centre
def withdraw(request: SignedIn, entry: CentreEntry, amendment_id: int) -> HttpResponse:
    amendment = get_object_or_404(
        Amendment.objects.visible_to(request.user).filter(asked_by=request.user), pk=amendment_id
    )
    try:
        services.withdraw(amendment, by=request.user, acting_name=acting_name(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The request is withdrawn."))
    return redirect("attendance:register", entry.exam_id, amendment.day)


# The director decides


def _theirs(request: SignedIn) -> AmendmentQuerySet:
    return Amendment.objects.decidable_by(request.user).select_related(
        "entry__station", "entry__exam", "asked_by", "decided_by"
    )


@require_safe
@for_directors(Office.TSC)
def area_amendments(request: SignedIn) -> HttpResponse:
    """Those that wait first, the longest waiting at the top; then the last that were decided."""
    form = AmendmentsForm(request.GET)
    rows = _theirs(request)
    if status := form.chosen():
        rows = rows.filter(status=status)
    waits = Case(When(status=AmendmentStatus.ASKED, then=0), default=1)
    rows = rows.annotate(count=Count("lines")).order_by(
        waits, Case(When(status=AmendmentStatus.ASKED, then="asked_at")), "-pk"
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "asked": AmendmentStatus.ASKED}
    return render(request, "attendance/area_amendments.html", context)


def _one(request: SignedIn, amendment_id: int) -> Amendment:
    return get_object_or_404(_theirs(request), pk=amendment_id)


@require_safe
@for_directors(Office.TSC)
def area_amendment(request: SignedIn, amendment_id: int) -> HttpResponse:
    return _show(request, _one(request, amendment_id), RefuseForm())


def _show(request: SignedIn, amendment: Amendment, form: RefuseForm) -> HttpResponse:
    """Was and is to be, line by line, with how each mark stands now and stood before."""
    wanted = list(
        AmendmentLine.objects.filter(amendment=amendment).select_related(
            "deployment__officer", "deployment__post__position"
        )
    )
    history = MarkHistory.objects.select_related("marked_by")
    marks = {
        mark.deployment_id: mark
        for mark in Mark.objects.filter(
            deployment__in=[line.deployment_id for line in wanted], day=amendment.day
        )
        .select_related("marked_by")
        .prefetch_related(Prefetch("history", history))
    }
    context = {
        "amendment": amendment,
        "rows": [(line, marks.get(line.deployment_id)) for line in wanted],
        "form": form,
        "waits": amendment.status == AmendmentStatus.ASKED,
        "is_own": amendment.asked_by_id == request.user.pk,
    }
    return render(request, "attendance/area_amendment.html", context)


@require_POST
@for_directors(Office.TSC)
def grant(request: SignedIn, amendment_id: int) -> HttpResponse:
    amendment = _one(request, amendment_id)
    try:
        services.grant(amendment, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("attendance:area_amendment", amendment.pk)
    messages.success(request, _("The register is amended, and those concerned are told."))
    return redirect("attendance:area_amendments")


@for_directors(Office.TSC)
def refuse(request: SignedIn, amendment_id: int) -> HttpResponse:
    amendment = _one(request, amendment_id)
    form = RefuseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.refuse(amendment, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The request is refused. The centre reads your answer."))
            return redirect("attendance:area_amendments")
    return _show(request, amendment, form)


@require_POST
@for_directors(Office.TSC)
def grant_many(request: SignedIn) -> HttpResponse:
    form = TickedForm(request.POST, amendments=_theirs(request))
    if not form.is_valid():
        for error in form.errors["amendment"]:
            messages.error(request, str(error))
        return redirect("attendance:area_amendments")
    done, refused = services.grant_all(form.cleaned_data["amendment"], by=request.user)
    for refusal in refused[:MOST_SAID]:
        messages.error(request, refusal)
    if done:
        said = ngettext(
            "%(count)d register is amended, and those concerned are told.",
            "%(count)d registers are amended, and those concerned are told.",
            done,
        )
        messages.success(request, said % {"count": done})
    return redirect("attendance:area_amendments")


# The director looks, and changes unasked


@require_safe
@for_directors(Office.TSC)
def area_register(request: SignedIn, entry_id: int, day: date) -> HttpResponse:
    """A centre's register of a day: who marked whom, when and how, and what was changed."""
    entry = _entry(request, entry_id)
    history = MarkHistory.objects.select_related("marked_by")
    marks = (
        Mark.objects.of(entry)
        .filter(day=day)
        .select_related("officer", "deployment__post__position", "marked_by")
        .prefetch_related(Prefetch("history", history))
        .order_by("deployment__post__position__rank", "officer__full_name", "pk")
    )
    found = Register.objects.filter(entry=entry, day=day).first()
    context = {
        "entry": entry,
        "day": day,
        "marks": marks,
        "register": found,
        "amendments": of_day(entry, day),
        # only whether it is offered; the service asks the database's clock
        "may_amend": not list(reasons_against_amending(day, _now(entry, day), found)),
    }
    return render(request, "attendance/area_register.html", context)


def _now(entry: CentreEntry, day: date) -> Moment:
    return Moment(timezone.now(), works=True, closes=entry.exam.register_closes(day))


def _entry(request: SignedIn, entry_id: int) -> CentreEntry:
    entries = CentreEntry.objects.visible_to(request.user).select_related("station", "exam")
    return get_object_or_404(entries, pk=entry_id)


@for_directors(Office.TSC)
def amend(request: SignedIn, register_id: int) -> HttpResponse:
    register = get_object_or_404(
        Register.objects.amendable_by(request.user).select_related("entry__station", "entry__exam"),
        pk=register_id,
    )
    return _change(request, register.entry, register.day)


@for_directors(Office.TSC)
def enter(request: SignedIn, entry_id: int, day: date) -> HttpResponse:
    """A day that the centre missed altogether."""
    return _change(request, _entry(request, entry_id), day)


def _change(request: SignedIn, entry: CentreEntry, day: date) -> HttpResponse:
    form = AmendForm(
        request.POST if request.method == "POST" else None,
        lines=lines(entry, day),
    )
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            made = services.amend(
                entry, day=day, marks=form.marks(), by=request.user, reason=reason
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            _say(request, made)
            return redirect(f"{reverse('attendance:area_attendance')}?day={day.isoformat()}")
    context: dict[str, Any] = {"entry": entry, "day": day, "form": form}
    context["copies"] = of_register(entry, day)
    return render(request, "attendance/amend.html", context)


def _say(request: SignedIn, made: Amendment) -> None:
    if made.status == AmendmentStatus.GRANTED:
        messages.success(request, _("The register is amended, and those concerned are told."))
    else:
        messages.info(
            request,
            _("The return of this centre has been stamped, so KNEC is asked and decides."),
        )
