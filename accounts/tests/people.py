"""Those who sign in with a code, as the tests of codes meet them."""

from datetime import timedelta
from typing import Any
from unittest import mock

from django.contrib.auth.models import Group
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes
from accounts.models import User
from cp2.rules import Role
from cp2.tests import make


def staff(*groups: str, **fields: Any) -> User:
    user = make.user(Role.STAFF, **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def app(user: User) -> TOTPDevice:
    return TOTPDevice.objects.create(user=user, name="app")


def code(key: str, **off: float) -> str:
    """What the app shows, if its clock is off by so much."""
    shown = TOTP(bytes.fromhex(key))
    shown.time = codes.clock() + timedelta(**off).total_seconds()
    return f"{shown.token():06d}"


def clock_stands_still() -> Any:
    """In the middle of a step, so that none turns while a test looks."""
    now = codes.clock()
    return mock.patch.object(codes, "clock", return_value=now - now % 30 + 15)


def wrong(key: str) -> str:
    """Six digits that no step near shows."""
    near = {code(key, seconds=30 * step) for step in range(-3, 4)}
    return next(f"{n:06d}" for n in range(10) if f"{n:06d}" not in near)


def enter(app: Any, user: User, *, next: str = "") -> Any:
    """With the password alone; the page that comes then."""
    app.reset()
    form = app.get(reverse("accounts:login"), params={"next": next} if next else {}).forms[0]
    form["username"], form["password"] = user.username, make.PASSWORD
    page = form.submit()
    while page.status_code == 302:
        page = page.follow()
    return page


def fill(page: Any, name: str, value: Any) -> Any:
    """The form that has this field, sent."""
    form = next(form for form in page.forms.values() if name in form.fields)
    form[name] = value
    return form.submit(expect_errors=True)


def confirm(page: Any) -> Any:
    """The form that asks nothing more, sent."""
    forms = page.forms.values()
    return next(form for form in forms if 'class="confirm"' in form.text).submit()
