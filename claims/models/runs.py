from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, SubCounty
from claims.models.batches import PaymentBatch


class RunKind(models.TextChoices):
    PREPARE = "prepare", _("Preparing claims")
    APPROVE = "approve", _("Approving claims")
    BUILD = "build", _("Building a batch")
    EXPORT = "export", _("Exporting a batch")
    RECONCILE = "reconcile", _("Reading results back")
    GHOSTS = "ghosts", _("Looking for ghosts")


class RunStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_RUNS = [RunStatus.WAITING, RunStatus.RUNNING]


class MoneyRun(models.Model):
    """A piece of work on claims that takes longer than a page may: a promise that a worker keeps.

    waiting → running → done          waiting | running → cancelled
    running → failed → waiting (tried again)

    It is done portion by portion, each in one transaction with its progress, so that a worker that
    dies leaves nothing half-written and the next one goes on from there. `asked` says what was
    wanted, `left` holds the portions to come, `outcome` what was done so far.
    """

    MOVES = {
        RunStatus.WAITING: [RunStatus.RUNNING, RunStatus.CANCELLED],
        RunStatus.RUNNING: [RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED],
        RunStatus.FAILED: [RunStatus.WAITING, RunStatus.CANCELLED],
    }

    kind = models.CharField(_("kind"), max_length=10, choices=RunKind)
    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
    )
    batch = models.ForeignKey(
        PaymentBatch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="runs",
        verbose_name=_("batch"),
    )
    asked = models.JSONField(_("asked"), default=dict, blank=True)
    left = models.JSONField(_("portions left"), default=list, blank=True)
    portions = models.PositiveIntegerField(_("portions"), default=0)
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=RunStatus, default=RunStatus.WAITING
    )
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    started_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    asked_at = models.DateTimeField(_("asked at"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=Q(status__in=OPEN_RUNS),
                name="money_runs_to_do",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RunStatus.values), name="money_run_status"
            ),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="money_run_kind"),
            models.UniqueConstraint(
                fields=["kind", "exam", "sub_county", "batch"],
                condition=Q(status__in=OPEN_RUNS),
                nulls_distinct=False,
                name="one_open_money_run",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[*OPEN_RUNS, RunStatus.FAILED], ended_at=None)
                | Q(
                    status__in=[RunStatus.DONE, RunStatus.CANCELLED],
                    ended_at__isnull=False,
                    ended_at__gte=F("asked_at"),
                ),
                name="money_run_ends_after_it_was_asked_for",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.exam.short}"

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
