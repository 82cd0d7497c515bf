"""The claims of a sub-county as a file, as the list is narrowed and sorted."""

from collections.abc import Container
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.translation import gettext as _

from accounts.models import User
from claims.exceptions import words
from claims.models import ClaimLine, ClaimQuerySet
from cp2.exports import Table
from deployments.area_files import in_blocks
from profiles.models import masked
from profiles.owners import accounts_of


def claims_table(found: ClaimQuerySet, *, by: User, about: str) -> Table:
    """Those with their signs."""
    lines = ClaimLine.objects.filter(claim=OuterRef("pk")).order_by()
    placed = found.annotate(
        codes=ArraySubquery(lines.values("deployment__post__station__code").distinct()),
        positions=ArraySubquery(lines.values("deployment__post__position__code").distinct()),
    )
    own = accounts_of(by)
    return Table(
        name="claims",
        title=_("Claims, %(sub_county)s") % {"sub_county": by.sub_county},
        heading=[
            _("Officer"), _("ID number"), _("Exam"), _("Adjusts"), _("Centre"), _("Position"),
            _("Days"), _("Earned"), _("Tax withheld"), _("Paid in advance"), _("To be paid"),
            _("Status"), _("Prepared"), _("Look at"),
        ],
        rows=(claim_line(claim, own=own) for claim in in_blocks(placed)),
        count=found.count(),
        by=str(by),
        about=about,
    )  # fmt: skip


def claim_line(claim: Any, *, own: Container[int]) -> list[Any]:
    return [
        claim.officer.full_name,
        masked(claim.officer.national_id),
        claim.exam.short,
        claim.adjusts_id,
        ", ".join(claim.codes),
        ", ".join(claim.positions),
        claim.days,
        claim.gross,
        claim.tax,
        claim.advance,
        claim.net,
        claim.get_status_display(),
        claim.prepared_at,
        "; ".join(said for _tone, said in words(claim, own=own)),
    ]
