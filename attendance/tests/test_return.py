"""The printed register: which days there are, signed, stamped, received."""

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
from attendance.models import MarkStatus, RegisterReturn, RegisterStatus, ReturnStatus
from attendance.serving import sheet
from attendance.tests import world
from attendance.tests.world import ABSENT
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from deployments.models import DeploymentStatus


def over(officers=2):
    """A centre whose exam had its last day today, everybody marked present throughout."""
    today = make.today()
    exam = make.exam(
        rehearsal_on=today - timedelta(days=2), starts_on=today - timedelta(days=1), ends_on=today
    )
    centre = world.centre(officers=officers, exam=exam)
    for day in exam.days.values_list("day", flat=True):
        for deployment in centre.deployments:
            make.mark(deployment, day)
        make.register(
            centre.entry, day, status=RegisterStatus.SUBMITTED, submitted_at=timezone.now()
        )
    return centre


class Days(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=1)
        self.client.force_login(self.centre.user)

    def states(self):
        rows = self.client.get(self.centre.url("days")).context["rows"]
        return {(row["exam_day"].day - make.today()).days: row["state"] for row in rows}

    def test_each_day_says_what_became_of_it(self):
        for days, status in [(-3, RegisterStatus.SUBMITTED), (-2, RegisterStatus.AMENDED)]:
            make.register(
                self.centre.entry,
                make.today() + timedelta(days=days),
                status=status,
                submitted_at=timezone.now(),
            )

        states = self.states()

        assert {n: states[n] for n in (-7, -3, -2, -1, 0, 1)} == {
            -7: "missing", -3: "submitted", -2: "amended", -1: "open", 0: "open", 1: "to_come",
        }  # fmt: skip

    def test_only_days_of_the_exam_show_from_the_rehearsal_on(self):
        states = self.states()

        assert min(states) == -7
        assert max(states) == 14

    def test_row_that_was_opened_and_never_submitted_is_not_submitted(self):
        make.register(self.centre.entry)

        assert self.states()[0] == "open"

    def test_many_days_cost_as_many_queries_as_few(self):
        with CaptureQueriesContext(connection) as queries:
            self.client.get(self.centre.url("days"))

        assert len(queries) <= 8


class Sheet(TestCase):
    def test_marks_dashes_and_empty_cells(self):
        centre = over()
        late = make.deployment(
            post=centre.invigilators, slot=9, starts_on=make.today(), ends_on=make.today()
        )
        replaced = make.deployment(DeploymentStatus.ACCEPTED, post=centre.invigilators, slot=10)
        make.mark(replaced, make.today(), MarkStatus.ABSENT)
        replaced.status = DeploymentStatus.CANCELLED
        replaced.save()

        rows = {row["deployment"]: row for row in sheet(centre.entry)["rows"]}

        assert rows[centre.deployments[0]]["cells"] == ["P", "P", "P"]
        assert rows[centre.deployments[0]]["present"] == 3
        assert rows[late]["cells"] == ["–", "–", ""]
        # absent on the first morning and replaced: the mark stays on the paper
        assert rows[replaced]["cells"] == ["–", "–", "Ab"]

    def test_paper_is_a_pdf_and_printing_signs_nothing(self):
        centre = over()
        self.client.force_login(centre.user)

        response = self.client.get(centre.url("return_pdf"))

        assert response.headers["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF-")
        assert not RegisterReturn.objects.exists()

    def test_code_changes_with_any_mark_and_fits_its_column(self):
        centre, same = over(), over()
        before = services.code_of(centre.entry)
        assert before == services.code_of(centre.entry) != services.code_of(same.entry)

        centre.deployments[0].marks.filter(day=make.today()).update(status=ABSENT)

        assert services.code_of(centre.entry) != before
        assert len(before) <= 20


class Signing(WebTest):
    def sign(self, centre, name="Barasa Wafula"):
        page = self.app.get(centre.url("sign"), user=centre.user)
        form = next(f for f in page.forms.values() if "acting_name" in f.fields)
        form["acting_name"] = name
        return form.submit()

    def test_signed_return_bears_the_code_on_the_paper(self):
        centre = over()

        page = self.sign(centre).follow()

        signed = RegisterReturn.objects.get()
        assert (signed.entry, signed.status) == (centre.entry, ReturnStatus.SIGNED)
        assert signed.code == services.code_of(centre.entry)
        assert signed.code in page.text
        entry = Entry.objects.get(verb="return.signed")
        assert (entry.actor, entry.acting_name) == (centre.user, "Barasa Wafula")

    def test_before_the_last_day_it_is_refused(self):
        centre = world.centre(officers=1)

        page = self.sign(centre)

        assert "The exam is not over" in page.text
        assert not RegisterReturn.objects.exists()

    def test_while_a_day_can_still_be_marked_it_is_refused(self):
        centre = over()
        centre.entry.registers.filter(day=make.today()).delete()

        page = self.sign(centre)

        assert "is not marked yet" in page.text
        assert not RegisterReturn.objects.exists()

    def test_day_that_was_missed_does_not_keep_the_paper_back_for_ever(self):
        centre = over()
        centre.entry.registers.filter(day=make.today() - timedelta(days=2)).delete()

        self.sign(centre)

        assert RegisterReturn.objects.count() == 1

    def test_after_a_change_it_is_signed_again_with_the_new_code(self):
        centre = over()
        self.sign(centre)
        centre.deployments[0].marks.filter(day=make.today()).update(status=ABSENT)

        self.sign(centre)

        assert RegisterReturn.objects.get().code == services.code_of(centre.entry)

    def test_stamped_return_is_not_signed_again(self):
        centre = over()
        self.sign(centre)
        services.stamp(RegisterReturn.objects.get(), by=make.user())

        page = self.sign(centre)

        assert "The return has been stamped" in page.text
        assert RegisterReturn.objects.get().status == ReturnStatus.STAMPED


class Stamping(TestCase):
    def setUp(self):
        self.centre = over()
        self.signed = services.sign(
            self.centre.entry, by=self.centre.user, acting_name="Barasa Wafula"
        )
        self.place = self.centre.entry.station.sub_county
        self.scde = make.director(self.place, Office.SCDE)
        self.list = reverse("attendance:area_registers")
        self.stamp = reverse("attendance:stamp", args=[self.signed.pk])

    def status(self):
        self.signed.refresh_from_db()
        return self.signed.status

    def test_scde_ticks_the_return_as_stamped(self):
        make.sign_in(self.client, self.scde)
        self.assertContains(self.client.get(self.list), self.signed.code)

        page = self.client.post(self.stamp, follow=True)

        self.assertContains(page, "is noted as stamped")
        assert self.status() == ReturnStatus.STAMPED
        assert self.signed.stamped_by == self.scde
        assert Entry.objects.get(verb="return.stamped").actor == self.scde
        self.assertNotContains(page, self.stamp)

    def test_twice_is_refused_in_words(self):
        make.sign_in(self.client, self.scde)
        self.client.post(self.stamp)

        page = self.client.post(self.stamp, follow=True)

        self.assertContains(page, "cannot be stamped")
        assert Entry.objects.filter(verb="return.stamped").count() == 1

    def test_paper_that_no_longer_agrees_with_the_portal_is_refused(self):
        self.centre.deployments[0].marks.filter(day=make.today()).update(status=ABSENT)
        make.sign_in(self.client, self.scde)

        page = self.client.post(self.stamp, follow=True)

        self.assertContains(page, "The register was changed after it was signed")
        assert self.status() == ReturnStatus.SIGNED

    def test_code_of_the_paper_finds_its_row(self):
        other = over()
        other.entry.station.sub_county = self.place
        other.entry.station.save()
        services.sign(other.entry, by=other.user, acting_name="Chebet Kiptoo")
        make.sign_in(self.client, self.scde)

        page = self.client.get(self.list, {"code": f" {self.signed.code.lower()}"})

        assert list(page.context["page"]) == [self.signed]
        for code in ["\0", "x" * 5000, "R1-%_", "🙂"]:
            assert self.client.get(self.list, {"code": code}).status_code == 200

    def test_others_find_no_page(self):
        elsewhere = make.director(make.sub_county("Elsewhere"), Office.SCDE)
        tsc = make.director(self.place, Office.TSC)
        make.sign_in(self.client, elsewhere)
        self.assertNotContains(self.client.get(self.list), self.signed.code)
        assert self.client.post(self.stamp).status_code == 404
        for user in (tsc, self.centre.user, self.centre.deployments[0].officer.user, make.user()):
            make.sign_in(self.client, user)
            assert self.client.get(self.list).status_code == 404
            assert self.client.post(self.stamp).status_code == 404
        self.client.logout()
        assert self.client.post(self.stamp).url.startswith(reverse("accounts:login"))
        assert self.status() == ReturnStatus.SIGNED

    def test_looking_stamps_nothing(self):
        make.sign_in(self.client, self.scde)

        assert self.client.get(self.stamp).status_code == 405
        assert self.client.get(f"/area/registers/{10**30}/stamp/").status_code == 405
        assert self.client.post(f"/area/registers/{10**30}/stamp/").status_code == 404

    def test_twenty_rows_cost_as_many_queries_as_one(self):
        make.sign_in(self.client, self.scde)
        with CaptureQueriesContext(connection) as one:
            self.client.get(self.list)
        for n in range(20):
            RegisterReturn.objects.create(
                entry=make.entry(station=make.station(sub_county=self.place)), code=f"R{n}"
            )
        with CaptureQueriesContext(connection) as many:
            page = self.client.get(self.list)

        assert len(page.context["page"]) == 21
        assert len(one) == len(many) <= 8


@pytest.mark.django_db
@pytest.mark.parametrize("status", ReturnStatus)
@pytest.mark.parametrize(
    ("service", "allowed"),
    [(services.stamp, ReturnStatus.SIGNED), (services.receive, ReturnStatus.STAMPED)],
)
def test_a_return_is_stamped_once_and_then_received_once(status, service, allowed):
    person, entry = make.user(), make.entry()
    signed = RegisterReturn.objects.create(
        entry=entry,
        code=services.code_of(entry),
        status=status,
        stamped_by=None if status == ReturnStatus.SIGNED else person,
        received_by=person if status == ReturnStatus.RECEIVED else None,
    )

    if status == allowed:
        service(signed, by=person)
    else:
        with pytest.raises(Refused):
            service(signed, by=person)

    signed.refresh_from_db()
    assert (signed.status != status) == (status == allowed)
    assert Entry.objects.exists() == (status == allowed)


class Received(TestCase):
    """Headquarters notes in admin what has come in."""

    def setUp(self):
        entry, other = make.entry(), make.entry()
        self.stamped = RegisterReturn.objects.create(
            entry=entry, code="R1-A", status=ReturnStatus.STAMPED, stamped_by=make.user()
        )
        self.signed = RegisterReturn.objects.create(entry=other, code="R2-B")
        self.chosen = (self.stamped, self.signed)
        self.url = reverse("admin:attendance_registerreturn_changelist")

    def test_stamped_ones_are_received_and_each_other_says_why_not(self):
        staff = make.user(is_superuser=True)
        make.sign_in(self.client, staff)

        page = make.act(self.client, self.url, "receive", *self.chosen)

        self.stamped.refresh_from_db()
        self.signed.refresh_from_db()
        assert (self.stamped.status, self.stamped.received_by) == (ReturnStatus.RECEIVED, staff)
        assert self.signed.status == ReturnStatus.SIGNED
        self.assertContains(page, "R2-B: This register return is")
        assert Entry.objects.get(verb="return.received").subject_id == self.stamped.pk

    def test_who_may_only_look_receives_nothing(self):
        auditor = make.user()
        auditor.groups.add(Group.objects.get(name="Auditor"))
        make.sign_in(self.client, auditor)
        assert self.client.get(self.url).status_code == 200

        make.act(self.client, self.url, "receive", *self.chosen)

        self.stamped.refresh_from_db()
        assert self.stamped.status == ReturnStatus.STAMPED
