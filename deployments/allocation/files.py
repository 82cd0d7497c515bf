"""A proposal as a file: every pair with what was weighed, as it is filtered and sorted."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from cp2.exports import MOST_ROWS, Kind, Table
from deployments.allocation.review import weighed
from deployments.models import AllocationRun, ProposalQuerySet
from profiles.models import masked

BLOCK = 1000


def table(run: AllocationRun, found: ProposalQuerySet, *, about: str, by: User) -> Table:
    return Table(
        name="proposal",
        title=_("Proposal, %(run)s") % {"run": run},
        heading=[
            _("Duty station"),
            _("Position"),
            _("Name"),
            _("ID number"),
            _("Gender"),
            _("Standing, points"),
            _("What was weighed"),
            _("Distance, km"),
            _("Status"),
            _("Why"),
        ],
        rows=_rows(found),
        count=found.count(),
        by=str(by),
        about=about,
        most={**MOST_ROWS, Kind.XLSX: 10_000},
    )


def _rows(found: ProposalQuerySet) -> Iterator[list[Any]]:
    for row in found.iterator(chunk_size=BLOCK):
        yield [
            str(row.post.station),
            row.post.position.name,
            row.officer.full_name,
            masked(row.officer.national_id),
            row.officer.get_gender_display(),
            row.standing,
            "; ".join(f"{why.words}: {why.points:+d}" for why in weighed(row)),
            row.km,
            row.get_status_display(),
            row.refusal or row.reason,
        ]
