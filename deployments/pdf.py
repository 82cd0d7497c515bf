"""From a letter's row to the bytes of a PDF."""

from datetime import date, datetime
from typing import Any, NamedTuple

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from catalogue.models import DayKind, Office, PositionTerms
from deployments import letter_fields, letter_texts
from deployments.letter_texts import Words, language_of, parted
from deployments.models import Deployment, Letter, LetterText
from deployments.press import press, to_pdf
from deployments.printer import printer
from sms.phones import local

__all__ = ["appointment_letter", "press", "qr", "to_pdf"]


class Printed(NamedTuple):
    """A letter, and in which words of headquarters, if any, and in what language it is."""

    content: bytes
    text: LetterText | None
    language: str


def appointment_letter(letter: Letter) -> Printed:
    deployment = (
        Deployment.objects.select_related(
            "officer__user",
            "post__exam",
            "post__position__subject",
            "post__station__sub_county__county",
        )
        .filter(pk=letter.deployment_id)
        .get()
    )
    language, post = deployment.officer.user.language, deployment.post
    text, words = letter_texts.in_force(post.exam, post.position, post.station, language)
    html = page(letter, deployment, words=words, language=language)
    return Printed(printer.print(html), text, language)


def page(letter: Letter, deployment: Deployment, *, words: Words, language: str) -> str:
    context = contents(letter, deployment, words=words, language=language)
    return render_to_string("pdf/deployments/letter.html", context)


def contents(
    letter: Letter, deployment: Deployment, *, words: Words, language: str
) -> dict[str, Any]:
    """Everything that the letter says."""
    said, post, officer = language_of(language), deployment.post, deployment.officer
    values = values_of(letter, deployment, language)
    office = post.position.deployed_by
    place = post.station.sub_county
    return {
        "said": {name: word.format(values["host"]) for name, word in said.WORDS.items()},
        "lang": f"{language}-KE",
        "reference": letter_fields.plain(words.series, values),
        "date": values["issued_on"],
        "officer": officer,
        "national_id": masked(officer.national_id),
        "phone": local(officer.phone) if officer.phone else "",
        "through": values["director"] if office else "",
        "office": f"{office.upper()} – {place.name.upper()}",
        "sub_county": said.WORDS["SUB_COUNTY"].format(place.name),
        "county": said.WORDS["COUNTY"].format(place.county.name),
        "subject": letter_fields.plain(words.subject, values),
        "paragraphs": [filled(each, values) for each in words.paragraphs],
        "closing": letter_fields.fill(words.closing, values),
        "host": values["host"],
        "code": in_groups(letter.code),
        "qr": qr(
            f"{settings.SITE_URL}/letters/{letter.code}/",
            title=said.WORDS["QR"].format(f"{values['host']}/letters/"),
        ),
    }


def filled(paragraph: str, values: dict[str, str]) -> dict[str, Any]:
    lead, lines = parted(paragraph)
    return {
        "lead": letter_fields.fill(lead, values),
        "lines": [letter_fields.fill(line, values) for line in lines],
    }


def values_of(letter: Letter, deployment: Deployment, language: str) -> dict[str, str]:
    """What the fields of a text stand for, and what else a letter names."""
    said, post = language_of(language), deployment.post
    exam, position, station = post.exam, post.position, post.station
    terms = PositionTerms.objects.filter(exam=exam.pk, position=position).first()
    name = said.POSITIONS.get(letter_texts.kind_of(position))
    rehearses = (
        terms is not None
        and DayKind.REHEARSAL in terms.paid_days
        and deployment.starts_on <= exam.rehearsal_on
    )
    with translation.override(language):
        director = str(Office(position.deployed_by).label) if position.deployed_by else ""
    return {
        "officer": deployment.officer.full_name,
        "position": f"{name} ({position.name})" if name else position.name,
        "a": "an" if position.name[:1].upper() in "AEIOU" else "a",
        "position_code": position.code,
        "subject": position.subject.name if position.subject else "",
        "paper": position.paper,
        "exam": exam.abbreviation,
        "exam_name": exam.name,
        "year": str(exam.year),
        "station": station.name,
        "station_code": station.code,
        "sub_county": station.sub_county.name,
        "county": station.sub_county.county.name,
        "starts_on": day(deployment.starts_on, language),
        "ends_on": day(deployment.ends_on, language),
        "rehearsal_on": day(exam.rehearsal_on, language),
        "daily_rate": said.WORDS["RATE"].format(f"{terms.daily_rate:,.2f}".removesuffix(".00"))
        if terms
        else said.WORDS["NO_RATE"],
        "with_rehearsal": said.WORDS["WITH_REHEARSAL"] if rehearses else "",
        "respond_by": moment(deployment.respond_by, language),
        "answered_on": day(
            timezone.localdate(deployment.answered_at or letter.issued_at), language
        ),
        "director": director or said.WORDS["COUNCIL"],
        "cooling_off_years": str(exam.cooling_off_years),
        "site": settings.SITE_URL,
        "host": settings.SITE_URL.partition("://")[2],
        "serial": str(deployment.serial),
        "issued_on": day(timezone.localdate(letter.issued_at), language),
    }


def day(on: date, language: str) -> str:
    return f"{on.day} {language_of(language).MONTHS[on.month - 1]} {on.year}"


def moment(at: datetime, language: str) -> str:
    at = timezone.localtime(at)
    return f"{day(at.date(), language)}, {at:%H:%M}"


def masked(number: str | None) -> str:
    """Enough for the holder's card to be held against it, too little to be of use to a finder."""
    return f"{'•' * (len(number) - 3)}{number[-3:]}" if number else ""


def in_groups(code: str) -> str:
    """As it is read aloud and typed."""
    return "-".join(code[i : i + 5] for i in range(0, len(code), 5))


def qr(address: str, *, title: str | None = None) -> str:
    """A fixed mask: trying all eight costs more than the rest of the letter together."""
    code = segno.make(address, error="m", mask=3, boost_error=False, micro=False)
    picture: str = code.svg_inline(border=0, omitsize=True, dark="#17201c", title=title)
    return picture
