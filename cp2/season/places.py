"""Where the season takes place: exams and their terms, stations, and who answers for them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils.text import slugify
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from catalogue.models import (
    CentreEntry,
    DutyStation,
    Exam,
    ExamDay,
    Level,
    Office,
    Position,
    PositionTerms,
    StationKind,
    SubCounty,
)
from cp2.rights import reviewing
from cp2.rules import Role
from cp2.season import draws
from cp2.season.dates import Timetable, moment
from cp2.season.marking import make_papers
from cp2.season.names import full_name
from cp2.season.rows import Batch
from cp2.season.scales import Scale, share
from cp2.season.spots import Spot, around, spots

LEVELS = {  # the exams that are sat there, some in some schools only, and what it calls itself
    Level.SECONDARY: (("KCSE",), "Secondary School"),
    Level.JUNIOR: (("KJSEA",), "Junior School"),
    Level.PRIMARY: (("KPSEA", "KJSEA"), "Primary School"),
}
HEADQUARTERS = {  # user name: group
    "deployment": "Deployment",
    "preparer": "Finance preparer",
    "approver": "Finance approver",
    "helpdesk": "Helpdesk",
    "auditor": "Auditor",
    "admin": "Administrator",
    "admin2": "Administrator",  # who confirms what the first one proposes
}
SECOND_IN_A_PLACE = ("", " Central", " Township")  # when the list of school names runs out


# One centre in six has no candidates in music, art, French, German or Arabic, and rests on the days
# on which nothing else is sat.
RARE_SUBJECTS = ["442", "501", "502", "503", "511"]
FEWER_PAPERS = """
UPDATE catalogue_centreentry entry
SET papers = sat.papers
FROM (
    SELECT id, exam_id, row_number() OVER (PARTITION BY exam_id ORDER BY id) AS number
    FROM catalogue_centreentry
) numbered
JOIN (
    SELECT day.exam_id, array_agg(DISTINCT paper ORDER BY paper) AS papers
    FROM catalogue_examday day, unnest(day.papers) paper
    WHERE left(paper, 3) <> ALL (%(rare)s)
    GROUP BY day.exam_id
) sat ON sat.exam_id = numbered.exam_id
WHERE entry.id = numbered.id AND numbered.number %% 6 = 3
"""


# Exams


def make_exams(timetables: Iterable[Timetable], today: date) -> list[Exam]:
    return [make_exam(timetable, today) for timetable in timetables]


def make_exam(timetable: Timetable, today: date) -> Exam:
    days = timetable.days(today)
    papers = sittings(timetable.abbreviation)
    turns: defaultdict[str, int] = defaultdict(int)
    exam = Exam.objects.create(
        year=timetable.year,
        code=timetable.code,
        abbreviation=timetable.abbreviation,
        name=timetable.name,
        rehearsal_on=min(days),
        starts_on=sorted(days)[1],
        ends_on=max(days),
    )
    for day, kind in sorted(days.items()):
        turns[kind] += 1
        ExamDay.objects.create(
            exam=exam, day=day, kind=kind, papers=papers.get((str(kind), turns[kind]), [])
        )
    make_terms(exam)
    if exam.abbreviation == "KCSE":
        make_papers(exam)
    return exam


def sittings(exam: str) -> dict[tuple[str, int], list[str]]:
    """By kind of day and its number among these: the papers that are sat."""
    return {
        (row["kind"], int(row["number"])): row["papers"].split(";")
        for row in draws.table("sittings", draws.DATA)
        if row["exam"] == exam
    }


def make_terms(exam: Exam) -> None:
    positions = {position.code: position for position in Position.objects.all()}
    PositionTerms.objects.bulk_create(
        PositionTerms(
            exam=exam,
            position=positions[row["position"]],
            station_kind=row["station_kind"],
            candidates_per_officer=row["candidates_per_officer"] or None,
            minimum_per_centre=row["minimum"],
            one_more_above=row["one_more_above"] or None,
            centres_per_officer=row["centres_per_officer"] or None,
            in_hosted_centres=row["in_hosted_centres"] == "yes",
            counts_hosted=row["counts_hosted"] == "yes",
            lowest_qualification=row["lowest_qualification"],
            years_of_experience=row["years_of_experience"],
            school_levels=_list(row["school_levels"]),
            tsc_employment_required=row["tsc_employment_required"] == "yes",
            paid_days=_list(row["paid_days"]),
            daily_rate=row["daily_rate"],
            days_to_respond=row["days_to_respond"],
            rotation_days=row["rotation_days"] or None,
            reports_daily=row["reports_daily"] == "yes",
            at_own_school=row["at_own_school"],
            meets_needs=row["meets_needs"] == "yes",
            subject_required=row["subject_required"] == "yes",
            training_required=row["training_required"] == "yes",
            oldest=row["oldest"] or None,
        )
        for row in draws.table("terms")
        if row["exam"] == exam.abbreviation
    )


def _list(cell: str) -> list[str]:
    return cell.split(";") if cell else []


# Stations


@dataclass(frozen=True)
class Hashes:
    """One hash for all of a kind: hashing is meant to be slow."""

    officer: str
    centre: str
    director: str
    staff: str


def hash_passwords(seed: int) -> Hashes:
    return Hashes(**{kind: make_password(draws.password(seed, kind)) for kind in Role.values})


class Places:
    """The stations of every sub-county that takes part, written one sub-county at a time."""

    def __init__(self, scale: Scale, seed: int, exams: list[Exam], hashes: Hashes) -> None:
        self.scale, self.seed, self.hashes = scale, seed, hashes
        self.exams = {exam.abbreviation: exam for exam in exams}
        self.sub_counties = scale.sub_counties()
        self.spots = spots(self.sub_counties)
        self.containers: list[list[int]] = []  # distribution centres, by sub-county

    def make(self, say: Callable[[int], object]) -> None:
        with Batch(DutyStation, CentreEntry, User) as self.batch:
            self._make_containers()
            self._make_marking_centres()
            self.batch.flush()
            for number, sub_county in enumerate(self.sub_counties):
                self._make_centres(number, sub_county)
                self._make_directors(sub_county)
                self.batch.flush()
                say(1)
        make_codes(self.seed)

    def _make_containers(self) -> None:
        for number, sub_county in enumerate(self.sub_counties):
            self.containers.append(
                [
                    self._make_station(
                        around(self.spots[sub_county.pk], self.seed, "container", number, each),
                        kind=StationKind.DISTRIBUTION_CENTRE,
                        code=f"DC{number + 1:03d}{each + 1}",
                        name=f"{sub_county.name} Distribution Centre{' II' * each}",
                        level="",
                        sub_county_id=sub_county.pk,
                        location="At the Deputy County Commissioner's offices",
                    )
                    for each in range(self.scale.distribution)
                ]
            )

    def _make_marking_centres(self) -> None:
        """One in the first sub-county of each county."""
        hosts = {place.county: place for place in reversed(self.sub_counties)}
        for county, place in sorted(hosts.items(), key=lambda item: item[0].code):
            self._make_station(
                around(self.spots[place.pk], self.seed, "marking", county.code),
                kind=StationKind.MARKING_CENTRE,
                code=f"MC{county.code:02d}",
                name=f"{county} Marking Centre",
                level="",
                sub_county_id=place.pk,
                location=f"{place}, {county}",
            )

    def put(self, batch: Batch, home: SubCounty, code: str, name: str) -> int:
        """An examination centre that is no school of theirs."""
        spot = around(self.spots[home.pk], self.seed, "centre", code)
        return batch.add(
            DutyStation,
            kind=StationKind.EXAMINATION_CENTRE,
            code=code,
            name=name,
            level="",
            sub_county_id=home.pk,
            location=f"{home.name}, {home.county}",
            latitude=spot.latitude,
            longitude=spot.longitude,
        )

    def _make_station(self, spot: Spot, **station: Any) -> int:
        return self.batch.add(
            DutyStation, **station, latitude=spot.latitude, longitude=spot.longitude
        )

    def _make_centres(self, number: int, sub_county: SubCounty) -> None:
        for block, (level, (in_all, most)) in enumerate(self.scale.schools.items()):
            exams, kind = LEVELS[level]
            schools = draws.dice(self.seed, "schools", sub_county.name, level).shuffled(
                draws.schools()
            )
            stations: list[int] = []
            also: list[int] = []  # entered for the second exam of their level
            for each in range(share(in_all, number, len(self.sub_counties))):
                again, school = divmod(each, len(schools))
                # KNEC's codes: nothing of the county's official code is in them
                code = f"{10 + number // 9}{number % 9 + 1}{block}{each + 1:04d}"
                station = self._make_station(
                    around(self.spots[sub_county.pk], self.seed, "centre", code),
                    kind=StationKind.EXAMINATION_CENTRE,
                    code=code,
                    name=f"{schools[school]}{SECOND_IN_A_PLACE[again]} {kind}",
                    level=level,
                    sub_county_id=sub_county.pk,
                    location=f"{sub_county.name}, {sub_county.county}",
                )
                stations.append(station)
                self._make_account(
                    exams[0], code, station, has_slip=not is_fresh(number, level, each)
                )
                if len(exams) > 1 and each * self.scale.both % 100 < self.scale.both:
                    also.append(station)
                    self._make_account(exams[1], code, station, has_slip=True)
            self._make_entries(exams[0], number, level, stations, most)
            if also:
                self._make_entries(exams[1], number, level, also, most)

    def _make_account(self, exam: str, code: str, station: int, *, has_slip: bool) -> None:
        """A centre has one for each exam."""
        rehearsal_on = self.exams[exam].rehearsal_on
        self.batch.add(
            User,
            username=f"{exam}{code}",
            role=Role.CENTRE,
            station_id=station,
            exam_id=self.exams[exam].pk,
            password=self.hashes.centre,
            issued_at=moment(rehearsal_on - timedelta(days=10), 9) if has_slip else None,
        )

    def _make_entries(
        self, exam_name: str, number: int, level: Level, stations: list[int], most_candidates: int
    ) -> None:
        """Candidates, papers and hosts.

        Of the secondary schools the last is so small that the second hosts it, and in every other
        sub-county the last but one draws its papers from a neighbour's container.
        """
        exam = self.exams[exam_name]
        draw = draws.dice(self.seed, "entries", exam_name, number, level)
        containers = self.containers[number]
        neighbours = self.containers[(number + 1) % len(self.containers)]
        for each, station in enumerate(stations):
            hosted = level == Level.SECONDARY and each == len(stations) - 1
            abroad = level == Level.SECONDARY and each == len(stations) - 2 and number % 2 == 0
            container = containers[each % len(containers)]
            if hosted:
                container = containers[1 % len(containers)]  # its host's
            fresh = is_fresh(number, level, each)
            self.batch.add(
                CentreEntry,
                exam_id=exam.pk,
                station_id=station,
                candidates=draw.between(8, exam.hosting_threshold - 1)
                if hosted
                else draw.between(exam.hosting_threshold, most_candidates),
                distribution_centre_id=neighbours[0] if abroad else container,
                host_id=stations[1] if hosted else None,
                distance_km=None if fresh else Decimal(draw.between(4, 380)) / 10,
                distance_given_at=None
                if fresh
                else moment(exam.rehearsal_on - timedelta(days=draw.between(1, 9)), 11),
            )

    def _make_directors(self, sub_county: SubCounty) -> None:
        for office in Office:
            draw = draws.dice(self.seed, "director", sub_county.name, office)
            self.batch.add(
                User,
                username=director_name(sub_county, office),
                name=full_name(draw, draw.choice(("female", "male"))),
                role=Role.DIRECTOR,
                office=office,
                sub_county_id=sub_county.pk,
                password=self.hashes.director,
            )


def is_fresh(sub_county: int, level: Level, centre: int) -> bool:
    """The very first centre of the season has not given its distance and got no slip yet."""
    return sub_county == centre == 0 and level == Level.SECONDARY


def director_name(sub_county: SubCounty, office: str) -> str:
    return f"{office}.{slugify(sub_county.name)}"


# Headquarters, and everybody's one-time codes


def make_headquarters(seed: int, hashes: Hashes) -> None:
    groups = Group.objects.in_bulk(field_name="name")
    for username, group in HEADQUARTERS.items():
        draw = draws.dice(seed, "staff", username)
        user = User.objects.create(
            username=username,
            name=full_name(draw, draw.choice(("female", "male"))),
            role=Role.STAFF,
            password=hashes.staff,
        )
        user.groups.add(groups[group])


def confirm_rates(exams: list[Exam]) -> None:
    """Of the exams that are sat; that of the one to come waits, for newcomers to look at."""
    approver = User.objects.get(username="approver")
    for exam in exams:
        reviewing.confirm(exam, seen=reviewing.seen_now(exam), by=approver)


def make_codes(seed: int) -> None:
    powerful = User.objects.filter(role__in=[Role.DIRECTOR, Role.STAFF], totpdevice=None)
    named = list(powerful.order_by("pk").values_list("pk", "username"))
    with Batch(TOTPDevice) as batch:
        for user, username in named:
            batch.add(TOTPDevice, user_id=user, name="app", key=draws.code_key(seed, username))
