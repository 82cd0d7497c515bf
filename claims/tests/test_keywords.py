"""PAY and MALIPO to the short code: where the money is, in one text."""

from datetime import timedelta

import pytest
from django.test import TestCase

from claims.models import Claim, ClaimStatus, Hold, HoldCode
from claims.tests import world
from cp2.tests import make
from sms import services
from sms.models import Message


def text(sender, words="PAY"):
    """As the gateway hands it over; what it answered, newest first."""
    services.receive(
        provider_id=f"in-{make.number()}", sender=f"+{sender}", shortcode="22262", text=words
    )
    services.read_inbox()
    return list(Message.objects.order_by("-pk").values_list("to", "text"))


class Asking(TestCase):
    def test_the_newest_claim_with_its_status_and_hold(self):
        claim = world.claim(ClaimStatus.APPROVED)
        Hold.objects.create(claim=claim, code=HoldCode.PAYEE_NAME)
        phone = claim.officer.phone
        for words in ("PAY", "malipo ", "Pay please"):
            [(to, said), *_] = text(phone, words)
            assert to == phone
            assert said.startswith(
                f"KNEC CP2: {claim.exam.short}, 2 days, KES 1,100.00: approved, held: The payee's"
            )

    def test_in_the_senders_language(self):
        claim = make.claim()
        claim.officer.user.language = "sw"
        claim.officer.user.save()
        [(_to, said)] = text(claim.officer.phone)
        assert "imeandaliwa" in said

    def test_what_the_register_says_so_far(self):
        deployment = make.deployment()
        post = deployment.post
        make.terms(post.exam, post.position)
        make.mark(deployment, post.exam.starts_on)
        make.mark(deployment, post.exam.starts_on + timedelta(days=1))
        [(_to, said)] = text(deployment.officer.phone)
        assert "2 days so far, KES 1,100.00 before tax" in said

    def test_no_claim_yet(self):
        [(_to, said)] = text(make.officer().phone)
        assert "you have no claim yet" in said

    def test_a_number_without_an_account_hears_nothing(self):
        make.claim()
        assert text(make.phone()) == []
        closed = make.officer()
        closed.user.is_active = False
        closed.user.save()
        assert text(closed.phone) == []

    def test_asking_changes_nothing(self):
        claim = make.claim()
        before = Claim.objects.values().get()
        text(claim.officer.phone)
        assert Claim.objects.values().get() == before


@pytest.mark.django_db
def test_paid_is_said_without_the_hold_that_was():
    claim = world.claim(ClaimStatus.PAID)
    Hold.objects.create(claim=claim, code=HoldCode.RETURN)
    [(_to, said), *_] = text(claim.officer.phone)
    assert ": paid. See" in said
