"""Packs of letters: asked for on a page, put together by a worker from storage, kept for a day.

A row is the promise. A worker takes one at a time under a lease, which it renews as it goes and
says how far it is; a lease that runs out is taken by the next one.
"""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import DutyStation, Exam, Position, SubCounty
from cp2.rules import Refused, lock, move
from deployments import letters
from deployments.models import (
    Deployment,
    Letter,
    LetterPack,
    LetterStatus,
    PackStatus,
)

if TYPE_CHECKING:
    from deployments.joining import Joined

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=1)
MOST_ATTEMPTS = 3
MOST_OPEN = 3  # that one person has asked for and that are not there yet
BLOCK = 50  # letters, between which it says how far it is

log = logging.getLogger(__name__)


class Lost(Exception):
    """Another worker has the pack since this one took it."""


# A person's part


def ask(
    *,
    exam: Exam,
    by: User,
    station: DutyStation | None = None,
    sub_county: SubCounty | None = None,
    position: Position | None = None,
) -> LetterPack:
    """The same that is on its way is not put together twice."""
    scope: dict[str, Any] = {
        "exam": exam,
        "station": station,
        "sub_county": None if station else sub_county,
        "position": position,
    }
    there = LetterPack.objects.open().filter(**scope)
    if found := there.first():
        return found
    if LetterPack.objects.open().filter(asked_by=by).count() >= MOST_OPEN:
        raise Refused(_("You have asked for several already. Wait until one of them is ready."))
    pack = LetterPack(**scope, asked_by=by)
    pack.total = _ready(pack).count()
    if not pack.total:
        raise Refused(_("There is no letter to put together: nobody here has accepted yet."))
    try:
        with transaction.atomic():
            pack.save()
            record("letter_pack.asked", pack, by=by, scope=str(pack), letters=pack.total)
    except IntegrityError:  # twice at the same moment
        return there.get()
    return pack


def _ready(pack: LetterPack) -> QuerySet[Letter]:
    return Letter.objects.current().filter(
        status=LetterStatus.READY, deployment__in=pack.deployments().values("pk")
    )


def missing(pack: LetterPack) -> QuerySet[Deployment]:
    """Who is deployed there and has no letter that could be put in: first who has accepted."""
    return (
        pack.deployments()
        .exclude(
            pk__in=Letter.objects.current().filter(status=LetterStatus.READY).values("deployment")
        )
        .select_related("officer__user", "post__station", "post__position")
        .order_by("status", "post__station__code", "post__position__rank", "slot", "pk")
    )


def changed_since(pack: LetterPack) -> bool:
    """Whether somebody's letter was issued or became void after it was put together."""
    if pack.as_of is None:
        return False
    everybody = Letter.objects.filter(deployment__post__exam=pack.exam_id)
    if pack.station_id:
        everybody = everybody.filter(deployment__post__station=pack.station_id)
    else:
        everybody = everybody.filter(deployment__post__station__sub_county=pack.sub_county_id)
    if pack.position_id:
        everybody = everybody.filter(deployment__post__position=pack.position_id)
    return everybody.filter(Q(issued_at__gt=pack.as_of) | Q(voided_at__gt=pack.as_of)).exists()


def open_file(pack: LetterPack) -> "File[bytes] | None":
    """The whole file or none, as with a letter."""
    try:
        file = pack.file.storage.open(str(pack.file), "rb")
    except FileNotFoundError:
        return None
    if file.size == pack.size:
        return file
    file.close()
    return None


def note_taken(pack: LetterPack, *, by: User) -> None:
    """It holds the names and numbers of many: the trail says who has it."""
    record("letter_pack.taken", pack, by=by, scope=str(pack), letters=pack.progress)


# A worker's part


@transaction.atomic
def take() -> LetterPack | None:
    """Lease what is due, if nobody works at another: one at a time, so that texts and letters
    have a worker too."""
    now = timezone.now()
    working = LetterPack.objects.filter(status=PackStatus.MAKING)
    if working.filter(lease_until__gt=now).exists():
        return None
    due = Q(status=PackStatus.WAITING) | Q(status=PackStatus.MAKING, lease_until__lte=now)
    rows = LetterPack.objects.filter(due).order_by("pk")
    pack = rows.select_for_update(skip_locked=True, of=("self",)).first()
    if pack is None:
        return None
    if pack.status == PackStatus.MAKING:  # its worker died
        _return(pack, "the worker died while it put the letters together")
        if pack.status == PackStatus.FAILED:
            return None
    attempts = pack.attempts + 1
    move(pack, PackStatus.MAKING, attempts=attempts, lease_until=now + LEASE, progress=0)
    return pack


def _return(pack: LetterPack, failure: str) -> None:
    status = PackStatus.FAILED if pack.attempts >= MOST_ATTEMPTS else PackStatus.WAITING
    move(pack, status, lease_until=None, failure=failure[:200])


def work() -> int:
    """Put one pack together, and say whether there was one."""
    pack = take()
    if pack is None:
        return 0
    try:
        make(pack)
    except Lost:
        log.warning("letter_pack_lost", extra={"pack": pack.pk})
    except Exception as error:  # whatever it is, it is said where the pack is looked at
        log.exception("letter_pack_not_made", extra={"pack": pack.pk})
        _give_back(pack, f"{type(error).__name__}: {error}")
    return 1


@transaction.atomic
def _give_back(pack: LetterPack, failure: str) -> None:
    row = lock(pack)
    if _is_ours(row, pack):
        _return(row, failure)


def _is_ours(row: LetterPack, pack: LetterPack) -> bool:
    return row.status == PackStatus.MAKING and row.attempts == pack.attempts


def make(pack: LetterPack) -> None:
    """Letter by letter into a file of this machine, and from there into storage."""
    as_of, language = timezone.now(), pack.asked_by.language
    storage = pack.file.storage
    with tempfile.TemporaryFile() as file:
        joined = _join(pack, file, language)
        file.seek(0)
        name = pack.file.field.generate_filename(pack, "letters.pdf")
        _go_on(pack, pack.progress)
        name = letters.store(storage, name, File(file))
    sha256 = joined.digest.hexdigest()
    if not _keep(pack, name=name, size=joined.written, sha256=sha256, as_of=as_of):
        storage.delete(name)
        raise Lost


def _join(pack: LetterPack, file: IO[bytes], language: str) -> "Joined":
    from deployments.joining import Joined  # only the worker joins, and the library is large

    with translation.override(language):
        title = _("Letters: %(scope)s") % {"scope": pack}
    joined = Joined(file, title=title, language=f"{language}-KE")
    done = 0
    pks = list(_in_order(_ready(pack)).values_list("pk", flat=True))
    pack.total, pack.left_out = len(pks), 0
    for letter in _one_by_one(pks):
        content = _content(letter)
        if content is None:
            pack.left_out += 1
        else:
            post = letter.deployment.post
            under = "" if pack.station_id else str(post.station)
            name = f"{letter.deployment.officer.full_name}, {post.position}"
            joined.add(content, name=name, under=under)
            done += 1
        if (done + pack.left_out) % BLOCK == 0:
            _go_on(pack, done)
    if not done:
        raise Refused("none of the letters could be read")
    joined.close()
    pack.progress = done
    return joined


def _in_order(rows: QuerySet[Letter]) -> QuerySet[Letter]:
    return rows.order_by(
        "deployment__post__station__code",
        "deployment__post__position__rank",
        "deployment__officer__full_name",
        "pk",
    )


def _one_by_one(pks: list[int]) -> Iterator[Letter]:
    """In this order; with their people, a block at a time."""
    rows = Letter.objects.select_related(
        "deployment__officer__user", "deployment__post__station", "deployment__post__position"
    )
    for at in range(0, len(pks), BLOCK):
        block = rows.in_bulk(pks[at : at + BLOCK])
        yield from (block[pk] for pk in pks[at : at + BLOCK] if pk in block)


def _content(letter: Letter) -> bytes | None:
    """As it was printed, or nothing: half a letter, or another one, is worse than none."""
    file = letters.open_file(letter)
    if file is None:
        return None
    with file:
        content = file.read()
    return content if hashlib.sha256(content).hexdigest() == letter.sha256 else None


def _go_on(pack: LetterPack, done: int) -> None:
    """Say how far it is, and keep it."""
    ours = LetterPack.objects.filter(pk=pack.pk, status=PackStatus.MAKING, attempts=pack.attempts)
    until = timezone.now() + LEASE
    if not ours.update(progress=done, total=pack.total, lease_until=until):
        raise Lost


@transaction.atomic
def _keep(pack: LetterPack, *, name: str, as_of: datetime, **fields: Any) -> bool:
    row = lock(pack)
    if not _is_ours(row, pack):
        return False
    move(
        row,
        PackStatus.READY,
        file=name,
        as_of=as_of,
        total=pack.total,
        progress=pack.progress,
        left_out=pack.left_out,
        lease_until=None,
        failure="",
        expires_at=timezone.now() + KEPT,
        **fields,
    )
    return True


def tidy() -> int:
    """Remove the files whose time is over. The row stays: it says who asked for what."""
    over = LetterPack.objects.filter(status=PackStatus.READY, expires_at__lt=timezone.now())
    removed = 0
    for pack in over:
        with transaction.atomic():
            row = lock(pack)
            if row.status != PackStatus.READY:
                continue
            name = str(row.file)
            move(row, PackStatus.REMOVED, file="")
        row.file.storage.delete(name)
        removed += 1
    return removed
