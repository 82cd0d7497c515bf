"""A new question, and by when it is answered."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused, lock
from enquiries import attachments
from enquiries.models import (
    PROMISED_DAYS,
    Category,
    Enquiry,
    EnquiryPromise,
    EnquiryStatus,
    Topic,
    Way,
)
from profiles.models import Officer, Vetting
from profiles.uploads import PaperFile

MOST_WAITING = 10


def ask(officer: Officer, *, by: User, files: Sequence[PaperFile] = (), **query: Any) -> Enquiry:
    """A new question, in the fields of KNEC's query form."""
    with attachments.put_away(files) as kept, transaction.atomic():
        officer = lock(officer)
        if officer.enquiries.waiting().count() >= MOST_WAITING:
            raise Refused(
                _("You have %(most)s enquiries without an answer. Add to one of those instead.")
                % {"most": MOST_WAITING}
            )
        if query.get("category") == Category.APPEAL:
            _refuse_appeal(officer)
        enquiry = open_one(officer, by=by, **query)
        attachments.attach(enquiry, kept, by=by)
        return enquiry


def open_one(officer: Officer, *, by: User, **query: Any) -> Enquiry:
    """Past the limits of what officers may ask; in the caller's transaction."""
    enquiry = Enquiry(officer=officer, **query)
    if enquiry.topic is not None:
        enquiry.category = enquiry.topic.category
    enquiry.full_name = enquiry.full_name or officer.full_name
    enquiry.answer_by = promised_day(enquiry.category, enquiry.topic)
    if enquiry.is_appeal:
        enquiry.status = EnquiryStatus.ESCALATED
    enquiry.save()
    details = {"way": enquiry.way} if enquiry.way != Way.PAGE else {}
    record("enquiry.opened", enquiry, by=by, category=enquiry.category, **details)
    if enquiry.is_appeal:
        record("officer.appealed", officer, by=by, enquiry=enquiry.pk)
    return enquiry


def promised_day(
    category: str, topic: Topic | None, *, promises: Mapping[str, int] | None = None
) -> date:
    """The last day of the promise, from today: of the topic, of its category, or a week. For many
    the `promises` of the categories are read once."""
    days = topic.promised_days if topic else None
    if days is None:
        of_each = all_promises() if promises is None else promises
        days = of_each.get(category, PROMISED_DAYS)
    return timezone.localdate() + timedelta(days=days)


def all_promises() -> dict[str, int]:
    return dict(EnquiryPromise.objects.order_by().values_list("category", "days"))


def _refuse_appeal(officer: Officer) -> None:
    if officer.vetting != Vetting.BARRED:
        raise Refused(_("You are not barred, so there is nothing to appeal against."))
    if officer.enquiries.live_appeals().exists():
        raise Refused(_("You have appealed already. Add to that enquiry instead."))


def appeal_of(officer: Officer) -> Enquiry | None:
    """The one that is not closed."""
    return officer.enquiries.live_appeals().first()
