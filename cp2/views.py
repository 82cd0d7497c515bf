"""The roof: pages that show many apps at once."""

import hashlib
import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

import attendance.views
import sms.services
from accounts.forms import LoginForm
from accounts.models import User
from accounts.requests import SignedIn
from claims.facts import expected
from claims.models import Claim
from cp2 import area as area_picture
from cp2.protection.models import Processor, RetentionRule
from cp2.rules import Role
from cp2.texts import told
from deployments.models import Deployment
from profiles import doubts
from profiles.appeals import appeal_of
from profiles.completeness import standing, with_standing
from profiles.models import Officer
from vacancies.models import Application

FRONT_DOORS = {Role.CENTRE: "centre", Role.DIRECTOR: "area", Role.STAFF: "admin:index"}


def front(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    return render(request, "cp2/front.html", {"form": LoginForm()})


@login_required
def home(request: SignedIn) -> HttpResponse:
    """The officer's page; everybody else is shown to their own front door."""
    user = request.user
    if user.role in FRONT_DOORS:
        return redirect(FRONT_DOORS[Role(user.role)])
    officers = with_standing(Officer.objects.all()).annotate(doubts=doubts.WAITING)
    officer = officers.get(user=user)
    texts = told(sms.services.last_texts(officer.phone), to=user)
    context = {
        "officer": officer,
        "standing": standing(officer),
        "appeal": appeal_of(officer),
        "doubts": [*doubts.of_payee(officer), *doubts.of_registers(officer)],
        "texts": texts,
    }
    if officer.submitted_at:  # before that there can be nothing else
        context |= _served(user)
    return render(request, "cp2/home.html", context)


def _served(user: User) -> dict[str, Any]:
    deployments = list(Deployment.objects.visible_to(user).with_place().with_duties())
    return {
        "deployments": deployments,
        "applications": Application.objects.visible_to(user).select_related(
            "vacancy__exam", "vacancy__position", "vacancy__sub_county"
        )[:5],
        "claims": Claim.objects.visible_to(user).select_related("exam").with_exceptions()[:5],
        "expected": expected(user) if deployments else [],
    }


@login_required
def centre(request: SignedIn) -> HttpResponse:
    return attendance.views.centre_home(request)


@login_required
def area(request: SignedIn) -> HttpResponse:
    """A director's first page: what is missing, before what is done."""
    if request.user.role != Role.DIRECTOR:
        raise Http404
    return render(request, "cp2/area.html", area_picture.picture(request.user))


def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "cp2/help.html")


def privacy(request: HttpRequest) -> HttpResponse:
    """With what the schedule and the list of processors say at this moment."""
    language = get_language() or "en"
    processors = [
        (each.name, *each.said(language), each.where)
        for each in Processor.objects.filter(is_active=True)
    ]
    context = {"rules": RetentionRule.objects.all(), "processors": processors}
    return render(request, "cp2/privacy.html", context)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def favicon(request: HttpRequest) -> HttpResponse:
    """For what has no page to name it: letters, lists, the admin."""
    return redirect(static("img/cp2.svg"), permanent=True)


# Asked by browsers, for a centre's pages alone: the portal as an app, and without a network

KEPT = ("css/cp2.css", "js/offline.js", "img/cp2.svg")  # what the copy of a register is made of


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """Its bytes change with what it keeps and with itself, so that a deployment replaces both."""
    kept, body = [static(name) for name in KEPT], static("js/worker.js")
    version = hashlib.sha256(" ".join([*kept, body]).encode()).hexdigest()[:12]
    script = (
        f"const ASSETS = {json.dumps(kept)}, VERSION = {json.dumps(version)};\n"
        f"importScripts({json.dumps(body)});\n"
    )
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=24 * 60 * 60)
def manifest(request: HttpRequest) -> HttpResponse:
    icon = {"src": static("img/cp2.svg"), "type": "image/svg+xml", "sizes": "any"}
    told = {
        "name": "CP2",
        "short_name": "CP2",
        "id": "/centre/",
        "start_url": reverse("centre"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0f1c17",
        "icons": [icon],
    }
    return JsonResponse(told, content_type="application/manifest+json")
