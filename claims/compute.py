"""What marks and marking records are worth: claims in a few statements, however many officers.

All that is approved or later stands still. What an officer earned beyond the sum of it, or less
than it, is the one claim of theirs in the exam that is open: the first one, or an adjustment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from catalogue.models import Exam
from claims.models import FIXED, OPEN, Claim

STILL_OPEN, APPROVED = (
    f"({', '.join(repr(str(status)) for status in statuses)})" for statuses in (OPEN, FIXED)
)
CARRIED = f"c.status IN {APPROVED}"  # what is not computed again, but taken off

# For the rest of the transaction: sorted and hashed in memory, and run rather than compiled, which
# takes longer than a portion does.
AT_ONCE = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"
# So that nobody verifies, disputes or approves a claim while it is replaced. In the order of their
# numbers, as everybody locks them.
LOCK = f"""
SELECT count(*) FROM (
    SELECT c.id FROM claims_claim c
    WHERE c.exam_id = %(exam)s AND c.status IN {STILL_OPEN} AND {{c}}
    ORDER BY c.id FOR UPDATE
) locked
"""
# Days present, of the kinds that the terms pay, at the rate in force on the day; what examiners'
# records say; and, taken off, what stands approved already. In tables of their own, whose size the
# planner is told: guessing them too small makes the rest quadratic.
DUE = """
CREATE TEMPORARY TABLE paid ON COMMIT DROP AS
    SELECT t.position_id, e.day, coalesce(
        (
            SELECT r.daily_rate FROM claims_ratechange r
            WHERE r.terms_id = t.id AND r.from_day <= e.day
            ORDER BY r.from_day DESC LIMIT 1
        ),
        t.daily_rate
    ) AS rate
    FROM catalogue_positionterms t
    JOIN catalogue_examday e ON e.exam_id = t.exam_id AND e.kind = ANY (t.paid_days)
    WHERE t.exam_id = %(exam)s;
ANALYZE paid;
CREATE TEMPORARY TABLE due ON COMMIT DROP AS
    WITH parts AS (
        SELECT m.officer_id, m.deployment_id, 'days' AS kind, paid.rate, count(*) AS quantity
        FROM deployments_post p
        JOIN deployments_deployment d ON d.post_id = p.id
        JOIN attendance_mark m ON m.deployment_id = d.id
        JOIN paid ON paid.position_id = p.position_id AND paid.day = m.day
        WHERE p.exam_id = %(exam)s AND m.status = 'present' AND {d} AND {m}
        GROUP BY m.officer_id, m.deployment_id, paid.rate
        UNION ALL
        SELECT d.officer_id, d.id, part.kind, part.rate, part.quantity
        FROM claims_markingrecord r
        JOIN deployments_deployment d ON d.id = r.deployment_id
        JOIN deployments_post p ON p.id = d.post_id
        LEFT JOIN claims_markingrate f
            ON f.exam_id = r.exam_id AND f.position_id = p.position_id
        CROSS JOIN LATERAL (VALUES
            ('coordination', f.coordination_fee, r.coordination_days::bigint, r.signed),
            ('basic', f.basic_fee, 1, r.signed),
            ('scripts', f.script_fee, r.scripts, r.signed),
            ('travel', r.travel, 1, r.signed),
            ('advance', r.advance, -1, true)
        ) AS part (kind, rate, quantity, counts)
        WHERE r.exam_id = %(exam)s AND part.counts AND part.rate > 0 AND {d}
        UNION ALL
        SELECT c.officer_id, l.deployment_id, l.kind, l.rate, -l.quantity
        FROM claims_claim c JOIN claims_claimline l ON l.claim_id = c.id
        WHERE c.exam_id = %(exam)s AND {carried} AND {c}
    )
    SELECT officer_id, deployment_id, kind, rate, sum(quantity)::int AS quantity
    FROM parts GROUP BY officer_id, deployment_id, kind, rate
    HAVING sum(quantity) <> 0;
ANALYZE due;
"""
# What is to become of each officer's open claim. Tax is of all that the officer earned in the exam,
# less what was withheld so far; so an adjustment may be of tax alone.
FIGURES = f"""
CREATE TEMPORARY TABLE figures ON COMMIT DROP AS
    WITH sums AS (
        SELECT officer_id,
            coalesce(sum(quantity) FILTER (WHERE kind IN ('days', 'coordination')), 0) AS days,
            coalesce(sum(quantity * rate) FILTER (WHERE kind <> 'advance'), 0) AS gross,
            coalesce(-sum(quantity * rate) FILTER (WHERE kind = 'advance'), 0) AS advance
        FROM due GROUP BY officer_id
    ),
    fixed AS (
        SELECT c.officer_id, min(c.id) FILTER (WHERE c.adjusts_id IS NULL) AS original,
            sum(c.gross) AS gross, sum(c.tax) AS tax, sum(c.net) AS net
        FROM claims_claim c
        WHERE c.exam_id = %(exam)s AND c.status IN {APPROVED} AND {{c}} GROUP BY c.officer_id
    ),
    stands AS (
        SELECT c.* FROM claims_claim c
        WHERE c.exam_id = %(exam)s AND c.status IN {STILL_OPEN} AND {{c}}
    ),
    other_lines AS (
        SELECT officer_id FROM (
            SELECT stands.officer_id, l.deployment_id, l.kind, l.rate, l.quantity
            FROM stands JOIN claims_claimline l ON l.claim_id = stands.id
        ) was
        FULL JOIN (
            SELECT due.* FROM due JOIN stands ON stands.officer_id = due.officer_id
        ) now USING (officer_id, deployment_id, kind, rate)
        WHERE was.quantity IS DISTINCT FROM now.quantity
        GROUP BY officer_id
    ),
    taxed AS (
        SELECT officer_id, stands.id AS old, stands.status AS old_status, fixed.original,
            stands.days AS old_days, stands.net AS old_net, coalesce(fixed.net, 0) AS fixed_net,
            coalesce(sums.days, 0) AS days, coalesce(sums.gross, 0) AS gross,
            coalesce(sums.advance, 0) AS advance,
            CASE WHEN coalesce(sums.gross, 0) + coalesce(fixed.gross, 0) > rule.above
                THEN round(
                    (coalesce(sums.gross, 0) + coalesce(fixed.gross, 0)) * rule.rate / 100, 2
                )
                ELSE 0 END - coalesce(fixed.tax, 0) AS tax,
            sums.officer_id IS NOT NULL AS has_lines,
            other_lines.officer_id IS NOT NULL AS other_lines,
            (stands.days, stands.gross, stands.tax, stands.advance) AS old_figures
        FROM sums
        FULL JOIN fixed USING (officer_id)
        FULL JOIN stands USING (officer_id)
        LEFT JOIN other_lines USING (officer_id)
        LEFT JOIN claims_taxrule rule ON rule.exam_id = %(exam)s
    )
    SELECT officer_id, original, old_status, old_days, old_net, fixed_net,
        days, gross, tax, advance, gross - tax - advance AS net,
        coalesce(old, CASE WHEN has_lines OR tax <> 0 THEN
            nextval(pg_get_serial_sequence('claims_claim', 'id'))
        END) AS claim_id,
        CASE
            WHEN old IS NULL THEN CASE WHEN has_lines OR tax <> 0 THEN 'new' END
            WHEN NOT has_lines AND tax = 0 AND old_status <> 'disputed' THEN 'gone'
            WHEN other_lines OR old_figures IS DISTINCT FROM (days::smallint, gross, tax, advance)
                THEN 'changed'
            ELSE 'same'
        END AS act
    FROM taxed ORDER BY officer_id;
ANALYZE figures;
"""
NEW = """
INSERT INTO claims_claim
    (id, officer_id, exam_id, adjusts_id, days, gross, tax, advance, net, status)
SELECT claim_id, officer_id, %(exam)s, original, days, gross, tax, advance, net, 'prepared'
FROM figures WHERE act = 'new'
"""
CHANGED = """
DELETE FROM claims_claimline l USING figures f
WHERE l.claim_id = f.claim_id AND f.act = 'changed';
UPDATE claims_claim c
SET days = f.days, gross = f.gross, tax = f.tax, advance = f.advance, net = f.net,
    prepared_at = now(), verified_by_id = NULL,
    status = CASE c.status WHEN 'verified' THEN 'prepared' ELSE c.status END
FROM figures f WHERE c.id = f.claim_id AND f.act = 'changed';
"""
LINES = """
INSERT INTO claims_claimline (claim_id, deployment_id, kind, quantity, rate, amount)
SELECT f.claim_id, d.deployment_id, d.kind, d.quantity, d.rate, d.quantity * d.rate
FROM due d JOIN figures f ON f.officer_id = d.officer_id
WHERE f.act IN ('new', 'changed')
ORDER BY f.claim_id, d.deployment_id, d.kind, d.rate
"""
TOLD = """
SELECT claim_id, officer_id, act, original, old_status, old_days, days, old_net, net, fixed_net
FROM figures WHERE act IN ('changed', 'gone') OR (act = 'new' AND original IS NOT NULL)
ORDER BY claim_id
"""
CONCERNED = """
SELECT officer_id FROM due
UNION
SELECT c.officer_id FROM claims_claim c
LEFT JOIN claims_taxrule rule ON rule.exam_id = c.exam_id
WHERE c.exam_id = %(exam)s
GROUP BY c.officer_id, rule.id
HAVING sum(c.tax) <> CASE WHEN sum(c.gross) > rule.above
    THEN round(sum(c.gross) * rule.rate / 100, 2) ELSE 0 END
ORDER BY officer_id
"""
STANDING = "SELECT act, count(*) FROM figures WHERE act IS NOT NULL GROUP BY act"

# Whom a computation is about: so many, from one number to another, or everybody.
Officers = Sequence[int] | range | None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was there already and is other than it was, or an adjustment of it."""

    claim: int
    officer: int
    act: str
    adjusts: int | None
    was_status: str | None
    was_days: int | None
    days: int
    was_net: Decimal | None
    net: Decimal
    approved_net: Decimal

    @property
    def total(self) -> Decimal:
        """All that the officer gets for the exam."""
        return self.approved_net + (0 if self.act == "gone" else self.net)

    @property
    def was_total(self) -> Decimal:
        return self.approved_net + (self.was_net or 0)

    @property
    def details(self) -> dict[str, Any]:
        """For the trail."""
        was = {"was_days": self.was_days, "was_net": str(self.was_net)} if self.was_status else {}
        return {"days": self.days, "net": str(self.net), **was}


@dataclass(frozen=True, slots=True)
class Computed:
    claims: int  # that are open now
    changes: list[Change]

    @property
    def gone(self) -> list[Change]:
        return [change for change in self.changes if change.act == "gone"]


def lock_exam(exam: Exam) -> None:
    """One computation of an exam at a time. Nobody else's rows of the exam wait for it."""
    Exam.objects.select_for_update(no_key=True).get(pk=exam.pk)


@transaction.atomic
def concerned(exam: Exam) -> list[int]:
    """The officers whose claims, all of them together, say something else than the marks do, or
    from whom something else is withheld than the tax rule says."""
    with connection.cursor() as cursor:
        cursor.execute(AT_ONCE)
        cursor.execute(_of(DUE, None, carried="true"), {"exam": exam.pk})
        cursor.execute(CONCERNED, {"exam": exam.pk})
        found = [officer for (officer,) in cursor.fetchall()]
        cursor.execute("DROP TABLE paid, due")
    return found


@transaction.atomic
def compute(exam: Exam, *, officers: Officers = None) -> Computed:
    """Bring the open claims of an exam to what the marks say now.

    An open claim that says so already is left alone. One that was verified, and is not so any
    more, is to be verified again; one that pays nothing any more goes, unless it is disputed.
    """
    values: dict[str, Any] = {"exam": exam.pk}
    if isinstance(officers, range):
        values |= {"first": officers.start, "last": officers.stop - 1}
    else:
        values |= {"officers": officers}
    with connection.cursor() as cursor:
        cursor.execute(AT_ONCE)
        cursor.execute(_of(LOCK, officers), values)
        cursor.execute(_of(DUE, officers), values)
        cursor.execute(_of(FIGURES, officers), values)
        cursor.execute(STANDING)
        acts = dict(cursor.fetchall())
        cursor.execute(TOLD)
        changes = [Change(*row) for row in cursor.fetchall()]
        if acts.get("gone"):
            going = [change.claim for change in changes if change.act == "gone"]
            Claim.objects.filter(pk__in=going).delete()
        cursor.execute(NEW, values)
        if acts.get("changed"):
            cursor.execute(CHANGED)
        cursor.execute(LINES)
        cursor.execute("DROP TABLE paid, due, figures")
    claims = sum(number for act, number in acts.items() if act != "gone")
    return Computed(claims, changes)


def _of(statement: str, officers: Officers, *, carried: str = CARRIED) -> str:
    """The statement about these officers alone."""
    if officers is None:
        condition = "true"
    elif isinstance(officers, range):
        condition = "{}.officer_id BETWEEN %(first)s AND %(last)s"
    else:
        condition = "{}.officer_id = ANY (%(officers)s::bigint[])"
    about = {table: condition.format(table) for table in "cdm"}
    return statement.format(carried=carried, **about)
