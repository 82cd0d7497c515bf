"""The audit trail of all that was written past the services, in the order in which it happened."""

from cp2.season.rows import run

# Each arm: at, actor, acting name, verb, kind of thing, its id, details.
TRAIL = """
INSERT INTO accounts_entry (at, actor_id, acting_name, verb, subject_type, subject_id, details)
WITH director AS (
    SELECT id, sub_county_id, office FROM accounts_user WHERE role = 'director'
),
decider AS (
    SELECT * FROM director
    UNION ALL
    -- what no office of a sub-county deploys, headquarters does
    SELECT clerk.id, place.id, '' FROM accounts_user clerk CROSS JOIN catalogue_subcounty place
    WHERE clerk.username = 'deployment'
),
served AS (
    SELECT deployment.*, station.sub_county_id, director.id AS director, officer.user_id AS person
    FROM deployments_deployment deployment
    JOIN profiles_officer officer ON officer.id = deployment.officer_id
    JOIN deployments_post post ON post.id = deployment.post_id
    JOIN catalogue_dutystation station ON station.id = post.station_id
    JOIN catalogue_position position ON position.id = post.position_id
    JOIN decider director ON director.sub_county_id = station.sub_county_id
        AND director.office = position.deployed_by
),
applied AS (
    SELECT application.*, officer.user_id AS person, director.id AS director
    FROM vacancies_application application
    JOIN profiles_officer officer ON officer.id = application.officer_id
    JOIN vacancies_vacancy vacancy ON vacancy.id = application.vacancy_id
    JOIN catalogue_position position ON position.id = vacancy.position_id
    JOIN decider director ON director.sub_county_id = vacancy.sub_county_id
        AND director.office = position.deployed_by
),
decided AS (
    -- the offer that an application led to, or should have led to
    SELECT DISTINCT ON (application_id) application_id, offered_at, answered_at, respond_by, status,
        reason, ends_on
    FROM deployments_deployment WHERE application_id IS NOT NULL
    ORDER BY application_id, id
),
told (at, actor, verb, subject_type, subject_id, details, acting_name) AS (
    SELECT date_joined, id, 'account.opened', 'accounts.user', id, jsonb_build_object(), ''
    FROM accounts_user WHERE role = 'officer'
    UNION ALL
    SELECT account.date_joined, account.id, 'officer.registered', 'profiles.officer', officer.id,
        jsonb_build_object(), ''
    FROM profiles_officer officer JOIN accounts_user account ON account.id = officer.user_id
    UNION ALL
    SELECT account.date_joined + interval '20 minutes', account.id, 'password.chosen',
        'accounts.user', account.id, jsonb_build_object(), ''
    FROM profiles_officer officer JOIN accounts_user account ON account.id = officer.user_id
    WHERE officer.full_name <> ''
    UNION ALL
    SELECT submitted_at, user_id, 'officer.submitted', 'profiles.officer', id,
        jsonb_build_object(), ''
    FROM profiles_officer WHERE submitted_at IS NOT NULL
    UNION ALL
    SELECT account.issued_at, director.id, 'slip.printed', 'accounts.user', account.id,
        jsonb_build_object(
            'reference',
            upper(left(md5(account.username), 4) || '-' || right(md5(account.username), 4)),
            'exam', exam.abbreviation || ' ' || exam.year
        ), ''
    FROM accounts_user account
    JOIN catalogue_exam exam ON exam.id = account.exam_id
    JOIN catalogue_dutystation station ON station.id = account.station_id
    JOIN director ON director.sub_county_id = station.sub_county_id AND director.office = 'tsc'
    WHERE account.issued_at IS NOT NULL
    UNION ALL
    SELECT officer.submitted_at + interval '1 day', director.id, 'officer.' || officer.vetting,
        'profiles.officer', officer.id,
        jsonb_build_object('was', 'pending', 'reason', officer.vetting_reason), ''
    FROM profiles_officer officer
    JOIN director ON director.sub_county_id = officer.sub_county_id AND director.office = 'tsc'
    WHERE officer.vetting <> 'pending'
    UNION ALL
    SELECT submitted_at, person, 'application.made', 'vacancies.application', id,
        jsonb_build_object('reference', reference), ''
    FROM applied
    UNION ALL
    SELECT submitted_at + interval '2 days', director, 'application.nominated',
        'vacancies.application', id, jsonb_build_object(), ''
    FROM applied LEFT JOIN decided ON decided.application_id = applied.id
    WHERE applied.status IN ('nominated', 'deployed') OR decided.application_id IS NOT NULL
    UNION ALL
    SELECT decided.offered_at, director, 'application.deployed', 'vacancies.application', id,
        jsonb_build_object(), ''
    FROM applied JOIN decided ON decided.application_id = applied.id
    UNION ALL
    SELECT CASE decided.status
            WHEN 'moved' THEN (decided.ends_on + time '15:00') AT TIME ZONE 'Africa/Nairobi'
            WHEN 'cancelled' THEN decided.answered_at + interval '1 day'
            ELSE coalesce(decided.answered_at, decided.respond_by) END,
        CASE decided.status WHEN 'rejected' THEN person WHEN 'expired' THEN NULL ELSE director END,
        'application.released', 'vacancies.application', id,
        jsonb_build_object('reason', decided.reason), ''
    FROM applied JOIN decided ON decided.application_id = applied.id
    WHERE applied.status <> 'deployed'
    UNION ALL
    SELECT submitted_at + interval '3 days', person, 'application.withdrawn',
        'vacancies.application', id, jsonb_build_object(), ''
    FROM applied WHERE status = 'withdrawn'
    UNION ALL
    SELECT greatest(submitted_at + interval '3 days', decided.respond_by + interval '1 day'),
        director, 'application.turned_down', 'vacancies.application', id,
        jsonb_build_object('reason', applied.reason), ''
    FROM applied LEFT JOIN decided ON decided.application_id = applied.id
    WHERE applied.status = 'unsuccessful'
    UNION ALL
    SELECT offered_at, director,
        CASE WHEN replaces_id IS NULL THEN 'deployment.offered'
            WHEN person = (SELECT officer.user_id FROM deployments_deployment old
                JOIN profiles_officer officer ON officer.id = old.officer_id
                WHERE old.id = served.replaces_id) THEN 'deployment.swapped'
            ELSE 'deployment.replaced' END,
        'deployments.deployment', id,
        CASE WHEN replaces_id IS NULL THEN jsonb_build_object()
            ELSE jsonb_build_object('was', replaces_id, 'reason', reason) END, ''
    FROM served
    UNION ALL
    SELECT answered_at, person, 'deployment.accepted', 'deployments.deployment', id,
        jsonb_build_object(), ''
    FROM served
    WHERE status IN ('accepted', 'moved', 'cancelled') AND answered_at >= offered_at
    UNION ALL
    SELECT answered_at, person, 'deployment.rejected', 'deployments.deployment', id,
        jsonb_build_object('reason', reason), ''
    FROM served WHERE status = 'rejected'
    UNION ALL
    SELECT respond_by, NULL, 'deployment.expired', 'deployments.deployment', id,
        jsonb_build_object(), ''
    FROM served WHERE status = 'expired'
    UNION ALL
    SELECT answered_at + interval '1 day', director, 'deployment.cancelled',
        'deployments.deployment', id, jsonb_build_object('reason', reason), ''
    FROM served WHERE status = 'cancelled'
    UNION ALL
    SELECT issued_at, NULL, 'letter.issued', 'deployments.letter', id,
        jsonb_build_object('deployment', deployment_id), ''
    FROM deployments_letter
    UNION ALL
    SELECT entry.distance_given_at, account.id, 'distance.given', 'catalogue.centreentry',
        entry.id, jsonb_build_object('was', NULL, 'now', entry.distance_km::text), ''
    FROM catalogue_centreentry entry
    JOIN accounts_user account
        ON account.station_id = entry.station_id AND account.exam_id = entry.exam_id
    WHERE entry.distance_given_at IS NOT NULL
    UNION ALL
    SELECT amendment.decided_at, amendment.decided_by_id, 'register.amended',
        'attendance.register', register.id,
        jsonb_build_object('reason', amendment.reason), ''
    FROM attendance_amendment amendment
    JOIN attendance_register register
        ON register.entry_id = amendment.entry_id AND register.day = amendment.day
    UNION ALL
    SELECT signed.signed_at + step.after, CASE step.verb WHEN 'return.signed' THEN account.id
            WHEN 'return.stamped' THEN signed.stamped_by_id ELSE signed.received_by_id END,
        step.verb, 'attendance.registerreturn', signed.id,
        jsonb_build_object('code', signed.code), CASE step.verb WHEN 'return.signed'
            THEN register.acting_name ELSE '' END
    FROM attendance_registerreturn signed
    JOIN catalogue_centreentry entry ON entry.id = signed.entry_id
    JOIN accounts_user account
        ON account.station_id = entry.station_id AND account.exam_id = entry.exam_id
    CROSS JOIN LATERAL (
        SELECT acting_name FROM attendance_register WHERE entry_id = entry.id LIMIT 1
    ) register
    JOIN (VALUES
        ('return.signed', interval '0', 1),
        ('return.stamped', interval '1 day', 2),
        ('return.received', interval '3 days', 3)
    ) step (verb, after, number) ON step.number <= CASE signed.status
        WHEN 'signed' THEN 1 WHEN 'stamped' THEN 2 ELSE 3 END
    UNION ALL
    SELECT opened_at, officer.user_id, 'enquiry.opened', 'enquiries.enquiry', enquiry.id,
        jsonb_build_object('category', category)
            || CASE way WHEN 'page' THEN '{}'::jsonb ELSE jsonb_build_object('way', way) END, ''
    FROM enquiries_enquiry enquiry JOIN profiles_officer officer
        ON officer.id = enquiry.officer_id
    UNION ALL
    SELECT reply.at, by_id, CASE enquiry.status
            WHEN 'escalated' THEN 'enquiry.escalated' ELSE 'enquiry.answered' END,
        'enquiries.enquiry', enquiry.id, CASE enquiry.status
            WHEN 'escalated' THEN CASE WHEN reply.by_id IS NULL
                THEN jsonb_build_object('promised', (enquiry.opened_at + interval '7 days')::date)
                ELSE jsonb_build_object('reason', reply.text) END
            ELSE jsonb_build_object() END, ''
    FROM enquiries_reply reply JOIN enquiries_enquiry enquiry ON enquiry.id = reply.enquiry_id
    UNION ALL
    SELECT reply.at + interval '1 day', officer.user_id, 'enquiry.closed', 'enquiries.enquiry',
        enquiry.id, jsonb_build_object(), ''
    FROM enquiries_reply reply JOIN enquiries_enquiry enquiry ON enquiry.id = reply.enquiry_id
    JOIN profiles_officer officer ON officer.id = enquiry.officer_id
    WHERE enquiry.status = 'closed'
    UNION ALL
    SELECT at, by_id, 'enquiry.noted', 'enquiries.enquiry', enquiry_id, jsonb_build_object(), ''
    FROM enquiries_note
    UNION ALL
    SELECT taken_at, taken_by_id, 'enquiry.taken', 'enquiries.enquiry', id,
        jsonb_build_object(), ''
    FROM enquiries_enquiry WHERE taken_by_id IS NOT NULL
)
SELECT least(at, now()), actor, acting_name, verb, subject_type, subject_id, details
FROM told ORDER BY at, subject_type, subject_id, verb
"""


def tell_the_trail() -> None:
    run(TRAIL)
