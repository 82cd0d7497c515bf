from collections.abc import Iterator
from decimal import Decimal

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import ngettext_lazy

from catalogue.models import CentreEntry, Exam, PositionTerms, StationKind
from cp2.opening import last_year
from cp2.opening.checks.base import TERMS, Check, Found, Sample, bare, here, in_list, listed, rows
from cp2.opening.models import Severity
from cp2.rights import rates

MOST = Decimal(30)  # per cent that a figure may move from one year to the next unremarked
MEASURED = [
    "daily_rate",
    "candidates_per_officer",
    "minimum_per_centre",
    "one_more_above",
    "centres_per_officer",
]


def terms(exam: Exam) -> QuerySet[PositionTerms]:
    return PositionTerms.objects.filter(exam=exam).select_related("exam", "position")


def none_at_all(exam: Exam) -> Found:
    return Found(0) if terms(exam).exists() else bare(str(exam))


def unpaid(exam: Exam) -> Found:
    by_days = terms(exam).exclude(station_kind=StationKind.MARKING_CENTRE)
    return rows(by_days.filter(daily_rate=0), TERMS)


def no_paid_days(exam: Exam) -> Found:
    """Examiners are paid by scripts, not by days."""
    by_days = terms(exam).exclude(station_kind=StationKind.MARKING_CENTRE)
    return rows(by_days.filter(daily_rate__gt=0, paid_days=[]), TERMS)


def other_year(exam: Exam) -> Found:
    counted = terms(exam).exclude(counted_with=None).exclude(counted_with__year=F("exam__year"))
    return rows(counted, TERMS)


def moved_far(exam: Exam) -> Found:
    last = last_year.of(exam)
    return listed(_moved(exam, last)) if last else Found(0)


def _moved(exam: Exam, last: Exam) -> Iterator[Sample]:
    before = last_year.terms_of(last)
    for position, row in last_year.terms_of(exam).items():
        if was := before.get(position):
            for name in MEASURED:
                old, new = getattr(was, name), getattr(row, name)
                if old is not None and new is not None and is_far(Decimal(old), Decimal(new)):
                    label = last_year.name_of(name)
                    yield (f"{row.position}, {label}: {old} → {new}", TERMS, row.pk)


def is_far(old: Decimal, new: Decimal) -> bool:
    return abs(new - old) * 100 > MOST * old if old else bool(new)


def left_out(exam: Exam) -> Found:
    last = last_year.of(exam)
    if last is None:
        return Found(0)
    now = last_year.terms_of(exam)
    gone = [row for position, row in last_year.terms_of(last).items() if position not in now]
    return bare(*(str(row.position) for row in gone))


def unseen(exam: Exam) -> Found:
    return Found(0) if rates.are_confirmed(exam.pk) else bare(str(exam))


def needs_unmet(exam: Exam) -> Found:
    """Candidates need braille or a language, and no position is asked to bring it."""
    if terms(exam).filter(meets_needs=True).exists():
        return Found(0)
    entries = CentreEntry.objects.filter(exam=exam).exclude(needs=[])
    return rows(
        entries.select_related("exam", "station").order_by("pk"),
        "admin:catalogue_centreentry_change",
    )


CHECKS = [
    Check(
        "no_terms",
        "terms",
        Severity.BLOCKS,
        ngettext_lazy("No position has terms.", "No position has terms.", "n"),
        none_at_all,
        here("terms"),
        shown=True,
    ),
    Check(
        "rates_unseen",
        "terms",
        Severity.BLOCKS,
        ngettext_lazy(
            "A finance approver has still to confirm what is paid.",
            "A finance approver has still to confirm what is paid.",
            "n",
        ),
        unseen,
        lambda exam: reverse("admin:rights_rates_of", args=[exam.pk]),
        shown=True,
    ),
    Check(
        "terms_left_out",
        "terms",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d position had terms last year and has none now.",
            "%(n)d positions had terms last year and have none now.",
            "n",
        ),
        left_out,
        here("terms"),
        shown=True,
    ),
    Check(
        "rate_zero",
        "terms",
        Severity.LOOK,
        ngettext_lazy("%(n)d position is paid nothing.", "%(n)d positions are paid nothing.", "n"),
        unpaid,
        here("terms"),
        shown=True,
    ),
    Check(
        "no_paid_days",
        "terms",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d position has a rate, but no kind of day that is paid.",
            "%(n)d positions have a rate, but no kind of day that is paid.",
            "n",
        ),
        no_paid_days,
        in_list("catalogue_positionterms"),
    ),
    Check(
        "counted_with_other_year",
        "terms",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d position is counted with an exam of another year.",
            "%(n)d positions are counted with an exam of another year.",
            "n",
        ),
        other_year,
        in_list("catalogue_positionterms"),
    ),
    Check(
        "terms_moved_far",
        "terms",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d figure of the terms has moved by more than 30 per cent since last year.",
            "%(n)d figures of the terms have moved by more than 30 per cent since last year.",
            "n",
        ),
        moved_far,
        here("terms"),
        shown=True,
    ),
    Check(
        "needs_unmet",
        "terms",
        Severity.LOOK,
        ngettext_lazy(
            "Candidates of %(n)d centre need a skill, and no position is asked to have it.",
            "Candidates of %(n)d centres need a skill, and no position is asked to have it.",
            "n",
        ),
        needs_unmet,
        in_list("catalogue_positionterms"),
    ),
]
