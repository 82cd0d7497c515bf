from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cp2.rules import Role
from deployments.models import Deployment


class SupervisorReportQuerySet(models.QuerySet["SupervisorReport"]):
    def visible_to(self, user: User) -> Self:
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
                return self.filter(deployment__officer__user=user)
            case _:
                return self.none()

    def with_incidents(self) -> Self:
        return self.exclude(incidents="")


def _came_then_left(came: str, left: str) -> Q:
    """Nothing is returned that was not received, nor before it was."""
    both = {f"{came}__isnull": False, f"{left}__isnull": False, f"{left}__gte": F(came)}
    return Q(**{left: None}) | Q(**both)


class SupervisorReport(models.Model):
    """What the supervisor saw on a day: absent candidates, incidents, times of the materials, which
    some exams collect twice a day.

    Its day is one of the deployment: a trigger sees to that (0006).
    """

    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="reports", verbose_name=_("deployment")
    )
    day = models.DateField(_("day"))
    candidates_absent = models.PositiveSmallIntegerField(_("candidates absent"), default=0)
    incidents = models.TextField(_("incidents"), blank=True)
    materials_in_at = models.TimeField(_("materials received"), null=True, blank=True)
    materials_out_at = models.TimeField(_("materials returned"), null=True, blank=True)
    second_in_at = models.TimeField(_("second materials received"), null=True, blank=True)
    second_out_at = models.TimeField(_("second materials returned"), null=True, blank=True)
    written_at = models.DateTimeField(_("written"), db_default=Now())

    objects = SupervisorReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("supervisor's report")
        verbose_name_plural = _("supervisors' reports")
        constraints = [
            models.UniqueConstraint(fields=["deployment", "day"], name="one_report_a_day"),
            models.CheckConstraint(
                condition=_came_then_left("materials_in_at", "materials_out_at"),
                name="materials_come_before_they_leave",
            ),
            models.CheckConstraint(
                condition=_came_then_left("second_in_at", "second_out_at"),
                name="second_materials_come_before_they_leave",
            ),
            models.CheckConstraint(
                condition=_came_then_left("materials_in_at", "second_in_at"),
                name="second_materials_follow_the_first",
            ),
        ]
        indexes = [
            models.Index(fields=["day"], name="reports_of_a_day"),
            models.Index(fields=["-id"], name="reports_of_incidents", condition=~Q(incidents="")),
        ]

    def __str__(self) -> str:
        return f"{self.deployment}, {self.day}"
