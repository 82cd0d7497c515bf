"""The search: six drop-downs, each offering only what leads to an open vacancy.

Two queries count what is open, grouped in the database: by kind (exam, activity, duty station,
position) and, for the kind that was chosen, by place. Everything that the drop-downs offer, and
how many vacancies were found, follows from those few rows.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext_lazy as _

from catalogue.models import StationKind
from vacancies.models import Vacancy, VacancyQuerySet

LABELS = {
    "exam": _("Exam"),
    "activity": _("Activity"),
    "duty_station": _("Duty station"),
    "position": _("Position"),
    "county": _("County"),
    "sub_county": _("Sub-county"),
}
COLUMNS = {
    "exam": "exam",
    "activity": "activity",
    "duty_station": "station_kind",
    "position": "position",
    "county": "sub_county__county",
    "sub_county": "sub_county",
}
OF_A_KIND = {
    "exam": "exam_id",
    "activity": "activity_id",
    "duty_station": "station_kind",
    "position": "position_id",
}
Row = dict[str, Any]

# Counted first and named afterwards: of twelve thousand vacancies the names of some dozens are
# looked up, which the ORM would join to each before it counts.
KINDS = """
WITH counted AS (
    SELECT exam_id, activity_id, station_kind, position_id, count(*) AS count
    FROM vacancies_vacancy
    WHERE opens_at <= statement_timestamp() AND closes_at > statement_timestamp()
    GROUP BY exam_id, activity_id, station_kind, position_id
)
SELECT exam.id AS exam, exam.year, exam.code, exam.name AS exam_name,
    activity.id AS activity, activity.name AS activity_label,
    counted.station_kind AS duty_station,
    position.id AS position, position.name AS position_label, counted.count
FROM counted
JOIN catalogue_exam exam ON exam.id = counted.exam_id
JOIN catalogue_activity activity ON activity.id = counted.activity_id
JOIN catalogue_position position ON position.id = counted.position_id
ORDER BY exam.year DESC, exam.code, position.rank, activity.name, counted.station_kind
"""
PLACES = """
WITH counted AS (
    SELECT sub_county_id, count(*) AS count
    FROM vacancies_vacancy
    WHERE opens_at <= statement_timestamp() AND closes_at > statement_timestamp()/* narrowed */
    GROUP BY sub_county_id
)
SELECT place.id AS sub_county, place.name AS sub_county_label,
    county.id AS county, county.name AS county_label, counted.count
FROM counted
JOIN catalogue_subcounty place ON place.id = counted.sub_county_id
JOIN catalogue_county county ON county.id = place.county_id
ORDER BY county.name, place.name
"""


class Choice(NamedTuple):
    value: str
    label: str
    open: int


class DropDown(NamedTuple):
    name: str
    label: str
    choices: list[Choice]
    chosen: str


class Search:
    """What was asked for, what is on offer, and how much was found.

    A choice that is not on offer, be it rubbish or closed since, is left out and said so.
    """

    def __init__(self, asked: Mapping[str, str]) -> None:
        self.asked = {name: asked[name] for name in LABELS if asked.get(name)}
        self.began = any(name in asked for name in LABELS)
        self.chosen: dict[str, str] = {}
        self.left_out: list[str] = []
        self.drop_downs: list[DropDown] = []
        rows = _kinds()
        for name in ("exam", "activity", "duty_station", "position"):
            rows = self._narrow(name, rows)
        rows = self._narrow("county", _places(self.chosen))
        # 290 sub-counties are no list for a phone: they come with their county
        rows = self._narrow("sub_county", rows, offer="county" in self.chosen)
        self.count = sum(row["count"] for row in rows)

    @property
    def words(self) -> str:
        """What was chosen, to be read off above what was found."""
        labels = [
            choice.label
            for drop_down in self.drop_downs
            for choice in drop_down.choices
            if choice.value == drop_down.chosen
        ]
        return ", ".join(labels)

    @property
    def found(self) -> VacancyQuerySet:
        return Vacancy.objects.open().filter(
            **{COLUMNS[name]: value for name, value in self.chosen.items()}
        )

    def _narrow(self, name: str, rows: list[Row], *, offer: bool = True) -> list[Row]:
        """Offer what the rows lead to, and keep those of the choice that was made."""
        offered: dict[str, Choice] = {}
        for row in rows if offer else []:
            value = str(row[name])
            before = offered[value].open if value in offered else 0
            offered[value] = Choice(value, row[f"{name}_label"], before + row["count"])
        wanted = self.asked.get(name, "")
        if wanted in offered:
            self.chosen[name] = wanted
            rows = [row for row in rows if str(row[name]) == wanted]
        elif wanted:
            self.left_out.append(str(LABELS[name]))
        self.drop_downs.append(
            DropDown(name, str(LABELS[name]), list(offered.values()), self.chosen.get(name, ""))
        )
        return rows


def _kinds() -> list[Row]:
    """How many vacancies of each kind are open: some dozens of rows, in the order of the lists."""
    return [
        row
        | {
            "exam_label": f"{row['year']}/{row['code']} {row['exam_name']}",
            "duty_station_label": str(StationKind(row["duty_station"]).label),
        }
        for row in _read(KINDS)
    ]


def _places(chosen: Mapping[str, str]) -> list[Row]:
    """How many of these are in each sub-county: at most 290 rows, county by county."""
    narrowed = "".join(f" AND {OF_A_KIND[name]} = %({name})s" for name in chosen)
    return _read(PLACES.replace("/* narrowed */", narrowed), chosen)


def _read(sql: str, params: Mapping[str, str] | None = None) -> list[Row]:
    """Counted at most every few seconds for each choice, since on deadline day thousands ask the
    same. What is found is always read anew, so a list never shows what has closed."""
    kept = settings.SEARCH_COUNTS_KEPT
    if not kept:
        return _count(sql, params)
    asked = hashlib.sha256(f"{sql}{sorted((params or {}).items())}".encode()).hexdigest()
    key = f"vacancies-open-{asked}"
    rows: list[Row] | None = cache.get(key)
    if rows is None:
        rows = _count(sql, params)
        cache.set(key, rows, timeout=kept)
    return rows


def _count(sql: str, params: Mapping[str, str] | None) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
