"""Whatever happens to marks, rates and claims, in whatever order: it adds up after each
preparation, and nothing that is approved has moved."""

from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from attendance.models import Mark, MarkStatus
from catalogue.models import DayKind, Exam, ExamDay
from claims import runs, services
from claims.models import (
    OPEN,
    Claim,
    ClaimLine,
    ClaimStatus,
    MarkingRate,
    MarkingRecord,
    RateChange,
    RunKind,
    TaxRule,
)
from cp2.tests import make
from deployments.models import Deployment

DAYS, PEOPLE = 6, 3
PAID = [DayKind.REHEARSAL, DayKind.THEORY]
RATES = [Decimal(550), Decimal("680.50"), Decimal(600)]
DECIDED = [ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.PAID]

person, day, pick = st.integers(0, PEOPLE - 1), st.integers(0, DAYS - 1), st.integers(0, 9)
steps = st.one_of(
    st.tuples(st.just("mark"), person, day, st.booleans()),
    st.tuples(st.just("mark"), person, day, st.booleans()),
    st.tuples(st.just("absent_always"), person),
    st.tuples(st.just("move"), person, day),
    st.tuples(st.just("rate"), day, st.integers(0, 1), st.sampled_from(RATES)),
    st.tuples(st.just("marking"), pick, pick, pick, pick, st.booleans()),
    st.tuples(st.just("verify"), pick),
    st.tuples(st.just("approve"), pick),
    st.tuples(st.just("approve"), pick),
    st.tuples(st.just("send"), pick),
    st.tuples(st.just("pay"), pick),
    st.tuples(st.just("fail"), pick),
    st.tuples(st.just("dispute"), pick),
    st.tuples(st.just("settle"), pick),
    st.tuples(st.just("prepare")),
    st.tuples(st.just("prepare_as_a_run"), st.booleans()),
)


class Histories(TestCase):
    """A world of few people, and every officer's money by hand."""

    def setUp(self):
        self.exam = make.exam()
        Exam.objects.update(registers_close_after=60)
        self.exam.refresh_from_db()
        self.days = [self.exam.rehearsal_on + timedelta(days=n) for n in range(DAYS)]
        ExamDay.objects.filter(exam=self.exam, day=self.days[2]).update(kind=DayKind.PRACTICAL)
        self.terms = [
            make.terms(self.exam, make.position(code), paid_days=PAID, daily_rate=rate)
            for code, rate in (("INV", RATES[0]), ("SUP", RATES[1]))
        ]
        self.rule = TaxRule.objects.create(
            exam=self.exam, rate=Decimal("5.37"), above=Decimal(1200)
        )
        self.posts = [
            make.post(exam=self.exam, position=terms.position, required=99) for terms in self.terms
        ]
        self.slot = 0
        self.officers = [make.officer() for _ in range(PEOPLE)]
        for officer in self.officers:
            self.deploy(officer, 0, self.exam.rehearsal_on, self.exam.ends_on)
        self.fees = MarkingRate.objects.create(
            exam=self.exam,
            position=make.position("EXM"),
            coordination_fee=Decimal(150),
            basic_fee=Decimal(1100),
            script_fee=Decimal("55.50"),
        )
        marks_here = make.post(exam=self.exam, position=make.position("EXM"), required=9)
        self.examiner = make.deployment(post=marks_here)
        self.clerk, self.director, self.finance = make.user(), make.user(), make.user()

    def deploy(self, officer, post, first, last):
        self.slot += 1
        return make.deployment(
            post=self.posts[post], officer=officer, slot=self.slot, starts_on=first, ends_on=last
        )

    # What may happen

    def mark(self, who, day, present):
        status = MarkStatus.PRESENT if present else MarkStatus.ABSENT
        officer, day = self.officers[who], self.days[day]
        there = Mark.objects.filter(officer=officer, day=day)
        if not there.update(status=status):
            serves = Deployment.objects.get(officer=officer, starts_on__lte=day, ends_on__gte=day)
            make.mark(serves, day, status)

    def absent_always(self, who):
        Mark.objects.filter(officer=self.officers[who]).update(status=MarkStatus.ABSENT)

    def move(self, who, day):
        """From then on in the other position, as when somebody is redeployed."""
        day, officer = self.days[day], self.officers[who]
        old = Deployment.objects.get(officer=officer, starts_on__lte=day, ends_on__gte=day)
        if old.starts_on == day or Mark.objects.filter(deployment=old, day__gte=day).exists():
            return
        last, old.ends_on = old.ends_on, day - timedelta(days=1)
        old.save()
        self.deploy(officer, 1 - self.posts.index(old.post), day, last)

    def rate(self, day, position, rate):
        RateChange.objects.get_or_create(
            terms=self.terms[position],
            from_day=self.days[day],
            defaults={"daily_rate": rate, "reason": "A circular", "by": self.clerk},
        )

    def marking(self, days, scripts, travel, advance, signed):
        MarkingRecord.objects.update_or_create(
            exam=self.exam,
            deployment=self.examiner,
            defaults={
                "coordination_days": days,
                "scripts": scripts * 10,
                "travel": Decimal(travel) * Decimal("100.10"),
                "advance": advance * 1000,
                "signed": signed,
                "by": self.clerk,
            },
        )

    def move_on(self, n, was, **fields):
        """As a person or the money's channel does."""
        some = list(Claim.objects.filter(status=was).order_by("pk"))
        if some:
            Claim.objects.filter(pk=some[n % len(some)].pk).update(**fields)

    def verify(self, n):
        self.move_on(n, "prepared", status="verified", verified_by=self.director)

    def approve(self, n):
        self.verify(n)
        self.move_on(n, "verified", status="approved", approved_by=self.finance)

    def send(self, n):
        self.move_on(n, "approved", status="paying")

    def pay(self, n):
        proof = {"paid_at": timezone.now(), "payment_reference": f"R{make.number()}"}
        self.move_on(n, "paying", status="paid", **proof)

    def fail_(self, n):
        self.move_on(n, "paying", status="approved")

    def dispute(self, n):
        self.move_on(n, "prepared", status="disputed", dispute_reason="A day is missing")

    def settle(self, n):
        some = list(Claim.objects.filter(status="disputed").order_by("pk"))
        if some:
            services.settle(some[n % len(some)], by=self.finance, note="Looked at")

    def prepare(self):
        self.watch(lambda: services.prepare(self.exam))

    def prepare_as_a_run(self, changed):
        asked = {"changed": True} if changed else {}
        self.watch(lambda: runs.finish(runs.start(RunKind.PREPARE, self.exam, by=None, **asked)))

    # What is to be true

    def watch(self, act):
        before = self.approved()
        act()
        assert self.approved() == before
        self.check()

    def approved(self):
        """Each row as it lies there."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT c::text FROM claims_claim c WHERE status = ANY (%s) ORDER BY id",
                [[str(status) for status in DECIDED]],
            )
            claims = cursor.fetchall()
            cursor.execute(
                "SELECT l::text FROM claims_claimline l JOIN claims_claim c ON c.id = l.claim_id "
                "WHERE c.status = ANY (%s) ORDER BY l.id",
                [[str(status) for status in DECIDED]],
            )
            return claims, cursor.fetchall()

    def earned(self):
        """officer → (deployment, kind, rate) → quantity, by hand."""
        kinds = dict(ExamDay.objects.filter(exam=self.exam).values_list("day", "kind"))
        changes = list(RateChange.objects.order_by("from_day"))
        earned = defaultdict(lambda: defaultdict(int))
        for mark in Mark.objects.filter(status=MarkStatus.PRESENT).select_related(
            "deployment__post"
        ):
            terms = self.terms[self.posts.index(mark.deployment.post)]
            if kinds[mark.day] not in terms.paid_days:
                continue
            rate = terms.daily_rate
            for change in changes:
                if change.terms_id == terms.pk and change.from_day <= mark.day:
                    rate = change.daily_rate
            earned[mark.officer_id][mark.deployment_id, "days", rate] += 1
        for record in MarkingRecord.objects.all():
            parts = {
                ("coordination", self.fees.coordination_fee): record.coordination_days,
                ("basic", self.fees.basic_fee): 1,
                ("scripts", self.fees.script_fee): record.scripts,
                ("travel", record.travel): 1 if record.travel else 0,
            }
            of = earned[self.examiner.officer_id]
            for (kind, rate), quantity in parts.items():
                if record.signed and quantity:
                    of[record.deployment_id, kind, rate] += quantity
            if record.advance:
                of[record.deployment_id, "advance", record.advance] -= 1
        return {officer: dict(parts) for officer, parts in earned.items() if parts}

    def carried(self):
        """The same, of all lines of all claims."""
        sums = defaultdict(lambda: defaultdict(int))
        for line in ClaimLine.objects.select_related("claim"):
            key = line.deployment_id, line.kind, line.rate
            sums[line.claim.officer_id][key] += line.quantity
        kept = {
            officer: {key: quantity for key, quantity in parts.items() if quantity}
            for officer, parts in sums.items()
        }
        return {officer: parts for officer, parts in kept.items() if parts}

    def check(self):
        earned = self.earned()
        assert self.carried() == earned
        by_officer = defaultdict(list)
        for claim in Claim.objects.order_by("pk"):
            by_officer[claim.officer_id].append(claim)
        assert earned.keys() <= by_officer.keys()
        for officer, claims in by_officer.items():
            parts = earned.get(officer, {})
            amounts = {kind: Decimal(0) for kind in ("fees", "advance")}
            for (_deployment, kind, rate), quantity in parts.items():
                amounts["advance" if kind == "advance" else "fees"] += quantity * rate
            gross, advance = amounts["fees"], -amounts["advance"]
            tax = gross * self.rule.rate / 100 if gross > self.rule.above else Decimal(0)
            tax = tax.quantize(Decimal("0.01"), ROUND_HALF_UP)
            assert sum(claim.gross for claim in claims) == gross
            assert sum(claim.tax for claim in claims) == tax
            assert sum(claim.advance for claim in claims) == advance
            assert sum(claim.net for claim in claims) == gross - tax - advance
            assert sum(claim.status in OPEN for claim in claims) <= 1
            assert [claim.adjusts_id is None for claim in claims].count(True) == 1
            for claim in claims:
                lines = list(claim.lines.all())
                days = [line for line in lines if line.kind in ("days", "coordination")]
                assert claim.days == sum(line.quantity for line in days)
                fees = [line.amount for line in lines if line.kind != "advance"]
                assert claim.gross == sum(fees)
                assert claim.adjusts_id in {None, claims[0].pk}

    @given(st.lists(steps, min_size=5, max_size=40))
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_all_lines_are_all_marks_at_their_rates_after_each_preparation(self, history):
        for name, *given_ in history:
            getattr(self, "fail_" if name == "fail" else name)(*given_)
        self.prepare()
        before = [*Claim.objects.order_by("pk").values()], [*ClaimLine.objects.values()]
        self.prepare()
        assert ([*Claim.objects.order_by("pk").values()], [*ClaimLine.objects.values()]) == before
