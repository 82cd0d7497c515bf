"""Open enquiries whose promised day has passed go to headquarters, by rule.

The promise counts calendar days: whoever waits for their money waits on Sundays too.
"""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.services import record_each, tell_each
from cp2.rules import in_portions
from enquiries.models import Enquiry, EnquiryStatus, Reply
from enquiries.services.asking import all_promises, promised_day


def escalate_due(*, most: int = 500) -> int:
    """What was missed while no worker ran is made up for; what is escalated is due no more."""
    return in_portions(_escalate, most=most)


@transaction.atomic
def _escalate(most: int) -> int:
    """Those that nobody holds: who answers one at this moment has answered it, or it is still
    there next time."""
    due = Enquiry.objects.overdue().filter(status=EnquiryStatus.OPEN)
    rows = list(
        due.select_related("officer__user", "topic")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("answer_by", "pk")[:most]
    )
    if not rows:
        return 0
    promised = [(row, row.answer_by) for row in rows]
    promises, replies = all_promises(), []
    for row in rows:
        row.status = EnquiryStatus.ESCALATED
        row.answer_by = promised_day(row.category, row.topic, promises=promises)
        replies.append(Reply(enquiry=row, text=_words(row)))
    for day in {row.answer_by for row in rows}:  # few: promises are made by subject
        these = [row.pk for row in rows if row.answer_by == day]
        Enquiry.objects.filter(pk__in=these).update(status=EnquiryStatus.ESCALATED, answer_by=day)
    Reply.objects.bulk_create(replies)
    record_each(
        "enquiry.escalated",
        [(row, {"promised": day.isoformat()}) for row, day in promised],
        by=None,
    )
    tell_each(
        "enquiries/escalated",
        (
            (row.officer.user, None, {"subject": row.subject, "day": row.answer_by})
            for row in rows
            if row.officer
        ),
    )
    return len(rows)


def _words(enquiry: Enquiry) -> str:
    """In the thread, in the officer's own language."""
    language = enquiry.officer.user.language if enquiry.officer else "en"
    with translation.override(language):
        return _(
            "The promised day has passed without an answer from the sub-county, so this is with "
            "KNEC headquarters now."
        )
