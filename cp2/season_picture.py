"""What headquarters sees first: how far the season has come, a list behind each number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Entry, User
from accounts.requests import actor
from claims.ledger import UNBALANCED
from claims.models import PaymentBatch
from cp2.picture import lines, money, today
from cp2.picture.coverage import coverage
from cp2.picture.links import to_list
from cp2.picture.models import Counted
from cp2.picture.season import Figures, Season
from cp2.picture.stages import funnel
from profiles import looks

OLD = timedelta(minutes=10)  # all is looked at each minute, and what takes long somewhat later


@dataclass(frozen=True)
class Alarm:
    """Something that a person should look into."""

    text: str
    at: datetime
    url: str


def picture(user: User, asked: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The season that is asked for, or the newest; of it what this person may list."""
    asked = asked or {}
    season = Season(asked)
    figures = Figures(season)
    county = asked.get("county", "")
    as_of = Counted.objects.aggregate(at=Min("looked_at"))["at"]
    again = {"of": season.key} | ({"county": county} if county else {})
    parts = {
        "funnel": funnel(user, season, figures),
        "coverage": user.has_perm("deployments.view_deployment")
        and coverage(user, season, figures, county),
        "registers": user.has_perm("attendance.view_register") and today.registers(season),
        "texts": user.has_perm("sms.view_message") and today.texts(figures),
        "money": user.has_perm("claims.view_paymentbatch") and money.money(season),
        "lines": lines.lines(user, season, figures),
    }
    return {
        "season": season,
        "choices": list(season.choices(_("All of %(year)s"))),
        "picture": parts if any(parts.values()) else None,
        "alarms": alarms(user),
        "as_of": as_of,
        "is_old": as_of is not None and as_of < timezone.now() - OLD,
        "again": urlencode(again),
    }


# The part of the page that renews itself


def urls(site: AdminSite) -> list[URLPattern]:
    return [path("picture/", site.admin_view(partial(fragment, site=site)), name="picture")]


@require_safe
def fragment(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """For the page that has it already, over and over; whoever comes here by hand gets the page."""
    if not getattr(request, "htmx", False):
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(reverse("admin:index") + query)
    # a page that is left open is not somebody at work: the session ends as if it were not there
    request.session.modified = False
    return render(request, "admin/_picture.html", picture(actor(request), request.GET.dict()))


# Alarms


def alarms(user: User) -> list[Alarm]:
    """Of the last day, the newest first, with the page of what it is about; of what this person
    may read."""
    verbs = []
    if user.has_perm("accounts.view_entry"):
        verbs.append(looks.LIMITED)
    if user.has_perm("claims.view_ledgerentry"):
        verbs.append(UNBALANCED)
    if not verbs:
        return []
    lately = Entry.objects.filter(verb__in=verbs, at__gt=timezone.now() - timedelta(days=1))
    found = list(lately.select_related("actor").order_by("-at")[:20])
    batches = PaymentBatch.objects.in_bulk(
        {entry.subject_id for entry in found if entry.verb == UNBALANCED}
    )
    return [_alarm(entry, batches) for entry in found]


def _alarm(entry: Entry, batches: dict[int, PaymentBatch]) -> Alarm:
    if entry.verb == UNBALANCED:
        return Alarm(
            _("The ledger of %(batch)s does not balance.") % {"batch": batches[entry.subject_id]},
            entry.at,
            reverse("admin:claims_paymentbatch_change", args=[entry.subject_id]),
        )
    return Alarm(
        _("%(who)s looked at more than %(most)s officers in an hour.")
        % {"who": entry.actor, "most": entry.details["most"]},
        entry.at,
        to_list(Entry, q=entry.actor.username) if entry.actor else to_list(Entry),
    )
