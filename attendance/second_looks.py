"""What a person should look at again in a sub-county's registers of an exam, found by rule.

One statement for each kind, from the sub-county's centres to their registers and marks, so that a
night at national size is many small statements. What was found before is passed over.
"""

from datetime import date
from typing import Any

from django.db import connection

from attendance.models import LookKind, SecondLookRules
from catalogue.models import Exam, SubCounty
from deployments.models import MANAGES_THE_CENTRE

INTO = """
INSERT INTO attendance_secondlook
    (note, entry_id, kind, day, deployment_id, amendment_id, detail)
"""
ONCE = "ON CONFLICT DO NOTHING"

HERE = """
here AS (
    SELECT entry.id, entry.exam_id, entry.station_id
    FROM catalogue_dutystation station
    JOIN catalogue_centreentry entry
        ON entry.station_id = station.id AND entry.exam_id = %(exam)s
    WHERE station.sub_county_id = %(sub_county)s
)
"""

# Without those of whom nothing was expected on that kind of day.
MARKS = f"""
{HERE},
marks AS (
    SELECT here.id AS entry_id, mark.id, mark.deployment_id, mark.day, mark.status, mark.way,
        position.code = %(manages)s AS manages
    FROM here
    JOIN deployments_post post
        ON post.exam_id = here.exam_id AND post.station_id = here.station_id
    JOIN catalogue_position position ON position.id = post.position_id
    LEFT JOIN catalogue_positionterms terms
        ON terms.exam_id = post.exam_id AND terms.position_id = post.position_id
    JOIN deployments_deployment deployment ON deployment.post_id = post.id
    JOIN attendance_mark mark ON mark.deployment_id = deployment.id
    JOIN catalogue_examday exam_day
        ON exam_day.exam_id = here.exam_id AND exam_day.day = mark.day
    WHERE mark.day <= %(until)s
        AND (terms.paid_days IS NULL OR exam_day.kind = ANY (terms.paid_days))
)
"""

# Every centre manager marks themselves; these made themselves present after an absence, or were
# present alone.
OWN_MARK = f"""
WITH {MARKS},
days AS (
    SELECT entry_id, day, count(*) FILTER (WHERE NOT manages AND status = 'absent') AS absent,
        count(*) FILTER (WHERE NOT manages AND status = 'present') AS present
    FROM marks GROUP BY entry_id, day
)
{INTO}
SELECT '', marks.entry_id, '{LookKind.OWN_MARK}', marks.day, marks.deployment_id, NULL,
    jsonb_build_object('changed', own.changed, 'absent', days.absent)
FROM marks JOIN days USING (entry_id, day)
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM attendance_markhistory was
        WHERE was.mark_id = marks.id AND was.status = 'absent'
    ) AS changed
) own
WHERE marks.manages AND marks.status = 'present' AND marks.way <> 'amendment'
    AND (own.changed OR (days.present = 0 AND days.absent >= %(alone_among)s))
{ONCE}
"""

# By the minutes since the day began, so that the next morning is far away. What came from a phone
# without a network or from the director says nothing of the centre's hour.
HOUR = f"""
WITH {HERE},
registers AS (
    SELECT here.id AS entry_id, here.exam_id, here.station_id, register.day, register.submitted_at,
        register.late_reason,
        extract(epoch FROM (register.submitted_at AT TIME ZONE 'Africa/Nairobi') - register.day)
            AS seconds
    FROM here
    JOIN attendance_register register ON register.entry_id = here.id
    WHERE register.status <> 'open' AND register.day <= %(until)s
),
usual AS (
    SELECT entry_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds
    FROM registers GROUP BY entry_id HAVING count(*) >= %(registers_make_usual)s
)
{INTO}
SELECT '', registers.entry_id, '{LookKind.HOUR}', registers.day, NULL, NULL,
    jsonb_build_object('at', registers.submitted_at, 'late', registers.late_reason,
        'usual', to_char(usual.seconds * interval '1 second', 'HH24:MI'))
FROM registers JOIN usual USING (entry_id)
WHERE abs(registers.seconds - usual.seconds) > %(hours_from_usual)s * 3600
    AND NOT EXISTS (
        SELECT FROM deployments_post post
        JOIN deployments_deployment deployment ON deployment.post_id = post.id
        JOIN attendance_mark mark
            ON mark.deployment_id = deployment.id AND mark.day = registers.day
        WHERE post.exam_id = registers.exam_id AND post.station_id = registers.station_id
            AND mark.way IN ('copy', 'amendment') AND mark.received_at = registers.submitted_at
    )
{ONCE}
"""

# Rare by the sub-county's own absences: of a hundred marks all present is nothing where nobody is
# ever away, and much where one in twenty is.
ALL_PRESENT = f"""
WITH {MARKS},
share AS (
    SELECT greatest(count(*) FILTER (WHERE status = 'absent')::float8 / greatest(count(*), 1),
        %(absences_expected)s::float8 / 100) AS absent
    FROM marks
),
centres AS (
    SELECT entry_id, count(*) AS marks, count(DISTINCT day) AS days
    FROM marks GROUP BY entry_id
    HAVING count(*) FILTER (WHERE status = 'absent') = 0
)
{INTO}
SELECT '', entry_id, '{LookKind.ALL_PRESENT}', NULL, NULL, NULL,
    jsonb_build_object('marks', marks, 'days', days,
        'absent', round((share.absent * 100)::numeric, 1))
FROM centres CROSS JOIN share
WHERE days >= %(all_present_days)s
    AND power(1 - share.absent, marks) * %(all_present_odds)s < 1
{ONCE}
"""

# A move or a cancellation that reaches back over a day that is marked present; and where else the
# officer was to serve on it.
LEFT = f"""
WITH {HERE}
{INTO}
SELECT '', here.id, '{LookKind.LEFT}', mark.day, deployment.id, NULL,
    jsonb_build_object('status', deployment.status, 'from', deployment.starts_on,
        'to', deployment.ends_on, 'elsewhere', elsewhere.name)
FROM here
JOIN deployments_post post
    ON post.exam_id = here.exam_id AND post.station_id = here.station_id
JOIN deployments_deployment deployment ON deployment.post_id = post.id
JOIN attendance_mark mark ON mark.deployment_id = deployment.id
LEFT JOIN LATERAL (
    SELECT station.name
    FROM deployments_deployment other
    JOIN deployments_post place ON place.id = other.post_id
    JOIN catalogue_dutystation station ON station.id = place.station_id
    WHERE other.officer_id = deployment.officer_id AND other.id <> deployment.id
        AND other.status IN ('accepted', 'moved') AND place.station_id <> here.station_id
        AND mark.day BETWEEN other.starts_on AND other.ends_on
    LIMIT 1
) elsewhere ON true
WHERE mark.status = 'present' AND mark.day <= %(until)s
    AND (mark.day NOT BETWEEN deployment.starts_on AND deployment.ends_on
        OR deployment.status NOT IN ('accepted', 'moved'))
{ONCE}
"""

# A phone that thinks it is another day, or whose copy travelled for longer than phones are away.
CLOCK = f"""
WITH {HERE}
{INTO}
SELECT '', here.id, '{LookKind.CLOCK}', mark.day, NULL, NULL,
    jsonb_build_object('phone', min(mark.marked_at), 'received', max(mark.received_at))
FROM here
JOIN deployments_post post
    ON post.exam_id = here.exam_id AND post.station_id = here.station_id
JOIN deployments_deployment deployment ON deployment.post_id = post.id
JOIN attendance_mark mark ON mark.deployment_id = deployment.id
WHERE mark.way = 'copy' AND mark.day <= %(until)s
    AND ((mark.marked_at AT TIME ZONE 'Africa/Nairobi')::date < mark.day
        OR mark.received_at - mark.marked_at > %(copy_hours)s * interval '1 hour')
GROUP BY here.id, mark.day
{ONCE}
"""

UNASKED = f"""
WITH {HERE}
{INTO}
SELECT '', here.id, '{LookKind.UNASKED}', amendment.day, NULL, amendment.id,
    jsonb_build_object('reason', amendment.reason,
        'marks', (SELECT count(*) FROM attendance_amendmentline line
            WHERE line.amendment_id = amendment.id))
FROM here JOIN attendance_amendment amendment ON amendment.entry_id = here.id
WHERE amendment.status = 'granted' AND amendment.decided_by_id = amendment.asked_by_id
{ONCE}
"""

STATEMENTS = {
    LookKind.OWN_MARK: OWN_MARK,
    LookKind.HOUR: HOUR,
    LookKind.ALL_PRESENT: ALL_PRESENT,
    LookKind.LEFT: LEFT,
    LookKind.CLOCK: CLOCK,
    LookKind.UNASKED: UNASKED,
}


def find(exam: Exam, sub_county: SubCounty, *, until: date) -> int:
    """How many are new. Once more finds nothing more."""
    given = values(exam, sub_county, until)
    found = 0
    with connection.cursor() as cursor:
        for statement in STATEMENTS.values():
            cursor.execute(statement, given)
            found += cursor.rowcount
    return found


def values(exam: Exam, sub_county: SubCounty, until: date) -> dict[str, Any]:
    rules = SecondLookRules.objects.filter(exam=exam).first() or SecondLookRules(exam=exam)
    return {
        **rules.as_given(),
        "exam": exam.pk,
        "sub_county": sub_county.pk,
        "until": until,
        "manages": MANAGES_THE_CENTRE,
    }
