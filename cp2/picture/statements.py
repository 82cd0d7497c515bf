"""How each topic is counted: one statement for all of it, of which each row is a count.

Each gives exam, year and the figures as JSON. `exams` are those whose season can be looked at.
"""

from dataclasses import dataclass

from cp2.picture.models import Topic


@dataclass(frozen=True)
class Statement:
    sql: str
    tables: tuple[str, ...]  # a write to one of them may change what comes out


OFFICERS = """
SELECT NULL::integer AS exam_id, NULL::integer AS year, jsonb_build_object(
    'registered', count(*),
    'submitted', count(submitted_at),
    'vetted', count(*) FILTER (WHERE vetting = 'vetted')
) AS figures
FROM profiles_officer
"""
APPLICATIONS = """
SELECT exam_id, NULL::integer AS year, jsonb_object_agg(status, n) AS figures
FROM (
    SELECT exam_id, status, count(*) AS n FROM vacancies_application
    WHERE exam_id = ANY (%(exams)s) GROUP BY 1, 2
) by_status
GROUP BY 1
"""
DEPLOYMENTS = """
SELECT exam_id, NULL::integer AS year, jsonb_object_agg(status, n) AS figures
FROM (
    SELECT post.exam_id, deployment.status, count(*) AS n
    FROM deployments_deployment deployment
    JOIN deployments_post post ON post.id = deployment.post_id
    WHERE post.exam_id = ANY (%(exams)s) GROUP BY 1, 2
) by_status
GROUP BY 1
"""
# People are put together once, and counted by exam and by year: to count them `DISTINCT` for both
# takes thrice as long.
PEOPLE = """
WITH people AS MATERIALIZED ({people})
SELECT exam_id, NULL::integer AS year, jsonb_build_object({figures}) AS figures
FROM people GROUP BY exam_id
UNION ALL
SELECT NULL, year, jsonb_build_object({figures})
FROM (
    SELECT exam.year, people.officer_id, bool_or(people.is_further) AS is_further
    FROM people JOIN catalogue_exam exam ON exam.id = people.exam_id
    GROUP BY 1, 2
) of_year
GROUP BY year
"""
# Whoever did not apply was nominated all the same, so that each stage is of the one before it.
APPLIED = PEOPLE.format(
    people="""
    SELECT exam_id, officer_id, false AS is_further FROM vacancies_application
    WHERE exam_id = ANY (%(exams)s)
    UNION
    SELECT post.exam_id, deployment.officer_id, false
    FROM deployments_deployment deployment
    JOIN deployments_post post ON post.id = deployment.post_id
    WHERE post.exam_id = ANY (%(exams)s)
    """,
    figures="'applied', count(*)",
)
DEPLOYED = PEOPLE.format(
    people="""
    SELECT post.exam_id, deployment.officer_id,
        bool_or(deployment.status IN ('accepted', 'moved')) AS is_further
    FROM deployments_deployment deployment
    JOIN deployments_post post ON post.id = deployment.post_id
    WHERE post.exam_id = ANY (%(exams)s)
        AND deployment.status IN ('offered', 'accepted', 'moved')
    GROUP BY 1, 2
    """,
    figures="'deployed', count(*), 'accepted', count(*) FILTER (WHERE is_further)",
)
MARKED = PEOPLE.format(
    people="""
    SELECT DISTINCT post.exam_id, deployment.officer_id, false AS is_further
    FROM deployments_deployment deployment
    JOIN deployments_post post ON post.id = deployment.post_id
    WHERE post.exam_id = ANY (%(exams)s)
        AND EXISTS (SELECT FROM attendance_mark mark WHERE mark.deployment_id = deployment.id)
    """,
    figures="'marked', count(*)",
)
PAID = PEOPLE.format(
    people="""
    SELECT exam_id, officer_id, false AS is_further FROM claims_claim
    WHERE exam_id = ANY (%(exams)s) AND status = 'paid'
    """,
    figures="'paid', count(*)",
)
# A place is held as the list of posts has it: today, or when the exam was over, on its last day.
# Of each sub-county: places, accepted, held, free, and posts with a free place.
PLACES = """
SELECT exam_id, NULL::integer AS year, jsonb_object_agg(
    sub_county_id, jsonb_build_array(required, accepted, held, free, open)
) AS figures
FROM (
    SELECT post.exam_id, station.sub_county_id,
        sum(post.required) AS required,
        sum(coalesce(holder.accepted, 0)) AS accepted,
        sum(coalesce(holder.held, 0)) AS held,
        sum(greatest(post.required - coalesce(holder.held, 0), 0)) AS free,
        count(*) FILTER (WHERE post.required > coalesce(holder.held, 0)) AS open
    FROM deployments_post post
    JOIN catalogue_dutystation station ON station.id = post.station_id
    LEFT JOIN (
        SELECT post_id, count(*) FILTER (WHERE is_accepted) AS accepted, count(*) AS held
        FROM (
            SELECT deployment.post_id, deployment.slot,
                bool_or(deployment.status = 'accepted') AS is_accepted
            FROM deployments_deployment deployment
            JOIN deployments_post post ON post.id = deployment.post_id
            JOIN catalogue_exam exam ON exam.id = post.exam_id
            WHERE post.exam_id = ANY (%(exams)s)
                AND deployment.status IN ('offered', 'accepted')
                AND deployment.ends_on >= least(%(today)s, exam.ends_on)
            GROUP BY 1, 2
        ) slot
        GROUP BY 1
    ) holder ON holder.post_id = post.id
    WHERE post.exam_id = ANY (%(exams)s)
    GROUP BY 1, 2
) by_place
GROUP BY 1
"""
TEXTS = """
SELECT NULL::integer AS exam_id, NULL::integer AS year,
    coalesce(jsonb_object_agg(day, fates), '{}') AS figures
FROM (
    SELECT day, jsonb_object_agg(status, n) AS fates
    FROM (
        SELECT (created_at AT TIME ZONE %(zone)s)::date AS day, status, count(*) AS n
        FROM sms_message WHERE created_at >= %(since)s GROUP BY 1, 2
    ) by_status
    GROUP BY 1
) by_day
"""
ENQUIRIES = """
SELECT NULL::integer AS exam_id, NULL::integer AS year,
    coalesce(jsonb_object_agg(status, n), '{}') AS figures
FROM (SELECT status, count(*) AS n FROM enquiries_enquiry GROUP BY 1) by_status
"""

POSTS = ("deployments_deployment", "deployments_post", "catalogue_exam")
STATEMENTS = {
    Topic.OFFICERS: Statement(OFFICERS, ("profiles_officer",)),
    Topic.APPLICATIONS: Statement(APPLICATIONS, ("vacancies_application", "catalogue_exam")),
    Topic.APPLIED: Statement(APPLIED, ("vacancies_application", *POSTS)),
    Topic.DEPLOYMENTS: Statement(DEPLOYMENTS, POSTS),
    Topic.DEPLOYED: Statement(DEPLOYED, POSTS),
    Topic.MARKED: Statement(MARKED, ("attendance_mark", "catalogue_exam")),
    Topic.PAID: Statement(PAID, ("claims_claim", "catalogue_exam")),
    Topic.PLACES: Statement(PLACES, (*POSTS, "catalogue_dutystation")),
    Topic.TEXTS: Statement(TEXTS, ("sms_message",)),
    Topic.ENQUIRIES: Statement(ENQUIRIES, ("enquiries_enquiry",)),
}
