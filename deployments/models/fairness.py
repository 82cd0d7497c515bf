from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import County, Exam, SubCounty


class FairnessStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    WORKING = "working", _("Being counted")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


AT_WORK = [FairnessStatus.WAITING, FairnessStatus.WORKING]


class FairnessReportQuerySet(models.QuerySet["FairnessReport"]):
    def due(self) -> Self:
        """Nobody works at them, or whoever did is gone."""
        return self.filter(
            Q(lease_until=None) | Q(lease_until__lte=Now()), status__in=AT_WORK
        ).order_by("pk")


class FairnessReport(models.Model):
    """How an exam's places were given away, as it stood on a day: numbers alone, and of whom. The
    names come from their own rows when it is read.

    waiting → working → done | failed          working → waiting (its worker died)
    """

    MOVES = {
        FairnessStatus.WAITING: [FairnessStatus.WORKING],
        FairnessStatus.WORKING: [
            FairnessStatus.DONE,
            FairnessStatus.FAILED,
            FairnessStatus.WAITING,
        ],
    }

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    county = models.ForeignKey(
        County,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("county"),
        help_text=_("Empty: the nation, or the sub-county."),
    )
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=FairnessStatus, default=FairnessStatus.WAITING
    )
    progress = models.PositiveSmallIntegerField(_("progress, %"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=200, blank=True)
    result = models.JSONField(_("result"), default=dict, blank=True)
    asked_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    asked_at = models.DateTimeField(_("asked for"), db_default=Now())
    done_at = models.DateTimeField(_("as of"), null=True, blank=True)

    objects = FairnessReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("fairness report")
        verbose_name_plural = _("fairness reports")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=FairnessStatus.values), name="fairness_report_status"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="fairness_report_progress"),
            models.CheckConstraint(
                condition=Q(county=None) | Q(sub_county=None), name="fairness_report_has_one_scope"
            ),
            models.CheckConstraint(
                condition=Q(status=FairnessStatus.DONE, done_at__isnull=False)
                | ~Q(status=FairnessStatus.DONE) & Q(done_at=None),
                name="done_fairness_report_has_its_day",
            ),
            models.UniqueConstraint(
                fields=["exam", "county", "sub_county"],
                condition=Q(status__in=AT_WORK),
                nulls_distinct=False,
                name="one_fairness_report_of_a_scope_at_work",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}, {self.scope}"

    @property
    def scope(self) -> str:
        return str(self.sub_county or self.county or _("the nation"))
