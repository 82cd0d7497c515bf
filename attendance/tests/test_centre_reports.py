"""A centre reports who did not come, and incidents; its director replaces, or answers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import deployments.services
from accounts.models import Entry
from attendance import services
from attendance.models import CentreReport, MarkStatus
from attendance.tests import world
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make

DAY = timedelta(days=1)
LIST = "attendance:area_centre_reports"


def no_show(centre, deployment, **fields):
    return CentreReport.objects.create(
        entry=centre.entry,
        deployment=deployment,
        reported_by=centre.user,
        **{
            "day": make.today(),
            "kind": "no_show",
            "acting_name": "Barasa Wafula",
            **fields,
        },
    )


def incident(centre, **fields):
    return no_show(centre, None, **{"kind": "incident", "text": "The hall leaks.", **fields})


class Reported(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=4)
        self.away = self.centre.deployments[1]
        for code in ("CM", "INV"):
            make.terms(self.centre.entry.exam, make.position(code))
        self.place = self.centre.entry.station.sub_county
        self.director = make.director(self.place)

    def report(self, user=None, **fields):
        form = self.app.get(self.centre.url("centre_report"), user=user or self.centre.user).forms[
            1
        ]
        said = {"kind": "no_show", "acting_name": "Barasa Wafula", **fields}
        for name, value in said.items():
            form[name] = value
        return form.submit()

    def as_director(self):
        self.client = make.sign_in(self.client, self.director)
        return self.client

    def rows(self, **asked):
        return self.as_director().get(reverse(LIST), asked).context["rows"]


class NoShowTests(Reported):
    def test_from_the_centre_to_the_replacement_on_todays_register(self):
        home = self.app.get(reverse("centre"), user=self.centre.user)
        assert "Report a no-show or an incident" in home.text
        page = self.report(officer=[str(self.away.pk)], text="His phone is off.").follow()
        assert "1 officer did not come" in page.text
        report = CentreReport.objects.get()
        assert (report.deployment, report.day, report.status) == (self.away, make.today(), "open")
        assert (report.acting_name, report.reported_by) == ("Barasa Wafula", self.centre.user)

        client = self.as_director()
        work = client.get(reverse("area")).context["work"]
        assert (work[0].label, work[0].count) == ("did not come, as centres report", 1)
        [row] = client.get(work[0].url).context["rows"]
        assert row["report"] == report
        replace = client.get(row["ways"]["replace"])
        form = replace.context["form"]
        assert form["from_day"].value() == make.today()
        assert "Did not come on" in form["reason"].value()

        spare = make.officer(sub_county=self.place)
        posted = {
            "officer": spare.pk,
            "from_day": make.today().isoformat(),
            "reason": form["reason"].value(),
            "seen": form["seen"].value(),
        }
        done = client.post(row["ways"]["replace"] + f"&q={spare.national_id}", posted)
        assert done.status_code == 302
        report.refresh_from_db()
        assert (report.status, report.settled_by, report.answer) == ("settled", None, "")
        assert Entry.objects.filter(verb="centre_report.settled", subject_id=report.pk).exists()
        [row] = self.rows()
        assert f"{spare.full_name} came instead" in row["outcome"]
        assert not row["ways"]
        assert client.get(reverse("area")).context["work"][0].label != work[0].label

        deployments.services.accept(self.away.replaced_by.get(), by=spare.user)
        register = self.app.get(self.centre.register(), user=self.centre.user)
        assert spare.full_name in register.html.get_text()
        assert self.away.officer.full_name not in register.html.get_text()
        centres = self.app.get(self.centre.url("centre_report"), user=self.centre.user)
        assert "came instead" in centres.text

    def test_somebody_at_the_gate_settles_it_and_is_on_the_register_at_once(self):
        report = no_show(self.centre, self.away)
        client = self.as_director()
        [row] = self.rows()
        spare = make.officer(sub_county=self.place)
        gate = row["ways"]["gate"] + f"&q={spare.national_id}"
        form = client.get(gate).context["form"]
        assert "Did not come on" in form["reason"].value()
        posted = {
            "works_here": "no",
            "reason": form["reason"].value(),
            "seen": form["seen"].value(),
        }
        assert client.post(gate, posted).status_code == 302
        report.refresh_from_db()
        assert report.status == "settled"
        register = self.app.get(self.centre.register(), user=self.centre.user)
        assert spare.full_name in register.html.get_text()
        assert self.away.officer.full_name not in register.html.get_text()

    def test_a_redeployment_or_a_call_off_settles_it_too(self):
        other = make.station(sub_county=self.place)
        make.post(exam=self.away.post.exam, station=other, position=self.away.post.position)
        report = no_show(self.centre, self.away)
        deployments.services.redeploy(
            self.away, to=other, from_day=make.today(), by=self.director, reason="Was sent there"
        )
        report.refresh_from_db()
        assert report.status == "settled"
        assert self.rows()[0]["outcome"] == f"Redeployed to {other.name}."
        second = no_show(self.centre, self.centre.deployments[2])
        deployments.services.cancel(
            self.centre.deployments[2], by=self.director, reason="Never came"
        )
        second.refresh_from_db()
        assert second.status == "settled"
        assert self.rows()[0]["outcome"] == "Called off; nobody has the place yet."

    def test_several_at_once_are_a_report_each(self):
        self.report(officer=[str(row.pk) for row in self.centre.deployments[1:3]]).follow()
        assert CentreReport.objects.count() == 2

    def test_whoever_is_marked_p_today_is_refused_in_words(self):
        make.mark(self.away)
        page = self.report(officer=[str(self.away.pk)], text="His phone is off.")
        assert f"{self.away.officer.full_name} is marked P today" in page.html.get_text()
        assert page.forms[1]["text"].value == "His phone is off."
        assert not CentreReport.objects.exists()
        make.mark(self.centre.deployments[2], status=MarkStatus.ABSENT)
        self.report(officer=[str(self.centre.deployments[2].pk)]).follow()
        assert CentreReport.objects.count() == 1

    def test_reported_twice_is_refused_in_words(self):
        self.report(officer=[str(self.away.pk)])
        page = self.report(officer=[str(self.away.pk)])
        assert "has been reported already" in page.text
        assert CentreReport.objects.count() == 1

    def test_whoever_came_late_and_is_marked_p_since_is_shown_so(self):
        no_show(self.centre, self.away)
        make.mark(self.away)
        assert self.rows()[0]["came"]

    def test_what_the_form_asks(self):
        for fields, said in (
            ({}, "Tick who did not come."),
            ({"kind": "incident"}, "Say what happened."),
            (
                {
                    "officer": [str(self.away.pk)],
                    "day": (make.today() - DAY).isoformat(),
                },
                "reported on the day itself",
            ),
            ({"kind": "incident", "text": "x", "officer": [str(self.away.pk)]}, "Untick them"),
            ({"kind": "incident", "text": "x", "day": "2020-01-01"}, "Choose a day of the exam"),
        ):
            assert said in self.report(**fields).text, fields
        form = self.app.get(self.centre.url("centre_report"), user=self.centre.user).forms[1]
        for name in ("kind", "day", "text"):
            form[name].force_value("\x00")
        assert form.submit().status_code == 200
        assert not CentreReport.objects.exists()

    def test_nobody_of_another_centre_can_be_named(self):
        other = world.centre().deployments[1]
        form = self.app.get(self.centre.url("centre_report"), user=self.centre.user).forms[1]
        form["kind"], form["acting_name"] = "no_show", "Barasa"
        box = form.get("officer", index=0)
        box._value, box.checked = str(other.pk), True
        assert "The list of officers has changed" in form.submit().text
        with pytest.raises(Refused, match="list of officers has changed"):
            services.report_no_shows(
                self.centre.entry,
                deployments=[other],
                text="",
                by=self.centre.user,
                acting_name="Barasa",
            )


class SettleTests(Reported):
    def test_the_director_answers_an_incident_and_the_centre_reads_it(self):
        self.report(kind="incident", text="The hall leaks.").follow()
        report = CentreReport.objects.get()
        client = self.as_director()
        settle = reverse("attendance:settle_report", args=[report.pk])
        assert "Enter your answer" in client.post(settle, {"answer": ""}).content.decode()
        assert client.post(settle, {"answer": "Use the dining hall."}).status_code == 302
        report.refresh_from_db()
        assert (report.status, report.settled_by) == ("settled", self.director)
        again = client.post(settle, {"answer": "Or not."})
        self.assertContains(again, "Use the dining hall.")
        page = self.app.get(self.centre.url("centre_report"), user=self.centre.user)
        assert "Use the dining hall." in page.text

    def test_a_no_show_may_be_settled_in_words(self):
        report = no_show(self.centre, self.away)
        services.settle_report(report, answer="Came at nine.", by=self.director)
        assert self.rows()[0]["outcome"] == "Came at nine."

    def test_the_scde_sees_teachers_and_settles_only_its_own(self):
        teacher, leak = no_show(self.centre, self.away), incident(self.centre)
        guards = make.post(
            exam=self.centre.entry.exam,
            station=self.centre.entry.station,
            position=make.position("SEC"),
        )
        guard = no_show(self.centre, make.deployment(post=guards))
        self.director = make.director(self.place, Office.SCDE)
        ours = {row["report"]: row["ours"] for row in self.rows()}
        assert ours == {teacher: False, leak: False, guard: True}
        assert [row["report"] for row in self.rows(ours="on")] == [guard]
        for report, status in ((teacher, 404), (leak, 404), (guard, 200)):
            url = reverse("attendance:settle_report", args=[report.pk])
            assert self.as_director().get(url).status_code == status
        work = {
            item.label: item.count
            for item in self.as_director().get(reverse("area")).context["work"]
        }
        assert work["did not come, as centres report"] == 1
        assert "incidents to answer" not in work


class ListTests(Reported):
    def test_open_no_shows_come_first(self):
        settled = no_show(self.centre, self.away)
        services.settle_report(settled, answer="Came", by=self.director)
        leak = incident(self.centre)
        away = no_show(self.centre, self.centre.deployments[2])
        assert [row["report"] for row in self.rows()] == [away, leak, settled]
        assert [row["report"] for row in self.rows(kind="incident")] == [leak]
        assert [row["report"] for row in self.rows(status="settled")] == [settled]
        assert len(self.rows(kind="x", status="\x00", exam="9" * 40)) == 3

    def test_only_those_of_the_own_sub_county_and_centre(self):
        elsewhere = world.centre()
        incident(elsewhere)
        assert list(self.rows()) == []
        page = self.app.get(self.centre.url("centre_report"), user=self.centre.user)
        assert "The hall leaks." not in page.text
        report = CentreReport.objects.get()
        url = reverse("attendance:settle_report", args=[report.pk])
        assert self.as_director().get(url).status_code == 404

    def test_the_list_leaves_as_a_file(self):
        no_show(self.centre, self.away, text="=1+1")
        client = self.as_director()
        for kind in ("csv", "xlsx", "pdf"):
            answer = client.post(reverse(LIST + "_files"), {"as": kind})
            assert answer.status_code == 200
        text = b"".join(
            client.post(reverse(LIST + "_files"), {"as": "csv"}).streaming_content
        ).decode()
        assert "'=1+1" in text
        assert self.away.officer.full_name in text

    def test_as_many_queries_for_many_as_for_one(self):
        no_show(self.centre, self.away)
        client = self.as_director()
        with CaptureQueriesContext(connection) as one:
            client.get(reverse(LIST))
        assert len(one) <= 8
        for n in range(4, 15):
            row = make.deployment(post=self.centre.invigilators, slot=n, officer=make.officer())
            no_show(self.centre, row)
            incident(self.centre)
        with self.assertNumQueries(len(one)):
            client.get(reverse(LIST))
        make.sign_in(client, self.centre.user)
        with CaptureQueriesContext(connection) as seen:
            client.get(self.centre.url("centre_report"))
        assert len(seen) <= 8


class DatabaseTests(TestCase):
    def setUp(self):
        self.centre = world.centre()
        self.away = self.centre.deployments[1]

    def refused(self, name, deployment=None, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            no_show(self.centre, deployment, **fields)

    def test_a_report_has_a_known_status(self):
        self.refused("centre_report_status", self.away, status="x")

    def test_a_report_says_who_or_what(self):
        self.refused("centre_report_says_who_or_what")
        self.refused("centre_report_says_who_or_what", kind="incident")
        self.refused("centre_report_says_who_or_what", self.away, kind="incident", text="x")
        self.refused("centre_report_says_who_or_what", self.away, kind="x")

    def test_a_report_names_who_made_it(self):
        self.refused("centre_report_names_who_made_it", self.away, acting_name="")

    def test_one_open_no_show_of_an_officer(self):
        no_show(self.centre, self.away)
        self.refused("one_open_no_show_of_an_officer", self.away)

    def test_a_settled_report_says_how(self):
        now = timezone.now()
        rule = "settled_centre_report_says_how"
        self.refused(rule, self.away, answer="x")
        self.refused(rule, self.away, status="settled")
        self.refused(rule, self.away, status="settled", settled_at=now, answer="x")
        self.refused(rule, kind="incident", text="x", status="settled", settled_at=now)
        self.refused(rule, self.away, status="settled", settled_at=now, settled_by=self.centre.user)


@pytest.mark.race
class RaceTests(TransactionTestCase):
    serialized_rollback = True

    def test_two_clerks_report_one_no_show(self):
        centre = world.centre()
        refusals = []

        def report(_n):
            try:
                services.report_no_shows(
                    centre.entry,
                    deployments=[centre.deployments[1]],
                    text="",
                    by=centre.user,
                    acting_name="Barasa",
                )
            except Refused as refusal:
                refusals.append(refusal)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(report, range(8)))
        assert CentreReport.objects.count() == 1
        assert len(refusals) == 7
