"""Where a trail begins: a payment or a claim, found by whatever an auditor holds in the hand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from claims.models import Claim, Payment
from sms.phones import is_mobile, mobile

MOST = 50
PAYMENT = re.compile(r"CP2-([0-9]{1,18})", re.IGNORECASE)
CLAIM = re.compile(r"(?:claim|dai)\s*#?\s*([0-9]{1,18})", re.IGNORECASE)


@dataclass
class Match:
    claim: Claim
    payments: list[Payment]


def find(term: str) -> list[Match]:
    """Each way of looking is an index of its own, asked alone; then the payments of what it found.

    Nothing is found by a part of a number: whoever looks must know it.
    """
    numbers = Claim.objects.none().values("pk").union(*_found(term.strip()))
    claims = Claim.objects.filter(pk__in=[row["pk"] for row in numbers[: MOST + 1]])
    rows = list(claims.select_related("officer__user", "exam").order_by("-pk")[:MOST])
    payments: dict[int, list[Payment]] = {}
    for payment in Payment.objects.filter(claim__in=rows).select_related("batch").order_by("-pk"):
        payments.setdefault(payment.claim_id, []).append(payment)
    return [Match(claim, payments.get(claim.pk, [])) for claim in rows]


def _found(term: str) -> Iterator[QuerySet[Any, Any]]:
    claims = Claim.objects.order_by().values("pk")
    if ours := PAYMENT.fullmatch(term):
        yield claims.filter(payments=int(ours[1]))
    if claim := CLAIM.fullmatch(term):
        yield claims.filter(pk=int(claim[1]))
    if is_mobile(term):
        number = mobile(term)
        yield claims.filter(officer__user__phone=number)
        yield claims.filter(pk__in=Payment.objects.filter(payee_phone=number).values("claim"))
    if term.isascii() and term.isalnum():
        yield claims.filter(officer__national_id=term)
    receipts = {term, term.upper()}
    yield claims.filter(pk__in=Payment.objects.filter(reference__in=receipts).values("claim"))
