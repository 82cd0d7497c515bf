"""The auditor's sample: drawn by a seed, written down, and the same again for the same seed."""

import csv
import io

from django.test import TestCase
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as some

from accounts.models import Entry
from claims.models import AuditSample
from claims.money.sampling import draw, shared
from claims.tests import money, world
from cp2.rules import move
from cp2.tests import make

SAMPLES = reverse("admin:claims_money_samples")


def paid(exam, place, count):
    claims = [world.claim("approved", deployment=money.deployed(exam, place)) for _ in range(count)]
    world.reconcile(world.export(world.batch(*claims)), *claims)
    return claims


class Drawing(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.exam = make.exam()
        cls.here, cls.there = make.sub_county("Here", "Kisii"), make.sub_county("There", "Turkana")
        paid(cls.exam, cls.here, 9)
        cls.few = paid(cls.exam, cls.there, 3)
        cls.auditor = world.staff("Auditor")

    def setUp(self):
        make.sign_in(self.client, self.auditor)

    def test_the_same_seed_draws_the_same_payments(self):
        first, again, other = (
            draw(self.exam, size=5, by=self.auditor, seed=seed) for seed in ("7", "7", "8")
        )
        assert first.payments == again.payments
        assert first.payments != other.payments
        assert len(set(first.payments)) == 5
        assert first.drawn_from == 12

    def test_a_larger_sample_holds_the_smaller(self):
        five, nine = (draw(self.exam, size=size, by=self.auditor, seed="7") for size in (5, 9))
        assert nine.payments[:5] == five.payments

    def test_shared_out_over_the_counties_each_has_its_part(self):
        drawn = draw(self.exam, size=4, by=self.auditor, seed="7", by_county=True)
        there = {claim.payments.get().pk for claim in self.few}
        assert len(there.intersection(drawn.payments)) == 1
        assert len(set(drawn.payments)) == 4

    def test_only_what_was_paid_is_drawn(self):
        world.export(world.batch(world.claim("approved", deployment=self.deployed())))
        assert draw(self.exam, size=12, by=self.auditor, seed="7").drawn_from == 12

    def test_an_adjustment_of_the_tax_alone_is_drawn_with_the_county_of_its_claim(self):
        given_back = world.tax_alone(self.few[0], -7)
        move(given_back, "verified", verified_by=make.user())
        move(given_back, "approved", approved_by=make.user())
        world.reconcile(world.export(world.batch(given_back)), given_back)
        drawn = draw(self.exam, size=13, by=self.auditor, seed="7", by_county=True)
        assert given_back.payments.get().pk in drawn.payments

    def deployed(self):
        return money.deployed(self.exam, self.here)

    def test_the_page_draws_and_writes_it_down(self):
        page = self.client.get(SAMPLES)
        answer = self.client.post(
            SAMPLES, {"exam": self.exam.pk, "size": "3", "seed": "November", "by_county": ""}
        )
        sample = AuditSample.objects.get()
        self.assertRedirects(answer, reverse("admin:claims_money_sample", args=[sample.pk]))
        assert (sample.seed, sample.size, sample.drawn_by) == ("November", 3, self.auditor)
        entry = Entry.objects.get(verb="sample.drawn")
        assert entry.details["seed"] == "November"

        page = self.client.get(answer["Location"])
        for payment in sample.payments:
            self.assertContains(page, reverse("admin:claims_payment_trail", args=[payment]))
        self.assertContains(self.client.get(SAMPLES), "November")

    def test_without_a_seed_one_is_made(self):
        self.client.post(SAMPLES, {"exam": self.exam.pk, "size": "3"})
        assert len(AuditSample.objects.get().seed) == 16

    def test_more_than_there_are_is_refused_and_what_was_typed_stays(self):
        page = self.client.post(SAMPLES, {"exam": self.exam.pk, "size": "13", "seed": "mine"})
        self.assertContains(page, "12 payments of this exam were paid")
        self.assertContains(page, 'value="mine"')
        assert not AuditSample.objects.exists()
        for size in ("0", "-1", "x", "1001", ""):
            assert (
                self.client.post(SAMPLES, {"exam": self.exam.pk, "size": size}).status_code == 200
            )
        assert not AuditSample.objects.exists()

    def test_it_is_taken_along_with_its_seed(self):
        sample = draw(self.exam, size=5, by=self.auditor, seed="7")
        url = reverse("admin:claims_money_sample_files", args=[sample.pk])
        rows = list(
            csv.reader(io.StringIO(self.client.post(url, {"as": "csv"}).getvalue().decode()))
        )
        assert [row[1] for row in rows[1:]] == [f"CP2-{number}" for number in sample.payments]
        assert self.client.post(url, {"as": "xlsx"}).status_code == 200
        assert Entry.objects.filter(verb="sample.taken").count() == 2

    def test_only_auditors_draw(self):
        sample = draw(self.exam, size=5, by=self.auditor, seed="7")
        pages = [SAMPLES, reverse("admin:claims_money_sample", args=[sample.pk])]
        for group in ("Finance preparer", "Finance approver", "Helpdesk", "Deployment"):
            make.sign_in(self.client, world.staff(group))
            for page in pages:
                assert self.client.get(page).status_code == 404
            assert self.client.post(SAMPLES, {"exam": self.exam.pk, "size": "1"}).status_code == 404


@settings(max_examples=200, deadline=None)
@given(
    counties=some.dictionaries(
        some.integers(min_value=1, max_value=47),
        some.integers(min_value=1, max_value=300),
        min_size=1,
    ),
    data=some.data(),
)
def test_shares_are_as_many_as_asked_and_no_county_gives_more_than_it_has(counties, data):
    size = data.draw(some.integers(min_value=1, max_value=sum(counties.values())))
    shares = shared(size, counties)
    assert sum(shares.values()) == size
    assert all(0 <= shares[county] <= counties[county] for county in counties)
    if size >= len(counties):
        assert min(shares.values()) >= 1
