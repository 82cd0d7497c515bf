from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models.marks import MarkStatus
from attendance.models.of_a_centre import OfACentreQuerySet
from catalogue.models import CentreEntry, Office
from cp2.rules import Role
from deployments.models import Deployment


class AmendmentStatus(models.TextChoices):
    ASKED = "asked", _("Asked")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AmendmentQuerySet(OfACentreQuerySet["Amendment"]):
    def waiting(self) -> Self:
        return self.filter(status=AmendmentStatus.ASKED)

    def decidable_by(self, user: User) -> Self:
        """The office that deploys teachers, in its sub-county; and headquarters' own people."""
        if user.role == Role.STAFF:
            may = user.has_perm("attendance.change_amendment")
        else:
            may = user.role == Role.DIRECTOR and user.office == Office.TSC
        return self.visible_to(user) if may else self.none()


class Amendment(models.Model):
    """A change of marks after a centre's register has closed: asked with a reason, and decided.

    asked → granted | refused | withdrawn       (a director's own change is granted as it is asked)
    """

    MOVES = {
        AmendmentStatus.ASKED: [
            AmendmentStatus.GRANTED,
            AmendmentStatus.REFUSED,
            AmendmentStatus.WITHDRAWN,
        ],
    }

    entry = models.ForeignKey(
        CentreEntry, models.PROTECT, related_name="amendments", verbose_name=_("centre")
    )
    day = models.DateField(_("day"))
    status = models.CharField(
        _("status"), max_length=10, choices=AmendmentStatus, default=AmendmentStatus.ASKED
    )
    reason = models.CharField(_("reason"), max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    acting_name = models.CharField(_("acting person"), max_length=120)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)

    objects = AmendmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("amendment")
        verbose_name_plural = _("amendments")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AmendmentStatus.values), name="amendment_status"
            ),
            models.UniqueConstraint(
                fields=["entry", "day"],
                condition=Q(status=AmendmentStatus.ASKED),
                name="one_amendment_asked_a_day",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="amendment_has_its_reason"),
            models.CheckConstraint(
                condition=Q(
                    status__in=[AmendmentStatus.ASKED, AmendmentStatus.WITHDRAWN],
                    decided_by=None,
                    decided_at=None,
                )
                | Q(
                    status__in=[AmendmentStatus.GRANTED, AmendmentStatus.REFUSED],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="amendment_names_who_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}, {self.day}"


class AmendmentLine(models.Model):
    """What one officer's mark is to be."""

    amendment = models.ForeignKey(
        Amendment, models.CASCADE, related_name="lines", verbose_name=_("amendment")
    )
    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="+", verbose_name=_("deployment")
    )
    was = models.CharField(_("was"), max_length=8, choices=MarkStatus, blank=True)
    wanted = models.CharField(_("wanted"), max_length=8, choices=MarkStatus)

    class Meta:
        verbose_name = _("amended mark")
        verbose_name_plural = _("amended marks")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["amendment", "deployment"], name="one_line_per_officer_of_an_amendment"
            ),
            models.CheckConstraint(
                condition=Q(was__in=["", *MarkStatus.values], wanted__in=MarkStatus.values),
                name="amended_mark_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment}: {self.get_wanted_display()}"
