"""Officers held against the agencies' registers: who is listed, and as whom.

What both sides say is digested in SQL, and only where that differs from what was last seen are
names compared, so a whole register anew costs no more than the lines that changed. Who has no
number of a register is not held against it, and a register without lines checks nobody.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import connection, transaction

from profiles.models import Fact, Officer, Outcome, Register
from profiles.names import same_name

CHUNK = 2_000

# The officer's number in each register, and who else is expected to be there.
NUMBER = {Register.TSC: Fact.TSC_NUMBER, Register.ID: Fact.NATIONAL_ID}
EXPECTED = {
    Register.TSC: """
        o.tsc_number IS NOT NULL OR o.submitted_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM profiles_workexperience w
            WHERE w.officer_id = o.id AND w.ends_on IS NULL AND w.employer = 'tsc'
        )
    """,
    Register.ID: "o.national_id IS NOT NULL",
}
HAS_LINES = "EXISTS (SELECT 1 FROM profiles_registerentry WHERE register = '{register}')"
# A line that is not there says nothing, which is not the same as saying "".
SEEN = """
md5(concat_ws(E'\\x1f', o.full_name, coalesce(o.national_id, ''), coalesce(o.{number}, ''),
    coalesce(e.name || E'\\x1f' || e.national_id, '-')))
"""
BESIDE = """
profiles_officer o
LEFT JOIN profiles_registerentry e ON e.register = '{register}' AND e.number = o.{number}
"""
WHERE_CHANGED = """
FROM {beside}
LEFT JOIN profiles_registercheck c ON c.officer_id = o.id AND c.register = '{register}'
WHERE o.merged_into_id IS NULL AND ({expected}) AND {has_lines}
    AND c.seen IS DISTINCT FROM {seen}
"""
CHANGED = """
SELECT o.id {where_changed} AND o.id > %(after)s ORDER BY o.id LIMIT %(most)s
"""
LOCK = "SELECT id FROM profiles_officer WHERE id = ANY (%(officers)s) ORDER BY id FOR SHARE"
PAIRS = """
SELECT o.id, o.full_name, coalesce(o.national_id, ''), e.id IS NOT NULL, e.name, e.national_id,
    {seen} AS seen
{where_changed} AND o.id = ANY (%(officers)s)
"""
WRITE = """
INSERT INTO profiles_registercheck (officer_id, register, outcome, fields, seen, reason)
SELECT officer, '{register}', outcome, string_to_array(fields, ','), seen, ''
FROM unnest(%(officers)s::bigint[], %(outcomes)s::text[], %(fields)s::text[], %(seen)s::text[])
    AS found (officer, outcome, fields, seen)
ON CONFLICT (officer_id, register) DO UPDATE
SET outcome = EXCLUDED.outcome, fields = EXCLUDED.fields, seen = EXCLUDED.seen,
    checked_at = now(), accepted_by_id = NULL, accepted_at = NULL, reason = ''
"""
LET_GO = """
DELETE FROM profiles_registercheck c USING profiles_officer o
WHERE c.register = '{register}' AND o.id = c.officer_id
    AND NOT (o.merged_into_id IS NULL AND ({expected}))
    AND (%(officers)s::bigint[] IS NULL OR o.id = ANY (%(officers)s::bigint[]))
"""


def statement(template: str, register: str) -> str:
    """With the register's own columns in it; nothing here was typed by anybody."""
    register = Register(register)
    parts = {"register": register.value, "number": NUMBER[register].value}
    for name, part in {
        "expected": EXPECTED[register],
        "seen": SEEN,
        "beside": BESIDE,
        "has_lines": HAS_LINES,
        "where_changed": WHERE_CHANGED,
    }.items():
        parts[name] = part.format(**parts)
    return template.format(**parts)


class Pair(NamedTuple):
    """An officer and the line of the same number, if there is one."""

    officer: int
    full_name: str
    national_id: str
    is_listed: bool
    name: str | None
    listed_id: str | None
    seen: str


def differences(register: str, pair: Pair) -> list[Fact]:
    """What the register says otherwise; its number alone where the number is not in it."""
    if not pair.is_listed:
        return [NUMBER[Register(register)]]
    differing = []
    listed_id = (pair.listed_id or "").lstrip("0")
    if listed_id and listed_id != pair.national_id.lstrip("0"):
        differing.append(Fact.NATIONAL_ID)
    if not same_name(pair.full_name, pair.name or ""):
        differing.append(Fact.FULL_NAME)
    return differing


def _outcome(pair: Pair, differing: list[Fact]) -> Outcome:
    if not pair.is_listed:
        return Outcome.NOT_FOUND
    return Outcome.MISMATCH if differing else Outcome.VERIFIED


def _compare(register: str, officers: list[int]) -> None:
    """Those of them whose sides have changed. Whoever calls has locked them against changing
    again, so what is written is what they say."""
    with connection.cursor() as cursor:
        cursor.execute(statement(PAIRS, register), {"officers": officers})
        found = [(pair, differences(register, pair)) for pair in map(Pair._make, cursor.fetchall())]
        results: dict[str, list[Any]] = {
            "officers": [pair.officer for pair, _differing in found],
            "outcomes": [_outcome(pair, differing).value for pair, differing in found],
            "fields": [",".join(fact.value for fact in differing) for _pair, differing in found],
            "seen": [pair.seen for pair, _differing in found],
        }
        if found:
            cursor.execute(statement(WRITE, register), results)


@transaction.atomic
def _compare_next(register: str, *, after: int) -> list[int]:
    """The next few that have changed, by id."""
    with connection.cursor() as cursor:
        cursor.execute(statement(CHANGED, register), {"after": after, "most": CHUNK})
        officers = [pk for (pk,) in cursor.fetchall()]
        # in a statement of its own, so that the next one sees what whoever had the lock wrote
        cursor.execute(LOCK, {"officers": officers})
    _compare(register, officers)
    return officers


def compare_all(register: str, *, on: Callable[[int], None] = lambda count: None) -> int:
    """Every officer whose profile or line has changed since; how many. `on` hears how far it is."""
    _let_go(register, officers=None)
    count, last = 0, 0
    while done := _compare_next(register, after=last):
        count, last = count + len(done), done[-1]
        on(count)
    return count


def refresh(*officers: Officer) -> None:
    """As one of these changes: at once, in the transaction of the change, which has locked them."""
    for register in Register:
        these = [officer.pk for officer in officers]
        _let_go(register, officers=these)
        _compare(register, these)


@transaction.atomic
def refresh_line(register: str, number: str) -> None:
    """As a line is written by hand: whoever has its number."""
    name = NUMBER[Register(register)].value
    refresh(*Officer.objects.select_for_update().filter(**{name: number}))


def _let_go(register: str, *, officers: list[int] | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(LET_GO, register), {"officers": officers})
