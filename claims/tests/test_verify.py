"""The TSC director looks at the claims of the own sub-county, the odd ones first."""

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import ExamDay, Office
from claims import services
from claims.models import Claim, ClaimStatus, Hold, HoldCode
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make

LIST = reverse("claims:area_claims")
VERIFY = reverse("claims:verify")


class Area(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.exam = make.exam()
        self.director = make.director(self.place)
        make.sign_in(self.client, self.director)

    def claim(self, status=ClaimStatus.PREPARED, place=None, **fields):
        station = make.station(sub_county=place or self.place)
        deployment = make.deployment(
            post=make.post(exam=self.exam, station=station), officer=fields.pop("officer", None)
        )
        return world.claim(status, deployment=deployment, **fields)

    def listed(self, **query):
        return list(self.client.get(LIST, query).context["page"])

    def post(self, *claims, query=""):
        data = {"claim": [getattr(claim, "pk", claim) for claim in claims]}
        return self.client.post(VERIFY + query, data, follow=True)


class Looking(Area):
    def test_own_sub_county_to_be_verified(self):
        mine = self.claim()
        self.claim(place=make.sub_county())
        self.claim(ClaimStatus.VERIFIED)

        assert self.listed() == [mine]

    def test_odd_ones_first(self):
        plain, held, long = self.claim(), self.claim(), self.claim()
        Hold.objects.create(claim=held, code=HoldCode.PAYEE_NAME)
        Hold.objects.create(claim=plain, code=HoldCode.RETURN, cleared_at="2025-11-03T00:00Z")
        Claim.objects.filter(pk=long.pk).update(days=400)

        assert self.listed() == [long, held, plain]
        page = self.client.get(LIST)
        self.assertContains(page, "More days than the exam has", count=1)
        self.assertContains(page, "The payee&#x27;s name differs from yours", count=1)

    def test_filters_and_totals(self):
        one, two = self.claim(), self.claim(ClaimStatus.VERIFIED)
        other = world.claim(
            deployment=make.deployment(post=make.post(station=make.station(sub_county=self.place)))
        )
        Hold.objects.create(claim=one, code=HoldCode.RETURN)

        assert {*self.listed(status="any")} == {one, two, other}
        assert self.listed(status="verified") == [two]
        assert self.listed(exam=other.exam_id) == [other]
        totals = self.client.get(LIST, {"status": "any"}).context["totals"]
        oldest = totals.pop("oldest")
        assert oldest == min(claim.prepared_at for claim in (one, other))
        assert totals == {"claims": 3, "held": 1, "days": 6, "net": 3300, "waiting": 2}

    def test_nonsense_in_the_address_is_answered_with_a_page(self):
        self.claim()
        for query in (
            {"exam": "9" * 30},
            {"exam": "\0"},
            {"exam": "1_0"},
            {"status": "lost"},
            {"page": "9" * 30},
            {"tick": "\0"},
        ):
            assert self.client.get(LIST, query).status_code == 200
        for number in ("0", str(10**30), "9" * 5000):
            assert self.client.get(f"/area/claims/{number}/").status_code == 404

    def test_all_ticked_but_the_odd_ones(self):
        plain, held = self.claim(), self.claim()
        Hold.objects.create(claim=held, code=HoldCode.RETURN)
        page = self.client.get(LIST, {"tick": "all"})

        self.assertContains(page, f'id="claim_{plain.pk}" checked')
        self.assertNotContains(page, f'id="claim_{held.pk}" checked')

    def test_one_claim_with_its_lines_and_who_holds_it(self):
        claim = self.claim()
        Hold.objects.create(claim=claim, code=HoldCode.RETURN)
        page = self.client.get(reverse("claims:area_claim", args=[claim.pk]))

        self.assertContains(page, str(claim.officer).replace("'", "&#x27;"))
        self.assertContains(page, "The centre&#x27;s signed register has not reached KNEC")
        self.assertContains(page, "KES 550.00")
        self.assertNotContains(page, claim.officer.payee_phone)

    def test_who_is_kept_out(self):
        claim = self.claim()
        one = reverse("claims:area_claim", args=[claim.pk])
        for user in (claim.officer.user, make.centre(make.station(sub_county=self.place))):
            make.sign_in(self.client, user)
            assert self.client.get(LIST).status_code == 404
            assert self.client.get(one).status_code == 404
            assert self.client.post(VERIFY, {"claim": [claim.pk]}).status_code == 404
        make.sign_in(self.client, make.director(make.sub_county()))
        assert self.listed() == []
        assert self.client.get(one).status_code == 404
        self.client.logout()
        assert self.client.get(LIST).status_code == 302

    def test_scde_looks_but_is_offered_nothing_to_verify(self):
        claim = self.claim()
        make.sign_in(self.client, make.director(self.place, Office.SCDE))

        assert self.listed() == [claim]
        page = self.client.get(reverse("claims:area_claim", args=[claim.pk]))
        self.assertNotContains(page, VERIFY)

    def test_same_queries_for_one_and_for_many(self):
        def count(path=LIST):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)
            return len(queries)

        first = self.claim()
        one = count()
        for _ in range(4):
            self.claim()
        assert count() == one <= 8
        assert count(reverse("claims:area_claim", args=[first.pk])) <= 8


class Verifying(Area):
    def test_ticked_ones_are_verified(self):
        one, two, three = self.claim(), self.claim(), self.claim()
        page = self.post(one, two)

        self.assertContains(page, "2 claims verified.")
        statuses = Claim.objects.order_by("pk").values_list("status", "verified_by")
        assert list(statuses) == [
            ("verified", self.director.pk),
            ("verified", self.director.pk),
            ("prepared", None),
        ]
        entry = Entry.objects.about(two).get()
        assert (entry.verb, entry.actor) == ("claim.verified", self.director)
        assert three.status == ClaimStatus.PREPARED

    def test_one_by_one_from_its_own_page(self):
        claim = self.claim()
        page = self.client.get(reverse("claims:area_claim", args=[claim.pk]))
        self.assertContains(page, f'value="{claim.pk}"')

        self.assertContains(self.post(claim), "1 claim verified.")

    def test_the_list_comes_back_as_it_was_filtered(self):
        claim = self.claim()
        data = {"claim": [claim.pk]}
        response = self.client.post(VERIFY + "?status=any&tick=all", data)
        assert response["Location"] == LIST + "?status=any"

    def test_one_that_is_refused_holds_up_no_other(self):
        own = self.claim(officer=make.officer(user=self.director))
        done, good = self.claim(ClaimStatus.APPROVED), self.claim()
        before = Entry.objects.count()
        page = self.post(own, done, good)

        self.assertContains(page, "This claim is your own")
        self.assertContains(page, "so it cannot be verified")
        self.assertContains(page, "1 claim verified.")
        assert Entry.objects.count() == before + 1

    def test_nothing_ticked_and_nonsense_ticked(self):
        claim = self.claim(place=make.sub_county())
        for ticked in ([], [claim], ["x"], ["9" * 30], ["\0"], ["1"] * 26):
            with self.subTest(ticked):
                page = self.post(*ticked)
                assert page.status_code == 200
                self.assertContains(page, "Problem:")
        assert not Entry.objects.exists()

    def test_reading_the_address_changes_nothing(self):
        assert self.client.get(VERIFY).status_code == 405

    def test_each_status_is_allowed_or_refused(self):
        for status in ClaimStatus:
            claim = self.claim(status)
            with self.subTest(status):
                if status == ClaimStatus.PREPARED:
                    assert services.verify(claim, by=self.director).status == ClaimStatus.VERIFIED
                else:
                    with pytest.raises(Refused, match="cannot be verified"):
                        services.verify(claim, by=self.director)

    def test_scde_headquarters_and_strangers_are_refused(self):
        claim = self.claim()
        for user, why in (
            (make.director(self.place, Office.SCDE), "Only the TSC"),
            (make.user(), "Only the TSC"),
            (make.director(make.sub_county()), "No day of this claim"),
        ):
            with pytest.raises(Refused, match=why):
                services.verify(claim, by=user)
        assert not Entry.objects.exists()

    def test_own_claim_is_refused_under_another_account_too(self):
        phone = make.phone()
        director = make.director(self.place, phone=phone)
        claim = self.claim(officer=make.officer(payee_phone=phone))
        with pytest.raises(Refused, match="your own"):
            services.verify(claim, by=director)

    def test_more_days_than_the_exam_has_are_refused(self):
        claim = self.claim()
        first = ExamDay.objects.filter(exam=self.exam).first()
        ExamDay.objects.filter(exam=self.exam).exclude(pk=first.pk).delete()
        with pytest.raises(Refused, match="more days than the exam"):
            services.verify(claim, by=self.director)

    def test_a_page_of_claims_takes_few_queries_each(self):
        claims = [self.claim() for _ in range(3)]
        with CaptureQueriesContext(connection) as queries:
            services.verify_all(claims, by=self.director)
        assert len(queries) <= 3 * 7  # of which two are the savepoint
