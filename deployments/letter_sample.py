"""A letter to nobody, for whoever writes its words: the longest names that there may be."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from catalogue.models import County, DutyStation, Exam, StationKind, SubCounty
from deployments import letter_texts, pdf
from deployments.letter_texts import Words
from deployments.models import Deployment, Letter, LetterText, Post
from deployments.printer import printer
from profiles.models import Officer


def longest(model: type[Any], field: str, words: str) -> str:
    """As many of these words as the field takes."""
    most: int = model._meta.get_field(field).max_length
    return (words * (most // len(words) + 1))[:most].strip()


def contents(text: LetterText) -> dict[str, Any]:
    letter, deployment, words = _sample(text)
    return pdf.contents(letter, deployment, words=words, language=text.language)


def content(text: LetterText) -> bytes:
    letter, deployment, words = _sample(text)
    return printer.print(pdf.page(letter, deployment, words=words, language=text.language))


def _sample(text: LetterText) -> tuple[Letter, Deployment, Words]:
    """Rows that are in no table."""
    exam = text.exam or Exam.objects.first() or _some_exam()
    marks = letter_texts.marks(text.position, text.exam)
    place = SubCounty(
        name=longest(SubCounty, "name", "Kaskazini Mashariki ya Mbali "),
        county=County(code=1, name=longest(County, "name", "Elgeyo Marakwet ")),
    )
    station = DutyStation(
        kind=StationKind.MARKING_CENTRE if marks else StationKind.EXAMINATION_CENTRE,
        code="9" * 12,
        name=longest(DutyStation, "name", "Mtakatifu Yohana wa Nyamira "),
        sub_county=place,
    )
    officer = Officer(
        user=User(phone="254700000000", language=text.language),
        full_name=longest(Officer, "full_name", "Wanjikũ Nyang'wara wa Thiong'o "),
        national_id="000000000",
        tsc_number="00000000",
        town=longest(Officer, "town", "Kapsokwony "),
    )
    now = timezone.now()
    deployment = Deployment(
        post=Post(exam=exam, station=station, position=text.position),
        officer=officer,
        starts_on=exam.rehearsal_on,
        ends_on=exam.ends_on,
        respond_by=now + timedelta(days=3),
        answered_at=now,
        serial=9_999_999,
    )
    own = letter_texts.own_words(text.position, text.language, marks=marks)
    words = letter_texts.with_own(letter_texts.words_of(text), own)
    return Letter(deployment=deployment, code="X" * 20, issued_at=now), deployment, words


def _some_exam() -> Exam:
    today = timezone.localdate()
    return Exam(
        year=today.year,
        code=1,
        abbreviation=longest(Exam, "abbreviation", "EXAM"),
        name=longest(Exam, "name", "Kenya Certificate of Education "),
        rehearsal_on=today,
        starts_on=today,
        ends_on=today,
    )
