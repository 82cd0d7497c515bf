from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import StudyLevel
from profiles.models.officer import Officer


class Qualification(models.Model):
    officer = models.ForeignKey(Officer, models.CASCADE, related_name="qualifications")
    level = models.CharField(_("level of study"), max_length=12, choices=StudyLevel)
    institution = models.CharField(_("institution"), max_length=120)
    course = models.CharField(_("course"), max_length=120)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["-ends_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="study_runs_forward"
            ),
            models.CheckConstraint(
                condition=Q(level__in=StudyLevel.values), name="qualification_level"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.course}"
