"""One-time codes for those with power over others: set up, typed, moved, taken away, and asked for
once more before what is dangerous.

All of it goes by the clock of the database: a process whose own clock is wrong takes no code that
is not good now, and refuses none that is.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, cast, overload

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp import login as note_device
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Entry, RecoveryCode, User
from accounts.requests import actor
from accounts.services import ALPHABET, record, tell
from accounts.sign_in import end_sessions
from cp2.limits.services import Limited, give_back, in_words, take
from cp2.rules import Refused, Role, lock

LIMIT = "code.account"
FRESH_FOR = timedelta(minutes=15)
PRESSED_TWICE = timedelta(seconds=10)
RECOVERY_CODES = 10
TOLERANCE = 1  # steps of half a minute before and after

# What a session remembers of codes.
PROVED_AT = "code_at"  # when it proved one
UNKEPT = "recovery_codes_unkept"  # their owner has yet to say that they wrote them down
HELD = "held_until_code"  # what was to be done when a fresh code was asked for

# A pause doubles with every wrong code, but whoever guesses must not lock the owner out for days.
MOST_DOUBLED = 10


class TooSoon(Limited):
    """Between two wrong codes there is a pause."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(LIMIT, wait)
        seconds = -(-int(wait.total_seconds() * 1000) // 1000)
        said = (
            ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
            if seconds < 60
            else in_words(wait)
        )
        self.args = (
            _("That was too soon after a wrong code. Wait %(wait)s, then type the code shown then.")
            % {"wait": said},
        )


def clock() -> float:
    """Seconds since 1970, as the database counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        now: float = cursor.fetchone()[0]
        return now


def app_of(user: User) -> TOTPDevice | None:
    """Their authenticator app, if one is set up."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


# Setting up


def new_key() -> str:
    return secrets.token_hex(20)


@transaction.atomic
def set_up(user: User, *, key: str, code: str) -> tuple[TOTPDevice, list[str]]:
    """Keep a key whose first code proves that the phone has it; with it come recovery codes, which
    nobody can be shown a second time."""
    user = lock(user)
    if TOTPDevice.objects.filter(user=user).exists():
        raise Refused(_("Your app is set up already. Wait for its next code and type that."))
    app = _bind(user, key=key, code=code)
    made = _make_recovery_codes(user)
    record("code.set_up", user, by=user)
    return app, made


@transaction.atomic
def move_app(user: User, *, key: str, code: str) -> TOTPDevice:
    """To a new phone. The old one opens nothing any more, nor do the sessions it opened."""
    user = lock(user)
    TOTPDevice.objects.filter(user=user).delete()
    app = _bind(user, key=key, code=code)
    record("code.moved", user, by=user)
    tell(user, "accounts/code_moved")
    return app


def _bind(user: User, *, key: str, code: str) -> TOTPDevice:
    app = TOTPDevice(user=user, name="app", key=key)
    now = clock()
    step = _step(app, code, now)
    if step is None:
        raise Refused(_("This code is wrong. Check the clock of your phone, try again."))
    app.last_t, app.last_used_at = step, _instant(now)  # so that it opens nothing again
    app.save()
    return app


def _step(app: TOTPDevice, code: str, now: float) -> int | None:
    """The step of time that shows this code, among those that are near and not used yet."""
    steps = TOTP(app.bin_key, app.step, app.t0, app.digits)
    steps.time = now
    if not steps.verify(int(code), tolerance=TOLERANCE, min_t=app.last_t + 1):
        return None
    return int(steps.t())


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


# Typing


def type_code(user: User, code: str) -> TOTPDevice:
    """The app that shows this code. Each is good once; who types wrong ones has to wait."""
    _count_try(user)
    app = _use_code(user, code)
    if app is None:
        raise Refused(
            _("This code is wrong or was used before. Wait for the next one and type that.")
        )
    give_back(LIMIT, str(user.pk))
    return app


@transaction.atomic
def _use_code(user: User, code: str) -> TOTPDevice | None:
    app = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
    if app is None:  # taken away a moment ago
        return None
    now = clock()
    wait = _pause(app, now)
    if wait > 0:
        raise TooSoon(timedelta(seconds=wait))
    step = _step(app, code, now)
    if step is None:
        app.throttling_failure_count += 1
        app.throttling_failure_timestamp = _instant(now)
    else:
        app.last_t, app.last_used_at = step, _instant(now)
        app.throttling_failure_count, app.throttling_failure_timestamp = 0, None
    app.save()
    return None if step is None else app


def _pause(app: TOTPDevice, now: float) -> float:
    """How many seconds are left of it."""
    failures, last = app.throttling_failure_count, app.throttling_failure_timestamp
    if not failures or last is None:
        return 0.0
    pause = timedelta(seconds=2 ** (min(failures, MOST_DOUBLED) - 1))
    left: float = pause.total_seconds() - abs(now - last.timestamp())
    return left


def _count_try(user: User) -> None:
    try:
        take((LIMIT, str(user.pk)))
    except Limited:
        _note_limit(user)
        raise


@transaction.atomic
def _note_limit(user: User) -> None:
    """In the trail, and once: whoever goes on trying must not fill it."""
    user = lock(user)
    lately = Entry.objects.about(user).filter(at__gte=timezone.now() - FRESH_FOR)
    if not lately.filter(verb="code.failed").exists():
        record("code.failed", user, by=user)


# Recovery codes


def type_recovery_code(user: User, code: str) -> tuple[TOTPDevice, int]:
    """In place of a code of the app, once; and how many are left."""
    _count_try(user)
    found = _use_recovery_code(user, code)
    if found is None:
        raise Refused(
            _("This recovery code is wrong, was used before, or is one of an older list.")
        )
    give_back(LIMIT, str(user.pk))
    return found


@transaction.atomic
def _use_recovery_code(user: User, code: str) -> tuple[TOTPDevice, int] | None:
    user = lock(user)
    app = app_of(user)
    fitting = RecoveryCode.objects.filter(
        user=user, used_at=None, digest__in=list(_digests(user, code))
    )
    if app is None or not fitting.update(used_at=Now()):
        return None
    left = recovery_codes_left(user)
    record("recovery_code.used", user, by=user, left=left)
    tell(user, "accounts/recovery_code_used")
    return app, left


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """Ten new ones; all that were made before are void."""
    user = lock(user)
    if app_of(user) is None:
        raise Refused(_("Set up your app first."))
    made = _make_recovery_codes(user)
    record("recovery_codes.made", user, by=user)
    return made


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def _make_recovery_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    made = [_mint() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=next(_digests(user, code))) for code in made
    )
    return made


def _mint() -> str:
    """Fifteen characters of 74 bits in all, so that a keyed digest may be a fast one."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(3))


def _digests(user: User, code: str) -> Iterator[str]:
    """With each key that we may have used, the newest first. Spaces, dashes and capitals that
    people type are no part of it."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        yield salted_hmac(
            "accounts.codes.recovery", f"{user.pk}:{plain}", secret=key, algorithm="sha256"
        ).hexdigest()


# Everything lost


@transaction.atomic
def take_away(user: User, *, by: User, reason: str) -> None:
    """Whoever has neither phone nor recovery codes starts afresh at their next sign-in; until
    then they are signed in nowhere, since nobody knows who sits there."""
    user = lock(user)
    for refusal in reasons_against_taking(user, by=by):
        raise Refused(refusal)
    apps, _models = TOTPDevice.objects.filter(user=user).delete()
    left, _models = RecoveryCode.objects.filter(user=user).delete()
    if not apps and not left:
        raise Refused(_("No one-time code is set up."))
    end_sessions(user)
    record("code.taken_away", user, by=by, reason=reason)
    tell(user, "accounts/code_taken_away")


def reasons_against_taking(user: User, *, by: User) -> Iterator[str]:
    """The help desk looks after directors; headquarters' own codes are for an administrator."""
    if user.pk == by.pk:
        yield _("Nobody takes away their own one-time code: ask a colleague.")
    elif not by.has_perm("accounts.reset_code"):
        yield _("You may not take away one-time codes.")
    elif not user.has_power:
        yield _("This account needs no one-time code.")
    elif user.role != Role.DIRECTOR and not by.has_perm("accounts.change_user"):
        yield _("Only an administrator takes away a one-time code of headquarters.")


# A fresh code before what is dangerous


def note(request: HttpRequest, app: TOTPDevice) -> None:
    """This session has just proved a code."""
    note_device(request, app)
    request.session[PROVED_AT] = clock()


def proved_just_now(request: HttpRequest) -> bool:
    """By the same form, when its button was pressed twice; it may have been a moment ago, while
    this request was on its way."""
    stored = type(request.session)(request.session.session_key)
    return abs(clock() - cast(float, stored.get(PROVED_AT, 0))) < PRESSED_TWICE.total_seconds()


def is_fresh(request: HttpRequest) -> bool:
    at = request.session.get(PROVED_AT)
    if at is None or not actor(request).is_verified():
        return False
    return abs(clock() - cast(float, at)) < FRESH_FOR.total_seconds()


def needs_fresh_code(request: HttpRequest, *, back: str = "") -> HttpResponse | None:
    """The way to the page that asks for a code, where one is needed; else nothing.

    From there it goes on to `back`, or to where they were. What was posted is kept until then, so
    that nobody has to choose or type it again.
    """
    user = actor(request)
    if not user.is_authenticated or not user.has_power:
        return None
    here = request.get_full_path()
    if is_fresh(request):
        if request.method == "POST" and request.session.get(HELD, {}).get("to") == here:
            del request.session[HELD]  # it is being done now
        return None
    if request.method == "POST" or back:
        request.session[HELD] = {"to": here, "back": back or here, "fields": _posted(request)}
    else:
        request.session.pop(HELD, None)
    asked = urlencode({"next": back or here})
    return redirect(f"{resolve_url(settings.OTP_LOGIN_URL)}?{asked}")


MOST_HELD = 100_000  # characters; a session is no store


def _posted(request: HttpRequest) -> list[tuple[str, str]] | None:
    """What was posted, unless it must not or cannot be kept: passwords, files, too much."""
    if request.method != "POST" or request.FILES:
        return None
    fields = [
        (name, str(value))
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    if any("password" in name for name, _value in fields):
        return None
    return fields if sum(len(name) + len(value) for name, value in fields) < MOST_HELD else None


View = Callable[..., HttpResponse]


@overload
def fresh_code(view: View) -> View: ...
@overload
def fresh_code(*, back: str) -> Callable[[View], View]: ...
def fresh_code(view: View | None = None, *, back: str = "") -> View | Callable[[View], View]:
    """A page that those with power open only with a code of the last quarter of an hour.

    `back` names the page to return to where this one cannot be opened by a link.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            to = _with_query(resolve_url(back), request) if back else ""
            return needs_fresh_code(request, back=to) or view(request, *args, **kwargs)

        return guarded

    return guard(view) if view else guard


def _with_query(path: str, request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path
