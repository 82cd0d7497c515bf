"""What a run is: a piece of work that takes longer than a page may, promised by a row."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MOST_LINES = 200  # of a log; what came before is left out


class RunStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_RUNS = [RunStatus.WAITING, RunStatus.RUNNING]
TO_DO = Q(status__in=OPEN_RUNS)
KNOWN = Q(status__in=RunStatus.values)
ENDS_AFTER_IT_WAS_ASKED_FOR = Q(status__in=[*OPEN_RUNS, RunStatus.FAILED], ended_at=None) | Q(
    status__in=[RunStatus.DONE, RunStatus.CANCELLED],
    ended_at__isnull=False,
    ended_at__gte=F("asked_at"),
)


class LongRun(models.Model):
    """waiting → running → done          waiting | running → cancelled
    running → failed → waiting (tried again)

    It is done portion by portion, each in one transaction with its progress, so that a worker that
    dies leaves nothing half-written and the next one goes on from there. `asked` says what was
    wanted, `left` holds the portions to come, `outcome` what was done so far, `log` what happened
    when.
    """

    MOVES = {
        RunStatus.WAITING: [RunStatus.RUNNING, RunStatus.CANCELLED],
        RunStatus.RUNNING: [RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED],
        RunStatus.FAILED: [RunStatus.WAITING, RunStatus.CANCELLED],
    }

    kind: "models.CharField[str, str]"
    asked = models.JSONField(_("asked"), default=dict, blank=True)
    left = models.JSONField(_("portions left"), default=list, blank=True)
    portions = models.PositiveIntegerField(_("portions"), default=0)
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)
    log = models.JSONField(_("log"), default=list, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=RunStatus, default=RunStatus.WAITING
    )
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    asked_at = models.DateTimeField(_("asked at"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_RUNS

    @property
    def percent(self) -> int:
        """Of its portions that are done."""
        if self.status == RunStatus.DONE:
            return 100
        return 100 * (self.portions - len(self.left)) // self.portions if self.portions else 0

    def count(self, **done: int) -> None:
        """Adds to the figures of the outcome."""
        outcome: dict[str, Any] = self.outcome
        for name, number in done.items():
            outcome[name] = outcome.get(name, 0) + number

    def note(self, said: str) -> None:
        """Adds a line to the log; saved with the run."""
        self.log = [*self.log, [timezone.now().isoformat(timespec="seconds"), said]][-MOST_LINES:]
