"""A worker in a process of its own, that can be killed; see claims.tests.forked."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

if not apps.ready:  # in the server, before it forks
    django.setup()

from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.transfers import exporting
from cp2.transfers.kinds.base import Kind

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload([__name__])


class Worker:
    """It works at one run until that is over, or it is killed. `slow` says where it lingers."""

    def __init__(self, run: Run, folder: str, *, slow: str = "") -> None:
        self.heard, said = FORKING.Pipe(duplex=False)
        name = str(connection.settings_dict["NAME"])
        self.process = FORKING.Process(target=work, args=(name, folder, run.pk, slow, said))
        self.process.start()
        said.close()

    def wait_for(self, word: str) -> None:
        while self.heard.recv() != word:
            pass

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        self.process.join(timeout=120)
        assert not self.process.is_alive()
        self.heard.close()


def work(name: str, folder: str, pk: int, slow: str, said: Connection) -> None:
    connection.settings_dict["NAME"] = name
    settings.STORAGES["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }

    def linger(before: Any) -> Any:
        """Half of it is written, and the other half never comes."""

        def lingering(*args: Any, **kwargs: Any) -> Any:
            done = before(*args, **kwargs)
            said.send("half way")
            time.sleep(60)
            return done

        return lingering

    if slow == "apply":
        Kind._update = linger(Kind._update)  # type: ignore[method-assign]  # slowed down to be killed
    if slow == "export":
        exporting._fill = linger(exporting._fill)  # type: ignore[assignment]  # slowed down to be killed
    run = Run.objects.get(pk=pk)
    while run.is_open:
        runs.work(seconds=1, run=run)
        run.refresh_from_db()
