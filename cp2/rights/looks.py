"""Who saw whose numbers in full, and why: the trail's looks, found by its indexes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from claims.models import Claim, Payment
from cp2.exports import Table
from cp2.mydata.gather import COLLECTED
from profiles.looks import PAYEE, VIEWED
from profiles.models import Officer, masked
from profiles.unmasking import Why

LOOKED_UP = "number.looked_up"
ON_A_PAGE = 50
MOST_TAKEN = 15_000


@dataclass(frozen=True)
class Look:
    entry: Entry
    officer: Officer | None

    @property
    def kind(self) -> str:
        return kinds()[self.entry.verb]

    @property
    def whom(self) -> str:
        if self.officer is None:
            return ""
        return self.officer.full_name or masked(self.officer.phone)

    @property
    def why(self) -> str:
        why = str(self.entry.details.get("why", ""))
        if not why:
            return _("The numbers were masked") if self.entry.details.get("masked") else ""
        words = str(Why(why).label) if why in Why.values else why
        more = str(self.entry.details.get("more", ""))
        return f"{words}: {more}" if more else words


def kinds() -> dict[str, str]:
    return {
        VIEWED: _("An officer's page or paper"),
        PAYEE: _("Whom we pay"),
        LOOKED_UP: _("A number and its texts"),
        COLLECTED: _("All that is held, as a file"),
    }


def found(
    *,
    who: User | None = None,
    officer: Officer | None = None,
    kind: str = "",
    why: str = "",
    since: date | None = None,
    until: date | None = None,
    before: int | None = None,
) -> Iterator[Entry]:
    """The newest first. Each verb by its own index, and what they give put in one order."""
    every = Entry.objects.order_by("-pk")
    if who:
        every = every.filter(actor=who)
    if why == "none":
        every = every.exclude(details__has_any_keys=["why", "masked"])
    elif why:
        every = every.filter(details__why=why)
    if since:
        every = every.filter(at__gte=_midnight(since))
    if until:
        every = every.filter(at__lt=_midnight(until, after=True))
    if before:
        every = every.filter(pk__lt=before)
    verbs = [kind] if kind else [*kinds()]
    if officer is None:
        return _read([every.filter(verb=verb) for verb in verbs])
    return _read([every.filter(verb__in=verbs, **about) for about in _rows_of(officer)])


def _rows_of(officer: Officer) -> Iterator[dict[str, Any]]:
    yield {"subject_type": "profiles.officer", "subject_id": officer.pk}
    yield {"subject_type": "accounts.user", "subject_id": officer.user_id}
    claims = list(Claim.objects.filter(officer=officer).values_list("pk", flat=True))
    yield {"subject_type": "claims.claim", "subject_id__in": claims}
    payments = list(Payment.objects.filter(claim__in=claims).values_list("pk", flat=True))
    yield {"subject_type": "claims.payment", "subject_id__in": payments}


def _read(streams: list[QuerySet[Entry]]) -> Iterator[Entry]:
    """A page at a time: most readers want no more than the first. Each stream is read by its own
    index as far as the page could need it."""
    last: int | None = None
    while True:
        first, *others = (
            (each.filter(pk__lt=last) if last else each).values("pk")[: ON_A_PAGE + 1]
            for each in streams
        )
        pks = first.union(*others, all=True) if others else first
        rows = Entry.objects.select_related("actor__sub_county").filter(pk__in=pks)
        block = list(rows.order_by("-pk")[: ON_A_PAGE + 1])
        yield from block
        if len(block) <= ON_A_PAGE:
            return
        last = block[-1].pk


def _midnight(day: date, *, after: bool = False) -> datetime:
    moment = timezone.make_aware(datetime.combine(day, time.min))
    return moment + timedelta(days=1) if after else moment


def page(**asked: Any) -> tuple[list[Look], int | None]:
    """And where the next page goes on."""
    entries = list(islice(found(**asked), ON_A_PAGE + 1))
    more = entries[ON_A_PAGE - 1].pk if len(entries) > ON_A_PAGE else None
    return _with_officers(entries[:ON_A_PAGE]), more


def _with_officers(entries: Iterable[Entry]) -> list[Look]:
    """Whose numbers they were, in a query for each kind of thing."""
    entries = list(entries)

    def ids(kind: str) -> list[int]:
        return [entry.subject_id for entry in entries if entry.subject_type == kind]

    officers = Officer.objects.select_related("user")
    claims = Claim.objects.select_related("officer__user")
    payments = Payment.objects.select_related("claim__officer__user")
    by_kind: dict[str, dict[int, Officer]] = {
        "profiles.officer": officers.in_bulk(ids("profiles.officer")),
        "accounts.user": {o.user_id: o for o in officers.filter(user__in=ids("accounts.user"))},
        "claims.claim": {pk: c.officer for pk, c in claims.in_bulk(ids("claims.claim")).items()},
        "claims.payment": {
            pk: p.claim.officer for pk, p in payments.in_bulk(ids("claims.payment")).items()
        },
    }
    return [Look(each, by_kind.get(each.subject_type, {}).get(each.subject_id)) for each in entries]


def table(by: User, about: str, **asked: Any) -> Table:
    entries = list(islice(found(**asked), MOST_TAKEN))
    rows = (
        [
            look.entry.at,
            str(look.entry.actor or ""),
            look.kind,
            look.whom,
            look.officer.masked_id if look.officer else "",
            look.why,
        ]
        for start in range(0, len(entries), 500)
        for look in _with_officers(entries[start : start + 500])
    )
    return Table(
        name="looks",
        title=_("Who saw whom, and why"),
        heading=[_("When"), _("Who"), _("What"), _("Whom"), _("ID number"), _("Why")],
        rows=rows,
        count=len(entries),
        by=str(by),
        about=about,
    )
