"""Files as offices send them, and their way through the pages."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from accounts.models import User
from cp2.exports import csv_file
from cp2.runs import services as runs
from cp2.transfers import importing
from cp2.transfers.models import Import


def csv(heading: list[str], *rows: list[Any]) -> bytes:
    return csv_file(heading, rows)


def xlsx(heading: list[str], *rows: list[Any]) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    for row in [heading, *rows]:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sent(content: bytes, name: str = "rows.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def read(kind: str, content: bytes, *, by: User, exam: Any = None) -> Import:
    """Uploaded and read, as a worker does it."""
    coming, _is_new = importing.upload(kind, sent(content), by=by, exam=exam)
    return worked(coming)


def worked(coming: Import) -> Import:
    coming.refresh_from_db()
    assert coming.run
    runs.finish(coming.run)
    coming.refresh_from_db()
    return coming


def applied(coming: Import, *, by: User, **more: Any) -> Import:
    return worked(importing.begin(coming, by=by, reason="As the county office sent it", **more))


def imported(kind: str, content: bytes, *, by: User, exam: Any = None, **more: Any) -> Import:
    return applied(read(kind, content, by=by, exam=exam), by=by, **more)


def said(coming: Import) -> list[tuple[int, str]]:
    return list(coming.faults.values_list("line", "text"))
