from typing import Any, Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Ceil, Coalesce, Greatest, Now
from django.db.models.lookups import GreaterThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import DutyStation, Exam, Office, Position, SubCounty
from cp2.rules import Role
from deployments.models.statuses import HOLDS_ITS_DAYS, LIVE, DeploymentStatus


class DaysBetween(models.Func):
    """How many, both ends included; as a number, where Django's own would be an interval."""

    template = "(%(expressions)s + 1)"
    arg_joiner = " - "
    output_field = models.IntegerField()

    def __init__(self, first: Any, last: Any) -> None:
        super().__init__(last, first)


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(station=user.station_id, exam=user.exam_id)
            case _:
                return self.none()

    def deployable_by(self, user: User) -> Self:
        """TSC and SCDE fill different positions, each in their own sub-county."""
        if user.role == Role.STAFF:
            return self
        return self.visible_to(user).filter(
            position__deployed_by=user.office, position__deployed_by__in=Office.values
        )

    def with_counts(self) -> Self:
        """Adds `live` and `accepted`, places on the books from today on, and the `gap`.

        In a rotation a place is held by one officer after the other, so places are counted and
        not rows; and one that stands empty for a part of the days ahead is a gap as well.
        """
        today = timezone.localdate()
        ahead = Q(deployments__ends_on__gte=today)
        holds = ahead & Q(deployments__status__in=HOLDS_ITS_DAYS)
        first = Greatest(F("exam__rehearsal_on"), Value(today), output_field=models.DateField())
        served = DaysBetween(
            Greatest(F("deployments__starts_on"), first, output_field=models.DateField()),
            F("deployments__ends_on"),
        )
        return self.annotate(
            live=models.Count(
                "deployments__slot", filter=ahead & Q(deployments__status__in=LIVE), distinct=True
            ),
            accepted=models.Count(
                "deployments__slot",
                filter=ahead & Q(deployments__status=DeploymentStatus.ACCEPTED),
                distinct=True,
            ),
            gap=Ceil(
                F("required")
                - Coalesce(models.Sum(served, filter=holds), Value(0))
                * Value(1.0)
                / Greatest(DaysBetween(first, F("exam__ends_on")), Value(1)),
                output_field=models.IntegerField(),
            ),
        )

    def gaps_first(self) -> Self:
        """After `with_counts`."""
        return self.order_by(F("gap").desc(), "station__code", "position__rank", "exam")

    def with_gap(self) -> Self:
        """After `with_counts`: those with a free place."""
        return self.filter(GreaterThan(F("gap"), 0))

    def ahead(self) -> Self:
        """Of exams that are not over."""
        return self.filter(exam__ends_on__gte=timezone.localdate())


class Post(models.Model):
    """How many officers of a position a station is entitled to for an exam.

    Computed from candidates and terms; headquarters may override with a reason. A trigger keeps
    every live deployment's slot within `required`.
    """

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="posts", verbose_name=_("exam"))
    station = models.ForeignKey(
        DutyStation, models.PROTECT, related_name="posts", verbose_name=_("duty station")
    )
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="posts", verbose_name=_("position")
    )
    required = models.PositiveSmallIntegerField(_("entitled"))
    override_reason = models.CharField(_("reason for an override"), max_length=200, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["exam", "station__code", "position__rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "station", "position"], name="one_post_of_a_kind"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=~Q(override_reason=""), name="posts_overridden"),
        ]

    def __str__(self) -> str:
        return f"{self.position}, {self.station}, {self.exam.short}"


class Recount(models.Model):
    """What a sub-county is entitled to for an exam is to be computed again.

    Triggers write these rows wherever candidates, places or terms change, whoever changes them
    and however; a worker takes them, computes, and removes them in the same transaction.
    """

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))
    sub_county = models.ForeignKey(
        SubCounty, models.CASCADE, related_name="+", verbose_name=_("sub-county")
    )
    asked_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
        help_text=_("Empty: candidates or terms have changed."),
    )
    asked_at = models.DateTimeField(_("asked for"), db_default=Now())
    not_before = models.DateTimeField(_("not before"), db_default=Now())

    class Meta:
        verbose_name = _("recount of entitlements")
        verbose_name_plural = _("recounts of entitlements")
        ordering = ["pk"]
        indexes = [models.Index(fields=["exam", "sub_county"], name="recounts_of_a_place")]

    def __str__(self) -> str:
        return f"{self.exam.short}, {self.sub_county}"
