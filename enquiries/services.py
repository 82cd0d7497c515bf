"""A question, what is said about it, and who must answer it now."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from accounts.services import record, tell
from catalogue.models import Office
from cp2.rules import Refused, Role, lock, move
from enquiries.models import Enquiry, EnquiryStatus, Reply
from profiles.models import Officer, Vetting

MOST_WAITING = 10
MOST_REPLIES = 100


def ask(officer: Officer, *, by: User, **query: Any) -> Enquiry:
    """A new question, in the fields of KNEC's query form."""
    with transaction.atomic():
        officer = lock(officer)
        if officer.enquiries.waiting().count() >= MOST_WAITING:
            raise Refused(
                _("You have %(most)s enquiries without an answer. Add to one of those instead.")
                % {"most": MOST_WAITING}
            )
        enquiry = Enquiry(officer=officer, **query)
        if enquiry.is_appeal:
            _refuse_appeal(officer)
            enquiry.status = EnquiryStatus.ESCALATED
        enquiry.save()
        record("enquiry.opened", enquiry, by=by, category=enquiry.category)
        if enquiry.is_appeal:
            record("officer.appealed", officer, by=by, enquiry=enquiry.pk)
        return enquiry


def _refuse_appeal(officer: Officer) -> None:
    if officer.vetting != Vetting.BARRED:
        raise Refused(_("You are not barred, so there is nothing to appeal against."))
    if officer.enquiries.live_appeals().exists():
        raise Refused(_("You have appealed already. Add to that enquiry instead."))


def appeal_of(officer: Officer) -> Enquiry | None:
    """The one that is not closed."""
    return officer.enquiries.live_appeals().first()


@transaction.atomic
def reply(enquiry: Enquiry, *, by: User, text: str) -> Reply:
    """The officer adds something. After an answer that makes it an open question again."""
    enquiry = lock(enquiry)
    if enquiry.officer is None or enquiry.officer.user_id != by.pk:
        raise Refused(_("Only the officer who asked can add to this enquiry."))
    if enquiry.status == EnquiryStatus.ANSWERED:
        again = EnquiryStatus.ESCALATED if enquiry.is_appeal else EnquiryStatus.OPEN
        move(enquiry, again)
    added = _say(enquiry, by=by, text=text)
    record("enquiry.added_to", enquiry, by=by)
    return added


@transaction.atomic
def answer(enquiry: Enquiry, *, by: User, text: str) -> Reply:
    """The SCDE answers; once it is escalated, headquarters does."""
    enquiry = lock(enquiry)
    _refuse_unless_theirs(enquiry, by)
    if enquiry.status != EnquiryStatus.ANSWERED:
        move(enquiry, EnquiryStatus.ANSWERED)
    answered = _say(enquiry, by=by, text=text)
    record("enquiry.answered", enquiry, by=by)
    if enquiry.officer and enquiry.is_appeal:
        record("officer.appeal_answered", enquiry.officer, by=by, enquiry=enquiry.pk)
    if enquiry.officer:
        tell(
            enquiry.officer.user,
            "enquiries/answered",
            subject=enquiry.subject,
            site=settings.SITE_URL,
        )
    return answered


@transaction.atomic
def escalate(enquiry: Enquiry, *, by: User, reason: str) -> Enquiry:
    """The SCDE cannot settle it: headquarters must answer, and the officer reads why."""
    enquiry = lock(enquiry)
    _refuse_unless_theirs(enquiry, by)
    move(enquiry, EnquiryStatus.ESCALATED)
    _say(enquiry, by=by, text=reason)
    record("enquiry.escalated", enquiry, by=by, reason=reason)
    return enquiry


@transaction.atomic
def close(enquiry: Enquiry, *, by: User) -> Enquiry:
    """Nothing more to say: by the one who asked, or by headquarters."""
    enquiry = lock(enquiry)
    asked = enquiry.officer is not None and enquiry.officer.user_id == by.pk
    if not asked and by.role != Role.STAFF:
        raise Refused(_("Only the officer who asked can close this enquiry."))
    move(enquiry, EnquiryStatus.CLOSED)
    record("enquiry.closed", enquiry, by=by)
    return enquiry


def _refuse_unless_theirs(enquiry: Enquiry, by: User) -> None:
    if enquiry.is_appeal:
        _refuse_unless_free_to_judge(enquiry, by)
    if by.role == Role.STAFF:
        return
    if by.office != Office.SCDE or by.sub_county_id != enquiry.sub_county_id:
        raise Refused(_("Only the Sub-County Director of Education answers this enquiry."))
    if enquiry.status == EnquiryStatus.ESCALATED:
        raise Refused(_("This enquiry is with headquarters now."))


def _refuse_unless_free_to_judge(enquiry: Enquiry, by: User) -> None:
    """Nobody answers an appeal against what they did themselves."""
    if by.role != Role.STAFF:
        raise Refused(_("Headquarters answers an appeal."))
    if enquiry.officer is None:  # the database would not have it
        return
    barred = Entry.objects.about(enquiry.officer).filter(verb="officer.barred").order_by("-pk")
    if barred.values_list("actor", flat=True).first() == by.pk:
        raise Refused(_("You barred this officer, so somebody else answers the appeal."))


def _say(enquiry: Enquiry, *, by: User, text: str) -> Reply:
    if enquiry.status == EnquiryStatus.CLOSED:
        raise Refused(_("This enquiry is closed. Write a new one."))
    if enquiry.replies.count() >= MOST_REPLIES:
        raise Refused(_("This enquiry is too long already. Write a new one."))
    return Reply.objects.create(enquiry=enquiry, by=by, text=text)
