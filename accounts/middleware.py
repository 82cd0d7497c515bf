from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts import codes, sessions
from accounts.hashers import Busy
from accounts.refusals import answer
from cp2.limits.services import Limited

# Where somebody may go who has not done the first thing yet.
ALWAYS_OPEN = {
    *("accounts:logout", "set_language", "healthz", "readyz", "metrics", "help", "privacy"),
    *("accounts:code", "accounts:go_on"),  # without which no first thing could be done
}


class FirstThingsFirstMiddleware:
    """A one-time code for those with power, who one is after a password by text alone, a password
    of one's own; then everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if sessions.has_ended(request.session, role=request.user.role):
                logout(request)
                messages.info(request, _("You were signed in for long. Sign in again."))
            else:
                sessions.note_use(request.session, role=request.user.role)
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
        if request.method in ("GET", "HEAD"):
            url += "?" + urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(url)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Too often, or too many at once: said in words, and to machines when to come back."""
        if isinstance(error, Busy):
            response = render(request, "503.html", status=503)
            response["Retry-After"] = "5"
            return response
        if isinstance(error, Limited):
            return answer(request, error.page, {"refusal": error}, error)
        return None


def first_thing(request: HttpRequest) -> str | None:
    """The page that must come before any other for this user, if there is one."""
    user = request.user
    if not user.is_authenticated:
        return None
    if user.has_power and not user.is_verified():
        return settings.OTP_LOGIN_URL
    if request.session.get("unconfirmed"):
        return "accounts:confirm"
    if user.has_power and codes.UNKEPT in request.session:
        return "accounts:recovery_codes"
    if user.must_choose_password:
        return "accounts:change_password"
    return None
