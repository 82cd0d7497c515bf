"""The trail, found by who did it, what it was done to, what it was and when: each by an index.

Numbers grow with time, and every index of the trail ends with them, so a stretch of time is one of
numbers, whatever else is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CharField, Q, Value

from accounts.models import Entry, User
from cp2.mydata.parts import parts
from profiles.models import Officer
from sms.phones import mobile

MOST_PEOPLE = 20
# A transaction's time is that of its beginning, its numbers are taken until its end.
LONGEST_TRANSACTION = timedelta(hours=6)
NOBODY = Q(pk__in=[])


@dataclass(frozen=True)
class Asked:
    actor: int | None = None
    about: int | None = None  # an account, and all that belongs to it
    kind: str = ""
    number: int | None = None
    verb: str = ""
    since: datetime | None = None
    until: datetime | None = None


def people(typed: str) -> list[User]:
    """Whose number or user name it is, or whose name begins so; a few more than are shown."""
    by_name = [
        User.objects.exclude(name="").filter(name__startswith=typed),
        User.objects.filter(officer__in=Officer.objects.filter(full_name__startswith=typed)),
        User.objects.filter(username__startswith=typed),
    ]
    exact = Q(phone=_number(typed)) | Q(username__in=[typed, typed.upper(), typed.lower()])
    pks = list(User.objects.filter(exact).values_list("pk", flat=True))
    if not pks:
        first, *others = (
            found.order_by().values_list("pk", flat=True)[: MOST_PEOPLE + 1] for found in by_name
        )
        pks = list(first.union(*others))[: MOST_PEOPLE + 1]
    return list(User.objects.filter(pk__in=pks).select_related("officer").order_by("username"))


def _number(typed: str) -> str:
    try:
        return mobile(typed)
    except ValidationError:
        return typed


def owner(typed: str) -> User | None:
    """The officer with this phone or ID number."""
    known = User.objects.filter(phone=_number(typed)).first()
    return known or User.objects.filter(officer__national_id=typed).first()


def of_person(user: int) -> Q:
    """About any row of theirs. Their numbers are read first, so that the index can find each."""
    arms = [
        model._base_manager.filter(**{part.path: user})
        .order_by()
        .annotate(thing_=Value(model._meta.label_lower, CharField()))
        .values_list("thing_", "pk")
        for model, part in parts().items()
        if isinstance(model._meta.pk, models.AutoField | models.BigAutoField)
    ]
    rows: dict[str, list[int]] = {}
    for kind, row in arms[0].union(*arms[1:], all=True):
        rows.setdefault(kind, []).append(row)
    about = NOBODY
    for kind, numbers in rows.items():
        about |= Q(subject_type=kind, subject_id__in=numbers)
    return Q(pk__in=list(Entry.objects.order_by().filter(about).values_list("pk", flat=True)))


def search(asked: Asked) -> "models.QuerySet[Entry]":
    """The newest first."""
    entries = Entry.objects.order_by("-pk").select_related("actor")
    for condition in _conditions(asked):
        entries = entries.filter(condition)
    return entries


def _conditions(asked: Asked) -> Iterator[Q]:
    if asked.actor is not None:
        yield Q(actor=asked.actor)
    if asked.about is not None:
        yield of_person(asked.about)
    if asked.number is not None:
        yield Q(subject_type__in=[asked.kind] if asked.kind else kinds(), subject_id=asked.number)
    elif asked.kind:
        yield Q(subject_type=asked.kind)
    if asked.verb:
        yield Q(verb=asked.verb)
    if asked.since:
        yield Q(at__gte=asked.since, pk__gte=_first_after(asked.since - LONGEST_TRANSACTION) or 0)
    if asked.until:
        last = _first_after(asked.until + LONGEST_TRANSACTION)
        yield Q(at__lte=asked.until) & (Q(pk__lte=last) if last else Q())


def _first_after(moment: datetime) -> int | None:
    found = Entry.objects.filter(at__gte=moment).order_by("at", "pk")
    return found.values_list("pk", flat=True).first()


def kinds() -> list[str]:
    return [model._meta.label_lower for model in apps.get_models() if not model._meta.proxy]


def choices_of_kinds() -> list[tuple[str, Any]]:
    """What stands in the admin, by its name."""
    from django.contrib import admin

    named = ((m._meta.label_lower, str(m._meta.verbose_name)) for m in admin.site._registry)
    return sorted(named, key=lambda pair: pair[1].lower())
