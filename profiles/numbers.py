"""Another number to sign in with: asked for from the account, or after the old number is lost.

A phone number can change hands, so a new one counts only once the code that was texted to it has
been typed. Locks are taken in one order: officers by id, accounts by id, requests by id. Officers
come first, since whoever holds one may be about to write in the trail, which touches the account.
"""

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import accounts.services
import sms.services
from accounts.models import User
from accounts.services import record
from catalogue.models import Office
from cp2.limits.services import Want, give_back, take
from cp2.rules import Refused, Role, lock, move
from profiles import services
from profiles.models import (
    CHANGE_WAITS,
    LIVE_CHANGES,
    MOST_TRIES,
    ChangeStatus,
    NumberChange,
    Officer,
    Road,
    masked,
)
from profiles.names import same_name
from sms.models import Message
from sms.phones import hinted

CODE = "profiles/number_code"
CODE_LIFE = timedelta(minutes=15)
ASKED_LIFE = timedelta(days=1)  # for the code to be typed


class InUse(services.Elsewhere):
    """The new number signs in to another account, whosever that is."""

    def __init__(self) -> None:
        said = _(
            "This number cannot be given to your account: it is in use. If it signs in to another "
            "account of yours, you can move one of the two to the other's number."
        )
        super().__init__(said, field="phone")


# From the account


def _one_text_to(phone: str) -> list[Want]:
    """As much as anybody may have texted to one number, in a minute, an hour and a day."""
    return [("text.number", phone), ("text.again", phone)]


def ask(officer: Officer, *, phone: str, payee_too: bool, by: User) -> NumberChange:
    """An officer who is signed in wants another number. Raises Limited when asked too often."""
    take(("number.account", str(officer.user_id)), *_one_text_to(phone))
    holder = User.objects.filter(phone=phone).first()
    if holder:
        for name, key in _one_text_to(phone):
            give_back(name, key)  # no code leaves
        _warn(holder)
        raise InUse
    return _ask(officer, phone=phone, payee_too=payee_too, by=by)


@transaction.atomic
def _ask(officer: Officer, *, phone: str, payee_too: bool, by: User) -> NumberChange:
    officer = lock(officer)
    earlier = officer.number_changes.filter(road=Road.OWN, status=ChangeStatus.ASKED)
    for change in earlier.select_for_update():
        move(change, ChangeStatus.EXPIRED, code_hash="")
    change = NumberChange.objects.create(
        officer=officer,
        road=Road.OWN,
        old_phone=officer.phone,
        new_phone=phone,
        payee_too=payee_too,
        language=officer.user.language,
    )
    record("number.asked", officer, by=by, now=masked(phone), request=change.pk)
    sms.services.send_code(phone, CODE, change=change.pk)
    return change


def _warn(holder: User) -> None:
    """Whose number somebody else would like to have is told so, once a day."""
    if holder.is_active and holder.phone:
        sms.services.send(
            holder.phone,
            "profiles/number_wanted",
            language=holder.language,
            dedupe_key=f"number_wanted:{holder.phone}:{timezone.localdate():%Y%m%d}",
        )


def complete(change: NumberChange, *, code: str, by: User) -> User:
    """The code shows that the new number is theirs: from now on it signs in."""
    assert change.officer is not None  # the database says so of this road
    with transaction.atomic():
        officer, holder = _lock_people(change.officer, change.new_phone)
        change, others = _lock_changes(change)
        problem = _try(change, code)
        if not problem:
            _refuse_stale(change, officer)
            if holder:
                raise InUse
            move(change, ChangeStatus.DONE, code_hash="", proven_at=timezone.now())
            user = _change(officer, change, others, by=by)
    if problem:  # after the transaction, which has counted the try
        raise Refused(problem)
    return user


# The code


def compose_code(message: Message) -> str:
    """Mint a code at the moment of sending: only its hash is kept, for a quarter of an hour."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        asked = NumberChange.objects.filter(pk=message.context["change"], status=ChangeStatus.ASKED)
        change = asked.select_for_update().first()
        if change is None:
            raise sms.services.Unsendable("nobody waits for this code any more")
        change.code_hash, change.code_sent_at, change.tries = _hash(change, code), timezone.now(), 0
        change.save(update_fields=["code_hash", "code_sent_at", "tries"])
    return sms.services.render(CODE, language=change.language, code=code)


def send_code_again(change: NumberChange, *, everyone: bool = False) -> None:
    """Another code, in place of the one that did not come or is over."""
    shared = [("text.everyone", "")] if everyone else []
    take(*_one_text_to(change.new_phone), *shared)
    if change.status != ChangeStatus.ASKED:
        raise Refused(_("This request needs no code any more."))
    sms.services.send_code(change.new_phone, CODE, change=change.pk)


def _hash(change: NumberChange, code: str) -> str:
    """With our key: a million codes are soon tried by whoever reads the table."""
    typed = f"{change.pk}:{code}"
    return salted_hmac("profiles.numbers", typed, algorithm="sha256").hexdigest()


def _try(change: NumberChange, code: str) -> str:
    """Count a try at the code of a locked request. Why it opens nothing, or nothing."""
    if change.status != ChangeStatus.ASKED:
        return _("This code was used already, or a later request took its place.")
    if not change.code_hash or change.code_sent_at is None:
        return _("No code has left yet. Wait for the text, then type the code it brings.")
    if timezone.now() > change.code_sent_at + CODE_LIFE:
        return _("This code is over: it worked for 15 minutes. Ask for a new one below.")
    too_often = _("This code was typed wrongly too often. Ask for a new one below.")
    if change.tries >= MOST_TRIES:
        return too_often
    if constant_time_compare(change.code_hash, _hash(change, code)):
        return ""
    change.tries += 1
    change.save(update_fields=["tries"])
    left = MOST_TRIES - change.tries
    if not left:
        return too_often
    said = ngettext(
        "This is not the code of the last text. You have %(left)d more try.",
        "This is not the code of the last text. You have %(left)d more tries.",
        left,
    )
    return said % {"left": left}


# The old number is lost


def ask_for_lost(
    *,
    old_phone: str,
    national_id: str,
    full_name: str,
    new_phone: str,
    payee_too: bool,
    why: str,
    language: str,
    address: str,
) -> NumberChange:
    """Somebody who cannot sign in any more asks for the account of the old number.

    Whether there is such an account shows nowhere: a request for none is kept without what was
    typed, and nothing ever comes of it. Raises Limited when asked too often.
    """
    take(("number.address", address), *_one_text_to(new_phone), ("text.everyone", ""))
    officer = _matching(old_phone, national_id, full_name)
    known = {"officer": officer, "old_phone": old_phone, "payee_too": payee_too, "why": why}
    with transaction.atomic():
        change = NumberChange.objects.create(
            road=Road.LOST, new_phone=new_phone, language=language, **(known if officer else {})
        )
        sms.services.send_code(new_phone, CODE, change=change.pk)
    return change


def _matching(phone: str, national_id: str, full_name: str) -> Officer | None:
    of = Officer.objects.filter(
        user__phone=phone, user__is_active=True, national_id=national_id
    ).first()
    return of if of and same_name(of.full_name, full_name) else None


def prove(change: NumberChange, *, code: str) -> NumberChange:
    """The code shows that the new number is theirs; now a person decides about the rest.

    The latest proof counts: an earlier request for the same account or number gives way to it.
    """
    with transaction.atomic():
        officer = lock(change.officer) if change.officer else None
        change, others = _lock_changes(change)
        problem = _try(change, code)
        if not problem:
            for other in others:
                if other.status == ChangeStatus.PROVEN:
                    move(other, ChangeStatus.EXPIRED)
            move(change, ChangeStatus.PROVEN, code_hash="", proven_at=timezone.now())
            if officer:
                _tell_of_proof(change, officer)
    if problem:
        raise Refused(problem)
    return change


def _tell_of_proof(change: NumberChange, officer: Officer) -> None:
    """If the old number is not lost at all, its owner must hear of it."""
    record("number.proven", officer, by=None, now=masked(change.new_phone), request=change.pk)
    sms.services.send(
        change.old_phone,
        "profiles/number_asked",
        language=officer.user.language,
        dedupe_key=f"number_asked:{change.old_phone}:{timezone.localdate():%Y%m%d}",
        number=hinted(change.new_phone),
    )


def is_decider(by: User) -> bool:
    """TSC directors, and headquarters' helpdesk."""
    if by.role == Role.DIRECTOR:
        return by.office == Office.TSC
    return by.role == Role.STAFF and by.has_perm("profiles.decide_number")


def concerns(change: NumberChange, by: User) -> bool:
    """Nobody decides about an account or a number of their own."""
    own = change.officer is not None and change.officer.user_id == by.pk
    return own or bool(by.phone and by.phone in (change.old_phone, change.new_phone))


@transaction.atomic
def approve(change: NumberChange, *, reason: str, by: User) -> NumberChange:
    """This is the person: the account goes over to the new number, and a password with it."""
    assert change.officer is not None  # nobody can see one without, so nobody decides about it
    officer, holder = _lock_people(change.officer, change.new_phone)
    change, others = _lock_changes(change)
    _refuse_decider(change, officer, by)
    if change.status == ChangeStatus.PROVEN:  # else `move` says what has become of it
        _refuse_stale(change, officer)
    decided = {"decided_by": by, "decided_at": timezone.now(), "decision": reason}
    move(change, ChangeStatus.DONE, **decided)
    if holder:
        _make_way(holder, officer, by=by)
    _change(officer, change, others, by=by)
    return change


@transaction.atomic
def refuse(change: NumberChange, *, reason: str, by: User) -> NumberChange:
    """Not this person, or not shown to be. Whoever asked reads why."""
    assert change.officer is not None
    officer = lock(change.officer)
    change = lock(change)
    _refuse_decider(change, officer, by)
    decided = {"decided_by": by, "decided_at": timezone.now(), "decision": reason}
    move(change, ChangeStatus.REFUSED, **decided)
    record("number.refused", officer, by=by, request=change.pk, reason=reason)
    sms.services.send(
        change.new_phone, "profiles/number_refused", language=change.language, reason=reason
    )
    return change


def _refuse_decider(change: NumberChange, officer: Officer, by: User) -> None:
    away = by.role == Role.DIRECTOR and by.sub_county_id != officer.sub_county_id
    if away or not is_decider(by):
        raise Refused(
            _("Only the TSC director of the officer's own sub-county, or the helpdesk, decides.")
        )
    if concerns(change, by):
        raise Refused(_("This is about a number of your own. Somebody else must decide."))


def _make_way(holder: User, officer: Officer, *, by: User) -> None:
    """Who lost a number often opens a second account with the new one, and can go no further with
    it. Such an empty account is closed in favour of the one with the history."""
    other = Officer.objects.filter(user=holder).first()
    if other is None or services.has_history(other):
        raise Refused(
            _(
                "The new number signs in to another account that is in use. Headquarters must "
                "first make the two accounts one."
            )
        )
    reason = "an empty account with the number that was asked for"
    services.close(other, into=officer, by=by, reason=reason)
    for change in other.number_changes.live().select_for_update().order_by("pk"):
        move(change, ChangeStatus.EXPIRED, code_hash="")


# What both roads share


def _lock_people(officer: Officer, phone: str) -> tuple[Officer, User | None]:
    """The officer, and whoever else signs in with the number by now."""
    wanted = Q(user=officer.user_id) | Q(user__phone=phone)
    rows = Officer.objects.select_for_update(of=("self",)).filter(wanted).order_by("pk")
    locked = next(row for row in rows if row.pk == officer.pk)
    people = Q(pk=officer.user_id) | Q(phone=phone)
    users = list(User.objects.select_for_update().filter(people).order_by("pk"))
    return locked, next((user for user in users if user.pk != officer.user_id), None)


def _lock_changes(change: NumberChange) -> tuple[NumberChange, list[NumberChange]]:
    """It, and the others that live for this account or this number; by id, so that nobody waits
    in a circle."""
    near = Q(new_phone=change.new_phone)
    if change.officer_id:
        near |= Q(officer=change.officer_id)
    wanted = Q(pk=change.pk) | (near & Q(status__in=LIVE_CHANGES))
    rows = NumberChange.objects.select_for_update(of=("self",)).filter(wanted).order_by("pk")
    found = {row.pk: row for row in rows}
    return found.pop(change.pk), [*found.values()]


def _refuse_stale(change: NumberChange, officer: Officer) -> None:
    if not officer.user.is_active or officer.phone != change.old_phone:
        raise Refused(
            _("The number of this account was changed meanwhile. Refuse this request, or ask anew.")
        )


def _change(
    officer: Officer, change: NumberChange, others: list[NumberChange], *, by: User
) -> User:
    """User name and number together, whom to pay if that was asked, and everybody told."""
    old, new = change.old_phone, change.new_phone
    try:
        with transaction.atomic():
            user = accounts.services.change_number(officer.user, new)
    except IntegrityError as error:  # somebody registered with it at this very moment
        raise Refused(
            _("Somebody has just opened an account with the new number. Try again.")
        ) from error
    record(
        "number.changed",
        officer,
        by=by,
        was=masked(old),
        now=masked(new),
        road=change.road,
        reason=change.decision,
        request=change.pk,
    )
    sms.services.send(old, "profiles/number_left", language=user.language, number=hinted(new))
    if change.road == Road.OWN:
        sms.services.send(new, "profiles/number_taken", language=user.language)
    else:
        record("password.asked", user, by=by, road="number")
        sms.services.send_credentials(new, "accounts/password", user=user.pk)
    if change.payee_too and officer.payee_phone == old:
        services.save_payee(officer, name=officer.payee_name, phone=new, by=by)
    for other in others:
        if other.officer_id == officer.pk or other.status == ChangeStatus.PROVEN:
            move(other, ChangeStatus.EXPIRED, code_hash="")
    return user


# What time does


@transaction.atomic
def tidy() -> int:
    """Requests that nobody proved or decided expire, and those for nobody's account go."""
    now = timezone.now()
    late = Q(status=ChangeStatus.ASKED, asked_at__lt=now - ASKED_LIFE)
    late |= Q(status=ChangeStatus.PROVEN, proven_at__lt=now - CHANGE_WAITS)
    rows = NumberChange.objects.filter(late).select_related("officer").order_by("pk")
    expired = list(rows.select_for_update(of=("self",), skip_locked=True))
    for change in expired:
        move(change, ChangeStatus.EXPIRED, code_hash="")
        if change.officer:
            record("number.expired", change.officer, by=None, request=change.pk)
    of_nobody = NumberChange.objects.filter(officer=None, asked_at__lt=now - CHANGE_WAITS)
    gone, _tables = of_nobody.delete()
    return len(expired) + gone
