"""Codes off many papers at once: typed, pasted, or read by a scanner."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rapidfuzz.distance import Levenshtein

from attendance.models import RegisterReturn, ReturnStatus
from attendance.services import with_changes

MOST_CODES = 300
CODE = re.compile(r"R([0-9]{1,12})-[0-9A-Z]+")


class Find(models.TextChoices):
    """What a code turned out to be."""

    GOOD = "good", _("Found")
    CHANGED = "changed", _("Marks changed since it was signed")
    EARLY = "early", _("Not stamped by the SCDE yet")
    DONE = "done", _("Already noted")
    EARLIER = "earlier", _("An earlier paper of this centre")
    LIKELY = "likely", _("Mistyped?")
    UNKNOWN = "unknown", _("Unknown")


@dataclass(frozen=True)
class Found:
    code: str  # as it was typed, tidied
    find: Find
    of: Any = None  # the return, if there is one

    @property
    def may_be_ticked(self) -> bool:
        return self.find in (Find.GOOD, Find.LIKELY)

    @property
    def is_good(self) -> bool:
        return self.find == Find.GOOD


def codes(typed: str) -> list[str]:
    """Each once: one a line or between spaces, alone or in the address that the QR code holds."""
    found = []
    for word in re.split(r"[\s,;]+", typed):
        _before, is_address, code = unquote(word).partition("code=")
        code = (code.partition("&")[0] if is_address else word).strip("\"'<>").upper()
        if code:
            found.append(code[:20])
    return list(dict.fromkeys(found))


def look_up(
    wanted: list[str], returns: QuerySet[RegisterReturn], *, waits_for: ReturnStatus
) -> list[Found]:
    """What each code is among the returns of this office; as many queries for many as for one."""
    rows = returns.select_related("entry__station", "entry__exam", "stamped_by", "received_by")
    entries = {int(code[1]) for each in wanted if (code := CODE.fullmatch(each))}
    of_these = rows.filter(models.Q(code__in=wanted) | models.Q(entry__in=entries))
    known = with_changes(of_these)
    by_code = {row.code: row for row in known}
    by_entry = {row.entry_id: row for row in known}
    strange = [each for each in wanted if each not in by_code]
    likely = _likely(strange, returns) if strange else {}
    more = {row.code: row for row in with_changes(rows.filter(code__in=likely.values()))}
    return [
        _found(each, by_code, by_entry, more.get(likely.get(each, "")), waits_for)
        for each in wanted
    ]


def _found(
    code: str,
    by_code: dict[str, Any],
    by_entry: dict[int, Any],
    likely: Any,
    waits_for: ReturnStatus,
) -> Found:
    row = by_code.get(code)
    if row is not None:
        return Found(code, _state(row, waits_for), row)
    if likely is not None:
        find = _state(likely, waits_for)
        return Found(code, Find.LIKELY if find == Find.GOOD else find, likely)
    written = CODE.fullmatch(code)
    earlier = by_entry.get(int(written[1])) if written else None
    return Found(code, Find.EARLIER if earlier else Find.UNKNOWN, earlier)


def _state(row: Any, waits_for: ReturnStatus) -> Find:
    if row.new_code:
        return Find.CHANGED
    if row.status == waits_for:
        return Find.GOOD
    order = [*ReturnStatus]
    return Find.DONE if order.index(row.status) > order.index(waits_for) else Find.EARLY


def _likely(strange: Iterable[str], returns: QuerySet[RegisterReturn]) -> dict[str, str]:
    """Of a code that is none: the one of this office that differs by one character."""
    known = list(returns.order_by().values_list("code", flat=True))
    found = {}
    for code in strange:
        near = [each for each in known if Levenshtein.distance(code, each, score_cutoff=1) <= 1]
        if len(near) == 1:
            found[code] = near[0]
    return found
