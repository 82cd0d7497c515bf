"""A phone in the browser, for development and trial.

The phone's memory is a file outside the database, as a real phone's is: a password text must not
rest in any row, not even here. See sms.views.simulator.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from sms.backends import Accepted, GatewayError
from sms.models import Receipt


class KeptText(TypedDict):
    id: str
    at: str
    text: str


def _phone(number: str) -> Path:
    folder = Path(settings.SMS_SIMULATOR_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{number}.jsonl"


def texts_of(number: str) -> list[KeptText]:
    """What this phone has received, newest first."""
    memory = _phone(number)
    if not memory.exists():
        return []
    return [json.loads(line) for line in reversed(memory.read_text().splitlines())]


class Backend:
    calls_at_once = 1  # it writes delivery reports

    def send(self, numbers: Sequence[str], text: str) -> list[Accepted | GatewayError]:
        return [self._take(number, text) for number in numbers]

    def _take(self, to: str, text: str) -> Accepted:
        kept: KeptText = {
            "id": f"simulated-{uuid4().hex}",
            "at": timezone.now().isoformat(),
            "text": text,
        }
        descriptor = os.open(_phone(to), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as memory:
            memory.write(json.dumps(kept) + "\n")
        Receipt.objects.create(provider_id=kept["id"], status="Success")  # it is switched on
        return Accepted(kept["id"])
