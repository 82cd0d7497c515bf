from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode

from accounts import codes

# Where somebody may go who has not done the first thing yet.
ALWAYS_OPEN = {
    *("accounts:logout", "set_language", "healthz", "readyz", "help", "privacy"),
    *("accounts:code", "accounts:go_on"),  # without which no first thing could be done
}


class FirstThingsFirstMiddleware:
    """A one-time code for those with power, then a password of one's own, then everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            # what is shown to one person is for no cache and no other person
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        first = first_thing(request)
        here = request.resolver_match.view_name if request.resolver_match else ""
        if first is None or here == first or here in ALWAYS_OPEN:
            return None
        url = resolve_url(first)
        if request.method == "GET":
            url += "?" + urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(url)


def first_thing(request: HttpRequest) -> str | None:
    """The page that must come before any other for this user, if there is one."""
    user = request.user
    if not user.is_authenticated:
        return None
    if user.has_power and not user.is_verified():
        return settings.OTP_LOGIN_URL
    if user.has_power and codes.UNKEPT in request.session:
        return "accounts:recovery_codes"
    if user.must_choose_password:
        return "accounts:change_password"
    return None
