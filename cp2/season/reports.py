"""What supervisors and centres of the first sub-county say: a rotation with a handover and without,
who did not come, and incidents."""

from datetime import date, timedelta
from itertools import combinations

from django.db.models import F

from accounts.models import User
from attendance.models import (
    CentreReport,
    CentreReportStatus,
    Handover,
    Mark,
    MarkStatus,
    ReportKind,
    SupervisorReport,
)
from attendance.serving import expected_on
from catalogue.models import CentreEntry, Exam, ExamDay, Office, StationKind, SubCounty
from cp2.season import draws
from cp2.season.dates import moment
from deployments import letters
from deployments.models import Deployment, DeploymentStatus, Letter
from profiles.models import WorkExperience

WEEKLY = "Supervisors change places every week."
DAY = timedelta(days=1)
ISSUES = "Desks of the third room were too close on the first day; they stand apart since."
ABSENT = "014 (all papers), 031 (Paper 2)"
HARDSHIP = "022 expects a child this month and may go out accompanied."


def turn_of(exam: Exam, today: date) -> date:
    """The past day on which the exam's officers change places."""
    days = ExamDay.objects.filter(exam=exam, day__lt=today).order_by("day")
    past = list(days.values_list("day", flat=True))
    return past[len(past) // 2]


def rotate(exam: Exam, home: SubCounty, today: date, seed: int) -> None:
    """Two supervisors change places at the exam's turn, if there are two who may."""
    rows = Deployment.objects.filter(
        post__exam=exam,
        post__station__sub_county=home,
        post__position__code="SUP",
        status=DeploymentStatus.ACCEPTED,
        starts_on=exam.rehearsal_on,
        ends_on=exam.ends_on,
    ).select_related("post")
    pair = next((pair for pair in combinations(rows.order_by("pk"), 2) if _may_change(*pair)), None)
    if pair is None:
        return
    turn = turn_of(exam, today)
    answered = moment(turn - DAY, 17)
    Deployment.objects.filter(pk__in=[row.pk for row in pair]).update(
        status=DeploymentStatus.MOVED, ends_on=turn - DAY, reason=WEEKLY
    )
    for number, (was, other) in enumerate((pair, pair[::-1])):
        new = Deployment.objects.create(
            post=other.post,
            slot=other.slot,
            officer_id=was.officer_id,
            application_id=was.application_id,
            status=DeploymentStatus.ACCEPTED,
            starts_on=turn,
            ends_on=exam.ends_on,
            respond_by=was.respond_by,
            offered_at=moment(turn - DAY, 15),
            answered_at=answered,
            replaces=was,
            reason=WEEKLY,
        )
        Letter.objects.filter(deployment=was, voided_at=None).update(voided_at=answered)
        named = ("rotation", exam.abbreviation, number)
        Letter.objects.create(
            deployment=new,
            code=draws.letters(letters.ALPHABET, letters.CODE_LENGTH, seed, *named),
            issued_at=answered,
        )


def _may_change(one: Deployment, other: Deployment) -> bool:
    if one.post_id == other.post_id:
        return False
    pairs = [(one.officer_id, other.post.station_id), (other.officer_id, one.post.station_id)]
    return not any(
        WorkExperience.objects.filter(officer=officer, station=station).exists()
        or Deployment.objects.filter(officer=officer, post__station=station).exists()
        for officer, station in pairs
    )


def report(exam: Exam, home: SubCounty, today: date) -> None:
    """After the marks: what was handed over, and what centres reported."""
    _collect_twice(exam, home)
    _hand_over(exam, home, today)
    director = User.objects.get(sub_county=home, office=Office.TSC)
    _settled_no_shows()
    entries = list(
        CentreEntry.objects.filter(
            exam=exam, station__sub_county=home, distance_km__isnull=False
        ).order_by("pk")
    )
    _open_no_show(entries, today)
    _incidents(entries, today, director)


def _collect_twice(exam: Exam, home: SubCounty) -> None:
    """As KCSE's papers are since 2023."""
    SupervisorReport.objects.filter(
        deployment__post__exam=exam, deployment__post__station__sub_county=home
    ).update(
        materials_in_at="06:55",
        materials_out_at="11:40",
        second_in_at="12:10",
        second_out_at="17:05",
    )


def _hand_over(exam: Exam, home: SubCounty, today: date) -> None:
    """The first of the two wrote, and the other has taken over; of the second it is missing."""
    turn = turn_of(exam, today)
    legs = Deployment.objects.filter(
        post__exam=exam,
        post__station__sub_county=home,
        post__position__code="SUP",
        replaces__officer=F("officer"),
        starts_on=turn,
    ).order_by("pk")
    for leg in legs.select_related("replaces")[:1]:
        was = leg.replaces
        assert was is not None  # it is looked for by that
        comes = legs.filter(post=was.post_id, slot=was.slot).first()
        at_work = (
            expected_on(was.ends_on)
            .filter(post__exam=exam, post__station=was.post.station_id)
            .exclude(officer=was.officer_id)
            .order_by("post__position__rank", "officer__full_name", "pk")
        )
        listed = [
            {"name": name, "position": position, "mark": "present"}
            for name, position in at_work.values_list("officer__full_name", "post__position__name")
        ]
        Handover.objects.create(
            deployment=was,
            day=was.ends_on,
            issues=ISSUES,
            absent_candidates=ABSENT,
            hardship=HARDSHIP,
            invigilators=listed,
            written_at=moment(was.ends_on, 17, 30),
            taken_by=comes,
            taken_at=moment(turn, 6, 40) if comes else None,
        )


def _settled_no_shows() -> None:
    """Of the first who were replaced, wherever that was."""
    gone = Deployment.objects.filter(
        post__position__deployed_by=Office.TSC,
        post__station__kind=StationKind.EXAMINATION_CENTRE,
        status=DeploymentStatus.MOVED,
        replaced_by__post=F("post"),
    ).order_by("pk")
    for row in gone.select_related("post")[:2]:
        day = row.ends_on + DAY
        _make(
            CentreEntry.objects.get(exam=row.post.exam_id, station=row.post.station_id),
            day,
            kind=ReportKind.NO_SHOW,
            deployment=row,
            text="Not here at seven, and the phone is off.",
            status=CentreReportStatus.SETTLED,
            settled_at=moment(day, 8, 20),
        )


def _open_no_show(entries: list[CentreEntry], today: date) -> None:
    """Somebody who is not marked P today."""
    present = Mark.objects.filter(day=today, status=MarkStatus.PRESENT).values("officer")
    for entry in entries:
        row = (
            expected_on(today)
            .filter(
                post__exam=entry.exam_id,
                post__station=entry.station_id,
                post__position__code="INV",
                status=DeploymentStatus.ACCEPTED,
            )
            .exclude(officer__in=present)
            .order_by("pk")
            .first()
        )
        if row is not None:
            _make(
                entry,
                today,
                kind=ReportKind.NO_SHOW,
                deployment=row,
                text="Nobody has seen them since yesterday.",
            )
            return


def _incidents(entries: list[CentreEntry], today: date, director: User) -> None:
    for entry in entries[:1]:
        _make(
            entry, today, kind=ReportKind.INCIDENT, text="Rain came through the roof of the hall."
        )
    for entry in entries[1:2]:
        day = entry.exam.starts_on
        _make(
            entry,
            day,
            kind=ReportKind.INCIDENT,
            text="The key of the strong room was found only at half past six.",
            status=CentreReportStatus.SETTLED,
            settled_at=moment(day, 10),
            settled_by=director,
            answer="Leave the second key with the deputy from today on.",
        )


def _make(entry: CentreEntry, day: date, **fields: object) -> None:
    account = User.objects.get(station=entry.station_id, exam=entry.exam_id)
    manager = expected_on(day).filter(
        post__exam=entry.exam_id, post__station=entry.station_id, post__position__code="CM"
    )
    name = manager.values_list("officer__full_name", flat=True).first() or "Barasa Wafula"
    CentreReport.objects.create(
        entry=entry,
        day=day,
        reported_by=account,
        acting_name=name,
        reported_at=moment(day, 6, 50),
        **fields,
    )
