"""What a check is: a question to the whole exam in one query, and the words for what it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from catalogue.models import Exam
from cp2.opening.models import Severity

FIRST = 20  # that a finding names

# Words, the name of a page and the number that it takes; without a page, words alone.
Sample = tuple[str, str, int]


@dataclass(frozen=True)
class Found:
    count: int
    first: list[Sample] = field(default_factory=list)


Find = Callable[[Exam], Found]


@dataclass(frozen=True)
class Check:
    """`words` are ngettext_lazy's, of `n`. `mend` says where it is put right. `shown` are those
    that the path itself counts each time it is opened, so they are quick."""

    code: str
    step: str
    severity: Severity
    words: Any
    find: Find
    mend: Callable[[Exam], str]
    shown: bool = False

    def said(self, count: int) -> str:
        return str(self.words % {"n": count})

    @property
    def blocks(self) -> bool:
        return self.severity == Severity.BLOCKS


def rows(found: QuerySet[Any], page: str = "", name: Callable[[Any], str] = str) -> Found:
    """Of a query: how many, and the first by name."""
    count = found.count()
    if not count:
        return Found(0)
    named = found[:FIRST]
    return Found(count, [(name(row), page, row.pk) for row in named])


def asked(sql: str, page: str = "", **given: Any) -> Found:
    """Of a statement that answers with words, and a number where there is a page."""
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        answers = cursor.fetchall()
    return listed((row[0], page, row[1] if len(row) > 1 else 0) for row in answers)


def listed(samples: Iterable[Sample]) -> Found:
    whole = list(samples)
    return Found(len(whole), whole[:FIRST])


def bare(*words: str) -> Found:
    return listed((each, "", 0) for each in words)


# Where things are mended


def here(step: str) -> Callable[[Exam], str]:
    return lambda exam: reverse(f"admin:opening_{step}", args=[exam.pk])


def exam_page(exam: Exam) -> str:
    return reverse("admin:catalogue_exam_change", args=[exam.pk])


def in_list(model: str, key: str = "exam__id__exact", **more: str) -> Callable[[Exam], str]:
    def url(exam: Exam) -> str:
        asked_for = urlencode({key: str(exam.pk), **more})
        return f"{reverse(f'admin:{model}_changelist')}?{asked_for}"

    return url


def plain_list(model: str) -> Callable[[Exam], str]:
    return lambda exam: reverse(f"admin:{model}_changelist")


def open_vacancies(exam: Exam) -> str:
    return f"{reverse('admin:vacancies_open')}?{urlencode({'exam': exam.pk})}"


ENTRY = "admin:catalogue_centreentry_change"
TERMS = "admin:catalogue_positionterms_change"
STATION = "admin:catalogue_dutystation_change"
POST = "admin:deployments_post_change"
VACANCY = "admin:vacancies_vacancy_change"
