"""A handover: written by whoever leaves, taken by whoever comes after them."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from attendance.handing_over import (
    before,
    goes_on,
    last_day,
    reasons_against_handing_over,
    written_by,
)
from attendance.models import Clock, Handover
from attendance.reporting import entry_of
from attendance.serving import SERVED, lines
from cp2.rules import Refused, lock
from deployments.models import Deployment


@transaction.atomic
def hand_over(
    deployment: Deployment, *, by: User, issues: str, absent_candidates: str, hardship: str
) -> Handover:
    """The first is its own record; corrections are in the trail, until somebody has taken over."""
    deployment = lock(deployment)
    entry = entry_of(deployment)
    if entry is None:
        raise Refused(_("This place takes no part in the exam."))
    day, earlier = last_day(deployment, entry), written_by(deployment)
    for against in reasons_against_handing_over(
        deployment, day, earlier, moves_on=goes_on(deployment)
    ):
        raise Refused(against)
    said = {"issues": issues, "absent_candidates": absent_candidates, "hardship": hardship}
    if earlier is None:
        listed = [
            {"name": line.officer, "position": line.position, "mark": line.status}
            for line in lines(entry, day)
            if line.officer_id != deployment.officer_id
        ]
        return Handover.objects.create(deployment=deployment, day=day, invigilators=listed, **said)
    changed = {name: text for name, text in said.items() if getattr(earlier, name) != text}
    if changed:
        was = {name: getattr(earlier, name) for name in changed}
        for name, text in changed.items():
            setattr(earlier, name, text)
        earlier.save(update_fields=[*changed])
        record("handover.corrected", earlier, by=by, was=was, now=changed)
    return earlier


@transaction.atomic
def take_over(deployment: Deployment, *, by: User) -> Handover:
    """Whoever came to the place has read what was left to them. Twice is as good as once."""
    deployment = lock(deployment)
    left = before(deployment)
    found = left and written_by(left)
    if not found:
        raise Refused(_("Nothing has been handed over to you."))
    if deployment.status not in SERVED or deployment.starts_on > timezone.localdate():
        raise Refused(_("You take over on your first day here."))
    # the writer's own row too, which is locked while they correct
    lock(found.deployment)
    handover = lock(found)
    if handover.taken_by_id == deployment.pk:
        return handover
    if handover.taken_by_id:
        raise Refused(_("Somebody has taken over before you."))
    handover.taken_by, handover.taken_at = deployment, Clock()
    handover.save(update_fields=["taken_by", "taken_at"])
    record("handover.taken", handover, by=by)
    return handover
