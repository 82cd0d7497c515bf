"""Whether the trail is still what was sealed; and if not, where it is not."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pgtrigger
from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from accounts.services import record
from cp2.audit.models import Seal
from cp2.audit.sealing import COLUMNS, FIRST, NO_SEAL, Block, hash_of, read, runs_of
from cp2.audit.watched import WATCHED

MOST_NAMED = 20  # rows of a block, by their numbers
VERIFIED, BROKEN = "trail.verified", "trail.broken"

# What keeps a table from being rewritten, and a mark's earlier states from being lost.
GUARDS = {
    "entries_only_grow": "accounts_entry",
    "entries_are_not_truncated": "accounts_entry",
    "changes_only_grow": "audit_change",
    "changes_are_not_truncated": "audit_change",
    "seals_only_grow": "audit_seal",
    "seals_are_not_truncated": "audit_seal",
    "mark_history_is_kept": "attendance_mark",
    "mark_history_only_grows": "attendance_markhistory",
    "mark_history_is_not_truncated": "attendance_markhistory",
}


@dataclass
class Report:
    seals: int = 0
    rows: int = 0
    gaps: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        self.seals, self.rows = self.seals + other.seals, self.rows + other.rows
        self.gaps += other.gaps

    @property
    def is_whole(self) -> bool:
        return not self.gaps


def verify(*, first: int = 1, last: int | None = None) -> Report:
    """The seals of these numbers: each as it was made, each after the one before it, and the rows
    of each as they were."""
    report = Report()
    before = Seal.objects.filter(number__lt=first).order_by("-number").first()
    reached = {table: _sealed_before(table, first) for table in COLUMNS}
    seals = Seal.objects.filter(number__gte=first).order_by("number")
    number = first - 1
    for seal in (seals if last is None else seals.filter(number__lte=last)).iterator(50):
        report.gaps += _of_the_chain(seal, before, number)
        report.gaps += _of_the_rows(seal, reached)
        report.seals, report.rows = report.seals + 1, report.rows + seal.count
        before, number = seal, seal.number
    if last is not None and number < last:
        report.gaps.append(_missing_seals(number + 1, last))
    return report


def _sealed_before(table: str, number: int) -> int:
    seals = Seal.objects.filter(table=table, number__lt=number).order_by("-number")
    return seals.values_list("upto", flat=True).first() or FIRST


def _missing_seals(first: int, last: int) -> str:
    if first == last:
        return _("Seal %(first)s is gone.") % {"first": first}
    return _("Seals %(first)s to %(last)s are gone.") % {"first": first, "last": last}


def _of_the_chain(seal: Seal, before: Seal | None, number: int) -> Iterator[str]:
    if seal.number != number + 1:
        yield _missing_seals(number + 1, seal.number - 1)
    elif seal.previous != (before.hash if before else NO_SEAL):
        yield _("Seal %(number)s does not follow from the one before it.") % {"number": seal.number}
    if seal.hash != hash_of(seal):
        yield _("Seal %(number)s was rewritten.") % {"number": seal.number}


def _of_the_rows(seal: Seal, reached: dict[str, int]) -> Iterator[str]:
    if seal.table not in COLUMNS:
        yield _("Seal %(number)s is of no table that is sealed.") % {"number": seal.number}
        return
    if seal.after != reached[seal.table]:
        yield _("%(table)s: no seal is over the rows from %(first)s to %(last)s.") % {
            "table": seal.table,
            "first": max(reached[seal.table], 0) + 1,
            "last": seal.after,
        }
    reached[seal.table] = seal.upto
    block = read(seal.table, after=seal.after, upto=seal.upto)
    if block is None or (block.digest, block.ids) != (seal.digest, seal.ids):
        where = {"table": seal.table, "number": seal.number, "first": seal.after, "last": seal.upto}
        for words, rows in _differences(seal, block):
            yield words % {**where, "rows": _named(rows)}


def _differences(seal: Seal, block: Block | None) -> Iterator[tuple[str, list[int]]]:
    was = marks_of(seal.ids, bytes(seal.marks))
    now = marks_of(block.ids, block.marks) if block else {}
    changed = [row for row, mark in was.items() if row in now and now[row] != mark]
    for words, rows in (
        (_("%(table)s: rows are missing under seal %(number)s: %(rows)s."), was.keys() - now),
        (_("%(table)s: rows were changed under seal %(number)s: %(rows)s."), changed),
        (_("%(table)s: rows were put in under seal %(number)s: %(rows)s."), now.keys() - was),
    ):
        if rows:
            yield words, sorted(rows)
    if was == now:  # one in four thousand million
        yield _("%(table)s: a row was changed under seal %(number)s; which one is not known."), []


def marks_of(ids: str, marks: bytes) -> dict[int, bytes]:
    """Four bytes of each row's digest, by its number."""
    rows = (row for run in runs_of(ids) for row in run) if ids else iter(())
    return {row: marks[4 * place : 4 * place + 4] for place, row in enumerate(rows)}


def _named(rows: list[int]) -> str:
    named = ", ".join(map(str, islice(rows, MOST_NAMED)))
    left = len(rows) - MOST_NAMED
    return _("%(rows)s and %(left)d more") % {"rows": named, "left": left} if left > 0 else named


# What writes the trail, and what keeps it


def guards() -> list[str]:
    """Triggers that are missing or switched off."""
    wanted = dict(GUARDS)
    for model, trigger in _watching():
        wanted[trigger.get_pgid(model)] = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger "
            "WHERE tgname = ANY(%s) AND tgenabled IN ('O', 'A')",
            [list(wanted)],
        )
        there = set(cursor.fetchall())
    said = _("%(table)s: the trigger %(name)s is missing or switched off.")
    return [
        said % {"table": table, "name": name}
        for name, table in sorted(wanted.items(), key=lambda pair: pair[::-1])
        if (name, table) not in there
    ]


def _watching() -> Iterable[tuple[Any, Any]]:
    tables = {watched.model._meta.db_table for watched in WATCHED}
    return (
        (model, trigger)
        for model, trigger in pgtrigger.registered()
        if model._meta.db_table in tables
    )


def noted() -> list[str]:
    """Seals that the trail itself was told of and that are not there: the end of the chain was cut
    off and grown anew, which is found so though nobody keeps an anchor elsewhere."""
    looked = Entry.objects.filter(verb__in=[VERIFIED, BROKEN]).order_by("pk")
    known = [(at, said.get("last")) for at, said in looked.values_list("at", "details")]
    wanted = {last for _at, last in known if last}
    there = set(Seal.objects.filter(hash__in=wanted).values_list("hash", flat=True))
    said = _("The seal that was the last one on %(day)s is gone, or another stands in its place.")
    return [
        said % {"day": date_format(timezone.localtime(at), "j M Y, H:i")}
        for at, last in known
        if last and last not in there
    ]


# Anchors


def anchor() -> dict[str, Any]:
    """The last seal, as it is kept off the machine."""
    last = Seal.objects.order_by("-number").first()
    if last is None:
        return {"number": 0, "seal": NO_SEAL}
    return {"number": last.number, "seal": last.hash, "at": last.sealed_at.isoformat()}


def against(kept: str) -> list[str]:
    """What was kept elsewhere must still be there. Raises ValueError if that is no anchor."""
    try:
        known = json.loads(kept)
        number, hash_ = int(known["number"]), str(known["seal"])
    except (TypeError, KeyError) as error:
        raise ValueError("no anchor") from error
    if number == 0:
        return []
    seal = Seal.objects.filter(number=number).first()
    if seal is None:
        return [_("Seal %(number)s, which was kept elsewhere, is gone.") % {"number": number}]
    if seal.hash != hash_:
        said = _("Seal %(number)s is another than was kept elsewhere: the chain was rewritten.")
        return [said % {"number": number}]
    return []


def note(report: Report, *, by: User | None) -> None:
    """In the trail itself, with the last seal: what is sealed later holds it too."""
    last = Seal.objects.order_by("-number").first()
    if last is not None:
        details: dict[str, Any] = {"seals": report.seals, "rows": report.rows, "last": last.hash}
        if report.gaps:
            details |= {"gaps": report.gaps[:MOST_NAMED]}
        record(VERIFIED if report.is_whole else BROKEN, last, by=by, **details)
