"""What is paid, beside the terms' own daily rate."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, Position, PositionTerms
from deployments.models import Deployment


class RateChange(models.Model):
    """A later version of a position's daily rate: from this day on, until the next one.

    The first version is the terms' own, which stands still once a claim that rests on it is
    approved.
    """

    terms = models.ForeignKey(
        PositionTerms, models.PROTECT, related_name="rate_changes", verbose_name=_("terms")
    )
    from_day = models.DateField(_("from"))
    daily_rate = models.DecimalField(_("daily rate, KES"), max_digits=8, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("change of a rate")
        verbose_name_plural = _("changes of rates")
        ordering = ["terms", "from_day"]
        constraints = [
            models.UniqueConstraint(fields=["terms", "from_day"], name="one_rate_from_a_day"),
            models.CheckConstraint(
                condition=Q(daily_rate__gte=0), name="changed_rate_not_negative"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="rate_changes_with_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.terms}: {self.daily_rate} ({self.from_day})"


class MarkingRate(models.Model):
    """What examiners of a paper earn in an exam."""

    exam = models.ForeignKey(
        Exam, models.PROTECT, related_name="marking_rates", verbose_name=_("exam")
    )
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="+", verbose_name=_("position")
    )
    coordination_fee = models.DecimalField(
        _("for a coordination day, KES"), max_digits=8, decimal_places=2
    )
    basic_fee = models.DecimalField(_("basic fee, KES"), max_digits=9, decimal_places=2)
    script_fee = models.DecimalField(_("for a script, KES"), max_digits=8, decimal_places=2)

    class Meta:
        verbose_name = _("rates of marking")
        verbose_name_plural = _("rates of marking")
        ordering = ["exam", "position__rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "position"], name="one_set_of_marking_rates_per_position"
            ),
            models.CheckConstraint(
                condition=Q(coordination_fee__gte=0, basic_fee__gte=0, script_fee__gte=0),
                name="marking_rates_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}: {self.position}"


class MarkingRecord(models.Model):
    """What the team leader's signed record says of one examiner, as the marking centre returns it.

    Without the examiner's signature nothing is paid but what was advanced is owed.
    """

    exam = models.ForeignKey(
        Exam, models.PROTECT, related_name="marking_records", verbose_name=_("exam")
    )
    deployment = models.OneToOneField(
        Deployment, models.PROTECT, related_name="marking_record", verbose_name=_("deployment")
    )
    coordination_days = models.PositiveSmallIntegerField(_("coordination days"))
    scripts = models.PositiveIntegerField(_("scripts"))
    travel = models.DecimalField(_("travel, KES"), max_digits=9, decimal_places=2)
    advance = models.DecimalField(_("paid in advance, KES"), max_digits=9, decimal_places=2)
    signed = models.BooleanField(_("signed by the examiner"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("record of marking")
        verbose_name_plural = _("records of marking")
        ordering = ["pk"]
        indexes = [models.Index(fields=["exam"], name="marking_records_of_an_exam")]
        constraints = [
            models.CheckConstraint(
                condition=Q(coordination_days__lte=60, scripts__lte=20_000),
                name="marking_record_is_of_one_person",
            ),
            models.CheckConstraint(
                condition=Q(travel__gte=0, travel__lte=100_000, advance__gte=0)
                & Q(advance__lte=100_000),
                name="marking_record_pays_within_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment}"
