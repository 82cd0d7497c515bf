"""A closed day is changed by asking: with a reason, decided by somebody else, kept in rows."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.models import (
    Amendment,
    AmendmentStatus,
    Mark,
    MarkHistory,
    Register,
    RegisterReturn,
    RegisterStatus,
    ReturnStatus,
    Way,
)
from attendance.tests import world
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make
from deployments.models import DeploymentStatus
from sms.models import Message

CLOSED = timedelta(days=2)
LIST = "/area/amendments/"


def closed_day():
    return make.today() - CLOSED


def marked(officers=2, **fields):
    """A centre whose day before yesterday is marked and closed: everybody present."""
    centre = world.centre(officers=officers, **fields)
    for deployment in centre.deployments:
        make.mark(deployment, closed_day())
    make.register(
        centre.entry,
        closed_day(),
        status=RegisterStatus.SUBMITTED,
        acting_name="Barasa Wafula",
        submitted_at=timezone.now() - CLOSED,
    )
    return centre


def ask(centre, *statuses, day=None, **fields):
    return services.ask(
        centre.entry,
        **{
            "day": day or closed_day(),
            "marks": centre.marks(*statuses),
            "by": centre.user,
            "acting_name": "Chebet Kiptoo",
            "reason": "He came at nine",
            **fields,
        },
    )


def tsc_of(centre, **fields):
    return make.director(centre.entry.station.sub_county, **fields)


def statuses(centre):
    marks = Mark.objects.filter(deployment__in=centre.deployments, day=closed_day())
    return list(marks.order_by("deployment_id").values_list("status", flat=True))


class Asking(WebTest):
    def setUp(self):
        self.centre = marked()

    def open(self, day=None):
        url = self.centre.register(day or closed_day())
        return self.app.get(url, user=self.centre.user)

    def fill(self, page, *statuses, reason="He came at nine"):
        form = next(form for form in page.forms.values() if "reason" in form.fields)
        form["acting_name"] = "Chebet Kiptoo"
        form["reason"] = reason
        for deployment, status in zip(self.centre.deployments, statuses, strict=True):
            form[f"officer_{deployment.officer_id}"] = status
        return form.submit()

    def test_centre_asks_from_the_page_of_a_closed_day_and_nothing_changes_yet(self):
        page = self.open().click("Ask for a change")
        assert len(page.html.select("input[value=present][checked]")) == 2  # as it is marked

        page = self.fill(page, PRESENT, ABSENT).follow()

        assert "is asked for" in page.text
        assert page.html.select_one(".status-asked").text == "Asked"
        assert statuses(self.centre) == [PRESENT, PRESENT]
        amendment = Amendment.objects.get()
        assert (amendment.asked_by, amendment.acting_name) == (self.centre.user, "Chebet Kiptoo")
        [line] = amendment.lines.all()  # who is to stay as they are have no line
        assert (line.deployment, line.was, line.wanted) == (
            self.centre.deployments[1],
            "present",
            "absent",
        )
        assert Entry.objects.get(verb="amendment.asked").details == {"reason": "He came at nine"}

    def test_day_that_was_missed_altogether_is_asked_for_too(self):
        day = make.today() - timedelta(days=3)

        self.fill(self.open(day).click("Ask for a change"), PRESENT, ABSENT)

        assert [line.was for line in Amendment.objects.get().lines.all()] == ["", ""]

    def test_without_a_reason_nothing_is_asked_and_nothing_typed_is_lost(self):
        page = self.fill(self.open().click("Ask for a change"), ABSENT, ABSENT, reason="")

        assert "Say why the register is to be changed" in page.text
        assert len(page.html.select("input[value=absent][checked]")) == 2
        assert not Amendment.objects.exists()

    def test_nothing_changed_is_nothing_to_ask(self):
        page = self.fill(self.open().click("Ask for a change"), PRESENT, PRESENT)

        assert "Nothing has been changed" in page.text
        assert not Amendment.objects.exists()

    def test_request_is_withdrawn_by_the_centre_and_may_be_made_anew(self):
        ask(self.centre, PRESENT, ABSENT)
        page = self.open()
        assert "Ask for a change" not in page.text

        form = next(form for form in page.forms.values() if "withdraw" in form.action)
        page = form.submit().follow()

        assert Amendment.objects.get().status == AmendmentStatus.WITHDRAWN
        assert "Ask for a change" in page.text

    def test_answer_stands_on_both_pages(self):
        services.refuse(
            ask(self.centre, PRESENT, ABSENT), by=tsc_of(self.centre), answer="Paper says P"
        )

        assert "Paper says P" in self.open()
        assert "Paper says P" in self.app.get(self.centre.url("days"))


class WhatIsNotAsked(TestCase):
    def setUp(self):
        self.centre = marked()

    def refused(self, match, *statuses, **fields):
        with pytest.raises(Refused, match=match):
            ask(self.centre, *statuses, **fields)
        assert (
            not Amendment.objects.filter(status=AmendmentStatus.ASKED)
            .exclude(pk=getattr(self, "first", None))
            .exists()
        )

    def test_day_that_is_open_is_marked_by_the_centre_itself(self):
        self.refused("is open. Mark it there yourself", ABSENT, ABSENT, day=make.today())

    def test_day_to_come(self):
        self.refused("is to come", ABSENT, ABSENT, day=make.today() + timedelta(days=1))

    def test_day_on_which_the_exam_does_not_sit(self):
        self.centre.entry.exam.days.filter(day=closed_day()).delete()
        self.refused("does not sit here", ABSENT, ABSENT)

    def test_second_request_while_one_waits(self):
        self.first = ask(self.centre, PRESENT, ABSENT).pk
        self.refused("has been asked for already", ABSENT, ABSENT)

    def test_half_a_list(self):
        half = {self.centre.deployments[0].officer_id: ABSENT}
        self.refused("The list of officers has changed", marks=half)


class Deciding(WebTest):
    def setUp(self):
        self.centre = marked(officers=3)
        self.tsc = tsc_of(self.centre)
        self.amendment = ask(self.centre, PRESENT, ABSENT, PRESENT)
        make.sign_in(self.client, self.tsc)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def open(self):
        return self.app.get(LIST).click("Look")

    def press(self, page, action):
        return next(form for form in page.forms.values() if action in form.action).submit()

    def test_grant_writes_the_marks_tells_the_officer_and_keeps_what_was(self):
        page = self.open()
        cells = [cell.text.strip() for cell in page.html.select("tbody td")]
        assert cells[1:3] == ["P", "Ab"]
        assert "He came at nine" in page.text

        page = self.press(page, "/grant/").follow()

        assert "The register is amended" in page.text
        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]
        mark = Mark.objects.get(status=ABSENT)
        assert (mark.way, mark.amendment, mark.marked_by) == (
            Way.AMENDMENT,
            self.amendment,
            self.tsc,
        )
        assert Mark.objects.filter(way=Way.AMENDMENT).count() == 1
        assert Register.objects.get().status == RegisterStatus.AMENDED
        self.amendment.refresh_from_db()
        assert (self.amendment.status, self.amendment.decided_by) == (
            AmendmentStatus.GRANTED,
            self.tsc,
        )
        was = MarkHistory.objects.get()
        assert (was.mark, was.status, was.acting_name, was.way) == (
            mark,
            PRESENT,
            "Barasa Wafula",
            Way.PAGE,
        )
        [text] = Message.objects.all()
        assert text.to == self.centre.deployments[1].officer.phone
        assert "P by Barasa Wafula until" in self.app.get(f"{LIST}{self.amendment.pk}/").text

    def test_missed_day_becomes_submitted_and_amended(self):
        day = make.today() - timedelta(days=3)
        services.grant(ask(self.centre, day=day), by=self.tsc)

        register = Register.objects.get(day=day)
        assert register.status == RegisterStatus.AMENDED
        assert register.submitted_at is not None
        assert Mark.objects.filter(day=day, status=PRESENT, way=Way.AMENDMENT).count() == 3

    def test_refusal_wants_words_which_the_centre_reads(self):
        page = self.press(self.open(), "/refuse/")
        assert "Say why this is refused" in page.text

        form = next(form for form in page.forms.values() if "/refuse/" in form.action)
        form["answer"] = "The paper register says P"
        form.submit().follow()

        self.amendment.refresh_from_db()
        assert self.amendment.status == AmendmentStatus.REFUSED
        assert self.amendment.answer == "The paper register says P"
        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]
        assert not MarkHistory.objects.exists()

    def test_many_that_are_ticked_are_granted_at_once_and_one_refused_holds_up_no_other(self):
        other = marked(station=make.station(sub_county=self.tsc.sub_county))
        second = ask(other, ABSENT, ABSENT)
        services.withdraw(self.amendment, by=self.centre.user)
        third = ask(self.centre, ABSENT, PRESENT, PRESENT)
        gone = self.centre.deployments[0]
        gone.status = DeploymentStatus.CANCELLED
        gone.save()

        form = self.app.get(LIST).forms
        form = next(f for f in form.values() if "amendment" in f.fields)
        for box in form.fields["amendment"]:
            box.checked = True
        page = form.submit().follow()

        assert "1 register is amended" in page.text
        assert "no longer serves here on this day." in page.text
        second.refresh_from_db()
        third.refresh_from_db()
        assert (second.status, third.status) == (AmendmentStatus.GRANTED, AmendmentStatus.ASKED)

    def test_mark_that_has_changed_since_is_refused_in_words(self):
        services.withdraw(self.amendment, by=self.centre.user)
        services.amend(
            self.centre.entry,
            day=closed_day(),
            marks=self.centre.marks(PRESENT, ABSENT, PRESENT),
            by=self.tsc,
            reason="Paper",
        )
        late = ask(self.centre, PRESENT, PRESENT, PRESENT)
        late.lines.update(was="present", wanted="absent")

        page = self.press(self.app.get(f"{LIST}{late.pk}/"), "/grant/").follow()

        assert "was marked otherwise since this was asked: Ab" in page.text
        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]

    def test_what_is_decided_stays_decided(self):
        services.grant(self.amendment, by=self.tsc)
        for act in (services.grant, services.refuse):
            with pytest.raises(Refused, match="This amendment is granted"):
                act(self.amendment, by=self.tsc, answer="No")
        with pytest.raises(Refused, match="This amendment is granted"):
            services.withdraw(self.amendment, by=self.centre.user)

    def test_nobody_decides_about_a_mark_of_their_own(self):
        officer = self.centre.deployments[1].officer
        officer.user.phone = "254700000001"
        officer.user.save()
        own = tsc_of(self.centre, phone=officer.payee_phone)
        with pytest.raises(Refused, match="One of these marks is your own"):
            services.grant(self.amendment, by=own)
        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]

    def test_once_the_return_is_stamped_headquarters_decides(self):
        RegisterReturn.objects.create(
            entry=self.centre.entry, code="R", status=ReturnStatus.STAMPED, stamped_by=make.user()
        )
        page = self.press(self.open(), "/grant/").follow()
        assert "so KNEC decides" in page.text
        assert statuses(self.centre) == [PRESENT, PRESENT, PRESENT]

        clerk = make.user(Role.STAFF)
        clerk.groups.set(Group.objects.filter(name="Deployment"))
        services.grant(self.amendment, by=clerk, answer="Seen the paper")

        assert statuses(self.centre) == [PRESENT, ABSENT, PRESENT]
        assert "KNEC has marked you absent" in Message.objects.get().text

    def test_director_who_asked_headquarters_does_not_decide(self):
        RegisterReturn.objects.create(
            entry=self.centre.entry, code="R", status=ReturnStatus.STAMPED, stamped_by=make.user()
        )
        services.withdraw(self.amendment, by=self.centre.user)
        asked = services.amend(
            self.centre.entry,
            day=closed_day(),
            marks=self.centre.marks(ABSENT, PRESENT, PRESENT),
            by=self.tsc,
            reason="Paper",
        )

        with pytest.raises(Refused, match="You asked for this yourself"):
            services.grant(asked, by=self.tsc)
        assert "KNEC decides" in self.app.get(f"{LIST}{asked.pk}/").text

    def test_headquarters_grants_in_admin_with_words(self):
        clerk = make.user(Role.STAFF)
        clerk.groups.set(Group.objects.filter(name="Deployment"))
        make.sign_in(self.client, clerk)
        url = reverse("admin:attendance_amendment_changelist")

        self.assertContains(make.act(self.client, url, "grant", self.amendment), "Enter the reason")
        make.act(self.client, url, "grant", self.amendment, reason="Seen the paper")

        self.amendment.refresh_from_db()
        assert (self.amendment.decided_by, self.amendment.answer) == (clerk, "Seen the paper")
        mark = Mark.objects.get(status=ABSENT)
        page = self.client.get(reverse("admin:attendance_mark_change", args=[mark.pk]))
        self.assertContains(page, "Barasa Wafula")  # what it was


class MissedDay(WebTest):
    def test_director_enters_it_from_the_day_with_a_reason(self):
        centre = world.centre(officers=2)
        day = make.today() - timedelta(days=3)
        make.sign_in(self.client, tsc_of(centre))
        self.app.set_cookie("session", self.client.cookies["session"].value)
        page = self.app.get(f"/area/attendance/?day={day.isoformat()}").click("Look")
        assert "The centre has not marked this day" in page.text

        page = page.click("Enter the register")
        form = next(form for form in page.forms.values() if "reason" in form.fields)
        for deployment in centre.deployments:
            form[f"officer_{deployment.officer_id}"] = PRESENT
        form["reason"] = "Phones were locked away"
        form.submit().follow()

        assert Mark.objects.filter(day=day, status=PRESENT).count() == 2
        amendment = Amendment.objects.get()
        assert amendment.asked_by == amendment.decided_by
        assert {mark.amendment for mark in Mark.objects.all()} == {amendment}

    def test_day_that_the_centre_still_marks_is_its_own(self):
        centre = world.centre(officers=1)
        with pytest.raises(Refused, match="the centre itself still marks it"):
            services.amend(
                centre.entry,
                day=make.today(),
                marks=centre.marks(),
                by=tsc_of(centre),
                reason="Because",
            )
        assert not Mark.objects.exists()


class WhoIsKeptOut(TestCase):
    def setUp(self):
        self.centre = marked()
        self.amendment = ask(self.centre, PRESENT, ABSENT)

    def test_others_find_no_page_and_decide_nothing(self):
        place = self.centre.entry.station.sub_county
        for user in (
            make.director(place, Office.SCDE),
            make.director(make.sub_county("Elsewhere")),
            self.centre.user,
            self.centre.deployments[0].officer.user,
            make.user(Role.STAFF, is_superuser=True),
        ):
            make.sign_in(self.client, user)
            with self.subTest(role=user.role, office=user.office):
                for page in ("", "grant/", "refuse/"):
                    url = f"{LIST}{self.amendment.pk}/{page}"
                    assert self.client.post(url, {"answer": "x"}).status_code in (404, 405)
                    assert self.client.get(url).status_code in (404, 405)
        self.amendment.refresh_from_db()
        assert self.amendment.status == AmendmentStatus.ASKED

    def test_another_director_ticks_nothing_of_ours(self):
        make.sign_in(self.client, make.director(make.sub_county("Elsewhere")))
        page = self.client.post(f"{LIST}grant/", {"amendment": self.amendment.pk}, follow=True)
        self.assertContains(page, "no longer in your list")
        for odd in ("x", "\0", "9" * 30, "-1"):
            assert self.client.post(f"{LIST}grant/", {"amendment": odd}).status_code == 302

    def test_another_centre_withdraws_nothing(self):
        other = world.centre(officers=1, exam=self.centre.entry.exam)
        self.client.force_login(other.user)
        url = other.url("withdraw_amend", self.amendment.pk)
        assert self.client.post(url).status_code == 404

    def test_thirty_cost_as_many_queries_as_one(self):
        make.sign_in(self.client, tsc_of(self.centre))
        with CaptureQueriesContext(connection) as one:
            self.client.get(LIST)
        place, exam = self.centre.entry.station.sub_county, self.centre.entry.exam
        for _ in range(29):
            ask(marked(1, station=make.station(sub_county=place), exam=exam), ABSENT)
        with CaptureQueriesContext(connection) as many:
            page = self.client.get(LIST)
        assert len(page.context["page"]) == 25
        assert len(one) == len(many) <= 8

    def test_register_of_thirty_costs_as_many_queries_as_of_one(self):
        def look(centre):
            make.sign_in(self.client, tsc_of(centre))
            with CaptureQueriesContext(connection) as queries:
                url = reverse("attendance:area_register", args=[centre.entry.pk, closed_day()])
                assert self.client.get(url).status_code == 200
            return len(queries)

        assert look(marked(1)) == look(marked(30)) <= 8
