"""The printed register that everybody has signed, on its way to headquarters."""

import hashlib

from django.db import transaction
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
    digest = hashlib.sha256()
    marks = Mark.objects.of(entry).order_by("officer_id", "day")
    for officer, day, status in marks.values_list("officer", "day", "status"):
        digest.update(f"{officer} {day} {status}\n".encode())
    return f"R{entry.pk}-{digest.hexdigest()[:8].upper()}"


@transaction.atomic
def sign(entry: CentreEntry, *, by: User, acting_name: str) -> RegisterReturn:
    """All officers have signed the printed register. Signing again replaces an unstamped one."""
    entry = lock(entry)
    now = moment(entry, entry.exam.ends_on)
    for reason in reasons_against_signing(entry, now=now.now):
        raise Refused(reason)
    made, _new = RegisterReturn.objects.select_for_update().get_or_create(
        entry=entry, defaults={"code": code_of(entry)}
    )
    if made.status != ReturnStatus.SIGNED:
        raise Refused(_("The return has been stamped, so it cannot be signed again."))
    made.code, made.signed_at = code_of(entry), now.now
    made.save(update_fields=["code", "signed_at"])
    record("return.signed", made, by=by, acting_name=acting_name, code=made.code)
    return made


@transaction.atomic
def stamp(signed: RegisterReturn, *, by: User) -> RegisterReturn:
    """The SCDE has the paper, and it says what the portal says."""
    signed = lock(signed)
    if signed.status == ReturnStatus.SIGNED and signed.code != code_of(signed.entry):
        raise Refused(
            _(
                "The register was changed after it was signed. The centre must print and sign it "
                "again."
            )
        )
    move(signed, ReturnStatus.STAMPED, stamped_by=by)
    record("return.stamped", signed, by=by, code=signed.code)
    return signed


@transaction.atomic
def receive(stamped: RegisterReturn, *, by: User) -> RegisterReturn:
    """Headquarters has the paper."""
    stamped = lock(stamped)
    move(stamped, ReturnStatus.RECEIVED, received_by=by)
    record("return.received", stamped, by=by, code=stamped.code)
    return stamped
