"""How texts fare, for headquarters: what waits, what arrived on which network, what it costs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

import sms.services
from accounts.models import User
from sms import figures
from sms.chart import chart
from sms.models import Kind, Message


@require_safe
def picture(request: HttpRequest, site: AdminSite) -> HttpResponse:
    if not request.user.has_perm("sms.view_message"):
        raise PermissionDenied
    context = {**site.each_context(request), "title": _("How texts fare"), **numbers()}
    return TemplateResponse(request, "cp2/admin/texts.html", context)


def numbers() -> dict[str, Any]:
    day = figures.last_day()
    return {
        "gateway": sms.services.gateway_state(),
        "waiting": figures.waiting(),
        "charts": [chart(network, day.hours) for network in day.networks],
        "failures": day.failures,
        "spend": figures.spend(),
        "asked": asked(),
    }


@dataclass(frozen=True)
class Asked:
    people: int
    came_in: int


def asked() -> Asked:
    """Who was promised a password in the last day, and who of them has signed in with it since."""
    since = timezone.now() - timedelta(days=1)
    promised = Message.objects.filter(created_at__gte=since, kind=Kind.CREDENTIALS)
    counts = User.objects.filter(phone__in=promised.values("to")).aggregate(
        people=Count("pk"),
        came_in=Count("pk", filter=Q(issued_at__gte=since, last_login__gte=F("issued_at"))),
    )
    return Asked(**counts)
