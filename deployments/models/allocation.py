from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, SubCounty


class RunStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class AllocationRun(models.Model):
    """One proposal of who goes where, for a sub-county or for the nation.

    waiting → running → done | failed          waiting | running → cancelled
    """

    MOVES = {
        RunStatus.WAITING: [RunStatus.RUNNING, RunStatus.CANCELLED],
        RunStatus.RUNNING: [
            RunStatus.DONE,
            RunStatus.FAILED,
            RunStatus.CANCELLED,
            RunStatus.WAITING,
        ],
        RunStatus.FAILED: [RunStatus.WAITING],
    }

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    scope = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
        help_text=_("Empty: the nation."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=RunStatus, default=RunStatus.WAITING
    )
    progress = models.PositiveSmallIntegerField(_("progress, %"), default=0)
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)
    started_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    created_at = models.DateTimeField(_("asked for"), db_default=Now())

    class Meta:
        verbose_name = _("allocation run")
        verbose_name_plural = _("allocation runs")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="run_progress"),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}, {self.scope or _('the nation')}"
