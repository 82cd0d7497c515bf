"""The officer's own deployments: to read, to accept, to reject."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.requests import SignedIn
from catalogue.models import CentreEntry, DutyStation, ExamDay, StationKind
from cp2.rules import Refused, Role
from deployments import services
from deployments.eligibility import terms_of
from deployments.forms import RejectForm
from deployments.models import MANAGES_THE_CENTRE, Deployment, DeploymentStatus

View = Callable[..., HttpResponseBase]


def for_role(role: Role) -> Callable[[View], View]:
    """Only for those who come in by this door; to all others the page is not there."""

    def guard(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.role != role:
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return guard


def _mine(request: SignedIn, pk: int) -> Deployment:
    rows = Deployment.objects.visible_to(request.user).with_place().with_duties()
    return get_object_or_404(rows.select_related("post__station__sub_county__county"), pk=pk)


@for_role(Role.OFFICER)
def deployments(request: SignedIn) -> HttpResponse:
    rows = Deployment.objects.visible_to(request.user).with_place().with_duties()
    return render(request, "deployments/list.html", {"deployments": rows})


@for_role(Role.OFFICER)
def detail(request: SignedIn, pk: int) -> HttpResponse:
    deployment = _mine(request, pk)
    return render(
        request,
        "deployments/detail.html",
        {
            "deployment": deployment,
            "facts": facts(deployment),
            "letter": deployment.letters.current().first() if deployment.is_accepted else None,
        },
    )


@for_role(Role.OFFICER)
def accept(request: SignedIn, pk: int) -> HttpResponse:
    deployment = _mine(request, pk)
    if request.method == "POST":
        try:
            services.accept(deployment, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("You accepted. Your appointment letter is being prepared."))
        return redirect("deployments:detail", pk=pk)
    return render(request, "deployments/accept.html", {"deployment": deployment})


@for_role(Role.OFFICER)
def reject(request: SignedIn, pk: int) -> HttpResponse:
    deployment = _mine(request, pk)
    form = RejectForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.reject(deployment, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("You rejected this deployment."))
            return redirect("deployments:detail", pk=pk)
    return render(request, "deployments/reject.html", {"deployment": deployment, "form": form})


def facts(deployment: Deployment) -> list[dict[str, Any]]:
    """What an officer wants to know of a place: where, when, how long, for how much."""
    post, station = deployment.post, deployment.post.station
    terms = terms_of(post)
    days = ExamDay.objects.filter(
        exam=post.exam_id,
        kind__in=terms.paid_days if terms else [],
        day__range=(deployment.starts_on, deployment.ends_on),
    ).count()
    rows = [
        (_("Exam"), str(post.exam)),
        (_("Duty station"), str(station)),
        (_("Location"), station.location),
        (_("Sub-county"), f"{station.sub_county}, {station.sub_county.county}"),
        (_("How to get there"), _map_of(station)),
        (_("Distance to the distribution centre"), _distance(deployment)),
        (_("Position"), str(post.position)),
        (_("From"), date_format(deployment.starts_on, "j M Y")),
        (_("To"), date_format(deployment.ends_on, "j M Y")),
        (_("Days that are paid, if worked"), str(days)),
        (_("Rate"), terms and _("KES %(rate)s a day") % {"rate": terms.daily_rate}),
        (_("Centre manager"), _manager_of(deployment)),
        _reference(deployment),
        (_("Reason"), deployment.reason),
    ]
    needed = {_("Reason"), _("How to get there")}  # facts that many deployments have not
    return [
        {"label": label, "value": value} for label, value in rows if value or label not in needed
    ]


def _breakable(reference: str) -> SafeString:
    """It may break after each stroke, or it is wider than a phone."""
    return format_html_join(mark_safe("/<wbr>"), "{}", ((part,) for part in reference.split("/")))


def _reference(deployment: Deployment) -> tuple[str, str]:
    """Examiners' letters are of another series, which their words say; the serial is the same."""
    if deployment.post.station.kind == StationKind.MARKING_CENTRE:
        return _("Serial"), str(deployment.serial)
    return _("Reference"), _breakable(deployment.reference)


def _map_of(station: DutyStation) -> str:
    """A plain link, which a phone opens in whatever shows maps there."""
    if station.latitude is None or station.longitude is None:
        return ""
    place = f"{station.latitude},{station.longitude}"
    return format_html(
        '<a href="https://www.google.com/maps/search/?api=1&amp;query={}" rel="noreferrer">{}</a> '
        '<span class="muted">{}</span>',
        place,
        _("Show on a map"),
        place,
    )


def _distance(deployment: Deployment) -> str:
    entry = CentreEntry.objects.filter(
        exam=deployment.post.exam_id, station=deployment.post.station_id
    ).first()
    known = entry and entry.distance_km is not None
    return _("%(km)s km") % {"km": entry.distance_km} if entry and known else ""


def _manager_of(deployment: Deployment) -> str:
    manager = (
        Deployment.objects.serving_on(deployment.ends_on)
        .filter(
            post__exam=deployment.post.exam_id,
            post__station=deployment.post.station_id,
            post__position__code=MANAGES_THE_CENTRE,
            status=DeploymentStatus.ACCEPTED,
        )
        .select_related("officer")
        .first()
    )
    return manager.officer.full_name if manager else ""
