"""Claims follow from marks and terms, and from nothing else."""

import random
from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from attendance.models import Mark, MarkStatus
from catalogue.models import DayKind, Exam, ExamDay, PositionTerms
from claims import runs, services
from claims.models import Claim, ClaimLine, ClaimStatus, MoneyRun, TaxRule
from claims.tests import world
from cp2.tests import make
from deployments.models import Deployment
from sms.models import Message

PAID = [DayKind.REHEARSAL, DayKind.PRACTICAL, DayKind.THEORY]


def reference(exam):
    """The same, slowly: officer → (gross, lines by deployment)."""
    kinds = {day.day: day.kind for day in ExamDay.objects.filter(exam=exam)}
    lines = defaultdict(dict)
    for mark in Mark.objects.select_related("deployment__post"):
        post = mark.deployment.post
        if post.exam_id != exam.pk or mark.status != MarkStatus.PRESENT:
            continue
        terms = PositionTerms.objects.filter(exam=exam, position=post.position_id).first()
        if terms and kinds.get(mark.day) in terms.paid_days:
            of = lines[mark.officer_id]
            days = of.get(mark.deployment_id, (0, None))[0]
            of[mark.deployment_id] = (days + 1, terms.daily_rate)
    return lines


def prepared(exam):
    lines = defaultdict(dict)
    for line in ClaimLine.objects.filter(claim__exam=exam).select_related("claim"):
        lines[line.claim.officer_id][line.deployment_id] = (line.quantity, line.rate)
    return lines


class Preparing(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.invigilator = make.position("INV")
        make.terms(self.exam, self.invigilator, paid_days=PAID)
        self.deployment = make.deployment(post=self.post())

    def post(self, code="INV", **fields):
        return make.post(exam=self.exam, position=make.position(code), **fields)

    def mark(self, days=2, deployment=None, status=MarkStatus.PRESENT):
        deployment = deployment or self.deployment
        for n in range(days):
            make.mark(deployment, deployment.starts_on + timedelta(days=n), status)

    def claim(self):
        return Claim.objects.get(officer=self.deployment.officer)

    def test_days_present_at_the_terms_rate(self):
        self.mark(3)
        absent = self.exam.starts_on + timedelta(days=5)
        make.mark(self.deployment, absent, MarkStatus.ABSENT)

        assert services.prepare(self.exam) == 1

        claim, line = self.claim(), self.claim().lines.get()
        assert (claim.days, claim.gross, claim.tax, claim.net) == (3, 1650, 0, 1650)
        assert claim.status == ClaimStatus.PREPARED
        assert (line.deployment, line.quantity, line.rate) == (self.deployment, 3, 550)
        assert Entry.objects.get().details["claims"] == 1
        assert not Message.objects.exists()

    def test_only_kinds_of_day_that_the_terms_pay(self):
        make.terms(self.exam, self.invigilator, paid_days=[DayKind.THEORY])
        self.mark(2)  # the rehearsal and a day of theory
        services.prepare(self.exam)

        assert self.claim().days == 1

    def test_officer_without_a_paid_day_gets_no_claim(self):
        self.mark(2, status=MarkStatus.ABSENT)
        make.deployment(post=self.post("CM"))

        assert services.prepare(self.exam) == 0
        assert not Claim.objects.exists()

    def test_position_without_terms_is_not_paid(self):
        without = make.deployment(post=self.post("CM"))
        self.mark(2, without)

        assert services.prepare(self.exam) == 0

    def test_two_deployments_at_two_rates_are_two_lines_of_one_claim(self):
        make.terms(self.exam, make.position("SUP"), daily_rate=Decimal("680.50"))
        first = self.deployment
        first.ends_on = first.starts_on + timedelta(days=1)
        first.save()
        second = make.deployment(
            post=self.post("SUP"),
            officer=first.officer,
            starts_on=first.ends_on + timedelta(days=1),
        )
        self.mark(2)
        self.mark(3, second)
        services.prepare(self.exam)

        assert self.claim().gross == 2 * 550 + 3 * Decimal("680.50")
        assert self.claim().lines.count() == 2

    def test_again_after_an_amended_mark(self):
        self.mark(3)
        services.prepare(self.exam)
        Exam.objects.update(registers_close_after=60)
        Mark.objects.filter(day=self.deployment.starts_on).update(status=MarkStatus.ABSENT)
        make.terms(self.exam, self.invigilator, paid_days=PAID, daily_rate=Decimal(600))
        services.prepare(self.exam)

        assert (self.claim().days, self.claim().gross) == (2, 1200)
        assert self.claim().lines.get().amount == 1200

    def test_claim_goes_when_none_of_its_days_is_left(self):
        self.mark(2)
        services.prepare(self.exam)
        Exam.objects.update(registers_close_after=60)
        Mark.objects.update(status=MarkStatus.ABSENT)
        services.prepare(self.exam)

        assert not Claim.objects.exists()
        assert Entry.objects.get(verb="claim.removed").details["officer"] == (
            self.deployment.officer_id
        )
        assert Entry.objects.filter(verb="claims.prepared").first().details["gone"] == 1

    def test_what_is_approved_stands_still_and_an_adjustment_carries_the_rest(self):
        for status in (ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.PAID):
            with self.subTest(status):
                made = world.claim(status, deployment=make.deployment(post=self.post()))
                before = Claim.objects.filter(pk=made.pk).values().get()
                self.mark(5, made.lines.get().deployment)
                services.prepare(self.exam)

                assert Claim.objects.filter(pk=made.pk).values().get() == before
                assert made.lines.get().quantity == 2
                adjustment = made.adjustments.get()
                assert (adjustment.days, adjustment.gross, adjustment.net) == (3, 1650, 1650)
                assert adjustment.status == ClaimStatus.PREPARED
                told = Message.objects.get(to=made.officer.user.phone, template="claims/adjusted")
                assert "was KES 1,100.00. By" in told.text
                assert "it is KES 2,750.00. See" in told.text
                assert Entry.objects.about(adjustment).get().verb == "claim.adjusted"

    def test_verified_claim_that_changes_is_to_be_verified_again(self):
        made = world.claim(ClaimStatus.VERIFIED, deployment=self.deployment)
        self.mark(2)
        services.prepare(self.exam)
        made.refresh_from_db()
        assert made.status == ClaimStatus.VERIFIED  # the marks say the same

        make.mark(self.deployment, self.deployment.starts_on + timedelta(days=2))
        services.prepare(self.exam)

        made.refresh_from_db()
        assert (made.status, made.verified_by, made.days) == (ClaimStatus.PREPARED, None, 3)
        entry = Entry.objects.about(made).get()
        assert (entry.verb, entry.details["was_days"], entry.details["days"]) == (
            "claim.changed",
            2,
            3,
        )
        assert not Message.objects.exists()

    def test_disputed_claim_stays_disputed_with_what_the_marks_say_now(self):
        made = world.claim(ClaimStatus.DISPUTED, deployment=self.deployment)
        self.mark(5)
        services.prepare(self.exam)

        made.refresh_from_db()
        assert (made.status, made.days, made.gross) == (ClaimStatus.DISPUTED, 5, 2750)

    def test_disputed_claim_stays_even_when_nothing_of_it_is_left(self):
        made = world.claim(ClaimStatus.DISPUTED, deployment=self.deployment)
        services.prepare(self.exam)

        made.refresh_from_db()
        assert (made.status, made.days, made.net) == (ClaimStatus.DISPUTED, 0, 0)
        assert not made.lines.exists()

    def test_another_exams_marks_do_not_count(self):
        elsewhere = make.deployment(
            post=make.post(position=self.invigilator), officer=make.officer()
        )
        make.terms(elsewhere.post.exam, self.invigilator, paid_days=PAID)
        self.mark(2)
        self.mark(2, elsewhere)

        assert services.prepare(self.exam) == 1
        assert not Claim.objects.filter(exam=elsewhere.post.exam).exists()

    def test_a_sub_county_alone_and_whole_claims_in_it(self):
        here = self.deployment.post.station.sub_county
        self.mark(2)
        first = self.deployment
        Deployment.objects.filter(pk=first.pk).update(ends_on=first.starts_on + timedelta(days=1))
        moved = make.deployment(
            post=self.post(),  # of another sub-county
            officer=first.officer,
            starts_on=first.starts_on + timedelta(days=2),
        )
        self.mark(1, moved)
        stranger = make.deployment(post=self.post())
        self.mark(4, stranger)

        assert services.prepare(self.exam, sub_county=here) == 1
        assert self.claim().days == 3
        assert services.prepare(self.exam) == 2

    def test_tax_is_withheld_above_the_threshold_and_from_all_of_it(self):
        TaxRule.objects.create(exam=self.exam, rate=Decimal("5.00"), above=Decimal("1100.00"))
        self.mark(2)
        richer = make.deployment(post=self.post())
        self.mark(3, richer)
        services.prepare(self.exam)

        assert self.claim().tax == 0  # 1,100 is not above 1,100
        claim = Claim.objects.get(officer=richer.officer)
        assert (claim.gross, claim.tax, claim.net) == (1650, Decimal("82.50"), Decimal("1567.50"))

    def test_random_histories_add_up_as_they_do_by_hand(self):
        chance = random.Random(2025)
        for code in ("CM", "SUP", "SEC"):
            kinds = chance.sample(PAID, chance.randint(0, 3))
            rate = Decimal(chance.randint(0, 99_999)) / 100
            make.terms(self.exam, make.position(code), paid_days=kinds, daily_rate=rate)
        rule = TaxRule.objects.create(exam=self.exam, rate=Decimal("5.37"), above=Decimal(900))
        ExamDay.objects.filter(day__in=[self.exam.starts_on, self.exam.ends_on]).update(
            kind=DayKind.PRACTICAL
        )
        ExamDay.objects.filter(day=self.exam.starts_on + timedelta(days=2)).delete()
        posts = [self.post(code, required=9) for code in ("CM", "SUP", "SEC", "INV", "DRV")]
        slots = dict.fromkeys(posts, 0)
        for _ in range(12):
            officer, day = make.officer(), self.exam.rehearsal_on
            while day <= self.exam.ends_on:
                post, last = chance.choice(posts), day + timedelta(days=chance.randint(0, 9))
                slots[post] += 1
                if slots[post] > 9:
                    break
                served = make.deployment(
                    post=post,
                    slot=slots[post],
                    officer=officer,
                    starts_on=day,
                    ends_on=min(last, self.exam.ends_on),
                )
                while day <= served.ends_on:
                    if chance.random() < 0.8:
                        make.mark(served, day, chance.choice(MarkStatus.values))
                    day += timedelta(days=1)
        expected = reference(self.exam)

        assert services.prepare(self.exam) == len(expected) > 5
        assert prepared(self.exam) == expected
        for claim in Claim.objects.all():
            lines = expected[claim.officer_id].values()
            gross = sum(days * rate for days, rate in lines)
            tax = gross * rule.rate / 100 if gross > rule.above else Decimal(0)
            assert claim.gross == gross
            assert claim.tax == tax.quantize(Decimal("0.01"), ROUND_HALF_UP)
            assert claim.days == sum(days for days, _rate in lines)

        services.prepare(self.exam)
        assert prepared(self.exam) == expected

    def test_same_number_of_queries_for_one_officer_and_for_many(self):
        self.mark(2)

        def count():
            with CaptureQueriesContext(
                connection,
            ) as queries:
                services.prepare(self.exam)
            return len(queries)

        one = count()
        for _ in range(5):
            self.mark(2, make.deployment(post=self.post()))
        assert count() == one <= 24


class Headquarters(TestCase):
    def setUp(self):
        self.deployment = make.deployment()
        make.terms(self.deployment.post.exam, self.deployment.post.position)
        make.mark(self.deployment)

    def post(self, user, **data):
        make.sign_in(self.client, user)
        return self.client.post(reverse("admin:claims_claim_prepare"), data, follow=True)

    def test_preparer_starts_a_run_and_sees_how_far_it_is(self):
        page = self.post(world.preparer(), exam=self.deployment.post.exam_id)

        run = MoneyRun.objects.get()
        self.assertRedirects(page, reverse("admin:claims_moneyrun_change", args=[run.pk]))
        self.assertContains(page, "Waiting")
        assert run.started_by.groups.get().name == "Finance preparer"
        assert not Claim.objects.exists()

        assert runs.work() == 2  # its plan, and its one portion
        page = self.client.get(reverse("admin:claims_moneyrun_change", args=[run.pk]))
        self.assertContains(page, "Done")
        assert Claim.objects.get().days == 1
        entry = Entry.objects.get(verb="claims.prepared")
        assert (entry.actor, entry.details["claims"]) == (run.started_by, 1)

    def test_of_one_sub_county(self):
        station = self.deployment.post.station
        other = make.deployment(post=make.post(exam=self.deployment.post.exam))
        make.mark(other)
        self.post(
            world.preparer(), exam=self.deployment.post.exam_id, sub_county=station.sub_county_id
        )
        runs.work()

        assert Claim.objects.get().officer == self.deployment.officer

    def test_twice_is_said_and_is_one_run(self):
        self.post(world.preparer(), exam=self.deployment.post.exam_id)
        page = self.post(world.preparer(), exam=self.deployment.post.exam_id)

        self.assertContains(page, "This is being done already.")
        assert MoneyRun.objects.count() == 1

    def test_nobody_else_has(self):
        for user in (world.approver(), world.staff("Auditor"), world.staff("Helpdesk")):
            assert self.post(user, exam=self.deployment.post.exam_id).status_code == 404
        assert not MoneyRun.objects.exists()

    def test_what_is_no_exam_is_said_in_words(self):
        for typed in ("", "0", "9" * 30, "9" * 5000, "x", "١"):
            with self.subTest(typed):
                assert self.post(world.preparer(), exam=typed).context["form"].errors["exam"]

    def test_the_list_leads_there_only_whom_it_concerns(self):
        url = reverse("admin:claims_claim_prepare")
        for user, leads in ((world.preparer(), True), (world.approver(), False)):
            make.sign_in(self.client, user)
            page = self.client.get(reverse("admin:claims_claim_changelist"))
            assert (url in page.text) is leads
