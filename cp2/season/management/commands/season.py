import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalogue.models import Exam
from cp2.season.build import build
from cp2.season.scales import SCALES


class Command(BaseCommand):
    help = "Makes a season of made-up people, in progress today. Never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", choices=SCALES, default="tiny")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there is an exam already"
        )

    def handle(self, *args: Any, scale: str, seed: int, if_empty: bool, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The sample season has known passwords: not in production.")
        if Exam.objects.exists():
            if if_empty:
                self.stdout.write("There is a season already.")
                return
            raise CommandError("There is a season already. Make this one in an empty database.")
        began = time.monotonic()
        build(scale, seed, timezone.localdate(), self.say if options["verbosity"] > 1 else skip)
        self.stdout.write(f"A {scale} season is made, in {time.monotonic() - began:.1f} s.")

    def say(self, what: str) -> None:
        self.stdout.write(what)


def skip(what: str) -> None:
    """Nobody asked to be told."""
