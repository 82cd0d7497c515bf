"""Makes the season, in one transaction: it is there as a whole or not at all."""

from collections.abc import Callable
from datetime import date

from django.db import connection, transaction

import deployments.services
from accounts.models import User
from accounts.services import record_each
from attendance.models import Mark, Register
from catalogue.models import CentreEntry, DutyStation, Exam, Position, StationKind
from claims.models import Claim
from cp2.season import checks, money, people, talk, trail, work
from cp2.season.crew import TABLES, Crew
from cp2.season.officers import LIST_IN_REGISTERS, Officers
from cp2.season.places import Places, hash_passwords, make_exams, make_headquarters
from cp2.season.plan import STAGES, Plan, runs
from cp2.season.rows import Batch, analyze, run
from cp2.season.scales import SCALES
from deployments.models import Deployment, Post
from profiles.models import Officer

MARKERS = 40
WHY_OVERRIDDEN = "Examiners are counted by scripts, not by candidates."


@transaction.atomic
def build(scale: str, seed: int, today: date, say: Callable[[str], None]) -> None:
    with connection.cursor() as cursor:
        # else every row's check of a foreign key waits in memory for the end of it all
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    size = SCALES[scale]
    hashes = hash_passwords(seed)
    exams = make_exams(today)
    kpsea, _kjsea, kcse = exams
    make_headquarters(seed, hashes)
    places = Places(size, seed, exams, hashes)
    places.make()
    say(f"{DutyStation.objects.count()} stations")

    entitle(exams, kcse)
    officers = Officers(seed, today, hashes.officer)
    under_way, batch = runs(exams, today), Batch(*TABLES)
    for number, place in enumerate(places.sub_counties):
        plan = Plan(number, place, under_way)
        # another beginning in each, since a tiny sub-county does not get through them all
        stages = [STAGES[(number * size.spare + n) % len(STAGES)] for n in range(size.spare)]
        Crew(plan, seed=seed, today=today, officers=officers, batch=batch).fill(stages)
        say(f"{officers.count} officers, to {place}")

    run(LIST_IN_REGISTERS)
    analyze(User, Officer, Deployment)
    checks.check()
    work.work(seed, today)
    say("registers and marks")
    analyze(Register, Mark)
    money.pay(seed, exams, kpsea)
    say(f"{Claim.objects.count()} claims")
    talk.send_texts(places.sub_counties[0])
    talk.lose_numbers(places.sub_counties[0])
    for place in places.sub_counties:
        talk.ask(place, kpsea)
    trail.tell_the_trail()
    people.remember(seed, scale, kcse, places.sub_counties[0])


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
    analyze(DutyStation, CentreEntry)
    for exam in exams:
        deployments.services.compute_posts(exam, by=clerk)
    analyze(Post)
