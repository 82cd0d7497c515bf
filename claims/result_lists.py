"""What a result file says, kind by kind: how many, how much, and the lines themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from claims.models import ResultFile, ResultLine, ResultsStatus, Verdict
from claims.services.reconciling import missing
from cp2.exports import Table

SHOWN = 50  # lines of a kind on the page; the rest is taken away as a file
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of lines. `rows` are line, reference in the file, receipt, amount, why."""

    key: str
    label: str
    count: int
    amount: Decimal | None
    writes: bool
    rows: list[tuple[Any, ...]]

    @property
    def rest(self) -> int:
        return max(0, self.count - len(self.rows))


def figures(file: ResultFile) -> list[Figure]:
    """Every kind that there is, with its first lines; what is well known needs none of them."""
    if file.status in (ResultsStatus.READING, ResultsStatus.FAILED):
        return []
    counted = {
        row["verdict"]: (row["n"], row["amount"])
        for row in file.lines.order_by()
        .values("verdict")
        .annotate(n=Count("pk"), amount=Sum("payment__amount"))
    }
    found = [
        Figure(
            str(verdict),
            str(verdict.label),
            counted[verdict][0],
            counted[verdict][1],
            verdict in (Verdict.PAID, Verdict.FAILED, Verdict.REVERSED),
            [_row(line) for line in _lines(file, verdict)[:SHOWN]],
        )
        for verdict in Verdict
        if verdict in counted
    ]
    waiting = missing(file)
    sums = waiting.order_by().aggregate(n=Count("pk"), amount=Sum("amount"))
    if sums["n"]:
        rows: list[tuple[Any, ...]] = [
            ("", f"CP2-{number}", "", amount, "")
            for number, amount in waiting.values_list("pk", "amount")[:SHOWN]
        ]
        label = _("Waiting, and not in this file")
        found.append(Figure(MISSING, label, sums["n"], sums["amount"], False, rows))
    return found


def _lines(file: ResultFile, verdict: str) -> Any:
    return ResultLine.objects.filter(of=file, verdict=verdict).order_by("line")


def _row(line: ResultLine) -> tuple[Any, ...]:
    said = line.said or (f"CP2-{line.payment_id}" if line.payment_id else "")
    return line.line, said, line.receipt, line.amount, line.why or line.reason


def lines_table(file: ResultFile, verdict: str, *, by: str) -> Table:
    def rows() -> Iterator[list[Any]]:
        if verdict == MISSING:
            for number, amount in missing(file).values_list("pk", "amount").iterator():
                yield ["", f"CP2-{number}", "", amount, "", ""]
            return
        for line in _lines(file, verdict).iterator(chunk_size=2000):
            number, said, receipt, amount, _why = _row(line)
            yield [number, said, receipt, amount, line.reason, line.why]

    waiting = verdict == MISSING
    label = _("Waiting, and not in this file") if waiting else str(Verdict(verdict).label)
    return Table(
        name=f"results-{file.pk}-{verdict}",
        title=f"{file}: {label}",
        heading=[_("Line"), _("Payment"), _("Receipt"), _("Amount"), _("Reason"), _("Why")],
        rows=rows(),
        count=missing(file).count() if waiting else _lines(file, verdict).count(),
        by=by,
        about=str(file.batch or ""),
    )
