"""The printed register that everybody has signed, on its way to headquarters."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from attendance.eligibility import (
    moment,
    reasons_against_signing,
)
from attendance.models import (
    Mark,
    RegisterReturn,
    ReturnStatus,
)
from catalogue.models import CentreEntry
from cp2.rules import Refused, lock, move


def code_of(entry: CentreEntry) -> str:
    """What is printed on the return: the entry, and a digest of its marks. So paper that was
    signed before a mark changed can be told from paper that agrees with the portal."""
    return codes_of([entry.pk])[entry.pk]


def codes_of(entries: Iterable[int]) -> dict[int, str]:
    """The codes of many; one query for all of them. A mark goes by its deployment, which stays
    when two accounts of its officer become one."""
    digests = {entry: hashlib.sha256() for entry in entries}
    marks = (
        Mark.objects.filter(
            deployment__post__station__entries__in=digests.keys(),
            deployment__post__exam=F("deployment__post__station__entries__exam"),
        )
        .order_by("deployment_id", "day")
        .values_list("deployment__post__station__entries", "deployment_id", "day", "status")
    )
    for entry, deployment, day, status in marks:
        digests[entry].update(f"{deployment} {day} {status}\n".encode())
    return {
        entry: f"R{entry}-{digest.hexdigest()[:8].upper()}" for entry, digest in digests.items()
    }


def with_changes(returns: Iterable[Any]) -> list[Any]:
    """Each with `new_code` where its marks say something else than the paper, else nothing. Only
    of those that were touched since are the marks read."""
    rows = list(returns)
    touched = [row.entry_id for row in rows if row.marks_changed_at]
    codes = codes_of(touched) if touched else {}
    for row in rows:
        code = codes.get(row.entry_id, row.code)
        row.new_code = "" if code == row.code else code
    return rows


@transaction.atomic
def sign(entry: CentreEntry, *, by: User, acting_name: str) -> RegisterReturn:
    """All officers have signed the printed register. Signing again replaces the paper: one that
    nobody stamped yet, or one whose marks have changed, however far it has come."""
    entry = lock(entry)
    # Whoever marks holds the day's register, so no mark is on its way while the code is made.
    list(entry.registers.select_for_update().order_by("day"))
    now = moment(entry, entry.exam.ends_on)
    for reason in reasons_against_signing(entry, now=now.now):
        raise Refused(reason)
    code = code_of(entry)
    made, new = RegisterReturn.objects.select_for_update().get_or_create(
        entry=entry, defaults={"code": code}
    )
    details = {} if new else _replaced(made, code)
    fresh: dict[str, Any] = {"code": code, "signed_at": now.now, "marks_changed_at": None}
    if made.status == ReturnStatus.SIGNED:
        for name, value in fresh.items():
            setattr(made, name, value)
        made.save(update_fields=[*fresh])
    else:
        move(made, ReturnStatus.SIGNED, stamped_by=None, received_by=None, **fresh)
    record("return.signed", made, by=by, acting_name=acting_name, code=code, **details)
    return made


def _replaced(earlier: RegisterReturn, code: str) -> dict[str, Any]:
    """What the trail keeps of the paper before, which may lie at headquarters already."""
    if earlier.status != ReturnStatus.SIGNED and earlier.code == code:
        raise Refused(_("The return has been stamped, so it cannot be signed again."))
    return {
        "was": earlier.code,
        "was_status": earlier.status,
        "was_signed_at": earlier.signed_at.isoformat(),
        "was_stamped_by": earlier.stamped_by_id,
        "was_received_by": earlier.received_by_id,
    }


@transaction.atomic
def stamp(signed: RegisterReturn, *, by: User) -> RegisterReturn:
    """The SCDE has the paper, and it says what the portal says."""
    signed = lock(signed)
    changed = signed.status == ReturnStatus.SIGNED and signed.code != code_of(signed.entry)
    if changed:
        raise Refused(
            _(
                "The register was changed after it was signed. The centre must print and sign it "
                "again."
            )
        )
    move(signed, ReturnStatus.STAMPED, stamped_by=by, marks_changed_at=None)
    record("return.stamped", signed, by=by, code=signed.code)
    return signed


@transaction.atomic
def receive(stamped: RegisterReturn, *, by: User) -> RegisterReturn:
    """Headquarters has the paper, even if marks have changed since: lists go on saying that."""
    stamped = lock(stamped)
    move(stamped, ReturnStatus.RECEIVED, received_by=by)
    record("return.received", stamped, by=by, code=stamped.code)
    return stamped


# The same for many that were scanned or ticked


class Done(NamedTuple):
    done: int
    refused: list[str]


def stamp_all(chosen: Iterable[RegisterReturn], *, by: User) -> Done:
    return _each(chosen, stamp, by)


def receive_all(chosen: Iterable[RegisterReturn], *, by: User) -> Done:
    return _each(chosen, receive, by)


def _each(chosen: Iterable[RegisterReturn], act: Callable[..., RegisterReturn], by: User) -> Done:
    """Each under its own lock: what is refused to one keeps no other waiting."""
    done, refused = 0, list[str]()
    for each in chosen:
        try:
            act(each, by=by)
        except Refused as refusal:
            refused.append(f"{each.code}: {refusal}")
        else:
            done += 1
    return Done(done, refused)
