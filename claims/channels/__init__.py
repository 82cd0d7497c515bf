"""Files that tell a channel whom to pay. A module for each; they are added to and read from here.

A channel's `write(file, sheet)` writes the whole file, row by row, so that a nation's payments are
never all in memory. A file is written once and kept: nothing here is asked twice for one batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from claims.channels import eft, iso, mpesa
from claims.channels.sheet import Line, Sheet, cell, reference
from claims.models import Channel, PaymentBatch

__all__ = ["FORMATS", "Line", "Sheet", "cell", "content_type", "ending", "reference"]


@dataclass(frozen=True, slots=True)
class Format:
    """How the file of a channel is called and made."""

    ending: str
    type: str
    write: Callable[[IO[bytes], Sheet], None]


FORMATS = {
    Channel.MPESA: Format("csv", "text/csv; charset=utf-8", mpesa.write),
    Channel.EFT: Format("zip", "application/zip", eft.write),
    Channel.ISO: Format("xml", "application/xml", iso.write),
}


def ending(batch: PaymentBatch) -> str:
    """Of the file that a batch has; not its channel's, where nothing was left to be paid."""
    return (batch.file.name or "").rpartition(".")[2]


def content_type(batch: PaymentBatch) -> str:
    how = FORMATS[Channel(batch.channel)]
    return how.type if ending(batch) == how.ending else "text/plain; charset=utf-8"
