"""What is known here of an appeal against a bar; the enquiry that it is lies in an app above."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from profiles.models import Officer, Vetting


def appeal_of(officer: Officer) -> Any:
    """A barred officer's appeal, while it is not closed: with `pk`, `status` and `opened_at`."""
    if officer.vetting != Vetting.BARRED:
        return None
    return import_string(settings.APPEAL_OF)(officer)
