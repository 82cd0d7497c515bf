"""What it costs to prepare a nation's claims, beside the bare INSERT … SELECT of the same rows.

    .venv/bin/python bin/embedded.py var/bench .venv/bin/python bench/prepare.py [OFFICERS]

Makes an exam of 281,000 officers with three million marks, unless one of as many is there already;
prepares it as a worker does, portion by portion with its holds; and then, in the same run, writes
the same claims and lines by two bare statements. Then again, when nothing has changed, and when
one officer of a hundred has been marked otherwise after all were approved. What it writes is taken
back, but for the exam. It fails unless preparing takes no more than three times as long.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings_test")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from accounts.models import User
from catalogue.models import Exam
from claims import runs
from claims.compute import AT_ONCE
from claims.models import Claim, ClaimLine, RunKind
from cp2.rules import Role

OFFICERS = int(sys.argv[1]) if len(sys.argv) > 1 else 281_000
MOST = 3.0
OF_A_CENTRE = 26
TICKS = os.sysconf("SC_CLK_TCK")
YEAR = 2018

# Who is marked by whom matters to nobody here, nor do the triggers that watch over life.
WORLD = """
SET LOCAL session_replication_role = replica;
INSERT INTO catalogue_exam
    (year, code, abbreviation, name, rehearsal_on, starts_on, ends_on, cooling_off_years,
    hosting_threshold, centres_sign_in_for)
VALUES (%(year)s, 99, 'BENCH', 'To be measured', '2018-11-01', '2018-11-02', '2018-11-16', 3, 30,
    30);
INSERT INTO catalogue_examday (exam_id, day, kind)
SELECT exam.id, day, CASE day WHEN exam.rehearsal_on THEN 'rehearsal' ELSE 'theory' END
FROM catalogue_exam exam, generate_series(exam.rehearsal_on, exam.ends_on, '1 day') AS day
WHERE exam.code = 99 AND extract(isodow FROM day) < 6;
INSERT INTO catalogue_positionterms
    (exam_id, position_id, station_kind, minimum_per_centre, in_hosted_centres,
    lowest_qualification, years_of_experience, school_levels, tsc_employment_required, paid_days,
    daily_rate, days_to_respond, at_own_school, meets_needs, subject_required, training_required,
    vetting_required, counts_hosted)
SELECT exam.id, position.id, 'examination_centre', 1, true, '', 0, '{}', false,
    '{rehearsal,practical,theory}', 500 + 10 * position.rank, 3, 'forbidden', false, false, false,
    true, false
FROM catalogue_exam exam, catalogue_position position
WHERE exam.code = 99 AND position.code IN ('CM', 'SUP', 'INV', 'SEC', 'DRV');
INSERT INTO claims_taxrule (exam_id, rate, above)
SELECT id, 5, 6000 FROM catalogue_exam WHERE code = 99;
CREATE TEMPORARY TABLE person ON COMMIT DROP AS
    SELECT n, '2547' || lpad((90000000 + n)::text, 8, '0') AS phone,
        (n - 1) / %(centre)s AS centre, (n - 1) %% %(centre)s AS place
    FROM generate_series(1, %(officers)s) AS n;
INSERT INTO accounts_user
    (username, phone, password, is_superuser, name, role, office, language, issued_password,
    must_choose_password, is_active, issued_earlier, date_joined)
SELECT person.phone, person.phone, '!', false, '', 'officer', '', 'en', '', false, true, '', now()
FROM person ORDER BY n;
INSERT INTO profiles_officer
    (full_name, gender, nssf_number, sha_number, email, town, pf_number, payee_name, payee_phone,
    vetting, vetting_reason, user_id, sub_county_id, national_id, tsc_number, submitted_at)
SELECT 'Barasa Wafula ' || chr(65 + n %% 26), '', '', '', '', '', '',
    CASE WHEN n %% 50 = 0 THEN 'Wanjiku Njeri' ELSE 'Barasa Wafula' END, person.phone, 'vetted', '',
    account.id, (SELECT min(id) FROM catalogue_subcounty), (400000000 + n)::text,
    CASE WHEN n %% 40 <> 0 THEN (10000000 + n)::text END,
    CASE WHEN n %% 60 <> 0 THEN now() END
FROM person JOIN accounts_user account ON account.username = person.phone ORDER BY n;
INSERT INTO profiles_workexperience
    (employer, institution, level, designation, starts_on, officer_id, sub_county_id)
SELECT 'tsc', 'A school', '', 'Teacher', '2010-01-01', officer.id, 1
FROM profiles_officer officer JOIN accounts_user account ON account.id = officer.user_id
WHERE account.username >= '254790000000';
INSERT INTO catalogue_dutystation (kind, code, name, level, location, sub_county_id)
SELECT 'examination_centre', 'B' || lpad(centre::text, 7, '0'), 'Centre ' || centre, 'secondary',
    '', (SELECT min(id) FROM catalogue_subcounty) + centre %% 290
FROM generate_series(0, (%(officers)s - 1) / %(centre)s) AS centre;
INSERT INTO deployments_post (required, override_reason, exam_id, position_id, station_id)
SELECT %(centre)s, '', exam.id, position.id, station.id
FROM catalogue_dutystation station, catalogue_exam exam, catalogue_position position
WHERE station.code ~ '^B[0-9]{7}$' AND exam.code = 99
    AND position.code IN ('CM', 'SUP', 'INV', 'SEC', 'DRV') ORDER BY station.id, position.id;
INSERT INTO deployments_deployment
    (slot, status, starts_on, ends_on, respond_by, reason, officer_id, post_id)
SELECT person.place + 1, 'accepted', exam.rehearsal_on, exam.ends_on, now(), '', officer.id, post.id
FROM person
JOIN accounts_user account ON account.username = person.phone
JOIN profiles_officer officer ON officer.user_id = account.id
JOIN catalogue_dutystation station ON station.code = 'B' || lpad(person.centre::text, 7, '0')
JOIN catalogue_position position ON position.code = CASE person.place
    WHEN 0 THEN 'CM' WHEN 1 THEN 'SUP' WHEN 2 THEN 'SUP' WHEN 3 THEN 'SEC' WHEN 4 THEN 'DRV'
    ELSE 'INV' END
JOIN catalogue_exam exam ON exam.code = 99
JOIN deployments_post post ON post.station_id = station.id AND post.position_id = position.id
    AND post.exam_id = exam.id
ORDER BY officer.id;
-- as in life: day by day, and on each centre by centre
INSERT INTO attendance_mark (day, status, acting_name, deployment_id, marked_by_id, officer_id)
SELECT day.day, CASE WHEN (d.id + extract(doy FROM day.day)::int) %% 29 = 0
    THEN 'absent' ELSE 'present' END, 'Wanjala', d.id, (SELECT min(id) FROM accounts_user),
    d.officer_id
FROM catalogue_examday day
JOIN catalogue_exam exam ON exam.id = day.exam_id AND exam.code = 99
CROSS JOIN deployments_deployment d JOIN deployments_post p ON p.id = d.post_id
WHERE p.exam_id = exam.id ORDER BY day.day, hashint8(p.station_id), d.id;
"""
# As quick as a statement can be that knows what there is: no holds, no adjustments, no portions.
EARNED = """
WITH paid AS MATERIALIZED (
    SELECT t.position_id, e.day, t.daily_rate AS rate
    FROM catalogue_positionterms t
    JOIN catalogue_examday e ON e.exam_id = t.exam_id AND e.kind = ANY (t.paid_days)
    WHERE t.exam_id = %(exam)s
), earned AS (
    SELECT m.officer_id, m.deployment_id, paid.rate, count(*) AS days
    FROM attendance_mark m
    JOIN deployments_deployment d ON d.id = m.deployment_id
    JOIN deployments_post p ON p.id = d.post_id AND p.exam_id = %(exam)s
    JOIN paid ON paid.position_id = p.position_id AND paid.day = m.day
    WHERE m.status = 'present'
    GROUP BY m.officer_id, m.deployment_id, paid.rate
)
"""
CLAIMS = f"""
{AT_ONCE};
{EARNED}
INSERT INTO claims_claim (officer_id, exam_id, days, gross, tax, net, status)
SELECT officer_id, %(exam)s, days, gross, tax, gross - tax, 'prepared' FROM (
    SELECT e.officer_id, sum(e.days) AS days, sum(e.days * e.rate) AS gross,
        CASE WHEN sum(e.days * e.rate) > r.above
            THEN round(sum(e.days * e.rate) * r.rate / 100, 2) ELSE 0 END AS tax
    FROM earned e, claims_taxrule r WHERE r.exam_id = %(exam)s
    GROUP BY e.officer_id, r.above, r.rate
) sums
"""
LINES = f"""
{AT_ONCE};
{EARNED}
INSERT INTO claims_claimline (claim_id, deployment_id, kind, quantity, rate, amount)
SELECT c.id, e.deployment_id, 'days', e.days, e.rate, e.days * e.rate
FROM earned e JOIN claims_claim c ON c.officer_id = e.officer_id AND c.exam_id = %(exam)s
"""
SUM = """
SELECT count(*), sum(c.gross), sum(c.tax), (
    SELECT sum(l.amount) FROM claims_claimline l
    JOIN claims_claim of ON of.id = l.claim_id WHERE of.exam_id = %(exam)s
) FROM claims_claim c WHERE c.exam_id = %(exam)s
"""
APPROVE = """
UPDATE claims_claim SET status = 'approved', verified_by_id = %(one)s, approved_by_id = %(two)s
WHERE exam_id = %(exam)s
"""
OTHERWISE = """
SET LOCAL session_replication_role = replica;
UPDATE attendance_mark m SET status = CASE m.status WHEN 'absent' THEN 'present' ELSE 'absent' END
FROM deployments_deployment d JOIN deployments_post p ON p.id = d.post_id
WHERE d.id = m.deployment_id AND p.exam_id = %(exam)s AND m.day = '2018-11-05'
    AND m.officer_id %% 100 = 0
"""
CLEAR = """
SET LOCAL session_replication_role = replica;
DELETE FROM claims_hold WHERE claim_id IN (SELECT id FROM claims_claim WHERE exam_id = %(exam)s);
DELETE FROM claims_claimline
    WHERE claim_id IN (SELECT id FROM claims_claim WHERE exam_id = %(exam)s);
DELETE FROM claims_claim WHERE exam_id = %(exam)s;
"""


def run(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(sql, values)
        rows = cursor.fetchall() if cursor.description else []
        cursor.execute("COMMIT")
    return rows


def settle() -> None:
    """Nothing that was done before is paid for by what comes next."""
    run_alone("VACUUM ANALYZE")
    run_alone("CHECKPOINT")


def run_alone(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def world() -> Exam:
    there = Exam.objects.filter(code=99, year=YEAR).first()
    if there is None:
        began = time.monotonic()
        run(WORLD, year=YEAR, officers=OFFICERS, centre=OF_A_CENTRE)
        there = Exam.objects.get(code=99)
        print(f"made a nation in {time.monotonic() - began:.0f} s")
    run(CLEAR, exam=there.pk)
    return there


@contextmanager
def timed(what: str, took: dict[str, float]) -> Iterator[None]:
    settle()
    began, cpu = time.monotonic(), spent()
    yield
    seconds, took[what] = time.monotonic() - began, spent() - cpu
    print(f"{what + ':':42}{seconds:7.1f} s, {took[what]:6.1f} s of CPU", flush=True)


def spent() -> float:
    """Seconds of CPU of this process and its backend: other work on the machine is in none."""
    pid = run("SELECT pg_backend_pid()")[0][0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / TICKS


def prepare(exam: Exam) -> None:
    done = runs.finish(runs.start(RunKind.PREPARE, exam, by=None))
    print(f"    {done.status}, {done.portions} portions, {done.outcome} {done.failure}")


def main() -> int:
    call_command("migrate", verbosity=0)
    exam = world()
    marks = run("SELECT count(*) FROM attendance_mark")[0][0]
    took: dict[str, float] = {}
    with timed("bare INSERT … SELECT", took):
        run(CLAIMS, exam=exam.pk)
        run(LINES, exam=exam.pk)
    bare = run(SUM, exam=exam.pk)
    run(CLEAR, exam=exam.pk)
    with timed("prepared, with holds", took):
        prepare(exam)
    assert run(SUM, exam=exam.pk) == bare, "they differ"
    with timed("again, nothing changed", took):
        prepare(exam)
    assert run(SUM, exam=exam.pk) == bare
    one, two = (
        User.objects.get_or_create(username=name, defaults={"role": Role.STAFF})[0]
        for name in ("bench-one", "bench-two")
    )
    run(APPROVE, exam=exam.pk, one=one.pk, two=two.pk)
    run(OTHERWISE, exam=exam.pk)
    with timed("again, all approved, one in 100 changed", took):
        prepare(exam)
    assert Claim.objects.filter(exam=exam, adjusts__isnull=False).exists()
    lines = ClaimLine.objects.filter(claim__exam=exam).count()
    run(OTHERWISE, exam=exam.pk)
    run(CLEAR, exam=exam.pk)
    ratio = took["prepared, with holds"] / took["bare INSERT … SELECT"]
    print(f"{bare[0][0]} claims, {lines} lines, {marks} marks: {ratio:.2f} × the bare statements")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
