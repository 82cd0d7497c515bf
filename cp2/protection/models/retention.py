from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

YEAR = 365


class Rule(models.TextChoices):
    """What is removed when its time is over; see cp2.protection.retention for what each does."""

    TEXTS = "texts", _("Texts that we sent")
    INBOUND = "inbound", _("Texts that we received")
    KIN = "kin", _("Next of kin of those who no longer serve")
    COPIES = "copies", _("Copies of ID cards of those who no longer serve")
    CERTIFICATES = "certificates", _("Certificates of those who no longer serve")
    UNUSED = "unused", _("Accounts that never got as far as a profile")
    REGISTERS = "registers", _("Lines of the agencies’ registers")


class RetentionRule(models.Model):
    """How long something is kept. Attendance, claims, payments and the audit trail have no rule
    here: the law on public money wants them kept, and nothing removes them."""

    rule = models.CharField(_("what"), max_length=12, choices=Rule, unique=True)
    days = models.PositiveIntegerField(
        _("kept for, days"),
        validators=[MinValueValidator(30), MaxValueValidator(20 * YEAR)],
    )
    is_on = models.BooleanField(
        _("removed by itself"),
        default=False,
        help_text=_("Each night. Look at a dry run before you turn it on."),
    )
    why = models.CharField(_("why so long"), max_length=300)
    last_run_at = models.DateTimeField(_("last done"), null=True, blank=True, editable=False)
    removed = models.PositiveIntegerField(_("removed then"), default=0, editable=False)

    class Meta:
        verbose_name = _("rule of retention")
        verbose_name_plural = _("rules of retention")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(rule__in=Rule.values), name="known_retention_rule"),
            models.CheckConstraint(
                condition=Q(days__gte=30, days__lte=20 * YEAR), name="kept_for_a_month_to_20_years"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_rule_display())
