"""Who at headquarters writes the answer."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused, Role, lock
from enquiries.models import Enquiry
from enquiries.services import rules


@transaction.atomic
def take(enquiry: Enquiry, *, by: User) -> Enquiry:
    """Nobody else answers it for a day, or until it is given back."""
    enquiry = lock(enquiry)
    if by.role != Role.STAFF:
        raise Refused(_("Only headquarters takes an enquiry."))
    rules.refuse_unless_theirs(enquiry, by)
    rules.refuse_if_taken(enquiry, by)
    if not enquiry.is_waiting:
        raise Refused(_("This enquiry does not wait for an answer."))
    if enquiry.taken_by_id == by.pk:
        return enquiry
    enquiry.taken_by, enquiry.taken_at = by, timezone.now()
    enquiry.save(update_fields=["taken_by", "taken_at"])
    record("enquiry.taken", enquiry, by=by)
    return enquiry


@transaction.atomic
def give_back(enquiry: Enquiry, *, by: User) -> Enquiry:
    enquiry = lock(enquiry)
    if enquiry.taken_by_id is None:
        return enquiry
    if enquiry.taken_by_id != by.pk:
        raise Refused(_("Somebody else has taken this enquiry, so only they give it back."))
    enquiry.taken_by = enquiry.taken_at = None
    enquiry.save(update_fields=["taken_by", "taken_at"])
    record("enquiry.given_back", enquiry, by=by)
    return enquiry
