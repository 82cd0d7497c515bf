"""Workers in processes of their own, that can be killed. A server that has read Django once forks
them, since a process that reads it first takes seconds to begin."""

import multiprocessing
from multiprocessing.connection import Connection

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

if not apps.ready:  # in the server, before it forks
    django.setup()

from claims import runs
from claims.models import MoneyRun, PaymentBatch
from claims.services import building, exporting

PORTION = 50
FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload([__name__])


class Worker:
    """It works at one run until that is over, or it is killed."""

    def __init__(self, run: MoneyRun, folder: str) -> None:
        self.run = run
        self.heard, said = FORKING.Pipe(duplex=False)
        name = str(connection.settings_dict["NAME"])
        self.process = FORKING.Process(target=work, args=(name, folder, run.pk, said))
        self.process.start()
        said.close()

    def wait_for(self, word: str) -> None:
        """Or for its end."""
        try:
            while self.heard.recv() != word:
                pass
        except EOFError:
            pass

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        self.process.join(timeout=120)
        assert not self.process.is_alive()
        self.heard.close()


def work(name: str, folder: str, pk: int, said: Connection) -> None:
    connection.settings_dict["NAME"] = name
    settings.STORAGES["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
    building.PORTION = PORTION
    write = exporting._write

    def aloud(batch: PaymentBatch) -> exporting.Written:
        said.send("writing")
        return write(batch)

    exporting._write = aloud
    said.send("ready")
    run = MoneyRun.objects.get(pk=pk)
    while run.is_open:
        runs.work(seconds=1, run=run)
        run.refresh_from_db()
