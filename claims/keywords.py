"""What the short code does about a claim. The roof's settings tie words to these."""

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import tell
from claims.facts import expected
from claims.models import Claim, ClaimStatus, Hold
from claims.templatetags.shillings import shillings
from deployments.keywords import owner


def pay(sender: str, words: str, at: datetime) -> str:
    """PAY or MALIPO: where the sender's money is, of the newest exam. A number without an account
    hears nothing: what is paid to whom is not asked by trying numbers."""
    user = owner(sender)
    if user is None:
        return "silent: no account"
    with translation.override(user.language):
        event, context = _stand(user)
    tell(user, f"claims/{event}", **context)
    return f"answered: {event}"


def _stand(user: User) -> tuple[str, dict[str, Any]]:
    claim = (
        Claim.objects.visible_to(user).select_related("exam").order_by("-exam__year", "-pk").first()
    )
    awaited = expected(user)
    if awaited and (claim is None or awaited[0].exam.year >= claim.exam.year):
        first = awaited[0]
        return "so_far", {"exam": first.exam.short, "days": first.days, "amount": first.amount}
    if claim is None:
        return "no_claim", {}
    stand = str(claim.get_status_display()).lower()
    hold = (
        Hold.objects.standing().filter(claim=claim).first()
        if claim.status != ClaimStatus.PAID
        else None
    )
    if hold:
        stand = _("%(status)s, held: %(why)s") % {"status": stand, "why": hold.get_code_display()}
    return "stand", {
        "exam": claim.exam.short,
        "days": claim.days,
        "amount": shillings(claim.net),
        "stand": stand,
    }
