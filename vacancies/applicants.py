"""What the rules ask about an officer: read once, however many vacancies it is held against."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string

from accounts.models import User
from catalogue.models import Level, StudyLevel
from profiles.models import Employer, Officer, Qualification, WorkExperience
from vacancies.models import LIVE, Application, ApplicationStatus, Vacancy
from vacancies.standing import rank, years_served


class Reason(NamedTuple):
    """Why not, in a sentence for the officer, and where they can do something about it."""

    words: str
    remedy: str = ""
    url: str = ""

    def __str__(self) -> str:
        return self.words


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

    def __init__(self, officer: Officer) -> None:
        """For one from `with_facts`."""
        known: Any = officer
        self.officer = officer
        self.work = [Job(**_with_days(row)) for row in known.known_work]
        self.levels: list[str] = known.known_levels
        self.made = [Made(**row) for row in known.known_applications]
        # Of the apps above this one, each of which reads here what it needs to know.
        self.objections: list[Objections] = [
            import_string(path)(officer) for path in settings.REASONS_AGAINST_APPLYING
        ]

    @classmethod
    def of(cls, user: User) -> Self:
        """Centres, directors and headquarters are no officers: not found."""
        return cls(get_object_or_404(with_facts(Officer.objects.all()), user=user))

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


def with_facts(officers: QuerySet[Officer]) -> QuerySet[Officer]:
    """Adds, in one query for everything, what `Applicant` reads."""
    theirs = OuterRef("pk")
    work = WorkExperience.objects.filter(officer=theirs).order_by("starts_on", "pk")
    made = Application.objects.filter(officer=theirs).order_by("pk")
    return officers.select_related("user", "sub_county").annotate(
        known_work=ArraySubquery(
            work.values(
                row=JSONObject(
                    employer="employer",
                    level="level",
                    designation="designation",
                    institution="institution",
                    place="sub_county__name",
                    starts_on="starts_on",
                    ends_on="ends_on",
                )
            )
        ),
        known_levels=ArraySubquery(
            Qualification.objects.filter(officer=theirs).order_by("pk").values("level")
        ),
        known_applications=ArraySubquery(
            made.values(
                row=JSONObject(
                    pk="pk",
                    exam="exam",
                    vacancy="vacancy",
                    status="status",
                    position=F("vacancy__position__name"),
                    sub_county=F("vacancy__sub_county__name"),
                )
            )
        ),
    )


def _with_days(row: dict[str, Any]) -> dict[str, Any]:
    """A day comes out of JSON as a word."""
    days = {name: row[name] and date.fromisoformat(row[name]) for name in ("starts_on", "ends_on")}
    return row | days
