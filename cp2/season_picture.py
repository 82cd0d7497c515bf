"""What headquarters sees first: how far the season has come, a list behind each number."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from attendance.models import Register, RegisterStatus
from catalogue.models import CentreEntry, Exam
from claims.ledger import UNBALANCED
from claims.models import Claim, ClaimStatus, MoneyCount, MoneyState, PaymentBatch
from claims.money.report import By, Money, report
from deployments.models import Deployment, DeploymentStatus
from enquiries.models import Enquiry, EnquiryStatus
from profiles import looks
from profiles.models import Officer, Vetting
from sms.models import Message, MessageStatus
from vacancies.models import Application, ApplicationStatus


@dataclass(frozen=True)
class Figure:
    label: str
    count: int
    url: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True)
class Alarm:
    """Something that a person should look into."""

    text: str
    at: datetime
    url: str


@dataclass(frozen=True)
class Line:
    title: str
    figures: list[Figure]
    url: str = ""


def picture(user: User) -> dict[str, Any]:
    """The newest year's exams, and a line of figures for each thing that this person may list."""
    exams = list(Exam.objects.filter(year=Exam.objects.order_by("-year").values("year")[:1]))
    lines = [line(exams) for permission, line in LINES.items() if user.has_perm(permission)]
    season = ", ".join(exam.short for exam in exams)
    return {"season": season, "picture": lines, "alarms": alarms(user)}


def alarms(user: User) -> list[Alarm]:
    """Of the last day, the newest first, with the page of what it is about; of what this person
    may read."""
    verbs = []
    if user.has_perm("accounts.view_entry"):
        verbs.append(looks.LIMITED)
    if user.has_perm("claims.view_ledgerentry"):
        verbs.append(UNBALANCED)
    if not verbs:
        return []
    lately = Entry.objects.filter(verb__in=verbs, at__gt=timezone.now() - timedelta(days=1))
    found = list(lately.select_related("actor").order_by("-at")[:20])
    batches = PaymentBatch.objects.in_bulk(
        {entry.subject_id for entry in found if entry.verb == UNBALANCED}
    )
    return [_alarm(entry, batches) for entry in found]


def _alarm(entry: Entry, batches: dict[int, PaymentBatch]) -> Alarm:
    if entry.verb == UNBALANCED:
        return Alarm(
            _("The ledger of %(batch)s does not balance.") % {"batch": batches[entry.subject_id]},
            entry.at,
            reverse("admin:claims_paymentbatch_change", args=[entry.subject_id]),
        )
    return Alarm(
        _("%(who)s looked at more than %(most)s officers in an hour.")
        % {"who": entry.actor, "most": entry.details["most"]},
        entry.at,
        _list(Entry, q=entry.actor.username) if entry.actor else _list(Entry),
    )


def _officers(exams: list[Exam]) -> Line:
    """Officers stay from season to season."""
    counts = Officer.objects.aggregate(
        registered=Count("pk"),
        submitted=Count("submitted_at"),
        vetted=Count("pk", filter=Q(vetting=Vetting.VETTED)),
    )
    return Line(
        _("Officers"),
        [
            Figure(_("Registered"), counts["registered"], _list(Officer)),
            Figure(
                _("Profile submitted"),
                counts["submitted"],
                _list(Officer, submitted_at__isempty=0),
            ),
            Figure(
                str(Vetting.VETTED.label),
                counts["vetted"],
                _list(Officer, vetting__exact=Vetting.VETTED),
            ),
        ],
    )


def _applications(exams: list[Exam]) -> Line:
    rows = Application.objects.filter(exam__in=exams)
    figures = _by_status(rows, ApplicationStatus, exam__in=_numbers(exams))
    return Line(_("Applications"), figures)


def _deployments(exams: list[Exam]) -> Line:
    rows = Deployment.objects.filter(post__exam__in=exams)
    figures = _by_status(rows, DeploymentStatus, post__exam__in=_numbers(exams))
    return Line(_("Deployments"), figures)


def _registers(exams: list[Exam]) -> Line:
    """Each centre that works today owes one."""
    today = timezone.localdate()
    submitted = [RegisterStatus.SUBMITTED, RegisterStatus.AMENDED]
    its_own = Register.objects.filter(entry=OuterRef("pk"), day=today, status__in=submitted)
    counts = (
        CentreEntry.objects.working_on(today)
        .annotate(is_submitted=Exists(its_own))
        .aggregate(due=Count("pk"), submitted=Count("pk", filter=Q(is_submitted=True)))
    )
    url = _list(Register, day__exact=today.isoformat(), status__in=",".join(submitted))
    return Line(
        _("Registers of today"),
        [
            Figure(_("Submitted"), counts["submitted"], url),
            Figure(_("Due"), counts["due"]),
        ],
        reverse("admin:attendance_register_today"),
    )


def _claims(exams: list[Exam]) -> Line:
    """As they were counted within the last minute: to add up a nation's takes too long here."""
    sums = {"claims": Sum("claims"), "net": Sum("net")}
    found = {row["status"]: row for row in _counted(exams).values("status").annotate(**sums)}
    nothing = {"claims": 0, "net": Decimal(0)}
    return Line(
        _("Claims"),
        [
            Figure(
                str(status.label),
                found.get(status, nothing)["claims"],
                _list(Claim, status__exact=status, exam__in=_numbers(exams)),
                found.get(status, nothing)["net"],
            )
            for status in ClaimStatus
        ],
    )


def _money(exams: list[Exam]) -> Line:
    """Where it is, and behind each figure the claims that it is made of."""
    year = {"year": exams[0].year} if exams else {}
    total = report(By.EXAM, year).total
    figures = [
        _where(str(state.label), total.states[state], state=state.value, **year)
        for state in MoneyState
    ]
    held = _where(_("of which held"), total.held, state=MoneyState.OWED.value, held="on", **year)
    return Line(
        _("Money"),
        [figures[0], held, *figures[1:]],
        f"{reverse('admin:claims_money')}?{urlencode(year)}",
    )


def _where(label: str, found: Money, **asked: Any) -> Figure:
    url = f"{reverse('admin:claims_money_claims')}?{urlencode(asked)}"
    return Figure(label, found.claims, url, found.net)


def _counted(exams: list[Exam]) -> QuerySet[Any, Any]:
    return MoneyCount.objects.filter(exam__in=exams).order_by()


def _enquiries(exams: list[Exam]) -> Line:
    return Line(_("Enquiries"), _by_status(Enquiry.objects.all(), EnquiryStatus))


def _texts(exams: list[Exam]) -> Line:
    """Today's: the table keeps those of many seasons, and how today's fare is what matters."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Message.objects.filter(created_at__gte=midnight)
    figures = _by_status(rows, MessageStatus, day="today")
    return Line(_("Texts of today"), figures, reverse("admin:sms_picture"))


# In the order of the lists below it; by what one must be allowed in order to see the line.
LINES: dict[str, Callable[[list[Exam]], Line]] = {
    "profiles.view_officer": _officers,
    "vacancies.view_application": _applications,
    "deployments.view_deployment": _deployments,
    "attendance.view_register": _registers,
    "claims.view_claim": _claims,
    "claims.view_paymentbatch": _money,
    "enquiries.view_enquiry": _enquiries,
    "sms.view_message": _texts,
}


def _by_status(
    rows: QuerySet[Any],
    statuses: type[models.TextChoices],
    **narrowed: str,
) -> list[Figure]:
    """How many rows stand where, in the order of their life; one query."""
    found = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    return [
        Figure(
            str(status.label),
            found.get(status, 0),
            _list(rows.model, status__exact=status, **narrowed),
        )
        for status in statuses
    ]


def _list(model: type[models.Model], **narrowed: Any) -> str:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{urlencode(narrowed)}" if narrowed else url


def _numbers(exams: list[Exam]) -> str:
    return ",".join(str(exam.pk) for exam in exams)
