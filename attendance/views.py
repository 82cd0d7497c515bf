"""The centre's pages, and what directors see and change of attendance."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import SignedIn, acting_name, is_read
from attendance import absences, services
from attendance.eligibility import is_past_marking, moment, reasons_against_marking
from attendance.forms import (
    AbsentForm,
    AmendForm,
    DayForm,
    DistanceForm,
    PersonForm,
    RegisterForm,
    SignForm,
)
from attendance.models import Register, RegisterReturn, RegisterStatus, ReturnStatus
from attendance.pdf import print_officers, print_return
from attendance.serving import left, lines, listed, tally
from catalogue.models import CentreEntry, CentreEntryQuerySet, Exam, ExamDay, Office
from cp2.exports import csv_file
from cp2.rules import Refused, Role
from deployments.models import Deployment, Post
from deployments.pdf import in_groups

PER_PAGE = 25
P = ParamSpec("P")


# Who may come in


def entry_of(request: SignedIn, exam_id: int) -> CentreEntry:
    """The centre's own entry for an exam."""
    if request.user.role != Role.CENTRE:
        raise Http404
    return get_object_or_404(_entries(request.user), exam=exam_id)


def _entries(user: User) -> CentreEntryQuerySet:
    return CentreEntry.objects.visible_to(user).select_related(
        "exam", "station__sub_county__county", "distribution_centre__sub_county", "host"
    )


def for_centre(
    view: Callable[Concatenate[SignedIn, CentreEntry, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Opens a page of a centre's exam, once the centre has given its distance."""

    @wraps(view)
    @login_required
    def opened(request: SignedIn, exam_id: int, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        entry = entry_of(request, exam_id)
        if entry.distance_km is None:
            messages.info(request, _("Give the distance to your distribution centre first."))
            return redirect("attendance:distance", exam_id)
        return view(request, entry, *args, **kwargs)

    return opened


def for_directors(
    *offices: Office,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Opens a page to directors of these offices; for everybody else there is none."""

    wanted = {str(office) for office in offices}

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        @login_required
        def opened(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.role != Role.DIRECTOR or request.user.office not in wanted:
                raise Http404
            return view(request, *args, **kwargs)

        return opened

    return guard


# The centre


@login_required
def centre_home(request: SignedIn) -> HttpResponse:
    """What a centre is entered for; what it must do first stands first."""
    if request.user.role != Role.CENTRE:
        raise Http404
    today = timezone.localdate()
    entry = _entries(request.user).first()
    context: dict[str, Any] = {"entry": entry, "today": today, "station": request.user.station}
    context |= {"acting_name": acting_name(request), "naming": PersonForm()}
    if entry:
        context |= {
            "form": DistanceForm(),
            "posts": _posts(request.user),
            "register": Register.objects.filter(entry=entry, day=today).first(),
            "sits_today": ExamDay.objects.filter(exam=entry.exam, day=today).exists(),
        }
    return render(request, "attendance/centre_home.html", context)


def _posts(user: User) -> list[tuple[Post, int]]:
    """Per position how many there should be, and how many have said that they will come."""
    posts: QuerySet[Any] = (  # with counts
        Post.objects.visible_to(user)
        .with_counts()
        .select_related("position")
        .order_by("position__rank")
    )
    return [(post, max(post.required - post.accepted, 0)) for post in posts]


@login_required
def acting(request: SignedIn) -> HttpResponse:
    """Who sits at the shared account: asked once a session, and when somebody else takes over."""
    if request.user.role != Role.CENTRE:
        raise Http404
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.name_person(request.user, **form.cleaned_data)
        request.session.update(form.cleaned_data)
        return redirect("centre")
    return render(request, "attendance/acting.html", {"form": form})


@login_required
def distance(request: SignedIn, exam_id: int) -> HttpResponse:
    entry = entry_of(request, exam_id)
    form = DistanceForm(
        request.POST if request.method == "POST" else None,
        initial={"distance_km": entry.distance_km},
    )
    if form.is_valid():
        services.give_distance(
            entry, by=request.user, acting_name=acting_name(request), **form.cleaned_data
        )
        messages.success(request, _("The distance is saved."))
        return redirect("centre")
    return render(request, "attendance/distance.html", {"entry": entry, "form": form})


@require_safe
@for_centre
def officers(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    page = Paginator(listed(entry), PER_PAGE).get_page(request.GET.get("page"))
    for deployment in page:
        deployment.code = in_groups(deployment.code or "")
    context = {"entry": entry, "page": page, "left": left(entry), "today": timezone.localdate()}
    return render(request, "attendance/officers.html", context)


@require_safe
@for_centre
def officers_csv(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    heading = [
        _("Name"), _("Position"), _("Gender"), _("National ID number"), _("Phone"), _("Status"),
        _("From"), _("To"), _("Letter code"), _("Left since"), _("Replaced by"),
    ]  # fmt: skip
    _note_taken(request, entry, "officers.csv")
    rows = [
        *([*_known(row), in_groups(row.code or ""), None, ""] for row in listed(entry)),
        # nobody checks the card of one who does not come
        *([*_known(row, number=False), "", row.since, row.successor] for row in left(entry)),
    ]
    return attached(csv_file(heading, rows), f"officers-{entry.station.code}.csv", "text/csv")


def _known(deployment: Deployment, *, number: bool = True) -> list[Any]:
    officer = deployment.officer
    return [
        officer.full_name,
        deployment.post.position.name,
        officer.get_gender_display(),
        officer.national_id if number else "",
        officer.phone if number else "",
        deployment.get_status_display(),
        deployment.starts_on,
        deployment.ends_on,
    ]


@require_safe
@for_centre
def officers_pdf(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    _note_taken(request, entry, "officers.pdf")
    return attached(print_officers(entry), f"officers-{entry.station.code}.pdf", "application/pdf")


def _note_taken(request: SignedIn, entry: CentreEntry, file: str) -> None:
    if is_read(request):
        name = acting_name(request)
        services.note_list_taken(entry, file=file, by=request.user, acting_name=name)


def attached(content: bytes, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


@require_safe
@for_centre
def days(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    registers = {register.day: register for register in entry.registers.all()}
    today = timezone.localdate()
    rows = [
        {"exam_day": exam_day, "register": registers.get(exam_day.day)}
        | _state(exam_day.day, registers.get(exam_day.day), today)
        for exam_day in entry.exam.days.order_by("day")
    ]
    signed = RegisterReturn.objects.filter(entry=entry).first()
    context = {"entry": entry, "rows": rows, "signed": signed, "today": today}
    return render(request, "attendance/days.html", context)


def _state(day: date, register: Register | None, today: date) -> dict[str, str]:
    """What became of a day: a register's own status, or why there is none."""
    if register and register.status != RegisterStatus.OPEN:
        return {"state": register.status, "word": register.get_status_display()}
    if day > today:
        return {"state": "to_come", "word": _("To come")}
    if is_past_marking(day, today=today):
        return {"state": "missing", "word": _("Missed")}
    return {"state": "open", "word": _("Open")}


@for_centre
def register(request: SignedIn, entry: CentreEntry, day: date) -> HttpResponse:
    """The day's register: one post marks everybody, or nobody."""
    listed_today = lines(entry, day)
    form = RegisterForm(
        request.POST if request.method == "POST" else None,
        lines=listed_today,
        acting_name=acting_name(request),
        all_present=request.GET.get("all") == "present",
    )
    if form.is_valid():
        return _mark(request, entry, day, form)
    found = Register.objects.filter(entry=entry, day=day).first()
    context = {
        "entry": entry,
        "day": day,
        "register": found,
        "lines": listed_today,
        "reasons": list(reasons_against_marking(day, moment(entry, day), found)),
        "form": form,
    }
    return render(request, "attendance/register.html", context)


def _mark(request: SignedIn, entry: CentreEntry, day: date, form: RegisterForm) -> HttpResponse:
    posted = form.posted()
    try:
        at = services.mark_all(entry, day=day, by=request.user, **posted)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("attendance:register", entry.exam_id, day)
    request.session["acting_name"] = posted["acting_name"]
    saved = {
        "day": date_format(day, "j F Y"),
        "time": date_format(timezone.localtime(at), "H:i:s"),
        "on": date_format(timezone.localtime(at), "j F Y"),
    }
    messages.success(request, _("The register of %(day)s was saved at %(time)s on %(on)s.") % saved)
    return redirect("attendance:days", entry.exam_id)


@require_safe
@for_centre
def return_pdf(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    content = print_return(entry, services.code_of(entry))
    _note_taken(request, entry, "register.pdf")
    return attached(content, f"register-{entry.station.code}.pdf", "application/pdf")


@for_centre
def sign(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    form = SignForm(
        request.POST if request.method == "POST" else None,
        acting_name=acting_name(request),
    )
    if form.is_valid():
        try:
            signed = services.sign(entry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            request.session.update(form.cleaned_data)
            messages.success(
                request,
                _("Noted. Take the signed register %(code)s to the SCDE for the stamp.")
                % {"code": signed.code},
            )
            return redirect("attendance:days", entry.exam_id)
    context = {"entry": entry, "form": form, "code": services.code_of(entry)}
    return render(request, "attendance/sign.html", context)


# The sub-county


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_attendance(request: SignedIn) -> HttpResponse:
    """Which centres have marked a day, those that have not first."""
    entries = CentreEntry.objects.visible_to(request.user)
    asked = {"day": timezone.localdate().isoformat(), **request.GET.dict()}
    form = DayForm(asked, exams=Exam.objects.filter(pk__in=entries.values("exam")))
    day, exam = form.chosen()
    entries = entries.filter(exam__days__day=day)
    if exam:
        entries = entries.filter(exam=exam)
    entries = (
        entries.annotate(
            of_day=FilteredRelation("registers", condition=Q(registers__day=day)),
            register_id=F("of_day__pk"),
            register_status=F("of_day__status"),
            marked_at=F("of_day__submitted_at"),
        )
        .select_related("station", "exam")
        .order_by(F("marked_at").asc(nulls_first=True), "station__code", "exam")
    )
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    counts = tally(page, day)
    rows = [(entry, counts.get((entry.exam_id, entry.station_id))) for entry in page]
    context = {"form": form, "day": day, "page": page, "rows": rows, "statuses": RegisterStatus}
    return render(request, "attendance/area_attendance.html", context)


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_absent(request: SignedIn) -> HttpResponse:
    """Whom the last register of their centre does not name as present: to be asked after, and
    replaced before the next morning."""
    form = AbsentForm(request.GET)
    rows = (
        absences.absent(request.user, form.chosen())
        .with_place()
        .select_related("officer__user")
        .order_by("post__station__code", "post__position__rank", "officer__full_name", "pk")
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    last = absences.last_registers(page)
    context = {"form": form, "page": page, "rows": [(row, *last[row.pk]) for row in page]}
    return render(request, "attendance/area_absent.html", context)


@for_directors(Office.TSC)
def amend(request: SignedIn, register_id: int) -> HttpResponse:
    register = get_object_or_404(
        Register.objects.amendable_by(request.user).select_related("entry__station", "entry__exam"),
        pk=register_id,
    )
    form = AmendForm(
        request.POST if request.method == "POST" else None,
        lines=lines(register.entry, register.day),
    )
    if form.is_valid():
        try:
            services.amend(
                register,
                marks=form.marks(),
                by=request.user,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The register is amended, and those concerned are told."))
            return redirect("attendance:area_attendance")
    return render(request, "attendance/amend.html", {"register": register, "form": form})


@require_safe
@for_directors(Office.SCDE)
def area_registers(request: SignedIn) -> HttpResponse:
    """Signed returns that centres bring to the office; those without a stamp first."""
    code = request.GET.get("code", "").replace("\0", "").strip().upper()[:20]
    returns = (
        RegisterReturn.objects.visible_to(request.user)
        .select_related("entry__station", "entry__exam", "stamped_by")
        .order_by(F("stamped_by").asc(nulls_first=True), "-signed_at")
    )
    if code:
        returns = returns.filter(code=code)
    page = Paginator(returns, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "code": code, "signed": ReturnStatus.SIGNED}
    return render(request, "attendance/area_registers.html", context)


@require_POST
@for_directors(Office.SCDE)
def stamp(request: SignedIn, return_id: int) -> HttpResponse:
    signed = get_object_or_404(RegisterReturn.objects.visible_to(request.user), pk=return_id)
    try:
        services.stamp(signed, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("The register %(code)s is noted as stamped.") % {"code": signed.code}
        )
    return redirect("attendance:area_registers")
