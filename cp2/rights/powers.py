"""Power over others is given by two people and taken away by one.

To give is to propose; another administrator confirms. To take away cannot wait for anybody.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import Office, SubCounty
from cp2.rights.models import PowerChange, ProposalStatus
from cp2.rules import Refused, Role, lock, move
from sms.phones import local

PLACES = ["office", "sub_county"]


def of(user: User) -> dict[str, Any]:
    """What the row says now, as a proposal writes it down."""
    return {
        "is_active": user.is_active,
        "office": user.office,
        "sub_county": user.sub_county_id,
        "groups": sorted(user.groups.values_list("name", flat=True)),
    }


def given(was: dict[str, Any], typed: dict[str, Any]) -> dict[str, Any]:
    """What of the values that were typed is more than there was, or elsewhere."""
    more: dict[str, Any] = {
        name: typed[name] for name in PLACES if name in typed and typed[name] != was[name]
    }
    if typed.get("is_active") and not was["is_active"]:
        more["is_active"] = True
    added = sorted(set(typed.get("groups", [])) - set(was["groups"]))
    return more | ({"groups": added} if added else {})


def waiting_for(user: User) -> PowerChange | None:
    waits: PowerChange | None = PowerChange.objects.waiting().filter(subject=user).first()
    return waits


def locked(user: User, by: User) -> tuple[User, User]:
    """Both as they are now, in one order: two who act upon each other wait for one another, and
    whoever lost their own power a moment ago decides nothing with it."""
    pks = [user.pk, by.pk]
    rows = User.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk")
    found = {row.pk: row for row in rows}
    return found[user.pk], found[by.pk]


def refuse_if_nobody_decides() -> None:
    """Inside the transaction that took power away: then none could ever be given again."""
    rule = Permission.objects.filter(codename="decide_powerchange")
    may = Q(is_superuser=True) | Q(groups__permissions__in=rule)
    if not User.objects.filter(may, role=Role.STAFF, is_active=True).exists():
        raise Refused(
            _("Nobody would be left who may confirm what others may do. Give it to another first.")
        )


@transaction.atomic
def propose(user: User, *, wanted: dict[str, Any], reason: str, by: User) -> PowerChange:
    """Nothing of it holds before a second person says so."""
    user, by = locked(user, by)
    for refusal in reasons_against_proposing(user, by=by):
        raise Refused(refusal)
    for old in PowerChange.objects.overdue().filter(subject=user):
        move(old, ProposalStatus.LAPSED)
    was = {name: value for name, value in of(user).items() if name in wanted}
    change = PowerChange.objects.create(
        subject=user, was=was, wanted=wanted, reason=reason, proposed_by=by
    )
    record("power.proposed", user, by=by, was=was, wanted=wanted, reason=reason)
    return change


def reasons_against_proposing(user: User, *, by: User) -> Iterator[str]:
    if user.pk == by.pk:
        yield _("Nobody gives themself power: ask a colleague.")
    if waiting_for(user):
        yield _(
            "A change of this account waits for a second person already. It is confirmed, refused "
            "or withdrawn first."
        )


@transaction.atomic
def confirm(change: PowerChange, *, by: User) -> PowerChange:
    user, by = locked(change.subject, by)
    change = lock(change)
    for refusal in reasons_against_deciding(change, by=by):
        raise Refused(refusal)
    now = of(user)
    if {name: now[name] for name in change.was} != change.was:
        raise Refused(
            _("The account was changed since this was proposed. Refuse it, and propose it anew.")
        )
    _apply(user, change.wanted)
    move(change, ProposalStatus.APPLIED, decided_by=by, decided_at=timezone.now())
    record(
        "power.given",
        user,
        by=by,
        was=change.was,
        now={name: value for name, value in of(user).items() if name in change.wanted},
        proposed_by=change.proposed_by_id,
        reason=change.reason,
    )
    return change


def _apply(user: User, wanted: dict[str, Any]) -> None:
    for name in ("is_active", "office"):
        if name in wanted:
            setattr(user, name, wanted[name])
    if "sub_county" in wanted:
        user.sub_county_id = wanted["sub_county"]
    user.save(update_fields=["is_active", "office", "sub_county"])
    user.groups.add(*Group.objects.filter(name__in=wanted.get("groups", [])))


@transaction.atomic
def refuse(change: PowerChange, *, reason: str, by: User) -> PowerChange:
    user, by = locked(change.subject, by)
    change = lock(change)
    for refusal in reasons_against_deciding(change, by=by):
        raise Refused(refusal)
    move(
        change,
        ProposalStatus.REFUSED,
        decided_by=by,
        decided_at=timezone.now(),
        decision=reason,
    )
    record("power.refused", user, by=by, wanted=change.wanted, reason=reason)
    return change


@transaction.atomic
def withdraw(change: PowerChange, *, by: User) -> PowerChange:
    user = lock(change.subject)
    change = lock(change)
    if change.proposed_by_id != by.pk:
        raise Refused(_("Only whoever proposed this takes it back; you may refuse it."))
    move(change, ProposalStatus.WITHDRAWN)
    record("power.withdrawn", user, by=by, wanted=change.wanted)
    return change


def reasons_against_deciding(change: PowerChange, *, by: User) -> Iterator[str]:
    if change.proposed_by_id == by.pk:
        yield _("You proposed this, so someone else must decide about it.")
    if change.subject_id == by.pk:
        yield _("Nobody decides about their own power: a colleague must.")
    if not by.has_perm("rights.decide_powerchange"):
        yield _("You may not decide what others may do.")
    if change.status == ProposalStatus.PROPOSED and not change.waits:
        yield _("This waited for more than seven days and has lapsed. Propose it anew.")


# In words


def in_words(change: PowerChange) -> list[tuple[str, str, str]]:
    """Name, what was, what is to be."""
    lines = []
    for name, to_be in change.wanted.items():
        was = change.was.get(name)
        if name == "groups":
            lines.append((_("Groups"), ", ".join(was or []), _plus(was or [], to_be)))
        else:
            lines.append((_name(name), _value(name, was), _value(name, to_be)))
    if change.wanted.get("is_active") and change.subject.has_power:
        lines += _comes_with_it(change)
    return lines


def _comes_with_it(change: PowerChange) -> Iterator[tuple[str, str, str]]:
    """What an account that is made active has already, and where its passwords go."""
    subject = change.subject
    yield _("Role"), "", str(Role(subject.role).label)
    yield _("Phone number"), "", local(subject.phone) if subject.phone else ""
    if subject.role == Role.DIRECTOR:
        for name in PLACES:
            if name not in change.wanted:
                yield _name(name), "", _value(name, getattr(subject, COLUMN[name]))
    elif "groups" not in change.wanted:
        yield _("Groups"), "", ", ".join(of(subject)["groups"])


COLUMN = {"office": "office", "sub_county": "sub_county_id"}


def _name(name: str) -> str:
    return {
        "is_active": _("May sign in"),
        "office": _("Office"),
        "sub_county": _("Sub-county"),
    }[name]


def _value(name: str, value: Any) -> str:
    match name, value:
        case _name, None | "":
            return ""
        case "is_active", bool():
            return _yes(value)
        case "office", str():
            return str(Office(value).label)
        case _other:
            place = SubCounty.objects.select_related("county").filter(pk=value).first()
            return str(place or "")


def _yes(value: bool) -> str:
    return _("Yes") if value else _("No")


def _plus(was: list[str], added: list[str]) -> str:
    return ", ".join(sorted({*was, *added}))


def in_short(change: PowerChange) -> str:
    """On a line of a list, without a query."""
    said = {
        "is_active": _("May sign in"),
        "office": _("Another office"),
        "sub_county": _("Another sub-county"),
    }
    parts = [said[name] for name in change.wanted if name in said]
    return ", ".join([*parts, *change.wanted.get("groups", [])])
