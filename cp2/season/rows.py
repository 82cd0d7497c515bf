"""Many rows at once, by COPY. Constraints and triggers stay on."""

import io
import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, models

BLOCK = 500
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Batch:
    """Rows that wait to be written together, table by table in the order given: what is referred
    to comes first. Ids are handed out ahead, so that rows know each other before any is written.
    """

    def __init__(self, *tables: type[models.Model]) -> None:
        self._rows: dict[type[models.Model], list[dict[str, Any]]] = {t: [] for t in tables}
        self._ids = {table: ids(table) for table in tables}

    def add(self, model: type[models.Model], **row: Any) -> int:
        row["id"] = next(self._ids[model])
        self._rows[model].append(row)
        return int(row["id"])

    def flush(self) -> None:
        for model, rows in self._rows.items():
            pour(model, rows)
            rows.clear()


def ids(model: type[models.Model]) -> Iterator[int]:
    """Fresh ids of a table, for ever, taken from its sequence a block at a time."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [model._meta.db_table, BLOCK],
            )
            block = [number for (number,) in cursor.fetchall()]
        yield from block


def pour(model: type[models.Model], rows: list[dict[str, Any]]) -> None:
    """COPY rows into a table. What a row does not name has the model's default, or the
    database's."""
    if not rows:
        return
    defaults = {
        field.attname: field.get_default()
        for field in model._meta.concrete_fields
        if not field.primary_key and not field.has_db_default()
    }
    named = {name for row in rows for name in row}
    columns = {
        field.attname: str(field.column)
        for field in model._meta.concrete_fields
        if field.attname in defaults or field.attname in named
    }
    lines = "".join(
        "\t".join(_text({**defaults, **row}[name]) for name in columns) + "\n" for row in rows
    )
    target = ", ".join(connection.ops.quote_name(column) for column in columns.values())
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY {connection.ops.quote_name(model._meta.db_table)} ({target}) FROM STDIN",
            io.StringIO(lines),
        )


def _text(value: Any) -> str:
    """As COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, dict | list):
        value = json.dumps(value)
    return str(value).translate(ESCAPED)


def run(statement: str, **params: Any) -> None:
    """One statement that writes many rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def analyze(*tables: type[models.Model]) -> None:
    """Tell the planner what has come in; it would otherwise plan for empty tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(table._meta.db_table for table in tables)}")
