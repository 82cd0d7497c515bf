import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalogue.models import Exam
from cp2.season.build import UNTIL, build
from cp2.season.counts import counts
from cp2.season.scales import SCALES


class Command(BaseCommand):
    help = "\n".join(
        [
            "Makes a season of made-up people, in progress today. Never in production.",
            "",
            "The scales:",
            *(f"  {name:9} {scale.about}; {scale.takes}" for name, scale in SCALES.items()),
            "",
            "Times are of two cores with nothing else to do.",
        ]
    )

    def create_parser(self, *args: Any, **options: Any) -> Any:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", choices=SCALES, default="tiny")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--until",
            choices=UNTIL,
            default=UNTIL[-1],
            help="make no more than this; after the applications nobody is deployed yet",
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there is an exam already"
        )

    def handle(
        self, *args: Any, scale: str, seed: int, until: str, if_empty: bool, **options: Any
    ) -> None:
        if settings.PRODUCTION:
            raise CommandError("The sample season has known passwords: not in production.")
        if Exam.objects.exists():
            if if_empty:
                self.stdout.write("There is a season already.")
                return
            raise CommandError("There is a season already. Make this one in an empty database.")
        began = time.monotonic()
        build(
            scale,
            seed,
            timezone.localdate(),
            self.stdout.write,
            until=until,
            on_terminal=sys.stderr.isatty() and options["verbosity"] > 0,
        )
        took = time.monotonic() - began
        for what, number, remark in counts(SCALES[scale]):
            self.stdout.write(f"{number:>12,} {what}{remark and ': '}{remark}")
        self.stdout.write(f"A {scale} season is made, in {took:.1f} s.")
