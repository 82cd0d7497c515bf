"""What may be said to an enquiry, and by whom."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from catalogue.models import Office
from cp2.rules import Refused, Role
from enquiries.models import Enquiry, EnquiryStatus, Reply

MOST_REPLIES = 100
TAKEN_FOR = timedelta(days=1)  # who took one and went on leave keeps nobody waiting


def refuse_unless_theirs(enquiry: Enquiry, by: User) -> None:
    """The office answers what is open, headquarters everything; an appeal none who is a party."""
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


def is_taken(enquiry: Enquiry, *, by: User) -> bool:
    """Whether somebody else at headquarters is at it."""
    if enquiry.taken_by_id in (None, by.pk) or enquiry.taken_at is None:
        return False
    return enquiry.taken_at > timezone.now() - TAKEN_FOR


def refuse_if_taken(enquiry: Enquiry, by: User) -> None:
    if is_taken(enquiry, by=by):
        raise Refused(
            _("%(who)s at headquarters has taken this enquiry and is answering it.")
            % {"who": enquiry.taken_by}
        )


def refuse_if_closed_or_full(enquiry: Enquiry) -> None:
    if enquiry.status == EnquiryStatus.CLOSED:
        raise Refused(_("This enquiry is closed. Write a new one."))
    if enquiry.replies.count() >= MOST_REPLIES:
        raise Refused(_("This enquiry is too long already. Write a new one."))


def latest_reply(enquiry: Enquiry) -> int:
    """The number of what was said last, for a page to say what it has shown; 0 for nothing."""
    return enquiry.replies.order_by("-pk").values_list("pk", flat=True).first() or 0


def refuse_if_unseen(enquiry: Enquiry, by: User, seen: int | None) -> None:
    """Two must not answer past each other; nor past what the officer has just added."""
    if seen is None:
        return
    later: list[Reply] = list(enquiry.replies.filter(pk__gt=seen).select_related("by"))
    if any(said.by_id != by.pk for said in later):
        raise Refused(
            _(
                "Somebody wrote while you did. Read what was said last, above; then send your "
                "answer again, if it still fits."
            )
        )
