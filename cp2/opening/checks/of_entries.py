from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import ngettext_lazy

from catalogue.models import CentreEntry, Exam, StationKind
from cp2.opening import services
from cp2.opening.checks.base import (
    ENTRY,
    STATION,
    Check,
    Found,
    asked,
    bare,
    here,
    in_list,
    plain_list,
    rows,
)
from cp2.opening.models import Severity


def entries(exam: Exam) -> QuerySet[CentreEntry]:
    return CentreEntry.objects.filter(exam=exam).select_related("exam", "station").order_by("pk")


def none_at_all(exam: Exam) -> Found:
    if entries(exam).exists() or exam.marking_entries.exists():
        return Found(0)
    return bare(str(exam))


def no_candidates(exam: Exam) -> Found:
    return rows(entries(exam).filter(candidates=0), ENTRY)


def of_last_year(exam: Exam) -> Found:
    return rows(services.unconfirmed(exam).select_related("exam", "station").order_by("pk"), ENTRY)


def no_centre(exam: Exam) -> Found:
    kind = StationKind.EXAMINATION_CENTRE
    return rows(entries(exam).exclude(station__kind=kind), ENTRY)


def no_distribution(exam: Exam) -> Found:
    return rows(entries(exam).filter(distribution_centre=None), ENTRY)


def odd_distribution(exam: Exam) -> Found:
    kind = StationKind.DISTRIBUTION_CENTRE
    odd = entries(exam).exclude(distribution_centre=None)
    return rows(odd.exclude(distribution_centre__kind=kind), ENTRY)


def nowhere(exam: Exam) -> Found:
    """Neither on the map nor with a way to the distribution centre."""
    return rows(entries(exam).filter(station__latitude=None, distance_km=None), ENTRY)


def _host_entry() -> QuerySet[CentreEntry]:
    return CentreEntry.objects.filter(exam=OuterRef("exam"), station=OuterRef("host"))


def host_not_entered(exam: Exam) -> Found:
    hosted = entries(exam).exclude(host=None)
    return rows(hosted.filter(~Exists(_host_entry())), ENTRY)


def host_is_hosted(exam: Exam) -> Found:
    hosted = entries(exam).exclude(host=None)
    return rows(hosted.filter(Exists(_host_entry().exclude(host=None))), ENTRY)


def host_elsewhere(exam: Exam) -> Found:
    """Papers go to the host, so both draw from one container."""
    other = _host_entry().exclude(distribution_centre=OuterRef("distribution_centre"))
    hosted = entries(exam).exclude(host=None).exclude(distribution_centre=None)
    return rows(hosted.filter(Exists(other)), ENTRY)


def too_small(exam: Exam) -> Found:
    small = Q(candidates__lt=F("exam__hosting_threshold"), candidates__gt=0, host=None)
    return rows(entries(exam).filter(small), ENTRY)


TWICE = """
SELECT min(station.code) || ', ' || max(station.code) || ' ' || min(station.name), min(station.id)
FROM catalogue_centreentry entry
JOIN catalogue_dutystation station ON station.id = entry.station_id
WHERE entry.exam_id = %(exam)s
GROUP BY station.sub_county_id, station.level, lower(station.name)
HAVING count(*) > 1
ORDER BY 1
"""


def twice(exam: Exam) -> Found:
    """No two stations have a code in common; but one school may have come in under two."""
    return asked(TWICE, STATION, exam=exam.pk)


CHECKS = [
    Check(
        "no_entries",
        "entries",
        Severity.BLOCKS,
        ngettext_lazy("No centre is entered.", "No centre is entered.", "n"),
        none_at_all,
        here("entries"),
        shown=True,
    ),
    Check(
        "no_candidates",
        "entries",
        Severity.BLOCKS,
        ngettext_lazy("%(n)d centre has no candidates.", "%(n)d centres have no candidates.", "n"),
        no_candidates,
        in_list("catalogue_centreentry"),
        shown=True,
    ),
    Check(
        "candidates_of_last_year",
        "entries",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d centre still has last year's number of candidates.",
            "%(n)d centres still have last year's number of candidates.",
            "n",
        ),
        of_last_year,
        here("entries"),
        shown=True,
    ),
    Check(
        "no_centre",
        "entries",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d entry is of a station that is no examination centre.",
            "%(n)d entries are of stations that are no examination centres.",
            "n",
        ),
        no_centre,
        in_list("catalogue_centreentry"),
    ),
    Check(
        "no_distribution",
        "entries",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d centre has no distribution centre.",
            "%(n)d centres have no distribution centre.",
            "n",
        ),
        no_distribution,
        in_list("catalogue_centreentry"),
        shown=True,
    ),
    Check(
        "odd_distribution",
        "entries",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d centre draws its papers from a station that is no distribution centre.",
            "%(n)d centres draw their papers from stations that are no distribution centres.",
            "n",
        ),
        odd_distribution,
        in_list("catalogue_centreentry"),
    ),
    Check(
        "nowhere",
        "entries",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d centre has neither coordinates nor a distance.",
            "%(n)d centres have neither coordinates nor a distance.",
            "n",
        ),
        nowhere,
        plain_list("catalogue_dutystation"),
    ),
    Check(
        "host_not_entered",
        "entries",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d centre has a host that is not entered itself.",
            "%(n)d centres have a host that is not entered itself.",
            "n",
        ),
        host_not_entered,
        in_list("catalogue_centreentry"),
    ),
    Check(
        "host_is_hosted",
        "entries",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d centre has a host that is hosted itself.",
            "%(n)d centres have a host that is hosted itself.",
            "n",
        ),
        host_is_hosted,
        in_list("catalogue_centreentry"),
    ),
    Check(
        "host_elsewhere",
        "entries",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d centre draws its papers from another distribution centre than its host.",
            "%(n)d centres draw their papers from another distribution centre than their hosts.",
            "n",
        ),
        host_elsewhere,
        in_list("catalogue_centreentry"),
    ),
    Check(
        "too_small",
        "entries",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d centre has fewer candidates than the hosting threshold, and no host.",
            "%(n)d centres have fewer candidates than the hosting threshold, and no host.",
            "n",
        ),
        too_small,
        in_list("catalogue_centreentry"),
    ),
    Check(
        "twice",
        "entries",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d name is entered under two codes in one sub-county.",
            "%(n)d names are entered under two codes in one sub-county.",
            "n",
        ),
        twice,
        in_list("catalogue_centreentry"),
    ),
]
