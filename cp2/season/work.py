"""What was worked: registers, marks, signed returns and supervisors' reports of the days so far.

A centre that has not given its distance cannot have marked anything, and one in seven has not
marked its last day yet.
"""

from datetime import date

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

# After the day's last paper, when phones are given out again.
REGISTERS = f"""
INSERT INTO attendance_register (entry_id, day, status, acting_name, submitted_at)
SELECT entry.id, exam_day.day,
    CASE WHEN entry.number %% 9 = 4 AND exam_day.kind = 'rehearsal'
        THEN 'amended' ELSE 'submitted' END,
    entry.head,
    (exam_day.day + time '17:00' + entry.number %% 50 * interval '1 minute')
        AT TIME ZONE 'Africa/Nairobi'
FROM ({ENTRIES}) entry
JOIN catalogue_examday exam_day
    ON exam_day.exam_id = entry.exam_id AND exam_day.day < %(today)s
WHERE entry.is_over OR entry.number %% 7 <> 5 OR exam_day.day <> (
    SELECT max(day) FROM catalogue_examday
    WHERE exam_id = entry.exam_id AND day < %(today)s
)
ORDER BY exam_day.day, entry.id
"""

# Nobody is needed on days that their position is not paid for; of the others one in 25 is away.
MARKS = f"""
INSERT INTO attendance_mark
    (deployment_id, officer_id, day, status, marked_by_id, acting_name, marked_at)
SELECT deployment.id, deployment.officer_id, register.day,
    CASE WHEN exam_day.kind = ANY (terms.paid_days) AND
        substr(md5(officer.national_id || register.day || %(seed)s), 1, 2) >= '0a'
        THEN 'present' ELSE 'absent' END,
    entry.account, register.acting_name, register.submitted_at
FROM ({ENTRIES}) entry
JOIN attendance_register register ON register.entry_id = entry.id
JOIN catalogue_examday exam_day
    ON exam_day.exam_id = entry.exam_id AND exam_day.day = register.day
JOIN deployments_post post
    ON post.exam_id = entry.exam_id AND post.station_id = entry.station_id
JOIN catalogue_positionterms terms
    ON terms.exam_id = post.exam_id AND terms.position_id = post.position_id
JOIN deployments_deployment deployment ON deployment.post_id = post.id
    AND deployment.status IN ('accepted', 'moved')
    AND register.day BETWEEN deployment.starts_on AND deployment.ends_on
JOIN profiles_officer officer ON officer.id = deployment.officer_id
ORDER BY register.id, deployment.id
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
JOIN catalogue_examday exam_day
    ON exam_day.exam_id = post.exam_id AND exam_day.day = mark.day AND exam_day.kind = 'theory'
WHERE mark.status = 'present'
ORDER BY mark.id
"""


def work(seed: int, today: date) -> None:
    for statement in (REGISTERS, MARKS, RETURNS, REPORTS):
        run(statement, seed=str(seed), today=today)
