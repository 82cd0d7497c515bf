"""Whose money it is: nobody decides about their own, under any account."""

from django.db.models import Q

from accounts.models import User
from claims.models import Claim
from profiles.owners import accounts_of


def is_own(claim: Claim, by: User) -> bool:
    """Whether the money would go to the one who decides about it."""
    return claim.officer_id in accounts_of(by)


def owned_by(by: User) -> Q:
    """The same for many claims at once."""
    return Q(officer__in=accounts_of(by))
