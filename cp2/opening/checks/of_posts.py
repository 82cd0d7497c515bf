from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import ngettext_lazy

from catalogue.models import CentreEntry, Exam, PositionTerms, StationKind
from cp2.opening.checks.base import (
    ENTRY,
    POST,
    TERMS,
    VACANCY,
    Check,
    Found,
    asked,
    here,
    in_list,
    open_vacancies,
    rows,
)
from cp2.opening.checks.of_entries import entries
from cp2.opening.models import Severity
from deployments.models import Post, Recount
from vacancies.models import Application, Vacancy

# Posts


def waiting(exam: Exam) -> Found:
    places = Recount.objects.filter(exam=exam).values("sub_county").distinct().count()
    return Found(places)


def no_posts(exam: Exam) -> Found:
    """A centre whose every position is counted with another exam, where it is entered too, has
    none and needs none."""
    terms = PositionTerms.objects.filter(exam=exam)
    with_posts = Post.objects.filter(exam=exam).values("station")
    leading = terms.exclude(counted_with=None).values("counted_with")
    led = CentreEntry.objects.filter(exam__in=leading).values("station")
    if not terms.filter(station_kind=StationKind.EXAMINATION_CENTRE).exists():
        return Found(0)
    without = entries(exam).exclude(station__in=with_posts).exclude(station__in=led)
    return rows(without, ENTRY)


def _posts(exam: Exam) -> QuerySet[Post]:
    return Post.objects.filter(exam=exam).select_related("exam", "station", "position")


def without_terms(exam: Exam) -> Found:
    terms = PositionTerms.objects.filter(exam=OuterRef("exam"), position=OuterRef("position"))
    return rows(_posts(exam).filter(~Exists(terms), required__gt=0).order_by("pk"), POST)


def terms_without_posts(exam: Exam) -> Found:
    posts = Post.objects.filter(
        exam=OuterRef("exam"), position=OuterRef("position"), required__gt=0
    )
    unused = PositionTerms.objects.filter(~Exists(posts), exam=exam)
    return rows(unused.select_related("exam", "position"), TERMS)


# Vacancies

NOT_ADVERTISED = """
SELECT position.name || ', ' || place.name || ', ' || county.name
FROM (
    SELECT post.position_id, station.kind, station.sub_county_id
    FROM deployments_post post
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE post.exam_id = %(exam)s AND post.required > 0
    GROUP BY post.position_id, station.kind, station.sub_county_id
) wanted
JOIN catalogue_position position ON position.id = wanted.position_id
JOIN catalogue_subcounty place ON place.id = wanted.sub_county_id
JOIN catalogue_county county ON county.id = place.county_id
WHERE NOT EXISTS (
    SELECT FROM vacancies_vacancy vacancy
    WHERE vacancy.exam_id = %(exam)s AND vacancy.position_id = wanted.position_id
        AND vacancy.station_kind = wanted.kind AND vacancy.sub_county_id = wanted.sub_county_id
)
ORDER BY position.rank, county.code, place.name
"""


def not_advertised(exam: Exam) -> Found:
    return asked(NOT_ADVERTISED, exam=exam.pk)


def _named(vacancy: Vacancy) -> str:
    closes = date_format(timezone.localtime(vacancy.closes_at), "j M Y, H:i")
    return f"{vacancy.position}, {vacancy.sub_county} – {closes}"


def _before_it(exam: Exam) -> QuerySet[Vacancy]:
    """Marking comes after the exam, and so do its vacancies."""
    return _vacancies(exam).exclude(station_kind=StationKind.MARKING_CENTRE)


def _vacancies(exam: Exam) -> QuerySet[Vacancy]:
    return Vacancy.objects.filter(exam=exam).in_words().order_by("pk")


def close_late(exam: Exam) -> Found:
    return rows(_before_it(exam).filter(closes_at__date__gte=exam.starts_on), VACANCY, _named)


def closed(exam: Exam) -> Found:
    """Before anybody could be chosen: nobody can apply any more, and none has."""
    applied = Application.objects.filter(vacancy=OuterRef("pk"))
    past = Q(closes_at__lt=timezone.now(), places__gt=0)
    return rows(_vacancies(exam).filter(~Exists(applied), past), VACANCY, _named)


def for_nobody(exam: Exam) -> Found:
    posts = Post.objects.filter(
        exam=OuterRef("exam"),
        position=OuterRef("position"),
        station__kind=OuterRef("station_kind"),
        station__sub_county=OuterRef("sub_county"),
        required__gt=0,
    )
    return rows(_vacancies(exam).filter(~Exists(posts), places__gt=0), VACANCY, _named)


def responses_too_late(exam: Exam) -> Found:
    """Whoever is offered a place on the last day of the vacancies answers after the rehearsal."""
    late = _before_it(exam).filter(
        exam__terms__position=F("position"),
        closes_at__date__gt=F("exam__rehearsal_on") - F("exam__terms__days_to_respond"),
    )
    return rows(late, VACANCY, _named)


CHECKS = [
    Check(
        "recounting",
        "posts",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d sub-county is still being counted.",
            "%(n)d sub-counties are still being counted.",
            "n",
        ),
        waiting,
        here("posts"),
        shown=True,
    ),
    Check(
        "no_posts",
        "posts",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d centre is entered and has no posts.",
            "%(n)d centres are entered and have no posts.",
            "n",
        ),
        no_posts,
        here("posts"),
        shown=True,
    ),
    Check(
        "posts_without_terms",
        "posts",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d post is of a position without terms, so nobody there is paid.",
            "%(n)d posts are of positions without terms, so nobody there is paid.",
            "n",
        ),
        without_terms,
        here("terms"),
    ),
    Check(
        "terms_without_posts",
        "posts",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d position has terms and no post anywhere.",
            "%(n)d positions have terms and no post anywhere.",
            "n",
        ),
        terms_without_posts,
        here("posts"),
    ),
    Check(
        "not_advertised",
        "vacancies",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d position of a sub-county has posts and no vacancy.",
            "%(n)d positions of sub-counties have posts and no vacancy.",
            "n",
        ),
        not_advertised,
        open_vacancies,
    ),
    Check(
        "close_late",
        "vacancies",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d vacancy closes after the exam has begun.",
            "%(n)d vacancies close after the exam has begun.",
            "n",
        ),
        close_late,
        in_list("vacancies_vacancy"),
        shown=True,
    ),
    Check(
        "closed",
        "vacancies",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d vacancy has closed, and nobody has applied.",
            "%(n)d vacancies have closed, and nobody has applied.",
            "n",
        ),
        closed,
        in_list("vacancies_vacancy"),
    ),
    Check(
        "for_nobody",
        "vacancies",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d vacancy is for a position that no station of the sub-county is entitled to.",
            "%(n)d vacancies are for positions that no station of the sub-county is entitled to.",
            "n",
        ),
        for_nobody,
        in_list("vacancies_vacancy"),
    ),
    Check(
        "answers_late",
        "vacancies",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d vacancy closes so late that an offer can be answered after the rehearsal.",
            "%(n)d vacancies close so late that an offer can be answered after the rehearsal.",
            "n",
        ),
        responses_too_late,
        in_list("vacancies_vacancy"),
    ),
]
