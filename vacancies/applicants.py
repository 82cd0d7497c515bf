"""What the rules ask about an officer: read once, however many vacancies it is held against."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.models import User
from catalogue.models import Level, StudyLevel
from profiles.models import Employer, Officer
from vacancies.models import LIVE, ApplicationStatus, Vacancy
from vacancies.standing import rank, years_served

# All in one query, for a list of vacancies has few to spare; and by hand, since the ORM takes
# longer to put it together than the database to answer.
FACTS = """
SELECT officer.*, jsonb_build_object(
    'work', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'employer', work.employer, 'level', work.level, 'designation', work.designation,
            'institution', work.institution, 'place', place.name,
            'starts_on', work.starts_on, 'ends_on', work.ends_on
        ) ORDER BY work.starts_on, work.id), '[]')
        FROM profiles_workexperience work
        JOIN catalogue_subcounty place ON place.id = work.sub_county_id
        WHERE work.officer_id = officer.id
    ),
    'levels', (
        SELECT coalesce(jsonb_agg(level ORDER BY id), '[]')
        FROM profiles_qualification WHERE officer_id = officer.id
    ),
    'made', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'pk', made.id, 'exam', made.exam_id, 'vacancy', made.vacancy_id,
            'status', made.status, 'position', position.name, 'sub_county', place.name
        ) ORDER BY made.id), '[]')
        FROM vacancies_application made
        JOIN vacancies_vacancy vacancy ON vacancy.id = made.vacancy_id
        JOIN catalogue_position position ON position.id = vacancy.position_id
        JOIN catalogue_subcounty place ON place.id = vacancy.sub_county_id
        WHERE made.officer_id = officer.id
    )
)::text AS known
FROM profiles_officer officer WHERE officer.user_id = ANY (%s)
"""


class Reason(NamedTuple):
    """Why not, in a sentence for the officer, and where they can do something about it."""

    words: str
    remedy: str
    page: str  # its name, and the number of what it is about: not every list makes links of them
    number: int | None = None
    query: str = ""

    def __str__(self) -> str:
        return self.words

    @property
    def url(self) -> str:
        path = reverse(self.page, args=[] if self.number is None else [self.number])
        return f"{path}?{self.query}" if self.query else path


Objections = Callable[[Vacancy], Iterator[Reason]]


class Job(NamedTuple):
    employer: str
    level: str
    designation: str
    institution: str
    place: str
    starts_on: date
    ends_on: date | None

    def __str__(self) -> str:
        return f"{self.designation}, {self.institution}, {self.place}"

    @property
    def employer_label(self) -> str:
        return str(Employer(self.employer).label)

    @property
    def level_label(self) -> str:
        return str(Level(self.level).label) if self.level else ""


class Made(NamedTuple):
    """An application that the officer has made."""

    pk: int
    exam: int
    vacancy: int
    status: str
    position: str
    sub_county: str

    @property
    def status_label(self) -> str:
        return str(ApplicationStatus(self.status).label)


class Applicant:
    """An officer, and whatever an application may turn on."""

    def __init__(self, officer: Officer, known: dict[str, Any]) -> None:
        self.officer = officer
        self.work = [Job(**_with_days(row)) for row in known["work"]]
        self.levels: list[str] = known["levels"]
        self.made = [Made(**row) for row in known["made"]]

    @classmethod
    def of(cls, user: User) -> Self:
        """Raises Officer.DoesNotExist: centres, directors and headquarters are none."""
        found = next(cls.each([user]), None)
        if found is None:
            raise Officer.DoesNotExist
        return found

    @classmethod
    def each(cls, users: Iterable[User]) -> Iterator[Self]:
        known = {user.pk: user for user in users}
        for found in Officer.objects.raw(FACTS, [list(known)]):
            row: Any = found
            found.user = known[found.user_id]
            yield cls(found, json.loads(row.known))

    @cached_property
    def objections(self) -> list[Objections]:
        """Of the apps above this one, each of which reads here what it needs to know."""
        return [import_string(path)(self.officer) for path in settings.REASONS_AGAINST_APPLYING]

    @cached_property
    def current(self) -> Job | None:
        return next((job for job in self.work if job.ends_on is None), None)

    @cached_property
    def level(self) -> str:
        """The highest of study."""
        return max(self.levels, key=rank, default="")

    @cached_property
    def years(self) -> int:
        return years_served(self.work)

    @property
    def level_label(self) -> str:
        return str(StudyLevel(self.level).label) if self.level else ""

    def live(self, exam: int) -> Made | None:
        return next((each for each in self.made if each.exam == exam and each.status in LIVE), None)

    def last(self, exam: int) -> Made | None:
        """Their last application for an exam, whatever became of it."""
        return next((each for each in reversed(self.made) if each.exam == exam), None)


def _with_days(row: dict[str, Any]) -> dict[str, Any]:
    """A day comes out of JSON as a word."""
    days = {name: row[name] and date.fromisoformat(row[name]) for name in ("starts_on", "ends_on")}
    return row | days
