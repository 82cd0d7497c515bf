from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class SignedIn(HttpRequest):
    """A request behind `login_required`, as the type checker should see it."""

    user: User
    htmx: HtmxDetails


def acting_name(request: HttpRequest) -> str:
    """Who said that they sit at this centre's account; empty until somebody did."""
    name: str = request.session.get("acting_name", "")
    return name


def actor(request: HttpRequest) -> User:
    """Who is acting, where Django's own signatures (its admin's) know only a plain request."""
    return cast(User, request.user)


def is_read(request: HttpRequest) -> bool:
    """A HEAD asks whether there is such a page, and nobody sees what is on it."""
    return request.method == "GET"


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as far as it can be believed: the last address in
    X-Forwarded-For that a proxy of ours wrote. What stands before it the client may have made up.
    """
    proxies = settings.TRUSTED_PROXIES
    seen = request.headers.get("X-Forwarded-For", "").split(",")
    if proxies and len(seen) >= proxies and (address := seen[-proxies].strip()):
        return str(address[:45])
    return str(request.META.get("REMOTE_ADDR", ""))
