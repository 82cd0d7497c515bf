"""Who is at it and through what, for the triggers that write changes down.

django-pghistory puts it in front of each statement that writes, as settings of that transaction
alone: the database is not asked once more for it, and behind PgBouncer nothing of it is left for
whoever comes next.
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pghistory
from celery import signals
from django.http import HttpRequest, HttpResponse
from pghistory import runtime


def unspoiled(put_in_front: Callable[..., Any]) -> Callable[..., Any]:
    """pghistory writes names of its own into the dict of whoever executes a statement with one, who
    may be using it for something else; so it gets a copy."""

    def given(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        __tracebackhide__ = True  # what goes wrong below is its caller's
        own = dict(params) if isinstance(params, dict) else params
        return put_in_front(execute, sql, own, many, context)

    return given


runtime._inject_history_context = unspoiled(runtime._inject_history_context)


class HistoryMiddleware:
    """Behind the sign-in. A page is told by the pattern of its address: what stands in an address
    may be a secret, a number or a name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with pghistory.context(through="page"):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[Any], kwargs: dict[str, Any]
    ) -> None:
        route = request.resolver_match.route if request.resolver_match else ""
        who = {"user": request.user.pk} if request.user.is_authenticated else {}
        pghistory.context(through=f"page /{route}"[:200], **who)


def within(through: str) -> AbstractContextManager[Any]:
    context: AbstractContextManager[Any] = pghistory.context(through=through[:200])
    return context


_of_tasks: dict[str, AbstractContextManager[Any]] = {}


def _begin(task_id: str, task: Any, **_of: Any) -> None:
    _of_tasks[task_id] = context = within(f"task {task.name}")
    context.__enter__()


def _end(task_id: str, **_of: Any) -> None:
    if context := _of_tasks.pop(task_id, None):
        context.__exit__(None, None, None)


def follow_tasks() -> None:
    signals.task_prerun.connect(_begin, dispatch_uid="cp2.audit")
    signals.task_postrun.connect(_end, dispatch_uid="cp2.audit")


def follow_command() -> None:
    """For as long as the process lives; what it was called with stays out of it."""
    if Path(sys.argv[0]).name == "manage.py" and len(sys.argv) > 1:
        within(f"command {sys.argv[1]}").__enter__()
