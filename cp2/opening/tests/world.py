"""A season of last year, and this year's that is copied from it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from catalogue.models import CentreEntry, DutyStation, Exam, ExamDay, StationKind
from cp2.opening import last_year, services
from cp2.rights.models import RatesSeen
from cp2.runs import services as runs
from cp2.tests import make


def monday(weeks_ago: int) -> date:
    day = make.today() - timedelta(weeks=weeks_ago)
    return day - timedelta(days=day.weekday())


def last(centres: int = 2, **fields: Any) -> Exam:
    """A Monday's rehearsal and four days of theory, the first with papers."""
    first = monday(44)
    exam = Exam.objects.create(
        **{
            "year": 2025,
            "code": 3,
            "abbreviation": "KCSE",
            "name": "Kenya Certificate of Secondary Education",
            "rehearsal_on": first,
            "starts_on": first + timedelta(days=1),
            "ends_on": first + timedelta(days=4),
            **fields,
        }
    )
    for number in range(5):
        ExamDay.objects.create(
            exam=exam,
            day=first + timedelta(days=number),
            kind="theory" if number else "rehearsal",
            papers=[f"10{number}/1", f"10{number}/2"] if number else [],
        )
    make.terms(exam, make.position("SUP"), daily_rate=Decimal(680), candidates_per_officer=200)
    make.terms(exam, make.position("INV"), daily_rate=Decimal(550), years_of_experience=3)
    home = make.sub_county()
    container = make.station(kind=StationKind.DISTRIBUTION_CENTRE, sub_county=home, level="")
    for number in range(centres):
        make.entry(
            exam=exam,
            station=make.station(sub_county=home),
            candidates=60 + number,
            distribution_centre=container,
            needs=["braille"],
            papers=["101/1"],
        )
    return exam


def begun(of: Exam, by: Any = None) -> Exam:
    """The next year's, with nothing in it yet."""
    exam = Exam(**last_year.next_exam(of))
    return services.begin(exam, of=of, by=by or make.user())


def copied(of: Exam, by: Any = None) -> Exam:
    """With its days, terms and centres; rates and candidates are confirmed."""
    by = by or make.user()
    exam = begun(of, by)
    services.write_days(exam, last_year.shifted(of, exam), seen=services.seen_days(exam), by=by)
    figures = {
        position: {name: getattr(row, name) for name in last_year.FIGURES}
        for position, row in last_year.terms_of(of).items()
    }
    services.write_terms(exam, figures, seen=services.seen_terms(exam), by=by)
    if CentreEntry.objects.filter(exam=of).exists():
        runs.finish(services.carry_entries(exam, by=by))
    services.confirm_entries(exam, by=by)
    RatesSeen.objects.create(exam=exam, seen_by=make.user())
    return exam


def first_station() -> DutyStation:
    return CentreEntry.objects.order_by("pk")[0].station
