"""What directors see of a day while it goes: who has marked, by the half hour, and whom to call."""

from datetime import datetime, time, timedelta

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts.models import Entry
from attendance import owed, services, today
from attendance.models import Register, RegisterReminder, RegisterStatus
from attendance.serving import tally
from attendance.tests import world
from attendance.tests.test_area import marked
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import CentreEntry, DayKind, Exam, ExamDay, Office
from cp2.rules import Role
from cp2.tests import make
from deployments.models import DeploymentStatus

LIST = "/area/attendance/"
FILES = "/area/attendance/files/"
REFRESH = '<meta http-equiv="refresh" content="60">'


def at(hour, minute=0, day=None):
    return timezone.make_aware(datetime.combine(day or make.today(), time(hour, minute)))


def submitted(entry, when, status=RegisterStatus.SUBMITTED):
    return make.register(
        entry,
        timezone.localdate(when),
        status=status,
        acting_name="Barasa Wafula",
        submitted_at=when,
    )


class Area(TestCase):
    def setUp(self):
        self.place = make.sub_county("Bonchari")
        self.exam = make.exam(registers_due_at=time(0, 0))
        self.tsc = make.director(self.place)
        make.sign_in(self.client, self.tsc)

    def centre(self, make_it=world.centre, **fields):
        station = make.station(sub_county=self.place)
        return make_it(station=station, **{"exam": self.exam, **fields})

    def look(self, **asked):
        return self.client.get(LIST, asked)

    def lines(self, **asked):
        return [row["line"] for row in self.look(**asked).context["rows"]]


class Overview(Area):
    def test_centres_that_have_not_marked_come_first_with_their_numbers(self):
        done, waiting = self.centre(marked, officers=3), self.centre(officers=2)

        page = self.look()

        first, second = [row["line"] for row in page.context["rows"]]
        assert [first.entry_id, second.entry_id] == [waiting.entry.pk, done.entry.pk]
        assert (first.expected, first.present, first.absent, first.unmarked) == (2, 0, 0, 2)
        assert (second.expected, second.present, second.absent, second.unmarked) == (3, 3, 0, 0)
        found = page.context["found"]
        assert (found.due, found.marked, found.waiting, found.never) == (2, 1, 1, 1)
        assert (found.expected, found.present, found.absent, found.unmarked) == (5, 3, 0, 2)

    def test_marks_of_other_days_do_not_count(self):
        centre = self.centre(officers=1)
        make.mark(centre.deployments[0], make.today() - timedelta(days=1))
        make.mark(centre.deployments[0], make.today() - timedelta(days=2), ABSENT)

        [line] = self.lines()

        assert (line.expected, line.present, line.absent) == (1, 0, 0)

    def test_centre_that_marked_another_day_is_not_one_that_never_did(self):
        never, once, tried = (self.centre(officers=1) for _ in range(3))
        submitted(once.entry, at(8, day=make.today() - timedelta(days=1)))
        make.register(tried.entry, make.today())  # opened, not submitted

        [*lines] = self.lines(state="never")

        assert {line.entry_id for line in lines} == {never.entry.pk, tried.entry.pk}
        assert {line.entry_id for line in self.lines(state="not_yet")} == {
            never.entry.pk, once.entry.pk, tried.entry.pk
        }  # fmt: skip
        self.assertContains(self.look(), "<br>Never marked on any day")

    def test_late_is_after_the_hour_of_the_exam_and_overdue_since_then(self):
        Exam.objects.update(registers_due_at=time(9))
        day = make.today() - timedelta(days=1)
        late, punctual, waiting = (self.centre(officers=1) for _ in range(3))
        submitted(late.entry, at(9, 1, day))
        submitted(punctual.entry, at(9, 0, day))

        page = self.look(day=day.isoformat())

        assert [line.entry_id for line in self.lines(day=day, state="late")] == [late.entry.pk]
        assert {line.entry_id for line in self.lines(day=day, state="marked")} == {
            late.entry.pk, punctual.entry.pk
        }  # fmt: skip
        assert page.context["found"].marked_late == 1
        assert page.context["rows"][0]["line"].entry_id == waiting.entry.pk
        self.assertContains(page, "overdue since")
        self.assertContains(page, "09:00")

    def test_numbers_are_those_of_all_centres_whatever_the_list_shows(self):
        self.centre(marked), self.centre(officers=1)

        page = self.look(state="marked")

        assert len(page.context["rows"]) == 1
        assert page.context["found"].due == 2

    def test_another_day_may_be_asked_for(self):
        self.centre(marked)

        [line] = self.lines(day=(make.today() - timedelta(days=1)).isoformat())

        assert (line.marked_at, line.unmarked) == (None, 2)

    def test_one_exam_may_be_asked_for(self):
        self.centre(officers=1)
        other = self.centre(officers=1, exam=make.exam())

        assert len(self.lines()) == 2
        [line] = self.lines(exam=other.entry.exam_id)
        assert line.entry_id == other.entry.pk

    def test_day_without_a_session_is_said_to_be_one(self):
        self.centre(officers=1)
        self.exam.days.filter(day=make.today()).delete()

        self.assertContains(self.look(), "No centre sits on this day")

    def test_centre_whose_papers_are_not_sat_today_is_not_waited_for(self):
        self.centre(officers=1, papers=["101/1"])
        theirs = self.centre(officers=1, papers=["102/1"])
        ExamDay.objects.filter(day=make.today()).update(papers=["102/1", "443/2"])

        assert [line.entry_id for line in self.lines()] == [theirs.entry.pk]

    def test_manager_of_a_centre_that_has_not_marked_can_be_called(self):
        waiting, done = self.centre(officers=2), self.centre(marked)
        phone = waiting.deployments[0].officer.phone

        page = self.look()

        self.assertContains(page, f'href="tel:+{phone}"', count=1)
        self.assertNotContains(page, done.deployments[0].officer.phone)
        self.assertNotContains(page, waiting.deployments[1].officer.phone)

    def test_manager_who_has_not_accepted_is_not_named(self):
        waiting = self.centre(officers=2)
        manager = waiting.deployments[0]
        manager.status = DeploymentStatus.OFFERED
        manager.save()

        self.assertNotContains(self.look(), manager.officer.phone)

    def test_says_who_was_reminded_and_when(self):
        centre = self.centre(officers=2)
        RegisterReminder.objects.create(
            entry=centre.entry,
            day=make.today(),
            deployment=centre.deployments[0],
            reminded_at=at(9, 3),
        )

        self.assertContains(
            self.look(), f"reminded at 09:03: {escape(centre.deployments[0].officer.full_name)}"
        )
        yesterday = make.today() - timedelta(days=1)
        self.assertNotContains(self.look(day=yesterday.isoformat()), "reminded at")

    def test_own_sub_county_only(self):
        elsewhere = world.centre(officers=1, exam=self.exam)
        self.centre(officers=1)

        page = self.look()

        self.assertNotContains(page, elsewhere.entry.station.name)
        assert page.context["found"].due == 1

    def test_both_offices_look_but_only_tsc_is_offered_to_amend(self):
        centre = self.centre(marked)
        amend = reverse("attendance:amend", args=[Register.objects.get(entry=centre.entry).pk])
        self.assertContains(self.look(), amend)

        make.sign_in(self.client, make.director(self.place, Office.SCDE))

        page = self.look()
        self.assertContains(page, centre.entry.station.name)
        self.assertNotContains(page, amend)
        self.assertContains(page, reverse("attendance:area_registers"))

    def test_others_find_no_page(self):
        centre = self.centre(officers=1)
        for user in (centre.user, centre.deployments[0].officer.user, make.user(Role.STAFF)):
            make.sign_in(self.client, user)
            assert self.look().status_code == 404
            assert self.client.post(FILES, {"as": "csv"}).status_code == 404
        self.client.logout()
        assert self.look().url.startswith(reverse("accounts:login"))

    def test_what_is_no_day_exam_or_state_shows_today_and_says_so(self):
        self.centre(officers=1)
        for asked in [
            {"day": "2025-02-30"}, {"day": "x"}, {"day": "\0"}, {"day": "9999-12-31"},
            {"day": "0001-01-01"}, {"day": "٢٠٢٥-٠١-٠١"}, {"exam": "x"}, {"exam": "\0"},
            {"exam": str(10**30)}, {"exam": "9" * 5000}, {"page": "x"}, {"day": "1" * 5000},
            {"state": "x"}, {"state": "\0"}, {"still": "\0"}, {"still": "x" * 500},
        ]:  # fmt: skip
            with self.subTest(asked={key: value[:20] for key, value in asked.items()}):
                page = self.look(**asked)
                assert page.status_code == 200
                assert len(page.context["rows"]) == 1

    def test_fifty_centres_cost_as_many_queries_as_one(self):
        self.centre(officers=2)
        with CaptureQueriesContext(connection) as one:
            self.look()
        for _ in range(49):
            self.centre(officers=1)
        with CaptureQueriesContext(connection) as many:
            page = self.look()

        assert len(page.context["rows"]) == 25
        assert len(one) == len(many) <= 8


class Renewing(Area):
    def setUp(self):
        super().setUp()
        self.centre(officers=1)

    def test_today_renews_itself_with_what_was_chosen_in_its_address(self):
        page = self.look(state="not_yet")

        self.assertContains(page, REFRESH, html=True)
        self.assertContains(page, 'href="?state=not_yet&amp;still=1"')

    def test_it_can_be_stopped_and_stays_so_while_the_list_is_narrowed(self):
        page = self.look(still="1", state="never")

        self.assertNotContains(page, "http-equiv")
        self.assertContains(page, '<input type="hidden" name="still" value="1"')
        self.assertContains(page, 'href="?state=never"')

    def test_a_day_gone_by_stands_still(self):
        page = self.look(day=(make.today() - timedelta(days=1)).isoformat())

        self.assertNotContains(page, "http-equiv")
        self.assertNotContains(page, "renews itself")


class Hours(Area):
    def test_each_stands_in_its_half_hour_and_the_rest_at_the_ends(self):
        day = make.today()
        moments = {
            at(3): 0, at(5): 0, at(5, 29): 0, at(5, 30): 1, at(8, 59): 7, at(19, 59): 29,
            at(20): 30, at(8, day=day + timedelta(days=1)): 30,
        }  # fmt: skip
        for moment, slot in moments.items():
            with self.subTest(at=moment):
                assert owed.slot_of(moment, day) == slot

    def test_bars_tell_the_punctual_from_the_late_and_show_the_hour(self):
        Exam.objects.update(registers_due_at=time(7, 45))
        for when in (at(7, 40), at(7, 44), at(7, 50), at(12)):
            submitted(self.centre(officers=1).entry, when)

        chart = self.look().context["chart"]

        assert [(part.kind, part.x, part.height) for part in chart.parts] == [
            ("on_time", 50, 66),
            ("late", 50, 33),
            ("late", 140, 33),
        ]
        assert chart.due == [(time(7, 45), 55)]
        assert chart.rows == [("07:30 – 08:00", 2, 1), ("12:00 – 12:30", 0, 1)]
        self.assertContains(self.look(), "due at 07:45")

    def test_day_on_which_nobody_has_marked_has_an_empty_picture(self):
        self.centre(officers=1)

        page = self.look()

        assert page.context["chart"].parts == []
        self.assertContains(page, "The highest bar is 0 centres.")


class SameAsElsewhere(Area):
    """The lines are asked in one statement; the registers themselves ask models."""

    def test_lines_expect_whom_the_registers_list(self):
        make.terms(self.exam, make.position("INV"), paid_days=[DayKind.THEORY])
        make.terms(self.exam, make.position("CM"))
        centres = [self.centre(officers=n) for n in (1, 3, 4)]
        centres[1].deployments[2].status = DeploymentStatus.CANCELLED
        centres[1].deployments[2].save()
        moved = centres[2].deployments[3]
        moved.status, moved.ends_on = DeploymentStatus.MOVED, make.today() - timedelta(days=3)
        moved.save()
        make.mark(centres[2].deployments[1], make.today(), ABSENT)
        for days in (-7, -4, 0, 1):
            day = make.today() + timedelta(days=days)
            entries = list(CentreEntry.objects.working_on(day))
            counts = tally(entries, day)
            with self.subTest(days=days):
                lines = {line.entry_id: line for line in owed.of_area(self.place, day=day)}
                assert set(lines) == {entry.pk for entry in entries}
                for entry in entries:
                    line, count = lines[entry.pk], counts[entry.exam_id, entry.station_id]
                    assert (line.expected, line.present, line.absent) == (
                        count["expected"], count["present"], count["absent"]
                    )  # fmt: skip

    def test_lines_are_of_the_days_that_a_centre_works(self):
        ExamDay.objects.filter(exam=self.exam, kind=DayKind.THEORY).update(papers=["101/1"])
        day = ExamDay.objects.get(exam=self.exam, day=make.today())
        day.papers = ["443/2", "102/1"]
        day.save()
        for papers in ([], ["443/2"], ["101/1", "233/1"], ["999/1"]):
            entry = self.centre(officers=1, papers=papers).entry
            with self.subTest(papers=papers):
                assert {line.day for line in owed.of_entry(entry)} == set(
                    ExamDay.objects.worked_by(entry).values_list("day", flat=True)
                )


class Files(Area):
    def test_list_leaves_as_it_is_narrowed_and_the_trail_says_so(self):
        waiting = self.centre(officers=2)
        self.centre(marked)

        answer = self.client.post(f"{FILES}?state=not_yet", {"as": "csv"})

        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        heading, line = text.strip().split("\r\n")
        assert heading.startswith("Code,Centre,Exam,Register,Marked at,By,Expected")
        assert line.startswith(f"{waiting.entry.station.code},{waiting.entry.station.name},KCSE")
        assert waiting.deployments[0].officer.full_name in line
        entry = Entry.objects.get(verb="attendance.taken")
        assert (entry.details["rows"], entry.details["filters"]) == (
            1, f"Day: {make.today()}; Centres: Not marked yet"
        )  # fmt: skip

    def test_all_kinds_of_file(self):
        self.centre(marked)
        for kind, start in {"xlsx": b"PK", "pdf": b"%PDF"}.items():
            with self.subTest(kind=kind):
                assert self.client.post(FILES, {"as": kind}).content.startswith(start)
        assert self.client.post(FILES, {"as": "exe"}).status_code == 404

    def test_absent_officers_as_a_file(self):
        centre = self.centre(officers=3)
        services.mark_all(
            centre.entry,
            day=make.today(),
            marks=centre.marks(PRESENT, ABSENT, PRESENT),
            by=centre.user,
            acting_name="Barasa Wafula",
        )

        answer = self.client.post("/area/attendance/absent/files/", {"as": "csv"})

        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        [_heading, line] = text.strip().split("\r\n")
        officer = centre.deployments[1].officer
        assert line.startswith(officer.full_name)
        assert officer.national_id not in line
        assert line.endswith("Marked absent")
        assert Entry.objects.get(verb="absent.taken").details["rows"] == 1


class Season(Area):
    URL = "/area/attendance/season/"

    def season(self, **asked):
        return self.client.get(self.URL, asked).context

    def test_worst_centres_come_first_with_what_they_owe(self):
        Exam.objects.update(registers_due_at=time(9))
        day = make.today() - timedelta(days=3)
        good, late, bad = (self.centre(officers=2) for _ in range(3))
        for days in range(-7, 0):
            on = make.today() + timedelta(days=days)
            submitted(good.entry, at(8, day=on))
            submitted(late.entry, at(10 if on == day else 8, day=on))
        make.mark(late.deployments[1], day, ABSENT)
        make.mark(late.deployments[0], day)

        found = list(self.season()["page"])

        assert [each.code for each in found] == [
            each.entry.station.code for each in (bad, late, good)
        ]
        tally = found[1].tally
        assert (tally.owed, tally.marked, tally.late, tally.missed) == (8, 7, 1, 0)
        assert (tally.present, tally.absent, tally.still_open) == (1, 1, 1)
        assert found[0].tally.missed >= 5

    def test_days_are_shared_among_punctual_late_and_missed(self):
        Exam.objects.update(registers_due_at=time(9))
        day = make.today() - timedelta(days=5)
        for hour in (8, 8, 10):
            submitted(self.centre(officers=1).entry, at(hour, day=day))
        self.centre(officers=1)

        [exam] = self.season()["exams"]

        [tally] = [tally for on, tally in exam.days if on == day]
        assert (tally.share_on_time, tally.share_late, tally.share_missed) == (50, 25, 25)
        assert tally.share_present == 0
        heights = [height for _kind, x, _y, height in exam.parts if x == 20]
        assert heights == [50, 25, 25]

    def test_amended_registers_are_counted_beside(self):
        entry = self.centre(officers=1).entry
        submitted(entry, at(8, day=make.today() - timedelta(days=2)), RegisterStatus.AMENDED)

        [centre] = self.season()["page"]

        assert (centre.tally.amended, centre.tally.marked) == (1, 1)

    def test_days_to_come_and_other_places_are_not_in_it(self):
        world.centre(officers=1, exam=self.exam)
        self.centre(officers=1)

        [centre] = self.season()["page"]
        assert centre.tally.owed == 8
        [exam] = self.season()["exams"]
        assert exam.days[-1][0] == make.today()

    def test_before_the_season_there_is_nothing(self):
        self.assertContains(self.client.get(self.URL), "No day has come yet")

    def test_centres_leave_as_a_file(self):
        self.centre(officers=1), self.centre(officers=1)

        answer = self.client.post(f"{self.URL}files/?exam={self.exam.pk}", {"as": "csv"})

        lines = b"".join(answer.streaming_content).decode("utf-8-sig").strip().split("\r\n")
        assert len(lines) == 3
        assert Entry.objects.get(verb="season.taken").details["rows"] == 2

    def test_fifty_centres_cost_as_many_queries_as_one(self):
        self.centre(officers=2)
        with CaptureQueriesContext(connection) as one:
            self.season()
        for _ in range(49):
            self.centre(officers=1)
        with CaptureQueriesContext(connection) as many:
            assert len(self.season()["page"]) == 25

        assert len(one) == len(many) <= 8

    def test_others_find_no_page(self):
        for user in (make.user(Role.STAFF), make.officer().user, make.centre(make.station())):
            make.sign_in(self.client, user)
            assert self.client.get(self.URL).status_code == 404


class Counting(TestCase):
    def test_sums_of_lines_and_of_counts_are_the_same_sum(self):
        one = today.Sum(due=2, on_time=[1, *[0] * 30], late=[*[0] * 30, 1], expected=3, present=2)
        two = today.Sum()
        two.add(one)
        two.add(one)
        assert (two.due, two.marked, two.marked_late, two.unmarked) == (4, 4, 2, 2)
        assert (one.share, today.Sum().share) == (100, 0)
