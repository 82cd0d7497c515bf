"""How questions fare: how many wait and for how long, what they are about, where, and how soon they
are answered. Each figure is counted by the database, in three statements however many there are."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cp2.exports import Table
from enquiries.models import Category, Enquiry, EnquiryStatus, Topic
from enquiries.models.enquiries import WAITING, late

# Days since it was asked, from and before; the last has no end.
AGES: list[tuple[int, int | None]] = [(0, 3), (3, 8), (8, 15), (15, 31), (31, None)]
HEIGHT, STEP, BAR = 100, 40, 30


class Median(Aggregate):
    """Of what there is; nothing of nothing."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


TO_ANSWER = ExpressionWrapper(
    F("first_answered_at") - F("opened_at"), output_field=models.DurationField()
)


@dataclass(frozen=True)
class Line:
    """What one subject, or one county, comes to."""

    name: str
    all: int
    waiting: int
    overdue: int
    hours: int | None


@dataclass(frozen=True)
class Age:
    days: str
    on_time: int
    overdue: int

    @property
    def all(self) -> int:
        return self.on_time + self.overdue


@dataclass(frozen=True)
class Statistics:
    all: int
    by_status: list[tuple[str, int]]
    overdue: int
    hours: int | None  # to the first answer, half of them sooner and half later
    ages: list[Age]
    subjects: list[Line]
    places: list[Line]

    @property
    def most(self) -> int:
        return max((age.all for age in self.ages), default=0)

    @property
    def width(self) -> int:
        return len(self.ages) * STEP

    @property
    def bars(self) -> list[tuple[str, int, int, int]]:
        """Kind, from the left, from the top, height: from the ground up, and never too low to be
        seen."""
        parts = []
        for place, age in enumerate(self.ages):
            ground = HEIGHT
            for kind, count in (("on_time", age.on_time), ("overdue", age.overdue)):
                if count:
                    height = max(HEIGHT * count // self.most, 2)
                    ground = max(ground - height, 0)
                    parts.append((kind, place * STEP + (STEP - BAR) // 2, ground, height))
        return parts

    @property
    def labels(self) -> list[tuple[str, int]]:
        return [(age.days, place * STEP + STEP // 2) for place, age in enumerate(self.ages)]


def statistics(rows: QuerySet[Enquiry], *, by_county: bool) -> Statistics:
    overdue = late()
    counted: dict[str, Any] = rows.order_by().aggregate(
        all=Count("pk"),
        overdue=Count("pk", filter=overdue),
        median=Median(TO_ANSWER),
        **{f"is_{value}": Count("pk", filter=Q(status=value)) for value in EnquiryStatus.values},
        **{
            f"{kind}_{place}": Count("pk", filter=_aged(*age) & also)
            for place, age in enumerate(AGES)
            for kind, also in (("late", overdue), ("due", ~overdue))
        },
    )
    return Statistics(
        all=counted["all"],
        by_status=[(str(status.label), counted[f"is_{status}"]) for status in EnquiryStatus],
        overdue=counted["overdue"],
        hours=_hours(counted["median"]),
        ages=[
            Age(_days(*age), counted[f"due_{place}"], counted[f"late_{place}"])
            for place, age in enumerate(AGES)
        ],
        subjects=_subjects(rows),
        places=_places(rows) if by_county else [],
    )


def _aged(first: int, end: int | None) -> Q:
    """Of those that wait, asked at least so many days ago."""
    now = timezone.now()
    aged = Q(status__in=WAITING, opened_at__lte=now - timedelta(days=first))
    return aged & Q(opened_at__gt=now - timedelta(days=end)) if end else aged


def _days(first: int, end: int | None) -> str:
    return f"{first}–{end - 1}" if end else f"{first}+"


def _hours(median: timedelta | None) -> int | None:
    return round(median.total_seconds() / 3600) if median is not None else None


def _grouped(rows: QuerySet[Enquiry], *by: str) -> list[dict[str, Any]]:
    groups: Any = rows.order_by().values(*by)
    return list(
        groups.annotate(
            all=Count("pk"),
            waiting=Count("pk", filter=Q(status__in=WAITING)),
            late=Count("pk", filter=late()),
            median=Median(TO_ANSWER),
        )
    )


def _line(name: str, row: dict[str, Any]) -> Line:
    return Line(name, row["all"], row["waiting"], row["late"], _hours(row["median"]))


def _subjects(rows: QuerySet[Enquiry]) -> list[Line]:
    """By category, and within it by topic, what waits most first."""
    topics = {topic.pk: str(topic) for topic in Topic.objects.all()}
    order = {value: place for place, value in enumerate(Category.values)}
    found = _grouped(rows, "category", "topic")
    found.sort(key=lambda row: (order[row["category"]], -row["waiting"], -row["all"]))
    return [_line(_subject(row, topics), row) for row in found]


def _subject(row: dict[str, Any], topics: dict[int, str]) -> str:
    category = str(Category(row["category"]).label)
    return f"{category}: {topics[row['topic']]}" if row["topic"] in topics else category


def _places(rows: QuerySet[Enquiry]) -> list[Line]:
    found = _grouped(rows, "sub_county__county__name")
    found.sort(key=lambda row: (-row["late"], -row["waiting"], row["sub_county__county__name"]))
    return [_line(row["sub_county__county__name"], row) for row in found]


def table(found: Statistics, *, by: User, about: str) -> Table:
    lines = [
        *((_("Status"), name, count, "", "", "") for name, count in found.by_status),
        (_("In all"), "", found.all, "", found.overdue, found.hours),
        *((_("Days waiting"), age.days, age.all, age.all, age.overdue, "") for age in found.ages),
        *(
            (what, line.name, line.all, line.waiting, line.overdue, line.hours)
            for what, these in ((_("About"), found.subjects), (_("County"), found.places))
            for line in these
        ),
    ]
    return Table(
        name="enquiry-statistics",
        title=_("How enquiries fare"),
        heading=[
            _("Counted by"),
            _("Which"),
            _("Enquiries"),
            _("Waiting"),
            _("Overdue"),
            _("Hours to the first answer (median)"),
        ],
        rows=lines,
        count=len(lines),
        by=str(by),
        about=about,
    )
