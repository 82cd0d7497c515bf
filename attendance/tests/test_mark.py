"""The day's register: marked whole or not at all, corrected while open, by nobody else."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import deployments.services
from accounts.models import Entry
from attendance import services
from attendance.models import Mark, MarkStatus, Register, RegisterStatus
from attendance.tests import world
from attendance.tests.world import ABSENT, PRESENT
from cp2.rules import Refused, Role
from cp2.tests import make
from cp2.tests.races import at_once
from deployments.models import DeploymentStatus


def statuses(centre):
    return list(
        Mark.objects.filter(deployment__in=centre.deployments)
        .order_by("deployment_id")
        .values_list("status", flat=True)
    )


class MarkingByThePage(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=3)

    def open(self, address=None):
        return self.app.get(address or self.centre.register(), user=self.centre.user)

    def form(self, page):
        return next(form for form in page.forms.values() if "acting_name" in form.fields)

    def test_whole_list_is_marked_in_one_go(self):
        form = self.form(self.open())
        form["acting_name"] = "Barasa Wafula"
        for deployment, status in zip(
            self.centre.deployments, [PRESENT, ABSENT, PRESENT], strict=True
        ):
            form[f"officer_{deployment.officer_id}"] = status

        page = form.submit().follow()

        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]
        assert {(mark.acting_name, mark.marked_by_id) for mark in Mark.objects.all()} == {
            ("Barasa Wafula", self.centre.user.pk)
        }
        register = Register.objects.get()
        assert (register.status, register.acting_name) == (
            RegisterStatus.SUBMITTED,
            "Barasa Wafula",
        )
        time = timezone.localtime(register.submitted_at)
        assert f"was saved at {time:%H:%M:%S}" in page.text
        # a first mark is its own record
        assert not Entry.objects.filter(verb__startswith="mark.").exists()

    def test_centre_manager_is_on_the_list_and_comes_first(self):
        page = self.open()

        names = [tag.text for tag in page.html.select(".register-name")]
        assert names[0] == str(self.centre.deployments[0].officer)
        assert len(names) == 3

    def test_all_present_ticks_everybody_without_javascript(self):
        form = self.form(self.open().click("Tick everybody as present"))
        form["acting_name"] = "Barasa Wafula"
        form.submit()

        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]

    def test_all_present_alone_marks_nobody(self):
        self.open(self.centre.register() + "?all=present")

        assert not Mark.objects.exists()

    def test_name_is_asked_once_in_a_session(self):
        form = self.form(self.open(self.centre.register() + "?all=present"))
        form["acting_name"] = "Barasa Wafula"
        form.submit()

        form = self.form(self.open())
        assert form["acting_name"].value == "Barasa Wafula"
        form["acting_name"] = ""
        form[f"officer_{self.centre.deployments[0].officer_id}"] = ABSENT
        form.submit()

        assert Mark.objects.get(status=ABSENT).acting_name == "Barasa Wafula"

    def test_without_a_name_nothing_is_saved_and_nothing_typed_is_lost(self):
        form = self.form(self.open())
        for deployment in self.centre.deployments:
            form[f"officer_{deployment.officer_id}"] = ABSENT

        page = form.submit()

        assert "Enter your own name" in page.text
        assert page.html.title.text.startswith("Error:")
        assert len(page.html.select("input[value=absent][checked]")) == 3
        assert not Mark.objects.exists()
        assert not Register.objects.exists()

    def test_one_officer_left_out_is_named_and_nothing_is_saved(self):
        form = self.form(self.open())
        form["acting_name"] = "Barasa Wafula"
        form[f"officer_{self.centre.deployments[0].officer_id}"] = PRESENT

        page = form.submit()

        missing = self.centre.deployments[1].officer
        errors = {tag.text for tag in page.html.select(".error-summary a")}
        assert f"Say whether {missing} was present" in errors
        assert page.html.select_one(".error-summary a")["href"] == f"#id_officer_{missing.pk}_0"
        assert not Mark.objects.exists()

    def test_marking_again_corrects_and_keeps_what_was(self):
        services.mark_all(
            self.centre.entry,
            day=make.today(),
            marks=self.centre.marks(),
            by=self.centre.user,
            acting_name="Barasa Wafula",
        )
        corrected = self.centre.deployments[1].officer
        form = self.form(self.open())
        form["acting_name"] = "Chebet Kiptoo"
        form[f"officer_{corrected.pk}"] = ABSENT
        form.submit()

        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]
        mark = Mark.objects.get(status=ABSENT)
        entry = Entry.objects.get(verb="mark.corrected")
        assert (entry.subject_id, entry.details) == (mark.pk, {"was": "present", "now": "absent"})
        assert (entry.actor, entry.acting_name) == (self.centre.user, "Chebet Kiptoo")
        assert set(Mark.objects.exclude(pk=mark.pk).values_list("acting_name", flat=True)) == {
            "Barasa Wafula"
        }

    def test_page_opened_before_another_clerks_marks_does_not_overwrite_them(self):
        form = self.form(self.open())
        form["acting_name"] = "Chebet Kiptoo"
        for deployment in self.centre.deployments:
            form[f"officer_{deployment.officer_id}"] = ABSENT
        services.mark_all(
            self.centre.entry,
            day=make.today(),
            marks=self.centre.marks(),
            by=self.centre.user,
            acting_name="Barasa Wafula",
        )

        page = form.submit().follow()

        assert "Somebody else has marked this register since you opened it" in page.text
        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]

    def test_same_marks_sent_twice_change_nothing(self):
        form = self.form(self.open(self.centre.register() + "?all=present"))
        form["acting_name"] = "Barasa Wafula"
        form.submit()
        before = list(Mark.objects.values())

        form.submit()

        assert list(Mark.objects.values()) == before
        assert not Entry.objects.filter(verb="mark.corrected").exists()

    def test_refusal_for_a_day_to_come_is_in_words_and_without_a_form(self):
        page = self.open(self.centre.register(make.today() + timedelta(days=1)))

        assert "Attendance cannot be marked ahead of the day" in page.text
        assert not page.html.select(".register-row")

    def test_closed_day_shows_its_marks_and_no_form(self):
        day = make.today() - timedelta(days=3)
        make.mark(self.centre.deployments[0], day)

        page = self.open(self.centre.register(day))

        assert "is closed: it could be marked until" in page.text
        assert page.html.select_one(".status-present").text == "P"
        assert not page.html.select(".register-row")

    def test_officer_marked_elsewhere_is_named_and_not_asked_for(self):
        moved = self.centre.deployments[2]
        other = world.centre(officers=0, exam=self.centre.entry.exam)
        make.mark(moved, make.today())
        moved.status, moved.ends_on = DeploymentStatus.MOVED, make.today() - timedelta(days=1)
        moved.save()
        make.deployment(post=other.invigilators, officer=moved.officer, starts_on=make.today())

        page = self.app.get(other.register(), user=other.user)

        assert f"was marked at {self.centre.entry.station.name} on this day" in page.html.text
        assert not page.html.select(".register-row")


class Refusals(TestCase):
    """By hand-made posts too: nothing is written."""

    def setUp(self):
        self.centre = world.centre(officers=2)
        self.client.force_login(self.centre.user)

    def post(self, day=None, **extra):
        fields = self.centre.posted() | extra
        return self.client.post(self.centre.register(day), fields, follow=True)

    def assert_nothing_is_written(self):
        assert not Mark.objects.exists()
        assert not Register.objects.exists()
        assert not Entry.objects.exists()

    def test_tomorrow(self):
        page = self.post(make.today() + timedelta(days=1))

        self.assertContains(page, "Attendance cannot be marked ahead of the day")
        self.assert_nothing_is_written()

    def test_day_on_which_the_exam_does_not_sit(self):
        self.centre.entry.exam.days.filter(day=make.today()).delete()

        page = self.post()

        self.assertContains(page, "The exam does not sit here on")
        self.assert_nothing_is_written()

    def test_day_after_the_next_is_closed(self):
        page = self.post(make.today() - timedelta(days=2))

        self.assertContains(page, "is closed: it could be marked until")
        self.assert_nothing_is_written()

    def test_yesterday_is_open_still_to_who_says_why(self):
        yesterday = make.today() - timedelta(days=1)

        page = self.post(yesterday)

        self.assertContains(page, "Say why this day is marked after it was over")
        self.assert_nothing_is_written()

        self.post(yesterday, late_reason="No network since noon")

        assert Mark.objects.count() == 2
        assert Register.objects.get().late_reason == "No network since noon"

    def test_clock_of_the_database_decides_and_not_that_of_the_web_server(self):
        with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
            self.client.force_login(self.centre.user)
            page = self.post(make.today())

        self.assertContains(page, "Attendance cannot be marked ahead of the day")
        self.assert_nothing_is_written()

    def test_officer_of_another_centre(self):
        stranger = world.centre(officers=1).deployments[0].officer

        page = self.post(**{f"officer_{stranger.pk}": "present"})

        self.assertContains(page, "The list of officers has changed since you opened it")
        self.assert_nothing_is_written()

    def test_officer_who_has_not_accepted(self):
        offered = make.deployment(
            DeploymentStatus.OFFERED, post=self.centre.deployments[1].post, slot=9
        )

        page = self.post(**{f"officer_{offered.officer_id}": "present"})

        self.assertContains(page, "The list of officers has changed since you opened it")
        self.assert_nothing_is_written()

    def test_officer_who_starts_tomorrow(self):
        late = make.deployment(
            post=self.centre.deployments[1].post,
            slot=9,
            starts_on=make.today() + timedelta(days=1),
        )

        self.post(**{f"officer_{late.officer_id}": "present"})

        self.assert_nothing_is_written()

    def test_mark_that_is_neither_present_nor_absent(self):
        field = f"officer_{self.centre.deployments[0].officer_id}"

        for value in ["", "late", "P", "PRESENT", "\0", "present\0", "٣", "1" * 5000]:
            with self.subTest(value=value):
                assert self.post(**{field: value}).status_code == 200
        self.assert_nothing_is_written()

    def test_names_that_are_none(self):
        for name in [
            " ",
            "\0",
            "a\0b",
            "\u202eabc",
            "\u3164",
            "x" * 121,
            "12",
            "😀",
            "a\nb",
            "{{7*7}}",
        ]:
            with self.subTest(name=name):
                assert self.post(acting_name=name).status_code == 200
        self.assert_nothing_is_written()

    def test_field_names_that_are_no_officers(self):
        for field in ["officer_", "officer_0", "officer_x", f"officer_{10**30}", "officer_-1"]:
            with self.subTest(field=field):
                assert self.post(**{field: "present"}).status_code == 200
        self.assert_nothing_is_written()

    def test_register_amended_by_the_director_stays(self):
        for deployment in self.centre.deployments:
            make.mark(deployment)
        make.register(self.centre.entry, status=RegisterStatus.AMENDED, submitted_at=timezone.now())

        page = self.client.post(
            self.centre.register(), self.centre.posted(ABSENT, ABSENT), follow=True
        )

        self.assertContains(page, "has amended this register")
        assert statuses(self.centre) == [PRESENT, PRESENT]

    def test_centre_without_officers(self):
        empty = world.centre(officers=0)
        self.client.force_login(empty.user)

        page = self.client.post(empty.register(), empty.posted(), follow=True)

        self.assertContains(page, "Nobody is deployed here on this day")
        self.assert_nothing_is_written()


class MarkingService(TestCase):
    def mark(self, centre, marks=None, **fields):
        return services.mark_all(
            centre.entry,
            **{
                "day": make.today(),
                "marks": centre.marks() if marks is None else marks,
                "by": centre.user,
                "acting_name": "Barasa Wafula",
                **fields,
            },
        )

    def test_half_a_list_is_refused(self):
        centre = world.centre(officers=2)
        half = {centre.deployments[0].officer_id: PRESENT}

        with pytest.raises(Refused, match="The list of officers has changed"):
            self.mark(centre, half)

        assert not Mark.objects.exists()
        assert not Register.objects.exists()

    def test_officer_marked_at_one_centre_is_refused_at_another_on_the_same_day(self):
        first, second = self.moved_today()
        officer = first.deployments[0].officer

        with pytest.raises(Refused) as refusal:
            self.mark(second)

        assert str(refusal.value) == (
            f"{officer} has been marked at {first.entry.station} on this day already."
        )
        mark = Mark.objects.get()
        assert (mark.deployment, mark.status) == (first.deployments[0], PRESENT)

    def test_rest_of_the_list_goes_on_without_the_officer_marked_elsewhere(self):
        _, second = self.moved_today()
        there = make.deployment(post=second.deployments[0].post, slot=2)

        self.mark(second, {there.officer_id: PRESENT})

        assert Mark.objects.filter(deployment=there).exists()

    def test_database_itself_refuses_to_take_a_mark_over(self):
        """What the check before it cannot see: a mark made elsewhere in the same moment."""
        first, second = self.moved_today()
        mark = Mark(
            deployment=second.deployments[0],
            officer=second.deployments[0].officer,
            day=make.today(),
            status=MarkStatus.ABSENT,
            marked_by=second.user,
            acting_name="Chebet Kiptoo",
            marked_at=timezone.now(),
        )

        with (
            pytest.raises(Refused, match="moved or marked elsewhere just now"),
            transaction.atomic(),
        ):
            services.marking._upsert([mark])

        assert Mark.objects.get().deployment == first.deployments[0]

    def test_absent_on_the_first_morning_then_replaced_the_same_day(self):
        """The one who did not come keeps the Ab; the one who came instead is marked as well."""
        centre = world.centre(officers=2)
        self.mark(centre, centre.marks(PRESENT, ABSENT))
        gone = centre.deployments[1]
        gone.status = DeploymentStatus.CANCELLED
        gone.save()
        centre.deployments[1] = make.deployment(post=gone.post, slot=gone.slot)

        self.mark(centre)

        assert Mark.objects.get(officer=gone.officer).status == ABSENT
        assert Mark.objects.filter(status=PRESENT).count() == 2

    def test_days_of_an_officer_who_moved_on_are_marked_where_they_were_served(self):
        centre = world.centre(officers=1)
        moved = centre.deployments[0]
        moved.status, moved.ends_on = DeploymentStatus.MOVED, make.today() - timedelta(days=1)
        moved.save()

        self.mark(centre, day=make.today() - timedelta(days=1), late_reason="No network")

        assert Mark.objects.get().deployment == moved

    def test_returns_the_databases_time_which_the_marks_bear(self):
        centre = world.centre(officers=1)

        at = self.mark(centre)

        mark = Mark.objects.get()
        assert mark.marked_at == mark.received_at == at == Register.objects.get().submitted_at

    def moved_today(self):
        """Marked at the first centre this morning, then sent to the second from today on."""
        first = world.centre(officers=1)
        self.mark(first)
        old = first.deployments[0]
        old.status, old.ends_on = DeploymentStatus.MOVED, make.today() - timedelta(days=1)
        old.save()
        second = world.centre(officers=0, exam=first.entry.exam)
        second.deployments.append(
            make.deployment(post=second.invigilators, officer=old.officer, starts_on=make.today())
        )
        return first, second


class WhoIsKeptOut(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=1)

    def test_anonymous_is_asked_to_sign_in(self):
        page = self.client.post(self.centre.register(), self.centre.posted())

        assert page.url.startswith(reverse("accounts:login"))
        assert not Mark.objects.exists()

    def test_another_centre_finds_nothing_even_of_the_same_exam(self):
        stranger = world.centre(officers=1)
        same_exam = world.centre(officers=1, exam=self.centre.entry.exam)
        for user in (stranger.user, same_exam.user):
            self.client.force_login(user)
            # its own page opens at most, and refuses officers who are not its own
            page = self.client.post(self.centre.register(), self.centre.posted())
            assert page.status_code == (404 if user == stranger.user else 200)
        assert not Mark.objects.exists()

    def test_other_roles_find_no_page(self):
        people = [
            self.centre.deployments[0].officer.user,
            make.director(self.centre.entry.station.sub_county),
            make.user(Role.STAFF, is_superuser=True),
        ]
        for user in people:
            make.sign_in(self.client, user)
            for url in [
                self.centre.register(),
                *(
                    self.centre.url(n)
                    for n in (
                        "distance",
                        "officers",
                        "officers_csv",
                        "officers_pdf",
                        "days",
                        "sign",
                        "return_pdf",
                    )
                ),
                reverse("centre"),
            ]:
                with self.subTest(role=user.role, url=url):
                    assert self.client.get(url).status_code == 404
            assert self.client.post(self.centre.register(), self.centre.posted()).status_code == 404
        assert not Mark.objects.exists()

    def test_addresses_that_are_none(self):
        self.client.force_login(self.centre.user)
        exam = self.centre.entry.exam_id
        for path in [
            f"/centre/{10**30}/register/",
            f"/centre/{'9' * 5000}/register/",
            f"/centre/{10**30}/register/2025-11-03/",
            f"/centre/{exam}/register/2025-02-30/",
            f"/centre/{exam}/register/0000-01-01/",
            f"/centre/{exam}/register/2025-11-3/",
            f"/centre/{exam}/register/٢٠٢٥-١١-٠٣/",
        ]:
            with self.subTest(path=path[:40]):
                assert self.client.get(path).status_code == 404

    def test_first_and_last_days_of_the_calendar_are_refused_in_words(self):
        self.client.force_login(self.centre.user)
        for day in (date.min, date.max):
            page = self.client.post(self.centre.register(day), self.centre.posted(), follow=True)
            self.assertContains(page, "The exam does not sit here on")


class Queries(TestCase):
    def count(self, centre, call):
        self.client.force_login(centre.user)
        with CaptureQueriesContext(connection) as queries:
            assert call(centre).status_code in (200, 302)
        return [query["sql"] for query in queries.captured_queries]

    def test_thirty_marks_cost_no_more_queries_than_one_and_at_most_15(self):
        def save(centre):
            return self.client.post(centre.register(), centre.posted())

        one = self.count(world.centre(officers=1), save)
        thirty = self.count(world.centre(officers=30), save)

        assert Mark.objects.count() == 31
        assert len(thirty) == len(one) <= 15

    def test_thirty_corrections_too(self):
        centre = world.centre(officers=30)
        services.mark_all(
            centre.entry,
            day=make.today(),
            marks=centre.marks(),
            by=centre.user,
            acting_name="Barasa Wafula",
        )

        changed = self.count(
            centre,
            lambda c: self.client.post(c.register(), c.posted(*[ABSENT] * 30)),
        )

        assert Mark.objects.filter(status=ABSENT).count() == 30
        assert Entry.objects.filter(verb="mark.corrected").count() == 30
        assert len(changed) <= 15

    def test_page_of_thirty_costs_as_much_as_a_page_of_one(self):
        def look(centre):
            return self.client.get(centre.register())

        one = self.count(world.centre(officers=1), look)
        thirty = self.count(world.centre(officers=30), look)

        assert len(thirty) == len(one) <= 8


# At the same moment


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestTwoClerksAtOnce:
    def marking(self, centre, status, **fields):
        def mark():
            return services.mark_all(
                centre.entry,
                day=make.today(),
                marks=centre.marks(*[status] * len(centre.deployments)),
                by=centre.user,
                acting_name="Barasa Wafula",
                **fields,
            )

        return mark

    def test_one_follows_the_other_and_the_change_is_on_record(self):
        centre = world.centre(officers=5)

        outcomes = at_once(self.marking(centre, PRESENT), self.marking(centre, ABSENT))

        assert not [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert Register.objects.get().status == RegisterStatus.SUBMITTED
        # five of one kind, never a mixture, and each was corrected from the other
        [status] = set(statuses(centre))
        assert Mark.objects.count() == 5
        corrections = Entry.objects.filter(verb="mark.corrected").values_list("details", flat=True)
        assert [details["now"] for details in corrections] == [status] * 5

    def test_of_two_pages_opened_at_the_same_time_the_second_is_refused(self):
        centre = world.centre(officers=5)

        outcomes = at_once(
            self.marking(centre, PRESENT, seen=""), self.marking(centre, ABSENT, seen="")
        )

        refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert len(refused) == 1
        assert len(set(statuses(centre))) == 1
        assert not Entry.objects.filter(verb="mark.corrected").exists()

    def test_same_register_sent_ten_times_is_marked_once(self):
        centre = world.centre(officers=5)

        outcomes = at_once(*[self.marking(centre, PRESENT, seen="")] * 10)

        assert not [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert (Mark.objects.count(), Register.objects.count()) == (5, 1)
        assert not Entry.objects.filter(verb="mark.corrected").exists()

    def test_director_who_takes_an_officer_away_meanwhile_ends_in_no_deadlock(self):
        centre = world.centre(officers=12)
        gone = centre.deployments[6]
        director = make.director(centre.entry.station.sub_county)

        outcomes = at_once(
            self.marking(centre, PRESENT),
            lambda: deployments.services.cancel(gone, by=director, reason="Reported as unwell"),
        )

        refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert len(outcomes) == 2
        # all twelve if the register was first, none if the list had changed before it
        assert Mark.objects.count() == (0 if refused else 12)
        gone.refresh_from_db()
        assert gone.ends_on < make.today()
