import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cp2.health import doctor
from cp2.health.doctor import State


class Command(BaseCommand):
    help = "Look at every part of this deployment, and say what to mend. 1: something is broken."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument("only", nargs="*", help="these checks alone")

    def handle(self, *args: Any, **options: Any) -> None:
        doctor.load()
        wanted = options["only"] or [*doctor.CHECKS]
        if unknown := [name for name in wanted if name not in doctor.CHECKS]:
            self.stderr.write(
                f"There are no checks {', '.join(unknown)}: {', '.join(doctor.CHECKS)}"
            )
            sys.exit(2)
        told = []
        for name in wanted:
            for each in doctor.examine_within(name):
                told.append(each)
                if not options["json"]:
                    self.say(each)
        if options["json"]:
            self.stdout.write(json.dumps([each.as_dict() for each in told], indent=1))
        if any(each.state == State.BROKEN for each in told):
            sys.exit(1)

    def say(self, told: doctor.Told) -> None:
        style = {
            State.OK: self.style.SUCCESS,
            State.LOOK: self.style.WARNING,
            State.BROKEN: self.style.ERROR,
        }
        line = f"{style[told.state](f'{told.state:<6}')}  {told.check}: {told.said}"
        self.stdout.write(f"{line}\n        → {told.do}" if told.do else line)
