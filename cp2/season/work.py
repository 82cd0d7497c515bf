"""What was worked: registers, marks, signed returns and supervisors' reports of the days so far.

A centre that has not given its distance cannot have marked anything, and one in seven has missed
the last day before this. Days before come complete; of today what was marked until now.
"""

from datetime import date, timedelta

from cp2.season.rows import run

ENTRIES = """
    SELECT entry.id, entry.exam_id, entry.station_id, exam.ends_on < %(today)s AS is_over,
        account.id AS account, head.full_name AS head,
        row_number() OVER (PARTITION BY entry.exam_id ORDER BY entry.id) AS number
    FROM catalogue_centreentry entry
    JOIN catalogue_exam exam ON exam.id = entry.exam_id
    JOIN accounts_user account
        ON account.station_id = entry.station_id AND account.exam_id = entry.exam_id
    JOIN deployments_post post
        ON post.exam_id = entry.exam_id AND post.station_id = entry.station_id
    JOIN catalogue_position position ON position.id = post.position_id AND position.code = 'CM'
    JOIN deployments_deployment deployment
        ON deployment.post_id = post.id AND deployment.status = 'accepted'
    JOIN profiles_officer head ON head.id = deployment.officer_id
    WHERE entry.distance_km IS NOT NULL
"""

# Most mark before the first paper, the others after the last, when phones are given out again; each
# centre at about its own time. One in 23 had no network on the first day of theory and marked it on
# the next, and one in 31 marked its third at noon. Today two in five have marked so far.
REGISTERS = f"""
INSERT INTO attendance_register (entry_id, day, status, acting_name, submitted_at, late_reason)
SELECT entry_id, day, CASE WHEN number %% 9 = 4 AND kind = 'rehearsal'
        THEN 'amended' ELSE 'submitted' END,
    head,
    CASE
        WHEN day = %(today)s THEN midnight + interval '6 hours'
            + number * 53 %% 100 / 100.0
                * (least(now(), midnight + interval '9 hours') - midnight - interval '6 hours')
        WHEN is_late THEN midnight + interval '31 hours'
        WHEN number %% 31 = 7 AND theory = 3 THEN midnight + interval '12 hours'
        ELSE midnight + (number * 7 + extract(day FROM day)::int * 5) %% 13 * interval '1 minute'
            + CASE WHEN number * 37 %% 100 < 70
                THEN interval '6 hours 20 minutes' + number * 53 %% 110 * interval '1 minute'
                ELSE interval '16 hours 40 minutes' + number * 29 %% 80 * interval '1 minute' END
    END,
    CASE WHEN is_late THEN 'There was no network at the centre all day.' ELSE '' END
FROM (
    SELECT entry.*, entry.id AS entry_id, exam_day.day, exam_day.kind, exam_day.theory,
        exam_day.day::timestamp AT TIME ZONE 'Africa/Nairobi' AS midnight,
        entry.number %% 23 = 11 AND exam_day.kind = 'theory' AND exam_day.theory = 1
            AND exam_day.day < %(today)s - 1 AS is_late
    FROM ({ENTRIES}) entry
    JOIN (
        SELECT *, row_number() OVER (PARTITION BY exam_id, kind ORDER BY day) AS theory
        FROM catalogue_examday
    ) exam_day ON exam_day.exam_id = entry.exam_id AND exam_day.day <= %(last)s
    JOIN catalogue_centreentry own ON own.id = entry.id AND (
        exam_day.kind = 'rehearsal' OR exam_day.papers = '{{}}' OR own.papers = '{{}}'
        OR exam_day.papers && own.papers
    )
    WHERE CASE
        WHEN exam_day.day = %(today)s THEN entry.number %% 5 IN (2, 3)
            AND now() > %(today)s::timestamp AT TIME ZONE 'Africa/Nairobi' + interval '6 hours'
        ELSE entry.is_over OR entry.number %% 7 <> 5 OR exam_day.day <> (
            SELECT max(day) FROM catalogue_examday
            WHERE exam_id = entry.exam_id AND day < %(today)s
        )
    END
) due
ORDER BY day, entry_id
"""

# One officer in 25 is away. One centre in eight marks on a phone that finds its network later, and
# one in thirteen by text.
MARKS = f"""
INSERT INTO attendance_mark (
    deployment_id, officer_id, day, status, marked_by_id, acting_name, marked_at, received_at, way
)
SELECT deployment.id, deployment.officer_id, register.day,
    CASE WHEN substr(md5(officer.national_id || register.day || %(seed)s), 1, 2) >= '0a'
        THEN 'present' ELSE 'absent' END,
    entry.account, register.acting_name,
    register.submitted_at
        - CASE WHEN entry.number %% 8 = 3 THEN interval '50 minutes' ELSE interval '0' END,
    register.submitted_at,
    CASE WHEN entry.number %% 8 = 3 THEN 'copy'
        WHEN entry.number %% 13 = 5 THEN 'text' ELSE 'page' END
FROM ({ENTRIES}) entry
JOIN attendance_register register ON register.entry_id = entry.id
JOIN catalogue_examday exam_day
    ON exam_day.exam_id = entry.exam_id AND exam_day.day = register.day
JOIN deployments_post post
    ON post.exam_id = entry.exam_id AND post.station_id = entry.station_id
JOIN catalogue_positionterms terms
    ON terms.exam_id = post.exam_id AND terms.position_id = post.position_id
    AND exam_day.kind = ANY (terms.paid_days)
JOIN deployments_deployment deployment ON deployment.post_id = post.id
    AND deployment.status IN ('accepted', 'moved')
    AND register.day BETWEEN deployment.starts_on AND deployment.ends_on
JOIN profiles_officer officer ON officer.id = deployment.officer_id
ORDER BY register.id, deployment.id
"""

# What was wrong in an amended register: one officer's mark, the absent first.
AMENDMENTS = """
INSERT INTO attendance_amendment (
    entry_id, day, status, reason, asked_by_id, acting_name, asked_at, decided_by_id, decided_at,
    answer
)
SELECT register.entry_id, register.day, 'granted',
    'The paper register and the list at the gate say otherwise.',
    account.id, register.acting_name, register.submitted_at + interval '30 hours',
    director.id, register.submitted_at + interval '2 days', 'Seen on paper.'
FROM attendance_register register
JOIN catalogue_centreentry entry ON entry.id = register.entry_id
JOIN catalogue_dutystation station ON station.id = entry.station_id
JOIN accounts_user account
    ON account.station_id = entry.station_id AND account.exam_id = entry.exam_id
JOIN accounts_user director
    ON director.sub_county_id = station.sub_county_id AND director.office = 'tsc'
WHERE register.status = 'amended'
ORDER BY register.id
"""
AMENDED_LINES = """
INSERT INTO attendance_amendmentline (amendment_id, deployment_id, was, wanted)
SELECT DISTINCT ON (amendment.id) amendment.id, mark.deployment_id, mark.status,
    CASE mark.status WHEN 'absent' THEN 'present' ELSE 'absent' END
FROM attendance_amendment amendment
JOIN catalogue_centreentry entry ON entry.id = amendment.entry_id
JOIN deployments_post post
    ON post.exam_id = entry.exam_id AND post.station_id = entry.station_id
JOIN deployments_deployment deployment ON deployment.post_id = post.id
JOIN attendance_mark mark ON mark.deployment_id = deployment.id AND mark.day = amendment.day
ORDER BY amendment.id, mark.status, mark.id DESC
"""
AMENDED_MARKS = """
UPDATE attendance_mark mark
SET status = line.wanted, way = 'amendment', amendment_id = amendment.id,
    marked_by_id = director.id, acting_name = director.name,
    marked_at = amendment.decided_at, received_at = amendment.decided_at
FROM attendance_amendmentline line
JOIN attendance_amendment amendment ON amendment.id = line.amendment_id
JOIN accounts_user director ON director.id = amendment.decided_by_id
WHERE mark.deployment_id = line.deployment_id AND mark.day = amendment.day
"""

# The code as attendance.services.code_of makes it. Of six centres one has not signed yet, one
# has not had it stamped, and one has not sent it to headquarters.
RETURNS = f"""
INSERT INTO attendance_registerreturn
    (entry_id, code, status, signed_at, stamped_by_id, received_by_id)
SELECT entry.id,
    'R' || entry.id || '-' || upper(left(encode(sha256(convert_to(string_agg(
        mark.deployment_id || ' ' || mark.day || ' ' || mark.status || E'\\n', ''
        ORDER BY mark.deployment_id, mark.day
    ), 'UTF8')), 'hex'), 8)),
    CASE entry.number %% 6 WHEN 2 THEN 'signed' WHEN 3 THEN 'stamped' ELSE 'received' END,
    (max(mark.day) + 1 + time '10:00') AT TIME ZONE 'Africa/Nairobi',
    CASE WHEN entry.number %% 6 <> 2 THEN director.id END,
    CASE WHEN entry.number %% 6 NOT IN (2, 3) THEN clerk.id END
FROM ({ENTRIES}) entry
JOIN catalogue_dutystation station ON station.id = entry.station_id
JOIN accounts_user director
    ON director.sub_county_id = station.sub_county_id AND director.office = 'scde'
JOIN accounts_user clerk ON clerk.username = 'deployment'
JOIN deployments_post post
    ON post.exam_id = entry.exam_id AND post.station_id = entry.station_id
JOIN deployments_deployment deployment ON deployment.post_id = post.id
JOIN attendance_mark mark ON mark.deployment_id = deployment.id
WHERE entry.is_over AND entry.number %% 6 <> 1
GROUP BY entry.id, entry.number, director.id, clerk.id
ORDER BY entry.id
"""

REPORTS = """
INSERT INTO attendance_supervisorreport
    (deployment_id, day, candidates_absent, incidents, materials_in_at, materials_out_at)
SELECT mark.deployment_id, mark.day, row_number() OVER (ORDER BY mark.id) %% 3,
    CASE WHEN row_number() OVER (ORDER BY mark.id) %% 5 = 0
        THEN 'One candidate fell ill and wrote in a room apart.' ELSE '' END,
    time '07:15', time '16:50'
FROM attendance_mark mark
JOIN deployments_deployment deployment ON deployment.id = mark.deployment_id
JOIN deployments_post post ON post.id = deployment.post_id
JOIN catalogue_position position ON position.id = post.position_id AND position.code = 'SUP'
WHERE mark.status = 'present' AND mark.day < %(today)s  -- the papers of today are not back
ORDER BY mark.id
"""


def work(seed: int, today: date, *, marks_today: bool = True) -> None:
    last = today if marks_today else today - timedelta(days=1)
    for statement in (
        REGISTERS,
        MARKS,
        AMENDMENTS,
        AMENDED_LINES,
        AMENDED_MARKS,
        RETURNS,
        REPORTS,
    ):
        run(statement, seed=str(seed), today=today, last=last)
