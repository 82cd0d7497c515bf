"""Where letters and officers' papers lie."""

import shutil
import uuid
from collections.abc import Iterator

from django.conf import settings as conf
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils.translation import gettext as _

from cp2.health.doctor import Finding, broken, check, look, ok

LEAST = 2 * 1024**3  # bytes; a nation's letters take some
PROBE = b"a file of the doctor's"


@check
def storage() -> Iterator[Finding]:
    name = f"probe/{uuid.uuid4().hex}"
    try:
        kept = default_storage.save(name, ContentFile(PROBE))
        try:
            with default_storage.open(kept) as file:
                same = file.read() == PROBE
        finally:
            default_storage.delete(kept)
    except Exception as error:  # each storage has its own
        said = f"no file can be written and read again: {type(error).__name__}"
        yield broken(said, "See the rights and the room of MEDIA_STORAGE.")
        return
    if not same:
        yield broken("a file was not read as it was written", "See MEDIA_STORAGE.")
    elif default_storage.exists(kept):
        yield look("a file cannot be deleted again", "See the rights of MEDIA_STORAGE.")
    else:
        yield ok("files are written, read and deleted")


@check
def room() -> Iterator[Finding]:
    """Of this machine alone; a store elsewhere has its own watch."""
    if not isinstance(default_storage, FileSystemStorage):
        yield ok(_("Files lie in a store elsewhere, which has its own watch."))
    folders = [conf.VAR_DIR]
    if isinstance(default_storage, FileSystemStorage) and conf.MEDIA_ROOT.exists():
        folders.append(conf.MEDIA_ROOT)
    free = min(shutil.disk_usage(folder).free for folder in folders)
    left = _("%(n)s GB are free for files.") % {"n": free // 1024**3}
    if free < LEAST:
        yield broken(left, _("Make room: letters and papers cannot be written on a full disk."))
    else:
        yield ok(left)
