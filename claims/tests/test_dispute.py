"""The officer says no; the claim stands still; headquarters settles it."""

from datetime import timedelta

import pytest
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils.formats import date_format
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Exam
from claims import services
from claims.models import Claim, ClaimStatus, DisputedDay, HoldCode
from claims.tests import world
from claims.tests.test_database import refused
from cp2.rules import Refused
from cp2.tests import make
from sms.models import Message

BEFORE_APPROVAL = [ClaimStatus.PREPARED, ClaimStatus.VERIFIED]


class Disputing(WebTest):
    def setUp(self):
        self.claim = make.claim()
        self.user = self.claim.officer.user
        self.app.set_user(self.user)

    def dispute(self, reason="I worked on the 3rd too"):
        page = self.app.get(reverse("claims:claim", args=[self.claim.pk]))
        form = page.click("The days are wrong").forms[1]
        form["reason"] = reason
        return form.submit()

    def test_says_why_and_the_claim_stands_still(self):
        page = self.dispute().follow()

        self.claim.refresh_from_db()
        assert self.claim.status == ClaimStatus.DISPUTED
        assert self.claim.dispute_reason == "I worked on the 3rd too"
        assert "I worked on the 3rd too" in page.text
        assert "The days are wrong" not in page.text
        entry = Entry.objects.get(verb="claim.disputed")
        assert (entry.verb, entry.actor) == ("claim.disputed", self.user)
        assert entry.details["reason"] == "I worked on the 3rd too"

    def test_a_verified_claim_must_be_verified_again(self):
        self.claim = world.claim(ClaimStatus.VERIFIED)
        self.app.set_user(self.claim.officer.user)
        self.dispute()

        self.claim.refresh_from_db()
        assert self.claim.verified_by is None

    def test_reason_is_shown_literally(self):
        page = self.dispute("<script>alert(1)</script> {{ 7*7 }} 😀\nsecond line").follow()

        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} 😀<br>second line" in page.text

    def test_what_cannot_be_read_is_refused_in_words_and_not_lost(self):
        for typed, words in (
            ("", "Enter what is wrong"),
            ("  \n ", "Enter what is wrong"),
            ("\u3164", "hidden characters"),
            ("abc\u202edef", "hidden characters"),
            ("x" * 501, "at most 500 characters"),
            ("x" * 9000, "at most 500 characters"),
        ):
            with self.subTest(typed[:10]):
                page = self.dispute(typed)
                assert page.status_code == 200
                assert words in page.text
                assert "<title>Error: " in page.text
                assert typed[:20].strip() in page.text
        assert not Entry.objects.exists()


class Statuses(TestCase):
    def test_only_before_approval(self):
        for status in ClaimStatus:
            claim = world.claim(status)
            written = Entry.objects.count()
            self.client.force_login(claim.officer.user)
            page = self.client.post(
                reverse("claims:dispute", args=[claim.pk]), {"reason": "x"}, follow=True
            )
            claim.refresh_from_db()
            with self.subTest(status):
                if status in BEFORE_APPROVAL:
                    assert claim.status == ClaimStatus.DISPUTED
                else:
                    assert claim.status == status
                    self.assertContains(page, "so it cannot be disputed")
                    assert Entry.objects.count() == written

    def test_nul_is_no_error_of_ours(self):
        claim = make.claim()
        self.client.force_login(claim.officer.user)
        page = self.client.post(reverse("claims:dispute", args=[claim.pk]), {"reason": "a\0b"})
        assert page.status_code == 200
        assert page.context["form"].errors["reason"]

    def test_nobody_disputes_for_another(self):
        with pytest.raises(Refused, match="Only the officer"):
            services.dispute(make.claim(), by=make.user(), reason="x")


class Settling(TestCase):
    def setUp(self):
        self.deployment = make.deployment()
        post = self.deployment.post
        make.terms(post.exam, post.position)
        self.claim = world.claim(ClaimStatus.DISPUTED, deployment=self.deployment)
        for day in range(3):
            make.mark(self.deployment, post.exam.starts_on + timedelta(days=day))

    def settle(self, group="Helpdesk", **fields):
        self.user = world.staff(group)
        make.sign_in(self.client, self.user)
        data = {"action": "settle", "_selected_action": [self.claim.pk], **fields}
        url = reverse("admin:claims_claim_changelist")
        return self.client.post(url, data, follow=True)

    def test_computed_afresh_and_the_officer_is_told(self):
        self.settle(note="The 3rd was added")

        claim = Claim.objects.get()
        assert (claim.status, claim.days, claim.gross) == (ClaimStatus.PREPARED, 3, 1650)
        assert claim.lines.get().quantity == 3
        text = Message.objects.get()
        assert text.to == claim.officer.phone
        assert text.text.startswith(
            f"KNEC CP2: your dispute about {claim.exam.short} is settled: The 3rd was added"
        )
        entries = Entry.objects.about(claim)
        assert {entry.verb: entry.details for entry in entries} == {
            "claim.settled": {"note": "The 3rd was added"},
            "claim.changed": {"days": 3, "net": "1650.00", "was_days": 2, "was_net": "1100.00"},
        }
        assert {entry.actor for entry in entries} == {self.user}
        assert Entry.objects.count() == 2

    def test_what_holds_it_is_looked_at_anew(self):
        officer = self.claim.officer
        officer.payee_name = "SOMEBODY ELSE"
        officer.save()
        self.settle(note="The 3rd was added")

        assert self.claim.holds.standing().get().code == HoldCode.PAYEE_NAME

    def test_nothing_left_to_claim(self):
        Exam.objects.update(registers_close_after=60)
        self.deployment.marks.update(status="absent")
        self.settle(note="No day was worked")

        assert not Claim.objects.exists()
        assert {entry.verb for entry in Entry.objects.all()} == {"claim.settled", "claim.removed"}
        removed = Entry.objects.get(verb="claim.removed").details
        assert (removed["officer"], removed["was_days"]) == (self.claim.officer_id, 2)
        assert Message.objects.count() == 1

    def test_asks_what_was_found_first(self):
        for fields in ({}, {"note": ""}, {"note": "x" * 301}, {"note": "a\0b"}):
            assert "note" in self.settle(**fields).context["form"].fields
        assert Claim.objects.get().status == ClaimStatus.DISPUTED

    def test_what_is_not_disputed_is_not_settled(self):
        Claim.objects.update(status=ClaimStatus.PREPARED)
        page = self.settle(note="x")

        self.assertContains(page, "so there is nothing to settle")
        assert not Entry.objects.exists()
        assert not Message.objects.exists()

    def test_only_whoever_may_settle(self):
        for group in ("Finance preparer", "Finance approver", "Auditor", "Deployment"):
            self.settle(group, note="x")
            assert Claim.objects.get().status == ClaimStatus.DISPUTED


OPENED: list[tuple[str, str]] = []


def opened(claim, *, by, reason):
    OPENED.append((str(by), reason))
    return 4711


def closed(claim, *, by, note):
    assert Claim.objects.filter(pk=claim.pk).exists()  # whatever computing leaves of it
    OPENED.append((str(by), note))


class Days(WebTest):
    """Which days are wrong is picked among those of the exam."""

    def setUp(self):
        OPENED.clear()
        self.deployment = make.deployment()
        self.exam = self.deployment.post.exam
        make.terms(self.exam, self.deployment.post.position)
        self.claim = make.claim(deployment=self.deployment)
        self.first, self.second, self.third = (
            self.exam.starts_on + timedelta(days=each) for each in range(3)
        )
        make.mark(self.deployment, self.first)
        make.mark(self.deployment, self.second, status="absent")
        self.user = self.claim.officer.user
        self.app.set_user(self.user)
        self.url = reverse("claims:dispute", args=[self.claim.pk])

    def form(self):
        return self.app.get(self.url).forms[1]

    def tick(self, *days):
        form = self.form()
        for box in form.fields["day"]:
            box.checked = box._value in {day.isoformat() for day in days}
        form["reason"] = "Ask the guards"
        return form

    def test_all_days_so_far_are_offered_with_what_the_register_says(self):
        page = self.app.get(self.url)

        station = self.deployment.post.station.name
        assert f"Register: present at {station}" in page.text
        assert f"Register: absent at {station}" in page.text
        assert page.text.count("Register: not marked") == 6
        values = [box._value for box in page.forms[1].fields["day"]]
        assert values[0] == self.exam.rehearsal_on.isoformat()
        assert values[-1] == make.today().isoformat()

    def test_what_is_ticked_is_the_opposite_of_the_register(self):
        page = self.tick(self.first, self.second, self.third).submit().follow()

        rows = self.claim.disputed_days.values_list("day", "worked")
        assert list(rows) == [(self.first, False), (self.second, True), (self.third, True)]
        assert "not worked, and the register says present" in page.text
        assert page.text.count("worked, and the register does not say so") == 2
        assert Entry.objects.get(verb="claim.disputed").details["days"] == {
            self.first.isoformat(): False,
            self.second.isoformat(): True,
            self.third.isoformat(): True,
        }

    def test_ticks_are_not_lost_on_an_error(self):
        form = self.tick(self.second)
        form["reason"] = ""
        again = form.submit().forms[1]

        ticked = [box._value for box in again.fields["day"] if box.checked]
        assert ticked == [self.second.isoformat()]

    def test_a_day_that_is_not_of_the_exam_is_refused(self):
        for value in ("2001-01-01", "x", "\0", "9" * 40):
            with self.subTest(value):
                form = self.form()
                page = self.app.post(
                    self.url,
                    {
                        "day": value,
                        "reason": "x",
                        "csrfmiddlewaretoken": form["csrfmiddlewaretoken"].value,
                    },
                )
                assert "Choose among those that the page offers." in page.text
        assert not Entry.objects.exists()

    @override_settings(
        CLAIM_DISPUTED="claims.tests.test_dispute.opened",
        CLAIM_SETTLED="claims.tests.test_dispute.closed",
    )
    def test_it_opens_an_enquiry_which_is_closed_when_it_is_settled(self):
        page = self.tick(self.second).submit().follow()

        [(by, reason)] = OPENED
        assert by == str(self.user)
        assert reason.endswith(
            "does not say so: " + date_format(self.second, "j F Y") + ".\nAsk the guards"
        )
        assert Entry.objects.get().details["enquiry"] == 4711
        assert reverse("enquiries:enquiry", args=[4711]) in page.text

        services.settle(self.claim, by=make.user(), note="It is added")
        assert OPENED[1][1] == "It is added"
        assert not self.claim.disputed_days.exists()

    @override_settings(
        CLAIM_DISPUTED="claims.tests.test_dispute.opened",
        CLAIM_SETTLED="claims.tests.test_dispute.closed",
    )
    def test_settled_when_no_day_is_left_the_enquiry_is_answered_all_the_same(self):
        Exam.objects.update(registers_close_after=60)
        self.tick(self.second).submit()
        self.deployment.marks.update(status="absent")

        assert services.settle(self.claim, by=make.user(), note="None was worked") is None
        assert len(OPENED) == 2

    @override_settings(
        CLAIM_DISPUTED="claims.tests.test_dispute.opened",
        CLAIM_SETTLED="claims.tests.test_dispute.closed",
    )
    def test_withdrawn_it_is_computed_afresh_and_goes_on(self):
        page = self.tick(self.second).submit().follow()
        page = page.click("Withdraw the dispute").forms[1].submit().follow()

        self.claim.refresh_from_db()
        assert (self.claim.status, self.claim.days) == (ClaimStatus.PREPARED, 1)
        assert "Your dispute is withdrawn" in page.text
        assert not self.claim.disputed_days.exists()
        assert [note for _by, note in OPENED][1:] == ["The officer withdrew the dispute."]
        assert Entry.objects.first().verb == "claim.dispute_withdrawn"
        self.tick(self.second).submit()  # and it may be disputed again
        assert self.claim.disputed_days.count() == 1

    def test_what_is_not_disputed_cannot_be_withdrawn(self):
        url = reverse("claims:withdraw", args=[self.claim.pk])
        assert self.app.get(url).status_code == 302
        with pytest.raises(Refused, match="not disputed"):
            services.withdraw_dispute(self.claim, by=self.user)
        for status in (ClaimStatus.APPROVED, ClaimStatus.PAID):
            claim = world.claim(status)
            with pytest.raises(Refused, match="not disputed"):
                services.withdraw_dispute(claim, by=claim.officer.user)
            claim.refresh_from_db()
            assert claim.status == status

    def test_nobody_withdraws_anothers(self):
        self.tick(self.second).submit()
        self.claim.refresh_from_db()
        with pytest.raises(Refused, match="Only the officer"):
            services.withdraw_dispute(self.claim, by=make.user())
        self.app.set_user(make.officer().user)
        self.app.get(reverse("claims:withdraw", args=[self.claim.pk]), status=404)

    def test_the_database_keeps_one_word_on_each_day(self):
        self.tick(self.second).submit()
        with refused("one_word_on_a_disputed_day"):
            DisputedDay.objects.create(claim=self.claim, day=self.second, worked=False)

    def test_after_approval_an_enquiry_is_offered_instead(self):
        claim = world.claim(ClaimStatus.APPROVED)
        self.app.set_user(claim.officer.user)
        page = self.app.get(reverse("claims:claim", args=[claim.pk]))

        assert "The days are wrong" not in page.text
        assert f"category=payment&amp;exam={claim.exam_id}" in page.text
