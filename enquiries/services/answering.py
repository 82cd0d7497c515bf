"""What is said below a question, by the officer and by those who answer."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from cp2.rules import Refused, Role, lock, move
from enquiries import attachments
from enquiries.models import Enquiry, EnquiryStatus, Note, Reply
from enquiries.services import rules
from enquiries.services.asking import promised_day
from profiles.uploads import PaperFile

MOST_NOTES = 100


def reply(enquiry: Enquiry, *, by: User, text: str, files: Sequence[PaperFile] = ()) -> Reply:
    """The officer adds something. After an answer that makes it an open question again, with a
    new day by which it is answered."""
    with attachments.put_away(files) as kept, transaction.atomic():
        enquiry = lock(enquiry)
        if enquiry.officer is None or enquiry.officer.user_id != by.pk:
            raise Refused(_("Only the officer who asked can add to this enquiry."))
        if enquiry.status == EnquiryStatus.ANSWERED:
            again = EnquiryStatus.ESCALATED if enquiry.is_appeal else EnquiryStatus.OPEN
            move(enquiry, again, answer_by=promised_day(enquiry.category, enquiry.topic))
        added = _say(enquiry, by=by, text=text)
        attachments.attach(enquiry, kept, by=by, reply=added)
        record("enquiry.added_to", enquiry, by=by)
        return added


def answer(
    enquiry: Enquiry,
    *,
    by: User,
    text: str,
    files: Sequence[PaperFile] = (),
    seen: int | None = None,
) -> Reply:
    """The SCDE answers; once it is escalated, headquarters does. `seen` is the last reply that
    whoever answers has read."""
    with attachments.put_away(files) as kept, transaction.atomic():
        enquiry = lock(enquiry)
        rules.refuse_unless_theirs(enquiry, by)
        rules.refuse_if_taken(enquiry, by)
        rules.refuse_if_unseen(enquiry, by, seen)
        now = timezone.now()
        fields: dict[str, Any] = {"taken_by": None, "taken_at": None}
        fields["first_answered_at"] = enquiry.first_answered_at or now
        if enquiry.status != EnquiryStatus.ANSWERED:
            move(enquiry, EnquiryStatus.ANSWERED, **fields)
        answered = _say(enquiry, by=by, text=text)
        attachments.attach(enquiry, kept, by=by, reply=answered)
        record("enquiry.answered", enquiry, by=by)
        if enquiry.officer and enquiry.is_appeal:
            record("officer.appeal_answered", enquiry.officer, by=by, enquiry=enquiry.pk)
        _tell(enquiry, "answered")
        return answered


@transaction.atomic
def escalate(enquiry: Enquiry, *, by: User, reason: str) -> Enquiry:
    """The SCDE cannot settle it: headquarters must answer, and the officer reads why."""
    enquiry = lock(enquiry)
    rules.refuse_unless_theirs(enquiry, by)
    answer_by = promised_day(enquiry.category, enquiry.topic)
    move(enquiry, EnquiryStatus.ESCALATED, answer_by=answer_by)
    _say(enquiry, by=by, text=reason)
    record("enquiry.escalated", enquiry, by=by, reason=reason)
    _tell(enquiry, "escalated", day=answer_by)
    return enquiry


@transaction.atomic
def close(enquiry: Enquiry, *, by: User) -> Enquiry:
    """Nothing more to say: by the one who asked, or by whoever at headquarters may answer it, who
    tells that one."""
    enquiry = lock(enquiry)
    asked = enquiry.officer is not None and enquiry.officer.user_id == by.pk
    if not asked:
        if by.role != Role.STAFF:
            raise Refused(_("Only the officer who asked can close this enquiry."))
        rules.refuse_unless_theirs(enquiry, by)
        rules.refuse_if_taken(enquiry, by)
    move(
        enquiry,
        EnquiryStatus.CLOSED,
        closed_at=timezone.now(),
        taken_by=None,
        taken_at=None,
    )
    record("enquiry.closed", enquiry, by=by)
    if not asked:
        _tell(enquiry, "closed")
    return enquiry


@transaction.atomic
def note(enquiry: Enquiry, *, by: User, text: str) -> Note:
    """Among those who answer; of a closed one too, since somebody may ask again."""
    enquiry = lock(enquiry)
    if by.role != Role.STAFF:
        rules.refuse_unless_theirs(enquiry, by)
    if enquiry.notes.count() >= MOST_NOTES:
        raise Refused(_("There are %(most)s notes already.") % {"most": MOST_NOTES})
    noted: Note = enquiry.notes.create(by=by, text=text)
    record("enquiry.noted", enquiry, by=by)
    return noted


def _say(enquiry: Enquiry, *, by: User, text: str) -> Reply:
    rules.refuse_if_closed_or_full(enquiry)
    return Reply.objects.create(enquiry=enquiry, by=by, text=text)


def _tell(enquiry: Enquiry, event: str, **context: Any) -> None:
    if enquiry.officer:
        tell(enquiry.officer.user, f"enquiries/{event}", subject=enquiry.subject, **context)
