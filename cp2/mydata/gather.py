"""From an account to the rows about its owner: one query a table, however many rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import Entry, User
from claims.models import Claim, Payment
from cp2.audit.models import Change
from cp2.mydata.parts import Model, Part, handed_out, parts
from cp2.rules import Role
from profiles import looks
from profiles.models import ChangeStatus, NumberChange, Officer
from sms.models import InboundMessage, Message
from sms.phones import spellings

COLLECTED = "data.collected"  # all of it, by somebody else, for a request that came on paper
SEEN = [looks.VIEWED, looks.PAYEE, "number.looked_up", COLLECTED]


@dataclass(frozen=True)
class Held:
    """A number of theirs, and while it was. What came to it before or after is another's."""

    phone: str
    since: datetime
    until: datetime | None = None

    def during(self, moment: str) -> Q:
        within = Q(**{f"{moment}__gte": self.since})
        return within & Q(**{f"{moment}__lte": self.until}) if self.until else within


class Person:
    """The owner of an account, with the accounts that were closed in its favour."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def accounts(self) -> list[int]:
        closed = User.objects.filter(officer__merged_into__user=self.user)
        return [self.user.pk, *closed.order_by("pk").values_list("pk", flat=True)]

    @cached_property
    def officers(self) -> list[int]:
        return list(Officer.objects.filter(user__in=self.accounts).values_list("pk", flat=True))

    @cached_property
    def numbers(self) -> list[Held]:
        if not self.user.phone:
            return []
        moved = NumberChange.objects.filter(officer__user=self.user, status=ChangeStatus.DONE)
        held, since = [], self.user.date_joined
        for change in moved.order_by(Coalesce("decided_at", "proven_at"), "pk"):
            held.append(Held(change.old_phone, since, change.decided_at or change.proven_at))
            since = change.asked_at  # the code came to the new number before it was theirs
        return [*held, Held(self.user.phone, since)]

    # By value

    def texts(self) -> "models.QuerySet[Message]":
        return Message.objects.filter(
            _any(Q(to=held.phone) & held.during("created_at") for held in self.numbers)
        ).order_by("pk")

    def inbound(self) -> "models.QuerySet[InboundMessage]":
        return InboundMessage.objects.filter(
            _any(
                Q(sender__in=spellings(held.phone)) & held.during("received_at")
                for held in self.numbers
            )
        ).order_by("pk")

    def trail(self, rows: dict[Model, list[Any]]) -> "models.QuerySet[Entry]":
        """What was done to any of their rows; and for an officer, whose acts are about nobody
        else, what they did, which tells of rows that are gone."""
        about = _any(
            Q(subject_type=model._meta.label_lower, subject_id__in=[row.pk for row in found])
            for model, found in rows.items()
            if found and isinstance(model._meta.pk, models.AutoField | models.BigAutoField)
        )
        if self.user.role == Role.OFFICER:
            about |= Q(actor__in=self.accounts)
        return (
            Entry.objects.filter(about)
            .select_related("actor__sub_county", "actor__station")
            .order_by("pk")
        )

    def changes(self, rows: dict[Model, list[Any]]) -> "models.QuerySet[Change]":
        """What the database wrote down of their rows: what each was before, and what it became."""
        about = _any(
            Q(subject_type=model._meta.label_lower, subject_id__in=[row.pk for row in found])
            for model, found in rows.items()
            if found and isinstance(model._meta.pk, models.AutoField | models.BigAutoField)
        )
        return (
            Change.objects.filter(about)
            .select_related("actor__sub_county", "actor__station")
            .order_by("pk")
        )

    def looks(self) -> "models.QuerySet[Entry]":
        """Who opened pages with what is theirs on them, the newest first."""
        theirs = Q(subject_type="profiles.officer", subject_id__in=self.officers) | Q(
            subject_type="accounts.user", subject_id__in=self.accounts
        )
        payments = Payment.objects.filter(claim__officer__in=self.officers)
        theirs |= Q(subject_type="claims.payment", subject_id__in=payments.values("pk"))
        claims = Claim.objects.filter(officer__in=self.officers)
        theirs |= Q(subject_type="claims.claim", subject_id__in=claims.values("pk"))
        return (
            Entry.objects.filter(theirs, verb__in=SEEN)
            .exclude(actor__in=self.accounts)
            .select_related("actor__sub_county", "actor__station")
            .order_by("-pk")
        )


def _any(conditions: Iterator[Q]) -> Q:
    either = Q(pk__in=[])  # nothing, if there are none
    for condition in conditions:
        either |= condition
    return either


def collect(person: Person) -> dict[Model, list[Any]]:
    """Every row about them, by table: the account first, then what hangs on what stands before."""
    rows: dict[Model, list[Any]] = {}
    for model, part in parts().items():
        rows[model] = list(_rows(part, rows, person))
    rows[Message] = list(person.texts())
    rows[InboundMessage] = list(person.inbound())
    rows[Entry], rows[Change] = list(person.trail(rows)), list(person.changes(rows))
    return rows


def _rows(part: Part, rows: dict[Model, list[Any]], person: Person) -> "models.QuerySet[Any]":
    if part.of is None:
        mine = Q(pk__in=person.accounts)
    else:
        owners = [row.pk for row in rows[part.of]]
        if not owners:
            return part.model._base_manager.none()
        mine = Q(**{f"{part.owner}__in": owners})
    many = [field.name for field in part.model._meta.many_to_many]
    query = part.model._base_manager.filter(mine).order_by("pk")
    return query.select_related(*named_with(part.model)).prefetch_related(*many)


def named_with(model: Model, *, deep: bool = True) -> Iterator[str]:
    """What a row's words need besides the row: whatever it points to that is about nobody, with
    what that points to, and whoever acted."""
    for field in handed_out(model) if model in parts() else model._meta.concrete_fields:
        target = field.related_model
        if not isinstance(target, type) or (not field.many_to_one and not field.one_to_one):
            continue
        if target is User:
            yield from (f"{field.name}__{place}" for place in ("sub_county", "station"))
        elif target not in parts():
            yield field.name
            if deep:
                yield from (f"{field.name}__{name}" for name in named_with(target, deep=False))


def count(person: Person) -> dict[Model, int]:
    """How many rows there are of each kind, in one query."""
    counted: dict[Model, Any] = {
        model: model._base_manager.filter(**{f"{part.path}__in": person.accounts})
        for model, part in parts().items()
    }
    counted |= {Message: person.texts(), InboundMessage: person.inbound()}
    numbers = (
        User.objects.filter(pk=person.user.pk).values_list(*map(_count, counted.values())).get()
    )
    return dict(zip(counted, numbers, strict=True))


def _count(rows: "models.QuerySet[Any]") -> Coalesce:
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)
