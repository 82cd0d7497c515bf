"""The life of an application, as the audit trail has it."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from accounts.models import Entry
from vacancies.models import Application

STEPS = {
    "application.made": ("submitted", _("Submitted")),
    "application.nominated": ("nominated", _("Nominated")),
    "application.deployed": ("deployed", _("Deployed")),
    "application.released": ("nominated", _("Deployment ended, nominated again")),
    "application.withdrawn": ("withdrawn", _("Withdrawn")),
    "application.turned_down": ("unsuccessful", _("Unsuccessful")),
}


class Step(NamedTuple):
    status: str
    words: str
    at: datetime


def with_lives(applications: Iterable[Application]) -> list[tuple[Application, list[Step]]]:
    """Each with its steps, the first one first, in one query for all."""
    applications = list(applications)
    steps: dict[int, list[Step]] = {application.pk: [] for application in applications}
    told = Entry.objects.filter(
        subject_type=Application._meta.label_lower, subject_id__in=steps, verb__in=STEPS
    )
    for pk, verb, at in told.order_by("pk").values_list("subject_id", "verb", "at"):
        status, words = STEPS[verb]
        steps[pk].append(Step(status, str(words), at))
    return [(each, steps[each.pk] or [_began(each)]) for each in applications]


def _began(application: Application) -> Step:
    """What came with an import has no trail, but a day on which it was made."""
    status, words = STEPS["application.made"]
    return Step(status, str(words), application.submitted_at)
