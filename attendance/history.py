"""What an officer has served before, as the registers say."""

from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from attendance.models import Mark, MarkStatus


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
