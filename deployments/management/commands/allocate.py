"""Allocate from the command line, at any scope, while one waits."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from catalogue.models import County
from catalogue.typed import exam_named, sub_county_named
from cp2.rules import Refused, Role
from deployments.allocation import runs
from deployments.allocation.confirm import confirm
from deployments.allocation.worker import work
from deployments.models import AllocationPart, AllocationRun, RunStatus, Spill, Whose

LEFT_EMPTY, SOME_REFUSED = 3, 4


class Command(BaseCommand):
    help = (
        "Proposes who goes where, and deploys them with --confirm. Exit codes: 0 every free place "
        "is filled, 3 some stay empty, 4 some were refused when they were confirmed, 1 it failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--exam", required=True, help="as 2025/3")
        scope = parser.add_mutually_exclusive_group(required=True)
        scope.add_argument(
            "--sub-county", help="its name, after its county's if need be: Nairobi/Westlands"
        )
        scope.add_argument("--county", help="its name or code")
        scope.add_argument("--all", action="store_true", help="the nation")
        parser.add_argument("--whose", choices=Whose.values, default=Whose.ALL.value)
        parser.add_argument(
            "--spill",
            choices=Spill.values,
            default=Spill.NONE.value,
            help="a second round over what is left, across the lines of the sub-counties",
        )
        parser.add_argument("--seed", type=int, help="the exam's own unless it is named")
        parser.add_argument("--confirm", action="store_true", help="deploy them and tell them")
        parser.add_argument("--by", help="user name of who confirms; must be of headquarters")

    def handle(self, *args: Any, **options: Any) -> None:
        by = _user(options["by"])
        if options["confirm"] and by is None:
            raise CommandError("Say with --by who confirms.")
        if options["seed"] is not None and options["seed"] < 0:
            raise CommandError("A seed is 0 or more.")
        began = time.monotonic()
        try:
            run = runs.start(
                exam_named(options["exam"]),
                by=by,
                scope=sub_county_named(options["sub_county"]),
                county=_county(options["county"]),
                whose=Whose(options["whose"]),
                spill=Spill(options["spill"]),
                seed=options["seed"],
            )
            run = self._work(run, "Proposing")
            self._say(run, time.monotonic() - began)
            if options["confirm"] and by is not None:
                began = time.monotonic()
                run = self._work(confirm(run, by=by), "Deploying")
                self._say_confirmed(run, time.monotonic() - began)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        outcome = run.outcome
        if outcome.get("refused"):
            raise SystemExit(SOME_REFUSED)
        if outcome["best"]["filled"] < outcome["places"]:
            raise SystemExit(LEFT_EMPTY)

    def _work(self, run: AllocationRun, what: str) -> AllocationRun:
        """To the end, whoever else works at it: a worker may take parts too."""
        with tqdm(total=run.parts.count(), desc=what, unit="part", file=self.stderr) as bar:

            def on(part: AllocationPart) -> None:
                bar.set_postfix_str(str(part), refresh=False)
                bar.update()

            while run.is_at_work:
                if not work(run=run, seconds=3600, on=on):
                    time.sleep(0.2)
                run.refresh_from_db()
        if run.status == RunStatus.FAILED:
            failed = run.parts.filter(status=RunStatus.FAILED)
            raise CommandError("; ".join(f"{part}: {part.failure}" for part in failed))
        if run.status == RunStatus.CANCELLED:
            raise CommandError("Somebody called it off.")
        return run

    def _say(self, run: AllocationRun, seconds: float) -> None:
        outcome = run.outcome
        best, queue = outcome["best"], outcome["queue"]
        self.stdout.write(f"Run {run.pk}, {run}, seed {run.seed}: {seconds:.1f} s")
        self.stdout.write(
            f"{outcome['applicants']:,} applicants, {outcome['eligible']:,} of them eligible, "
            f"{outcome['places']:,} free places"
        )
        self.stdout.write(_line("proposal", best, outcome["places"]))
        if outcome["second"]:
            self.stdout.write(f"  of which {outcome['second']:,} in the second round")
        self.stdout.write(_line("first come", queue, outcome["places"]))

    def _say_confirmed(self, run: AllocationRun, seconds: float) -> None:
        done, refused = run.outcome["confirmed"], run.outcome["refused"]
        each = 1000 * seconds / max(1, done + refused)
        self.stdout.write(
            f"{done:,} deployed, {refused:,} refused: {seconds:.1f} s, {each:.1f} ms each"
        )


def _line(what: str, gauge: dict[str, int], places: int) -> str:
    share = 100 * gauge["filled"] / places if places else 100
    km = gauge["metres"] / gauge["measured"] / 1000 if gauge["measured"] else 0
    standing = gauge["standing"] / gauge["filled"] if gauge["filled"] else 0
    return (
        f"{what}: {gauge['filled']:,} filled ({share:.1f} %), mean way {km:.2f} km, "
        f"mean standing {standing:.1f}, {gauge['alone']:,} posts all of one gender"
    )


def _county(typed: str | None) -> County | None:
    if typed is None:
        return None
    named = {"code": int(typed)} if typed.isdecimal() else {"name__iexact": typed}
    found = County.objects.filter(**named).first()
    if found is None:
        raise CommandError(f"There is no county {typed}.")
    return found


def _user(username: str | None) -> User | None:
    if username is None:
        return None
    found = User.objects.filter(username=username, is_active=True).first()
    may = found and found.role == Role.STAFF and found.has_perm("deployments.change_deployment")
    if not may:
        raise CommandError(f"{username} may not deploy at headquarters.")
    return found
