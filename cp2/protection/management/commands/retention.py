from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cp2.protection import retention
from cp2.protection.models import RetentionRule
from cp2.rules import Refused
from cp2.runs import services as runs


class Command(BaseCommand):
    help = (
        "Counts what is no longer to be kept; with --remove, removes it by the rules that are on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--remove", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        rules = list(RetentionRule.objects.all())
        if options["remove"]:
            try:
                run = runs.finish(retention.start(by=None, dry=False))
            except Refused as refusal:
                raise CommandError(str(refusal)) from refusal
            counts = run.outcome
        else:
            counts = {rule.rule: retention.due(rule).count() for rule in rules}
        for rule in rules:
            state = "on" if rule.is_on else "off"
            self.stdout.write(
                f"{counts.get(rule.rule, 0):>9,}  {rule.rule:<12} {rule.days} days, {state}"
            )
