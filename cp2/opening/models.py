from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import CentreEntry, Exam
from cp2.runs.models import Run


class Holiday(models.Model):
    """A day on which schools are shut. Some are named by the moon, so headquarters adds to them."""

    day = models.DateField(_("day"), unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("public holiday")
        verbose_name_plural = _("public holidays")
        ordering = ["day"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="holiday_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%-d %b %Y}, {self.name}"


class Opening(models.Model):
    """How an exam came to be, and whether somebody has said that its season is open.

    Nothing in the portal waits for that: what opens and closes does so by dates and windows of its
    own. It is a statement that stands under a name.
    """

    exam = models.OneToOneField(
        Exam, models.PROTECT, related_name="opening", verbose_name=_("exam")
    )
    of = models.ForeignKey(
        Exam,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("copied from"),
    )
    begun_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("begun by")
    )
    begun_at = models.DateTimeField(_("begun"), db_default=Now())
    opened_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("opened by")
    )
    opened_at = models.DateTimeField(_("opened"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("opening of a season")
        verbose_name_plural = _("openings of seasons")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opened_by=None, opened_at=None)
                | Q(opened_by__isnull=False, opened_at__isnull=False),
                name="season_is_opened_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(of=None) | ~Q(of=F("exam")), name="season_is_copied_from_another"
            ),
        ]

    def __str__(self) -> str:
        return self.exam.short


class Carried(models.Model):
    """A centre's number of candidates that is last year's. It is this year's as soon as it is
    another number, or somebody has said so."""

    entry = models.OneToOneField(
        CentreEntry, models.CASCADE, related_name="carried", verbose_name=_("centre entry")
    )
    candidates = models.PositiveIntegerField(_("candidates"))

    class Meta:
        verbose_name = _("number of last year")
        verbose_name_plural = _("numbers of last year")

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.candidates}"


class Severity(models.TextChoices):
    BLOCKS = "blocks", _("Blocks the opening")
    LOOK = "look", _("To be looked at")


class Finding(models.Model):
    """What one check of a run found: how many, and the first of them as [words, page, number]."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="findings", verbose_name=_("run"))
    code = models.CharField(_("check"), max_length=30)
    severity = models.CharField(_("severity"), max_length=6, choices=Severity)
    count = models.PositiveIntegerField(_("count"))
    first: "models.JSONField[Any, Any]" = models.JSONField(_("the first"), default=list)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["severity", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "code"], name="one_finding_of_a_check"),
            models.CheckConstraint(condition=Q(count__gte=1), name="finding_is_of_something"),
            models.CheckConstraint(
                condition=Q(severity__in=Severity.values), name="severity_of_a_finding"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.count}"
