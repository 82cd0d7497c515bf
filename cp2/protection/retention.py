"""What each rule of retention removes. A dry run counts the same rows that a real one takes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CASCADE, Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Session, User
from accounts.services import record, record_all
from claims.models import Claim, ClaimStatus
from cp2.protection.models import DataRequest, RequestStatus, RetentionRule, Rule
from cp2.rules import Refused, Role
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from cp2.runs.services import Work
from deployments.models import Deployment
from profiles.models import NextOfKin, NumberChange, Officer, Paper, RegisterEntry
from profiles.models.papers import SIDES
from profiles.papers import discard
from sms.models import InboundMessage, Message, MessageStatus

PORTION = 5000

Rows = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class What:
    """`rows(before)` are those whose time was over at that moment; `remove(pks)` takes them away
    and answers how many that were."""

    rows: Callable[[datetime], Rows]
    remove: Callable[[list[int]], int]


def _delete(model: type[Model]) -> Callable[[list[int]], int]:
    def remove(pks: list[int]) -> int:
        return model._base_manager.filter(pk__in=pks)._raw_delete("default") or 0

    return remove


def _texts(before: datetime) -> Rows:
    """Those that are over: nothing waits for them any more."""
    waits = [MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.HELD]
    return Message.objects.filter(created_at__lt=before).exclude(status__in=waits)


def _inbound(before: datetime) -> Rows:
    return InboundMessage.objects.filter(received_at__lt=before)


def _gone(before: datetime) -> QuerySet[Officer]:
    """Who neither served, nor signed in, nor was deployed anew since then, and is owed nothing: who
    somebody is may be asked once more before they are paid."""
    unpaid = Claim.objects.filter(officer=OuterRef("pk")).exclude(status=ClaimStatus.PAID)
    since = Deployment.objects.filter(officer=OuterRef("pk"), ends_on__gte=before.date())
    quiet = Q(user__last_login__lt=before) | Q(user__last_login=None, user__date_joined__lt=before)
    return Officer.objects.filter(quiet).exclude(Exists(since) | Exists(unpaid))


def _kin(before: datetime) -> Rows:
    return NextOfKin.objects.filter(officer__in=_gone(before))


def _papers(*, copies: bool) -> Callable[[datetime], Rows]:
    def rows(before: datetime) -> Rows:
        papers = Paper.objects.filter(sent_at__lt=before, officer__in=_gone(before))
        return papers.filter(kind__in=SIDES) if copies else papers.exclude(kind__in=SIDES)

    return rows


def _discard(pks: list[int]) -> int:
    papers = list(Paper.objects.filter(pk__in=pks))
    for paper in papers:
        discard(paper)
    return len(papers)


def _unused(before: datetime) -> Rows:
    """Somebody who registered and never came back to say who they are, and asked nothing."""
    asks = DataRequest.objects.filter(subject=OuterRef("pk"), status=RequestStatus.OPEN)
    quiet = Q(last_login__lt=before) | Q(last_login=None)
    return User.objects.filter(
        quiet,
        ~Exists(asks),
        role=Role.OFFICER,
        is_active=True,
        date_joined__lt=before,
        officer__submitted_at=None,
        officer__merged_from=None,
        officer__deployments=None,
        officer__applications=None,
        officer__enquiries=None,
    )


# What stays of an officer who is removed: neither says who it was.
OF_NOBODY = {"id", "user", "merged_into", "vetting", "vetted_at", "submitted_at"}


def _empty(pks: list[int]) -> int:
    """The account stays, so that the trail keeps its actor; nothing that says who it was does."""
    for paper in Paper.objects.filter(officer__user__in=pks):
        discard(paper)
    for relation in Officer._meta.related_objects:  # all that is theirs alone, of whichever app
        rows = relation.related_model._base_manager
        if relation.on_delete is CASCADE or relation.related_model is NumberChange:
            rows.filter(officer__user__in=pks).delete()
    Session.objects.filter(user__in=pks).delete()
    columns = [each for each in Officer._meta.concrete_fields if each.name not in OF_NOBODY]
    Officer.objects.filter(user__in=pks).update(
        **{each.name: each.get_default() for each in columns}
    )
    emptied = 0
    for user in User.objects.select_for_update().filter(pk__in=pks).order_by("pk"):
        user.username, user.name, user.phone = f"removed-{user.pk}", "", None
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=["username", "name", "phone", "is_active", "password"])
        emptied += 1
    record_all("account.emptied", User, pks, by=None)
    return emptied


WHATS = {
    Rule.TEXTS: What(_texts, _delete(Message)),
    Rule.INBOUND: What(_inbound, _delete(InboundMessage)),
    Rule.KIN: What(_kin, _delete(NextOfKin)),
    Rule.COPIES: What(_papers(copies=True), _discard),
    Rule.CERTIFICATES: What(_papers(copies=False), _discard),
    Rule.UNUSED: What(_unused, _empty),
    Rule.REGISTERS: What(
        lambda before: RegisterEntry.objects.filter(imported_at__lt=before), _delete(RegisterEntry)
    ),
}


def due(rule: RetentionRule, *, now: datetime | None = None) -> Rows:
    before = (now or timezone.now()) - timedelta(days=rule.days)
    return WHATS[Rule(rule.rule)].rows(before)


# A run of it


def start(*, by: User | None, dry: bool) -> Run:
    """Counts, or removes, what is due by each rule; rules that are off are only ever counted."""
    rules = RetentionRule.objects.all() if dry else RetentionRule.objects.filter(is_on=True)
    if not rules.exists():
        raise Refused(_("Every rule is off: nothing would be removed."))
    title = _("Retention, dry run") if dry else _("Retention")
    return runs.start(
        RunKind.RETENTION, by=by, title=title, about="dry" if dry else "real", dry=dry
    )


def each_night() -> bool:
    """Whether there was anything to begin."""
    on = RetentionRule.objects.filter(is_on=True)
    if not any(due(rule).exists() for rule in on):
        return False
    try:
        start(by=None, dry=False)
    except Refused:
        return False  # yesterday's is not over
    return True


def plan(run: Run) -> list[Any]:
    """Each rule, as often as it has a portion's worth; and once more at its end."""
    rules = RetentionRule.objects.all()
    if run.asked["dry"]:
        return [rule.rule for rule in rules]
    return [
        rule.rule
        for rule in rules.filter(is_on=True)
        for _portion in range(due(rule).count() // PORTION + 1)
    ]


def step(run: Run, portion: str) -> None:
    rule = RetentionRule.objects.get(rule=portion)
    if run.asked["dry"]:
        run.count(**{portion: due(rule).count()})
        return
    if not rule.is_on:
        return  # turned off meanwhile
    rows = due(rule).order_by("pk").values_list("pk", flat=True)[:PORTION]
    removed = WHATS[Rule(portion)].remove(list(rows))
    run.count(**{portion: removed})
    rule.last_run_at, rule.removed = timezone.now(), run.outcome[portion]
    rule.save(update_fields=["last_run_at", "removed"])
    if removed:
        record("retention.removed", rule, by=run.started_by, rule=portion, rows=removed)


WORK = Work(plan=plan, step=step)


@transaction.atomic
def change(rule: RetentionRule, *, by: User, was: dict[str, Any]) -> None:
    """A rule that was typed in the admin, with what it said before."""
    rule.save()
    record("retention.changed", rule, by=by, was=was, days=rule.days, is_on=rule.is_on)
