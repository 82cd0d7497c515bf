"""Triggers that write down, in the database, what a row was and what it became.

They see what no signal of Django's does: `QuerySet.update()`, raw SQL, a person at psql. One
trigger for a statement, however many rows it changes, and one table for all of them.
"""

from collections.abc import Mapping
from typing import Any

import pgtrigger
from pgtrigger import compiler

ROWS: dict[str, dict[str, str]] = {
    "UPDATE": {"old": "old_values", "new": "new_values"},
    "DELETE": {"old": "old_values"},
    "INSERT": {"new": "new_values"},
}

SAID = """said jsonb := coalesce(
    nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;"""
WRITE = (
    "INSERT INTO audit_change (kind, subject_type, subject_id, fields, actor_id, through) "
    "SELECT {kind}, '{subject_type}', {subject}, {fields}, (said->>'user')::bigint, "
    "coalesce(said->>'through', 'database: ' || session_user) "
)
# Whether the row was there before, and is there after. A full join, since a row whose number
# changes is two to a join by number; and since no plan of it, once kept, is slow for many rows.
CHANGED = (
    "CASE WHEN o.{pk} IS NULL THEN 'appeared' WHEN n.{pk} IS NULL THEN 'removed' ELSE 'changed' END"
)


class WatchSql(compiler.UpsertTriggerSql):
    """As pgtrigger's, without its way to have a trigger pass over what a session does: whoever may
    write SQL could say so."""

    def get_template(self) -> str:
        template = super().get_template()
        first, last = (
            template.index("CREATE OR REPLACE FUNCTION {ignore"),
            template.index("{pgid}()"),
        )
        body = "CREATE OR REPLACE FUNCTION " + template[last:]
        start, end = body.index("IF ({ignore_func_name}"), body.index("{func}")
        return template[:first] + body[:start] + body[end:]


class Watch(pgtrigger.Trigger):
    """One operation on one table. `columns` are what is kept, by the name of their field."""

    level = pgtrigger.Statement

    def __init__(
        self,
        operation: Any,
        columns: Mapping[str, str],
        *,
        subject_type: str,
        subject: str = "",
    ) -> None:
        self.columns, self.subject_type, self.subject = columns, subject_type, subject
        rows = ROWS.get(str(operation))
        super().__init__(
            name=f"watch_{str(operation).lower()}",
            operation=operation,
            # a table that is emptied together with ours is told of before, and gone with it
            when=pgtrigger.After if rows else pgtrigger.Before,
            referencing=pgtrigger.Referencing(**rows) if rows else None,  # type: ignore[no-untyped-call]  # pgtrigger has no types
        )

    def render_declare(self, model: Any) -> str:
        return f"DECLARE {SAID}"

    def get_func(self, model: Any) -> str:
        pk: str = model._meta.pk.column
        match str(self.operation):
            case "TRUNCATE":
                return self._write("emptied", "NULL", "'{}'::jsonb") + "; RETURN NULL;"
            case "UPDATE":
                source = f"FROM old_values o FULL JOIN new_values n ON n.{pk} = o.{pk}"
            case "DELETE":
                source = "FROM old_values o LEFT JOIN old_values n ON false"
            case _:
                source = "FROM new_values n LEFT JOIN new_values o ON false"
        return self._rows(pk, source)

    def _rows(self, pk: str, source: str) -> str:
        subject = self.subject or pk
        was, now = (
            ", ".join(f"{row}.{column}" for column in self.columns.values()) for row in "on"
        )
        changed = ", ".join(
            f"'{name}', CASE WHEN o.{column} IS DISTINCT FROM n.{column} "
            f"THEN jsonb_build_array(o.{column}, n.{column}) END"
            for name, column in self.columns.items()
        )
        # what has not changed is null, and left out; a null within a pair stays
        fields = f"jsonb_strip_nulls(jsonb_build_object({changed}))"
        kind = CHANGED.format(pk=pk)
        write = self._write(kind, f"coalesce(o.{subject}, n.{subject})", fields)
        return (
            f"{write} {source} WHERE ({was}) IS DISTINCT FROM ({now}) "
            f"OR o.{pk} IS NULL OR n.{pk} IS NULL; RETURN NULL;"
        )

    def _write(self, kind: str, subject: str, fields: str) -> str:
        quoted = kind if " " in kind else f"'{kind}'"
        return WRITE.format(
            kind=quoted, subject_type=self.subject_type, subject=subject, fields=fields
        )

    def compile(self, model: Any) -> compiler.Trigger:
        return compiler.Trigger(
            name=self.name,
            sql=WatchSql(
                pgid=self.get_pgid(model),
                declare=self.render_declare(model),
                func=self.render_func(model),
                table=model._meta.db_table,
                when=self.when,
                operation=self.operation,
                referencing=self.referencing or "",
                level=self.level,
            ),
        )
