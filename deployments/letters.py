"""Appointment letters: promised with the acceptance, printed by a worker, served from storage.

As with texts, a row is the promise. A worker takes the rows that are due under a lease, commits,
prints outside any transaction and only then writes down what became of it; so a letter is never
lost with a worker, and a file that is half written is one that no row points to.
"""

import hashlib
import io
import logging
import re
import secrets
import time
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum

from django.core.files import File
from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import record
from cp2.rules import lock, move
from deployments import pdf
from deployments.models import Deployment, Letter, LetterStatus
from deployments.pdf import Printed

# Digits and capitals that nobody takes for one another, on paper or on the phone. Twenty of
# them are 98 bits: a code cannot be guessed, so a letter cannot be made up.
ALPHABET = "23456789ABCDEFGHJKMNPQRTWXYZ"
CODE_LENGTH = 20
LEASE = timedelta(seconds=100)  # for five, each as slow as is allowed
TURN = 10.0  # seconds after which others have the worker
MOST_ATTEMPTS = 3
WAIT = timedelta(seconds=20)
STORAGE_WAIT = timedelta(minutes=1)

log = logging.getLogger(__name__)


# Promised and void, in the transaction of whatever happens to the deployment


def issue(deployment: Deployment) -> Letter:
    """A new letter, in place of any earlier one. It is printed within seconds."""
    void(deployment)
    return Letter.objects.create(deployment=deployment, code=mint_code())


def void(deployment: Deployment) -> None:
    """From now on the check page says that the letter no longer counts."""
    deployment.letters.current().update(voided_at=timezone.now())


def mint_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


# Printed, by a worker


@transaction.atomic
def take(*, most: int) -> list[Letter]:
    """Lease the letters that are due, so that no other worker prints them meanwhile."""
    due = list(
        Letter.objects.current().due().select_for_update(skip_locked=True, of=("self",))[:most]
    )
    for letter in due:
        move(
            letter,
            LetterStatus.RENDERING,
            lease_until=timezone.now() + LEASE,
            attempts=letter.attempts + 1,
        )
    return due


def render_due(*, most: int = 20) -> int:
    """A few at a time: a pile is shared among the workers, and texts do not wait behind it."""
    done, began = 0, time.monotonic()
    while done < most and time.monotonic() - began < TURN and (taken := take(most=5)):
        for letter in taken:
            render(letter)
        done += len(taken)
    return done


def render(letter: Letter) -> None:
    """Print one leased letter, outside any transaction, and write down the outcome."""
    try:
        printed = pdf.appointment_letter(letter)
    except Exception as error:  # whatever it is, the others must be printed
        log.exception("letter_not_printed", extra={"letter": letter.pk})
        _give_back(letter, f"{type(error).__name__}: {error}")
        return
    name = letter.file.field.generate_filename(letter, "letter.pdf")
    try:
        name = store(letter.file.storage, name, File(io.BytesIO(printed.content)))
    except Exception as error:  # a full disk, a store that is away
        log.exception("letter_not_stored", extra={"letter": letter.pk})
        _put_off(letter, f"{type(error).__name__}: {error}")
    else:
        _keep(letter, name, printed)


def store(storage: Storage, name: str, content: "File[bytes]") -> str:
    """The whole file or none: a full disk leaves half of one behind, which nobody may be given."""
    try:
        saved = storage.save(name, content)
        if storage.size(saved) != content.size:
            raise OSError("the store kept only a part of the file")
    except Exception:
        with suppress(Exception):  # nothing points to it in any case
            storage.delete(name)
        raise
    return saved


def _keep(letter: Letter, name: str, printed: Printed) -> None:
    with transaction.atomic():
        row = lock(letter)
        if _is_ours(row, letter):
            move(
                row,
                LetterStatus.READY,
                lease_until=None,
                failure="",
                file=name,
                size=len(printed.content),
                sha256=hashlib.sha256(printed.content).hexdigest(),
                language=printed.language,
                text=printed.text,
            )
            return
    letter.file.storage.delete(name)  # the sweep was faster: another worker prints it


@transaction.atomic
def _put_off(letter: Letter, failure: str) -> None:
    """There is nothing wrong with the letter: it stays promised for as long as there is no room."""
    row = lock(letter)
    if _is_ours(row, letter):
        move(
            row,
            LetterStatus.WAITING,
            lease_until=None,
            failure=failure[:200],
            attempts=row.attempts - 1,
            not_before=timezone.now() + STORAGE_WAIT,
        )


@transaction.atomic
def _give_back(letter: Letter, failure: str) -> None:
    row = lock(letter)
    if not _is_ours(row, letter):
        return
    failure = failure[:200]
    if row.attempts >= MOST_ATTEMPTS:
        move(row, LetterStatus.FAILED, lease_until=None, failure=failure)
    else:
        not_before = timezone.now() + WAIT * row.attempts
        move(row, LetterStatus.WAITING, lease_until=None, failure=failure, not_before=not_before)


def _is_ours(row: Letter, letter: Letter) -> bool:
    return row.status == LetterStatus.RENDERING and row.attempts == letter.attempts


def sweep() -> int:
    """Give back what a dead worker had taken; a letter that kills its worker fails in the end."""
    abandoned = list(
        Letter.objects.filter(status=LetterStatus.RENDERING, lease_until__lt=timezone.now())
    )
    for letter in abandoned:
        _give_back(letter, "the worker died while it was printing")
    return len(abandoned)


@transaction.atomic
def print_again(letter: Letter, *, by: User) -> Letter:
    """A person has looked at a letter that failed, and mended what was wrong."""
    letter = lock(letter)
    move(letter, LetterStatus.WAITING, attempts=0, not_before=timezone.now(), failure="")
    record("letter.asked_again", letter, by=by)
    return letter


# Handed out, and checked


def open_file(letter: Letter) -> "File[bytes] | None":
    """The printed letter, from storage; none if the store has lost it or a part of it."""
    try:
        file = letter.file.storage.open(str(letter.file), "rb")
    except FileNotFoundError:
        return None
    if file.size == letter.size:
        return file
    file.close()
    return None


@transaction.atomic
def print_anew(letter: Letter) -> None:
    """Its file is gone; the next one says the same."""
    row = lock(letter)
    if row.status != LetterStatus.READY or row.file != letter.file:
        return  # somebody else has seen it
    log.error("letter_lost", extra={"letter": letter.pk})
    move(row, LetterStatus.WAITING, attempts=0, not_before=timezone.now(), file="", size=None)


@transaction.atomic
def note_download(letter: Letter, *, by: User) -> None:
    """When the officer first had it in hand, which is what is asked if they say they never had."""
    first = Letter.objects.filter(pk=letter.pk, downloaded_at=None)
    if first.update(downloaded_at=timezone.now()):
        record("letter.downloaded", letter, by=by)


class Verdict(StrEnum):
    """What is said of a letter to whoever is shown it."""

    CURRENT = "current"
    OVER = "over"
    REPLACED = "replaced"
    VOID = "void"
    UNKNOWN = "unknown"


def as_printed(typed: str) -> str:
    """In capitals and without what groups the letters; nothing if it cannot be a code."""
    code = re.sub(r"[\s\-–]", "", typed).upper()
    return code if re.fullmatch(f"[{ALPHABET}]{{{CODE_LENGTH}}}", code) else ""


def find(typed: str) -> Letter | None:
    """The letter of a code, however it was typed, with what may be told of it."""
    code = as_printed(typed)
    if not code:
        return None
    return (
        Letter.objects.select_related(
            "deployment__officer__user", "deployment__post__position", "deployment__post__station"
        )
        .filter(code=code)
        .first()
    )


def verdict(letter: Letter) -> Verdict:
    deployment = letter.deployment
    if letter.voided_at is None:
        return Verdict.OVER if deployment.ends_on < timezone.localdate() else Verdict.CURRENT
    newer = Letter.objects.current().filter(
        deployment__officer=deployment.officer_id,
        deployment__post__exam=deployment.post.exam_id,
        pk__gt=letter.pk,
    )
    return Verdict.REPLACED if newer.exists() else Verdict.VOID
