from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.models.claims import Claim
from deployments.models import Deployment


class LineKind(models.TextChoices):
    """What a line pays for. The first is everybody's; the others are examiners'."""

    DAYS = "days", _("Days present")
    COORDINATION = "coordination", _("Coordination days")
    BASIC = "basic", _("Basic fee")
    SCRIPTS = "scripts", _("Scripts")
    TRAVEL = "travel", _("Travel")
    ADVANCE = "advance", _("Paid in advance")


class ClaimLine(models.Model):
    """So much of one kind for one deployment at one rate, copied from the terms so that no later
    change alters what was claimed.

    `quantity` is negative for an advance, and where an adjustment takes back.
    """

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="lines")
    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="+", verbose_name=_("deployment")
    )
    kind = models.CharField(
        _("for"),
        max_length=12,
        choices=LineKind,
        default=LineKind.DAYS,
        db_default=LineKind.DAYS,
    )
    quantity = models.IntegerField(_("quantity"))
    rate = models.DecimalField(_("rate"), max_digits=9, decimal_places=2)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("claim line")
        verbose_name_plural = _("claim lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "deployment", "kind", "rate"],
                name="one_line_of_a_kind_and_rate",
            ),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="line_kind"),
            models.CheckConstraint(
                condition=Q(amount=F("quantity") * F("rate"), rate__gte=0) & ~Q(quantity=0),
                name="line_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.rate}"
