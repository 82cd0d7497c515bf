from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from deployments.models import Deployment


class SupervisorReport(models.Model):
    """What the supervisor saw on a day: absent candidates, incidents, times of the materials."""

    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="reports", verbose_name=_("deployment")
    )
    day = models.DateField(_("day"))
    candidates_absent = models.PositiveSmallIntegerField(_("candidates absent"), default=0)
    incidents = models.TextField(_("incidents"), blank=True)
    materials_in_at = models.TimeField(_("materials received"), null=True, blank=True)
    materials_out_at = models.TimeField(_("materials returned"), null=True, blank=True)
    written_at = models.DateTimeField(_("written"), db_default=Now())

    class Meta:
        verbose_name = _("supervisor's report")
        verbose_name_plural = _("supervisors' reports")
        constraints = [
            models.UniqueConstraint(fields=["deployment", "day"], name="one_report_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment}, {self.day}"
