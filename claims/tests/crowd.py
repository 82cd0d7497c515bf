"""Thousands of approved claims, made in a few statements."""

from django.db import connection

from catalogue.models import Exam
from cp2.tests import make

USERS = """
INSERT INTO accounts_user (username, phone, name, role, office, language, password, news_off,
    issued_password, issued_earlier, must_choose_password, is_active, is_superuser)
SELECT '2541' || lpad(n::text, 8, '0'), '2541' || lpad(n::text, 8, '0'), '', 'officer', '', 'en',
    '!', '{}', '', '', false, true, false
FROM generate_series(1, %(count)s) n
"""
OFFICERS = """
INSERT INTO profiles_officer (user_id, full_name, gender, national_id, nssf_number, sha_number,
    email, town, tsc_number, pf_number, payee_name, payee_phone, paid_by, sub_county_id,
    submitted_at, vetting, vetting_reason)
SELECT id, 'Wanjikũ Ng''ang''a ' || id, '', (60000000 + id)::text, '', '', '', '',
    (6000000 + id)::text, '', 'WANJIKU NGANGA ' || id, phone, %(paid_by)s, %(sub_county)s,
    now(), 'vetted', ''
FROM accounts_user WHERE username LIKE '2541%%'
"""
ACCOUNTS = """
INSERT INTO profiles_bankaccount (officer_id, bank_id, branch_id, number)
SELECT o.id, b.bank_id, b.id, lpad((o.id * 7919)::text, 13, '0')
FROM profiles_officer o
JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n, count(*) OVER () AS of
      FROM catalogue_bankbranch) b ON b.n = o.id %% b.of
WHERE o.paid_by = 'bank' AND NOT EXISTS (
    SELECT FROM profiles_bankaccount WHERE officer_id = o.id
)
"""
CLAIMS = """
INSERT INTO claims_claim (officer_id, exam_id, days, gross, tax, net, status)
SELECT o.id, %(exam)s, 2, 1100, 0, 1100, 'prepared'
FROM profiles_officer o JOIN accounts_user u ON u.id = o.user_id
WHERE u.username LIKE '2541%%' ORDER BY o.id
"""
LINES = """
INSERT INTO claims_claimline (claim_id, deployment_id, quantity, rate, amount)
SELECT id, %(deployment)s, 2, 550, 1100 FROM claims_claim
WHERE exam_id = %(exam)s AND status = 'prepared'
"""
MOVES = [
    "UPDATE claims_claim SET status = 'verified', verified_by_id = %(verifier)s "
    "WHERE exam_id = %(exam)s AND status = 'prepared'",
    "UPDATE claims_claim SET status = 'approved', approved_by_id = %(approver)s "
    "WHERE exam_id = %(exam)s AND status = 'verified'",
]


def approved(count: int, *, paid_by: str = "mpesa") -> Exam:
    """An exam with so many approved claims of officers who had none; of two banks, if of banks."""
    deployment = make.deployment()
    exam, bank = deployment.post.exam, make.branch().bank
    for code in ("001", "002", "003"):
        bank.branches.get_or_create(code=code, defaults={"name": f"Branch {code}"})
    values = {
        "count": count,
        "paid_by": paid_by,
        "exam": exam.pk,
        "deployment": deployment.pk,
        "sub_county": deployment.post.station.sub_county_id,
        "verifier": make.user().pk,
        "approver": make.user().pk,
    }
    with connection.cursor() as cursor:
        for statement in (USERS, OFFICERS, ACCOUNTS, CLAIMS, LINES, *MOVES):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE")
    return exam


def again(exam: Exam, *, paid_by: str) -> Exam:
    """The same people once more, in another exam, paid by this."""
    deployment = make.deployment()
    values = {
        "paid_by": paid_by,
        "exam": deployment.post.exam_id,
        "deployment": deployment.pk,
        "verifier": make.user().pk,
        "approver": make.user().pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_officer SET paid_by = %(paid_by)s WHERE user_id IN "
            "(SELECT id FROM accounts_user WHERE username LIKE '2541%%')",
            values,
        )
        for statement in (ACCOUNTS, CLAIMS, LINES, *MOVES):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE")
    return deployment.post.exam
