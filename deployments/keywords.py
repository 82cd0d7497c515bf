"""What the short code does about a deployment. The roof's settings tie words to these."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone, translation

from accounts.models import User
from accounts.services import tell
from cp2.rules import Refused, Role
from deployments import services
from deployments.models import Deployment, DeploymentQuerySet, DeploymentStatus
from sms.services import send_once_a_day

LONGEST_REASON = 300
AGAIN = timedelta(days=1)


def status(sender: str, words: str, at: datetime) -> str:
    """STATUS: where the sender is to serve, the next duty first."""
    user = owner(sender)
    if user is None:
        return _unknown(sender)
    next_duty = _live(user).order_by("starts_on", "pk").first()
    if next_duty is None:
        return _answer(user, "no_deployment")
    with translation.override(user.language):
        stand = next_duty.get_status_display().lower()
    return _answer(user, "status", **services.words(next_duty), status=stand)


def accept(sender: str, words: str, at: datetime) -> str:
    """ACCEPT: the one offer that is waiting."""
    return _with_the_offer(
        sender, lambda offer, user: services.accept(offer, by=user), answered=_accepted
    )


def reject(sender: str, words: str, at: datetime) -> str:
    """REJECT and why: the one offer that is waiting."""
    reason = " ".join(words.split())[:LONGEST_REASON]

    def act(offer: Deployment, user: User) -> None:
        services.reject(offer, by=user, reason=reason)
        tell(user, "deployments/reject_noted", **services.words(offer))

    user = owner(sender)
    if user is not None and not reason:
        return _answer(user, "reason_missing")
    return _with_the_offer(sender, act, answered=_rejected)


def owner(sender: str) -> User | None:
    """The officer whose account has this number."""
    return User.objects.filter(phone=sender, role=Role.OFFICER, is_active=True).first()


def _unknown(sender: str) -> str:
    return send_once_a_day(sender, "accounts/unknown_number")


def _live(user: User) -> DeploymentQuerySet:
    ahead = Deployment.objects.filter(officer__user=user, ends_on__gte=timezone.localdate())
    return ahead.live().with_place().select_related("officer")


def _with_the_offer(
    sender: str, act: Callable[[Deployment, User], object], *, answered: Callable[[User], str]
) -> str:
    user = owner(sender)
    if user is None:
        return _unknown(sender)
    offers = list(_live(user).filter(status=DeploymentStatus.OFFERED).order_by("starts_on"))
    if not offers:
        return answered(user)
    if len({_breath(offer) for offer in offers}) > 1:
        return _answer(user, "several_offers")
    return _carry_out(offers[0], user, act)


def _breath(offer: Deployment) -> tuple[object, ...]:
    """The legs of a rotation that were offered at once are one offer."""
    return offer.post.exam_id, offer.post.position_id, offer.respond_by


def _accepted(user: User) -> str:
    """Who texts ACCEPT twice, since no answer came yet, hears the same twice."""
    lately = timezone.now() - AGAIN
    for done in _live(user).filter(answered_at__gte=lately).order_by("starts_on")[:1]:
        return _answer(user, "accepted", **services.words(done))
    return _answer(user, "no_offer")


def _rejected(user: User) -> str:
    lately = Deployment.objects.filter(
        officer__user=user,
        status=DeploymentStatus.REJECTED,
        answered_at__gte=timezone.now() - AGAIN,
    )
    rows = lately.with_place().select_related("officer").order_by("-answered_at")
    for done in rows[:1]:
        return _answer(user, "reject_noted", **services.words(done))
    return _answer(user, "no_offer")


def _carry_out(offer: Deployment, user: User, act: Callable[[Deployment, User], object]) -> str:
    try:
        with translation.override(user.language):
            act(offer, user)
    except Refused as refusal:
        return _answer(user, "refused", why=str(refusal))
    return "done"


def _answer(user: User, event: str, **context: Any) -> str:
    tell(user, f"deployments/{event}", **context)
    return f"answered: {event}"
