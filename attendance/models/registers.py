from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models.of_a_centre import OfACentreQuerySet
from catalogue.models import CentreEntry, Office


class RegisterStatus(models.TextChoices):
    OPEN = "open", _("Open")
    SUBMITTED = "submitted", _("Submitted")
    AMENDED = "amended", _("Amended")


class RegisterQuerySet(OfACentreQuerySet["Register"]):
    def amendable_by(self, user: User) -> Self:
        """Only the office that deploys teachers changes what a centre has submitted."""
        return self.visible_to(user) if user.office == Office.TSC else self.none()


class Register(models.Model):
    """A centre's register of one day.

    open → submitted → amended       (amended by a director, with a reason)
    """

    MOVES = {
        RegisterStatus.OPEN: [RegisterStatus.SUBMITTED],
        RegisterStatus.SUBMITTED: [RegisterStatus.AMENDED],
        RegisterStatus.AMENDED: [RegisterStatus.AMENDED],
    }

    entry = models.ForeignKey(
        CentreEntry, models.PROTECT, related_name="registers", verbose_name=_("centre")
    )
    day = models.DateField(_("day"))
    status = models.CharField(
        _("status"), max_length=10, choices=RegisterStatus, default=RegisterStatus.OPEN
    )
    acting_name = models.CharField(_("acting person"), max_length=120, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    late_reason = models.CharField(
        _("why late"),
        max_length=300,
        blank=True,
        help_text=_("Of marks made after the day itself."),
    )

    objects = RegisterQuerySet.as_manager()

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        ordering = ["-day", "entry"]
        indexes = [
            models.Index(fields=["day", "status"], name="registers_of_a_day"),
            models.Index(  # few of very many
                fields=["status", "-id"],
                name="registers_in_question",
                condition=~Q(status=RegisterStatus.SUBMITTED),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["entry", "day"], name="one_register_a_day"),
            models.CheckConstraint(
                condition=Q(status__in=RegisterStatus.values), name="register_status"
            ),
            models.CheckConstraint(
                condition=Q(status=RegisterStatus.OPEN, submitted_at=None)
                | (~Q(status=RegisterStatus.OPEN) & Q(submitted_at__isnull=False)),
                name="submitted_register_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}, {self.day}"
