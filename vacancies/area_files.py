"""The list of a sub-county's applications as a file."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from cp2.exports import MOST_ROWS, Kind, Table
from profiles.models import masked
from sms.phones import local
from vacancies import area
from vacancies.area_forms import AreaFilterForm
from vacancies.models import ApplicationQuerySet

BLOCK = 500


def about(form: AreaFilterForm) -> str:
    """How the list was narrowed, in words."""
    parts = []
    for name, value in form.asked.items():
        if value:
            field = form.fields[name]
            choices = dict(getattr(field, "choices", []))
            parts.append(f"{field.label}: {choices.get(value, value)}")
    return "; ".join(parts)


def table(found: ApplicationQuerySet, count: int, form: AreaFilterForm, *, by: User) -> Table:
    return Table(
        name="applications",
        title=_("Applications, %(sub_county)s") % {"sub_county": by.sub_county},
        heading=[
            _("Name"),
            _("ID number"),
            _("Phone"),
            _("Reference"),
            _("Exam"),
            _("Position"),
            _("Submitted"),
            _("Qualification"),
            _("Years served"),
            _("Days served in exams before"),
            _("Distance, km"),
            _("Workstation"),
            _("Vetting"),
            _("Status"),
        ],
        rows=_rows(found),
        count=count,
        by=str(by),
        about=about(form),
        most={**MOST_ROWS, Kind.XLSX: 3000},  # each row is looked up in five tables
    )


def _rows(found: ApplicationQuerySet) -> Iterator[list[Any]]:
    """Block by block in the order of the list, so that a long one is never whole in memory."""
    numbers = list(found.values_list("pk", flat=True))
    for start in range(0, len(numbers), BLOCK):
        for row in area.rows(found.filter(pk__in=numbers[start : start + BLOCK]).for_vetting()):
            application, officer = row.application, row.application.officer
            yield [
                officer.full_name,
                masked(officer.national_id),
                local(officer.phone) if officer.phone else "",
                application.reference,
                application.vacancy.exam.short,
                application.vacancy.position.name,
                application.submitted_at,
                row.standing.level,
                row.standing.years,
                row.days_served,
                row.km,
                str(row.standing.workstation or ""),
                officer.get_vetting_display(),
                application.get_status_display(),
            ]
