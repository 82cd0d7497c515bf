"""Centres' passwords on paper."""

from collections.abc import Sequence

from django.views.decorators.debug import sensitive_variables

from accounts import slips
from accounts.models import User
from attendance.pdf import print_slips
from catalogue.models import CentreEntry


@sensitive_variables()
def hand_out(entries: Sequence[CentreEntry], *, by: User) -> bytes:
    """New slips for these centres, as a PDF. Printed first and issued then: paper that fails to
    come out must not take the place of paper that is in use, and no row waits for the press."""
    minted = slips.mint_all(entries)
    content = print_slips(minted, by=by)
    slips.issue(minted, by=by)
    return content
