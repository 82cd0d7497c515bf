from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from accounts.models import User
from accounts.services import record
from cp2.protection.services import packed


class Command(BaseCommand):
    help = "Everything that is held about one person, as a ZIP file of a PDF and of JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="User name, phone number (2547…) or ID number")
        parser.add_argument("--to", default=".", help="Folder for the file")

    def handle(self, *args: Any, **options: Any) -> None:
        named = options["person"]
        by_number = Q(username=named) | Q(phone=named) | Q(officer__national_id=named)
        found = list(User.objects.filter(by_number).distinct()[:2])
        if len(found) != 1:
            raise CommandError(f"{len(found)} people have this name or number.")
        [subject] = found
        path = Path(options["to"]) / f"cp2-{subject.pk}.zip"
        path.write_bytes(packed(subject).read())
        path.chmod(0o600)
        record("data.collected", subject, by=None)
        self.stdout.write(str(path))
