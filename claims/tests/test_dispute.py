"""The officer says no; the claim stands still; headquarters settles it."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Exam
from claims import services
from claims.models import Claim, ClaimStatus
from claims.tests import world
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
        entry = Entry.objects.get()
        assert (entry.verb, entry.actor) == ("claim.disputed", self.user)
        assert entry.details == {"reason": "I worked on the 3rd too"}

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
        assert Entry.objects.get().details == {"note": "The 3rd was added"}
        assert Entry.objects.get().actor == self.user

    def test_nothing_left_to_claim(self):
        Exam.objects.update(registers_close_after=60)
        self.deployment.marks.update(status="absent")
        self.settle(note="No day was worked")

        assert not Claim.objects.exists()
        assert Entry.objects.get().verb == "claim.settled"
        assert Message.objects.count() == 1

    def test_asks_what_was_found_first(self):
        for fields in ({}, {"note": ""}, {"note": "x" * 301}, {"note": "a\0b"}):
            assert "note" in self.settle(**fields).context["form"].fields
        assert Claim.objects.get().status == ClaimStatus.DISPUTED

    def test_what_is_not_disputed_is_not_settled(self):
        Claim.objects.update(status=ClaimStatus.PREPARED)
        page = self.settle(note="x")

        self.assertContains(page, "so it cannot be prepared")
        assert not Entry.objects.exists()
        assert not Message.objects.exists()

    def test_only_whoever_may_settle(self):
        for group in ("Finance preparer", "Finance approver", "Auditor", "Deployment"):
            self.settle(group, note="x")
            assert Claim.objects.get().status == ClaimStatus.DISPUTED
