"""An exam that is still to come: people have applied, and nobody is deployed. Here newcomers try
out what directors do weeks before: allocate, look, change, confirm."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef

import deployments.services
from accounts.models import User
from catalogue.models import (
    Activity,
    CentreEntry,
    DutyStation,
    Exam,
    PositionTerms,
    StationKind,
    SubCounty,
)
from cp2.rules import Role
from cp2.season import draws
from cp2.season.applications import Applications
from cp2.season.dates import Timetable, moment
from cp2.season.places import Places, make_exam
from cp2.season.rows import Batch
from cp2.season.vacancies import ACTIVITIES
from deployments.models import LIVE, Deployment, Post
from profiles.models import Officer, Vetting
from vacancies.models import Application, ApplicationStatus, Vacancy
from vacancies.vetting import terms_unmet

TIMETABLE = Timetable(
    year=2025,
    code=5,
    abbreviation="BTEP",
    name="Business and Technical Examinations",
    rehearsal=16,
    practical=range(0),
    theory=range(17, 25),
)
SCHOOLS = ("Technical Training Institute", "Vocational College")
CHOSEN_BY = ("SUP", "INV")  # nobody else is hired for it
AMONG = 80  # officers of a sub-county are asked whether they would apply


def make(places: Places, seed: int, today: date) -> Exam:
    """Its centres, posts and vacancies in every sub-county, and more applicants than places in
    all of them but every third."""
    exam = make_exam(TIMETABLE, today)
    with Batch(DutyStation, CentreEntry, User) as batch:
        for number, home in enumerate(places.sub_counties):
            for each in range(places.scale.institutes):
                _make_centre(batch, places, exam, number, home, each)
    deployments.services.compute_posts(exam, by=User.objects.get(username="deployment"))
    activity = Activity.objects.get(name=ACTIVITIES[StationKind.EXAMINATION_CENTRE])
    with Batch(Vacancy, Application) as batch:
        written = Applications(seed, today, batch, before=Application.objects.count())
        for number, home in enumerate(places.sub_counties):
            batch.settle()
            _apply(batch, written, exam, activity, number, home, today)
    return exam


def _make_centre(
    batch: Batch, places: Places, exam: Exam, number: int, home: SubCounty, each: int
) -> None:
    code = f"{10 + number // 9}{number % 9 + 1}9{each + 1:04d}"
    draw = draws.dice(places.seed, "institute", code)
    station = places.put(batch, home, code, f"{home.name} {SCHOOLS[each % len(SCHOOLS)]}")
    batch.add(
        User,
        username=f"{exam.abbreviation}{code}",
        role=Role.CENTRE,
        station_id=station,
        exam_id=exam.pk,
        password=places.hashes.centre,
    )
    batch.add(
        CentreEntry,
        exam_id=exam.pk,
        station_id=station,
        candidates=draw.between(60, 220),
        distribution_centre_id=places.containers[number][0],
        distance_km=Decimal(draw.between(4, 380)) / 10,
        distance_given_at=moment(exam.rehearsal_on - timedelta(days=30), 11),
    )


def _apply(
    batch: Batch,
    written: Applications,
    exam: Exam,
    activity: Activity,
    number: int,
    home: SubCounty,
    today: date,
) -> None:
    free = iter(list(_free(home, exam)))
    for code in CHOSEN_BY:
        terms = PositionTerms.objects.select_related("exam", "position").get(
            exam=exam, position__code=code
        )
        posts = Post.objects.filter(
            exam=exam, position=terms.position, station__sub_county=home
        ).values_list("required", flat=True)
        places = sum(posts)
        vacancy = batch.add(
            Vacancy,
            exam_id=exam.pk,
            activity_id=activity.pk,
            station_kind=StationKind.EXAMINATION_CENTRE,
            position_id=terms.position_id,
            sub_county_id=home.pk,
            places=places,
            opens_at=moment(today - timedelta(days=20), 8),
            closes_at=moment(today - timedelta(days=1), 23, 59),
        )
        wanted = places * 2 // 3 if number % 3 == 2 else places * 3 // 2
        for officer in _fitting(free, terms, wanted):
            _write(written, officer, vacancy, exam, today)
    batch.flush()


def _free(home: SubCounty, exam: Exam) -> Iterator[Officer]:
    """Who lives there, has a complete profile and is not deployed in those days."""
    busy = Deployment.objects.filter(
        officer=OuterRef("pk"), status__in=LIVE, ends_on__gte=exam.rehearsal_on
    )
    officers = (
        Officer.objects.submitted()
        .filter(~Exists(busy), sub_county=home, vetting=Vetting.VETTED)
        .prefetch_related("work", "qualifications")
    )
    numbers = sorted(
        officers.values_list("pk", flat=True), key=lambda pk: draws.dice(pk, "free").below(1 << 30)
    )
    found = officers.in_bulk(numbers[:AMONG])
    return (found[pk] for pk in numbers[:AMONG])


def _fitting(officers: Iterator[Officer], terms: PositionTerms, wanted: int) -> Iterator[Officer]:
    found = 0
    for officer in officers:
        if found == wanted:
            return
        if not list(terms_unmet(officer, terms, exam=terms.exam, position=terms.position)):
            found += 1
            yield officer


def _write(written: Applications, officer: Officer, vacancy: int, exam: Exam, today: date) -> None:
    draw = draws.dice(officer.pk, "to come")
    written.write(
        officer.pk,
        vacancy,
        exam.pk,
        ApplicationStatus.NOMINATED if draw.happens(60) else ApplicationStatus.SUBMITTED,
        submitted_at=moment(today - timedelta(days=draw.between(2, 18)), draw.between(8, 20)),
    )
