"""Entitlements: by the rules, or by headquarters' own number."""

from django.db import transaction
from django.utils.translation import gettext as _

import deployments.vacancies
from accounts.models import User
from accounts.services import record
from catalogue.models import Exam, SubCounty
from cp2.rules import Refused, lock
from deployments import entitlement
from deployments.models import Post, Recount
from deployments.services.steps import given


@transaction.atomic
def compute_posts(
    exam: Exam, *, by: User | None, sub_county: SubCounty | None = None
) -> entitlement.Outcome:
    """Entitle every station to its officers, by candidates and terms. Again is as good as once."""
    asked = Recount.objects.filter(exam=exam)
    if sub_county is not None:
        asked = asked.filter(sub_county=sub_county)
    # what is asked for from here on may count what this does not see yet: it waits its turn
    taken = list(
        asked.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    )
    outcome = entitlement.compute(exam, sub_county)
    Recount.objects.filter(pk__in=taken).delete()
    if by is None and not outcome:
        return outcome
    deployments.vacancies.follow(exam, sub_county, by=by)
    record(
        "posts.computed",
        exam,
        by=by,
        sub_county=sub_county.pk if sub_county else None,
        made=outcome.made,
        changed=outcome.changed,
        removed=outcome.removed,
        held=outcome.held,
    )
    return outcome


@transaction.atomic
def override_post(post: Post, *, required: int, reason: str, by: User) -> Post:
    """Headquarters entitles a station to another number than the rules give."""
    post = lock(post)
    reason = given(reason)
    slots = post.deployments.live().order_by("-slot").values_list("slot", flat=True)
    held = slots.first() or 0
    if required < held:
        raise Refused(
            _("Officers are deployed up to place %(held)s, so the entitlement cannot be less.")
            % {"held": held}
        )
    was, post.required, post.override_reason = post.required, required, reason
    post.save(update_fields=["required", "override_reason"])
    deployments.vacancies.follow(post.exam, post.station.sub_county, by=by)
    record("post.overridden", post, by=by, was=was, now=required, reason=reason)
    return post
