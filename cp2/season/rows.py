"""Many rows at once, by COPY. Constraints and triggers stay on."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from django.db import connection, models

FEW_IDS, MANY_IDS = 500, 16_000  # are taken from a sequence at a time: few at first
# While rows gather these stand for the end of a cell, the end of a row, and nothing at all; none
# is in any text. What COPY would take for one of its own signs is escaped, a block at a time.
CELL, ROW, NULL = "\x1f", "\x1e", "\x00"
SIGNS = [
    *(("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")),
    *((NULL, "\\N"), (CELL, "\t"), (ROW, "\n")),
]
AT_ONCE = 1 << 20  # the fewer reads, the less the two threads wait for each other


class Batch:
    """Rows that wait to be written together, table by table in the order given: what is referred
    to comes first. Ids are handed out ahead, so that rows know each other before any is written.

    A thread of its own copies what was flushed while the next rows are made, so nothing else may
    use the database meanwhile: leave the batch, or `settle` it, before you ask for anything.

    Every row's references are looked up. In tables as small as those of the banks PostgreSQL would
    rather read all there is each time, so within a batch it is told to use the index.
    """

    def __init__(self, *tables: type[models.Model]) -> None:
        self._sheets: dict[type[models.Model], dict[tuple[str, ...], Sheet]] = {
            table: {} for table in tables
        }
        self._ids = {table: self._fresh_ids(table) for table in tables}
        self._copying: Future[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        run("SET LOCAL enable_seqscan = off")
        return self

    def __exit__(self, failed: type[BaseException] | None, *_of: object) -> None:
        if not failed:
            self.flush()
            self.settle()
            run("SET LOCAL enable_seqscan TO DEFAULT")
        self._thread.shutdown()

    def add(self, model: type[models.Model], **row: Any) -> int:
        number = next(self._ids[model])
        sheets, columns = self._sheets[model], tuple(row)
        sheet = sheets.get(columns) or sheets.setdefault(columns, Sheet(model, ("id", *columns)))
        sheet.add(number, *row.values())
        return number

    def flush(self) -> None:
        blocks = [
            (sheet.statement, sheet.take())
            for sheets in self._sheets.values()
            for sheet in sheets.values()
            if sheet.lines
        ]
        self.settle()
        connection.ensure_connection()
        self._copying = self._thread.submit(_copy, connection.connection, blocks)

    def settle(self) -> None:
        """Wait until all that was flushed is there."""
        if self._copying:
            with connection.wrap_database_errors:
                self._copying.result()
            self._copying = None

    def _fresh_ids(self, model: type[models.Model]) -> Iterator[int]:
        """For ever, taken from the table's sequence a block at a time."""
        size = FEW_IDS
        while True:
            self.settle()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                    [model._meta.db_table, size],
                )
                block = [number for (number,) in cursor.fetchall()]
            yield from block
            size = min(size * 2, MANY_IDS)


class Sheet:
    """Rows of a table that name the same columns. What they do not name has the model's default,
    or the database's."""

    def __init__(self, model: type[models.Model], named: tuple[str, ...]) -> None:
        columns = {field.attname: str(field.column) for field in model._meta.concrete_fields}
        defaults = {
            field.attname: field.get_default()
            for field in model._meta.concrete_fields
            if not (field.attname in named or field.primary_key or field.has_db_default())
        }
        quoted = ", ".join(connection.ops.quote_name(columns[name]) for name in (*named, *defaults))
        table = connection.ops.quote_name(model._meta.db_table)
        self.statement = f"COPY {table} ({quoted}) FROM STDIN"
        self.lines: list[str] = []
        self._end = "".join(CELL + _text(value) for value in defaults.values()) + ROW

    def add(self, *cells: Any) -> None:
        self.lines.append(
            CELL.join([cell if isinstance(cell, str) else _text(cell) for cell in cells])
        )

    def take(self) -> str:
        """As COPY reads it."""
        text = "".join([line + self._end for line in self.lines])
        self.lines.clear()
        for sign, written in SIGNS:
            text = text.replace(sign, written)
        return text


def _text(value: Any) -> str:
    if value is None:
        return NULL
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _copy(raw: Any, blocks: list[tuple[str, str]]) -> None:
    with raw.cursor() as cursor:
        for statement, text in blocks:
            cursor.copy_expert(statement, io.StringIO(text), size=AT_ONCE)


def run(statement: str, **params: Any) -> None:
    """One statement that writes many rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def analyze(*tables: type[models.Model]) -> None:
    """Tell the planner what has come in, in some tables or in all; it would otherwise plan for
    empty ones."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(table._meta.db_table for table in tables)}")
