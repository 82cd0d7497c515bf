"""Centres that have not marked by their exam's hour are reminded: their manager gets one text."""

from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.news import News
from accounts.services import tell_each
from catalogue.models import DutyStation, Exam, ExamDay
from cp2.rules import in_portions
from deployments.models import MANAGES_THE_CENTRE

# Whoever manages the centre on the day, one for each; only where somebody is to be marked. A row
# is the right to tell: of two workers at once the second waits for the first, and gets none.
TAKE = """
    WITH due AS (
        SELECT DISTINCT ON (entry.id) entry.id AS entry_id, deployment.id AS deployment_id
        FROM catalogue_centreentry entry
        JOIN catalogue_examday exam_day ON exam_day.exam_id = entry.exam_id
            AND exam_day.day = %(day)s AND (
                exam_day.kind = 'rehearsal' OR exam_day.papers = '{}' OR entry.papers = '{}'
                OR exam_day.papers && entry.papers
            )
        JOIN deployments_post post
            ON post.exam_id = entry.exam_id AND post.station_id = entry.station_id
        JOIN catalogue_position position
            ON position.id = post.position_id AND position.code = %(manages)s
        JOIN deployments_deployment deployment
            ON deployment.post_id = post.id AND deployment.status = 'accepted'
            AND %(day)s BETWEEN deployment.starts_on AND deployment.ends_on
        JOIN profiles_officer officer ON officer.id = deployment.officer_id
        JOIN accounts_user account ON account.id = officer.user_id
            AND account.is_active AND account.phone IS NOT NULL
            AND NOT account.news_off @> ARRAY[%(news)s]::varchar[]
        WHERE entry.exam_id = ANY (%(exams)s)
            AND NOT EXISTS (
                SELECT FROM attendance_register register
                WHERE register.entry_id = entry.id AND register.day = %(day)s
                    AND register.status <> 'open'
            )
            AND NOT EXISTS (
                SELECT FROM attendance_registerreminder told
                WHERE told.entry_id = entry.id AND told.day = %(day)s
            )
            AND EXISTS (
                SELECT FROM deployments_post place
                JOIN deployments_deployment expected
                    ON expected.post_id = place.id AND expected.status IN ('accepted', 'moved')
                    AND %(day)s BETWEEN expected.starts_on AND expected.ends_on
                LEFT JOIN catalogue_positionterms terms
                    ON terms.exam_id = place.exam_id AND terms.position_id = place.position_id
                WHERE place.exam_id = entry.exam_id AND place.station_id = entry.station_id
                    AND (terms.id IS NULL OR exam_day.kind = ANY (terms.paid_days))
            )
        ORDER BY entry.id, deployment.slot
        LIMIT %(most)s
    ), taken AS (
        INSERT INTO attendance_registerreminder (entry_id, day, deployment_id)
        SELECT entry_id, %(day)s, deployment_id FROM due
        ON CONFLICT DO NOTHING
        RETURNING entry_id, deployment_id
    )
    SELECT entry.exam_id, entry.station_id, entry.id, officer.user_id
    FROM taken
    JOIN catalogue_centreentry entry ON entry.id = taken.entry_id
    JOIN deployments_deployment deployment ON deployment.id = taken.deployment_id
    JOIN profiles_officer officer ON officer.id = deployment.officer_id
    ORDER BY entry.id
"""


def remind_due(*, most: int = 2000) -> int:
    return in_portions(_remind, most=most)


@transaction.atomic
def _remind(most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [now] = cursor.fetchone()
        day, exams = timezone.localdate(now), due(now)
        if not exams:
            return 0
        cursor.execute(
            TAKE,
            {
                "day": day,
                "manages": MANAGES_THE_CENTRE,
                "news": News.REMINDERS,
                "exams": [*exams],
                "most": most,
            },
        )
        taken = cursor.fetchall()
    users = User.objects.in_bulk([user for *_place, user in taken])
    stations = DutyStation.objects.in_bulk([station for _exam, station, *_rest in taken])
    tell_each(
        "attendance/reminder",
        (
            (
                users[user],
                f"attendance/reminder {entry} {day}",
                words(exams[exam], stations[station], day),
            )
            for exam, station, entry, user in taken
        ),
        news=News.REMINDERS,
    )
    return len(taken)


def due(now: datetime) -> dict[int, Exam]:
    """Exams of today whose hour has come, and whose registers of today are still open to their
    centres."""
    days = ExamDay.objects.filter(day=timezone.localdate(now)).select_related("exam")
    return {
        each.exam_id: each.exam
        for each in days
        if each.exam.register_is_due(each.day) <= now < each.exam.register_closes(each.day)
    }


def words(exam: Exam, station: DutyStation, day: date) -> dict[str, Any]:
    return {"exam": exam.short, "station": station.name, "day": day}
