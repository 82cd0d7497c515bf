"""Where an officer's money goes, and whether that is still where a payment of it went."""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from claims.models import BANKS, Channel, Payment
from profiles.models import PaidBy


def has_payee(channel: str, officer: str = "officer__") -> Q:
    """They are to be paid by this kind of channel, and we know where."""
    if channel in BANKS:
        by_bank: dict[str, Any] = {"paid_by": PaidBy.BANK, "bank_account__isnull": False}
        return Q(**{officer + name: value for name, value in by_bank.items()})
    return Q(**{f"{officer}paid_by": PaidBy.MPESA}) & ~Q(**{f"{officer}payee_phone": ""})


def as_it_stands(channel: str) -> Q:
    """For payments: whether the payee is still the one that was copied into them."""
    officer = "claim__officer__"
    same: dict[str, Any]
    if channel in BANKS:
        same = {
            f"{officer}full_name": "payee_name",
            f"{officer}bank_account__bank__code": "bank_code",
            f"{officer}bank_account__branch__code": "branch_code",
            f"{officer}bank_account__number": "account",
        }
    else:
        same = {f"{officer}payee_name": "payee_name", f"{officer}payee_phone": "payee_phone"}
    return has_payee(channel, officer) & Q(**{name: F(of) for name, of in same.items()})


def with_another_payee(payments: QuerySet[Payment], channel: str) -> QuerySet[Payment]:
    same = Payment.objects.filter(as_it_stands(channel), pk=OuterRef("pk"))
    return payments.exclude(Exists(same))


def with_the_same_payee() -> QuerySet[Payment]:
    """Those whose payee is still the one that was copied into them, by whichever channel."""
    by_phone = Q(channel=Channel.MPESA) & as_it_stands(Channel.MPESA)
    by_bank = Q(channel__in=BANKS) & as_it_stands(Channel.EFT)
    return Payment.objects.filter(by_phone | by_bank)
