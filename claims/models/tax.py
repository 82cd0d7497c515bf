from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import Exam


class TaxRule(models.Model):
    """What is withheld from an exam's claims: nothing up to a threshold, above it a part of all.

    An exam without a rule is untaxed.
    """

    exam = models.OneToOneField(
        Exam, models.PROTECT, related_name="tax_rule", verbose_name=_("exam")
    )
    rate = models.DecimalField(_("withheld, %"), max_digits=5, decimal_places=2)
    above = models.DecimalField(_("from claims above, KES"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("tax rule")
        verbose_name_plural = _("tax rules")
        ordering = ["-exam"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rate__gte=0, rate__lte=100), name="tax_is_a_part_of_the_claim"
            ),
            models.CheckConstraint(condition=Q(above__gte=0), name="tax_threshold_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}: {self.rate}%"
