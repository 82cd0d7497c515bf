from collections import defaultdict
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import ngettext_lazy

from accounts.models import User
from catalogue.models import CentreEntry, Exam, Office, StudyLevel
from cp2.opening import centre_accounts, last_year
from cp2.opening.checks.base import (
    ENTRY,
    Check,
    Found,
    Sample,
    asked,
    here,
    listed,
    plain_list,
    rows,
)
from cp2.opening.models import Severity
from cp2.rules import Role
from deployments import letter_fields
from deployments.models import LetterText

TEXT = "admin:deployments_lettertext_change"
USER = "admin:accounts_user_change"

# Letters


def texts_in_force(exam: Exam) -> dict[int, dict[str, LetterText]]:
    """By position and language; the exam's own before those of every exam, newer before older."""
    found: defaultdict[int, dict[str, LetterText]] = defaultdict(dict)
    rows = (
        LetterText.objects.published()
        .filter(Q(exam=exam) | Q(exam=None), position__in=last_year.terms_of(exam))
        .select_related("exam", "position")
    )
    for text in sorted(rows, key=lambda text: (text.exam_id is not None, text.version)):
        found[text.position_id][text.language] = text
    return found


def one_language(exam: Exam) -> Found:
    """Where headquarters has words of its own in one language, the other has the portal's."""
    return listed(_missing(exam))


def _missing(exam: Exam) -> Iterator[Sample]:
    names = dict(settings.LANGUAGES)
    for texts in texts_in_force(exam).values():
        text = next(iter(texts.values()))
        for language in names.keys() - texts.keys():
            yield (f"{text.position}: {names[language]}", TEXT, text.pk)


def unknown_fields(exam: Exam) -> Found:
    return listed(_faulty(exam))


def _faulty(exam: Exam) -> Iterator[Sample]:
    for texts in texts_in_force(exam).values():
        for text in texts.values():
            words = [text.series, text.subject, text.closing, *map(str, text.paragraphs)]
            said = [fault for each in words for fault in letter_fields.faults(each)]
            if said:
                yield (f"{text}: {said[0]}", TEXT, text.pk)


# Accounts


def centres_without(exam: Exam) -> Found:
    entries = centre_accounts.missing(exam).select_related("exam", "station").order_by("pk")
    return rows(entries, ENTRY)


def _accounts(exam: Exam) -> QuerySet[User]:
    return User.objects.filter(role=Role.CENTRE, exam=exam).order_by("pk")


def not_entered(exam: Exam) -> Found:
    """They could sign in for an exam that is not sat there."""
    entered = CentreEntry.objects.filter(exam=exam).values("station")
    return rows(_accounts(exam).filter(is_active=True).exclude(station__in=entered), USER)


def switched_off(exam: Exam) -> Found:
    entered = CentreEntry.objects.filter(exam=exam).values("station")
    return rows(_accounts(exam).filter(is_active=False, station__in=entered), USER)


DIRECTORS = """
SELECT place.name || ', ' || county.name || ': ' || office.name
FROM (
    SELECT DISTINCT station.sub_county_id
    FROM catalogue_centreentry entry
    JOIN catalogue_dutystation station ON station.id = entry.station_id
    WHERE entry.exam_id = %(exam)s
) entered
JOIN catalogue_subcounty place ON place.id = entered.sub_county_id
JOIN catalogue_county county ON county.id = place.county_id
CROSS JOIN unnest(%(offices)s::text[], %(names)s::text[]) AS office (code, name)
WHERE NOT EXISTS (
    SELECT FROM accounts_user director
    WHERE director.role = 'director' AND director.is_active
        AND director.sub_county_id = entered.sub_county_id AND director.office = office.code
)
ORDER BY county.code, place.name, office.code
"""


def no_director(exam: Exam) -> Found:
    offices = [str(office) for office in Office]
    names = [str(office.label) for office in Office]
    return asked(DIRECTORS, exam=exam.pk, offices=offices, names=names)


# Whether there is anybody at all

# As vacancies.eligibility holds one officer against one position, for all of both at once: what
# the rules ask that has an answer before anybody applies. Years are counted from the first
# workstation on, and so are no fewer than the rules would count.
NOBODY = """
WITH wanted AS (
    SELECT DISTINCT terms.id, terms.position_id,
        CASE WHEN position.deployed_by = '' OR station.kind = 'marking_centre' THEN NULL
            ELSE station.sub_county_id END AS sub_county_id
    FROM catalogue_positionterms terms
    JOIN catalogue_position position ON position.id = terms.position_id
    JOIN deployments_post post ON post.exam_id = terms.exam_id
        AND post.position_id = terms.position_id AND post.required > 0
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE terms.exam_id = %(exam)s
),
officer AS (
    SELECT officer.id, officer.sub_county_id, officer.vetting, officer.subjects,
        officer.trained_in, %(year)s - officer.year_of_birth AS age, work.employer, work.level,
        work.years, coalesce(study.rank, -1) AS rank
    FROM profiles_officer officer
    LEFT JOIN (
        SELECT officer_id, max(employer) FILTER (WHERE ends_on IS NULL) AS employer,
            max(level) FILTER (WHERE ends_on IS NULL) AS level,
            (current_date - min(starts_on)) * 100 / 36525 AS years
        FROM profiles_workexperience GROUP BY officer_id
    ) work ON work.officer_id = officer.id
    LEFT JOIN (
        SELECT officer_id, max(array_position(%(levels)s::text[], level::text)) AS rank
        FROM profiles_qualification GROUP BY officer_id
    ) study ON study.officer_id = officer.id
    WHERE officer.submitted_at IS NOT NULL AND officer.vetting <> 'barred'
),
fits AS (
    SELECT DISTINCT terms.id, officer.sub_county_id
    FROM catalogue_positionterms terms
    JOIN catalogue_position position ON position.id = terms.position_id
    JOIN officer ON (NOT terms.vetting_required OR officer.vetting = 'vetted')
        AND (NOT terms.tsc_employment_required OR officer.employer = 'tsc')
        AND (terms.school_levels = '{}' OR officer.level = ANY(terms.school_levels))
        AND (terms.lowest_qualification = ''
            OR officer.rank >= array_position(%(levels)s::text[],
                terms.lowest_qualification::text))
        AND coalesce(officer.years, 0) >= terms.years_of_experience
        AND (terms.oldest IS NULL OR officer.age <= terms.oldest)
        AND (NOT terms.subject_required OR position.subject_id = ANY(officer.subjects))
        AND (NOT terms.training_required OR EXISTS (
            SELECT FROM unnest(officer.trained_in) paper
            WHERE starts_with(paper,
                coalesce(nullif(position.paper, ''), position.subject_id || '/'))
        ))
    WHERE terms.exam_id = %(exam)s
)
SELECT position.name || coalesce(', ' || place.name || ', ' || county.name, ''), wanted.id
FROM wanted
JOIN catalogue_position position ON position.id = wanted.position_id
LEFT JOIN catalogue_subcounty place ON place.id = wanted.sub_county_id
LEFT JOIN catalogue_county county ON county.id = place.county_id
WHERE NOT EXISTS (
    SELECT FROM fits WHERE fits.id = wanted.id
        AND (wanted.sub_county_id IS NULL OR fits.sub_county_id = wanted.sub_county_id)
)
ORDER BY position.rank, county.code, place.name
"""


def nobody_fits(exam: Exam) -> Found:
    return asked(
        NOBODY,
        "admin:catalogue_positionterms_change",
        exam=exam.pk,
        year=exam.starts_on.year,
        levels=StudyLevel.values,
    )


CHECKS = [
    Check(
        "letter_one_language",
        "letters",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d letter has words of headquarters in one language and the portal's in the other.",
            "%(n)d letters have words of headquarters in one language and the portal's in the "
            "other.",
            "n",
        ),
        one_language,
        here("letters"),
        shown=True,
    ),
    Check(
        "letter_fields",
        "letters",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d letter text names a field that is not known.",
            "%(n)d letter texts name a field that is not known.",
            "n",
        ),
        unknown_fields,
        here("letters"),
        shown=True,
    ),
    Check(
        "centres_without_account",
        "accounts",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d centre has no account for this exam.",
            "%(n)d centres have no account for this exam.",
            "n",
        ),
        centres_without,
        here("accounts"),
        shown=True,
    ),
    Check(
        "accounts_not_entered",
        "accounts",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d account is of a centre that is not entered for this exam.",
            "%(n)d accounts are of centres that are not entered for this exam.",
            "n",
        ),
        not_entered,
        plain_list("accounts_user"),
    ),
    Check(
        "accounts_off",
        "accounts",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d entered centre's account is switched off.",
            "%(n)d entered centres' accounts are switched off.",
            "n",
        ),
        switched_off,
        plain_list("accounts_user"),
    ),
    Check(
        "no_director",
        "accounts",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d office of a sub-county has no director who can sign in.",
            "%(n)d offices of sub-counties have no director who can sign in.",
            "n",
        ),
        no_director,
        here("accounts"),
    ),
    Check(
        "nobody_fits",
        "posts",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d position has posts, and nobody's profile fits its terms there.",
            "%(n)d positions have posts, and nobody's profile fits their terms there.",
            "n",
        ),
        nobody_fits,
        here("terms"),
    ),
]
