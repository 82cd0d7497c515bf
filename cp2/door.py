"""What no page of the portal takes is refused before any page is asked."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, HttpResponseNotAllowed

METHODS = ["GET", "HEAD", "POST"]
FORM = "application/x-www-form-urlencoded"


class DoorMiddleware:
    """Links and forms are all there is, and what they carry is text. Bytes that are none would be
    kept as question marks in somebody's name."""

    def __init__(self, get_response: Callable[[WSGIRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: WSGIRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        # of a path, Django has left the bytes that are no text as they were written, %FF
        for part in (request.path_info, request.META.get("QUERY_STRING", "")):
            if not is_text(unquote_to_bytes(part)):
                raise BadRequest("the address is not UTF-8")
        return self.get_response(request)

    def process_view(
        self, request: WSGIRequest, view: object, args: tuple[Any], kwargs: dict[str, Any]
    ) -> None:
        """Here, where a form is read anyway to look for its token. The gateway's calls have none,
        and are not read before their secret."""
        if request.content_type != FORM or getattr(view, "csrf_exempt", False):
            return
        if not is_text(unquote_to_bytes(request.body)):
            raise BadRequest("the form is not UTF-8")


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
