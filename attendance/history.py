"""What an officer has served before, as the registers say."""

from collections.abc import Collection

from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from attendance.models import Mark, MarkStatus
from catalogue.models import Exam


def past_service() -> dict[str, Coalesce]:
    """In a query of applications: the days that the applicant was present, and in how many exams,
    the one applied for left out."""
    marks = (
        Mark.objects.filter(officer=OuterRef("officer"), status=MarkStatus.PRESENT)
        .exclude(deployment__post__exam=OuterRef("exam"))
        .order_by()
        .annotate(all=Value(1))
        .values("all")
    )
    days = marks.annotate(n=Count("pk"))
    exams = marks.annotate(n=Count("deployment__post__exam", distinct=True))
    return {
        "days_served": Coalesce(Subquery(days.values("n")), 0),
        "exams_served": Coalesce(Subquery(exams.values("n")), 0),
    }


def absences(officers: Collection[int], *, before: Exam, since: int) -> dict[int, int]:
    """By officer: the days on which they were marked absent at other exams, from a year on."""
    rows = (
        Mark.objects.filter(
            officer__in=officers,
            status=MarkStatus.ABSENT,
            deployment__post__exam__year__range=(since, before.year),
        )
        .exclude(deployment__post__exam=before)
        .order_by()
        .values_list("officer")
        .annotate(n=Count("pk"))
    )
    return dict(rows)
