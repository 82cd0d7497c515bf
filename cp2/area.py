"""What a director sees first: what waits to be seen to, and a picture of who stands where."""

from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, Func, IntegerField, Model, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from accounts.slips import with_slips
from attendance import absences
from attendance.models import (
    Amendment,
    CentreReport,
    Register,
    RegisterReturn,
    RegisterStatus,
    ReturnStatus,
    SecondLook,
)
from catalogue.models import CentreEntry, Office
from claims.models import Claim, ClaimStatus, MoneyCount, MoneyState
from cp2 import area_picture
from cp2.area_work import Work, items
from deployments.models import Deployment, DeploymentStatus, Letter, LetterStatus, Post
from enquiries.models import Enquiry, EnquiryStatus
from profiles.models import NumberChange, Officer, RegisterCheck, Vetting
from vacancies.models import Application, ApplicationStatus


def picture(user: User) -> dict[str, Any]:
    waiting, slips, posts = _waiting(user), _slips(user), _posts(user)
    work = items(user, waiting, free=_free(posts), slips=slips)
    return {
        "waiting": waiting,
        "slips": slips,
        "work": [item for item in work if item.count],
        "quiet": [item for item in work if not item.count],
        "positions": area_picture.positions(posts),
        "centres": area_picture.centres(posts),
        "answers": area_picture.answers(user),
        "money": _money(user) if user.office == Office.TSC else [],
    }


def _money(user: User) -> list[tuple[str, Decimal]]:
    """What was earned here and where it is, as it was counted within the last minute."""
    here: QuerySet[Any, Any] = MoneyCount.objects.filter(sub_county=user.sub_county_id)
    found = dict(here.order_by().values_list("state").annotate(net=Sum("net")))
    return [(str(state.label), found[state]) for state in MoneyState if state in found]


def _free(posts: list[dict[str, Any]]) -> int:
    """How many rows of the list of centres have a free place."""
    return sum(post["gap"] > 0 for post in posts)


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


def _posts(user: User) -> list[dict[str, Any]]:
    """Of one's own office, for exams that are not over: entitled, offered or accepted, accepted."""
    counted: QuerySet[Any, Any] = Post.objects.deployable_by(user).ahead().with_counts()
    return list(
        counted.order_by().values(
            "exam_id",
            "position_id",
            "station_id",
            "required",
            "live",
            "accepted",
            "gap",
            exam_name=F("exam__abbreviation"),
            exam_year=F("exam__year"),
            position_name=F("position__name"),
            rank=F("position__rank"),
            code=F("station__code"),
            station_name=F("station__name"),
        )
    )


def _waiting(user: User) -> dict[str, int]:
    """How many rows wait for this director, by the page that decides about them; one query."""
    today = timezone.localdate()
    deployed = Deployment.objects.deployable_by(user)
    waiting: dict[str, QuerySet[Any]] = {
        "applications": Application.objects.visible_to(user).filter(
            status=ApplicationStatus.SUBMITTED, vacancy__position__deployed_by=user.office
        ),
        "due": deployed.due_soon(),
        "offers": deployed.filter(status=DeploymentStatus.OFFERED),
        "free": deployed.left_free(),
        "letters": Letter.objects.current().filter(
            status=LetterStatus.FAILED, deployment__in=deployed
        ),
        "papers": Deployment.objects.visible_to(user).with_papers_due(),
        "no_shows": CentreReport.objects.answerable_by(user).no_shows().open(),
        "centres": CentreEntry.objects.visible_to(user).working_on(today),
        "marked": Register.objects.visible_to(user)
        .filter(day=today)
        .exclude(status=RegisterStatus.OPEN),
    }
    if user.office == Office.TSC:
        waiting["incidents"] = CentreReport.objects.answerable_by(user).incidents().open()
        waiting["officers"] = (
            Officer.objects.visible_to(user).submitted().filter(vetting=Vetting.PENDING)
        )
        waiting["identity"] = RegisterCheck.objects.waiting().filter(
            officer__in=Officer.objects.visible_to(user).submitted()
        )
        waiting["numbers"] = NumberChange.objects.visible_to(user).waiting()
        waiting["amendments"] = Amendment.objects.decidable_by(user).waiting()
        waiting["looks"] = SecondLook.objects.waiting_for(user)
        waiting["claims"] = Claim.objects.visible_to(user).filter(status=ClaimStatus.PREPARED)
    else:
        waiting["enquiries"] = Enquiry.objects.visible_to(user).filter(status=EnquiryStatus.OPEN)
        waiting["returns"] = RegisterReturn.objects.visible_to(user).filter(
            status=ReturnStatus.SIGNED
        )
    me = User.objects.filter(pk=user.pk)
    *counts, missing = me.values_list(*map(_count, waiting.values()), absences.counts(user)).get()
    return dict(zip(waiting, counts, strict=True)) | dict(
        zip(("absent", "unmarked"), missing, strict=True)
    )


def _count(rows: QuerySet[Model]) -> Func:
    """As a list's length: a count in a subquery must group by something, and Django takes twice as
    long to write that."""
    return Func(
        ArraySubquery(rows.order_by().values("pk")),
        function="CARDINALITY",
        output_field=IntegerField(),
    )


__all__ = ["Work", "picture"]
