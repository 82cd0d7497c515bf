"""At the same moment: whatever two people do to the same money, it happens once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Entry
from claims import holds, ledger, runs, services
from claims.models import (
    Claim,
    ClaimLine,
    ClaimStatus,
    Hold,
    LedgerEntry,
    MoneyRun,
    Payment,
    PaymentBatch,
    RateChange,
    ResultFile,
    RunKind,
    RunStatus,
)
from claims.services import preparing
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once, split
from deployments.models import Post
from sms.models import Message

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
    assert claim.gross == ClaimLine.objects.get().amount == 600
    changed = Entry.objects.about(claim).filter(verb="claim.changed")
    as_verified = [entry for entry in changed if entry.details.get("was_status") == "verified"]
    # verified as it was, it is to be verified again; verified as it is, it stays so
    assert claim.status == (ClaimStatus.PREPARED if as_verified else ClaimStatus.VERIFIED)


def test_approved_while_the_exam_is_computed_anew_an_adjustment_carries_the_difference():
    deployment = make.deployment()
    post = deployment.post
    terms = make.terms(post.exam, post.position)
    make.mark(deployment, post.exam.starts_on)
    services.prepare(post.exam)
    claim = Claim.objects.get()
    services.verify(claim, by=make.director(post.station.sub_county))
    RateChange.objects.create(
        terms=terms, from_day=post.exam.starts_on, daily_rate=600, reason="So", by=make.user()
    )
    at_once(
        lambda: services.prepare(post.exam),
        lambda: services.approve(claim, by=world.approver()),
        lambda: services.prepare(post.exam),
    )

    claim.refresh_from_db()
    assert sum(each.net for each in Claim.objects.all()) == 600
    if claim.status == ClaimStatus.APPROVED:
        assert (claim.net, claim.adjustments.get().net) == (550, 50)
    else:
        assert (claim.status, claim.net) == (ClaimStatus.PREPARED, 600)


def test_prepared_twice_at_once_it_is_prepared_once():
    deployments = [make.deployment() for _ in range(3)]
    exam = deployments[0].post.exam
    for deployment in deployments:
        Post.objects.filter(pk=deployment.post_id).update(exam=exam)
        make.mark(deployment, exam.starts_on)
    make.terms(exam, deployments[0].post.position)
    assert at_once(*[lambda: services.prepare(exam)] * 3) == [3, 3, 3]

    assert Claim.objects.count() == ClaimLine.objects.count() == 3


def test_portions_taken_by_several_workers_at_once_are_each_done_once(monkeypatch):
    monkeypatch.setattr(preparing, "OFFICERS_OF_A_PORTION", 1)
    deployments = [make.deployment() for _ in range(5)]
    exam = deployments[0].post.exam
    for deployment in deployments:
        Post.objects.filter(pk=deployment.post_id).update(exam=exam)
        make.mark(deployment, exam.starts_on)
    make.terms(exam, deployments[0].post.position)
    run = runs.start(RunKind.PREPARE, exam, by=None)
    done = at_once(*[lambda: runs.work(seconds=5)] * 3)

    run.refresh_from_db()
    assert (run.status, run.portions, run.outcome["claims"]) == (RunStatus.DONE, 5, 5)
    assert sum(done) == 6  # with the plan
    assert Claim.objects.count() == ClaimLine.objects.count() == 5
    assert Entry.objects.filter(verb="claims.prepared").count() == 1


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


def held():
    return list(Hold.objects.standing().order_by("claim", "code").values_list("claim", "code"))


def impatient(claims):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
    holds.check(Claim.objects.filter(pk__in=[claim.pk for claim in claims]))


def test_a_rule_leaves_a_claim_that_somebody_works_on_to_the_next_look():
    claims = [world.claim() for _ in range(2)]
    for claim in claims:
        claim.officer.submitted_at = None
        claim.officer.save()
    with transaction.atomic():
        Claim.objects.select_for_update().get(pk=claims[0].pk)
        at_once(lambda: impatient(claims))
    assert held() == [(claims[1].pk, "not_submitted")]
    at_once(lambda: impatient(claims))
    assert held() == [(claim.pk, "not_submitted") for claim in claims]


def test_a_rule_leaves_a_hold_that_somebody_works_on_to_the_next_look():
    claims = [world.claim() for _ in range(2)]
    for claim in claims:
        Hold.objects.create(claim=claim, code="payee_changed")
    Hold.objects.update(raised_at=timezone.now() - timedelta(hours=73))
    with transaction.atomic():
        Hold.objects.select_for_update().get(claim=claims[0])
        at_once(lambda: impatient(claims))
    assert held() == [(claims[0].pk, "payee_changed")]
    at_once(lambda: impatient(claims))
    assert held() == []


def test_two_people_write_the_same_file_down_at_once_and_it_counts_once():
    claims = world.approved(3)
    batch = world.export(world.batch(*claims))
    lines = "".join(f"CP2-{row.pk},Paid,SGH{row.pk:07d}\n" for row in batch.payments.all())
    text = f"Reference,Status,Receipt\n{lines}"
    people = [world.preparer(), world.preparer()]

    def upload(by):
        file = SimpleUploadedFile("r.csv", text.encode())
        return services.upload(file, batch=batch, by=by)

    sent, refused = split(at_once(*[lambda by=by: upload(by) for by in people]))
    assert len(sent) + len(refused) == 2
    file = ResultFile.objects.get()
    runs.finish(MoneyRun.objects.get())
    begun, refused = split(
        at_once(
            *[
                lambda by=by: services.apply_results(file, by=by, sha256=file.sha256)
                for by in people
            ]
        )
    )
    assert (len(begun), len(refused)) == (1, 1)
    run = begun[0]
    at_once(lambda: runs.work(run=run), lambda: runs.work(run=run))
    runs.finish(run)

    run.refresh_from_db()
    assert run.outcome["paid"] == 3
    assert Entry.objects.filter(verb="claim.paid").count() == 3
    assert Message.objects.filter(template="claims/paid").count() == 3
    assert not ledger.check()


def test_results_read_while_a_payment_is_taken_back():
    claim = world.claim(ClaimStatus.PAID)
    payment = claim.payments.get()
    batch, by = payment.batch, world.approver()
    rows = world.results(f"CP2-{payment.pk},Reversed,")
    outcomes = at_once(
        lambda: services.take_back(payment, by=by, reason="x"),
        lambda: services.reconcile(batch, rows, by=batch.prepared_by),
    )

    payment.refresh_from_db()
    assert payment.status == "reversed"
    assert LedgerEntry.objects.filter(reverses__isnull=False).count() == 1
    assert len(refusals(outcomes)) + outcomes[1].again == 1
    assert not ledger.check()


def test_all_free_claims_approved_twice_at_once():
    exam = make.exam()
    claims = [
        world.claim(ClaimStatus.VERIFIED, deployment=make.deployment(post=make.post(exam=exam)))
        for _ in range(6)
    ]
    people = [world.approver(), world.approver()]
    begun, refused = split(
        at_once(*[lambda by=by: services.approve_free(exam, by=by) for by in people])
    )
    assert (len(begun), len(refused)) == (1, 1)
    at_once(
        lambda: runs.finish(begun[0]),
        lambda: services.approve_all(claims, by=people[0]),
        lambda: services.approve_all(claims, by=people[1]),
    )
    runs.finish(begun[0])
    assert set(Claim.objects.values_list("status", flat=True)) == {"approved"}
    assert Entry.objects.filter(verb="claim.approved").count() == 6
