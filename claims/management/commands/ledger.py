"""The ledger held against the payments, from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from claims import ledger
from claims.models import PaymentBatch
from claims.templatetags.shillings import shillings

UNBALANCED = 3


class Command(BaseCommand):
    help = (
        "ledger check: asks of every payment whether its ledger entries say the same as its "
        "status. Exit codes: 0 everything balances, 3 something does not, 1 it failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["check"])
        parser.add_argument("--batch", type=int, help="the number of one batch; else all")

    def handle(self, *args: Any, **options: Any) -> None:
        batch = None
        if options["batch"] is not None:
            batch = PaymentBatch.objects.filter(pk=options["batch"]).first()
            if batch is None:
                raise CommandError("There is no such batch.")
        found = ledger.check(batch)
        for each in found:
            self.stdout.write(
                f"batch {each.batch}: {each.label}: {shillings(each.posted)} posted, "
                f"{shillings(each.due)} due ({each.payments} payments)"
            )
        if found:
            raise CommandError("The ledger does not balance.", returncode=UNBALANCED)
        self.stdout.write("Everything balances.")
