"""A centre's password, on a slip of paper from its sub-county director.

A centre has no phone to text to. Its password is minted while the slip is printed, hashed into the
account, and rests nowhere else. As with a texted one, the earlier password works until this one is
first used, so a slip printed by mistake keeps nobody out of a running exam.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.hashers import make_password
from django.db import models, transaction
from django.db.models import DateField, ExpressionWrapper, F, OuterRef, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts.models import Entry, User
from accounts.services import ALPHABET, mint, record_each
from catalogue.models import CentreEntry, CentreEntryQuerySet, DutyStation
from cp2.rules import Refused, Role


@dataclass(frozen=True)
class Slip:
    """What is printed. Nothing shows the password of it but the paper."""

    entry: CentreEntry
    username: str
    password: str = field(repr=False)
    hashed: str = field(repr=False)
    reference: str


class SlipState(models.TextChoices):
    """What became of the last slip of an account."""

    NONE = "none", gettext_lazy("Not printed")
    WAITING = "waiting", gettext_lazy("Printed, not used yet")
    USED = "used", gettext_lazy("In use")
    REPLACED = "replaced", gettext_lazy("The centre chose its own password")


@dataclass(frozen=True)
class Line:
    """A centre's account for an exam as its director sees it."""

    entry: CentreEntry
    account: User | None
    printed: Entry | None
    state: SlipState
    reasons: list[str]  # why no slip can be printed

    @property
    def tone(self) -> str:
        """Of the badge: missing, waiting for the centre, done."""
        done = "done" if self.state in (SlipState.USED, SlipState.REPLACED) else "pending"
        return "missing" if self.state == SlipState.NONE else done


# Who has a slip


def with_slips(entries: CentreEntryQuerySet) -> CentreEntryQuerySet:
    """Adds `slip_printed_at`, of the last slip of this exam's account."""
    accounts = User.objects.filter(station=OuterRef("station"), exam=OuterRef("exam"))
    return entries.annotate(slip_printed_at=Subquery(accounts.values("issued_at")))


def of_open_accounts(entries: CentreEntryQuerySet) -> CentreEntryQuerySet:
    """Of exams whose accounts have not ended."""
    until = ExpressionWrapper(
        F("exam__ends_on") + F("exam__centres_sign_in_for"), output_field=DateField()
    )
    return entries.annotate(until=until).filter(until__gte=timezone.localdate())


def lines(entries: Iterable[CentreEntry]) -> list[Line]:
    """How the accounts of these centres stand; as many queries for many as for one."""
    entries = list(entries)
    accounts = accounts_of(entries)
    told = _last_told(accounts.values())
    namesakes = _namesakes(entry for entry in entries if key(entry) not in accounts)
    found = []
    for entry in entries:
        account = accounts.get(key(entry))
        last = told.get(account.pk, {}) if account else {}
        reasons = reasons_against(entry, account, namesakes.get(username_of(entry)))
        found.append(
            Line(entry, account, last.get("slip.printed"), _state(account, last), list(reasons))
        )
    return found


def _state(account: User | None, last: dict[str, Entry]) -> SlipState:
    if account is None or account.issued_at is None:
        return SlipState.NONE
    if account.issued_password:
        return SlipState.WAITING
    printed, chosen = last.get("slip.printed"), last.get("password.chosen")
    if printed and chosen and chosen.pk > printed.pk:
        return SlipState.REPLACED
    return SlipState.USED


def _last_told(accounts: Iterable[User]) -> dict[int, dict[str, Entry]]:
    """By account and verb, the last line of the trail about its password."""
    last: dict[int, dict[str, Entry]] = {}
    entries = (
        Entry.objects.filter(
            subject_type=User._meta.label_lower,
            subject_id__in=[account.pk for account in accounts],
            verb__in=["slip.printed", "password.chosen"],
        )
        .order_by("subject_id", "verb", "-pk")
        .distinct("subject_id", "verb")
        .select_related("actor")
    )
    for entry in entries:
        last.setdefault(entry.subject_id, {})[entry.verb] = entry
    return last


Key = tuple[int, int]


def key(row: CentreEntry | User) -> Key:
    return row.station_id or 0, row.exam_id or 0


def accounts_of(entries: Sequence[CentreEntry]) -> dict[Key, User]:
    """By station and exam."""
    found = User.objects.filter(
        station__in={entry.station_id for entry in entries},
        exam__in={entry.exam_id for entry in entries},
    )
    return {key(account): account for account in found.select_related("exam")}


def username_of(entry: CentreEntry) -> str:
    return f"{entry.exam.abbreviation}{entry.station.code}"


def _namesakes(entries: Iterable[CentreEntry]) -> dict[str, User]:
    """Who has the names of accounts to be opened: the same centres, in an exam of before."""
    names = [username_of(entry) for entry in entries]
    bearers = User.objects.filter(username__in=names).select_related("exam")
    return {user.username: user for user in bearers}


def reasons_against(
    entry: CentreEntry, account: User | None, namesake: User | None
) -> Iterator[str]:
    """Why no slip may be printed for this centre. None means it may."""
    if entry.exam.centres_sign_in_until < timezone.localdate():
        yield _("The accounts of this exam have ended.")
    if account and not account.is_active:
        yield _("This account is switched off. Ask KNEC.")
    if account is None and namesake and not namesake.has_ended:
        if namesake.ends_on and namesake.station_id == entry.station_id:
            yield _("The account of the exam before has this user name until %(day)s.") % {
                "day": date_format(namesake.ends_on, "j F Y")
            }
        else:
            yield _("Somebody else has the user name %(username)s. Ask KNEC.") % {
                "username": namesake.username
            }


# Printing


@sensitive_variables()
def mint_all(entries: Sequence[CentreEntry]) -> list[Slip]:
    """A new password for each, and its hash, which takes its time and so is made before any row
    is locked. Nothing is issued yet."""
    accounts = accounts_of(entries)
    _refuse(entries, accounts)
    minted = []
    for entry in entries:
        account, password = accounts.get(key(entry)), mint()
        minted.append(
            Slip(
                entry=entry,
                username=account.username if account else username_of(entry),
                password=password,
                hashed=make_password(password),
                reference=_reference(),
            )
        )
    return minted


def _reference() -> str:
    """By which a slip is spoken of; it opens nothing."""
    letters = "".join(secrets.choice(ALPHABET.upper()) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


@transaction.atomic
def issue(slips: Sequence[Slip], *, by: User) -> None:
    """From now on these open their accounts, which are made where there are none. An earlier slip
    that nobody has used is void."""
    entries = [slip.entry for slip in slips]
    stations = DutyStation.objects.filter(pk__in=[entry.station_id for entry in entries])
    list(stations.select_for_update(no_key=True).order_by("pk"))  # two directors one by one
    _open_missing(entries, by=by)
    _lock(accounts_of(entries).values())
    accounts = accounts_of(entries)
    _refuse(entries, accounts)

    now, told = timezone.now(), []
    for slip in slips:
        account = accounts[key(slip.entry)]
        account.issued_password, account.issued_at = slip.hashed, now
        told.append((account, {"reference": slip.reference, "exam": slip.entry.exam.short}))
    User.objects.bulk_update(accounts.values(), ["issued_password", "issued_at"])
    record_each("slip.printed", told, by=by)


@transaction.atomic
def open_accounts(entries: Sequence[CentreEntry], *, by: User | None) -> int:
    """An account for each centre that has none for its exam and may have one; how many. Nobody
    signs in there before a slip is printed."""
    stations = DutyStation.objects.filter(pk__in=[entry.station_id for entry in entries])
    list(stations.select_for_update(no_key=True).order_by("pk"))
    accounts = accounts_of(entries)
    missing = [entry for entry in entries if key(entry) not in accounts]
    namesakes = _namesakes(missing)
    free = [
        entry
        for entry in missing
        if not any(reasons_against(entry, None, namesakes.get(username_of(entry))))
    ]
    if free:
        _open_missing(free, by=by)
    return len(free)


def _refuse(entries: Sequence[CentreEntry], accounts: dict[Key, User]) -> None:
    namesakes = _namesakes(entry for entry in entries if key(entry) not in accounts)
    for entry in entries:
        namesake = namesakes.get(username_of(entry))
        for reason in reasons_against(entry, accounts.get(key(entry)), namesake):
            raise Refused(f"{entry.station}: {reason}")


def _lock(accounts: Iterable[User]) -> list[User]:
    rows = User.objects.filter(pk__in=[account.pk for account in accounts])
    return list(rows.select_for_update(no_key=True).order_by("pk"))


def _open_missing(entries: Sequence[CentreEntry], *, by: User | None) -> None:
    """An account for each centre that has none for its exam. Whoever had the user name for an exam
    that is over hands it on."""
    accounts = accounts_of(entries)
    missing = [entry for entry in entries if key(entry) not in accounts]
    _refuse(missing, {})
    _set_aside(_namesakes(missing), by=by)
    opened = User.objects.bulk_create(
        User(
            username=username_of(entry),
            role=Role.CENTRE,
            station=entry.station,
            exam=entry.exam,
            password=make_password(None),
        )
        for entry in missing
    )
    record_each("account.opened", [(account, {}) for account in opened], by=by)


def _set_aside(former: dict[str, User], *, by: User | None) -> None:
    """What they did stays under their own rows; only the name says now which exam it was for."""
    _lock(former.values())
    for account in former.values():
        if account.exam:
            account.username += f"-{account.exam.year}-{account.exam.code}"
    User.objects.bulk_update(former.values(), ["username"])
    told = [(row, {"was": was, "now": row.username}) for was, row in former.items()]
    record_each("account.renamed", told, by=by)
