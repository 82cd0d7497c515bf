"""Phones that may mark a centre's register by text."""

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.services import ALPHABET, record, tell
from attendance.models import MOST_PHONES, CentrePhone
from catalogue.models import CentreEntry
from cp2.rules import Refused, lock
from deployments.models import MANAGES_THE_CENTRE, Deployment
from sms.phones import hinted

LENGTH = 8


@sensitive_variables("code")
@transaction.atomic
def ask_code(entry: CentreEntry, *, by: User, acting_name: str) -> str:
    """A code to be texted from the phone that is to mark this centre. It replaces an earlier one,
    and rests nowhere but on the page that shows it."""
    entry = lock(entry)
    if entry.phones.confirmed().count() >= MOST_PHONES:
        raise Refused(
            _("%(most)s phones are registered, which is all that a centre may have. Remove one.")
            % {"most": MOST_PHONES}
        )
    code = "".join(secrets.choice(ALPHABET) for _n in range(LENGTH))
    CentrePhone.objects.update_or_create(
        entry=entry,
        phone="",
        defaults={"code_hash": hashed(code), "asked_at": timezone.now()},
    )
    record("phone.asked", entry, by=by, acting_name=acting_name)
    return code


def hashed(typed: str) -> str:
    """However it was typed: in capitals, in two halves, with a dash between them."""
    code = "".join(filter(str.isalnum, typed.lower()))
    return salted_hmac("attendance.phones", code, algorithm="sha256").hexdigest()


@transaction.atomic
def confirm_phone(phone: str, *, code: str) -> CentrePhone:
    """The code came from this phone, so it is in the centre's hands."""
    found = CentrePhone.objects.waiting().filter(code_hash=hashed(code)).first()
    if found is None:
        raise Refused(_("This code is wrong or over. The centre's page shows a new one."))
    entry = lock(found.entry)
    waiting = CentrePhone.objects.select_for_update().filter(pk=found.pk, phone="").first()
    if waiting is None or waiting.code_hash != found.code_hash:
        raise Refused(_("This code was used already."))
    known = entry.phones.filter(phone=phone).first()
    if known:
        waiting.delete()
        return known
    waiting.phone, waiting.code_hash, waiting.confirmed_at = phone, "", timezone.now()
    waiting.save(update_fields=["phone", "code_hash", "confirmed_at"])
    record("phone.registered", entry, by=None, phone=hinted(phone))
    for manager in managers(entry):
        if manager.phone != phone:
            tell(manager, "attendance/phone_added", number=hinted(phone))
    return waiting


def managers(entry: CentreEntry) -> list[User]:
    """Who manages the centre today: they hear of each phone that may mark for it."""
    serving = (
        Deployment.objects.serving_on(timezone.localdate())
        .filter(
            post__exam=entry.exam_id,
            post__station=entry.station_id,
            post__position__code=MANAGES_THE_CENTRE,
        )
        .select_related("officer__user")
    )
    return [deployment.officer.user for deployment in serving]


@transaction.atomic
def remove_phone(phone: CentrePhone, *, by: User, acting_name: str) -> None:
    """From now on its texts mark nothing."""
    entry = lock(phone.entry)
    gone, _tables = entry.phones.confirmed().filter(pk=phone.pk).delete()
    if not gone:
        raise Refused(_("This phone was removed already."))
    record("phone.removed", entry, by=by, acting_name=acting_name, phone=hinted(phone.phone))
