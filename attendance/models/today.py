from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import CentreEntry, Exam, SubCounty
from cp2.rules import Role
from deployments.models import Deployment


class RegisterReminderQuerySet(models.QuerySet["RegisterReminder"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(entry__station__sub_county=user.sub_county_id)
            case _:
                return self.none()


class RegisterReminder(models.Model):
    """That a centre's manager was reminded by text of a day's register; once a day."""

    entry = models.ForeignKey(
        CentreEntry, models.PROTECT, related_name="reminders", verbose_name=_("centre")
    )
    day = models.DateField(_("day"))
    deployment = models.ForeignKey(
        Deployment,
        models.PROTECT,
        related_name="register_reminders",
        verbose_name=_("centre manager"),
    )
    reminded_at = models.DateTimeField(_("reminded"), db_default=Now())

    objects = RegisterReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("register reminder")
        verbose_name_plural = _("register reminders")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "day"], name="one_reminder_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.entry}, {self.day}"


def _by_half_hour(label: Any) -> ArrayField[list[int], list[int]]:
    return ArrayField(models.PositiveIntegerField(), size=31, verbose_name=label)


class DayCount(models.Model):
    """A day of an exam in one sub-county, counted every now and then: the nation's picture is read
    from a few hundred of these instead of from a million marks."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))
    day = models.DateField(_("day"))
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="+", verbose_name=_("sub-county")
    )
    due = models.PositiveIntegerField(_("centres due"))
    never = models.PositiveIntegerField(_("centres that never marked"))
    amended = models.PositiveIntegerField(_("amended"))
    expected = models.PositiveIntegerField(_("officers expected"))
    present = models.PositiveIntegerField(_("officers present"))
    absent = models.PositiveIntegerField(_("officers absent"))
    on_time = _by_half_hour(_("centres that marked on time, by the half hour"))
    late = _by_half_hour(_("centres that marked late, by the half hour"))
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("count of a day")
        verbose_name_plural = _("counts of days")
        ordering = ["-day", "exam", "sub_county"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "exam", "sub_county"], name="one_count_a_day_of_a_sub_county"
            ),
            models.CheckConstraint(
                condition=Q(expected__gte=F("present") + F("absent"), due__gte=F("never")),
                name="count_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam}, {self.day}, {self.sub_county}"
