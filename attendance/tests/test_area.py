"""What directors see of attendance, and what one of them may put right."""

from datetime import timedelta

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.models import (
    Amendment,
    AmendmentStatus,
    Mark,
    Register,
    RegisterReturn,
    RegisterStatus,
    ReturnStatus,
)
from attendance.tests import world
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import Office
from cp2.rules import Role
from cp2.tests import make
from deployments.models import DeploymentStatus
from sms.models import Kind, Message


def marked(officers=2, **fields):
    """A centre that has marked everybody present today."""
    centre = world.centre(officers=officers, **fields)
    services.mark_all(
        centre.entry,
        day=make.today(),
        marks=centre.marks(),
        by=centre.user,
        acting_name="Barasa Wafula",
    )
    return centre


class Amending(WebTest):
    def setUp(self):
        self.centre = marked(officers=2)
        self.register = Register.objects.get()
        self.tsc = make.director(self.centre.entry.station.sub_county)
        self.url = reverse("attendance:amend", args=[self.register.pk])
        make.sign_in(self.client, self.tsc)

    def open(self):
        # the real form, past the one-time code
        self.app.set_cookie("session", self.client.cookies["session"].value)
        return self.app.get(self.url)

    def amend(self, *statuses, reason="The paper register says otherwise"):
        form = next(f for f in self.open().forms.values() if "reason" in f.fields)
        for deployment, status in zip(self.centre.deployments, statuses, strict=True):
            form[f"officer_{deployment.officer_id}"] = status
        form["reason"] = reason
        return form.submit()

    def statuses(self):
        return list(Mark.objects.order_by("deployment_id").values_list("status", flat=True))

    def test_director_changes_a_mark_with_a_reason_and_the_officer_is_told(self):
        page = self.amend(PRESENT, ABSENT).follow()

        assert "The register is amended" in page.text
        assert self.statuses() == [PRESENT, ABSENT]
        self.register.refresh_from_db()
        assert self.register.status == RegisterStatus.AMENDED
        mark = Mark.objects.get(status=ABSENT)
        assert (mark.marked_by, mark.acting_name) == (self.tsc, str(self.tsc))
        entry = Entry.objects.get(verb="mark.amended")
        assert (entry.subject_id, entry.actor) == (mark.pk, self.tsc)
        assert entry.details == {
            "was": "present",
            "now": "absent",
            "reason": "The paper register says otherwise",
        }
        assert Entry.objects.get(verb="register.amended").subject_id == self.register.pk
        [text] = Message.objects.all()
        assert text.to == self.centre.deployments[1].officer.phone
        assert "marked you absent" in text.text
        assert text.kind == Kind.NOTICE

    def test_many_whose_marks_are_changed_are_told_in_turn(self):
        self.amend(ABSENT, ABSENT)

        assert list(Message.objects.values_list("kind", flat=True)) == [Kind.BULK] * 2

    def test_amended_register_may_be_amended_again(self):
        self.amend(PRESENT, ABSENT)
        self.amend(PRESENT, PRESENT, reason="The officer has shown the materials note")

        assert self.statuses() == [PRESENT, PRESENT]
        assert Entry.objects.filter(verb="register.amended").count() == 2
        assert Amendment.objects.filter(status=AmendmentStatus.GRANTED).count() == 2

    def test_officer_who_was_left_out_gets_a_first_mark(self):
        late = make.deployment(post=self.centre.invigilators, slot=20)
        self.centre.deployments.append(late)

        self.amend(PRESENT, PRESENT, PRESENT)

        entry = Entry.objects.get(verb="mark.amended")
        assert entry.subject_id == Mark.objects.get(deployment=late).pk
        assert (entry.details["was"], entry.details["now"]) == ("", "present")

    def test_reason_is_required_and_the_marks_typed_stay(self):
        page = self.amend(ABSENT, ABSENT, reason=" ")

        assert "Enter the reason for the change" in page.text
        assert len(page.html.select("input[value=absent][checked]")) == 2
        assert self.statuses() == [PRESENT, PRESENT]

    def test_nothing_changed_is_refused_and_the_reason_stays(self):
        page = self.amend(PRESENT, PRESENT)

        assert "Nothing has been changed" in page.text
        assert page.html.select_one("#id_reason")["value"].startswith("The paper")
        self.register.refresh_from_db()
        assert self.register.status == RegisterStatus.SUBMITTED
        assert not Entry.objects.filter(verb="register.amended").exists()
        assert not Message.objects.exists()

    def test_register_that_the_centre_has_not_submitted_is_refused(self):
        Register.objects.update(status=RegisterStatus.OPEN, submitted_at=None)

        page = self.amend(PRESENT, ABSENT)

        assert "has not been submitted" in page.text
        assert self.statuses() == [PRESENT, PRESENT]

    def test_once_the_return_is_stamped_headquarters_is_asked(self):
        RegisterReturn.objects.create(
            entry=self.centre.entry, code="R", status=ReturnStatus.STAMPED, stamped_by=make.user()
        )

        page = self.amend(PRESENT, ABSENT).follow()

        assert "so KNEC is asked and decides" in page.text
        assert self.statuses() == [PRESENT, PRESENT]
        asked = Amendment.objects.get()
        assert (asked.status, asked.asked_by) == (AmendmentStatus.ASKED, self.tsc)

    def test_signed_but_unstamped_return_does_not_hinder(self):
        RegisterReturn.objects.create(entry=self.centre.entry, code="R")

        self.amend(PRESENT, ABSENT)

        assert self.statuses() == [PRESENT, ABSENT]

    def test_names_of_those_who_worked_stay_when_one_is_replaced_afterwards(self):
        """Nobody's day can be given to somebody who was not there."""
        gone = self.centre.deployments[1]
        gone.status, gone.ends_on = DeploymentStatus.MOVED, make.today()
        gone.save()
        newcomer = make.deployment(
            post=gone.post, slot=gone.slot, starts_on=make.today() + timedelta(days=1)
        )

        page = self.open()

        assert page.html.find(id=f"id_officer_{gone.officer_id}_0")
        assert not page.html.find(id=f"id_officer_{newcomer.officer_id}_0")


class WhoMayAmend(TestCase):
    def setUp(self):
        self.centre = marked(officers=1)
        self.place = self.centre.entry.station.sub_county
        self.url = reverse("attendance:amend", args=[Register.objects.get().pk])
        self.posted = self.centre.posted(ABSENT) | {"reason": "Because"}

    def test_everybody_else_finds_no_page_and_changes_nothing(self):
        for user in (
            make.director(self.place, Office.SCDE),
            make.director(make.sub_county("Elsewhere")),
            self.centre.user,
            self.centre.deployments[0].officer.user,
            make.user(Role.STAFF, is_superuser=True),
        ):
            make.sign_in(self.client, user)
            with self.subTest(role=user.role, office=user.office):
                assert self.client.get(self.url).status_code == 404
                assert self.client.post(self.url, self.posted).status_code == 404
        self.client.logout()
        assert self.client.post(self.url, self.posted).url.startswith(reverse("accounts:login"))
        assert Mark.objects.get().status == PRESENT

    def test_officer_of_another_centre_is_refused(self):
        stranger = world.centre(officers=1).deployments[0].officer
        make.sign_in(self.client, make.director(self.place))

        page = self.client.post(self.url, self.posted | {f"officer_{stranger.pk}": "present"})

        self.assertContains(page, "The list of officers has changed")
        assert Mark.objects.get().status == PRESENT

    def test_registers_that_are_none(self):
        make.sign_in(self.client, make.director(self.place))
        for number in (0, 10**30):
            assert self.client.get(f"/area/attendance/{number}/amend/").status_code == 404

    def test_reasons_that_are_none(self):
        make.sign_in(self.client, make.director(self.place))
        for reason in ["", "\0", "a\0b", "\u202eabc", "x" * 301, "\u3164"]:
            with self.subTest(reason=reason[:5]):
                page = self.client.post(self.url, self.posted | {"reason": reason})
                assert page.status_code == 200
        assert Mark.objects.get().status == PRESENT

    def test_day_that_is_closed_to_the_centre_may_be_amended(self):
        """A cut-off binds the centre, not the director who puts things right."""
        day = timezone.localdate() - timedelta(days=5)
        make.mark(self.centre.deployments[0], day)
        old = make.register(
            self.centre.entry,
            day,
            status=RegisterStatus.SUBMITTED,
            submitted_at=timezone.now() - timedelta(days=5),
        )
        make.sign_in(self.client, make.director(self.place))

        self.client.post(reverse("attendance:amend", args=[old.pk]), self.posted)

        assert Mark.objects.get(day=day).status == ABSENT
