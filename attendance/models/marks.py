from typing import Self

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import CentreEntry
from cp2.rules import Role
from deployments.models import Deployment
from profiles.models import Officer


class Clock(Func):
    """The database's time of this very statement, not of the transaction's beginning."""

    function = "CLOCK_TIMESTAMP"
    output_field = models.DateTimeField()


class MarkStatus(models.TextChoices):
    """The register knows just these two."""

    PRESENT = "present", _("P")
    ABSENT = "absent", _("Ab")


class Way(models.TextChoices):
    """How a mark reached the portal."""

    PAGE = "page", _("on the page")
    COPY = "copy", _("without a network")
    TEXT = "text", _("by text")
    AMENDMENT = "amendment", _("by amendment")


class MarkQuerySet(models.QuerySet["Mark"]):
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
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def of(self, entry: CentreEntry) -> Self:
        """Every mark of a centre in an exam, whoever serves there now."""
        return self.filter(
            deployment__post__exam=entry.exam_id, deployment__post__station=entry.station_id
        )


class Mark(models.Model):
    """Whether an officer was there on a day. Pay follows from these rows and from nothing else.

    Whose mark it is never changes and no mark goes away: two triggers see to that (0003).
    """

    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="marks", verbose_name=_("deployment")
    )
    # The deployment's officer, again, so that the database can hold "one mark a day wherever they
    # serve"; a foreign key on both columns keeps the two alike (migration 0002).
    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="marks", verbose_name=_("officer")
    )
    day = models.DateField(_("day"))
    status = models.CharField(_("status"), max_length=8, choices=MarkStatus)
    marked_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("marked by")
    )
    acting_name = models.CharField(_("acting person"), max_length=120)
    # When the person made it: by the phone's clock, if that had no network.
    marked_at = models.DateTimeField(_("marked"), db_default=Now())
    received_at = models.DateTimeField(_("received"), db_default=Now())
    way = models.CharField(
        _("way"), max_length=10, choices=Way, default=Way.PAGE, db_default=Way.PAGE
    )
    amendment = models.ForeignKey(
        "attendance.Amendment",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # of millions a few have one
        related_name="marks",
        verbose_name=_("amendment"),
    )

    objects = MarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        ordering = ["day", "pk"]
        indexes = [
            models.Index(
                fields=["amendment"], name="amended_marks", condition=Q(amendment__isnull=False)
            ),
            models.Index(fields=["-id"], name="absences", condition=Q(status=MarkStatus.ABSENT)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["officer", "day"], name="one_mark_per_officer_a_day"),
            models.CheckConstraint(condition=Q(status__in=MarkStatus.values), name="mark_status"),
            models.CheckConstraint(condition=~Q(acting_name=""), name="mark_names_who_made_it"),
            models.CheckConstraint(condition=Q(way__in=Way.values), name="mark_way"),
            models.CheckConstraint(
                condition=Q(marked_at__lte=F("received_at")), name="mark_is_made_before_it_arrives"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer} {self.day} {self.get_status_display()}"
