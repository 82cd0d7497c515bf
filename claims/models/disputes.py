from django.db import models
from django.utils.translation import gettext_lazy as _

from claims.models.claims import Claim


class DisputedDay(models.Model):
    """A day of which the officer says otherwise than the register, while or since the dispute."""

    claim = models.ForeignKey(
        Claim, models.CASCADE, related_name="disputed_days", verbose_name=_("claim")
    )
    day = models.DateField(_("day"))
    worked = models.BooleanField(_("worked"), help_text=_("As the officer says."))

    class Meta:
        verbose_name = _("disputed day")
        verbose_name_plural = _("disputed days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "day"], name="one_word_on_a_disputed_day"),
        ]

    def __str__(self) -> str:
        return f"{self.claim}: {self.day}"
