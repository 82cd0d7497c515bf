"""M-Pesa's bulk payment file."""

import csv
import io
from collections.abc import Callable
from typing import IO

from claims.channels.sheet import Line, Sheet, cell, reference

# Ours to adapt to the template of the Safaricom portal that the file is loaded into: the heading
# of each column, in its order, and what stands in it.
COLUMNS: dict[str, Callable[[Line, Sheet], str]] = {
    "Reference": lambda line, sheet: reference(line.payment),
    "MSISDN": lambda line, sheet: line.phone,
    "Name": lambda line, sheet: cell(line.name),
    "Amount": lambda line, sheet: f"{line.amount:.2f}",
    "Remarks": lambda line, sheet: cell(sheet.remarks),
}


def write(file: IO[bytes], sheet: Sheet) -> None:
    """Amounts are plain numbers, everything else is text."""
    out = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    columns = list(COLUMNS.values())
    writer.writerows([column(line, sheet) for column in columns] for line in sheet.lines())
    out.flush()
    out.detach()
