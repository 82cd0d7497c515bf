"""Work on claims from the command line, while one waits."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalogue.typed import exam_named, sub_county_named
from claims import runs
from claims.models import MoneyRun, RunKind, RunStatus
from cp2.rules import Refused


class Command(BaseCommand):
    help = "Prepares an exam's claims from its marks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        prepare = what.add_parser("prepare", help="compute the claims of an exam from its marks")
        prepare.add_argument("--exam", required=True, help="as 2025/3")
        prepare.add_argument(
            "--sub-county", help="its name, after its county's if need be: Nairobi/Westlands"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        exam, sub_county = exam_named(options["exam"]), sub_county_named(options["sub_county"])
        try:
            run = runs.start(RunKind.PREPARE, exam, by=None, sub_county=sub_county)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self._work(run)
        self.stdout.write(f"Run {run.pk}, {run}: {time.monotonic() - began:.1f} s")
        for name, number in run.outcome.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {number:,}")

    def _work(self, run: MoneyRun) -> None:
        """To the end, whoever else works at it: a worker may take portions too."""
        with tqdm(desc="Preparing", unit="portion", file=self.stderr) as bar:
            while run.is_open:
                if not runs.work(run=run, seconds=1):
                    time.sleep(0.2)
                run.refresh_from_db()
                bar.total, bar.n = run.portions, run.portions - len(run.left)
                bar.refresh()
        if run.status == RunStatus.FAILED:
            raise CommandError(run.failure)
        if run.status == RunStatus.CANCELLED:
            raise CommandError("Somebody called it off.")
