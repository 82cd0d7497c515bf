"""What an officer sees of their money: from which days it comes, and where it is."""

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import Office
from claims import services
from claims.models import Claim, ClaimStatus, Hold, HoldCode
from claims.tests import world
from cp2.tests import make

LIST = reverse("claims:list")


def url(claim, verb="claim"):
    return reverse(f"claims:{verb}", args=[claim.pk])


class Looking(TestCase):
    def setUp(self):
        self.deployment = make.deployment()
        self.claim = make.claim(deployment=self.deployment)
        self.user = self.claim.officer.user
        self.client.force_login(self.user)

    def test_list_shows_ones_own_and_nobody_elses(self):
        make.claim()
        page = self.client.get(LIST)

        assert list(page.context["page"]) == [self.claim]
        self.assertContains(page, "KES 1,100.00")
        self.assertContains(page, "Prepared")

    def test_list_without_claims_says_when_they_come(self):
        self.client.force_login(make.officer().user)
        self.assertContains(self.client.get(LIST), "No claims yet")

    def test_a_claim_shows_days_rate_lines_and_what_comes_next(self):
        make.mark(self.deployment, self.deployment.starts_on)
        page = self.client.get(url(self.claim))

        for words in (
            str(self.claim.exam),
            self.deployment.post.station.name,
            "Invigilator",
            "KES 550.00",
            "KES 1,100.00 for 2 days",
            f"{self.deployment.starts_on:%-d %b}",
            "The sub-county director checks it next.",
            "Verified by the sub-county director",
        ):
            self.assertContains(page, words)

    def test_holds_are_shown_with_what_to_do(self):
        Hold.objects.create(claim=self.claim, code=HoldCode.PAYEE_NAME, note="MARY <b>W</b>")
        page = self.client.get(url(self.claim))

        self.assertContains(page, "MARY &lt;b&gt;W&lt;/b&gt;")
        self.assertContains(page, "write the payee&#x27;s name exactly as M-Pesa shows it")
        self.assertContains(page, reverse("profiles:profile"))
        self.assertContains(self.client.get(LIST), "Held")

    def test_each_status_has_its_sentence(self):
        sentences = set()
        for status in ClaimStatus:
            claim = world.claim(status)
            self.client.force_login(claim.officer.user)
            with self.subTest(status):
                page = self.client.get(url(claim))
                assert page.status_code == 200
                sentences.add(page.context["facts"].whereabouts)
        assert len(sentences) == len(ClaimStatus)

    def test_approved_but_held_says_so(self):
        claim = world.claim(ClaimStatus.APPROVED)
        Hold.objects.create(claim=claim, code=HoldCode.RETURN)
        self.client.force_login(claim.officer.user)

        self.assertContains(self.client.get(url(claim)), "approved, but held")

    def test_paid_claim_shows_its_reference_and_every_step(self):
        claim = world.claim(ClaimStatus.PAID)
        self.client.force_login(claim.officer.user)
        page = self.client.get(url(claim))

        self.assertContains(page, claim.payment_reference)
        assert all(step.done for step in page.context["facts"].steps)
        assert page.context["facts"].steps[-1].at

    def test_step_is_dated_by_the_last_time_it_was_taken(self):
        claim, director = self.claim, make.director(self.deployment.post.station.sub_county)
        services.verify(claim, by=director)
        services.dispute(claim, by=self.user, reason="A day is missing")
        assert not self.client.get(url(claim)).context["facts"].steps[1].done

        services.settle(claim, by=make.user(), note="It was not")
        assert not Claim.objects.filter(pk=claim.pk).exists()  # no mark, so nothing to claim

    def test_who_is_kept_out(self):
        place = self.deployment.post.station.sub_county
        self.client.logout()
        for page in (LIST, url(self.claim), url(self.claim, "dispute")):
            assert self.client.get(page).status_code == 302
        for stranger in (
            make.officer().user,
            make.centre(self.deployment.post.station),
            make.director(place),
            make.director(place, Office.SCDE),
        ):
            make.sign_in(self.client, stranger)
            with self.subTest(stranger.role):
                assert self.client.get(url(self.claim)).status_code == 404
                assert self.client.get(url(self.claim, "dispute")).status_code == 404
                assert (
                    self.client.post(url(self.claim, "dispute"), {"reason": "x"}).status_code == 404
                )

    def test_numbers_that_are_no_claim_are_not_found(self):
        for number in ("0", "999999999", str(10**30), "9" * 5000, "١"):
            for path in (f"/claims/{number}/", f"/claims/{number}/dispute/"):
                assert self.client.get(path).status_code == 404
        for page in ("0", "-1", "abc", str(10**30), "9" * 5000, "١"):
            assert self.client.get(LIST, {"page": page}).status_code == 200

    def test_same_queries_for_one_claim_and_for_many(self):
        def count(path):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)
            return len(queries)

        one = count(LIST)
        for _ in range(3):
            make.claim(deployment=self.later())
        assert count(LIST) == one <= 7
        assert count(url(self.claim)) <= 8

    def later(self):
        """Another exam, once this one is over."""
        exam = make.exam()
        return make.deployment(
            post=make.post(exam=exam),
            officer=self.claim.officer,
            status="cancelled",
        )

    def test_looking_writes_nothing(self):
        before = Entry.objects.count()
        self.client.get(LIST)
        self.client.get(url(self.claim))
        assert Entry.objects.count() == before
