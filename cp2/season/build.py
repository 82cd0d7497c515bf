"""Makes the season, in one transaction: it is there as a whole or not at all."""

from collections.abc import Callable
from datetime import date

from django.db import transaction

import attendance.counting
import deployments.services
from accounts.models import User
from accounts.services import record_each
from attendance.models import Mark, Register
from catalogue.models import (
    Activity,
    CentreEntry,
    DutyStation,
    Exam,
    ExamDay,
    Position,
    StationKind,
)
from claims.money import counting
from cp2.audit.watched import unwatched
from cp2.picture import counting as picture_counting
from cp2.season import (
    broadcasts,
    checks,
    last_year,
    money,
    people,
    questions,
    reports,
    talk,
    to_come,
    trail,
    work,
)
from cp2.season.applications import Applications
from cp2.season.crew import TABLES, Crew
from cp2.season.marking import open_centre
from cp2.season.officers import LIST_IN_REGISTERS, Officers
from cp2.season.places import (
    FEWER_PAPERS,
    RARE_SUBJECTS,
    Places,
    confirm_rates,
    hash_passwords,
    make_exams,
    make_headquarters,
)
from cp2.season.plan import STAGES, Ground, Plan, runs
from cp2.season.pool import Season
from cp2.season.progress import Progress
from cp2.season.rows import Batch, analyze, run
from cp2.season.scales import SCALES, Scale
from cp2.season.vacancies import further_adverts
from deployments.models import Deployment, Post
from profiles.models import Officer

UNTIL = ("applications", "deployments", "marks", "claims", "trail")
MARKERS = 40
WHY_OVERRIDDEN = "Examiners are counted by scripts, not by candidates."


@transaction.atomic
def build(
    scale: str,
    seed: int,
    today: date,
    say: Callable[[str], None],
    *,
    until: str = UNTIL[-1],
    on_terminal: bool = False,
) -> None:
    # Else every row's check of a foreign key waits in memory for the end of it all.
    run("SET CONSTRAINTS ALL IMMEDIATE")
    with unwatched():
        _build(scale, seed, today, say, until=until, on_terminal=on_terminal)


def _build(
    scale: str,
    seed: int,
    today: date,
    say: Callable[[str], None],
    *,
    until: str,
    on_terminal: bool,
) -> None:
    run("SET LOCAL work_mem = '64MB'")  # marks and the trail are sorted by the million
    size, last = SCALES[scale], UNTIL.index(until)
    progress = Progress(say, on_terminal=on_terminal)
    hashes = hash_passwords(seed)
    exams = make_exams(size.timetables, today)
    kpsea, _kjsea, kcse = exams
    make_headquarters(seed, hashes)
    places = Places(size, seed, exams, hashes)
    with progress.stage("centres", len(places.sub_counties)) as step:
        places.make(step)
        run(FEWER_PAPERS, rare=RARE_SUBJECTS)
    confirm_rates(exams)
    with progress.stage("posts"):
        entitle(exams, kcse)
    what = "officers and applications" if last == 0 else "officers, applications, deployments"
    with progress.stage(what, len(places.sub_counties)) as step:
        hire(size, seed, today, exams, places, step, deploys=last > 0)
    if last > 0:
        reports.rotate(kcse, places.sub_counties[0], today, seed)
    if size.institutes:
        with progress.stage("an exam to come"):
            last_year.make(to_come.make(places, seed, today), today)
    with progress.stage("registers of the agencies"):
        run(LIST_IN_REGISTERS)
        analyze(User, Officer, Deployment)
        checks.check()
    if last >= UNTIL.index("marks"):
        with progress.stage("marks"):
            work.work(seed, today, marks_today=size.marks_today)
            analyze(Register, Mark)
            reports.report(kcse, places.sub_counties[0], today)
    if last >= UNTIL.index("claims"):
        with progress.stage("claims"):
            money.pay(seed, exams, kpsea)
        with progress.stage("money counted"):
            counting.count_all()
    if last >= UNTIL.index("trail"):
        with progress.stage("texts and enquiries"):
            talk.send_texts(places.sub_counties[0])
            talk.lose_numbers(places.sub_counties[0])
            broadcasts.write(
                kcse,
                places.sub_counties[0],
                writer=User.objects.get(username="deployment"),
                other=User.objects.get(username="admin"),
            )
            questions.ask(kpsea, places.sub_counties[0], today, further=size.enquiries)
        with progress.stage("audit trail"):
            trail.tell_the_trail()
    people.remember(seed, scale, kcse, places.sub_counties[0])
    with progress.stage("statistics"):
        analyze()
    with progress.stage("the picture counted"):
        count_picture(today)


def count_picture(today: date) -> None:
    """What the worker counts every minute, so that the first look finds it."""
    days = ExamDay.objects.filter(day__lte=today).order_by("-day").values_list("day", flat=True)
    for day in days.distinct()[:2]:
        attendance.counting.count(day)
    picture_counting.count_all()


def hire(
    size: Scale,
    seed: int,
    today: date,
    exams: list[Exam],
    places: Places,
    step: Callable[[int], object],
    *,
    deploys: bool,
) -> None:
    adverts = further_adverts(exams) if size.further else []
    ground = Ground(runs(exams, today))
    officers = Officers(seed, today, places.hashes.officer)
    with Batch(*TABLES) as batch:
        season = Season(
            scale=size,
            seed=seed,
            today=today,
            batch=batch,
            officers=officers,
            applications=Applications(seed, today, batch),
            activities=dict(Activity.objects.values_list("name", "pk")),
            adverts=adverts,
        )
        for number, place in enumerate(places.sub_counties):
            plan = Plan(number, place, ground, nobody_is_deployed=not deploys)
            # another beginning in each, since a tiny sub-county does not get through them all
            stages = [STAGES[(number * size.spare + n) % len(STAGES)] for n in range(size.spare)]
            Crew(plan, season).fill(stages)
            step(1)


def entitle(exams: list[Exam], kcse: Exam) -> None:
    """By rule, and markers by hand, since their number does not follow from candidates."""
    clerk = User.objects.get(username="deployment")
    examiner = Position.objects.get(code="EXM")
    marking = DutyStation.objects.filter(kind=StationKind.MARKING_CENTRE).order_by("pk")
    posts = Post.objects.bulk_create(
        Post(
            exam=kcse,
            station=station,
            position=examiner,
            required=MARKERS,
            override_reason=WHY_OVERRIDDEN,
        )
        for station in marking
    )
    record_each(
        "post.overridden",
        [(post, {"was": 0, "now": MARKERS, "reason": WHY_OVERRIDDEN}) for post in posts],
        by=clerk,
    )
    open_centre(kcse)
    analyze(DutyStation, CentreEntry)
    for exam in exams:
        deployments.services.compute_posts(exam, by=clerk)
    analyze(Post)
