"""Nobody decides about money of their own, under whichever account it would reach them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from claims import runs, services
from claims.models import Claim, ClaimStatus, GhostCode, GhostSignal, Hold, HoldCode
from claims.services.verifying import Asked
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from profiles.models import Officer
from profiles.owners import accounts_of


def same_id(first, second):
    Officer.objects.filter(pk=first.pk).update(national_id="01234567")
    Officer.objects.filter(pk=second.pk).update(national_id="1234567")


def same_bank_account(first, second):
    make.bank_account(first)
    make.bank_account(second)


def closed_in_favour(first, second):
    given_up = dict.fromkeys(["national_id", "kra_pin", "tsc_number", "submitted_at"])
    Officer.objects.filter(pk=second.pk).update(merged_into=first, **given_up)


def paid_to_the_own_number(first, second):
    first.user.phone = second.payee_phone
    second.user.phone = make.phone()
    second.user.save()
    first.user.save()


pytestmark = pytest.mark.django_db
every_way = pytest.mark.parametrize(
    "way", [same_id, same_bank_account, closed_in_favour, paid_to_the_own_number]
)


def claim_of_a_second_account(by, way, status=ClaimStatus.PREPARED, place=None, exam=None):
    post = make.post(station=make.station(sub_county=place), exam=exam)
    claim = world.claim(status, deployment=make.deployment(post=post))
    way(make.officer(user=by), claim.officer)
    return claim


def director():
    place = make.sub_county()
    return make.director(place), place


def refused(act, *given, **named):
    with pytest.raises(Refused, match="your own"):
        act(*given, **named)


@every_way
def test_not_verified_one_by_one_nor_asked_about(way):
    by, place = director()
    claim = claim_of_a_second_account(by, way, place=place)
    refused(services.verify, claim, by=by)
    refused(services.question, claim, by=by, reason="x")
    assert Claim.objects.get().status == ClaimStatus.PREPARED


@every_way
def test_not_verified_at_once(way):
    by, place = director()
    exam = make.exam()
    claim_of_a_second_account(by, way, place=place, exam=exam)
    other = make.claim(
        deployment=make.deployment(post=make.post(station=make.station(sub_county=place)))
    )
    done = services.verify_free(Claim.objects.all(), by=by, seen=Asked(1, other.net))
    assert (done.free, len(done.own)) == ([other], 1)


@every_way
def test_said_on_the_list_and_no_press_on_the_page(client, way):
    by, place = director()
    claim = claim_of_a_second_account(by, way, place=place)
    make.sign_in(client, by)
    page = client.get("/area/claims/")
    assert "Your own: somebody else verifies it" in page.text
    assert not client.get(f"/area/claims/{claim.pk}/").context["verifiable"]


@every_way
def test_not_approved_one_by_one_nor_at_once(way):
    by = world.approver()
    claim = claim_of_a_second_account(by, way, ClaimStatus.VERIFIED)
    refused(services.approve, claim, by=by)
    run = runs.finish(services.approve_free(claim.exam, by=by))
    assert run.outcome.get("approved", 0) == 0
    assert Claim.objects.get().status == ClaimStatus.VERIFIED


@every_way
def test_not_held_nor_let_go(way):
    by = world.approver()
    claim = claim_of_a_second_account(by, way)
    every = Claim.objects.all()
    refused(services.raise_hold, claim, code=HoldCode.RETURN, by=by, note="x")
    assert services.raise_on_all(every, code=HoldCode.RETURN, by=by, note="x") == 0
    hold = Hold.objects.create(claim=claim, code=HoldCode.INVESTIGATION)
    refused(services.clear_hold, hold, by=by, note="x")
    assert services.clear_all(Hold.objects.all(), by=by, note="x").done == 0
    assert Hold.objects.standing().get() == hold


@every_way
def test_not_waved_through(way):
    by = world.approver()
    claim = claim_of_a_second_account(by, way)
    GhostSignal.objects.create(exam=claim.exam, claim=claim, code=GhostCode.SAME_PAYEE, weight=5)
    assert services.look_at(GhostSignal.objects.all(), by=by, finding="Fine") == 0


@every_way
def test_not_settled(way):
    by = world.staff("Helpdesk")
    refused(
        services.settle, claim_of_a_second_account(by, way, ClaimStatus.DISPUTED), by=by, note="x"
    )
    assert Claim.objects.get().status == ClaimStatus.DISPUTED


@every_way
def test_not_taken_back(way):
    by = world.approver()
    claim = claim_of_a_second_account(by, way, ClaimStatus.PAID)
    refused(services.take_back, claim.payments.get(), by=by, reason="x")


@every_way
def test_not_put_into_a_batch(way):
    by = world.preparer()
    claim = claim_of_a_second_account(by, way, ClaimStatus.APPROVED)
    with pytest.raises(Refused, match="None of these claims"):
        services.prepare_batch(Claim.objects.filter(pk=claim.pk), by=by)


@every_way
def test_nobody_else_is_taken_for_them(way):
    by = world.approver()
    claim = claim_of_a_second_account(by, way)
    make.officer()
    mine = Officer.objects.get(user=by)
    assert accounts_of(by) == {mine.pk, claim.officer_id}
    assert accounts_of(make.user()) == set()


def test_asked_in_two_statements_and_none_of_them_joined_by_an_or():
    by = world.approver()
    claim_of_a_second_account(by, same_bank_account)
    with CaptureQueriesContext(connection) as queries:
        accounts_of(by)
    assert len(queries) == 2
    assert not [query for query in queries if " OR " in query["sql"]]
