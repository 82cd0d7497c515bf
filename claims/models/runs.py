from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.promises import ENDS_AFTER_IT_WAS_ASKED_FOR, KNOWN, TO_DO, LongRun
from catalogue.models import Exam, SubCounty
from claims.models.batches import PaymentBatch


class RunKind(models.TextChoices):
    PREPARE = "prepare", _("Preparing claims")
    APPROVE = "approve", _("Approving claims")
    BUILD = "build", _("Building a batch")
    EXPORT = "export", _("Exporting a batch")
    RECONCILE = "reconcile", _("Reading results back")
    GHOSTS = "ghosts", _("Looking for ghosts")


class MoneyRun(LongRun):
    """Work on claims that takes longer than a page may."""

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

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=TO_DO,
                name="money_runs_to_do",
            )
        ]
        constraints = [
            models.CheckConstraint(condition=KNOWN, name="money_run_status"),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="money_run_kind"),
            models.UniqueConstraint(
                fields=["kind", "exam", "sub_county", "batch"],
                condition=TO_DO,
                nulls_distinct=False,
                name="one_open_money_run",
            ),
            models.CheckConstraint(
                condition=ENDS_AFTER_IT_WAS_ASKED_FOR,
                name="money_run_ends_after_it_was_asked_for",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.exam.short}"
