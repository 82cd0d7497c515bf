"""Lists taken away that are too long to be made while somebody waits.

The file is written outside of any transaction that others wait for, in one reading of the database
as it is at one moment (REPEATABLE READ, and a cursor of the server, so that memory stays small): a
list written page by page would have an officer twice who moved meanwhile, and another not at all.
It then is put away and named by its row in one statement. Who dies in the middle leaves nothing.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.services import record
from cp2.exports import Kind, Table, csv_stream, taken_by, xlsx_write
from cp2.rules import Refused, lock
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from cp2.transfers.lists import Listed, NoSuchList
from cp2.transfers.models import KEPT, Export, Import, export_path
from cp2.transfers.progress import CalledOff, Progress, watched
from profiles import papers

AT_ONCE = 3_000  # rows that are made while somebody waits
MOST_ROWS = 1_000_000  # that a worker writes; whoever needs more narrows the list, a part a file
CHUNK = 2_000


# A person's part


def count(rows: Any, most: int) -> int:
    """No further than it matters: to count millions takes as long as to write thousands."""
    found: int = rows.order_by()[: most + 1].count()
    return found


def table(listed: Listed, rows: Any, number: int) -> Table:
    """For those that are made at once."""
    return Table(
        name=listed.name.replace(".", "-"),
        title=listed.title,
        heading=listed.heading(),
        rows=listed.lines(rows.iterator(chunk_size=CHUNK)),
        count=number,
        by=str(listed.user),
    )


@transaction.atomic
def start(listed: Listed, kind: Kind, *, reason: str) -> Export:
    leaving = Export.objects.create(
        list_of=listed.name,
        title=listed.title[:120],
        query=listed.query,
        format=kind,
        reason=reason,
        asked_by=listed.user,
    )
    leaving.run = runs.start(
        RunKind.EXPORT,
        by=listed.user,
        title=str(leaving),
        about=f"transfers.export {leaving.pk}",
        page=reverse("admin:transfers_leaving", args=[leaving.pk]),
        of=leaving.pk,
    )
    leaving.save(update_fields=["run"])
    record(
        "list.asked",
        leaving,
        by=listed.user,
        list=listed.name,
        query=listed.query,
        reason=reason,
        kind=kind,
    )
    return leaving


# A worker's part


@contextmanager
def one_moment() -> Iterator[None]:
    """The database as it is now, however long it takes to read. Behind PgBouncer too: within a
    transaction a cursor of the server stays where it is."""
    kept = connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = False
    is_first = not connection.in_atomic_block
    try:
        with transaction.atomic():
            if is_first:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = kept


def _one(_run: Run) -> list[str]:
    return ["all"]


def _of(run: Run) -> Export:
    return Export.objects.select_related("asked_by").get(pk=run.asked["of"])


def _write(run: Run, _portion: str) -> tuple[str, int, int] | Refused | None:
    """The file in the store, which no row names yet: its path, rows and bytes."""
    leaving = _of(run)
    if leaving.written_at:
        return None
    user = leaving.asked_by
    try:
        if not user.is_active:
            raise NoSuchList
        listed = Listed(leaving.list_of, leaving.query, user)
        with watched(run, "rows") as progress, TemporaryFile() as file:
            number = _fill(file, listed, Kind(leaving.format), progress)
            size = file.tell()
            file.seek(0)
            path = default_storage.save(export_path(leaving, ""), File(file))
            return path, number, size
    except NoSuchList:
        return Refused(_("%(who)s may not see this list any more.") % {"who": user})
    except Refused as refusal:
        return refusal
    except CalledOff:
        return None


def _fill(file: Any, listed: Listed, kind: Kind, progress: Progress) -> int:
    with one_moment():
        rows = listed.rows()
        number = count(rows, MOST_ROWS)
        if number > MOST_ROWS:
            raise Refused(
                _("These are more than %(most)s rows. Narrow the list, and take it in parts.")
                % {"most": f"{MOST_ROWS:,}"}
            )
        lines = _told(listed.lines(rows.iterator(chunk_size=CHUNK)), progress)
        if kind == Kind.CSV:
            for block in csv_stream(listed.heading(), lines):
                file.write(block)
        else:
            by = taken_by(listed.user)
            xlsx_write(file, listed.title, listed.heading(), lines, by=by)
    file.seek(0, os.SEEK_END)
    return number


def _told(lines: Iterable[Any], progress: Progress) -> Iterator[Any]:
    for number, line in enumerate(lines, 1):
        if not number % 500:
            progress(number)
        yield line


def _settle(run: Run, _portion: str, written: tuple[str, int, int] | Refused | None) -> None:
    leaving = lock(_of(run))
    if written is None:
        return
    if isinstance(written, Refused):
        raise written
    path, number, size = written
    if leaving.written_at:  # by another worker, while this one was taken for dead
        transaction.on_commit(partial(default_storage.delete, path))
        return
    leaving.file.name = path
    leaving.rows = number
    leaving.size, leaving.written_at = size, timezone.now()
    leaving.save(update_fields=["file", "rows", "size", "written_at"])
    run.outcome = {"rows": number}
    record("list.written", leaving, by=leaving.asked_by, list=leaving.list_of, rows=number)


EXPORT = runs.Work(plan=_one, before=_write, step=_settle)


def tidy() -> int:
    """Files of yesterday, and those that whoever died left behind."""
    now = timezone.now()
    old = Export.objects.filter(written_at__lte=now - KEPT, removed_at=None)
    gone = 0
    for leaving in old:
        with transaction.atomic():
            row = lock(leaving)
            path = str(row.file.name)
            row.file, row.removed_at = "", now
            row.save(update_fields=["file", "removed_at"])
            transaction.on_commit(partial(default_storage.delete, path))
        gone += 1
    exports = papers.sweep(["exports"], Export.objects.all())
    return gone + exports + papers.sweep(["imports"], Import.objects.all())
