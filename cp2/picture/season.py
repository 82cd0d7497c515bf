"""Which season somebody looks at: all exams of a year, or one of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils import timezone

from catalogue.models import Exam
from cp2.picture.counting import countable
from cp2.picture.models import Count, Topic


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass
class Season:
    """What was asked for, as far as there is such a thing; else the year whose exams are being
    sat, although the next one may have been begun already; else the newest."""

    asked: Mapping[str, str]
    offered: list[Exam] = field(default_factory=lambda: list(countable()))

    @cached_property
    def exam(self) -> Exam | None:
        return next((exam for exam in self.offered if str(exam.pk) == self.of), None)

    @cached_property
    def year(self) -> int | None:
        """None before there is any exam."""
        if self.exam:
            return self.exam.year
        years = [exam.year for exam in self.offered]
        asked = [year for year in years if f"all-{year}" == self.of]
        today = timezone.localdate()
        sat = [exam.year for exam in self.offered if exam.rehearsal_on <= today <= exam.ends_on]
        return next(iter(asked or sat or years), None)

    @property
    def of(self) -> str:
        return self.asked.get("of", "")

    @cached_property
    def exams(self) -> list[Exam]:
        if self.exam:
            return [self.exam]
        return [exam for exam in self.offered if exam.year == self.year]

    @property
    def numbers(self) -> str:
        """As the lists are narrowed by exams."""
        return ",".join(str(exam.pk) for exam in self.exams)

    @property
    def key(self) -> str:
        """How it is asked for again."""
        return str(self.exam.pk) if self.exam else f"all-{self.year}"

    @property
    def name(self) -> str:
        return ", ".join(exam.short for exam in self.exams)

    @property
    def money(self) -> dict[str, int]:
        """As the report of the money is asked for it."""
        if self.exam:
            return {"exam": self.exam.pk}
        return {"year": self.year} if self.year else {}

    def choices(self, all_of: Any) -> Iterable[Choice]:
        """`all_of` is what the exams of a year together are called, with its %(year)s."""
        years = dict.fromkeys(exam.year for exam in self.offered)
        for year in years:
            value = f"all-{year}"
            yield Choice(value, all_of % {"year": year}, self.key == value)
            for exam in self.offered:
                if exam.year == year:
                    yield Choice(str(exam.pk), exam.short, self.key == str(exam.pk))


class Figures:
    """What has been counted of a season, read at once."""

    def __init__(self, season: Season) -> None:
        self.season = season
        wanted = Count.objects.filter(exam__in=season.exams) | Count.objects.filter(exam=None)
        self.rows = list(wanted.order_by())

    def people(self, topic: Topic) -> dict[str, int]:
        """Each of them once, in whichever of the exams."""
        exam, year = self.season.exam, None if self.season.exam else self.season.year
        for row in self.rows:
            if row.topic == topic and row.exam_id == (exam and exam.pk) and row.year == year:
                found: dict[str, int] = row.figures
                return found
        return {}

    def summed(self, topic: Topic) -> dict[str, int]:
        """Rows, of all the exams together."""
        found: dict[str, int] = {}
        for row in self.of(topic):
            for key, number in row.items():
                found[key] = found.get(key, 0) + number
        return found

    def of(self, topic: Topic) -> list[dict[str, Any]]:
        return [row.figures for row in self.rows if row.topic == topic]

    def nation(self, topic: Topic) -> dict[str, Any]:
        """Of what belongs to no exam."""
        found = self.of(topic)
        return found[0] if found else {}
