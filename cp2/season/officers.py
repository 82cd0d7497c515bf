"""Made-up officers: an account, a profile and what hangs on it, fit for the post they are for."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from accounts.models import User
from catalogue.models import BankBranch, PositionTerms, StudyLevel, SubCounty
from cp2.rules import Role
from cp2.season import draws
from cp2.season.dates import moment
from cp2.season.draws import Dice
from cp2.season.names import full_name
from cp2.season.rows import Batch
from profiles.models import (
    BankAccount,
    Employer,
    ExaminerTraining,
    Gender,
    NextOfKin,
    Officer,
    Qualification,
    Vetting,
    WorkExperience,
)
from sms import gsm

# Numbers that nobody has been given, so that no sample text and no sample page is about anybody:
# no network has 0197 to 0199, no ID has begun with 9 yet, no TSC number has seven digits from 9.
PHONES = 254199_000_000
KIN_PHONES = 254198_000_000
NATIONAL_IDS, ID_STEPS = 90_000_000, 9_999_991  # the steps are primes: each number comes once
TSC_NUMBERS, TSC_STEPS = 9_000_000, 999_983
KRA_PINS = 900_000_000
SCATTER = 7_368_787

OFFICER_TABLES = (
    User,
    Officer,
    WorkExperience,
    Qualification,
    BankAccount,
    NextOfKin,
    ExaminerTraining,
)
DESIGNATIONS = {
    "CM": "Head of Institution",
    "SUP": "Senior Teacher",
    "INV": "Teacher",
    "SEC": "Police Constable",
    "DSO": "Police Constable",
    "DRV": "Driver",
    "DCM": "Education Officer",
    "CLK": "Clerical Officer",
}
EMPLOYERS = {
    "SEC": (Employer.POLICE, "National Police Service"),
    "DSO": (Employer.POLICE, "National Police Service"),
    "DRV": (Employer.COUNTY, "County Government"),
    "DCM": (Employer.MINISTRY, "Ministry of Education"),
    "CLK": (Employer.MINISTRY, "Ministry of Education"),
}
COURSES = {
    StudyLevel.CERTIFICATE: ("Primary Teacher Education", 2, "Teachers Training College"),
    StudyLevel.DIPLOMA: ("Diploma in Education", 3, "Teachers Training College"),
    StudyLevel.DEGREE: ("Bachelor of Education (Arts)", 4, "University"),
}
STUDIED = list(COURSES)
GENDERS = Gender.values
KIN = ("Brother", "Father", "Husband", "Mother", "Sister", "Wife")

# What the agencies know: most are listed as they say, a few under another name or not at all.
LIST_IN_REGISTERS = """
INSERT INTO profiles_registerentry (register, number, national_id, name)
SELECT listed.register, listed.number, officer.national_id,
    CASE WHEN officer.place %% 37 = 5 THEN split_part(officer.full_name, ' ', 1) || ' Wambua'
        ELSE officer.full_name END
FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM profiles_officer) officer
CROSS JOIN LATERAL (
    VALUES ('id', officer.national_id), ('tsc', officer.tsc_number)
) listed (register, number)
WHERE listed.number IS NOT NULL AND officer.place %% 41 <> 3
ORDER BY officer.id, listed.register
"""


class School(NamedTuple):
    """Somewhere to work: a station, or a school that is no centre."""

    station: int | None
    name: str
    level: str


@dataclass(slots=True)
class Person:
    """A complete officer, as those who choose among them need to know one."""

    officer: int
    number: int  # the n-th of the season
    position: str  # that they are fit for
    school: School | None
    employer: Employer
    learning: StudyLevel
    years: int  # of experience, at least
    is_barred: bool
    applied: set[int] = field(default_factory=set)  # for which exams

    @property
    def level(self) -> str:
        return self.school.level if self.school else ""


class Officers:
    """Makes them one after another; the n-th has the n-th number of every kind."""

    def __init__(self, seed: int, today: date, password: str) -> None:
        self.seed, self.today, self.password = seed, today, password
        self.count = 0
        self.branches = list(BankBranch.objects.order_by("pk").values_list("pk", "bank_id"))

    def register(self, batch: Batch, place: SubCounty, **profile: Any) -> int:
        """An account and as much of a profile as is given; answers with the officer's id."""
        self.count += 1
        return self._register(batch, place, self._dice(), profile)

    def _dice(self) -> Dice:
        return draws.dice(self.seed, "officer", self.count)

    def _register(self, batch: Batch, place: SubCounty, draw: Dice, profile: dict[str, Any]) -> int:
        phone = str(PHONES + self.count)
        user = batch.add(
            User,
            username=phone,
            phone=phone,
            role=Role.OFFICER,
            language=draw.choice(("en", "en", "sw")),
            password=self.password,
            date_joined=self._ago(draw, 75, 100) if profile else self._ago(draw, 1, 3),
        )
        if profile:
            profile = self._person(draw, phone, place) | profile
        return batch.add(Officer, user_id=user, **profile)

    def _person(self, draw: Dice, phone: str, place: SubCounty) -> dict[str, Any]:
        gender = draw.choice(GENDERS)
        name = full_name(draw, gender)
        scattered = self.count * SCATTER + self.seed
        paid = full_name(draw, gender) if draw.happens(3) else name
        return {
            "full_name": name,
            "year_of_birth": self.today.year - draw.between(30, 55),
            "gender": gender,
            "national_id": str(NATIONAL_IDS + scattered % ID_STEPS),
            "kra_pin": f"A{KRA_PINS + self.count:09d}{draw.choice('BCDEGHJKLMNPQRSTVWXZ')}",
            "nssf_number": str(2_000_000_000 + self.count),
            "sha_number": f"CR{self.count:09d}-{draw.between(1, 9)}",
            "email": f"officer{self.count}@example.com",
            "town": place.name,
            "payee_name": (paid if paid.isascii() else gsm.plain(paid)).upper(),
            "payee_phone": phone,
        }

    def complete(
        self,
        batch: Batch,
        place: SubCounty,
        *,
        position: str,
        terms: PositionTerms,
        school: School | None,
        vetting: Vetting = Vetting.VETTED,
        reason: str = "",
    ) -> Person:
        """Somebody whom the terms allow to serve: a teacher of `school`, if they ask for one."""
        self.count += 1
        draw = self._dice()
        years = terms.years_of_experience + draw.between(1, 18)
        if terms.oldest:
            years = min(years, terms.oldest - 34)  # whoever began at 33 has a year left
        born = self.today.year - years - draw.between(28, 33)
        number = str(TSC_NUMBERS + (self.count * SCATTER + self.seed) % TSC_STEPS)
        profile = {
            "year_of_birth": born,
            "sub_county_id": place.pk,
            "tsc_number": number if school else None,
            "pf_number": "" if school else f"PF{self.count:07d}",
            "submitted_at": self._ago(draw, 62, 74),
            "vetting": vetting,
            "vetting_reason": reason,
        }
        if terms.training_required:
            paper = terms.position.paper
            profile |= {
                "subjects": f"{{{terms.position.subject_id}}}",  # as COPY reads a list
                "trained_in": f"{{{paper}}}",
            }
        officer = self._register(batch, place, draw, profile)
        if terms.training_required:
            batch.add(
                ExaminerTraining,
                officer_id=officer,
                paper=paper,
                year=self.today.year - draw.between(1, 6),
                certificate_number=f"EXM/{self.count:06d}",
            )
        since = self.today - timedelta(days=years * 366 + draw.between(0, 300))
        employer = self._work(batch, officer, draw, place, position, school, since)
        learning = self._study(batch, officer, draw, terms, born + 20)
        self._family(batch, officer, draw)
        return Person(
            officer=officer,
            number=self.count,
            position=position,
            school=school,
            employer=employer,
            learning=learning,
            years=years,
            is_barred=vetting == Vetting.BARRED,
        )

    def _ago(self, draw: Dice, earliest: int, latest: int) -> datetime:
        day = self.today - timedelta(days=draw.between(earliest, latest))
        return moment(day, draw.between(7, 20), draw.below(60))

    def _work(
        self,
        batch: Batch,
        officer: int,
        draw: Dice,
        place: SubCounty,
        position: str,
        school: School | None,
        since: date,
    ) -> Employer:
        employer, institution = EMPLOYERS.get(position, (Employer.TSC, ""))
        batch.add(
            WorkExperience,
            officer_id=officer,
            employer=employer,
            institution=school.name if school else f"{institution}, {place.name}",
            station_id=school.station if school else None,
            level=school.level if school else "",
            designation=DESIGNATIONS.get(position, "Teacher"),
            sub_county_id=place.pk,
            starts_on=since,
            ends_on=None,
        )
        if school and draw.happens(30):
            batch.add(
                WorkExperience,
                officer_id=officer,
                employer=Employer.SCHOOL,
                institution=f"{draw.choice(draws.schools())} Academy",
                station_id=None,
                level=school.level,
                designation="Teacher",
                sub_county_id=place.pk,
                starts_on=since - timedelta(days=800),
                ends_on=since - timedelta(days=30),
            )
        return employer

    def _study(
        self, batch: Batch, officer: int, draw: Dice, terms: PositionTerms, began: int
    ) -> StudyLevel:
        least = StudyLevel(terms.lowest_qualification or StudyLevel.CERTIFICATE)
        level = draw.choice(STUDIED[STUDIED.index(least) :])
        course, years, kind = COURSES[level]
        batch.add(
            Qualification,
            officer_id=officer,
            level=level,
            institution=f"{draw.choice(draws.schools())} {kind}",
            course=course,
            starts_on=date(began, 9, 1),
            ends_on=date(began + years, 7, 31),
        )
        return level

    def _family(self, batch: Batch, officer: int, draw: Dice) -> None:
        branch, bank = draw.choice(self.branches)
        batch.add(
            BankAccount,
            officer_id=officer,
            bank_id=bank,
            branch_id=branch,
            number=f"0{10**9 + draw.below(9 * 10**9)}",
        )
        batch.add(
            NextOfKin,
            officer_id=officer,
            full_name=full_name(draw, draw.choice(GENDERS)),
            phone=str(KIN_PHONES + self.count),
            relationship=draw.choice(KIN),
        )
