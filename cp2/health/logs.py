"""What every line of the log goes through: whose line it is, and nobody's numbers in it.

Nothing here needs Django to be set up: the settings import it.
"""

import logging
import re
from typing import Any

from structlog.contextvars import bind_contextvars, clear_contextvars

from sms.logs import SECRET

NUMBER = "<number>"
# Phones, as people write them, and any number as long as one of an ID card, an account or a phone.
PHONE = re.compile(r"(?<!\w)(?:\+?254|0)[ -]?[17][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}(?!\w)")
LONG = re.compile(r"[0-9]{6,}")
# PostgreSQL quotes the row that it refuses, names and all.
DETAIL = re.compile(r"DETAIL:.*?(?=\n\n|\n(?:CONTEXT|HINT|WHERE|QUERY|STATEMENT)\b|\Z)", re.DOTALL)
# What the portal itself says in a line, and no person typed.
OURS = {"timestamp", "level", "logger", "request", "task", "task_id", "user", "ms", "status"}
# What a line about a request may say; see cp2.health.middleware.
ABOUT_REQUESTS = ["route", "method", "status", "ms", "queries", "user", "role"]


def mask(said: str) -> str:
    said = SECRET.sub(r"\1-", said)
    said = DETAIL.sub("DETAIL: <left out>", said)
    return LONG.sub(NUMBER, PHONE.sub(NUMBER, said))


def masked(value: Any) -> Any:
    """The same of all that a value holds, which must be as JSON has it or show itself in words."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(key)): masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [masked(each) for each in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return NUMBER if abs(value) >= 10**5 else value
    return mask(str(value))


def without_numbers(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """For structlog: a line without phone, ID and account numbers."""
    kept = {"_record", "_from_structlog"}  # structlog's own, taken out before it is written
    return {key: each if key in OURS | kept else masked(each) for key, each in event.items()}


def begin_task(task_id: str = "", task: Any = None, **_: Any) -> None:
    """What is written while a task runs says whose line it is."""
    clear_contextvars()
    bind_contextvars(task=getattr(task, "name", None) or "unknown", task_id=task_id)


def end_task(**_: Any) -> None:
    clear_contextvars()


class ByRoute(logging.Filter):
    """An address may hold a code or a number; the name of its page does not."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if path := getattr(request, "path", None):
            match = getattr(request, "resolver_match", None)
            route = match.view_name if match else "no page"
            args = record.args if isinstance(record.args, tuple) else ()
            record.args = tuple(route if arg == path else arg for arg in args) or record.args
        return True
