"""A made world of money: two exams, two counties, a claim in each state, one in two places."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.services import record_each
from catalogue.models import Exam, SubCounty
from claims.models import Claim, ClaimLine, ClaimStatus, Hold, HoldCode
from claims.tests import world
from cp2.rules import move
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus


@dataclass
class Made:
    first: Exam
    second: Exam
    here: SubCounty
    there: SubCounty
    owed: Claim
    held: Claim
    split: Claim
    approved: Claim
    paid: Claim
    failed: Claim
    disputed: Claim
    taken_back: Claim


def deployed(exam: Exam, place: SubCounty, code: str = "INV", **fields: Any) -> Deployment:
    post = make.post(
        exam=exam, station=make.station(sub_county=place), position=make.position(code)
    )
    return make.deployment(post=post, **fields)


def earns(claim: Claim, deployment: Deployment, days: int, *, tax: str) -> None:
    """Some more, elsewhere."""
    amount = Decimal(550) * days
    ClaimLine.objects.create(
        claim=claim, deployment=deployment, quantity=days, rate=Decimal(550), amount=amount
    )
    gross = claim.gross + amount
    Claim.objects.filter(pk=claim.pk).update(
        days=claim.days + days, gross=gross, tax=Decimal(tax), net=gross - Decimal(tax)
    )
    claim.refresh_from_db()


def adjustment(claim: Claim, days: int) -> Claim:
    """Verified and approved, of so many days more or less."""
    line = claim.lines.first()
    amount = Decimal(550) * days
    made = Claim.objects.create(
        officer=claim.officer,
        exam=claim.exam,
        adjusts=claim,
        days=days,
        gross=amount,
        tax=0,
        net=amount,
    )
    ClaimLine.objects.create(
        claim=made, deployment=line.deployment, quantity=days, rate=Decimal(550), amount=amount
    )
    move(made, ClaimStatus.VERIFIED, verified_by=make.user())
    move(made, ClaimStatus.APPROVED, approved_by=make.user())
    return made


def build() -> Made:
    first, second = make.exam(), make.exam()
    here, there = make.sub_county("Here", "Kisii"), make.sub_county("There", "Turkana")
    held = world.claim(ClaimStatus.VERIFIED, deployment=deployed(first, there, "SUP"))
    Hold.objects.create(claim=held, code=HoldCode.RETURN)
    split = make.claim(deployment=deployed(first, here))
    elsewhere = deployed(
        first, there, "SUP", officer=split.officer, status=DeploymentStatus.CANCELLED
    )
    earns(split, elsewhere, 1, tax="82.51")
    paid, failed = (
        world.claim(ClaimStatus.APPROVED, deployment=deployed(first, here)) for _ in range(2)
    )
    sent = world.export(world.batch(paid, failed))
    world.reconcile(sent, paid)
    missed = sent.payments.get(claim=failed)
    world.services.reconcile(
        sent,
        world.results(
            f"CP2-{missed.pk},Failed,,No such number", head="Reference,Status,Receipt,Reason"
        ),
        by=sent.prepared_by,
    )
    paid.refresh_from_db()
    failed.refresh_from_db()
    made = Made(
        first=first,
        second=second,
        here=here,
        there=there,
        owed=make.claim(deployment=deployed(second, here)),
        held=held,
        split=split,
        approved=world.claim(ClaimStatus.APPROVED, deployment=deployed(second, there)),
        paid=paid,
        failed=failed,
        disputed=world.claim(ClaimStatus.DISPUTED, deployment=deployed(second, there, "SUP")),
        taken_back=adjustment(paid, -1),
    )
    # these steps were taken past the services, which tell the trail
    for verb, claims in {
        "claim.approved": [made.approved, paid, failed, made.taken_back],
        "claim.disputed": [made.disputed],
    }.items():
        record_each(verb, [(claim, {}) for claim in claims], by=None)
    return made
