"""At the same moment: whatever two people do to the same money, it happens once."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import Entry
from claims import services
from claims.models import Claim, ClaimLine, ClaimStatus, Hold, Payment, PaymentBatch
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


def test_a_hold_cleared_by_two_at_once_is_cleared_by_one():
    claim = world.claim()
    hold = Hold.objects.create(claim=claim, code="duplicate")
    people = [world.approver(), world.approver()]
    outcomes = at_once(
        *(lambda by=by: services.clear_hold(hold, by=by, note="Looked") for by in people)
    )
    assert len(refusals(outcomes)) == 1
    assert Entry.objects.filter(verb="hold.cleared").count() == 1


def test_many_holds_cleared_by_two_at_once_are_each_cleared_once():
    claims = [world.claim() for _ in range(8)]
    for claim in claims:
        Hold.objects.create(claim=claim, code="duplicate")
    people = [world.approver(), world.approver()]
    at_once(
        *(
            lambda by=by: services.clear_all(Hold.objects.all(), by=by, note="Looked")
            for by in people
        )
    )
    assert not Hold.objects.standing().exists()
    assert Entry.objects.filter(verb="hold.cleared").count() == 8


def test_a_rule_and_a_person_hold_the_same_claim_at_once():
    claims = [world.claim() for _ in range(6)]
    for claim in claims:
        claim.officer.submitted_at = None
        claim.officer.save()
    everyone = Claim.objects.filter(pk__in=[claim.pk for claim in claims])
    by = world.approver()

    def person():
        for claim in claims:
            try:
                services.raise_hold(claim, code="not_submitted", by=by, note="Seen")
            except Refused:
                continue

    at_once(lambda: services.check_holds(everyone, by=by), person)
    standing = Hold.objects.standing().filter(code="not_submitted")
    assert sorted(standing.values_list("claim", flat=True)) == [claim.pk for claim in claims]


def test_a_rule_that_cures_and_a_person_who_clears_at_once():
    claim = world.claim()
    hold = Hold.objects.create(claim=claim, code="payee_name", grounds="MARY")
    by = world.approver()
    at_once(
        lambda: services.check_holds(Claim.objects.filter(pk=claim.pk), by=by),
        lambda: services.clear_hold(hold, by=by, note="Married"),
    )
    assert not Hold.objects.standing().exists()
    assert Hold.objects.count() == 1
