"""Who is affected by a breach, field by field, found from what is held and from the trail."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from accounts.promises import RunStatus
from accounts.services import record, tell_each
from cp2.exports import Table
from cp2.mydata.gather import SEEN
from cp2.protection.models import Affected, Breach, Field
from cp2.rules import Refused, lock
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from cp2.runs.services import Work
from profiles.models import NextOfKin, Officer, Paper
from sms.phones import local

PORTION = 20_000  # officers, by their number
TEXTS = 2_000


def _has(field: Field) -> Any:
    """Whether an officer has something there at all."""
    match field:
        case Field.PHONE:
            return Q(user__phone__isnull=False)
        case Field.NAME:
            return ~Q(full_name="")
        case Field.EMAIL:
            return ~Q(email="")
        case Field.PAYEE:
            return ~Q(payee_phone="")
        case Field.BANK:
            return Q(bank_account__isnull=False)
        case Field.KIN:
            return Exists(NextOfKin.objects.filter(officer=OuterRef("pk")))
        case Field.PAPERS:
            return Exists(Paper.objects.filter(officer=OuterRef("pk")))
        case _:
            return Q(**{f"{field.value}__isnull": False})


def concerned(breach: Breach) -> QuerySet[Officer]:
    """Whose data were within reach, before it is asked which of them there are."""
    officers = Officer.objects.filter(user__date_joined__lte=breach.to_at)
    if breach.sub_county_id:
        officers = officers.filter(sub_county=breach.sub_county_id)
    if breach.account_id:
        officers = officers.filter(pk__in=_looked_at(breach))
    return officers


def _looked_at(breach: Breach) -> QuerySet[Any, Any]:
    """By this account, while it was open. An officer is looked at under their own number, under
    their account's, or under one of their claims or payments."""
    seen = Entry.objects.filter(
        actor=breach.account_id, verb__in=SEEN, at__range=(breach.from_at, breach.to_at)
    ).order_by()
    by_officer = seen.filter(subject_type="profiles.officer").values("subject_id")
    users = seen.filter(subject_type="accounts.user").values("subject_id")
    claims = seen.filter(subject_type="claims.claim").values("subject_id")
    payments = seen.filter(subject_type="claims.payment").values("subject_id")
    officers = Officer.objects.order_by()
    return (
        officers.filter(pk__in=by_officer)
        .values("pk")
        .union(
            officers.filter(user__in=users).values("pk"),
            officers.filter(claims__in=claims).values("pk"),
            officers.filter(claims__payments__in=payments).values("pk"),
        )
    )


def taken_away(breach: Breach) -> QuerySet[Entry]:
    """Lists that this account took as files then: the trail says which, and how many rows."""
    return (
        Entry.objects.filter(
            Q(verb__endswith=".taken") | Q(verb__endswith="_taken"),
            actor=breach.account_id,
            at__range=(breach.from_at, breach.to_at),
            details__has_key="rows",
        )
        .exclude(details__rows=0)
        .order_by("pk")
    )


@transaction.atomic
def find(breach: Breach, *, by: User) -> Run:
    """Begins anew: what was found before is found again."""
    breach = lock(breach)
    if breach.people_told_at:
        raise Refused(_("Those affected have been told: who they are stands."))
    if breach.closed_at:
        raise Refused(_("The breach is closed: who was affected stands."))
    run = runs.start(
        RunKind.BREACH,
        by=by,
        title=str(breach),
        about=f"find {breach.pk}",
        page=reverse("admin:protection_breach_look", args=[breach.pk]),
        breach=breach.pk,
    )
    Affected.objects.filter(breach=breach).delete()
    breach.run, breach.counts = run, {}
    breach.save(update_fields=["run", "counts"])
    return run


def plan(run: Run) -> list[Any]:
    if run.asked.get("tell"):
        affected = Affected.objects.filter(breach=run.asked["breach"]).order_by("pk")
        return [pks[0] for pks in _lots(list(affected.values_list("pk", flat=True)))]
    last = Officer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return [[first, first + PORTION] for first in range(0, last + 1, PORTION)]


def _lots(pks: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), TEXTS):
        yield pks[start : start + TEXTS]


def step(run: Run, portion: Any) -> None:
    breach = Breach.objects.get(pk=run.asked["breach"])
    if run.asked.get("tell"):
        _tell_from(run, breach, portion)
    else:
        _find_among(run, breach, portion)


def _find_among(run: Run, breach: Breach, portion: list[int]) -> None:
    first, end = portion
    fields = [Field(field) for field in breach.fields]
    having = {
        f"has_{field}": Case(When(_has(field), then=Value(True)), default=Value(False))
        for field in fields
    }
    rows = concerned(breach).filter(pk__gte=first, pk__lt=end).order_by("pk").annotate(**having)
    found = []
    for row in rows.values("pk", *having):
        held = [field.value for field in fields if row[f"has_{field}"]]
        if held:
            found.append(Affected(breach=breach, officer_id=row["pk"], fields=held))
    Affected.objects.bulk_create(found, batch_size=2000)
    run.count(people=len(found))
    for line in found:
        run.count(**dict.fromkeys(line.fields, 1))
    breach.counts = run.outcome
    breach.save(update_fields=["counts"])


WORK = Work(plan=plan, step=step)


def lines(breach: Breach) -> Iterator[list[object]]:
    rows = Affected.objects.filter(breach=breach).order_by("officer")
    named = rows.values_list(
        "officer__full_name", "officer__user__phone", "officer__sub_county__name", "fields"
    )
    for name, phone, sub_county, fields in named.iterator(chunk_size=2000):
        said = ", ".join(str(Field(field).label) for field in fields)
        yield [name, local(phone) if phone else "", sub_county or "", said]


def table(breach: Breach, *, by: User) -> Table:
    return Table(
        name=f"affected-{breach.pk}",
        title=str(breach),
        heading=[_("Name"), _("Phone"), _("Sub-county"), _("Which data")],
        rows=lines(breach),
        count=Affected.objects.filter(breach=breach).count(),
        by=str(by),
        about=_("Who is affected by a breach"),
    )


# To tell those affected


@transaction.atomic
def tell(breach: Breach, *, by: User) -> Run:
    """Begins to text each of them, once. Their texts leave behind all others."""
    breach = lock(breach)
    if breach.people_told_at:
        day = date_format(timezone.localtime(breach.people_told_at), "j M Y")
        raise Refused(_("They were told on %(day)s.") % {"day": day})
    found_out = breach.run is not None and breach.run.status == RunStatus.DONE
    if not found_out or not breach.counts.get("people"):
        raise Refused(_("Find out first who is affected."))
    breach.people_told_at = timezone.now()
    breach.save(update_fields=["people_told_at"])
    record("breach.people_told", breach, by=by, people=breach.counts["people"])
    return runs.start(
        RunKind.BREACH,
        by=by,
        title=str(breach),
        about=f"tell {breach.pk}",
        page=reverse("admin:protection_breach_look", args=[breach.pk]),
        breach=breach.pk,
        tell=True,
    )


def _tell_from(run: Run, breach: Breach, first: int) -> None:
    """Some thousand of those affected, from this one on."""
    found = {"day": timezone.localdate(breach.found_at)}
    lot = Affected.objects.filter(breach=breach, pk__gte=first).order_by("pk")[:TEXTS]
    told = (
        (line.officer.user, f"breach-{breach.pk}-{line.officer_id}", found)
        for line in lot.select_related("officer__user")
    )
    run.count(texts=tell_each("protection/breach", told))


@transaction.atomic
def note_commissioner(breach: Breach, *, by: User) -> None:
    breach = lock(breach)
    if breach.commissioner_told_at is None:
        breach.commissioner_told_at = timezone.now()
        breach.save(update_fields=["commissioner_told_at"])
        late = breach.commissioner_told_at > breach.due_at
        record("breach.commissioner_told", breach, by=by, late=late)


@transaction.atomic
def close(breach: Breach, *, by: User, note: str) -> None:
    breach = lock(breach)
    if breach.commissioner_told_at is None:
        raise Refused(_("The Commissioner has not been told yet."))
    if breach.closed_at is None:
        breach.closed_at, breach.note = timezone.now(), note
        breach.save(update_fields=["closed_at", "note"])
        record("breach.closed", breach, by=by, note=note)


__all__ = ["close", "concerned", "find", "note_commissioner", "table", "taken_away", "tell"]
