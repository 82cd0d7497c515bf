from typing import cast

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
