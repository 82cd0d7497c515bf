"""The rules that hold a claim, each as one statement over all the claims that are looked at.

`looked_at` is those claims, `places` where their lines were served; `due` collects who is to be
held why. What goes into `due.grounds` is what a person's decision rests on: as long as it is the
same, what they cleared is not raised again. They are never empty: that is how a hold is known to be
of a rule.
"""

from collections.abc import Iterator

from django.db import models
from django.db.backends.utils import CursorWrapper

from claims.models import Claim, HoldCode
from profiles.names import same_name
from profiles.services import CLASHED

# Raised by what is so now, and cleared once it is so no longer.
BY_RULE = [
    HoldCode.PAYEE_NAME,
    HoldCode.MISSING_NUMBER,
    HoldCode.NOT_SUBMITTED,
    HoldCode.NOT_VETTED,
    HoldCode.RETURN,
    HoldCode.NOT_DEPLOYED,
    HoldCode.DUPLICATE,
    HoldCode.INVESTIGATION,
]

# Tables of their own whose sizes the planner is told: guessing them too small makes it quadratic.
LOOK = """
CREATE TEMPORARY TABLE looked_at (claim, officer, exam) ON COMMIT DROP AS {rows};
ANALYZE looked_at;
"""
PLACES = """
CREATE TEMPORARY TABLE places ON COMMIT DROP AS
    SELECT DISTINCT look.claim, look.officer, post.exam_id AS exam, post.station_id AS station,
        post.position_id AS position, deployment.status
    FROM looked_at look
    JOIN claims_claim claim ON claim.id = look.claim
    -- an adjustment of the tax alone has no line; it is for the work of the claim that it adjusts
    JOIN claims_claimline line ON line.claim_id = CASE
        WHEN claim.adjusts_id IS NULL
            OR EXISTS (SELECT FROM claims_claimline own WHERE own.claim_id = claim.id)
        THEN claim.id ELSE claim.adjusts_id END
    JOIN deployments_deployment deployment ON deployment.id = line.deployment_id
    JOIN deployments_post post ON post.id = deployment.post_id;
ANALYZE places;
CREATE TEMPORARY TABLE due (
    claim bigint, code varchar(16), note varchar(300), grounds varchar(300)
) ON COMMIT DROP;
"""
FORGET = "DROP TABLE due; DROP TABLE places; DROP TABLE looked_at;"

NOT_SUBMITTED = """
INSERT INTO due
SELECT look.claim, 'not_submitted', '', 'not_submitted'
FROM looked_at look JOIN profiles_officer officer ON officer.id = look.officer
WHERE officer.submitted_at IS NULL
"""
# Who is employed nowhere has neither of the two numbers that an employer gives.
MISSING_NUMBER = """
INSERT INTO due
SELECT claim, 'missing_number', missing, missing FROM (
    SELECT look.claim, concat_ws(', ',
        CASE WHEN coalesce(officer.national_id, '') = '' THEN 'ID' END,
        CASE WHEN coalesce(officer.tsc_number, '') = '' AND officer.pf_number = ''
            AND work.employer IS DISTINCT FROM 'none' THEN 'TSC/PF' END
    ) AS missing
    FROM looked_at look JOIN profiles_officer officer ON officer.id = look.officer
    LEFT JOIN profiles_workexperience work
        ON work.officer_id = officer.id AND work.ends_on IS NULL
) gaps WHERE missing <> ''
"""
NOT_VETTED = """
INSERT INTO due
SELECT DISTINCT place.claim, 'not_vetted', '', officer.vetting
FROM places place
JOIN profiles_officer officer ON officer.id = place.officer AND officer.vetting <> 'vetted'
JOIN catalogue_positionterms terms
    ON terms.exam_id = place.exam AND terms.position_id = place.position
WHERE terms.vetting_required
"""
# Places without an entry, such as marking centres, return no register.
RETURN = """
INSERT INTO due
SELECT claim, 'return', codes, codes FROM (
    SELECT place.claim,
        left(string_agg(DISTINCT station.code, ', ' ORDER BY station.code), 300) AS codes
    FROM places place
    JOIN catalogue_centreentry entry
        ON entry.exam_id = place.exam AND entry.station_id = place.station
    JOIN catalogue_dutystation station ON station.id = place.station
    LEFT JOIN attendance_registerreturn paper ON paper.entry_id = entry.id
    WHERE paper.status IS DISTINCT FROM 'received'
    GROUP BY place.claim
) held
"""
# A deployment that was served and then cut short is moved, so these were never served by right.
NOT_DEPLOYED = """
INSERT INTO due
SELECT claim, 'not_deployed', codes, codes FROM (
    SELECT place.claim,
        left(string_agg(DISTINCT station.code, ', ' ORDER BY station.code), 300) AS codes
    FROM places place JOIN catalogue_dutystation station ON station.id = place.station
    WHERE place.status NOT IN ('accepted', 'moved')
    GROUP BY place.claim
) held
"""
INVESTIGATION = """
INSERT INTO due
SELECT place.claim, 'investigation',
    left(string_agg(DISTINCT station.code, ', ' ORDER BY station.code), 300),
    left(string_agg(DISTINCT into_it.id::text, ','), 300)
FROM places place
JOIN claims_investigation into_it
    ON into_it.exam_id = place.exam AND into_it.station_id = place.station
    AND into_it.closed_at IS NULL
JOIN catalogue_dutystation station ON station.id = place.station
GROUP BY place.claim
"""
# Whose claim of the same exam goes to the same number or account, by the road that both are paid
# by, or who is the same person by the numbers that they have tried to type. The grounds name the
# other officers.
DUPLICATE = """
INSERT INTO due
SELECT claim, 'duplicate', '',
    CASE WHEN length(alike) > 300 THEN md5(alike) ELSE alike END
FROM (
    SELECT pair.claim, string_agg(kind || ':' || other, ' ' ORDER BY kind, other) AS alike FROM (
        SELECT look.claim, look.exam, 'number' AS kind, other.id AS other
        FROM looked_at look
        JOIN profiles_officer one
            ON one.id = look.officer AND one.payee_phone <> '' AND one.paid_by = 'mpesa'
        JOIN profiles_officer other
            ON other.payee_phone = one.payee_phone AND other.id <> one.id
            AND other.paid_by = 'mpesa'
        UNION
        SELECT look.claim, look.exam, 'account', theirs.officer_id
        FROM looked_at look
        JOIN profiles_officer one ON one.id = look.officer AND one.paid_by = 'bank'
        JOIN profiles_bankaccount ours ON ours.officer_id = look.officer
        JOIN profiles_bankaccount theirs
            ON theirs.number = ours.number AND theirs.bank_id = ours.bank_id
            AND theirs.officer_id <> ours.officer_id
        JOIN profiles_officer other ON other.id = theirs.officer_id AND other.paid_by = 'bank'
        UNION
        SELECT look.claim, look.exam, 'person', clash.other
        FROM (
            SELECT subject_id AS one, (details->>'other')::bigint AS other FROM accounts_entry
            WHERE subject_type = 'profiles.officer' AND verb = %(clashed)s
            UNION
            SELECT (details->>'other')::bigint, subject_id FROM accounts_entry
            WHERE subject_type = 'profiles.officer' AND verb = %(clashed)s
        ) clash
        JOIN looked_at look ON look.officer = clash.one
        WHERE clash.other IS NOT NULL AND clash.one <> clash.other
    ) pair
    WHERE EXISTS (
        SELECT FROM claims_claim claim
        WHERE claim.officer_id = pair.other AND claim.exam_id = pair.exam
    )
    GROUP BY pair.claim
) found
"""
# Of whom M-Pesa pays: at a bank the account is in their own name. Most names differ in nothing but
# capitals and marks; the odd ones are looked at one by one.
ODD_NAMES = """
SELECT look.claim, officer.payee_name, officer.full_name
FROM {table} look JOIN profiles_officer officer ON officer.id = look.officer
WHERE officer.payee_name <> '' AND officer.paid_by = 'mpesa'
    AND translate(lower(officer.payee_name), 'ũĩ''`´‘’ʻʼ', 'ui')
        <> translate(lower(officer.full_name), 'ũĩ''`´‘’ʻʼ', 'ui')
"""
PAYEE_NAME = """
INSERT INTO due
SELECT claim, 'payee_name', name, name
FROM unnest(%(claims)s::bigint[], %(names)s::text[]) AS odd (claim, name)
"""
RULES = [
    NOT_SUBMITTED,
    MISSING_NUMBER,
    NOT_VETTED,
    RETURN,
    NOT_DEPLOYED,
    INVESTIGATION,
    DUPLICATE,
]


def judge(cursor: CursorWrapper, claims: models.QuerySet[Claim]) -> None:
    """Fill `due`, in the transaction of the caller."""
    look_at(cursor, claims)
    cursor.execute(";".join([PLACES, *RULES]), {"clashed": CLASHED})
    odd = [(claim, payee) for claim, payee, _name in other_names(cursor, "looked_at")]
    if odd:
        claims_held, names = zip(*odd, strict=True)
        cursor.execute(PAYEE_NAME, {"claims": list(claims_held), "names": list(names)})


def look_at(cursor: CursorWrapper, claims: models.QuerySet[Claim]) -> None:
    """Raises EmptyResultSet where nobody asked for any claim."""
    rows, params = claims.order_by().values("pk", "officer", "exam").query.sql_with_params()
    cursor.execute(LOOK.format(rows=rows), params)


def other_names(cursor: CursorWrapper, table: str) -> Iterator[tuple[int, str, str]]:
    """Of the claims in this table: whose payee has another name than they themselves, and both."""
    cursor.execute(ODD_NAMES.format(table=table))
    for claim, payee, name in cursor.fetchall():
        if not same_name(payee, name):
            yield claim, payee, name
