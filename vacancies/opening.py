"""Vacancies as headquarters opens, changes and closes them. Each change leaves a line in the trail.

Whatever writes vacancies locks their exam first, so that nobody counts positions while another
changes what they are counted from.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each
from catalogue.models import Exam
from cp2.rules import Refused
from vacancies.models import Vacancy, VacancyQuerySet

# What positions are counted by: exam, kind of station, position, sub-county.
Key = tuple[int, str, int, int]


@dataclass
class Tally:
    done: int = 0
    refused: list[str] = field(default_factory=list)


def lock_exams(exams: Iterable[int]) -> None:
    """Call inside a transaction, before any vacancy of these exams is locked or written."""
    rows = Exam.objects.filter(pk__in=set(exams)).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def entitled(exams: Collection[int]) -> dict[Key, int]:
    """How many officers the stations of these exams are entitled to."""
    found: dict[Key, int] = import_string(settings.VACANCY_COUNTS["entitled"])(exams)
    return found


def key(vacancy: Vacancy) -> Key:
    return (
        vacancy.exam_id,
        vacancy.station_kind,
        vacancy.position_id,
        vacancy.sub_county_id,
    )


def refuse(vacancy: Vacancy, counted: int | None) -> None:
    """Refused if it cannot be as it is about to be saved."""
    if vacancy.closes_at <= vacancy.opens_at:
        raise Refused(_("The deadline must come after the day on which it opens."))
    if vacancy.override_reason or vacancy.places == counted:
        return
    if counted is None:
        raise Refused(
            _("No station of this sub-county is entitled to this position yet. Give a reason.")
        )
    raise Refused(
        _(
            "The stations are entitled to %(counted)s. Enter that number, or the reason why it is "
            "another one."
        )
        % {"counted": counted}
    )


def facts(vacancy: Vacancy) -> dict[str, Any]:
    """For the trail: what may change."""
    return {
        "places": vacancy.places,
        "reason": vacancy.override_reason,
        "opens_at": vacancy.opens_at.astimezone(UTC).isoformat(),
        "closes_at": vacancy.closes_at.astimezone(UTC).isoformat(),
    }


@transaction.atomic
def save(vacancy: Vacancy, *, by: User) -> Vacancy:
    """A new one, or one whose numbers and dates were typed over."""
    lock_exams([vacancy.exam_id])
    was = Vacancy.objects.filter(pk=vacancy.pk).first()
    refuse(vacancy, entitled([vacancy.exam_id]).get(key(vacancy)))
    if was is None:
        vacancy.save(force_insert=True)
        record("vacancy.opened", vacancy, by=by, **facts(vacancy))
    elif facts(was) != facts(vacancy):
        vacancy.save(update_fields=["places", "override_reason", "opens_at", "closes_at"])
        record("vacancy.changed", vacancy, by=by, was=facts(was), now=facts(vacancy))
    return vacancy


@transaction.atomic
def set_window(
    vacancies: VacancyQuerySet,
    *,
    by: User,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
) -> Tally:
    """Another opening or deadline, or both, for many at once. One that would close before it opens
    says so and holds up no other."""
    lock_exams(vacancies.order_by().values_list("exam", flat=True).distinct())
    rows = (
        Vacancy.objects.filter(pk__in=vacancies.order_by().values("pk"))
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
        .values_list("pk", "opens_at", "closes_at")
    )
    wanted = {name: at for name, at in {"opens_at": opens_at, "closes_at": closes_at}.items() if at}
    now, told, void = _in_iso(wanted), [], []
    for pk, opened, closed in rows:
        was = {"opens_at": opened, "closes_at": closed}
        if (closes_at or closed) <= (opens_at or opened):
            void.append(pk)
        elif was != {**was, **wanted}:
            told.append((Vacancy(pk=pk), {"was": _in_iso({n: was[n] for n in wanted}), "now": now}))
    Vacancy.objects.filter(pk__in=[vacancy.pk for vacancy, _details in told]).update(**wanted)
    record_each("vacancy.rescheduled", told, by=by)
    return Tally(len(told), list(_would_be_void(void)))


def _would_be_void(numbers: list[int]) -> Iterator[str]:
    for vacancy in Vacancy.objects.filter(pk__in=numbers).in_words().order_by("pk"):
        yield _("%(position)s, %(sub_county)s: it would close before it opens.") % {
            "position": vacancy.position,
            "sub_county": vacancy.sub_county,
        }


def _in_iso(moments: dict[str, datetime]) -> dict[str, str]:
    return {name: at.isoformat() for name, at in moments.items()}
