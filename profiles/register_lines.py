"""A register's file, read into lines that are good and faults that are not, and what would change.

The good lines go by COPY into a table of their own; everything after that is a few statements,
however many lines there are.
"""

import csv
import io
from collections.abc import Callable
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cp2 import tables
from profiles.fields import NameField, NationalIdField, TscNumberField
from profiles.models import Register, RegisterImport

BLOCK = 5_000  # lines between two looks at the clock
MOST_FAULTS = 50  # that are shown; all are counted
MOST_SAMPLES = 10

NUMBERS: dict[str, Any] = {
    register: field(error_messages={"required": gettext_lazy("The number is missing.")})
    for register, field in {Register.TSC: TscNumberField, Register.ID: NationalIdField}.items()
}
NAME = NameField(error_messages={"required": gettext_lazy("The name is missing.")})
NATIONAL_ID = NationalIdField(required=False)

# As the agencies head their columns.
ALSO: dict[str, dict[str, str]] = {
    Register.TSC: {
        "tsc_number": "number",
        "tsc_no": "number",
        "id_number": "national_id",
        "id_no": "national_id",
        "full_name": "name",
    },
    Register.ID: {
        "national_id": "number",
        "id_number": "number",
        "id_no": "number",
        "full_name": "name",
    },
}
OPTIONAL: dict[str, list[str]] = {Register.TSC: ["national_id"], Register.ID: []}

COPY = """
COPY profiles_importline (of_id, line, number, national_id, name) FROM STDIN WITH (FORMAT csv)
"""
# Which of two lines of a number is right, nobody knows.
CONTRADICTORY = """
WITH odd AS (
    SELECT number FROM profiles_importline WHERE of_id = %(of)s
    GROUP BY number
    HAVING min(name) <> max(name) OR min(national_id) <> max(national_id)
), gone AS (
    DELETE FROM profiles_importline l USING odd
    WHERE l.of_id = %(of)s AND l.number = odd.number
    RETURNING l.line, l.number
)
SELECT line, number, count(*) OVER () FROM gone ORDER BY line LIMIT %(most)s
"""
REPEATED = """
DELETE FROM profiles_importline l
USING (
    SELECT number, min(line) AS line FROM profiles_importline WHERE of_id = %(of)s
    GROUP BY number HAVING count(*) > 1
) kept
WHERE l.of_id = %(of)s AND l.number = kept.number AND l.line <> kept.line
"""
# An ID number that is left empty leaves what is there.
DIFFERS = "(e.name <> l.name OR l.national_id NOT IN ('', e.national_id))"
BESIDE = """
FROM profiles_importline l
LEFT JOIN profiles_registerentry e ON e.register = %(register)s AND e.number = l.number
WHERE l.of_id = %(of)s
"""
COUNT = f"""
SELECT count(*) FILTER (WHERE e.id IS NULL), count(*) FILTER (WHERE {DIFFERS}),
    (SELECT count(*) FROM profiles_registerentry WHERE register = %(register)s), count(*)
{BESIDE}
"""
SAMPLES = f"""
SELECT l.line, l.number, e.name, l.name, e.national_id, coalesce(nullif(l.national_id, ''),
    e.national_id)
{BESIDE} AND {DIFFERS}
ORDER BY l.line LIMIT %(most)s
"""
APPLY = """
WITH written AS (
    INSERT INTO profiles_registerentry AS e (register, number, national_id, name)
    SELECT %(register)s, l.number, l.national_id, l.name
    FROM profiles_importline l WHERE l.of_id = %(of)s
    ORDER BY l.number
    ON CONFLICT (register, number) DO UPDATE
    SET name = EXCLUDED.name, imported_at = now(),
        national_id = coalesce(nullif(EXCLUDED.national_id, ''), e.national_id)
    WHERE e.name <> EXCLUDED.name OR EXCLUDED.national_id NOT IN ('', e.national_id)
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written
"""

Block = list[tuple[int, int, str, str, str]]


class Faults:
    """The first lines that cannot be taken, and how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[tuple[int, str]] = []

    def add(self, line: int, said: str) -> None:
        self.count += 1
        if len(self.first) < MOST_FAULTS:
            self.first.append((line, said))


def read(coming: RegisterImport, file: IO[bytes], *, on: Callable[[int], None]) -> dict[str, Any]:
    """Read the file from its beginning; what is in it. `on` hears every so often how many lines
    there are so far, and may stop it by raising."""
    coming.lines.all().delete()
    faults, block, good = Faults(), Block(), 0
    rows = tables.read(
        file,
        needed=["number", "name"],
        optional=OPTIONAL[coming.register],
        also=ALSO[coming.register],
        wrong=faults.add,
    )
    for count, (line, cells) in enumerate(rows, 1):
        try:
            block.append((coming.pk, line, *_clean(coming.register, cells)))
            good += 1
        except ValidationError as error:
            faults.add(line, " ".join(error.messages))
        if count % BLOCK == 0:
            _pour(block)
            on(count)
    _pour(block)
    return _look_through(coming, faults, good + faults.count)


def _clean(register: str, cells: dict[str, str]) -> tuple[str, str, str]:
    number = NUMBERS[register].clean(cells["number"])
    if register == Register.ID:
        return number, number, NAME.clean(cells["name"])
    return number, NATIONAL_ID.clean(cells.get("national_id", "")), NAME.clean(cells["name"])


def _pour(block: Block) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(block)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(COPY, text)
    block.clear()


def _look_through(coming: RegisterImport, faults: Faults, lines: int) -> dict[str, Any]:
    """What the lines are to one another, and to the register as it is."""
    values: dict[str, Any] = {"of": coming.pk, "register": coming.register, "most": MOST_FAULTS}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE profiles_importline")
        cursor.execute(CONTRADICTORY, values)
        contradictory = cursor.fetchall()
        cursor.execute(REPEATED, values)
        repeated = cursor.rowcount
        cursor.execute(COUNT, values)
        new, changed, there, good = cursor.fetchone()
        cursor.execute(SAMPLES, values | {"most": MOST_SAMPLES})
        samples = cursor.fetchall()
    said = _("%(number)s stands in this file more than once, with different names or ID numbers.")
    first = [*faults.first, *((line, said % {"number": no}) for line, no, _all in contradictory)]
    return {
        "lines": lines,
        "bad": faults.count + (contradictory[0][2] if contradictory else 0),
        "repeated": repeated,
        "new": new,
        "changed": changed,
        "unchanged": good - new - changed,
        "kept": there - (good - new),
        "faults": sorted(first)[:MOST_FAULTS],
        "samples": samples,
    }


def apply(coming: RegisterImport) -> tuple[int, int]:
    """Write the lines into the register: how many are new there, how many changed. Imports take
    turns; whoever reads the register does not wait."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE profiles_registerentry IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(APPLY, {"of": coming.pk, "register": coming.register})
        new, changed = cursor.fetchone()
    return new, changed
