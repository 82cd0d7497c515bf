"""Entitlements follow candidates and terms, sub-county by sub-county, soon after these change."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from catalogue.models import CentreEntry, DutyStation, Exam, SubCounty
from deployments.models import Post, Recount
from deployments.services.posts import compute_posts

logger = logging.getLogger(__name__)

WAIT = timedelta(minutes=1)


@transaction.atomic
def ask_recount(exam: Exam, *, by: User) -> int:
    """Have a whole exam computed anew, one sub-county after the other. Returns how many."""
    entries = CentreEntry.objects.filter(exam=exam)
    stations = DutyStation.objects.filter(pk__in=entries.values("station")).union(
        DutyStation.objects.filter(pk__in=entries.values("distribution_centre")),
        DutyStation.objects.filter(marking_entries__exam=exam),
        DutyStation.objects.filter(pk__in=Post.objects.filter(exam=exam).values("station")),
    )
    places = sorted(set(stations.values_list("sub_county", flat=True)))
    Recount.objects.bulk_create(
        Recount(exam=exam, sub_county_id=place, asked_by=by) for place in places
    )
    return len(places)


def waiting() -> list[tuple[Exam, int]]:
    """The exams of which sub-counties are still to be computed, and how many of each."""
    left = (
        Recount.objects.order_by()
        .values_list("exam")
        .annotate(n=Count("sub_county", distinct=True))
    )
    number = dict(left)
    return [(exam, number[exam.pk]) for exam in Exam.objects.filter(pk__in=number)]


def recount_due(*, most: int = 20) -> int:
    """A few at a time, so that texts do not wait behind a nation."""
    done = 0
    while done < most and _recount_next():
        done += 1
    return done


def _recount_next() -> bool:
    try:
        with transaction.atomic():
            due = (
                Recount.objects.filter(not_before__lte=Now())
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("exam", "sub_county", "asked_by")
                .first()
            )
            if due is not None:
                _recount(due.exam, due.sub_county, by=due.asked_by)
    except Exception:  # whatever it is, the others must be computed
        logger.exception("recount_failed", extra={"recount": due and due.pk})
        if due is None:
            return False
        Recount.objects.filter(pk=due.pk).update(not_before=timezone.now() + WAIT)
    return due is not None


def _recount(exam: Exam, sub_county: SubCounty, *, by: User | None) -> None:
    """What was asked for an exam that is over stays as it was served."""
    if exam.ends_on >= timezone.localdate():
        compute_posts(exam, by=by, sub_county=sub_county)
    else:
        Recount.objects.filter(exam=exam, sub_county=sub_county).delete()
