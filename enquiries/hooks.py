"""What claims, which lie below, have enquiries do. The roof's settings tie them together."""

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import SubCounty
from claims.models import Claim
from cp2.rules import Refused, move
from enquiries.models import Category, Enquiry, EnquiryStatus, Reply, Way
from enquiries.services.asking import open_one


@transaction.atomic
def claim_disputed(claim: Claim, *, by: User, reason: str) -> int:
    """The dispute is a question of its officer, that is answered as any other; its number. There is
    no earlier one: before a claim can be disputed again it is settled, which closes that."""
    officer = claim.officer
    with translation.override(officer.user.language):
        subject = _("I dispute my claim for %(exam)s") % {"exam": claim.exam.short}
    opened = open_one(
        officer,
        by=by,
        sub_county=officer.sub_county or _where_served(claim),
        exam=claim.exam,
        claim=claim,
        way=Way.CLAIM,
        category=Category.PAYMENT,
        payee_phone=officer.payee_phone,
        subject=subject[:120],
        text=reason[:2000],
    )
    return int(opened.pk)


def _where_served(claim: Claim) -> SubCounty:
    """Whoever has given no workstation is routed by where the days were served."""
    line = claim.lines.select_related("deployment__post__station__sub_county").first()
    if line is None:
        raise Refused(_("Fill in where you work in your profile first."))
    return line.deployment.post.station.sub_county


@transaction.atomic
def claim_settled(claim: Claim, *, by: User, note: str) -> None:
    """What came of it is the answer, and nothing more is to be said. The officer hears of it by
    the claim's own text. Who withdraws has answered nothing, and only closes it. Whoever closed
    theirs meanwhile knows enough."""
    live = Enquiry.objects.filter(claim=claim, way=Way.CLAIM).exclude(status=EnquiryStatus.CLOSED)
    enquiry = live.select_for_update().first()  # the database lets there be one
    if enquiry is None:
        return
    now = timezone.now()
    Reply.objects.create(enquiry=enquiry, by=by, text=note[:2000])
    if by.pk != claim.officer.user_id:
        if enquiry.status != EnquiryStatus.ANSWERED:
            answered_at = enquiry.first_answered_at or now
            move(enquiry, EnquiryStatus.ANSWERED, first_answered_at=answered_at)
        record("enquiry.answered", enquiry, by=by)
    move(enquiry, EnquiryStatus.CLOSED, closed_at=now, taken_by=None, taken_at=None)
    record("enquiry.closed", enquiry, by=by)
