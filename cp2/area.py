"""What a director sees first: per position the gap, and how much waits for a decision."""

from typing import Any

from django.db.models import Count, F, Model, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.slips import with_slips
from attendance.models import Register, RegisterReturn, RegisterStatus, ReturnStatus
from catalogue.models import CentreEntry, Office
from claims.models import Claim, ClaimStatus
from deployments.models import LIVE, Deployment, DeploymentStatus, Post
from enquiries.models import Enquiry, EnquiryStatus
from profiles.models import NumberChange, Officer, RegisterCheck, Vetting
from vacancies.models import Application, ApplicationStatus


def picture(user: User) -> dict[str, Any]:
    return {"positions": _positions(user), "waiting": _waiting(user), "slips": _slips(user)}


def _slips(user: User) -> list[dict[str, Any]]:
    """Per exam that is running or to come: how many centres have no printed slip."""
    centres = with_slips(CentreEntry.objects.visible_to(user))
    missing = Count("pk", filter=Q(slip_printed_at=None))
    exams: QuerySet[Any, Any] = (  # of dictionaries
        centres.filter(exam__ends_on__gte=timezone.localdate())
        .order_by("exam__rehearsal_on", "exam")
        .values("exam", name=F("exam__abbreviation"), year=F("exam__year"))
        .annotate(missing=missing)
    )
    return list(exams)


def _positions(user: User) -> list[dict[str, Any]]:
    """Per exam and position of one's own office: entitled, deployed, accepted; gaps first."""
    now = timezone.localdate()
    posts = Post.objects.deployable_by(user).filter(exam__ends_on__gte=now)
    keys = ("exam_id", "position_id")
    held = {
        (row["post__exam_id"], row["post__position_id"]): row
        for row in Deployment.objects.deployable_by(user)
        .filter(status__in=LIVE, ends_on__gte=now)
        .values("post__exam_id", "post__position_id")
        .annotate(
            live=Count("pk"), accepted=Count("pk", filter=Q(status=DeploymentStatus.ACCEPTED))
        )
    }
    rows = posts.values(
        *keys, exam_name=F("exam__abbreviation"), position_name=F("position__name")
    ).annotate(required=Sum("required"))
    nobody = {"live": 0, "accepted": 0}
    filled = []
    for row in rows:
        officers = held.get((row["exam_id"], row["position_id"]), nobody)
        gap = row["required"] - officers["live"]
        filled.append({**row, **officers, "gap": gap})
    return sorted(filled, key=lambda row: -row["gap"])


def _waiting(user: User) -> dict[str, int]:
    """How many rows wait for this director, by the page that decides about them; one query."""
    today = timezone.localdate()
    waiting: dict[str, QuerySet[Any]] = {
        "applications": Application.objects.visible_to(user).filter(
            status=ApplicationStatus.SUBMITTED, vacancy__position__deployed_by=user.office
        ),
        "offers": Deployment.objects.deployable_by(user).filter(status=DeploymentStatus.OFFERED),
        "centres": CentreEntry.objects.visible_to(user).filter(exam__days__day=today),
        "marked": Register.objects.visible_to(user)
        .filter(day=today)
        .exclude(status=RegisterStatus.OPEN),
    }
    if user.office == Office.TSC:
        waiting["officers"] = (
            Officer.objects.visible_to(user).submitted().filter(vetting=Vetting.PENDING)
        )
        waiting["identity"] = RegisterCheck.objects.waiting().filter(
            officer__in=Officer.objects.visible_to(user).submitted()
        )
        waiting["numbers"] = NumberChange.objects.visible_to(user).waiting()
        waiting["claims"] = Claim.objects.visible_to(user).filter(status=ClaimStatus.PREPARED)
    else:
        waiting["enquiries"] = Enquiry.objects.visible_to(user).filter(status=EnquiryStatus.OPEN)
        waiting["returns"] = RegisterReturn.objects.visible_to(user).filter(
            status=ReturnStatus.SIGNED
        )
    counts = User.objects.filter(pk=user.pk).values_list(*map(_count, waiting.values())).get()
    return dict(zip(waiting, counts, strict=True))


def _count(rows: QuerySet[Model]) -> Coalesce:
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)
