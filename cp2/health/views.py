"""What machines ask: is the process up, does the portal work, and how much of everything."""

import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from cp2.health import ready, scrape


@cache_control(no_store=True)
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up; nothing else is asked."""
    return HttpResponse("ok", content_type="text/plain")


@cache_control(no_store=True)
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether the whole portal works: database, broker, and all who work in the background."""
    parts = ready.parts()
    works = all(state == ready.OK for state in parts.values())
    return JsonResponse({"ready": works, **parts}, status=200 if works else 503)


@require_safe
@cache_control(no_store=True)
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, which shows the token; for everybody else there is no such page."""
    token: str = settings.METRICS_TOKEN
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not secrets.compare_digest(shown.encode(), token.encode()):
        raise Http404
    return HttpResponse(scrape.text(), content_type=CONTENT_TYPE_LATEST)
