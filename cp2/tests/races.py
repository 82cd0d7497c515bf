"""What happens at the same moment, for real: each in a thread with a connection of its own."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from cp2.rules import Refused


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """From one starting line; what each returned or was refused with, in their order. Whatever
    else is raised is a failure."""
    line, results = Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            line.wait()
            results[number] = act()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refused):
            raise result
    return results


def split(results: Sequence[Any]) -> tuple[list[Any], list[Refused]]:
    """Those that were done and those that were refused."""
    refused = [result for result in results if isinstance(result, Refused)]
    return [result for result in results if not isinstance(result, Refused)], refused
