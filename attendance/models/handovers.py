from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cp2.rules import Role
from deployments.models import HOLDS_ITS_DAYS, Deployment


class HandoverQuerySet(models.QuerySet["Handover"]):
    def visible_to(self, user: User) -> Self:
        """Of the officers, whoever wrote it, and whoever has come to the same place after them."""
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(deployment__post__station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(
                    deployment__post__station=user.station_id, deployment__post__exam=user.exam_id
                )
            case Role.OFFICER:
                came = Deployment.objects.filter(
                    officer__user=user,
                    post=OuterRef("deployment__post"),
                    slot=OuterRef("deployment__slot"),
                    status__in=HOLDS_ITS_DAYS,
                    starts_on__gt=OuterRef("deployment__ends_on"),
                    starts_on__lte=timezone.localdate(),
                ).exclude(answered_at=None)
                return self.filter(Q(deployment__officer__user=user) | Q(Exists(came)))
            case _:
                return self.none()

    def with_place(self) -> Self:
        return self.select_related(
            "deployment__officer__user",
            "deployment__post__exam",
            "deployment__post__station__sub_county__county",
            "deployment__post__position",
            "taken_by__officer__user",
        )


class Handover(models.Model):
    """What whoever moves on leaves to whoever comes to the same place after them.

    It is theirs to correct until the other has taken over.
    """

    deployment = models.OneToOneField(
        Deployment, models.PROTECT, related_name="handover", verbose_name=_("who leaves")
    )
    day = models.DateField(_("last day"))
    issues = models.TextField(_("issues observed"), blank=True)
    absent_candidates = models.TextField(_("absent candidates"), blank=True)
    hardship = models.TextField(_("hardship cases"), blank=True)
    # As the list stood that day: who is moved or renamed later stays named here as they were.
    invigilators = models.JSONField(_("officers on that day's list"), default=list)
    written_at = models.DateTimeField(_("written"), db_default=Now())
    taken_by = models.ForeignKey(
        Deployment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who took over"),
    )
    taken_at = models.DateTimeField(_("taken over"), null=True, blank=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_by=None, taken_at=None)
                | Q(taken_by__isnull=False, taken_at__isnull=False, taken_at__gte=F("written_at")),
                name="handover_is_taken_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(taken_by=None) | ~Q(taken_by=F("deployment")),
                name="nobody_hands_over_to_themselves",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment}, {self.day}"

    @property
    def said(self) -> list[dict[str, Any]]:
        """For pages and paper, in the order in which it is asked."""
        return [
            {"label": _("Issues observed"), "value": self.issues},
            {"label": _("Absent candidates"), "value": self.absent_candidates},
            {"label": _("Hardship cases"), "value": self.hardship},
        ]
