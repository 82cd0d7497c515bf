"""At the same moment: whatever two people do to the same money, it happens once."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import Entry
from claims import services
from claims.models import Claim, ClaimLine, ClaimStatus, Payment, PaymentBatch
from claims.services.verifying import Asked
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


def refusals(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Refused)]


def test_two_finance_people_approve_a_batch_at_once_and_one_has_done_it():
    batch = world.batch(*world.approved(3))
    people = [world.approver(), world.approver()]
    outcomes = at_once(*(lambda by=by: services.approve_batch(batch, by=by) for by in people))

    assert len(refusals(outcomes)) == 1
    assert "is approved, so it cannot be approved" in str(refusals(outcomes)[0])
    assert Entry.objects.filter(verb="batch.approved").count() == 1


def test_two_finance_people_approve_a_claim_at_once():
    claim = world.claim(ClaimStatus.VERIFIED)
    people = [world.approver(), world.approver()]
    outcomes = at_once(*(lambda by=by: services.approve(claim, by=by) for by in people))

    assert len(refusals(outcomes)) == 1
    assert Entry.objects.about(claim).filter(verb="claim.approved").count() == 1


def test_two_batches_prepared_at_once_take_each_claim_once():
    claims = world.approved(12)
    calls = [
        lambda by=by: world.batch(*claims, by=by) for by in (world.preparer(), world.preparer())
    ]
    at_once(*calls)

    assert Payment.objects.count() == 12
    assert Payment.objects.values("claim").distinct().count() == 12
    assert set(Claim.objects.values_list("status", flat=True)) == {"paying"}
    totals = PaymentBatch.objects.aggregate(count=Sum("count"), total=Sum("total"))
    assert totals == {"count": 12, "total": Decimal(12 * 1100)}


def test_a_result_file_read_twice_at_once_pays_once():
    claims = world.approved(3)
    batch = world.export(world.batch(*claims))
    outcomes = at_once(*[lambda: world.reconcile(batch, *claims)] * 2)

    assert sorted(outcome.paid for outcome in outcomes) == [0, 3]
    assert Entry.objects.filter(verb="claim.paid").count() == 3


def test_verified_while_the_exam_is_computed_anew_its_lines_still_add_up():
    deployment = make.deployment()
    post = deployment.post
    make.terms(post.exam, post.position)
    make.mark(deployment, post.exam.starts_on)
    services.prepare(post.exam)
    claim, director = Claim.objects.get(), make.director(post.station.sub_county)
    make.terms(post.exam, post.position, daily_rate=Decimal(600))
    at_once(
        lambda: services.prepare(post.exam),
        lambda: services.verify(claim, by=director),
        lambda: services.prepare(post.exam),
    )

    claim.refresh_from_db()
    assert claim.status == ClaimStatus.VERIFIED
    assert claim.gross == ClaimLine.objects.get().amount
    assert claim.gross in (550, 600)


def test_exported_twice_at_once_there_is_one_file():
    batch = world.batch(*world.approved(2))
    services.approve_batch(batch, by=world.approver())
    outcomes = at_once(*[lambda: services.export_batch(batch, by=batch.prepared_by)] * 2)

    assert len(refusals(outcomes)) == 1
    assert Entry.objects.filter(verb="batch.exported").count() == 1


def test_held_while_a_batch_is_prepared_it_is_not_paid():
    [claim] = world.approved()
    by = world.approver()
    outcomes = at_once(
        lambda: world.batch(claim),
        lambda: services.raise_hold(claim, code="investigation", by=by, note="x"),
    )

    batch = PaymentBatch.objects.first()
    if batch is None:
        assert len(refusals(outcomes)) == 1
    else:  # the batch was first; it cannot be approved then
        with pytest.raises(Refused, match="held by now"):
            services.approve_batch(batch, by=by)


def in_one_sub_county(number):
    """Claims that wait for one director."""
    station = make.station()
    post = make.post(station=station, required=number)
    for slot in range(1, number + 1):
        make.claim(deployment=make.deployment(post=post, slot=slot))
    return make.director(station.sub_county), Asked(number, Decimal(1100 * number))


def test_verified_all_at_once_twice_each_is_verified_once():
    director, seen = in_one_sub_county(8)
    everything = Claim.objects.all()
    outcomes = at_once(*[lambda: services.verify_free(everything, by=director, seen=seen)] * 2)

    assert len(refusals(outcomes)) == 1
    assert Entry.objects.filter(verb="claim.verified").count() == 8
    assert set(Claim.objects.values_list("status", flat=True)) == {"verified"}


def test_disputed_while_all_are_verified_the_dispute_stands():
    director, seen = in_one_sub_county(6)
    claim = Claim.objects.first()
    at_once(
        lambda: services.verify_free(Claim.objects.all(), by=director, seen=seen),
        lambda: services.dispute(claim, by=claim.officer.user, reason="A day is missing"),
    )

    claim.refresh_from_db()
    assert (claim.status, claim.verified_by) == (ClaimStatus.DISPUTED, None)
    others = Claim.objects.exclude(pk=claim.pk).values_list("status", flat=True)
    assert len(set(others)) == 1  # all of the others, or none


def test_held_while_all_are_verified_it_is_held_before_or_after():
    director, seen = in_one_sub_county(6)
    claim = Claim.objects.first()
    outcomes = at_once(
        lambda: services.verify_free(Claim.objects.all(), by=director, seen=seen),
        lambda: services.raise_hold(claim, code="duplicate", by=world.approver(), note="x"),
    )

    claim.refresh_from_db()
    assert claim.holds.standing().count() == 1
    assert (claim.status == ClaimStatus.PREPARED) == bool(refusals(outcomes))


def test_withdrawn_while_headquarters_settles_it_happens_once():
    claim = world.claim(ClaimStatus.DISPUTED)
    deployment = claim.lines.get().deployment
    make.terms(claim.exam, deployment.post.position)
    make.mark(deployment, claim.exam.starts_on)
    outcomes = at_once(
        lambda: services.withdraw_dispute(claim, by=claim.officer.user),
        lambda: services.settle(claim, by=make.user(), note="It is added"),
    )

    assert len(refusals(outcomes)) == 1
    claim.refresh_from_db()
    assert (claim.status, claim.gross) == (ClaimStatus.PREPARED, 550)
