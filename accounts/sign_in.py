"""Who gets in, how often one may try, and the sessions that come of it.

Three things are limited, all before a hash is computed: wrong passwords of one account, accounts
tried from one address, and wrong passwords in all. A limit delays and never locks anybody out: a
browser that the account was used in before has tries of its own, and a password texted to the
owner opens the account whatever strangers do meanwhile.
"""

import logging
from dataclasses import dataclass, field

from django.core import signing
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import services
from accounts.models import Session, User
from accounts.services import Fit, record
from cp2.limits.services import Limited, Unreadable, Want, forget, give_back, take
from cp2.rules import Refused

logger = logging.getLogger(__name__)

MOST_SESSIONS = 5
SALT = "accounts.devices"
DEVICE_LIFE = 400 * 24 * 60 * 60  # seconds: people come back once a year
MOST_ON_A_DEVICE = 8  # accounts; a family's phone, a school's computer


# The browsers that an account was used in


@dataclass
class Device:
    """What a browser's cookie says: the accounts that were used in it, each with its own mark."""

    marks: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, cookie: str) -> "Device":
        try:
            marks = signing.loads(cookie, salt=SALT, max_age=DEVICE_LIFE)
        except signing.BadSignature:
            return cls()
        return cls(marks)

    def knows(self, user: User) -> bool:
        return str(user.pk) in self.marks

    def key(self, user: User) -> str:
        return f"{user.pk}:{self.marks[str(user.pk)]}"

    def learn(self, user: User) -> str:
        """The cookie to set, with this account as the last."""
        mark = self.marks.pop(str(user.pk), None) or services.mint()
        latest = [*self.marks.items(), (str(user.pk), mark)][-MOST_ON_A_DEVICE:]
        return signing.dumps(dict(latest), salt=SALT)


# Signing in


@dataclass(frozen=True)
class Entrant:
    user: User
    fit: Fit


@sensitive_variables()
def sign_in(typed: str, password: str, *, address: str, device: Device) -> Entrant | None:
    """Whose name and password these are, or None. Raises Limited after too many wrong ones, and
    Refused where the account of a centre has ended."""
    user = services.known_as(typed)
    account = user.username if user else typed[:40].lower()
    if user and device.knows(user):
        tries, of_address = ("sign_in.device", device.key(user)), []
    else:
        tries = ("sign_in.account", account)
        of_address = [("sign_in.pair", f"{address} {account}"), ("sign_in.address", address)]
    limited = True
    try:
        refusal, counted = _take(tries, of_address)
    except Unreadable:  # better that people get in than that nobody is counted
        refusal, counted, limited = None, False, False
    if refusal and not _has_another_way(user, password, account):
        raise refusal

    fit = None
    if user and user.is_active:
        fit = services.which_password(user, password, issued_alone=refusal is not None)
    else:
        services.waste_a_hash(password)
    if user is None or fit is None:
        _count_in_all()
        return None
    if user.ends_on and user.has_ended:
        raise Refused(
            _(
                "This account ended with the exam on %(day)s. Your sub-county director prints a "
                "new one for the next exam."
            )
            % {"day": date_format(user.ends_on, "j F Y")}
        )
    with transaction.atomic():
        if limited:
            forget(tries, ("sign_in.issued", account))
        if counted:  # a right one makes up for a wrong one: many who err share an address
            give_back("sign_in.address", address, times=2)
    return Entrant(user, fit)


def _take(tries: Want, of_address: list[Want]) -> tuple[Limited | None, bool]:
    """The refusal, if any, and whether the account was counted against its address: once, however
    often it is tried from there, so that signing in again and again earns nothing either."""
    try:
        take(tries, *of_address)
    except Unreadable:
        raise
    except Limited as refusal:
        if refusal.name == "sign_in.pair":
            return _take(tries, [])
        return refusal, False
    return None, bool(of_address)


@sensitive_variables()
def _has_another_way(user: User | None, password: str, account: str) -> bool:
    """A password from a text is let through to be tried: strangers cannot guess 49 bits."""
    if user is None or not services.looks_issued(password) or not any(user.issued_passwords()):
        return False
    take(("sign_in.issued", account))
    return True


def _count_in_all() -> None:
    try:
        take(("sign_in.everyone", ""))
    except Limited:
        try:
            take(("sign_in.alarm", ""))
        except Limited:
            return
        logger.error("wrong passwords come faster than they should: somebody is trying many")


@transaction.atomic
def enter(entrant: Entrant) -> tuple[User, bool]:
    """The user as they come in, and whether they must first confirm who they are.

    A password that came by text takes the old one's place now, unless the account has an identity
    on file: then only when its owner has shown that they know it.
    """
    user = entrant.user
    unconfirmed = False
    if entrant.fit is Fit.ISSUED:
        unconfirmed = bool(services.identity_on_file(user))
        if not unconfirmed:
            user = services.use_issued_password(user)
    record("session.began", user, by=user)
    _end_oldest_sessions(user)
    return user, unconfirmed


# Sessions


def end_sessions(user: User, *, but: str | None = None) -> int:
    """All of them, or all but the one with this key."""
    ended: int = Session.objects.filter(user=user).exclude(session_key=but).delete()[0]
    return ended


def _end_oldest_sessions(user: User) -> None:
    """A password that is passed around opens only so many browsers at once, a new one too."""
    latest = Session.objects.filter(user=user).order_by("-seen_at", "-began_at", "session_key")
    extra = list(latest.values_list("session_key", flat=True)[MOST_SESSIONS - 1 :])
    if extra:
        Session.objects.filter(session_key__in=extra).delete()


@transaction.atomic
def end_session(user: User, reference: str) -> bool:
    """The one that the page calls by this reference, if it is the user's own."""
    for session in Session.objects.filter(user=user):
        if session.reference == reference:
            session.delete()
            record("session.ended", user, by=user)
            return True
    return False
