"""Each request has an id, one line in the log and its place in the metrics; none says whose
number, name or words it carried."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars

from cp2.health import meters

logger = logging.getLogger("cp2.request")

HEADER = "X-Request-ID"
GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")  # as our proxy's; anything else is no id
PROBES = {"healthz", "readyz", "metrics"}  # asked all day, and of interest only when they fail


class RequestMiddleware:
    """The outermost, so that what others refuse has its line too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if GIVEN.fullmatch(given) else uuid.uuid4().hex
        queries = Queries()
        began = time.perf_counter()
        with bound_contextvars(request=name), connection.execute_wrapper(queries):
            response = self.get_response(request)
            seconds = time.perf_counter() - began
            about = _about(request, response)
            meters.note_request(about["route"], about["method"], response.status_code, seconds)
            if about["route"] not in PROBES or response.status_code >= 400:
                counted = {"ms": round(seconds * 1000), "queries": queries.asked}
                logger.info("request", extra=about | counted)
        response[HEADER] = name
        return response


class Queries:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.asked += 1
        return execute(*args)


def _about(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Who asked is told only where the portal knows it already: a line costs no query."""
    match = request.resolver_match
    user = getattr(request, "_cached_user", None)
    known = user if user is not None and user.is_authenticated else None
    return {
        "route": match.view_name if match else "none",
        "method": request.method if request.method in ("GET", "HEAD", "POST") else "other",
        "status": response.status_code,
        "user": known.pk if known else None,
        "role": known.role if known else None,
    }
