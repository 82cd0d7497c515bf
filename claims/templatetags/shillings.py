"""Money and payees as they are shown: `{{ claim.net|shillings }}`, `{{ phone|masked }}`,
`{{ payment|destination }}`."""

from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext as _

from sms.phones import local

register = template.Library()


@register.filter
def shillings(amount: Decimal) -> str:
    """`KES 1,100.00`, the same in every language."""
    return f"KES {amount:,.2f}"


@register.filter
def unsigned(amount: Decimal) -> Decimal:
    """Where words say already that it is taken: `{{ claim.net|unsigned|shillings }}`."""
    return abs(amount)


@register.filter
def masked(phone: str) -> str:
    """Enough of a number to know it by: 0712 … 678."""
    return f"{local(phone)[:4]} … {phone[-3:]}" if phone else ""


def masked_account(account: str) -> str:
    """Of a bank account only its end: … 4321."""
    return f"… {account[-4:]}" if account else ""


@register.filter
def destination(payment: Any) -> str:
    """Where a payment goes: M-Pesa 0712 … 678, or the last digits of an account."""
    if payment.account:
        return _("bank account … %(end)s") % {"end": payment.account[-3:]}
    return f"M-Pesa {masked(payment.payee_phone)}"
