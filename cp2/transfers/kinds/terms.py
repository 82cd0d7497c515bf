"""Terms are what officers were told and are paid by: those that a deployment rests on stay."""

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.models import DayKind, Level, OwnSchool, PositionTerms, StationKind, StudyLevel
from cp2.transfers.kinds import cells
from cp2.transfers.kinds.base import STAGE, Column, Fault, Kind, Sets

NEEDED = ["daily_rate", "paid_days"]
CHOICES: dict[str, type[models.TextChoices]] = {
    "station_kind": StationKind,
    "lowest_qualification": StudyLevel,
    "at_own_school": OwnSchool,
    "school_levels": Level,
    "paid_days": DayKind,
}
AT_LEAST_ONE = {"days_to_respond", "candidates_per_officer", "centres_per_officer"}
EXAMPLES = {
    "daily_rate": "1200.00",
    "paid_days": "rehearsal, theory",
    "station_kind": "examination_centre",
    "candidates_per_officer": "20",
    "minimum_per_centre": "1",
    "lowest_qualification": "diploma",
    "vetting_required": "yes",
    "days_to_respond": "3",
}
# The other exam of terms is chosen by hand; what a row is of is the key.
LEFT_OUT = {"id", "exam", "position", "counted_with"}


def _cleaner(of: Any) -> tuple[Callable[[str], Any], str]:
    """How a cell of this field is read, and as what it stands in the stage."""
    if isinstance(of, ArrayField):
        return cells.some_of(CHOICES[of.name]), "varchar[]"
    if of.name in CHOICES:
        return cells.one_of(CHOICES[of.name], needed=not of.blank), "text"
    if isinstance(of, models.BooleanField):
        return cells.yes_or_no(bool(of.default)), "boolean"
    if isinstance(of, models.DecimalField):
        return cells.figure(of.max_digits, of.decimal_places, min_value=0), "numeric"
    least = 1 if of.name in AT_LEAST_ONE else 0
    least = 18 if of.name == "oldest" else least
    most = 99 if of.name == "oldest" else 32_767
    return cells.whole(most, least=least, needed=not of.null), "integer"


def _columns() -> list[Column]:
    made = []
    for of in PositionTerms._meta.concrete_fields:
        if of.name not in LEFT_OUT:
            clean, sql = _cleaner(of)
            made.append(
                Column(of.name, clean, EXAMPLES.get(of.name, ""), sql, needed=of.name in NEEDED)
            )
    return sorted(made, key=lambda column: not column.needed)


COLUMNS = _columns()
# Whoever deploys locks the post, and would else promise a rate that changes under their hands;
# whoever confirms rates locks the exam.
HOLD = f"""
SELECT (SELECT count(*) FROM (
    SELECT FROM catalogue_exam WHERE id = %(exam)s FOR NO KEY UPDATE
) exam) + count(*) FROM (
    SELECT FROM deployments_post p
    WHERE p.exam_id = %(exam)s AND p.position_id IN (SELECT position_id FROM {STAGE})
    ORDER BY p.id FOR SHARE
) held
"""
RESTS = """
SELECT i.line, i.position FROM {stage} i LEFT JOIN catalogue_positionterms t ON t.id = i.row_id
WHERE (t.id IS NULL OR {differs}) AND EXISTS (
    SELECT FROM deployments_post p JOIN deployments_deployment d ON d.post_id = p.id
    WHERE p.exam_id = %(exam)s AND p.position_id = i.position_id
)
""".replace("{stage}", STAGE)

CONFIRMED = """
SELECT i.line, i.position FROM {stage} i LEFT JOIN catalogue_positionterms t ON t.id = i.row_id
WHERE (t.id IS NULL OR t.daily_rate IS DISTINCT FROM i.daily_rate
    OR t.paid_days IS DISTINCT FROM i.paid_days)
AND EXISTS (SELECT FROM rights_ratesseen seen WHERE seen.exam_id = %(exam)s)
""".replace("{stage}", STAGE)

TERMS = Kind(
    model=PositionTerms,
    permissions=["catalogue.add_positionterms", "catalogue.change_positionterms"],
    of_exam=True,
    columns=[
        Column("position", cells.words(60, needed=True), "INV", needed=True),
        *COLUMNS,
    ],
    extra={"position_id": "bigint"},
    resolve=[
        f"UPDATE {STAGE} i SET position_id = p.id FROM catalogue_position p "
        "WHERE p.code = upper(i.position) OR lower(p.name) = lower(i.position)"
    ],
    unique=[("position_id",)],
    key="t.exam_id = %(exam)s AND t.position_id = i.position_id",
    name="i.position",
    sets={
        "position_id": Sets("position", "i.position_id"),
        **{column.name: Sets(column.name, f"i.{column.name}") for column in COLUMNS},
    },
    faults=[
        Fault(
            _("There is no position “%(said)s”: give its code or its name."),
            f"SELECT line, position FROM {STAGE} WHERE position_id IS NULL",
        )
    ],
    holds=HOLD,
    changing=[
        Fault(
            _("Officers are deployed on the terms of %(said)s: they cannot be changed by a file."),
            RESTS,
        ),
        Fault(
            _("What %(said)s is paid is confirmed: it is changed on its own page, by two people."),
            CONFIRMED,
        ),
    ],
    verb="terms",
    help=_(
        "Kinds of day and school levels have commas between them. A position that officers are "
        "deployed to keeps its terms."
    ),
)
