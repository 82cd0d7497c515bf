import json
from argparse import ArgumentParser
from base64 import b32decode
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_otp.oath import totp

from cp2.season.people import Person, people


class Command(BaseCommand):
    help = "Lists sample people who can sign in, with their passwords. Never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs, with all columns")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("There are no sample people in production.")
        found = list(people())
        if json:
            self.stdout.write(as_json(found))
        elif found:
            self.stdout.write(as_text(found))
        else:
            self.stdout.write("No sample people. Run: manage.py season")


def as_json(found: list[Person]) -> str:
    return json.dumps([asdict(person) for person in found], indent=1, ensure_ascii=False)


def as_text(found: list[Person]) -> str:
    """A table, and below it what the one-time codes of those with power come from."""
    signing_in = [(person.role, person.username, person.password, person.scope) for person in found]
    codes = [
        (person.username, person.totp_secret, f"{totp(b32decode(person.totp_secret)):06d}")
        for person in found
        if person.totp_secret
    ]
    return "\n".join(
        [
            *aligned([("role", "user name", "password", "for"), *signing_in]),
            "",
            "One-time codes: give the secret to an authenticator app, or look here for the code",
            "that is good now. Each code works once.",
            "",
            *aligned([("user name", "secret", "now"), *codes]),
        ]
    )


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
