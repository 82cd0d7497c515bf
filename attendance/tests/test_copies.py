"""Registers marked without a network: taken once, and neither mark gives way in silence."""

import json
import random
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from django.test import Client, TestCase
from django.utils import timezone
from django.utils.html import escape
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.copies import kept
from attendance.models import (
    Amendment,
    AmendmentLine,
    CopyStatus,
    Mark,
    Register,
    RegisterCopy,
    RegisterStatus,
    Way,
)
from attendance.serving import lines, version
from attendance.tests import world
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import DayKind
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once
from deployments.models import DeploymentStatus


def at(day, hour=0, minute=1):
    """On a day, by the clock of Nairobi; of today the first minute, which is past at any hour."""
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


def seen_now(centre, day=None):
    return version(line.received_at for line in lines(centre.entry, day or make.today()))


def sent(centre, *statuses, **fields):
    day = fields.pop("day", make.today())
    defaults = {
        "client_id": uuid4(),
        "device": uuid4(),
        "day": day,
        "marks": centre.marks(*statuses),
        "acting_name": "Barasa Wafula",
        "marked_at": at(day),
        "seen": "",
    }
    return services.Sent(**{**defaults, **fields})


def deliver(centre, *statuses, **fields):
    return services.deliver(centre.entry, sent(centre, *statuses, **fields), by=centre.user)


def mark_on_the_page(centre, *statuses, name="Chebet Kiptoo", **fields):
    services.mark_all(
        centre.entry,
        **{"day": make.today(), "marks": centre.marks(*statuses)} | fields,
        by=centre.user,
        acting_name=name,
    )


def statuses(centre):
    marks = Mark.objects.filter(deployment__in=centre.deployments).order_by("deployment_id")
    return [mark.status for mark in marks]


class Arriving(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=3)

    def test_marks_bear_the_phones_time_and_the_databases_and_the_way_they_came(self):
        copy = deliver(self.centre, PRESENT, ABSENT, PRESENT)

        assert copy.status == CopyStatus.TAKEN
        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]
        for mark in Mark.objects.all():
            assert mark.way == Way.COPY
            assert mark.marked_at == copy.marked_at == at(make.today())
            assert mark.received_at == copy.received_at > mark.marked_at
            assert mark.acting_name == "Barasa Wafula"
        register = Register.objects.get()
        assert (register.status, register.late_reason) == (RegisterStatus.SUBMITTED, "")

    def test_sent_twenty_times_it_counts_once(self):
        one = sent(self.centre, PRESENT, ABSENT, PRESENT)

        answers = {
            services.deliver(self.centre.entry, one, by=self.centre.user).pk for _ in "x" * 20
        }

        assert len(answers) == 1
        assert RegisterCopy.objects.count() == 1
        assert Mark.objects.count() == 3
        assert not Entry.objects.filter(verb="mark.corrected").exists()

    def test_what_the_phone_had_seen_is_corrected_and_on_record(self):
        mark_on_the_page(self.centre)

        copy = deliver(self.centre, PRESENT, ABSENT, PRESENT, seen=seen_now(self.centre))

        assert copy.status == CopyStatus.TAKEN
        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]
        details = Entry.objects.get(verb="mark.corrected").details
        assert details == {"was": "present", "now": "absent"}

    def test_second_copy_of_a_phone_corrects_its_first_and_third_both(self):
        phone = uuid4()
        for number, marks in enumerate(
            [(PRESENT, PRESENT, PRESENT), (PRESENT, ABSENT, PRESENT), (ABSENT, ABSENT, PRESENT)]
        ):
            copy = deliver(self.centre, *marks, device=phone, marked_at=at(make.today(), 0, number))
            assert copy.status == CopyStatus.TAKEN

        assert statuses(self.centre) == [ABSENT, ABSENT, PRESENT]

    def test_phone_whose_clock_is_fast_marked_when_it_arrived(self):
        copy = deliver(self.centre, marked_at=timezone.now() + timedelta(hours=3))

        assert copy.marked_at == copy.received_at
        assert copy.status == CopyStatus.TAKEN

    def test_officer_who_left_is_named_and_the_rest_is_taken(self):
        leaver = self.centre.deployments[2]
        one = sent(self.centre)
        leaver.status, leaver.ends_on = DeploymentStatus.MOVED, make.today() - timedelta(days=1)
        leaver.save()

        copy = services.deliver(self.centre.entry, one, by=self.centre.user)

        assert copy.status == CopyStatus.PART
        assert f"marked elsewhere: {leaver.officer.full_name}." in copy.answer
        assert Mark.objects.count() == 2
        assert copy.marks[str(leaver.officer_id)] == "present"  # nothing typed is lost
        assert Register.objects.get().status == RegisterStatus.SUBMITTED

    def test_officer_marked_elsewhere_meanwhile_keeps_that_mark(self):
        moved = self.centre.deployments[2]
        one = sent(self.centre, PRESENT, PRESENT, ABSENT)
        other = world.centre(officers=0, exam=self.centre.entry.exam)
        moved.status, moved.ends_on = DeploymentStatus.MOVED, make.today() - timedelta(days=1)
        moved.save()
        there = make.deployment(
            post=other.invigilators, officer=moved.officer, starts_on=make.today()
        )
        make.mark(there)

        copy = services.deliver(self.centre.entry, one, by=self.centre.user)

        assert copy.status == CopyStatus.PART
        mark = Mark.objects.get(officer=moved.officer)
        assert (mark.deployment, mark.status) == (there, PRESENT)

    def test_newcomer_stays_unmarked_and_the_register_open_until_they_are_marked(self):
        one = sent(self.centre)
        newcomer = make.deployment(post=self.centre.invigilators, slot=9)

        copy = services.deliver(self.centre.entry, one, by=self.centre.user)

        assert copy.status == CopyStatus.PART
        assert f"to be marked yet: {newcomer.officer.full_name}." in copy.answer
        assert not Mark.objects.filter(officer=newcomer.officer).exists()
        assert Register.objects.get().status == RegisterStatus.OPEN

        self.centre.deployments.append(newcomer)
        mark_on_the_page(self.centre)
        assert Register.objects.get().status == RegisterStatus.SUBMITTED

    def test_made_up_officer_names_nobody(self):
        stranger = make.officer(full_name="Zawadi Mwangi")

        copy = deliver(self.centre, marks=self.centre.marks() | {stranger.pk: PRESENT})

        assert copy.status == CopyStatus.PART
        assert "Zawadi" not in copy.answer
        assert Mark.objects.count() == 3

    def test_day_to_come_and_day_without_a_session_are_refused_and_kept(self):
        tomorrow = make.today() + timedelta(days=1)
        self.centre.entry.exam.days.filter(day=make.today() - timedelta(days=1)).delete()

        for day, words in [
            (tomorrow, "Attendance cannot be marked ahead of the day"),
            (make.today() - timedelta(days=1), "The exam does not sit here"),
        ]:
            copy = deliver(self.centre, day=day)
            assert copy.status == CopyStatus.REFUSED
            assert words in copy.answer
            assert len(copy.marks) == 3
        assert not Mark.objects.exists()
        assert not Register.objects.exists()

    def test_copy_made_before_its_day_is_refused(self):
        copy = deliver(self.centre, marked_at=at(make.today()) - timedelta(minutes=5))

        assert copy.status == CopyStatus.REFUSED
        assert "before its day began" in copy.answer
        assert not Mark.objects.exists()


class AfterMidnight(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=2)
        self.yesterday = make.today() - timedelta(days=1)

    def test_marked_on_the_day_it_needs_no_reason_when_it_arrives_the_next(self):
        copy = deliver(self.centre, day=self.yesterday, marked_at=at(self.yesterday, 7, 10))

        assert copy.status == CopyStatus.TAKEN
        assert Mark.objects.count() == 2
        assert Register.objects.get().late_reason == ""

    def test_marked_after_the_day_it_says_why(self):
        deliver(
            self.centre, day=self.yesterday, marked_at=at(make.today()), late_reason="No network"
        )

        assert Register.objects.get().late_reason == "No network"

    def test_marked_after_the_day_without_a_word_it_is_late_all_the_same(self):
        deliver(self.centre, day=self.yesterday, marked_at=at(make.today()))

        assert Register.objects.get().late_reason == "Marked without a network."

    def test_after_the_cut_off_the_director_is_asked(self):
        day = make.today() - timedelta(days=3)
        make.mark(self.centre.deployments[0], day)

        copy = deliver(self.centre, ABSENT, PRESENT, day=day, marked_at=at(day, 7, 10))

        assert copy.status == CopyStatus.LATE
        assert "the TSC Sub-County Director is asked to amend it" in copy.answer
        assert Mark.objects.get().status == PRESENT
        amendment = Amendment.objects.get()
        assert (amendment.status, amendment.asked_by) == ("asked", self.centre.user)
        assert "Marked without a network at 07:10" in amendment.reason
        assert list(amendment.lines.values_list("deployment", "was", "wanted")) == [
            (self.centre.deployments[0].pk, "present", "absent"),
            (self.centre.deployments[1].pk, "", "present"),
        ]
        assert copy.amendment == amendment
        assert Entry.objects.get(verb="amendment.asked").acting_name == "Barasa Wafula"

    def test_second_after_the_cut_off_is_kept_beside_the_first(self):
        day = make.today() - timedelta(days=3)
        deliver(self.centre, day=day, marked_at=at(day, 7, 10))

        copy = deliver(self.centre, ABSENT, ABSENT, day=day, marked_at=at(day, 7, 30))

        assert copy.status == CopyStatus.LATE
        assert "is being asked for already" in copy.answer
        assert Amendment.objects.count() == 1
        assert AmendmentLine.objects.count() == 2

    def test_after_the_cut_off_with_nothing_new_nobody_is_asked(self):
        day = make.today() - timedelta(days=3)
        for deployment in self.centre.deployments:
            make.mark(deployment, day)

        copy = deliver(self.centre, day=day, marked_at=at(day, 7, 10))

        assert copy.status == CopyStatus.TAKEN
        assert not Amendment.objects.exists()

    def test_register_amended_by_the_director_is_asked_about_too(self):
        make.register(self.centre.entry, status="amended", submitted_at=timezone.now())

        copy = deliver(self.centre)

        assert copy.status == CopyStatus.LATE
        assert not Mark.objects.exists()


class Conflicts(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=3)
        self.officer = self.centre.deployments[1].officer

    def replay(self):
        """The register was opened, marked on another phone, and then the old copy came."""
        mark_on_the_page(self.centre)
        return deliver(self.centre, PRESENT, ABSENT, PRESENT, seen="")

    def form(self, page):
        return next(form for form in page.forms.values() if "acting_name" in form.fields)

    def test_old_copy_never_turns_a_newer_present_to_absent(self):
        copy = self.replay()

        assert (copy.status, copy.clashes) == (CopyStatus.CONFLICT, [self.officer.pk])
        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]
        assert not Entry.objects.filter(verb="mark.corrected").exists()

    def test_nor_a_newer_absent_to_present(self):
        mark_on_the_page(self.centre, ABSENT, ABSENT, ABSENT)

        copy = deliver(self.centre, seen="")

        assert len(copy.clashes) == 3
        assert statuses(self.centre) == [ABSENT, ABSENT, ABSENT]

    def test_only_the_rows_that_were_marked_since_are_held_back(self):
        mark_on_the_page(self.centre)
        seen = seen_now(self.centre)
        mark_on_the_page(self.centre, PRESENT, ABSENT, PRESENT)

        copy = deliver(self.centre, ABSENT, PRESENT, PRESENT, seen=seen)

        assert copy.clashes == [self.officer.pk]
        assert statuses(self.centre) == [ABSENT, ABSENT, PRESENT]

    def test_two_phones_conflict_with_each_other(self):
        deliver(self.centre, PRESENT, PRESENT, PRESENT)

        copy = deliver(self.centre, PRESENT, ABSENT, PRESENT)

        assert copy.clashes == [self.officer.pk]
        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]

    def test_version_that_is_no_time_has_seen_nothing(self):
        mark_on_the_page(self.centre)
        for seen in ("x", "2025-13-45T99:99", "2025-11-03", "9" * 40):
            assert deliver(self.centre, ABSENT, PRESENT, PRESENT, seen=seen).clashes

    def test_it_is_shown_on_the_register_and_the_copys_mark_may_be_taken(self):
        copy = self.replay()

        page = self.app.get(self.centre.register(), user=self.centre.user)
        said = " ".join(page.html.text.split())
        assert (
            f"{self.officer.full_name}: the copy of 00:01 said Ab, the register says P, marked at"
            in said
        )
        page = page.click("Choose which is right")
        form = self.form(page)
        form["acting_name"] = "Naliaka Simiyu"
        form[f"officer_{self.officer.pk}"] = "take"
        page = form.submit().follow()

        assert "The differences are settled." in page.text
        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]
        mark = Mark.objects.get(officer=self.officer)
        assert (mark.way, mark.acting_name, mark.marked_at) == (
            Way.COPY,
            "Naliaka Simiyu",
            copy.marked_at,
        )
        copy.refresh_from_db()
        assert copy.status == CopyStatus.SETTLED
        assert Entry.objects.get(verb="mark.corrected").details == {
            "was": "present",
            "now": "absent",
        }
        assert Entry.objects.get(verb="copy.settled").details == {"taken": [self.officer.pk]}

    def test_or_the_registers_mark_kept(self):
        copy = self.replay()

        form = self.form(self.app.get(self.centre.url("settle", copy.pk), user=self.centre.user))
        form["acting_name"] = "Naliaka Simiyu"
        form[f"officer_{self.officer.pk}"] = "keep"
        form.submit()

        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]
        copy.refresh_from_db()
        assert copy.status == CopyStatus.SETTLED
        assert copy.marks[str(self.officer.pk)] == "absent"

    def test_nothing_chosen_is_an_error_and_nothing_is_settled(self):
        copy = self.replay()

        form = self.form(self.app.get(self.centre.url("settle", copy.pk), user=self.centre.user))
        form["acting_name"] = "Naliaka Simiyu"
        page = form.submit()

        assert "Choose which mark is right" in page.text
        copy.refresh_from_db()
        assert copy.status == CopyStatus.CONFLICT

    def test_settled_once_it_is_settled(self):
        copy = self.replay()
        act = {"take": [], "by": self.centre.user, "acting_name": "Naliaka Simiyu"}
        services.settle_copy(copy, **act)

        with pytest.raises(Refused):
            services.settle_copy(copy, **act)

    def test_after_the_cut_off_it_is_the_directors_and_no_more_the_centres(self):
        day = make.today() - timedelta(days=3)
        make.mark(self.centre.deployments[1], day)
        copy = make.register_copy(
            self.centre.entry,
            day=day,
            status="conflict",
            marks={str(self.officer.pk): "absent"},
            clashes=[self.officer.pk],
        )

        with pytest.raises(Refused, match="is closed"):
            services.settle_copy(
                copy, take=[self.officer.pk], by=self.centre.user, acting_name="Naliaka Simiyu"
            )

        assert Mark.objects.get().status == PRESENT
        page = self.app.get(self.centre.register(day), user=self.centre.user)
        assert "said Ab, the register says P" in " ".join(page.html.text.split())
        assert "Choose which is right" not in page.text

    def test_director_reads_it_where_a_register_is_amended(self):
        self.replay()
        director = make.director(self.centre.entry.station.sub_county, "tsc")
        client = Client()
        make.sign_in(client, director)

        page = client.get(f"/area/attendance/{Register.objects.get().pk}/amend/")

        self.assertContains(page, "Marked without a network at")
        self.assertNotContains(page, "Choose which is right")

    def test_another_centres_copy_is_no_page(self):
        copy = self.replay()
        other = world.centre(officers=1)

        answer = self.app.get(other.url("settle", copy.pk), user=other.user, status="*")

        assert answer.status_code == 404


class Sending(TestCase):
    """As the phone's worker does it."""

    def setUp(self):
        self.centre = world.centre(officers=2)
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.centre.user)

    def body(self, *given, **fields):
        one = {
            "id": str(uuid4()),
            "device": str(uuid4()),
            "owner": str(self.centre.user.pk),
            "day": make.today().isoformat(),
            "marked_at": at(make.today()).isoformat(),
            "seen": "",
            "acting_name": "Barasa Wafula",
            "late_reason": "",
            "marks": {str(pk): str(mark) for pk, mark in self.centre.marks(*given).items()},
        }
        return {**one, **fields}

    def post(self, body, token=None):
        if token is None:
            token = self.client.get(self.centre.url("copies")).json()["token"]
        return self.client.post(
            self.centre.url("copies"),
            body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers={"X-CSRFToken": token},
        )

    def test_a_fresh_token_is_fetched_and_the_copy_taken(self):
        asked = self.client.get(self.centre.url("copies")).json()
        assert asked["owner"] == str(self.centre.user.pk)

        answer = self.post(self.body(PRESENT, ABSENT))

        assert answer.json()["status"] == "taken"
        assert "marked without a network at 00:01" in answer.json()["words"]
        assert statuses(self.centre) == [PRESENT, ABSENT]

    def test_without_a_token_it_is_refused(self):
        assert self.post(self.body(), token="").status_code == 403
        assert not RegisterCopy.objects.exists()

    def test_session_that_has_ended_is_sent_to_the_door(self):
        self.client.logout()

        assert self.client.get(self.centre.url("copies")).status_code == 302

    def test_copy_of_another_account_is_not_taken(self):
        answer = self.post(self.body(owner=str(make.user().pk)))

        assert answer.status_code == 403
        assert not RegisterCopy.objects.exists()

    def test_number_of_anothers_copy_tells_nothing_of_it(self):
        other = world.centre(officers=1)
        theirs = deliver(other)

        answer = self.post(self.body(id=str(theirs.client_id)))

        assert answer.json()["status"] == "taken"
        assert RegisterCopy.objects.count() == 2
        assert statuses(self.centre) == [PRESENT, PRESENT]

    def test_name_that_is_none_does_not_cost_the_marks(self):
        for name in ["", "12", "\0", "x" * 500, "\u202e", "\ud800", None, 7, {}]:
            with self.subTest(name=name):
                answer = self.post(self.body(acting_name=name))

                assert answer.json()["status"] == "taken"
        names = set(RegisterCopy.objects.values_list("acting_name", flat=True))
        assert names == {self.centre.user.username}

    def test_what_is_no_copy_is_refused_and_no_error_of_ours(self):
        bodies = [
            b"", b"\xff", b"[]", b"null", b"7", b'"x"', b"[" * 100_000, b"{}", b'{"marks": NaN}',
            *(
                self.body(**{name: value})
                for name in ("id", "device", "owner", "day", "marked_at", "marks")
                for value in (None, "", "\0", 7, [], {}, "x", "9" * 5000, True)
            ),
            *(
                self.body(marks=marks)
                for marks in (
                    {"x": "present"}, {"1": "late"}, {"1": None}, {"1": ["present"]},
                    {"٣": "present"}, {"-1": "present"}, {"9" * 5000: "present"},
                    {str(n): "present" for n in range(2000)},
                )
            ),
            *(
                self.body(marked_at=time)
                for time in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
            ),
            self.body(seen="x" * 41),
        ]  # fmt: skip
        token = self.client.get(self.centre.url("copies")).json()["token"]
        for body in bodies:
            with self.subTest(body=str(body)[:80]):
                assert self.post(body, token).status_code in {400, 403}
        assert not RegisterCopy.objects.exists()
        assert not Mark.objects.exists()

    def test_officer_whose_number_no_row_can_have(self):
        answer = self.post(self.body(marks={"9" * 18: "present"}))

        assert answer.json()["status"] == "refused"
        assert not Mark.objects.exists()


class TheCopy(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=3)
        self.client.force_login(self.centre.user)

    def test_the_same_people_are_on_it_as_on_each_register(self):
        exam, first = self.centre.entry.exam, self.centre.deployments[0]
        leaving = self.centre.deployments[1]
        make.terms(exam, first.post.position, paid_days=[DayKind.THEORY])
        exam.days.filter(day=make.today() + timedelta(days=2)).update(kind=DayKind.PRACTICAL)
        make.deployment(
            post=first.post.station.posts.get(position__code="INV"),
            slot=9,
            starts_on=make.today() + timedelta(days=1),
        )
        leaving.status, leaving.ends_on = DeploymentStatus.MOVED, make.today()
        leaving.save()
        make.mark(leaving, status=ABSENT)

        _everybody, days = kept(self.centre.entry)

        assert [each.day for each in days] == [
            make.today() + timedelta(days=n) for n in range(-1, 15)
        ]
        for each in days:
            wanted = {
                (str(line.officer_id), line.status)
                for line in lines(self.centre.entry, each.day)
                if not line.elsewhere
            }
            assert {
                (line.partition(":")[0], line.partition(":")[2]) for line in each.lines.split()
            } == wanted
            assert each.seen == seen_now(self.centre, each.day)

    def test_names_and_positions_are_on_it_and_no_number_of_anybody(self):
        page = self.client.get(self.centre.url("copy"))

        for deployment in self.centre.deployments:
            officer = deployment.officer
            self.assertContains(page, escape(officer.full_name))
            for number in (officer.national_id, officer.phone, officer.phone[3:], officer.kra_pin):
                if number:
                    self.assertNotContains(page, number)

    def test_it_works_as_a_list_of_days_without_a_script(self):
        page = self.client.get(self.centre.url("copy"))

        self.assertContains(page, f'href="{self.centre.register()}"')
        self.assertContains(page, '<form method="post" hidden>')

    def test_as_many_queries_with_thirty_officers_as_with_one(self):
        for officers in (1, 30):
            centre = world.centre(officers=officers)
            self.client.force_login(centre.user)
            with self.assertNumQueries(7):
                self.client.get(centre.url("copy"))

    def test_centre_without_officers_has_nothing_to_keep(self):
        empty = world.centre(officers=0)
        self.client.force_login(empty.user)

        self.assertContains(self.client.get(empty.url("copy")), "Nothing to mark")


class Browsers(TestCase):
    def test_worker_is_asked_for_anew_each_time_and_names_what_it_keeps(self):
        answer = self.client.get("/sw.js")

        assert answer["Content-Type"].startswith("text/javascript")
        assert answer["Cache-Control"] == "no-cache"
        self.assertContains(answer, "cp2.css")
        self.assertContains(answer, "importScripts(")

    def test_manifest_opens_the_centres_page(self):
        answer = self.client.get("/manifest.webmanifest")

        assert answer["Content-Type"] == "application/manifest+json"
        assert answer.json()["start_url"] == "/centre/"

    def test_only_a_centres_pages_carry_the_script(self):
        centre = world.centre(officers=1)
        people = [make.officer().user, make.director(make.sub_county(), "tsc"), None]
        for user in people:
            self.client.logout()
            if user:
                make.sign_in(self.client, user)
            page = self.client.get("/help/")
            self.assertNotContains(page, "offline.js")
            self.assertNotContains(page, "manifest")
        self.client.force_login(centre.user)
        for path in ("/help/", "/account/", centre.register()):
            self.assertContains(self.client.get(path), "offline.js")

    def test_signing_out_clears_what_is_kept_but_no_cookie(self):
        self.client.force_login(world.centre(officers=1).user)

        answer = self.client.post("/accounts/logout/")

        assert answer["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestAllAtOnce:
    def test_copies_and_posts_of_one_register_make_one_mark_each(self):
        centre = world.centre(officers=10)
        chance = random.Random(3)

        def marks():
            return [chance.choice([PRESENT, ABSENT]) for _ in range(10)]

        def posting(given):
            return lambda: mark_on_the_page(centre, *given)

        def sending(one):
            return lambda: services.deliver(centre.entry, one, by=centre.user)

        twice = sent(centre, *marks())
        copies = [sent(centre, *marks()) for _ in range(20)] + [twice] * 10
        acts = [sending(one) for one in copies] + [posting(marks()) for _ in range(20)]
        chance.shuffle(acts)

        outcomes = at_once(*acts)

        assert len(outcomes) == 50
        assert not [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert Mark.objects.count() == 10
        assert RegisterCopy.objects.count() == 21
        assert Register.objects.get().status == RegisterStatus.SUBMITTED
        # whatever a copy said and the register did not take is held, by name
        final = {mark.officer_id: mark for mark in Mark.objects.all()}
        for copy in RegisterCopy.objects.all():
            for officer, status in copy.marks.items():
                mark = final[int(officer)]
                if mark.received_at <= copy.received_at and mark.status != status:
                    assert int(officer) in copy.clashes
