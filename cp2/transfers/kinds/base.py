"""How a kind of file becomes rows: by COPY into a table of its own, then a few statements, however
many lines there are.

The preview and the import do the very same up to the last statement, so what was shown is what
is done: both read the bytes, look at each line by itself, then at the lines beside one another and
beside the rows that are there.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_all
from cp2 import tables
from cp2.exports import as_it_was
from cp2.rules import Refused
from cp2.transfers.models import Import, ImportStatus

BLOCK = 5_000  # lines between two looks at the clock
MOST_FAULTS = 1_000  # that are kept; all are counted
MOST_SAMPLES = 20
# Where the lines of a file stand for as long as the transaction that reads them.
STAGE = "transfers_in"


@dataclass(frozen=True)
class Column:
    """Of the file. `clean` answers with what the line says, or raises a ValidationError."""

    name: str
    clean: Callable[[str], Any]
    example: str = ""
    sql: str = "text"
    needed: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sets:
    """A column of the row, written where the file has the column that it is of.

    `was` and `will` are how the preview says both values, if they are not words by themselves.
    """

    of: str
    will_be: str
    was: str = ""
    will: str = ""


@dataclass(frozen=True)
class Fault:
    """`lines` selects each line with a fault, and a word about it for `says`."""

    says: Any
    lines: str


@dataclass
class Reading:
    """What a file holds. `on` hears every so often how many lines there are so far, and may stop
    it by raising."""

    of: Import
    on: Callable[[int], None]
    names: list[str] = field(default_factory=list)
    lines: int = 0
    wrong: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, said: str) -> None:
        self.wrong += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append((line, said[:500]))


@dataclass(frozen=True)
class Kind:
    model: type[models.Model]
    permissions: list[str]
    columns: Sequence[Column]
    # how a line `i` names the row `t` that it is about, and which of its columns say so
    key: str
    unique: Sequence[tuple[str, ...]]
    name: str  # of a line, in the preview
    sets: dict[str, Sets]
    verb: str
    extra: dict[str, str] = field(default_factory=dict)  # columns that `resolve` fills
    resolve: Sequence[str] = ()
    faults: Sequence[Fault] = ()
    # of lines that change a row: asked when it is known which they are, and where they are about
    # to, with what these rest on held
    changing: Sequence[Fault] = ()
    holds: str = ""
    of_exam: bool = False
    may_tell: bool = False
    help: Any = ""

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def needed(self) -> list[str]:
        return [column.name for column in self.columns if column.needed]

    @property
    def optional(self) -> list[str]:
        return [column.name for column in self.columns if not column.needed]

    # Read

    def read(self, reading: Reading, file: IO[bytes]) -> None:
        """Every line into the stage, and whatever is wrong with one into the reading."""
        self._stage()
        block: list[list[Any]] = []
        rows = tables.read(
            file,
            needed=self.needed,
            optional=self.optional,
            also={other: column.name for column in self.columns for other in column.also},
            wrong=reading.add,
        )
        by_name = {column.name: column for column in self.columns}
        for count, (line, cells) in enumerate(rows, 1):
            if not reading.names:
                reading.names = list(cells)
            try:
                block.append([line, *_cleaned(by_name, cells)])
            except ValidationError as error:
                reading.add(line, " ".join(error.messages))
            if count % BLOCK == 0:
                self._pour(block, reading.names)
                reading.on(count)
        self._pour(block, reading.names)
        reading.lines = self._count("true") + reading.wrong
        if not reading.lines:
            raise tables.Unreadable(_("There is no line below the heading."))
        self._look_through(reading)

    def _stage(self) -> None:
        told = {column.name: column.sql for column in self.columns}
        columns = ", ".join(f"{name} {sql}" for name, sql in {**told, **self.extra}.items())
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {STAGE}")
            cursor.execute(
                f"CREATE TEMPORARY TABLE {STAGE} (line integer, {columns}, "
                "bad boolean NOT NULL DEFAULT false, row_id bigint) ON COMMIT DROP"
            )

    def _pour(self, block: list[list[Any]], names: list[str]) -> None:
        text = io.StringIO("".join(map(_copied, block)))
        columns = ", ".join(["line", *names])
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {STAGE} ({columns}) FROM STDIN WITH (FORMAT csv)", text)
        block.clear()

    def _look_through(self, reading: Reading) -> None:
        """What the lines are to one another, and to the rows that are there."""
        values = self._values(reading.of)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {STAGE}")
            for statement in self.resolve:
                cursor.execute(statement, values)
            for columns in self.unique:
                if set(columns) <= {*reading.names, *self.extra}:
                    self._mark(cursor, reading, self._repeated(columns), values)
            for fault in self.faults:
                self._mark(cursor, reading, fault, values)
            cursor.execute(
                f"UPDATE {STAGE} i SET row_id = t.id FROM {self.table} t WHERE {self.key}", values
            )
            if self.holds and reading.of.status == ImportStatus.APPLYING:
                cursor.execute(self.holds, values)
            for fault in self.changing:
                lines = fault.lines.replace("{differs}", self._differs(reading.names))
                self._mark(cursor, reading, Fault(fault.says, lines), values)
        reading.faults.sort()

    def _repeated(self, columns: Sequence[str]) -> Fault:
        """All lines but the first: which of them is right, nobody knows."""
        names = ", ".join(columns)
        there = " AND ".join(f"{name} IS NOT NULL" for name in columns)
        return Fault(
            _("The same stands in line %(said)s."),
            f"SELECT line, first::text FROM (SELECT line, min(line) OVER (PARTITION BY {names}) "
            f"AS first FROM {STAGE} WHERE {there}) lines WHERE line > first",
        )

    def _mark(self, cursor: Any, reading: Reading, fault: Fault, values: dict[str, Any]) -> None:
        """Each line once, with the first that is wrong with it."""
        cursor.execute(
            f"""
            WITH found (line, said) AS MATERIALIZED ({fault.lines}), marked AS (
                UPDATE {STAGE} u SET bad = true FROM found
                WHERE u.line = found.line AND NOT u.bad
                RETURNING u.line, found.said
            )
            SELECT line, said, count(*) OVER () FROM marked ORDER BY line LIMIT {MOST_FAULTS}
            """,
            values,
        )
        rows = cursor.fetchall()
        for line, said, _all in rows:
            reading.add(line, str(fault.says) % {"said": said})
        reading.wrong += rows[0][2] - len(rows) if rows else 0

    def _values(self, coming: Import) -> dict[str, Any]:
        return {"exam": coming.exam_id}

    def _count(self, condition: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {STAGE} i WHERE {condition}")
            return int(cursor.fetchone()[0])

    # Show

    def _written(self, names: Sequence[str]) -> dict[str, Sets]:
        """What of the row the file says something about."""
        return {column: sets for column, sets in self.sets.items() if sets.of in names}

    def _differs(self, names: Sequence[str]) -> str:
        written = self._written(names)
        return " OR ".join(f"t.{c} IS DISTINCT FROM {s.will_be}" for c, s in written.items())

    def _beside(self, names: Sequence[str]) -> str:
        return (
            f"{STAGE} i JOIN {self.table} t ON t.id = i.row_id "
            f"AND NOT i.bad AND ({self._differs(names)})"
        )

    def counts(self, reading: Reading) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self._beside(reading.names)}")
            changed = int(cursor.fetchone()[0])
        new = self._count("row_id IS NULL AND NOT bad")
        good = self._count("NOT bad")
        return {
            "lines": reading.lines,
            "new": new,
            "changed": changed,
            "unchanged": good - new - changed,
            "wrong": reading.wrong,
        }

    def samples(self, reading: Reading) -> list[Any]:
        """The first lines that change a row: line, name, and what of it changes."""
        written = self._written(reading.names)
        shown = [
            f"CASE WHEN t.{c} IS DISTINCT FROM {s.will_be} THEN ARRAY["
            f"coalesce({s.was or f't.{c}'}::text, ''), coalesce({s.will or s.will_be}::text, '')]"
            f" END"
            for c, s in written.items()
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT i.line, {self.name}, {', '.join(shown)} "
                f"FROM {self._beside(reading.names)} ORDER BY i.line LIMIT {MOST_SAMPLES}"
            )
            rows = cursor.fetchall()
        return [[line, name, _pairs(written.values(), pairs)] for line, name, *pairs in rows]

    # Apply

    def apply(self, reading: Reading, *, by: User) -> dict[str, int]:
        """The lines into the rows: how many were new, how many changed."""
        coming = reading.of
        changed = self._update(reading.names)
        new = self._insert(reading)
        told = {"import": coming.pk}
        if changed:
            record_all(f"{self.verb}.changed", self.model, changed, by=by, **told)
        if new:
            record_all(f"{self.verb}.added", self.model, new, by=by, **told)
        return {"new": len(new), "changed": len(changed)}

    def _update(self, names: Sequence[str]) -> list[int]:
        written = self._written(names)
        sets = ", ".join(f"{column} = {s.will_be}" for column, s in written.items())
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.table} t SET {sets} FROM {STAGE} i "
                f"WHERE t.id = i.row_id AND NOT i.bad AND ({self._differs(names)}) RETURNING t.id"
            )
            return [pk for (pk,) in cursor.fetchall()]

    def _insert(self, reading: Reading) -> list[int]:
        given = {c: s.will_be for c, s in self._written(reading.names).items()}
        return self.insert(self.model, {**self.also_given(), **given}, self._values(reading.of))

    def also_given(self) -> dict[str, str]:
        """What a new row has that the file does not say."""
        return {"exam_id": "%(exam)s::bigint"} if self.of_exam else {}

    def insert(
        self, model: type[models.Model], given: dict[str, str], values: dict[str, Any]
    ) -> list[int]:
        """A row for each new line. Refused if somebody else has written one of them meanwhile."""
        for each in model._meta.concrete_fields:
            column = str(each.column)
            if column not in given and not each.primary_key and not each.has_db_default():
                given[column] = f"%({column})s"
                values[column] = each.get_default()
        new = self._count("row_id IS NULL AND NOT bad")
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(given)}) "
                f"SELECT {', '.join(given.values())} FROM {STAGE} i "
                "WHERE i.row_id IS NULL AND NOT i.bad ORDER BY i.line "
                "ON CONFLICT DO NOTHING RETURNING id",
                values,
            )
            pks = [pk for (pk,) in cursor.fetchall()]
        if len(pks) != new:
            raise Refused(
                _("Somebody else has written some of these rows meanwhile. Upload the file again.")
            )
        return pks


def _pairs(sets: Iterable[Sets], pairs: Iterable[list[str] | None]) -> list[list[str]]:
    """Of those that change: the column, what it was, what it will be."""
    return [[each.of, *pair] for each, pair in zip(sets, pairs, strict=True) if pair]


def _copied(line: list[Any]) -> str:
    """As COPY reads it: what is not quoted is nothing at all."""
    cells = ("" if cell is None else '"' + str(cell).replace('"', '""') + '"' for cell in line)
    return ",".join(cells) + "\n"


def _cleaned(columns: dict[str, Column], cells: dict[str, str]) -> Iterator[Any]:
    """What the cells say, in the order of the heading."""
    wrong: list[str] = []
    for name, cell in cells.items():
        try:
            value = columns[name].clean(as_it_was(cell))
        except ValidationError as error:
            wrong += [f"{name}: {said}" for said in error.messages]
        else:
            yield (
                "{" + ",".join(f'"{one}"' for one in value) + "}"
                if isinstance(value, list)
                else value
            )
    if wrong:
        raise ValidationError(wrong)


@contextmanager
def cleared() -> Iterator[None]:
    """Without the stage at the end, also where the transaction goes on."""
    try:
        yield
    finally:
        if connection.connection and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {STAGE}")
