"""How texts fare: counted right, and by an index however many there are."""

from datetime import timedelta
from decimal import Decimal

import time_machine
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from cp2.tests.make import moment
from sms import figures
from sms.chart import HEIGHT, chart
from sms.models import Kind, Message

NOW = "2026-11-05 10:30"  # a Thursday


class Figures(TestCase):
    def setUp(self):
        traveller = time_machine.travel(moment(NOW), tick=False)
        traveller.start()
        self.addCleanup(traveller.stop)

    def write(self, status="delivered", at=NOW, n=1, **fields):
        defaults = {"to": "254712345678", "template": "t", "text": "x", "kind": Kind.NOTICE}
        if fields.get("kind") == Kind.CREDENTIALS:
            defaults["text"] = ""
        if status in ("delivered", "sent"):
            defaults |= {"sent_at": moment(at), "cost": Decimal("0.80")}
        if status == "sending":
            defaults["lease_until"] = moment(at)
        times = {"created_at": moment(at), "not_before": moment(at)}
        Message.objects.bulk_create(
            Message(status=status, **{**defaults, **times, **fields}) for _ in range(n)
        )


class Waiting(Figures):
    def lane(self, kind):
        return next(lane for lane in figures.waiting().lanes if lane.kind == kind)

    def test_each_lane_tells_how_much_waits_and_for_how_long(self):
        self.write("queued", "2026-11-05 10:20", kind=Kind.CREDENTIALS)
        self.write("queued", "2026-11-05 10:28", n=2, kind=Kind.CREDENTIALS)
        self.write("queued", "2026-11-05 06:10", kind=Kind.BULK)
        self.write("sent", "2026-11-05 06:10")

        credentials, bulk = self.lane(Kind.CREDENTIALS), self.lane(Kind.BULK)
        assert (credentials.waiting, credentials.oldest) == (3, timedelta(minutes=10))
        assert credentials.oldest_in_words == "10 min"
        assert credentials.is_slow
        assert bulk.oldest_in_words == "4 h 20 min"
        assert not bulk.is_slow
        assert (self.lane(Kind.NOTICE).waiting, self.lane(Kind.NOTICE).oldest) == (0, None)

    def test_what_is_tried_again_later_waits_but_not_what_was_written_for_later(self):
        later = moment("2099-11-05 11:00")
        self.write("queued", "2026-11-05 10:00", attempts=2, not_before=later)
        self.write("queued", "2026-11-05 09:00", not_before=later)

        notice = self.lane(Kind.NOTICE)
        assert (notice.waiting, notice.later) == (1, 1)
        assert notice.oldest == timedelta(minutes=30)

    def test_what_needs_a_person_is_counted_whatever_its_age(self):
        self.write("held", "2025-01-01 10:00", n=2)
        self.write("unknown", "2025-01-01 10:00", n=3)

        waiting = figures.waiting()
        assert (waiting.held, waiting.doubtful) == (2, 3)


class LastDay(Figures):
    def network(self, name):
        return next(each for each in figures.last_day().networks if each.name == name)

    def test_texts_are_counted_by_network_and_by_the_hour_of_writing(self):
        self.write("delivered", "2026-11-05 09:59", n=3, network="63902")
        self.write("failed", "2026-11-05 10:01", network="63902", failure="AbsentSubscriber")
        self.write("delivered", "2026-11-05 10:02", network="63903")
        self.write("sent", "2026-11-05 10:03", n=2)
        self.write("queued", "2026-11-05 10:04")

        safaricom = self.network("Safaricom")
        assert (safaricom.total.delivered, safaricom.total.failed) == (3, 1)
        assert safaricom.total.share == 75
        nine, ten = moment("2026-11-05 09:00"), moment("2026-11-05 10:00")
        assert (safaricom.hours[nine].delivered, safaricom.hours[ten].failed) == (3, 1)
        unknown = self.network("Not known yet")
        assert (unknown.total.handed, unknown.total.silent, unknown.total.left_out) == (2, 2, 1)
        assert unknown.total.share is None
        assert [each.name for each in figures.last_day().networks] == [
            "Safaricom",
            "Airtel",
            "Not known yet",
        ]

    def test_older_texts_are_left_out(self):
        self.write("delivered", "2026-11-04 10:59")
        assert figures.last_day().networks == []

        self.write("delivered", "2026-11-04 11:00")
        day = figures.last_day()
        assert len(day.hours) == 24
        assert day.networks[0].hours[day.hours[0]].delivered == 1

    def test_failures_are_counted_by_reason_with_what_it_means(self):
        self.write("failed", n=3, failure="UserInBlacklist (406)")
        self.write("failed", failure="AbsentSubscriber")
        self.write("unknown", n=2, failure="the gateway did not answer")
        self.write("delivered", failure="")

        blocked, doubtful, absent = figures.last_day().failures
        assert (blocked.count, blocked.meaning) == (3, "the line blocks texts from companies")
        assert "*456*9*5*5*1#" in blocked.advice
        assert (doubtful.count, doubtful.meaning) == (
            2,
            "taken perhaps: the gateway did not answer",
        )
        assert absent.said == "AbsentSubscriber"

    def test_bars_fill_the_height_and_one_failure_can_be_seen(self):
        self.write("delivered", "2026-11-05 10:01", n=500, network="63902")
        self.write("failed", "2026-11-05 10:02", network="63902")
        self.write("delivered", "2026-11-05 09:02", n=50, network="63902")

        day = figures.last_day()
        drawn = chart(day.networks[0], day.hours)
        ten = {part.kind: part.height for part in drawn.parts if part.x == 23 * 20}
        assert ten == {"delivered": HEIGHT - 1, "failed": 1}
        assert all(part.height >= 1 and part.y >= 0 for part in drawn.parts)
        assert drawn.most == 501
        assert [label.hour.hour for label in drawn.labels] == [12, 18, 0, 6]


class Spending(Figures):
    def test_shillings_are_summed_by_lane_for_today_and_since_monday(self):
        self.write("delivered", "2026-11-05 08:00", n=2)
        self.write("sent", "2026-11-02 00:00", kind=Kind.BULK)
        self.write("delivered", "2026-11-01 23:59")
        self.write("queued", "2026-11-05 08:00")

        lines = {line.lane: (line.today, line.week) for line in figures.spend()}
        assert lines == {
            "Credentials": (0, 0),
            "Notice": (Decimal("1.60"), Decimal("1.60")),
            "To many at once": (0, Decimal("0.80")),
            "In all": (Decimal("1.60"), Decimal("2.40")),
        }


class Indexes(Figures):
    def test_no_figure_reads_the_whole_table(self):
        """With as many texts as make the planner care."""
        start = moment("2026-08-01 00:00")
        statuses = ("delivered", "delivered", "delivered", "sent", "failed")
        Message.objects.bulk_create(
            Message(
                to="254712345678",
                template="t",
                text="x",
                status=statuses[n % 5],
                created_at=start + timedelta(minutes=7 * n),
                not_before=start,
            )
            for n in range(20_000)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE sms_message")
        with CaptureQueriesContext(connection) as queries:
            figures.waiting(), figures.last_day(), figures.spend()

        assert len(queries) == 3
        for query in queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, plan
            assert "texts_" in plan
