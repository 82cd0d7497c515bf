"""What is paid, once it is confirmed or somebody is deployed for it, is changed by two people.

Before that a season is still being opened and rates are typed freely, until a finance approver
finds all of them right; see reviewing.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.services import record
from catalogue.models import Exam, Position, PositionTerms
from claims import freeze
from claims.models import Claim, MarkingRate, RateChange, TaxRule
from cp2.rights.models import ProposalStatus, RateProposal, RatesSeen
from cp2.rules import Refused, lock, move
from deployments.models import Deployment


@dataclass(frozen=True)
class Rate:
    verb: str
    of: tuple[str, ...]  # what a row is of
    values: tuple[str, ...]  # what is paid by it


RATES: dict[type[models.Model], Rate] = {
    PositionTerms: Rate("terms.changed", ("exam", "position"), ("daily_rate", "paid_days")),
    RateChange: Rate("rate.changed", ("terms",), ("from_day", "daily_rate", "reason")),
    MarkingRate: Rate(
        "marking_rate.changed",
        ("exam", "position"),
        ("coordination_fee", "basic_fee", "script_fee"),
    ),
    TaxRule: Rate("tax_rule.changed", ("exam",), ("rate", "above")),
}


def exam_of(row: Any) -> Any:
    """Its number; none while an exam is typed together with its terms."""
    return row.terms.exam_id if isinstance(row, RateChange) else row.exam_id


def hold(row: Any) -> None:
    """So that nobody confirms what an exam pays while this is being written."""
    list(Exam.objects.select_for_update(no_key=True).filter(pk=exam_of(row)).values_list("pk"))


def are_confirmed(exam: int) -> bool:
    return RatesSeen.objects.filter(exam=exam).exists()


def standing_still(exam: Exam) -> set[int]:
    """The positions whose rates one person alone cannot set: all once they are confirmed; else
    those that somebody is deployed to."""
    if are_confirmed(exam.pk):
        return set(Position.objects.values_list("pk", flat=True))
    held = Deployment.objects.filter(post__exam=exam).order_by().values_list("post__position")
    return {position for (position,) in held.distinct()}


def rests_on(row: Any) -> bool:
    """They are confirmed; or somebody is deployed, or has a claim, whose money this decides."""
    if are_confirmed(exam_of(row)):
        return True
    match row:
        case TaxRule():
            deployed = Q(post__exam=row.exam_id)
            claims = Claim.objects.filter(exam=row.exam_id)
            return claims.exists() or Deployment.objects.filter(deployed).exists()
        case RateChange():
            deployed = Q(post__exam=row.terms.exam_id, post__position=row.terms.position_id)
        case _:
            deployed = Q(post__exam=row.exam_id, post__position=row.position_id)
    return Deployment.objects.filter(deployed).exists()


def is_moved(row: models.Model, changed: Iterable[str]) -> bool:
    """Away from what somebody is deployed for, or to it: another rate would hold there at once."""
    if not row.pk or {*RATES[type(row)].of}.isdisjoint(changed):
        return False
    return rests_on(row) or rests_on(type(row)._base_manager.get(pk=row.pk))


def stays() -> str:
    return _(
        "Officers are deployed on these terms, or on those, or they are confirmed: they stay where "
        "they are."
    )


def about(row: models.Model) -> str:
    """The same for two people who mean the same rate, whether there is a row already or not."""
    label = row._meta.label_lower
    if row.pk:
        return f"{label} {row.pk}"
    names = RATES[type(row)].of + (("from_day",) if isinstance(row, RateChange) else ())
    return f"{label} {' '.join(str(_plain(row, name)) for name in names)}"


def _plain(row: models.Model, name: str) -> Any:
    """As it goes into a proposal, and comes out again."""
    field: Any = row._meta.get_field(name)
    return getattr(row, field.attname)


def values(row: models.Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _written(_plain(row, name)) for name in names}


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [str(each) for each in value]
    return value if value is None or isinstance(value, int) else str(value)


@transaction.atomic
def propose(row: Any, *, changed: list[str], reason: str, by: User) -> RateProposal:
    """`row` is as it is to be; nothing of it is written."""
    rate = RATES[type(row)]
    was_row = type(row)._base_manager.select_for_update().get(pk=row.pk) if row.pk else None
    names = tuple(changed) if was_row else (*rate.of, *rate.values)
    key = about(row)
    for old in RateProposal.objects.overdue().filter(about=key):
        move(old, ProposalStatus.LAPSED)
    if RateProposal.objects.filter(about=key, status=ProposalStatus.PROPOSED).exists():
        raise Refused(waits_already())
    try:
        with transaction.atomic():
            proposal = RateProposal.objects.create(
                model=row._meta.label_lower,
                row=row.pk,
                about=key,
                title=str(was_row or row)[:200],
                was=values(was_row, names) if was_row else {},
                wanted=values(row, names),
                reason=reason,
                proposed_by=by,
            )
    except IntegrityError as same:  # by somebody else, a moment ago
        raise Refused(waits_already()) from same
    record("rate.proposed", proposal, by=by, was=proposal.was, wanted=proposal.wanted)
    return proposal


def waits_already() -> str:
    return _(
        "A change of this rate waits for a second person already. It is confirmed, refused or "
        "withdrawn first."
    )


def waiting_for(row: models.Model) -> RateProposal | None:
    waits: RateProposal | None = RateProposal.objects.waiting().filter(about=about(row)).first()
    return waits


@transaction.atomic
def confirm(proposal: RateProposal, *, by: User) -> RateProposal:
    kind = _kind(proposal)
    row: Any = kind._base_manager.select_for_update().get(pk=proposal.row) if proposal.row else None
    proposal = lock(proposal)
    for refusal in reasons_against_deciding(proposal, by=by):
        raise Refused(refusal)
    if row is not None and values(row, tuple(proposal.was)) != proposal.was:
        raise Refused(
            _("The rate was changed since this was proposed. Refuse it, and propose it anew.")
        )
    row = _as_wanted(row if row is not None else kind(), proposal)
    if isinstance(row, RateChange):
        row.by = proposal.proposed_by
    _save(row, proposal)
    move(proposal, ProposalStatus.APPLIED, decided_by=by, decided_at=timezone.now())
    details: dict[str, Any] = {"was": proposal.was} if proposal.was else {}
    rate = RATES[kind]
    told = {**values(row, (*rate.of, *rate.values)), **details}
    record(rate.verb, row, by=by, proposed_by=proposal.proposed_by_id, **told)
    return proposal


def _kind(proposal: RateProposal) -> type[models.Model]:
    return apps.get_model(proposal.model)


def _as_wanted(row: Any, proposal: RateProposal) -> Any:
    for name, value in proposal.wanted.items():
        field: Any = row._meta.get_field(name)
        setattr(row, field.attname, field.to_python(value))
    return row


def _save(row: Any, proposal: RateProposal) -> None:
    """By the rules that a form would ask, and those of the database behind them."""
    if frozen := freeze.refusal(row, proposal.wanted):
        raise Refused(frozen[1])
    try:
        row.full_clean(exclude=[f.name for f in row._meta.fields if f.name not in proposal.wanted])
        with transaction.atomic():
            row.save()
    except ValidationError as error:
        raise Refused(*_sentences(error)) from error
    except IntegrityError as error:
        raise Refused(
            _("This cannot be saved any more: claims rest on it, or it is there already.")
        ) from error


def _sentences(error: ValidationError) -> list[str]:
    return [
        said if name == NON_FIELD_ERRORS else f"{name}: {said}"
        for name, messages in error.message_dict.items()
        for said in messages
    ]


@transaction.atomic
def refuse(proposal: RateProposal, *, reason: str, by: User) -> RateProposal:
    proposal = lock(proposal)
    for refusal in reasons_against_deciding(proposal, by=by):
        raise Refused(refusal)
    decided = {"decided_by": by, "decided_at": timezone.now(), "decision": reason}
    move(proposal, ProposalStatus.REFUSED, **decided)
    record("rate.refused", proposal, by=by, reason=reason)
    return proposal


@transaction.atomic
def withdraw(proposal: RateProposal, *, by: User) -> RateProposal:
    proposal = lock(proposal)
    if proposal.proposed_by_id != by.pk:
        raise Refused(_("Only whoever proposed this takes it back; you may refuse it."))
    move(proposal, ProposalStatus.WITHDRAWN)
    record("rate.withdrawn", proposal, by=by)
    return proposal


def reasons_against_deciding(proposal: RateProposal, *, by: User) -> Iterator[str]:
    if proposal.proposed_by_id == by.pk:
        yield _("You proposed this, so someone else must decide about it.")
    if not by.has_perm("rights.decide_rateproposal"):
        yield _("You may not decide what is paid.")
    if proposal.status == ProposalStatus.PROPOSED and not proposal.waits:
        yield _("This waited for more than seven days and has lapsed. Propose it anew.")


# In words


def in_words(proposal: RateProposal) -> list[tuple[str, str, str]]:
    kind = _kind(proposal)
    return [
        (
            capfirst(str(label_for_field(name, kind))),
            in_its_words(kind, name, proposal.was.get(name)),
            in_its_words(kind, name, value),
        )
        for name, value in proposal.wanted.items()
    ]


def in_its_words(kind: type[models.Model], name: str, value: Any) -> str:
    field: Any = kind._meta.get_field(name)
    if value is None:
        return ""
    if field.remote_field:
        return str(field.related_model._base_manager.filter(pk=value).first() or "")
    if isinstance(value, list):
        said = dict(getattr(field.base_field, "choices", None) or [])
        return ", ".join(str(said.get(each, each)) for each in value)
    return str(value)


def notes(proposal: RateProposal) -> Iterator[str]:
    """What whoever decides should know."""
    if proposal.model != RateChange._meta.label_lower:
        return
    terms = proposal.wanted.get("terms")
    if proposal.row:
        terms = RateChange.objects.filter(pk=proposal.row).values_list("terms", flat=True).first()
    found = PositionTerms.objects.filter(pk=terms).first()
    day = proposal.wanted.get("from_day")
    if day is None and proposal.row:
        day = RateChange.objects.filter(pk=proposal.row).values_list("from_day", flat=True).first()
    if found is None or day is None:
        return
    every, approved = freeze.touched_by(found, date.fromisoformat(str(day)))
    said = ngettext(
        "It touches the claim of %(n)s officer, when claims are prepared again.",
        "It touches the claims of %(n)s officers, when claims are prepared again.",
        every,
    )
    yield said % {"n": every}
    if approved:
        said = ngettext(
            "%(n)s of these claims is approved, and gets an adjustment.",
            "%(n)s of these claims are approved, and get an adjustment each.",
            approved,
        )
        yield said % {"n": approved}
