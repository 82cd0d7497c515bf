"""A change is made in one transaction, and begun anew where the database had to end a deadlock."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

TRIES = 3
# serialization_failure, deadlock_detected: nothing was done, so the same may be asked again
BEGIN_ANEW = {"40001", "40P01"}

P = ParamSpec("P")
R = TypeVar("R")


def whole(act: Callable[P, R]) -> Callable[P, R]:
    """All of it or nothing.

    The order of locks leaves a deadlock nowhere to start among ourselves; what else may hold the
    same rows for a moment (a merge of accounts, somebody at the database's own prompt) costs a
    second try and no error.
    """

    @wraps(act)
    def carried_out(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    return act(*args, **kwargs)
            except OperationalError as error:
                # within another transaction only the outermost may begin anew
                if not left or connection.in_atomic_block or _state(error) not in BEGIN_ANEW:
                    raise
        raise AssertionError("the last try returns or raises")

    return carried_out


def _state(error: OperationalError) -> str:
    return str(getattr(error.__cause__, "pgcode", ""))
