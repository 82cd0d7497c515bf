"""The same answer to many who ask alike, and many that are closed: in a few statements, however
many they are."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_each, tell_each
from cp2.rules import Refused, refuse_move
from enquiries.models import CannedAnswer, Enquiry, EnquiryStatus, Reply
from enquiries.services import rules

MOST_AT_ONCE = 500


@dataclass
class Tally:
    """For how many it was done, and how many were left out for which reason."""

    done: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def _locked(chosen: Iterable[int]) -> list[Any]:
    """In the order of their numbers, so that two who chose alike wait for each other in turn."""
    pks = sorted(set(chosen))
    if len(pks) > MOST_AT_ONCE:
        raise Refused(
            _("At most %(most)s at once. Choose fewer, or narrow the list.")
            % {"most": MOST_AT_ONCE}
        )
    rows = Enquiry.objects.filter(pk__in=pks).select_related("officer__user", "taken_by")
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _sift(rows: list[Any], refuse: Callable[[Any], None]) -> tuple[list[Any], Tally]:
    good, tally = [], Tally()
    for row in rows:
        try:
            refuse(row)
        except Refused as refusal:
            tally.left_out[str(refusal)] += 1
        else:
            good.append(row)
    tally.done = len(good)
    return good, tally


@transaction.atomic
def answer_many(chosen: Iterable[int], *, by: User, canned: CannedAnswer, as_of: int) -> Tally:
    """Each in their own language, those who wait. `as_of` is the last reply that there was when
    they were chosen: where somebody has written since, a person must look."""
    rows = _locked(chosen)
    pks = [row.pk for row in rows]
    replies = Reply.objects.filter(enquiry__in=pks).order_by()
    lengths = dict(replies.values("enquiry").annotate(n=Count("pk")).values_list("enquiry", "n"))
    moved_on = set(replies.filter(pk__gt=as_of).values_list("enquiry", flat=True))

    def refuse(row: Enquiry) -> None:
        rules.refuse_unless_theirs(row, by)
        rules.refuse_if_taken(row, by)
        if not row.is_waiting:
            raise Refused(_("It does not wait for an answer."))
        if row.pk in moved_on:
            raise Refused(_("Somebody has written to it meanwhile."))
        if lengths.get(row.pk, 0) >= rules.MOST_REPLIES:
            raise Refused(_("It is too long already."))

    good, tally = _sift(rows, refuse)
    now = timezone.now()
    Reply.objects.bulk_create(
        [Reply(enquiry=row, by=by, text=canned.text_in(_language(row))) for row in good]
    )
    Enquiry.objects.filter(pk__in=[row.pk for row in good]).update(
        status=EnquiryStatus.ANSWERED,
        first_answered_at=Coalesce("first_answered_at", now),
        taken_by=None,
        taken_at=None,
    )
    record_each("enquiry.answered", [(row, {"ready_answer": canned.title}) for row in good], by=by)
    appeals = [row for row in good if row.is_appeal]
    record_each(
        "officer.appeal_answered",
        [(row.officer, {"enquiry": row.pk}) for row in appeals],
        by=by,
    )
    _tell_each(good, "answered")
    return tally


@transaction.atomic
def close_many(chosen: Iterable[int], *, by: User) -> Tally:
    """By whoever may answer them."""

    def refuse(row: Enquiry) -> None:
        rules.refuse_unless_theirs(row, by)
        rules.refuse_if_taken(row, by)
        refuse_move(row, EnquiryStatus.CLOSED)

    good, tally = _sift(_locked(chosen), refuse)
    Enquiry.objects.filter(pk__in=[row.pk for row in good]).update(
        status=EnquiryStatus.CLOSED, closed_at=timezone.now(), taken_by=None, taken_at=None
    )
    record_each("enquiry.closed", [(row, {}) for row in good], by=by)
    _tell_each(good, "closed")
    return tally


def _language(row: Any) -> str:
    return str(row.officer.user.language) if row.officer else "en"


def _tell_each(rows: list[Any], event: str) -> None:
    tell_each(
        f"enquiries/{event}",
        ((row.officer.user, None, {"subject": row.subject}) for row in rows if row.officer),
    )
