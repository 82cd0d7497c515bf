"""All that an exam pays, looked through once by a finance approver before the season opens.

Whoever types rates could else pay what nobody else has seen, as long as nobody is deployed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.utils import label_for_field
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from accounts.services import record
from catalogue.models import Exam, PositionTerms
from claims.models import MarkingRate, RateChange, TaxRule
from cp2.opening import last_year
from cp2.rights import rates
from cp2.rights.models import RatesSeen
from cp2.rules import Refused, digest, lock

FIGURES = {
    PositionTerms: ("daily_rate", "paid_days"),
    RateChange: ("from_day", "daily_rate"),
    MarkingRate: ("coordination_fee", "basic_fee", "script_fee"),
    TaxRule: ("rate", "above"),
}
TYPED = ["exam.terms_written", *(rate.verb for rate in rates.RATES.values())]


@dataclass(frozen=True)
class Line:
    """What is paid for, and each figure with what it was the year before, if that was another."""

    what: str
    figures: list[tuple[str, str, str]]

    @property
    def is_changed(self) -> bool:
        return any(was for _name, _now, was in self.figures)


def rows(exam: Exam) -> Iterator[Any]:
    yield from PositionTerms.objects.filter(exam=exam).select_related("position")
    changes = RateChange.objects.filter(terms__exam=exam).select_related("terms__position")
    yield from changes.order_by("terms", "from_day")
    yield from MarkingRate.objects.filter(exam=exam).select_related("position")
    yield from TaxRule.objects.filter(exam=exam)


def lines(exam: Exam) -> list[Line]:
    last = last_year.of(exam)
    before = {_key(row): row for row in rows(last)} if last else {}
    return [Line(_what(row), _figures(row, before.get(_key(row)), last)) for row in rows(exam)]


def _key(row: Any) -> tuple[str, Any]:
    match row:
        case RateChange():
            return row._meta.label_lower, None  # of a day: there is nothing to compare it with
        case TaxRule():
            return row._meta.label_lower, 0
        case _:
            return row._meta.label_lower, row.position_id


def _what(row: Any) -> str:
    match row:
        case RateChange():
            return _("%(position)s, from a day on") % {"position": row.terms.position}
        case TaxRule():
            return _("Tax")
        case MarkingRate():
            return _("%(position)s, marking") % {"position": row.position}
        case _:
            return str(row.position)


def _figures(row: Any, was: Any, last: Exam | None) -> list[tuple[str, str, str]]:
    compared = last is not None and not isinstance(row, RateChange)
    shown = []
    for name in FIGURES[type(row)]:
        now = _said(row, name)
        old = _said(was, name) if was else _("none")
        label = capfirst(str(label_for_field(name, type(row))))
        shown.append((label, now, old if compared and old != now else ""))
    return shown


def _said(row: models.Model, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return rates.in_its_words(type(row), name, value) or "–"


def seen_now(exam: Exam) -> str:
    told = [
        (row._meta.label_lower, row.pk, [str(getattr(row, name)) for name in FIGURES[type(row)]])
        for row in rows(exam)
    ]
    return digest(told)


def typed_by(exam: Exam, by: User) -> bool:
    """Whether some of it is of their own hand: nobody finds right what they typed."""
    own = Q(subject_type=exam._meta.label_lower, subject_id=exam.pk)
    for row in rows(exam):
        own |= Q(subject_type=row._meta.label_lower, subject_id=row.pk)
    return Entry.objects.filter(own, actor=by, verb__in=TYPED).exists()


def reasons_against(exam: Exam, *, by: User) -> Iterator[str]:
    if not by.has_perm("rights.decide_rateproposal"):
        yield _("You may not decide what is paid.")
    if not PositionTerms.objects.filter(exam=exam).exists():
        yield _("No position of this exam has terms yet.")
    if typed_by(exam, by):
        yield _("You typed some of these rates, so someone else must confirm them.")


@transaction.atomic
def confirm(exam: Exam, *, seen: str, by: User) -> None:
    """Twice is once. From here on `rates.rests_on` holds for all rates of the exam."""
    exam = lock(exam)
    if rates.are_confirmed(exam.pk):
        return
    if refusals := list(reasons_against(exam, by=by)):
        raise Refused(*refusals)
    if seen_now(exam) != seen:
        raise Refused(_("Somebody changed these rates meanwhile. Look at them once more."))
    RatesSeen.objects.create(exam=exam, seen_by=by)
    paid = {line.what: [now for _name, now, _was in line.figures] for line in lines(exam)}
    record("rates.confirmed", exam, by=by, paid=paid)


def unseen() -> list[tuple[Exam, datetime]]:
    """Exams that are not over, whose rates nobody has confirmed; and since when they have any."""
    open_ones = Exam.objects.filter(ends_on__gte=timezone.localdate(), rates_seen=None)
    written = Entry.objects.filter(
        subject_type=Exam._meta.label_lower, subject_id=OuterRef("pk"), verb__in=TYPED
    )
    rows = open_ones.filter(Exists(PositionTerms.objects.filter(exam=OuterRef("pk"))))
    rows = rows.annotate(at=Subquery(written.order_by("-pk").values("at")[:1]))
    return [(row, row.at or timezone.now()) for row in rows.order_by("year", "code")]
