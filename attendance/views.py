"""Who may come in, and a centre's first pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import SignedIn, acting_name, is_read
from attendance import days, services
from attendance.forms import (
    DistanceForm,
    PersonForm,
)
from attendance.pdf import print_officers
from attendance.serving import left, listed
from catalogue.models import CentreEntry, CentreEntryQuerySet, Office
from cp2.exports import csv_file
from cp2.rules import Role
from deployments.models import Post
from deployments.pdf import in_groups

PER_PAGE = 25


P = ParamSpec("P")


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
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Opens a page to directors of these offices; for everybody else there is none."""

    wanted = {str(office) for office in offices}

    def guard(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        @login_required
        def opened(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.role != Role.DIRECTOR or request.user.office not in wanted:
                raise Http404
            return view(request, *args, **kwargs)

        return opened

    return guard


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
        rows = days.of(entry)
        context |= {
            "form": DistanceForm(),
            "posts": _posts(request.user),
            "days_due": days.due_now(rows),
            "day_today": next((row for row in rows if row["is_today"]), None),
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
        _("Number"), _("Name"), _("Position"), _("Gender"), _("National ID number"), _("Phone"),
        _("Status"), _("From"), _("To"), _("Letter code"), _("Left since"), _("Replaced by"),
    ]  # fmt: skip
    note_taken(request, entry, "officers.csv")
    rows = [
        *([*_known(row), in_groups(row.code or ""), None, ""] for row in listed(entry)),
        # nobody checks the card of one who does not come
        *([*_known(row, number=False), "", row.since, row.successor] for row in left(entry)),
    ]
    return attached(csv_file(heading, rows), f"officers-{entry.station.code}.csv", "text/csv")


def _known(deployment: Any, *, number: bool = True) -> list[Any]:
    officer = deployment.officer
    return [
        deployment.number,
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
    note_taken(request, entry, "officers.pdf")
    return attached(print_officers(entry), f"officers-{entry.station.code}.pdf", "application/pdf")


def note_taken(request: SignedIn, entry: CentreEntry, file: str) -> None:
    if is_read(request):
        name = acting_name(request)
        services.note_list_taken(entry, file=file, by=request.user, acting_name=name)


def attached(content: bytes, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
