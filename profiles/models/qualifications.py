from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import StudyLevel
from cp2.rules import Role
from profiles.models.officer import Officer


def certificate_path(qualification: "Qualification", filename: str) -> str:
    """A random name: what the sender called the file never becomes a path."""
    return f"certificates/{uuid4().hex}"


class QualificationQuerySet(models.QuerySet["Qualification"]):
    def visible_to(self, user: User) -> Self:
        """With the officer whose it is; at headquarters, for those who may read officers."""
        if user.role == Role.STAFF:
            return self if user.has_perm("profiles.view_officer") else self.none()
        return self.filter(officer__in=Officer.objects.visible_to(user))


class Qualification(models.Model):
    officer = models.ForeignKey(Officer, models.CASCADE, related_name="qualifications")
    level = models.CharField(_("level of study"), max_length=12, choices=StudyLevel)
    institution = models.CharField(_("institution"), max_length=120)
    course = models.CharField(_("course"), max_length=120)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    certificate = models.FileField(_("certificate"), upload_to=certificate_path, blank=True)
    certificate_name = models.CharField(max_length=120, blank=True, editable=False)
    certificate_type = models.CharField(max_length=20, blank=True, editable=False)

    objects = QualificationQuerySet.as_manager()

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
            models.CheckConstraint(
                condition=Q(certificate="", certificate_name="", certificate_type="")
                | (~Q(certificate="") & ~Q(certificate_name="") & ~Q(certificate_type="")),
                name="certificate_has_its_name_and_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.course}"
