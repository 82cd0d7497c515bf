"""What a fairness report counts, one statement for each of its tables.

Each gives rows of plain values, people and places by their numbers. `{scope}` narrows the stations;
who made a deployment is what the trail says.
"""

# All deployments of the exam, whatever became of them, with whoever made them and how.
PLACED = """
    WITH placed AS (
        SELECT deployment.id, deployment.officer_id, deployment.status, deployment.application_id,
            deployment.starts_on, deployment.offered_at, post.position_id, post.station_id,
            station.sub_county_id, station.kind, made.actor_id AS director, made.verb, made.run
        FROM deployments_post post
        JOIN catalogue_dutystation station ON station.id = post.station_id {scope}
        JOIN deployments_deployment deployment ON deployment.post_id = post.id
        LEFT JOIN LATERAL (
            SELECT entry.actor_id, entry.verb, entry.details ? 'run' AS run
            FROM accounts_entry entry
            WHERE entry.subject_type = 'deployments.deployment'
                AND entry.subject_id = deployment.id
                AND entry.verb IN ('deployment.offered', 'deployment.replaced', 'deployment.moved',
                    'deployment.swapped', 'deployment.rotated')
            ORDER BY entry.id LIMIT 1
        ) made ON true
        WHERE post.exam_id = %(exam)s
    ),
    -- somebody was chosen for a place, and not moved there from another
    chosen AS (
        SELECT * FROM placed
        WHERE verb IS NULL OR verb IN ('deployment.offered', 'deployment.replaced')
    )
"""
HOLDS = "('offered', 'accepted', 'moved')"

# Who waited in vain although better by study and by years of work: as good in both, better in one.
# Years, and not days, so that a week more is no merit.
MEASURED = """
    , person AS (
        SELECT officer_id FROM chosen WHERE status IN {holds}
        UNION
        SELECT officer_id FROM vacancies_application application
        WHERE application.exam_id = %(exam)s AND application.status IN ('submitted', 'nominated')
    ),
    level AS (
        SELECT officer_id, max(array_position(%(levels)s::text[], level::text)) AS height
        FROM profiles_qualification JOIN person USING (officer_id) GROUP BY officer_id
    ),
    work AS (
        SELECT officer_id, (SELECT sum(upper(spell) - lower(spell)) FROM unnest(spells) spell)
            / 365 AS years
        FROM (
            SELECT officer_id, range_agg(daterange(starts_on, coalesce(ends_on, current_date)))
                AS spells
            FROM profiles_workexperience JOIN person USING (officer_id)
            WHERE starts_on < coalesce(ends_on, current_date) GROUP BY officer_id
        ) spent
    ),
    -- as many as wait with the same measures are one line
    waiting AS (
        SELECT vacancy.sub_county_id, vacancy.position_id, vacancy.station_kind,
            coalesce(level.height, 0) AS height, coalesce(work.years, 0) AS years, count(*) AS n
        FROM vacancies_application application
        JOIN vacancies_vacancy vacancy ON vacancy.id = application.vacancy_id
        JOIN profiles_officer officer
            ON officer.id = application.officer_id AND officer.vetting = 'vetted'
        LEFT JOIN level ON level.officer_id = application.officer_id
        LEFT JOIN work ON work.officer_id = application.officer_id
        WHERE application.exam_id = %(exam)s AND application.status IN ('submitted', 'nominated')
        GROUP BY 1, 2, 3, 4, 5
    ),
    passed AS (
        SELECT chosen.id, chosen.director, chosen.officer_id, chosen.station_id,
            chosen.position_id, chosen.application_id, sum(waiting.n) AS better
        FROM chosen
        LEFT JOIN level ON level.officer_id = chosen.officer_id
        LEFT JOIN work ON work.officer_id = chosen.officer_id
        JOIN waiting ON waiting.sub_county_id = chosen.sub_county_id
            AND waiting.position_id = chosen.position_id
            AND waiting.station_kind = chosen.kind
            AND waiting.height >= coalesce(level.height, 0)
            AND waiting.years >= coalesce(work.years, 0)
            AND (waiting.height > coalesce(level.height, 0)
                OR waiting.years > coalesce(work.years, 0))
        WHERE chosen.status IN {holds}
        GROUP BY 1, 2, 3, 4, 5, 6
    )
"""

DIRECTORS = (
    PLACED
    + MEASURED
    + """
    SELECT chosen.director, count(*), count(*) FILTER (WHERE chosen.application_id IS NULL),
        round(100.0 * count(*) FILTER (WHERE chosen.application_id IS NULL) / count(*))::int,
        count(passed.id)
    FROM chosen LEFT JOIN passed ON passed.id = chosen.id
    GROUP BY chosen.director
    ORDER BY 4 DESC, 2 DESC, 1
    """
)

ABOVE = (
    PLACED
    + MEASURED
    + """
    SELECT director, officer_id, position_id, station_id,
        CASE WHEN application_id IS NULL THEN 'nominated' ELSE 'applied' END, better::int
    FROM passed ORDER BY better DESC, id LIMIT %(most)s
    """
)

# The same director, officer and centre in several exams, of which this is one.
PATTERNS = """
    WITH here AS (
        SELECT DISTINCT deployment.officer_id
        FROM deployments_post post
        JOIN catalogue_dutystation station ON station.id = post.station_id {scope}
        JOIN deployments_deployment deployment ON deployment.post_id = post.id
        WHERE post.exam_id = %(exam)s
    ),
    made AS (
        SELECT entry.actor_id AS director, deployment.officer_id, post.station_id, post.exam_id,
            exam.year
        FROM here
        JOIN deployments_deployment deployment ON deployment.officer_id = here.officer_id
        JOIN deployments_post post ON post.id = deployment.post_id
        JOIN catalogue_exam exam ON exam.id = post.exam_id AND exam.starts_on <= %(starts_on)s
        JOIN catalogue_dutystation station ON station.id = post.station_id {scope}
        JOIN accounts_entry entry ON entry.subject_type = 'deployments.deployment'
            AND entry.subject_id = deployment.id
            AND entry.verb IN ('deployment.offered', 'deployment.replaced', 'deployment.moved')
        WHERE entry.actor_id IS NOT NULL
    )
"""
SAME_CENTRE = (
    PATTERNS
    + """
    SELECT director, officer_id, station_id, count(DISTINCT exam_id),
        string_agg(DISTINCT year::text, ', ')
    FROM made GROUP BY director, officer_id, station_id
    HAVING count(DISTINCT exam_id) > 1 AND bool_or(exam_id = %(exam)s)
    ORDER BY 4 DESC, 1, 2, 3 LIMIT %(most)s
    """
)
SAME_OFFICER = (
    PATTERNS
    + """
    SELECT director, officer_id, count(DISTINCT year), count(DISTINCT exam_id),
        count(DISTINCT station_id), string_agg(DISTINCT year::text, ', ')
    FROM made GROUP BY director, officer_id
    HAVING count(DISTINCT year) > 1 AND bool_or(exam_id = %(exam)s)
    ORDER BY 3 DESC, 4 DESC, 1, 2 LIMIT %(most)s
    """
)

POSITIONS = (
    PLACED
    + """
    SELECT position_id, count(*), count(application_id), count(*) - count(application_id),
        round(100.0 * (count(*) - count(application_id)) / count(*))::int
    FROM chosen GROUP BY position_id ORDER BY 5 DESC, 1
    """
)

WAIVERS = """
    SELECT waiver.rule, waiver.granted_by_id, count(*),
        count(*) FILTER (WHERE waiver.withdrawn_at IS NOT NULL),
        coalesce(sum(used.n), 0)::int
    FROM deployments_waiver waiver
    JOIN profiles_officer officer ON officer.id = waiver.officer_id
    LEFT JOIN catalogue_dutystation station ON station.id = waiver.station_id
    LEFT JOIN LATERAL (
        SELECT count(*) AS n FROM deployments_waiveruse use WHERE use.waiver_id = waiver.id
    ) used ON true
    WHERE waiver.exam_id = %(exam)s {scope_of_officer}
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""

# Changed in the last days before the exam or while it ran; the reason is read from the trail.
LATE = """
    SELECT entry.actor_id, entry.verb, entry.id, deployment.officer_id, post.station_id,
        ((entry.at AT TIME ZONE 'Africa/Nairobi')::date - %(starts_on)s::date)
    FROM deployments_post post
    JOIN catalogue_dutystation station ON station.id = post.station_id {scope}
    JOIN deployments_deployment deployment ON deployment.post_id = post.id
    JOIN accounts_entry entry ON entry.subject_type = 'deployments.deployment'
        AND entry.subject_id = deployment.id
        AND entry.verb IN ('deployment.moved', 'deployment.replaced', 'deployment.swapped',
            'deployment.cancelled')
    WHERE post.exam_id = %(exam)s
        AND (entry.at AT TIME ZONE 'Africa/Nairobi')::date >= %(late_from)s::date
"""
LATE_BY = (
    f"WITH late (actor, verb, id, officer, station, days) AS ({LATE})"
    """
    SELECT actor, count(*), count(*) FILTER (WHERE verb = 'deployment.moved'),
        count(*) FILTER (WHERE verb = 'deployment.replaced'),
        count(*) FILTER (WHERE verb = 'deployment.swapped'),
        count(*) FILTER (WHERE verb = 'deployment.cancelled')
    FROM late GROUP BY actor ORDER BY 2 DESC, 1
    """
)
LATE_ROWS = f"{LATE} ORDER BY entry.id DESC LIMIT %(most)s"

# By a director's own choice, as a proposal said, or by the portal from the reserve list.
HOW = (
    PLACED
    + """
    SELECT CASE WHEN verb IS NULL THEN 'unknown' WHEN run THEN 'proposed'
            WHEN director IS NULL THEN 'portal' ELSE verb END AS way,
        count(*), count(application_id)
    FROM placed GROUP BY 1 ORDER BY 2 DESC, 1
    """
)

GENDERS = (
    PLACED
    + f"""
    SELECT position_id, count(*) FILTER (WHERE officer.gender = 'female'),
        count(*) FILTER (WHERE officer.gender = 'male'),
        count(*) FILTER (WHERE officer.gender = '')
    FROM placed JOIN profiles_officer officer ON officer.id = placed.officer_id
    WHERE status IN {HOLDS} GROUP BY position_id ORDER BY position_id
    """
)

# Kilometres as the crow flies, from where they work to where they serve.
DISTANCES = (
    PLACED
    + f"""
    , way AS (
        -- of nulls, least and greatest would make the far side of the earth
        SELECT placed.id, placed.application_id,
            CASE WHEN here.latitude IS NOT NULL AND there.latitude IS NOT NULL
            THEN 6371 * acos(least(1, greatest(-1,
                cos(radians(here.latitude::float)) * cos(radians(there.latitude::float))
                * cos(radians(here.longitude::float - there.longitude::float))
                + sin(radians(here.latitude::float)) * sin(radians(there.latitude::float))))) END
            AS km
        FROM placed
        JOIN catalogue_dutystation there ON there.id = placed.station_id
        LEFT JOIN profiles_workexperience work
            ON work.officer_id = placed.officer_id AND work.ends_on IS NULL
        LEFT JOIN catalogue_dutystation here ON here.id = work.station_id
        WHERE placed.status IN {HOLDS}
    )
    SELECT CASE WHEN km IS NULL THEN NULL
            ELSE width_bucket(km, ARRAY[2, 5, 10, 20, 50]::float[]) END AS bucket,
        count(*), count(application_id), count(*) - count(application_id),
        round(avg(km)::numeric, 1)::float
    FROM way GROUP BY 1 ORDER BY 1 NULLS LAST
    """
)

# In how many earlier exams, and the years of them.
SERVICE = (
    PLACED
    + f"""
    , served AS (
        SELECT placed.id, placed.position_id, count(DISTINCT exam.year) AS years
        FROM placed
        LEFT JOIN deployments_deployment old ON old.officer_id = placed.officer_id
            AND old.status IN ('accepted', 'moved') AND old.ends_on < %(first_day)s
        LEFT JOIN deployments_post post ON post.id = old.post_id
        LEFT JOIN catalogue_exam exam ON exam.id = post.exam_id AND exam.id <> %(exam)s
        WHERE placed.status IN {HOLDS} GROUP BY 1, 2
    )
    SELECT position_id, count(*) FILTER (WHERE years = 0), count(*) FILTER (WHERE years = 1),
        count(*) FILTER (WHERE years = 2), count(*) FILTER (WHERE years > 2)
    FROM served GROUP BY position_id ORDER BY position_id
    """
)
