import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cp2.audit import sealing, verifying


class Command(BaseCommand):
    """`audit seal` seals what is settled, as beat does every five minutes. `audit verify` holds the
    trail against its seals, names what does not fit, and then fails."""

    help = "Seals the audit trail, or verifies it against its seals."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["seal", "verify"])
        parser.add_argument(
            "--export",
            action="store_true",
            help="Print the last seal and nothing else, to be kept off this machine.",
        )
        parser.add_argument(
            "--anchor", type=Path, help="A seal that was kept: it must still be there."
        )

    def handle(self, *, what: str, export: bool, anchor: Path | None, **_options: Any) -> None:
        if what == "seal":
            self.stdout.write(f"{sealing.seal(seconds=3600)} seals made")
            return
        began = time.monotonic()
        report = verifying.verify()
        report.gaps += [*verifying.guards(), *verifying.noted()]
        if anchor is not None:
            report.gaps += self._against(anchor)
        verifying.note(report, by=None)
        out = self.stderr if export else self.stdout
        for gap in report.gaps:
            out.write(gap)
        out.write(
            f"{report.rows} rows under {report.seals} seals, "
            f"{time.monotonic() - began:.1f} s: {len(report.gaps)} gaps"
        )
        if report.gaps:
            raise CommandError("the trail is not what was sealed", returncode=1)
        if export:
            self.stdout.write(json.dumps(verifying.anchor()))

    def _against(self, anchor: Path) -> list[str]:
        try:
            return verifying.against(anchor.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"{anchor} is no anchor", returncode=2) from error
