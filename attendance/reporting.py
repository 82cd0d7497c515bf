"""Who is to report what they saw, and of which days it is there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from attendance.eligibility import Moment
from attendance.models import SupervisorReport
from attendance.serving import SERVED, expected_on
from catalogue.models import CentreEntry, Exam, ExamDay, PositionTerms
from cp2.exports import Table
from deployments.area_files import in_blocks
from deployments.models import Deployment, DeploymentQuerySet

FIELDS = [
    "candidates_absent",
    "incidents",
    "materials_in_at",
    "materials_out_at",
    "second_in_at",
    "second_out_at",
]


@dataclass(frozen=True)
class ReportDay:
    """A day of one who reports, and what became of its report."""

    deployment: Deployment
    day: date
    report: SupervisorReport | None
    is_closed: bool

    @property
    def state(self) -> str:
        """For the badge's tone."""
        if self.report:
            return "submitted"
        return "missing" if self.is_closed else "pending"

    @property
    def word(self) -> str:
        said = {"submitted": _("Written"), "missing": _("Missed"), "pending": _("Due")}
        return said[self.state]


def reporting() -> Q:
    """Deployments in positions whose terms ask for a report every day."""
    return Q(
        Exists(
            PositionTerms.objects.filter(
                exam=OuterRef("post__exam"), position=OuterRef("post__position"), reports_daily=True
            )
        )
    )


def reporters(user: User) -> DeploymentQuerySet:
    """The deployments of an officer in which they report; what was served stays theirs."""
    return Deployment.objects.visible_to(user).filter(reporting(), status__in=SERVED).with_place()


def due_on(day: date) -> DeploymentQuerySet:
    """Who is to report on a day: whoever is expected, where the centre works."""
    works = CentreEntry.objects.working_on(day).filter(
        exam=OuterRef("post__exam"), station=OuterRef("post__station")
    )
    return expected_on(day).filter(reporting(), Exists(works))


def entry_of(deployment: Deployment) -> CentreEntry | None:
    return (
        CentreEntry.objects.filter(exam=deployment.post.exam_id, station=deployment.post.station_id)
        .select_related("exam", "station")
        .first()
    )


def days_of(user: User, *, now: datetime | None = None) -> list[ReportDay]:
    """All days of an officer's on which they are to report, the newest first; four queries."""
    now = now or timezone.now()
    served = list(reporters(user))
    exams = {row.post.exam_id for row in served}
    entries = {
        (entry.exam_id, entry.station_id): entry
        for entry in CentreEntry.objects.filter(
            exam__in=exams, station__in={row.post.station_id for row in served}
        )
    }
    days: dict[int, list[ExamDay]] = {}
    for exam_day in ExamDay.objects.filter(exam__in=exams, day__lte=timezone.localdate(now)):
        days.setdefault(exam_day.exam_id, []).append(exam_day)
    paid = {
        (exam, position): kinds
        for exam, position, kinds in PositionTerms.objects.filter(exam__in=exams).values_list(
            "exam", "position", "paid_days"
        )
    }
    written = {
        (report.deployment_id, report.day): report
        for report in SupervisorReport.objects.filter(deployment__in=served)
    }
    found = [
        ReportDay(
            row,
            exam_day.day,
            written.get((row.pk, exam_day.day)),
            now >= row.post.exam.register_closes(exam_day.day),
        )
        for row in served
        for exam_day in days.get(row.post.exam_id, [])
        if row.starts_on <= exam_day.day <= row.ends_on
        and exam_day.kind in paid[row.post.exam_id, row.post.position_id]
        and _works(entries.get((row.post.exam_id, row.post.station_id)), exam_day)
    ]
    return sorted(found, key=lambda each: (each.day, each.deployment.pk), reverse=True)


def _works(entry: CentreEntry | None, day: ExamDay) -> bool:
    """As `catalogue.models.works` says it to the database."""
    if entry is None:
        return False
    everybody = day.kind == "rehearsal" or not day.papers or not entry.papers
    return everybody or bool({*day.papers} & {*entry.papers})


def is_expected(deployment: Deployment, day: date) -> bool:
    return expected_on(day).filter(pk=deployment.pk).exists()


def reasons_against_reporting(day: date, moment: Moment, *, expected: bool) -> Iterator[str]:
    """Why a report of this day may not be written or corrected now."""
    if day > moment.today:
        yield _("A report is written on the day itself or after it: this day is to come.")
    elif not (moment.works and expected):
        yield _("You are not expected at this centre on this day, so it needs no report.")
    elif moment.is_closed:
        yield _(
            "This day is closed, so its report stays as it is. Tell your director what is wrong."
        )


# Lists


def written(user: User, asked: dict[str, Any]) -> QuerySet[SupervisorReport]:
    """What supervisors wrote, the newest day first."""
    rows = SupervisorReport.objects.visible_to(user)
    if asked.get("day"):
        rows = rows.filter(day=asked["day"])
    if asked.get("exam"):
        rows = rows.filter(deployment__post__exam=asked["exam"])
    if asked.get("shows") == "incidents":
        rows = rows.with_incidents()
    return rows.select_related(
        "deployment__officer__user",
        "deployment__post__exam",
        "deployment__post__station",
        "deployment__post__position",
    ).order_by("-day", "deployment__post__station__code", "pk")


def missing(user: User, day: date, exam: Exam | None = None) -> DeploymentQuerySet:
    """Who has not reported on a day, though they are to."""
    reports = SupervisorReport.objects.filter(deployment=OuterRef("pk"), day=day)
    rows = due_on(day).visible_to(user).filter(~Exists(reports))
    if exam:
        rows = rows.filter(post__exam=exam)
    return (
        rows.with_place()
        .select_related("officer__user")
        .order_by("post__station__code", "officer__full_name", "pk")
    )


# Files


def written_table(rows: QuerySet[SupervisorReport], *, by: str, about: str) -> Table:
    return Table(
        name="supervisors-reports",
        title=_("Supervisors' reports"),
        heading=heading(),
        rows=map(line, in_blocks(rows)),
        count=rows.count(),
        by=by,
        about=about,
    )


def missing_table(rows: DeploymentQuerySet, day: date, *, by: str, about: str) -> Table:
    return Table(
        name="reports-not-written",
        title=_("Supervisors' reports that are not written"),
        heading=heading()[:5],
        rows=([day, *_who(row)] for row in in_blocks(rows)),
        count=rows.count(),
        by=by,
        about=about,
    )


def heading() -> list[str]:
    return [
        _("Day"),
        _("Exam"),
        _("Code"),
        _("Centre"),
        _("Officer"),
        _("Candidates absent"),
        _("Incidents"),
        _("Materials received"),
        _("Materials returned"),
        _("Received again"),
        _("Returned again"),
        _("Written"),
    ]


def _who(deployment: Deployment) -> Iterable[object]:
    post = deployment.post
    return [post.exam.short, post.station.code, post.station.name, deployment.officer.full_name]


def line(report: SupervisorReport) -> list[object]:
    times = ["materials_in_at", "materials_out_at", "second_in_at", "second_out_at"]
    return [
        report.day,
        *_who(report.deployment),
        report.candidates_absent,
        report.incidents,
        *(f"{at:%H:%M}" if (at := getattr(report, name)) else "" for name in times),
        report.written_at,
    ]
