"""Files that are sent with a question or a reply: put away, scanned, and deleted after a year.

They are judged, kept and scanned as officers' papers are, see `profiles.uploads` and
`profiles.papers`; only where they hang, and who may fetch them, is different.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from cp2.rules import Refused, lock, move
from enquiries.models import (
    WAIT_FOR_THE_SCANNER,
    Attachment,
    AttachmentStatus,
    Enquiry,
    EnquiryStatus,
    Reply,
    attachment_path,
)
from profiles import papers, scanner
from profiles.uploads import PaperFile

MOST_FILES = 3  # of one message
MOST_BYTES = 2 * 1024 * 1024
KEPT = timedelta(days=365)  # after the enquiry was closed
FOLDER = "enquiries"

log = logging.getLogger(__name__)

Kept = list[tuple[PaperFile, str]]  # with the path in the store


@contextmanager
def put_away(files: Sequence[PaperFile]) -> Iterator[Kept]:
    """In the store before a transaction begins, and taken out again if it fails."""
    kept: Kept = []
    with ExitStack() as undo:
        for file in files:
            path = attachment_path(Attachment(), file.name)
            kept.append((file, undo.enter_context(papers.put_away(file, path))))
        yield kept


def attach(enquiry: Enquiry, kept: Kept, *, by: User, reply: Reply | None = None) -> None:
    if len(kept) > MOST_FILES:
        raise Refused(_("Send at most %(most)s files.") % {"most": MOST_FILES})
    Attachment.objects.bulk_create(
        [
            Attachment(
                enquiry=enquiry,
                reply=reply,
                by=by,
                file=path,
                name=file.name,
                type=file.type,
                status=(
                    AttachmentStatus.CHECKING if settings.CLAMD else AttachmentStatus.UNSCANNED
                ),
            )
            for file, path in kept
        ]
    )


# Scanned, by a worker


def scan_due() -> int:
    """As officers' papers are: a few at a time, and no more once the scanner does not answer."""
    return papers.scan_due(rows=Attachment.objects.all(), look=_scan)


def _scan(attachment: Attachment) -> None:
    try:
        with default_storage.open(str(attachment.file), "rb") as file:
            virus = scanner.virus_in(file)
    except FileNotFoundError:
        log.warning("attachment_without_file", extra={"attachment": attachment.pk})
        return
    with transaction.atomic():
        row = lock(attachment)
        if row.status not in WAIT_FOR_THE_SCANNER:  # another worker was faster
            return
        if not virus:
            move(row, AttachmentStatus.CLEAN)
            return
        path = str(row.file)
        move(row, AttachmentStatus.QUARANTINED, file="")
        record("attachment.quarantined", row, by=None, enquiry=row.enquiry_id, virus=virus)
        tell(row.by, "profiles/virus")
        transaction.on_commit(lambda: default_storage.delete(path))


# Let go


def expire(*, most: int = 500) -> int:
    """Of enquiries that were closed a year ago the words stay, and the files go."""
    gone = 0
    while some := _expire(most):
        gone += some
    return gone


@transaction.atomic
def _expire(most: int) -> int:
    old = Attachment.objects.filter(
        enquiry__status=EnquiryStatus.CLOSED,
        enquiry__closed_at__lt=timezone.now() - KEPT,
    ).exclude(file="")
    rows = list(old.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:most])
    paths = [str(row.file) for row in rows]
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=AttachmentStatus.EXPIRED, file=""
    )
    transaction.on_commit(lambda: _delete(paths))
    return len(rows)


def _delete(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)


def sweep() -> int:
    """Files of ours that no row names, after a crash."""
    return papers.sweep([FOLDER], Attachment.objects.all())
