"""Headquarters' picture of a day: the nation by county, down to a centre, from what is counted."""

from datetime import time, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from attendance import counting, owed, tasks, today
from attendance.models import DayCount, RegisterStatus
from attendance.tests import world
from attendance.tests.test_today import at, submitted
from attendance.tests.world import ABSENT
from catalogue.models import Exam, ExamDay
from cp2.rules import Role
from cp2.tests import make

PAGE = reverse("admin:attendance_register_today")
FILES = reverse("admin:attendance_register_today_files")


class Counted(TestCase):
    def setUp(self):
        self.exam = make.exam(registers_due_at=time(9))
        self.here = make.sub_county("Bonchari", "Kisii")
        self.there = make.sub_county("Loima", "Turkana")
        self.day = make.today()

    def centre(self, place=None, **fields):
        station = make.station(sub_county=place or self.here)
        return world.centre(station=station, **{"exam": self.exam, "officers": 2, **fields})


class Counts(Counted):
    def test_a_count_is_what_the_lines_of_the_sub_county_come_to(self):
        for hour in (4, 8, 9, 10, 23):
            centre = self.centre()
            submitted(centre.entry, at(hour, 10))
            make.mark(centre.deployments[0])
            make.mark(centre.deployments[1], status=ABSENT)
        submitted(self.centre().entry, at(8), RegisterStatus.AMENDED)
        submitted(self.centre().entry, at(8, day=self.day - timedelta(days=1)))
        make.register(self.centre().entry)  # opened only
        self.centre(self.there)
        self.centre(exam=make.exam())

        assert counting.count(self.day) == 3

        for place in (self.here, self.there):
            for exam in Exam.objects.all():
                lines = list(owed.of_area(place, day=self.day, exam=exam))
                row = DayCount.objects.filter(sub_county=place, exam=exam).first()
                with self.subTest(place=place, exam=exam):
                    assert bool(lines) == bool(row)
                    if row:
                        found = today.Sum()
                        found.add(row)
                        assert found == today.summed(lines)
        row = DayCount.objects.get(sub_county=self.here, exam=self.exam)
        assert (row.due, sum(row.on_time), sum(row.late), row.amended, row.never) == (8, 3, 3, 1, 1)
        assert (row.expected, row.present, row.absent) == (16, 5, 5)

    def test_counting_again_puts_the_new_count_in_the_place_of_the_old(self):
        centre = self.centre()
        counting.count(self.day)
        submitted(centre.entry, at(8))
        counting.count(self.day)

        row = DayCount.objects.get()
        assert (row.never, sum(row.on_time)) == (0, 1)

    def test_sub_county_whose_centres_sit_no_more_is_counted_no_more(self):
        self.centre()
        counting.count(self.day)
        self.exam.days.filter(day=self.day).delete()

        assert counting.count(self.day) == 0
        assert not DayCount.objects.exists()

    def test_the_tick_counts_today_and_one_day_gone_by_until_it_is_fresh(self):
        self.centre()

        assert tasks.count_days() == 2
        today_, other = DayCount.objects.order_by("-day").values_list("day", "counted_at")
        assert (today_[0], other[0] < self.day) == (self.day, True)
        ExamDay.objects.exclude(day__in=[self.day, other[0]]).delete()
        assert tasks.count_days() == 1  # it was counted a moment ago
        DayCount.objects.filter(day=other[0]).update(counted_at=timezone.now() - timedelta(hours=2))
        assert tasks.count_days() == 2

    def test_nothing_is_counted_before_there_is_an_exam(self):
        ExamDay.objects.all().delete()

        assert tasks.count_days() == 0

    def test_two_counts_of_one_day_and_what_does_not_add_up_are_refused(self):
        self.centre()
        counting.count(self.day)
        row = DayCount.objects.get()
        for name, change in {
            "one_count_a_day_of_a_sub_county": {"pk": None},
            "count_adds_up": {"present": 2, "absent": 1},
        }.items():
            again = DayCount.objects.get(pk=row.pk)
            for field, value in change.items():
                setattr(again, field, value)
            with (
                self.subTest(name),
                pytest.raises(IntegrityError) as refusal,
                transaction.atomic(),
            ):
                again.save()
            assert refusal.value.__cause__.diag.constraint_name == name


class Picture(Counted):
    def setUp(self):
        super().setUp()
        self.auditor = make.user(Role.STAFF)
        self.auditor.groups.set(Group.objects.filter(name="Auditor"))
        make.sign_in(self.client, self.auditor)

    def look(self, **asked):
        return self.client.get(PAGE, asked)

    def test_nation_by_county_where_most_are_waited_for_first(self):
        done = self.centre(self.here)
        submitted(done.entry, at(8))
        make.mark(done.deployments[0])
        self.centre(self.there), self.centre(self.there)
        counting.count(self.day)

        page = self.look()

        lines = page.context["sums"]
        assert [line.place.name for line in lines] == ["Turkana", "Kisii"]
        assert [(line.found.due, line.found.marked, line.found.never) for line in lines] == [
            (2, 0, 2), (1, 1, 0)
        ]  # fmt: skip
        found = page.context["found"]
        assert (found.due, found.waiting, found.expected, found.present) == (3, 2, 6, 1)
        self.assertContains(page, f"?county={self.there.county_id}")
        self.assertContains(page, "due at 09:00")

    def test_county_by_sub_county_and_that_by_centre(self):
        other = make.sub_county("Bobasi", "Kisii")
        here, beside, far = self.centre(), self.centre(other), self.centre(self.there)
        counting.count(self.day)

        page = self.look(county=self.here.county_id)
        assert {line.place for line in page.context["sums"]} == {self.here, other}

        submitted(here.entry, at(8))  # counted by nobody yet, and seen at once
        page = self.look(county=self.here.county_id, sub_county=self.here.pk)
        [row] = page.context["rows"]
        assert (row["line"].entry_id, page.context["found"].marked) == (here.entry.pk, 1)
        self.assertNotContains(page, beside.entry.station.name)
        self.assertNotContains(page, far.entry.station.name)
        assert not self.look(sub_county=self.here.pk, state="not_yet").context["rows"]

    def test_phones_of_managers_are_not_here(self):
        """Finance reads registers too, and has nobody to call."""
        centre = self.centre()
        counting.count(self.day)

        page = self.look(sub_county=self.here.pk)

        self.assertNotContains(page, centre.deployments[0].officer.phone)

    def test_one_exam_may_be_asked_for(self):
        self.centre()
        other = self.centre(exam=make.exam())
        counting.count(self.day)

        assert self.look(exam=other.entry.exam_id).context["found"].due == 1
        assert self.look().context["found"].due == 2

    def test_today_renews_itself_and_a_day_gone_by_does_not(self):
        self.centre()
        for day in (self.day, self.day - timedelta(days=1)):
            counting.count(day)

        self.assertContains(self.look(), '<meta http-equiv="refresh" content="60">', html=True)
        self.assertNotContains(self.look(still="1"), "http-equiv")
        yesterday = (self.day - timedelta(days=1)).isoformat()
        page = self.look(day=yesterday)
        self.assertNotContains(page, "http-equiv")
        self.assertContains(page, "Counted on")

    def test_before_anything_is_counted_it_says_so(self):
        self.centre()

        self.assertContains(self.look(), "none has been counted yet")

    def test_what_is_no_place_day_or_exam_shows_the_nation(self):
        self.centre()
        counting.count(self.day)
        for name in ("county", "sub_county", "exam", "day", "state", "page"):
            for value in ("x", "-1", "0", "9" * 50, "\0", "1 or 1=1"):
                with self.subTest(name=name, value=value[:9]):
                    page = self.look(**{name: value})
                    assert page.status_code == 200
                    assert page.context["found"].due == 1

    def test_each_level_leaves_as_a_file(self):
        centre = self.centre()
        counting.count(self.day)
        for asked, expected in {
            "": "Kisii,1,0",
            f"?county={self.here.county_id}": "Bonchari,1,0",
            f"?sub_county={self.here.pk}": f"{centre.entry.station.code},",
        }.items():
            answer = self.client.post(FILES + asked, {"as": "csv"})
            text = b"".join(answer.streaming_content).decode("utf-8-sig")
            with self.subTest(asked=asked):
                [_heading, line] = text.strip().split("\r\n")
                assert line.startswith(expected)
        assert Entry.objects.filter(verb="attendance.taken", actor=self.auditor).count() == 3

    def test_helpdesk_and_newcomers_find_no_page(self):
        for group in ("Helpdesk", ""):
            user = make.user(Role.STAFF)
            user.groups.set(Group.objects.filter(name=group))
            make.sign_in(self.client, user)
            assert self.look().status_code == 404
            assert self.client.post(FILES, {"as": "csv"}).status_code == 404

    def test_it_is_led_to_from_the_season_and_from_the_list(self):
        self.assertContains(self.client.get(reverse("admin:index")), PAGE)
        self.assertContains(self.client.get(reverse("admin:attendance_register_changelist")), PAGE)

    def test_many_places_cost_as_many_queries_as_one(self):
        self.centre()
        counting.count(self.day)
        with CaptureQueriesContext(connection) as one:
            self.look()
        for county in ("Kiambu", "Kisumu", "Nakuru"):
            for _ in range(3):
                self.centre(make.sub_county("", county))
        counting.count(self.day)
        with CaptureQueriesContext(connection) as many:
            assert len(self.look().context["sums"]) == 4
        assert len(one) == len(many) <= 8

    def test_many_centres_cost_as_many_queries_as_one(self):
        self.centre()
        with CaptureQueriesContext(connection) as one:
            self.look(sub_county=self.here.pk)
        for _ in range(54):
            self.centre(officers=1)
        with CaptureQueriesContext(connection) as many:
            assert len(self.look(sub_county=self.here.pk).context["rows"]) == 50
        assert len(one) == len(many) <= 9  # of which five know who asks
