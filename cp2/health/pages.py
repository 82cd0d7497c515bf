"""How the portal is, for headquarters: what a web process can tell without calling anybody."""

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cp2.health import doctor
from cp2.health.doctor import State, Told

AGAIN = 30  # seconds


@dataclass(frozen=True)
class Part:
    name: str
    told: list[Told]

    @property
    def state(self) -> State:
        """The worst of it."""
        states = {each.state for each in self.told}
        return next((s for s in (State.BROKEN, State.LOOK) if s in states), State.OK)


@require_safe
def health(request: HttpRequest, site: AdminSite) -> HttpResponse:
    if not request.user.has_perm("health.look"):
        raise PermissionDenied
    parts = [
        Part(name, [told for check in checks for told in doctor.examine(check)])
        for name, checks in shown().items()
    ]
    states = [part.state for part in parts]
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("How the portal is"),
        "parts": parts,
        "broken": states.count(State.BROKEN),
        "look": states.count(State.LOOK),
        "now": timezone.now(),
        "still": "still" in request.GET,
        "again": AGAIN,
    }
    answer = TemplateResponse(request, "cp2/admin/health.html", context)
    if not context["still"]:
        answer["Refresh"] = str(AGAIN)
    return answer


def shown() -> dict[str, list[str]]:
    doctor.load()
    return {
        _("Who works in the background"): ["pulses"],
        _("What waits"): ["queues"],
        _("The gateway"): ["gateway_results"],
        _("The database"): ["connections", "migrations"],
        _("Files"): ["room"],
    }
