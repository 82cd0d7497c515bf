"""What is watched: identity, deployment, attendance, money and permissions, field by field.

Of each model every field is either here or among those left out, and a test fails for one that is
neither. No password, code or hash of one is here: a change of those is in the trail, as an act.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pgtrigger
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model

from accounts.models import User
from attendance.models import Mark, Register
from catalogue.models import PositionTerms
from claims.models import (
    Claim,
    ClaimLine,
    Hold,
    MarkingRate,
    Payment,
    PaymentBatch,
    RateChange,
    TaxRule,
)
from cp2.audit.watch import Watch
from deployments.models import Deployment
from profiles.models import BankAccount, Officer

UPDATES = (pgtrigger.Update, pgtrigger.Delete, pgtrigger.Truncate)


@dataclass(frozen=True)
class Watched:
    """The fields of a model that are kept, all of them if none is named, but for those left out.

    That a row was made is said by the row itself. What `gives` something to somebody is a row
    with nothing but two numbers, so that it was made is written down too, under its receiver.
    """

    model: type[Model]
    left_out: dict[str, str] = field(default_factory=dict)
    gives: str = ""

    @property
    def fields(self) -> list[Any]:
        return [
            each
            for each in self.model._meta.concrete_fields
            if not each.primary_key and each.name not in {*self.left_out, self.gives}
        ]

    @property
    def subject(self) -> type[Model]:
        """Whose history it is."""
        if not self.gives:
            return self.model
        receiver: Any = self.model._meta.get_field(self.gives)
        target: type[Model] = receiver.remote_field.model
        return target

    def _column_of_receiver(self) -> str:
        if not self.gives:
            return ""
        receiver: Any = self.model._meta.get_field(self.gives)
        return str(receiver.column)

    def triggers(self) -> Iterator[Watch]:
        operations = [*UPDATES, pgtrigger.Insert] if self.gives else UPDATES
        for operation in operations:
            yield Watch(
                operation,
                {each.name: each.column for each in self.fields},
                subject_type=self.subject._meta.label_lower,
                subject=self._column_of_receiver(),
            )


SECRET = "A password, or when it was issued: what was done about it is in the trail."
OF_NO_POWER = "It says nothing about who somebody is or what they may do."
MOMENT = "A moment that the status and the time of the change tell as well."
MACHINES = "How our machines handled the row."
KEPT_IN_STEP = "Services keep it in step with rows of its own."
IN_MARK_HISTORY = "Kept by the database as an earlier state of the mark."

WATCHED = [
    Watched(
        User,
        {
            **dict.fromkeys(("password", "issued_password", "issued_at", "issued_earlier"), SECRET),
            **dict.fromkeys(("issued_earlier_at", "must_choose_password"), SECRET),
            **dict.fromkeys(("language", "news_off", "date_joined", "last_login"), OF_NO_POWER),
        },
    ),
    Watched(
        Officer,
        {
            "subjects": KEPT_IN_STEP,
            "trained_in": KEPT_IN_STEP,
            "skills": OF_NO_POWER,
            "vetted_at": MOMENT,
        },
    ),
    Watched(BankAccount),
    Watched(
        Deployment,
        {
            "offered_at": MOMENT,
            "answered_at": MOMENT,
            "reminded_at": MACHINES,
            "refill_due": MACHINES,
        },
    ),
    Watched(
        Mark,
        dict.fromkeys(
            ("status", "marked_by", "acting_name", "marked_at", "received_at", "way", "amendment"),
            IN_MARK_HISTORY,
        ),
    ),
    Watched(Register),
    Watched(Claim, {"prepared_at": MOMENT}),
    Watched(ClaimLine),
    Watched(Hold, {"grounds": MACHINES, "raised_at": MOMENT, "told_at": MOMENT}),
    Watched(Payment),
    Watched(PaymentBatch, {"prepared_at": MOMENT}),
    Watched(MarkingRate),
    Watched(RateChange),
    Watched(TaxRule),
    Watched(PositionTerms),
    Watched(Group),
    Watched(Group.permissions.through, gives="group"),
    Watched(User.groups.through, gives="user"),
    Watched(User.user_permissions.through, gives="user"),
]


@contextmanager
def unwatched() -> Iterator[None]:
    """While a season is made up, whose rows have no history. Within a transaction, and by the owner
    of the tables alone; whoever else writes to them waits, so nothing of theirs goes unseen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE tgname LIKE 'pgtrigger_watch_%' AND tgenabled = 'O'"
        )
        triggers = cursor.fetchall()
        for table, name in triggers:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name in triggers:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")
