"""At the same moment: whatever two people do to the same money, it happens once."""

from decimal import Decimal

import pytest

from accounts.models import Entry
from claims import services
from claims.models import Claim, ClaimStatus
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
    assert len(set(others)) == 1


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
