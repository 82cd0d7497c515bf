from datetime import timedelta

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from accounts.tests.people import staff
from cp2.broadcasts import report, services
from cp2.broadcasts.models import Broadcast
from cp2.broadcasts.tests import steps
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.tests import make
from sms.backends import Rejected, memory

LIST = "admin:broadcasts_broadcast_changelist"
PAGE = "admin:broadcasts_broadcast_change"


class WrittenAndApproved(WebTest):
    """By hand, as headquarters does it."""

    def as_(self, user, *, minutes_ago=0):
        self.app.reset()
        make.sign_in(self.client, user, minutes_ago=minutes_ago)
        for name, morsel in self.client.cookies.items():
            self.app.set_cookie(name, morsel.value)

    def form_at(self, user, pk=None):
        self.as_(user)
        name = "add" if pk is None else "write"
        args = [] if pk is None else [pk]
        page = self.app.get(reverse(f"admin:broadcasts_broadcast_{name}", args=args))
        return next(form for form in page.forms.values() if "text_en" in form.fields)

    def filled(self, user, **fields):
        form = self.form_at(user)
        for name, value in {
            "title": "Rehearsal",
            "text_en": "Dear {name}, come at 7.",
            "text_sw": "Ndugu {name}, njoo saa moja.",
            "who": "officers",
            "stage": "registered",
            **fields,
        }.items():
            form[name] = value
        return form

    def press(self, broadcast, act, **fields):
        page = self.app.get(reverse(PAGE, args=[broadcast.pk]))
        action = reverse("admin:broadcasts_broadcast_do", args=[broadcast.pk, act])
        form = next(form for form in page.forms.values() if form.action == action)
        for name, value in fields.items():
            form[name] = value
        return form.submit()

    def test_from_the_first_word_to_the_report(self):
        memory.outbox.clear()
        writer, other = steps.writer(), steps.writer()
        officer, barred = steps.people(2)
        memory.refusals[barred.phone] = Rejected("UserInBlackList (406)")
        form = self.filled(writer)
        shown = form.submit("preview")
        assert "Dear Wanjiku, come at 7." in shown
        assert "1 segment: 37 of 160 places" in shown
        assert not Broadcast.objects.exists()
        form.submit().follow()
        broadcast = Broadcast.objects.get()
        self.press(broadcast, "count")
        broadcast.refresh_from_db()
        runs.finish(broadcast.run)
        page = self.app.get(reverse(PAGE, args=[broadcast.pk]))
        assert "2 people, 2 segments, KES 1.60 at most" in page
        assert "It will take about 1 minute at 10 texts a second" in page
        assert f"•••••{officer.phone[-3:]}" in page
        assert officer.phone not in page
        self.press(broadcast, "propose")
        assert "somebody else must approve it" in self.app.get(reverse(PAGE, args=[broadcast.pk]))

        self.as_(other)
        assert "Approved" in self.press(broadcast, "approve").follow()
        with steps.BY_DAY_AND_NIGHT:
            broadcast = steps.sent(Broadcast.objects.in_full().get())
        page = self.app.get(reverse(PAGE, args=[broadcast.pk]))
        assert "1 person was not reached" in page
        people = page.click("1 person was not reached")
        assert "The line blocks texts from companies" in people
        assert "Dial *456*9*5*5*1#" in people
        verbs = Entry.objects.about(broadcast).order_by("pk").values_list("verb", flat=True)
        assert list(verbs) == ["broadcast.written", "broadcast.proposed", "broadcast.approved"]
        memory.refusals.clear()

    def test_what_cannot_be_sent_is_refused_and_nothing_typed_is_lost(self):
        writer = steps.writer()
        page = self.filled(writer, text_en="It’s {phone}", text_sw="Habari").submit()
        assert "Write “&#x27;” instead." in page
        assert "Use { and } for {name} and {exam} alone." in page
        assert "It’s {phone}" in page
        page = self.filled(writer, stage="accepted").submit()
        assert "Choose the exam" in page
        page = self.filled(writer, who="directors").submit()
        assert "only officers are at a stage" in page
        page = self.filled(writer, stations="99999999").submit()
        assert "No station has the code 99999999" in page
        assert not Broadcast.objects.exists()

    def test_places_are_kept_as_they_were_typed(self):
        writer, exam = steps.writer(), make.exam()
        station = make.station()
        make.position("INV")
        form = self.filled(writer, stage="accepted", exam=exam.pk, stations=f" {station.code},")
        form["sub_counties"] = [station.sub_county_id]
        form["counties"] = [str(station.sub_county.county_id)]
        form.submit()
        broadcast = Broadcast.objects.get()
        assert (broadcast.stations, broadcast.sub_counties) == (
            [station.pk],
            [station.sub_county_id],
        )
        assert self.form_at(writer, broadcast.pk)["stations"].value == station.code
        page = self.app.get(reverse(PAGE, args=[broadcast.pk]))
        assert station.name in page

    def test_approval_asks_for_a_fresh_code(self):
        make.officer()
        broadcast = steps.proposed(steps.writer())
        self.as_(steps.writer(), minutes_ago=60)
        asked = self.press(broadcast, "approve")
        assert "code" in asked.location
        broadcast.refresh_from_db()
        assert broadcast.status == "proposed"

    def test_sent_back_with_a_reason_it_is_changed_and_what_was_seen_is_not_approved(self):
        make.officer()
        writer, other = steps.writer(), steps.writer()
        broadcast = steps.proposed(writer)
        seen = services.version(broadcast)
        self.as_(other)
        assert "Say why" in self.press(broadcast, "send_back", reason=" ").follow()
        self.press(broadcast, "send_back", reason="The hour is wrong")
        form = self.form_at(writer, broadcast.pk)
        assert "The hour is wrong" in self.app.get(reverse(PAGE, args=[broadcast.pk]))
        form["text_en"] = "Come at 6."
        form.submit()
        broadcast.refresh_from_db()
        runs.finish(services.count(broadcast, by=writer).run)
        broadcast = services.propose(broadcast, by=writer)
        with pytest.raises(Refused, match="changed since you looked"):
            services.approve(broadcast, seen=seen, by=other)
        assert Broadcast.objects.get().status == "proposed"

    def test_its_page_says_how_many_texts_have_left_while_it_is_sent_or_paused(self):
        steps.people(3)
        writer = steps.writer()
        with steps.BY_DAY_AND_NIGHT:
            broadcast = steps.step(steps.approved(writer, steps.writer()))
            self.as_(writer)
            page = reverse(PAGE, args=[broadcast.pk])
            assert "is counted each minute" in self.app.get(page)
            broadcast = steps.step(broadcast)
            steps.texts_leave(most=2)
            report.make_due()
            broadcast.refresh_from_db()
            assert broadcast.report["states"] == {"sent": 2, "written": 1}
            assert "2 of 3" in self.app.get(page)
            self.press(broadcast, "pause")
            assert "2 of 3" in self.app.get(page)

    def test_figures_from_before_it_was_stopped_are_said_to_be_so(self):
        steps.people(2)
        writer = steps.writer()
        with steps.BY_DAY_AND_NIGHT:
            broadcast = steps.step(steps.approved(writer, steps.writer()))
            report.make_due()
            self.as_(writer)
            self.press(broadcast, "stop", reason="Wrong day")
        page = reverse(PAGE, args=[broadcast.pk])
        assert "As of" not in self.app.get(page)
        assert "The report is being made anew" in self.app.get(page)
        report.make_due()
        assert "As of" in self.app.get(page)

    def test_paused_goes_on_and_stops(self):
        steps.people(2)
        writer = steps.writer()
        with steps.BY_DAY_AND_NIGHT:
            broadcast = steps.step(steps.approved(writer, steps.writer()))
            self.as_(writer)
            self.press(broadcast, "pause")
            assert Broadcast.objects.get().status == "paused"
            self.press(broadcast, "resume")
            assert Broadcast.objects.get().status == "sending"
            assert "Say why" in self.press(broadcast, "stop", reason="").follow()
            self.press(broadcast, "stop", reason="Wrong day")
        assert Broadcast.objects.get().status == "stopped"
        assert "Wrong day" in self.app.get(reverse(PAGE, args=[broadcast.pk]))


class WhoMay(TestCase):
    def setUp(self):
        make.officer()
        self.writer = steps.writer()

    def status_of(self, user, name, *args, method="get", **data):
        make.sign_in(self.client, user)
        return getattr(self.client, method)(reverse(name, args=args), data).status_code

    def test_one_of_two_who_wrote_it_does_not_approve(self):
        broadcast, second = steps.draft(self.writer), steps.writer()
        services.write(broadcast, by=second)
        runs.finish(services.count(broadcast, by=second).run)
        broadcast = services.propose(broadcast, by=second)
        for hand in (self.writer, second):
            do = [broadcast.pk, "approve"]
            version = services.version(broadcast)
            self.status_of(
                hand, "admin:broadcasts_broadcast_do", *do, method="post", version=version
            )
            assert Broadcast.objects.get().status == "proposed"

    def test_readers_press_nothing_and_others_see_nothing(self):
        broadcast = steps.proposed(self.writer)
        for group in ("Helpdesk", "Auditor", "Finance preparer"):
            reads = 404 if group == "Finance preparer" else 200
            reader = staff(group)
            assert self.status_of(reader, PAGE, broadcast.pk) == reads
            assert self.status_of(reader, "admin:broadcasts_broadcast_add") == 404
            for act in ("approve", "send_back", "stop", "count"):
                name = "admin:broadcasts_broadcast_do"
                assert self.status_of(reader, name, broadcast.pk, act, method="post") == 404
        assert Broadcast.objects.get().status == "proposed"

    def test_no_other_acts_and_only_posted(self):
        broadcast = steps.draft(self.writer)
        name = "admin:broadcasts_broadcast_do"
        assert self.status_of(self.writer, name, broadcast.pk, "delete", method="post") == 404
        assert self.status_of(self.writer, name, broadcast.pk, "count") == 405
        assert self.status_of(self.writer, name, 10**9, "count", method="post") == 404
        make.sign_in(self.client, self.writer)
        assert self.client.get("/admin/broadcasts/broadcast/9x/change/").status_code == 404

    def test_what_is_proposed_cannot_be_written_on(self):
        broadcast = steps.proposed(self.writer)
        name = "admin:broadcasts_broadcast_write"
        assert self.status_of(self.writer, name, broadcast.pk) == 404


class Lists(TestCase):
    def setUp(self):
        self.reader = staff("Auditor")
        make.sign_in(self.client, self.reader)

    def queries(self, *names):
        def ask():
            for url in names:
                assert self.client.get(url).status_code == 200

        ask()
        with CaptureQueriesContext(connection) as seen:
            ask()
        return len(seen)

    def test_as_many_queries_with_one_and_with_many(self):
        writer = steps.writer()
        make.officer()
        broadcast = steps.proposed(writer)
        people = reverse("admin:broadcasts_broadcast_people", args=[broadcast.pk])
        urls = [reverse(LIST), reverse(PAGE, args=[broadcast.pk]), f"{people}?state=waiting"]
        first = [self.queries(url) for url in urls]
        steps.people(60)
        many = steps.proposed(writer)
        for _n in range(20):
            steps.draft(writer)
        urls = [url.replace(f"/{broadcast.pk}/", f"/{many.pk}/") for url in urls]
        assert [self.queries(url) for url in urls] == first

    def test_people_leave_as_a_file_with_masked_numbers(self):
        officer = make.officer(full_name="=Ann Otieno")
        broadcast = steps.proposed(steps.writer())
        files = reverse("admin:broadcasts_broadcast_people_files", args=[broadcast.pk])
        taken = self.client.post(f"{files}?state=waiting", {"as": "csv"})
        lines = b"".join(taken.streaming_content).decode().splitlines()
        assert len(lines) == 2
        assert lines[1].startswith(f"'=Ann Otieno,•••••{officer.phone[-3:]},Kisii,Not yet")
        assert Entry.objects.about(broadcast).filter(verb="broadcast.people_taken").exists()
        report = reverse("admin:broadcasts_broadcast_report_files", args=[broadcast.pk])
        assert self.client.post(report, {"as": "xlsx"}).status_code == 200

    def test_it_stands_among_the_runs_and_beside_the_texts(self):
        make.officer()
        broadcast = steps.proposed(steps.writer())
        Broadcast.objects.update(prepared_at=timezone.now() - timedelta(days=1))
        page = self.client.get(reverse("admin:runs"), {"state": "person"}).content.decode()
        assert reverse(PAGE, args=[broadcast.pk]) in page
        apps = self.client.get(reverse("admin:index")).content.decode()
        assert reverse(LIST) in apps
