"""Where, and as what, a claim was earned."""

from typing import Any

from django.db.models import Q

from claims.models import Claim, ClaimLine


def earned(**where: Any) -> Q:
    """For claims: those with a line of which this is so. An adjustment of the tax alone has no
    line: it is for the work of the claim that it adjusts."""
    lines = ClaimLine.objects.filter(**where).order_by().values("claim")
    tax_alone = Claim.objects.filter(adjusts__in=lines, lines=None).order_by().values("pk")
    return Q(pk__in=lines.union(tax_alone))
