"""Enquiries as a list, narrowed as was asked, and as a file."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from cp2.exports import Table
from deployments.area_files import in_blocks
from enquiries.models import Enquiry, EnquiryQuerySet


def found(user: User, asked: dict[str, Any]) -> EnquiryQuerySet:
    rows = Enquiry.objects.visible_to(user).select_related("officer__user", "exam", "topic")
    for name in ("status", "category", "exam"):
        if asked.get(name):
            rows = rows.filter(**{name: asked[name]})
    if asked.get("overdue"):
        rows = rows.overdue()
    return rows.most_urgent_first()


def table(rows: QuerySet[Any], *, by: User, about: str) -> Table:
    """With the fields of KNEC's query form, as it is sent on to whoever pays."""
    return Table(
        name="enquiries",
        title=_("Enquiries"),
        heading=[
            _("Number"),
            _("Asked"),
            _("County"),
            _("Sub-county"),
            _("Year"),
            _("Exam"),
            _("Centre code"),
            _("Full name"),
            _("Position"),
            _("M-Pesa number"),
            _("About"),
            _("Topic"),
            _("Subject"),
            _("How it came"),
            _("Status"),
            _("Answer promised by"),
            _("Overdue"),
            _("First answered"),
            _("Taken by"),
        ],
        rows=_lines(
            rows.select_related("exam", "topic", "officer__user", "sub_county__county", "taken_by")
        ),
        count=rows.count(),
        by=str(by),
        about=about,
    )


def _lines(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    for row in in_blocks(rows):
        yield [
            row.pk,
            row.opened_at,
            row.sub_county.county.name,
            row.sub_county.name,
            row.exam.year if row.exam else "",
            row.exam.short if row.exam else "",
            row.centre_code,
            row.full_name or str(row.officer or ""),
            row.position,
            row.payee_number,
            row.get_category_display(),
            str(row.topic or ""),
            row.subject,
            row.get_way_display(),
            row.get_status_display(),
            row.answer_by,
            _("yes") if row.is_overdue else "",
            row.first_answered_at,
            str(row.taken_by or ""),
        ]
