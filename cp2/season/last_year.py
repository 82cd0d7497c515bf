"""An exam of last year that nobody has begun again yet: its days, its terms and its centres are
there to be taken over, so that newcomers can open a season from end to end."""

from datetime import date, timedelta

import deployments.services
from accounts.models import User
from catalogue.models import CentreEntry, Exam, ExamDay, PositionTerms
from cp2.season.dates import Timetable
from cp2.season.places import make_exam
from cp2.season.to_come import TIMETABLE as LIKE

# A year on, its rehearsal is some four weeks from today.
EARLIER = timedelta(weeks=52)
TIMETABLE = Timetable(
    year=LIKE.year - 1,
    code=6,
    abbreviation="DPTE",
    name="Diploma in Primary Teacher Education",
    rehearsal=20,
    practical=range(21, 23),
    theory=range(23, 29),
)
KEPT = ("exam", "id")


def make(like: Exam, today: date) -> Exam:
    """Sat in the same centres as another exam, and with its terms."""
    exam = make_exam(TIMETABLE, today - EARLIER)
    PositionTerms.objects.bulk_create(
        PositionTerms(
            exam=exam,
            **{
                field.attname: getattr(terms, field.attname)
                for field in PositionTerms._meta.concrete_fields
                if field.name not in KEPT
            },
        )
        for terms in PositionTerms.objects.filter(exam=like)
    )
    days = ExamDay.objects.filter(exam=exam).order_by("day")
    for number, day in enumerate(days[1:], start=1):
        day.papers = [f"{600 + number}/{paper}" for paper in (1, 2)]
        day.save(update_fields=["papers"])
    CentreEntry.objects.bulk_create(
        CentreEntry(
            exam=exam,
            station_id=entry.station_id,
            candidates=entry.candidates,
            distribution_centre_id=entry.distribution_centre_id,
        )
        for entry in CentreEntry.objects.filter(exam=like).order_by("pk")
    )
    deployments.services.compute_posts(exam, by=User.objects.get(username="deployment"))
    return exam
