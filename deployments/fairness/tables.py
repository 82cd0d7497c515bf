"""The tables of a fairness report: what each asks, and what its columns hold."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalogue.models import StudyLevel
from deployments.fairness import sql
from deployments.models import FairnessReport

MOST = 500  # rows of the tables that name people
LATE = timedelta(days=3)  # before the exam starts

Words = str | Promise


class Kind(StrEnum):
    """What a column holds, so that whoever shows it knows what to make of it."""

    DIRECTOR = "director"
    OFFICER = "officer"
    STATION = "station"
    POSITION = "position"
    NUMBER = "number"
    SHARE = "share"
    WORD = "word"  # one of the table's own
    RULE = "rule"
    ENTRY = "entry"  # of the trail, whose reason is shown
    TEXT = "text"


@dataclass(frozen=True)
class Section:
    key: str
    title: Words
    about: Words
    query: str
    columns: list[tuple[Words, Kind]]
    words: dict[Any, Words] | None = None
    bars: tuple[int, ...] = ()  # columns that are drawn
    in_steps: bool = False

    def rows(self, report: FairnessReport) -> list[list[Any]]:
        scoped, values = _scope(report)
        query = self.query.replace("{holds}", sql.HOLDS)
        for name, narrowed in scoped.items():
            query = query.replace(f"{{{name}}}", narrowed)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
            if self.in_steps:
                # PostgreSQL cannot know how many rows a step gives, takes it for one, and would go
                # through all of the next for each
                cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute(query, values)
            found = cursor.fetchall()
        return [list(row) for row in found]


def _scope(report: FairnessReport) -> tuple[dict[str, str], dict[str, Any]]:
    exam = report.exam
    values: dict[str, Any] = {
        "exam": exam.pk,
        "starts_on": exam.starts_on,
        "first_day": exam.rehearsal_on,
        "late_from": min(exam.rehearsal_on, exam.starts_on - LATE),
        "levels": list(StudyLevel.values),
        "most": MOST,
    }
    if report.sub_county_id:
        values["place"] = report.sub_county_id
        narrowed = "{}.sub_county_id = %(place)s"
    elif report.county_id:
        values["place"] = report.county_id
        of_county = "SELECT id FROM catalogue_subcounty WHERE county_id = %(place)s"
        narrowed = f"{{}}.sub_county_id IN ({of_county})"
    else:
        return {"scope": "", "scope_of_officer": ""}, values
    station, officer = narrowed.format("station"), narrowed.format("officer")
    return {"scope": f"AND {station}", "scope_of_officer": f"AND ({officer} OR {station})"}, values


DIRECTOR = (_("Director"), Kind.DIRECTOR)
OFFICER = (_("Officer"), Kind.OFFICER)
STATION = (_("Duty station"), Kind.STATION)
POSITION = (_("Position"), Kind.POSITION)
YEARS = (_("Years"), Kind.TEXT)
EXAMS = (_("Exams"), Kind.NUMBER)

SECTIONS = [
    Section(
        "directors",
        _("Who chose whom"),
        _(
            "Whom each director chose; how many of them had not applied; and how many were placed "
            "although an applicant who waits is better by study or years of work and no worse in "
            "the other."
        ),
        sql.DIRECTORS,
        [
            DIRECTOR,
            (_("Chosen"), Kind.NUMBER),
            (_("Without an application"), Kind.NUMBER),
            (_("Of a hundred"), Kind.SHARE),
            (_("Above better applicants"), Kind.NUMBER),
        ],
        bars=(3,),
        in_steps=True,
    ),
    Section(
        "same_centre",
        _("The same officer at the same centre by the same director"),
        _("In more than one exam, of which this is one."),
        sql.SAME_CENTRE,
        [DIRECTOR, OFFICER, STATION, EXAMS, YEARS],
    ),
    Section(
        "same_officer",
        _("The same officer by the same director year after year"),
        _("In more than one year, wherever they served."),
        sql.SAME_OFFICER,
        [
            DIRECTOR,
            OFFICER,
            (_("In so many years"), Kind.NUMBER),
            EXAMS,
            (_("Stations"), Kind.NUMBER),
            YEARS,
        ],
    ),
    Section(
        "above",
        _("Placed above better applicants"),
        _("Each with the number of vetted applicants who are better and still wait."),
        sql.ABOVE,
        [
            DIRECTOR,
            OFFICER,
            POSITION,
            STATION,
            (_("Came by"), Kind.WORD),
            (_("Better applicants"), Kind.NUMBER),
        ],
        words={"nominated": _("Nominated without an application"), "applied": _("An application")},
        in_steps=True,
    ),
    Section(
        "positions",
        _("Nominated without an application, by position"),
        _("Of all who were chosen for a place, whatever they answered."),
        sql.POSITIONS,
        [
            POSITION,
            (_("Chosen"), Kind.NUMBER),
            (_("Applied"), Kind.NUMBER),
            (_("Without an application"), Kind.NUMBER),
            (_("Of a hundred"), Kind.SHARE),
        ],
        bars=(4,),
    ),
    Section(
        "how",
        _("How places were filled"),
        _("By a person's own choice, as a proposal said, or by the portal itself."),
        sql.HOW,
        [(_("Way"), Kind.WORD), (_("Places"), Kind.NUMBER), (_("Applied"), Kind.NUMBER)],
        words={
            "unknown": _("The trail does not say"),
            "proposed": _("As a proposal said"),
            "portal": _("By the portal, from the reserve list"),
            "deployment.offered": _("Chosen by hand"),
            "deployment.replaced": _("Chosen by hand in another's place"),
            "deployment.moved": _("Redeployed"),
            "deployment.swapped": _("Swapped"),
            "deployment.rotated": _("By a rotation"),
        },
        bars=(1,),
    ),
    Section(
        "waivers",
        _("Waivers"),
        _("Rules that headquarters let pass, by whom, and how many deployments needed it."),
        sql.WAIVERS,
        [
            (_("Rule"), Kind.RULE),
            (_("Granted by"), Kind.DIRECTOR),
            (_("Granted"), Kind.NUMBER),
            (_("Withdrawn"), Kind.NUMBER),
            (_("Used"), Kind.NUMBER),
        ],
    ),
    Section(
        "late_by",
        _("Late changes, by whom"),
        _("After the rehearsal, or in the last three days before the exam and while it ran."),
        sql.LATE_BY,
        [
            DIRECTOR,
            (_("Changes"), Kind.NUMBER),
            (_("Redeployed"), Kind.NUMBER),
            (_("Replaced"), Kind.NUMBER),
            (_("Swapped"), Kind.NUMBER),
            (_("Cancelled"), Kind.NUMBER),
        ],
        bars=(1,),
    ),
    Section(
        "late",
        _("Late changes, and why"),
        _("The latest first."),
        sql.LATE_ROWS,
        [
            DIRECTOR,
            (_("What"), Kind.WORD),
            (_("Why"), Kind.ENTRY),
            OFFICER,
            STATION,
            (_("Days after the start"), Kind.NUMBER),
        ],
        words={
            "deployment.moved": _("Redeployed"),
            "deployment.replaced": _("Replaced"),
            "deployment.swapped": _("Swapped"),
            "deployment.cancelled": _("Cancelled"),
        },
    ),
    Section(
        "distances",
        _("From the workstation to the duty station"),
        _("As the crow flies, where both are known, of those who hold a place."),
        sql.DISTANCES,
        [
            (_("Distance"), Kind.WORD),
            (_("Officers"), Kind.NUMBER),
            (_("Applied"), Kind.NUMBER),
            (_("Without an application"), Kind.NUMBER),
            (_("Mean, km"), Kind.NUMBER),
        ],
        words={
            0: _("less than 2 km"),
            1: _("2 to 5 km"),
            2: _("5 to 10 km"),
            3: _("10 to 20 km"),
            4: _("20 to 50 km"),
            5: _("50 km and more"),
            None: _("not known"),
        },
        bars=(1,),
    ),
    Section(
        "genders",
        _("Women and men, by position"),
        _("Of those who hold a place."),
        sql.GENDERS,
        [
            POSITION,
            (_("Women"), Kind.NUMBER),
            (_("Men"), Kind.NUMBER),
            (_("Not said"), Kind.NUMBER),
        ],
        bars=(1, 2, 3),
    ),
    Section(
        "service",
        _("In how many years they served before, by position"),
        _("Of those who hold a place; in exams that the portal knows."),
        sql.SERVICE,
        [
            POSITION,
            (_("For the first time"), Kind.NUMBER),
            (_("One year"), Kind.NUMBER),
            (_("Two years"), Kind.NUMBER),
            (_("Three years and more"), Kind.NUMBER),
        ],
        bars=(1, 2, 3, 4),
    ),
]
