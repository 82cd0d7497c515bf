"""The cut-off is passed by the database's clock, in the middle of everybody's posts."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from attendance import services
from attendance.models import Mark, Register
from attendance.tests import world
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import Exam
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once, split

POSTS = 100
AHEAD = timedelta(seconds=1)
MOST_AT_ONCE = 12  # connections


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_each_of_a_hundred_posts_is_saved_before_the_cut_off_or_refused():
    exam = make.exam(registers_due_at="00:00:01")
    centres = [world.centre(officers=2, exam=exam) for _each in range(10)]
    gate, start = threading.Semaphore(MOST_AT_ONCE), threading.Event()
    closes = _close_soon(exam)

    def post(number):
        centre = centres[number % len(centres)]
        status = PRESENT if number % 2 else ABSENT

        def mark():
            # some before it, some over it, some after it
            start.wait((AHEAD * 2 * number / POSTS).total_seconds())
            with gate:
                try:
                    at = services.mark_all(
                        centre.entry,
                        day=make.today(),
                        marks=centre.marks(status, status),
                        by=centre.user,
                        acting_name="Barasa Wafula",
                    )
                finally:
                    connection.close()
            return centre, at, status

        return mark

    saved, refused = split(at_once(*[post(number) for number in range(POSTS)]))

    assert saved
    assert refused
    assert all(at < closes for _centre, at, _status in saved)
    assert all("is closed: it could be marked until" in str(why) for why in refused)
    last: dict[int, tuple[datetime, str]] = {}
    for centre, at, status in saved:
        last[centre.entry.pk] = max(last.get(centre.entry.pk, (at, status)), (at, status))
    for centre in centres:
        marks = set(
            Mark.objects.filter(deployment__in=centre.deployments).values_list("status", flat=True)
        )
        assert marks == ({last[centre.entry.pk][1]} if centre.entry.pk in last else set())
    assert Register.objects.filter(status="submitted").count() == len(last)


def _close_soon(exam: Exam) -> datetime:
    """A second from now by the database's clock, to the microsecond."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        closes: datetime = timezone.localtime(cursor.fetchone()[0]) + AHEAD
    Exam.objects.filter(pk=exam.pk).update(
        registers_close_after=0, registers_close_at=closes.time()
    )
    return closes


@pytest.mark.django_db
def test_late_mark_wants_a_reason_which_stays_in_register_and_trail():
    centre = world.centre(officers=1)
    yesterday = make.today() - timedelta(days=1)
    marking = {"day": yesterday, "by": centre.user, "acting_name": "Barasa Wafula"}
    with pytest.raises(Refused, match="Say why this day is marked after it was over"):
        services.mark_all(centre.entry, marks=centre.marks(), **marking)
    assert not Mark.objects.exists()

    services.mark_all(
        centre.entry, marks=centre.marks(), late_reason="No network all day", **marking
    )

    assert Register.objects.get().late_reason == "No network all day"
