"""What is odd about an exam's claims, each kind as one statement over all of them.

`suspect` is the claims, one for each officer (adjustments belong to theirs); `found` collects what
is odd. Numbers that several people share go in as digests: a key for the group, and no number.
"""

from claims.models import GhostCode

BEGIN = """
CREATE TEMPORARY TABLE suspect ON COMMIT DROP AS
    SELECT claim.id AS claim, claim.officer_id AS officer, claim.days FROM claims_claim claim
    WHERE claim.exam_id = %(exam)s AND claim.adjusts_id IS NULL;
CREATE UNIQUE INDEX ON suspect (officer);
ANALYZE suspect;
CREATE TEMPORARY TABLE found (
    claim bigint, code varchar(16), group_key varchar(40), detail jsonb
) ON COMMIT DROP;
"""

# A hold asks where money goes. Here it is asked who stands behind several people, and what they
# have given as theirs tells that by whichever road they are paid at this moment.
SAME_PAYEE = """
WITH shared AS (
    SELECT officer.payee_phone AS phone, count(*) AS people
    FROM suspect JOIN profiles_officer officer ON officer.id = suspect.officer
    WHERE officer.payee_phone <> '' GROUP BY 1 HAVING count(*) > 1
)
INSERT INTO found
SELECT suspect.claim, 'same_payee', left(md5(shared.phone), 16),
    jsonb_build_object('people', shared.people)
FROM shared
JOIN profiles_officer officer ON officer.payee_phone = shared.phone
JOIN suspect ON suspect.officer = officer.id
"""
SAME_ACCOUNT = """
WITH shared AS (
    SELECT account.bank_id, account.number, count(*) AS people
    FROM suspect JOIN profiles_bankaccount account ON account.officer_id = suspect.officer
    GROUP BY 1, 2 HAVING count(*) > 1
)
INSERT INTO found
SELECT suspect.claim, 'same_account', left(md5(shared.bank_id || ' ' || shared.number), 16),
    jsonb_build_object('people', shared.people)
FROM shared
JOIN profiles_bankaccount account USING (bank_id, number)
JOIN suspect ON suspect.officer = account.officer_id
"""
# The same number written otherwise; one name, year and end of an ID; a number typed into two
# accounts. An ID, a KRA PIN and a TSC number are each in one account only, as they are written.
SAME_PERSON = """
WITH known AS (
    SELECT suspect.claim, officer.* FROM suspect
    JOIN profiles_officer officer ON officer.id = suspect.officer
), written AS (
    SELECT claim, 'PF' AS by, upper(regexp_replace(pf_number, '[^[:alnum:]]', '', 'g')) AS number
    FROM known WHERE length(pf_number) >= 5
    UNION ALL
    SELECT claim, 'KRA PIN', substr(kra_pin, 2, 9) FROM known WHERE kra_pin IS NOT NULL
    UNION ALL
    SELECT claim, 'ID', ltrim(national_id, '0') FROM known WHERE national_id IS NOT NULL
    UNION ALL
    SELECT claim, 'ID, name, year',
        lower(full_name) || ' ' || year_of_birth || ' ' || right(national_id, 3)
    FROM known
    WHERE national_id IS NOT NULL AND year_of_birth IS NOT NULL AND full_name <> ''
), shared AS (
    SELECT by, number, count(*) AS people FROM written GROUP BY 1, 2 HAVING count(*) > 1
), met AS (
    SELECT DISTINCT least(subject_id, (details->>'other')::bigint) AS one,
        greatest(subject_id, (details->>'other')::bigint) AS other
    FROM accounts_entry
    WHERE subject_type = 'profiles.officer' AND verb = %(clashed)s
        AND (details->>'other')::bigint <> subject_id
), together AS (
    SELECT one, other, one AS officer FROM met UNION ALL SELECT one, other, other FROM met
)
INSERT INTO found
SELECT written.claim, 'same_person', left(md5(shared.by || shared.number), 16),
    jsonb_build_object('by', shared.by, 'people', shared.people)
FROM shared JOIN written USING (by, number)
UNION ALL
SELECT suspect.claim, 'same_person', left(md5(together.one || ' ' || together.other), 16),
    jsonb_build_object('by', 'ID, KRA, TSC', 'people', 2)
FROM together JOIN suspect USING (officer)
WHERE EXISTS (SELECT FROM suspect WHERE suspect.officer = together.one)
    AND EXISTS (SELECT FROM suspect WHERE suspect.officer = together.other)
"""
PAYS_ANOTHER = """
INSERT INTO found
SELECT suspect.claim, 'pays_another', left(md5(officer.payee_phone), 16), '{}'
FROM suspect JOIN profiles_officer officer ON officer.id = suspect.officer
JOIN accounts_user account ON account.phone = officer.payee_phone AND account.id <> officer.user_id
JOIN profiles_officer other ON other.user_id = account.id
WHERE officer.payee_phone <> ''
"""
SAME_KIN = """
WITH kin AS (
    SELECT suspect.claim, kin.phone, count(*) OVER (PARTITION BY kin.phone) AS people
    FROM suspect JOIN profiles_nextofkin kin ON kin.officer_id = suspect.officer
)
INSERT INTO found
SELECT claim, 'same_kin', left(md5(phone), 16), jsonb_build_object('people', people)
FROM kin WHERE people >= 3
"""
NAME_FAR = """
INSERT INTO found
SELECT claim, 'name_far', '', jsonb_build_object('likeness', likeness)
FROM unnest(%(claims)s::bigint[], %(likeness)s::int[]) AS odd (claim, likeness)
"""

NOT_ACCEPTED = """
INSERT INTO found
SELECT suspect.claim, 'not_accepted', 'd' || deployment.id,
    jsonb_build_object('station', station.code, 'status', deployment.status)
FROM suspect
JOIN claims_claimline line ON line.claim_id = suspect.claim
JOIN deployments_deployment deployment
    ON deployment.id = line.deployment_id AND deployment.status NOT IN ('accepted', 'moved')
JOIN deployments_post post ON post.id = deployment.post_id
JOIN catalogue_dutystation station ON station.id = post.station_id
"""
# In all, and at each centre, which may not work on every day of its exam.
TOO_MANY_DAYS = """
WITH days AS (SELECT count(*) AS possible FROM catalogue_examday WHERE exam_id = %(exam)s),
works AS (
    SELECT entry.station_id, count(*) AS possible
    FROM catalogue_centreentry entry
    JOIN catalogue_examday day ON day.exam_id = entry.exam_id AND (
        day.kind = 'rehearsal' OR day.papers = '{}' OR entry.papers = '{}'
        OR day.papers && entry.papers
    )
    WHERE entry.exam_id = %(exam)s GROUP BY 1
), served AS (
    SELECT line.claim_id AS claim, post.station_id, sum(line.quantity) AS days
    FROM claims_claimline line
    JOIN suspect ON suspect.claim = line.claim_id
    JOIN deployments_deployment deployment ON deployment.id = line.deployment_id
    JOIN deployments_post post ON post.id = deployment.post_id
    WHERE line.kind = 'days' GROUP BY 1, 2
)
INSERT INTO found
SELECT suspect.claim, 'too_many_days', '',
    jsonb_build_object('days', suspect.days, 'possible', days.possible)
FROM suspect, days WHERE suspect.days > days.possible
UNION ALL
SELECT served.claim, 'too_many_days', 's' || served.station_id,
    jsonb_build_object('days', served.days, 'possible', works.possible, 'station', station.code)
FROM served JOIN works USING (station_id)
JOIN catalogue_dutystation station ON station.id = served.station_id
WHERE served.days > works.possible
"""
ODD_RATE = """
WITH allowed AS (
    SELECT position_id, 'days' AS kind, daily_rate AS rate FROM catalogue_positionterms
    WHERE exam_id = %(exam)s
    UNION SELECT terms.position_id, 'days', later.daily_rate FROM claims_ratechange later
    JOIN catalogue_positionterms terms ON terms.id = later.terms_id AND terms.exam_id = %(exam)s
    UNION SELECT position_id, 'coordination', coordination_fee FROM claims_markingrate
    WHERE exam_id = %(exam)s
    UNION SELECT position_id, 'basic', basic_fee FROM claims_markingrate WHERE exam_id = %(exam)s
    UNION SELECT position_id, 'scripts', script_fee FROM claims_markingrate
    WHERE exam_id = %(exam)s
)
INSERT INTO found
SELECT DISTINCT ON (line.claim_id, post.position_id, line.kind, line.rate)
    suspect.claim, 'odd_rate', left(md5(post.position_id || line.kind || line.rate), 16),
    jsonb_build_object('rate', line.rate)
FROM suspect
JOIN claims_claimline line
    ON line.claim_id = suspect.claim AND line.kind IN ('days', 'coordination', 'basic', 'scripts')
JOIN deployments_deployment deployment ON deployment.id = line.deployment_id
JOIN deployments_post post ON post.id = deployment.post_id
WHERE NOT EXISTS (
    SELECT FROM allowed WHERE allowed.position_id = post.position_id
        AND allowed.kind = line.kind AND allowed.rate = line.rate
)
"""

MARKS = """
CREATE TEMPORARY TABLE marked ON COMMIT DROP AS
    SELECT mark.officer_id AS officer, post.id AS post, post.station_id AS station, mark.day,
        mark.status = 'present' AS present, mark.received_at,
        mark.way = 'amendment' OR mark.received_at > (
            mark.day + exam.registers_close_after + exam.registers_close_at
        ) AT TIME ZONE 'Africa/Nairobi' AS late
    FROM deployments_post post
    JOIN catalogue_exam exam ON exam.id = post.exam_id
    JOIN deployments_deployment deployment ON deployment.post_id = post.id
    JOIN attendance_mark mark ON mark.deployment_id = deployment.id
    WHERE post.exam_id = %(exam)s;
ANALYZE marked;
"""
ONLY_LATE = """
INSERT INTO found
SELECT suspect.claim, 'only_late', '', jsonb_build_object('days', count(*))
FROM marked JOIN suspect ON suspect.officer = marked.officer
WHERE marked.present GROUP BY suspect.claim HAVING bool_and(marked.late)
"""
# Of three days and two people at least: less than an hour from the first to the last, or the same
# minute on each day.
ONE_SITTING = """
WITH sitting AS (
    SELECT station FROM marked GROUP BY station
    HAVING max(day) - min(day) >= 2 AND max(officer) <> min(officer) AND bool_and(present)
        AND (
            max(received_at) - min(received_at) < interval '1 hour'
            OR max(extract(hour FROM received_at) * 60 + extract(minute FROM received_at))
                = min(extract(hour FROM received_at) * 60 + extract(minute FROM received_at))
        )
), people AS (
    SELECT DISTINCT marked.station, marked.officer FROM marked JOIN sitting USING (station)
)
INSERT INTO found
SELECT suspect.claim, 'one_sitting', 's' || people.station,
    jsonb_build_object('station', station.code)
FROM people JOIN suspect USING (officer)
JOIN catalogue_dutystation station ON station.id = people.station
"""
OVER_ENTITLED = """
WITH counted AS (
    SELECT post, day, count(*) AS present FROM marked WHERE present GROUP BY post, day
), most AS (
    SELECT counted.post, max(counted.present) AS present FROM counted GROUP BY counted.post
), beyond AS (
    SELECT most.post, most.present, post.required, station.code
    FROM most JOIN deployments_post post ON post.id = most.post
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE most.present > post.required
), people AS (
    SELECT DISTINCT marked.officer, beyond.* FROM marked JOIN beyond USING (post)
    WHERE marked.present
)
INSERT INTO found
SELECT suspect.claim, 'over_entitled', 'p' || people.post, jsonb_build_object(
    'station', people.code, 'present', people.present, 'entitled', people.required
)
FROM people JOIN suspect USING (officer)
"""

NOT_IN_REGISTER = """
INSERT INTO found
SELECT suspect.claim, 'not_in_register', '',
    jsonb_build_object('status', coalesce(register.outcome, 'not_checked'))
FROM suspect JOIN profiles_officer officer ON officer.id = suspect.officer
LEFT JOIN profiles_registercheck register
    ON register.officer_id = officer.id AND register.register = 'tsc'
WHERE register.outcome <> 'verified' AND register.accepted_by_id IS NULL
    OR register.id IS NULL AND officer.tsc_number IS NOT NULL
        AND EXISTS (SELECT FROM profiles_registerentry WHERE register = 'tsc')
"""
LATE_ACCOUNT = """
INSERT INTO found
SELECT suspect.claim, 'late_account', '', jsonb_build_object(
    'joined', (account.date_joined AT TIME ZONE 'Africa/Nairobi')::date
)
FROM suspect JOIN profiles_officer officer ON officer.id = suspect.officer
JOIN accounts_user account ON account.id = officer.user_id
JOIN catalogue_exam exam ON exam.id = %(exam)s
WHERE (account.date_joined AT TIME ZONE 'Africa/Nairobi')::date > exam.rehearsal_on
"""
# Where most have not, as after accounts were brought over from elsewhere, it tells nothing.
NEVER_SIGNED_IN = """
WITH unused AS (
    SELECT suspect.claim FROM suspect
    JOIN profiles_officer officer ON officer.id = suspect.officer
    JOIN accounts_user account ON account.id = officer.user_id AND account.last_login IS NULL
), many AS (
    SELECT (SELECT count(*) FROM unused) AS unused, (SELECT count(*) FROM suspect) AS all_of_them
)
INSERT INTO found
SELECT unused.claim, 'never_signed_in', '', '{}' FROM unused, many
WHERE many.all_of_them < 20 OR many.unused * 2 < many.all_of_them
"""

# What is no longer so goes; what still is keeps what a person found, if its figures are the same.
KEEP = """
DELETE FROM claims_ghostsignal signal
WHERE signal.exam_id = %(exam)s AND signal.code = ANY (%(codes)s) AND NOT EXISTS (
    SELECT FROM found
    WHERE found.claim = signal.claim_id AND found.code = signal.code
        AND found.group_key = signal.group_key
);
INSERT INTO claims_ghostsignal AS signal
    (exam_id, claim_id, code, group_key, weight, detail, finding)
SELECT DISTINCT ON (found.claim, found.code, found.group_key)
    %(exam)s, found.claim, found.code, found.group_key, weight.weight, found.detail, ''
FROM found
JOIN unnest(%(codes)s::text[], %(weights)s::int[]) AS weight (code, weight) USING (code)
ORDER BY found.claim, found.code, found.group_key
ON CONFLICT (claim_id, code, group_key) DO UPDATE
SET detail = EXCLUDED.detail, weight = EXCLUDED.weight, computed_at = now(),
    looked_by_id = NULL, looked_at = NULL, finding = ''
WHERE signal.detail <> EXCLUDED.detail OR signal.weight <> EXCLUDED.weight
"""

# Portions of a run: those that read the same tables, in one transaction.
FAMILIES: dict[str, dict[str, str]] = {
    "payees": {
        GhostCode.SAME_PAYEE: SAME_PAYEE,
        GhostCode.SAME_ACCOUNT: SAME_ACCOUNT,
        GhostCode.SAME_PERSON: SAME_PERSON,
        GhostCode.PAYS_ANOTHER: PAYS_ANOTHER,
        GhostCode.SAME_KIN: SAME_KIN,
    },
    "names": {GhostCode.NAME_FAR: ""},
    "lines": {
        GhostCode.NOT_ACCEPTED: NOT_ACCEPTED,
        GhostCode.TOO_MANY_DAYS: TOO_MANY_DAYS,
        GhostCode.ODD_RATE: ODD_RATE,
    },
    "marks": {
        GhostCode.ONLY_LATE: ONLY_LATE,
        GhostCode.ONE_SITTING: ONE_SITTING,
        GhostCode.OVER_ENTITLED: OVER_ENTITLED,
    },
    "accounts": {
        GhostCode.NOT_IN_REGISTER: NOT_IN_REGISTER,
        GhostCode.LATE_ACCOUNT: LATE_ACCOUNT,
        GhostCode.NEVER_SIGNED_IN: NEVER_SIGNED_IN,
    },
}
