from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import DutyStation, Exam
from cp2.rules import Role
from deployments.models.deployments import Deployment
from profiles.models import Officer
from vacancies.rules import NEVER_WAIVED, OF_A_STATION, Rule

WAIVABLE = [rule for rule in Rule if rule not in NEVER_WAIVED]


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(
                    Q(officer__sub_county=user.sub_county_id)
                    | Q(station__sub_county=user.sub_county_id)
                )
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class Waiver(models.Model):
    """Headquarters lets one rule pass for one officer in one exam, and says why."""

    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="waivers", verbose_name=_("officer")
    )
    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    station = models.ForeignKey(
        DutyStation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("duty station"),
        help_text=_("Empty: at any."),
    )
    rule = models.CharField(
        _("rule"), max_length=16, choices=[(rule.value, rule.label) for rule in WAIVABLE]
    )
    reason = models.CharField(_("reason"), max_length=300)
    granted_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("granted by")
    )
    granted_at = models.DateTimeField(_("granted"), db_default=Now())
    withdrawn_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("withdrawn by"),
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawal_reason = models.CharField(
        _("why it was withdrawn"), max_length=300, blank=True, default=""
    )

    objects = WaiverQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(rule__in=WAIVABLE), name="rule_can_be_waived"),
            models.CheckConstraint(
                condition=Q(station=None) | Q(rule__in=sorted(OF_A_STATION)),
                name="waiver_for_a_station_is_of_its_rules",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_has_a_reason"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawal_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False))
                & ~Q(withdrawal_reason=""),
                name="waiver_withdrawn_by_somebody_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["officer", "exam", "rule", "station"],
                condition=Q(withdrawn_at=None),
                nulls_distinct=False,
                name="one_waiver_of_a_rule_stands",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer}: {self.get_rule_display()}"

    @property
    def is_standing(self) -> bool:
        return self.withdrawn_at is None


class WaiverUse(models.Model):
    """A deployment that could not have been made without the waiver."""

    waiver = models.ForeignKey(
        Waiver, models.PROTECT, related_name="uses", verbose_name=_("waiver")
    )
    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="waivers_used", verbose_name=_("deployment")
    )

    class Meta:
        verbose_name = _("use of a waiver")
        verbose_name_plural = _("uses of waivers")
        constraints = [
            models.UniqueConstraint(fields=["waiver", "deployment"], name="one_use_of_a_waiver"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment}: {self.waiver.get_rule_display()}"
