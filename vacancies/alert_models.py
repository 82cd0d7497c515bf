from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Activity, County, Exam, Position, StationKind, SubCounty
from profiles.models import Officer


class VacancyAlertQuerySet(models.QuerySet["VacancyAlert"]):
    def visible_to(self, user: User) -> Self:
        """One's own: nobody else needs to know where somebody would like to serve."""
        return self.filter(officer__user=user)

    def in_words(self) -> Self:
        return self.select_related(
            "exam", "activity", "position", "county", "sub_county__county"
        ).order_by("pk")


class VacancyAlert(models.Model):
    """An officer wants to hear by text when such a vacancy opens. What is empty may be anything; an
    exam stands for its like in years to come, too."""

    officer = models.ForeignKey(
        Officer, models.CASCADE, related_name="alerts", verbose_name=_("officer")
    )
    exam = models.ForeignKey(
        Exam, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    activity = models.ForeignKey(
        Activity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("activity"),
    )
    station_kind = models.CharField(
        _("duty station"), max_length=20, choices=StationKind, blank=True
    )
    position = models.ForeignKey(
        Position,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("position"),
    )
    county = models.ForeignKey(
        County, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("county")
    )
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
    )
    kept_at = models.DateTimeField(_("asked for"), db_default=Now())

    objects = VacancyAlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "officer", "exam", "activity", "station_kind", "position", "county",
                    "sub_county",
                ],
                nulls_distinct=False,
                name="one_alert_of_a_kind_per_officer",
            ),
            models.CheckConstraint(
                condition=Q(county=None) | Q(sub_county=None), name="alert_names_one_place"
            ),
            models.CheckConstraint(
                condition=Q(station_kind__in=["", *StationKind.values]), name="alert_station_kind"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        """`Invigilator, KCSE, Kisii South`."""
        named = [
            str(self.position or _now("Any position")),
            self.exam.abbreviation if self.exam else "",
            str(self.activity or ""),
            str(self.get_station_kind_display()) if self.station_kind else "",
            self.place,
        ]
        return ", ".join(filter(None, named))

    @property
    def place(self) -> str:
        if self.sub_county:
            return f"{self.sub_county} ({self.sub_county.county})"
        return str(self.county or _now("anywhere in Kenya"))


class AlertRound(models.Model):
    """One telling of all that has opened since the last, officer after officer. Whoever works on
    it has it under a lease, and writes down how far they are with the texts themselves."""

    begun_at = models.DateTimeField(_("begun"), db_default=Now())
    worked_to = models.BigIntegerField(_("worked up to officer"), default=0)
    told = models.PositiveIntegerField(_("officers told"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("round of alerts")
        verbose_name_plural = _("rounds of alerts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["ended_at"], nulls_distinct=False, name="one_round_of_alerts_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(lease_until=None),
                name="ended_round_is_leased_to_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
