"""What marks are worth: an exam's claims in a few statements, however many officers there are."""

from django.db import connection, models
from django.db.models import Exists, OuterRef

from catalogue.models import Exam
from claims.models import Claim, ClaimLine, ClaimStatus

# Days present, of the kinds that the terms pay, at the terms' rate. In a table of its own, whose
# size the planner is told: guessing it too small makes the rest quadratic.
EARN = """
CREATE TEMPORARY TABLE earned ON COMMIT DROP AS
    SELECT m.officer_id, m.deployment_id, t.daily_rate AS rate, count(*) AS days
    FROM deployments_post p
    JOIN catalogue_positionterms t ON t.exam_id = p.exam_id AND t.position_id = p.position_id
    JOIN deployments_deployment d ON d.post_id = p.id
    JOIN attendance_mark m ON m.deployment_id = d.id AND m.status = 'present'
    JOIN catalogue_examday e
        ON e.exam_id = p.exam_id AND e.day = m.day AND e.kind = ANY (t.paid_days)
    WHERE p.exam_id = %(exam)s
        AND (%(officers)s::bigint[] IS NULL OR m.officer_id = ANY (%(officers)s::bigint[]))
    GROUP BY m.officer_id, m.deployment_id, t.daily_rate;
ANALYZE earned;
"""
# A claim that somebody has looked at stays as it is; a new one has no lines yet.
CLAIM = """
WITH sums AS (
    SELECT officer_id, sum(days) AS days, sum(days * rate) AS gross
    FROM earned GROUP BY officer_id
), taxed AS (
    SELECT s.*,
        CASE WHEN s.gross > r.above THEN round(s.gross * r.rate / 100, 2) ELSE 0 END AS tax
    FROM sums s LEFT JOIN claims_taxrule r ON r.exam_id = %(exam)s
)
INSERT INTO claims_claim AS c (officer_id, exam_id, days, gross, tax, net, status)
SELECT officer_id, %(exam)s, days, gross, tax, gross - tax, 'prepared' FROM taxed
ON CONFLICT (officer_id, exam_id) WHERE adjusts_id IS NULL DO UPDATE
SET days = EXCLUDED.days, gross = EXCLUDED.gross, tax = EXCLUDED.tax, net = EXCLUDED.net,
    prepared_at = now()
WHERE c.status = 'prepared'
"""
LINES = """
INSERT INTO claims_claimline (claim_id, deployment_id, quantity, rate, amount)
SELECT c.id, e.deployment_id, e.days, e.rate, e.days * e.rate
FROM earned e
JOIN claims_claim c ON c.officer_id = e.officer_id AND c.exam_id = %(exam)s
WHERE c.status = 'prepared'
ORDER BY c.id, e.deployment_id
"""


def lock_exam(exam: Exam) -> None:
    """One computation of an exam at a time. Nobody else's rows of the exam wait for it."""
    Exam.objects.select_for_update(no_key=True).get(pk=exam.pk)


def compute(exam: Exam, *, officers: list[int] | None = None) -> tuple[int, list[int]]:
    """Write the claims of an exam's officers, or of those with these ids.

    Answers with the number of claims and the officers whose claim went away, since none of their
    days is paid any more.
    """
    drafts = Claim.objects.filter(exam=exam, status=ClaimStatus.PREPARED)
    if officers is not None:
        drafts = drafts.filter(officer__in=officers)
    values = {"exam": exam.pk, "officers": officers}

    _lock(drafts)
    ClaimLine.objects.filter(claim__in=drafts).delete()
    with connection.cursor() as cursor:
        cursor.execute(EARN, values)
        cursor.execute(CLAIM, values)
        prepared = cursor.rowcount
        cursor.execute(LINES, values)
        cursor.execute("DROP TABLE earned")

    emptied = drafts.exclude(Exists(ClaimLine.objects.filter(claim=OuterRef("pk"))))
    gone = list(emptied.values_list("officer", flat=True))
    if gone:
        emptied.delete()
    return prepared, gone


def _lock(drafts: models.QuerySet[Claim]) -> None:
    """So that nobody verifies a claim while its lines are being replaced."""
    rows, params = drafts.order_by("pk").select_for_update().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({rows}) AS locked", params)
