from datetime import date, timedelta
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Office, PositionTerms
from cp2.rules import Role
from deployments.models.posts import Post
from deployments.models.statuses import HOLDS_ITS_DAYS, LIVE, DeploymentStatus
from profiles.models import Officer, Vetting
from vacancies.models import Application

SOON = timedelta(days=1)  # before an offer ends
LATELY = timedelta(days=7)
REMIND_AGAIN = timedelta(days=1)


class Days(Func):
    """A range of days, both ends included."""

    function = "DATERANGE"
    output_field = DateRangeField()


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(post__station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(post__station=user.station_id, post__exam=user.exam_id)
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def deployable_by(self, user: User) -> Self:
        if user.role == Role.STAFF:
            return self
        return self.visible_to(user).filter(
            post__position__deployed_by=user.office, post__position__deployed_by__in=Office.values
        )

    def with_place(self) -> Self:
        """What any line about a deployment names: exam, duty station, position."""
        return self.select_related("post__exam", "post__station", "post__position")

    def with_duties(self) -> Self:
        """Whether they report every day, and whether they hand over when they change places: each
        with `is_reporter` and `hands_over`."""
        terms = PositionTerms.objects.filter(
            exam=OuterRef("post__exam"), position=OuterRef("post__position")
        )
        goes_on = Deployment.objects.filter(
            replaces=OuterRef("pk"), officer=OuterRef("officer"), status__in=HOLDS_ITS_DAYS
        )
        before = Deployment.objects.filter(
            post=OuterRef("post"),
            slot=OuterRef("slot"),
            status__in=HOLDS_ITS_DAYS,
            ends_on__lt=OuterRef("starts_on"),
            replaced_by__officer=F("officer"),
        )
        return self.annotate(
            is_reporter=Exists(terms.filter(reports_daily=True)),
            hands_over=Exists(terms.filter(rotation_days__isnull=False))
            & (Exists(goes_on) | Exists(before)),
        )

    def live(self) -> Self:
        return self.filter(status__in=LIVE)

    def lapsed(self) -> Self:
        """Offers that nobody answered in time, by the database's clock."""
        return self.filter(status=DeploymentStatus.OFFERED, respond_by__lt=Now())

    def to_be_reminded(self) -> Self:
        """Unanswered offers whose deadline is near, once, by the database's clock. Whoever was
        given no longer than that has just been told."""
        notice = Subquery(
            PositionTerms.objects.filter(
                exam=OuterRef("post__exam"), position=OuterRef("post__position")
            ).values(
                span=ExpressionWrapper(
                    F("reminder_hours") * timedelta(hours=1), output_field=models.DurationField()
                )
            )
        )
        waiting = self.filter(
            status=DeploymentStatus.OFFERED, reminded_at=None, respond_by__gt=Now()
        )
        return waiting.annotate(notice=notice).filter(
            respond_by__lte=Now() + F("notice"),
            offered_at__lte=F("respond_by") - F("notice") - F("notice"),
        )

    def with_papers_due(self) -> Self:
        """Of those who were taken on at the gate, whoever is not in order yet."""
        missing = Q(officer__submitted_at=None) | ~Q(officer__vetting=Vetting.VETTED)
        return self.filter(missing, papers_due=True, status__in=HOLDS_ITS_DAYS)

    def serving_on(self, day: date) -> Self:
        """Who is expected at work: accepted then, even if moved on since."""
        return self.filter(
            status__in=[DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED],
            starts_on__lte=day,
            ends_on__gte=day,
        )

    def unasked(self) -> Self:
        """Nominated without having applied."""
        return self.filter(application=None)

    def due_soon(self) -> Self:
        """Offers that end within a day."""
        return self.filter(status=DeploymentStatus.OFFERED, respond_by__lt=timezone.now() + SOON)

    def left_free(self) -> Self:
        """Turned down or run out of late, and nobody has the place since."""
        today, since = timezone.localdate(), timezone.now() - LATELY
        holders = Deployment.objects.live().filter(
            post=OuterRef("post"), slot=OuterRef("slot"), ends_on__gte=today
        )
        lately = Q(status=DeploymentStatus.REJECTED, answered_at__gte=since) | Q(
            status=DeploymentStatus.EXPIRED, respond_by__gte=since
        )
        return self.filter(
            lately, ~Exists(holders), slot__lte=F("post__required"), ends_on__gte=today
        )

    def remindable(self) -> Self:
        """Offers that wait for an answer, and of which nothing was said since they were made or
        since yesterday."""
        before = timezone.now() - REMIND_AGAIN
        return self.filter(
            Q(reminded_at=None) | Q(reminded_at__lte=before),
            status=DeploymentStatus.OFFERED,
            respond_by__gt=Now(),
        )


class Deployment(models.Model):
    """One officer at one slot of a post, for some days.

        offered → accepted | rejected (reason) | expired | cancelled
        accepted → moved | cancelled | rejected (before it starts)

    A deployment that has worked a day is never edited: its period is cut and a new one points
    back to it. So a slot and an officer may recur, but never on the same day.
    """

    MOVES = {
        DeploymentStatus.OFFERED: [
            DeploymentStatus.ACCEPTED,
            DeploymentStatus.REJECTED,
            DeploymentStatus.EXPIRED,
            DeploymentStatus.CANCELLED,
        ],
        DeploymentStatus.ACCEPTED: [
            DeploymentStatus.MOVED,
            DeploymentStatus.CANCELLED,
            DeploymentStatus.REJECTED,
        ],
    }

    post = models.ForeignKey(
        Post, models.PROTECT, related_name="deployments", verbose_name=_("post")
    )
    slot = models.PositiveSmallIntegerField(_("slot"))
    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="deployments", verbose_name=_("officer")
    )
    application = models.ForeignKey(
        Application,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deployments",
        verbose_name=_("application"),
        help_text=_("Empty: nominated without having applied."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=DeploymentStatus, default=DeploymentStatus.OFFERED
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    respond_by = models.DateTimeField(_("answer by"))
    serial = models.BigIntegerField(
        _("serial"), unique=True, db_default=Func(Value("deployment_serial"), function="NEXTVAL")
    )
    replaces = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("replaces"),
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    offered_at = models.DateTimeField(_("offered"), db_default=Now())
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    refill_due = models.BooleanField(
        _("place to be filled from the reserve"), default=False, db_default=False
    )
    papers_due = models.BooleanField(
        _("papers to follow"),
        default=False,
        db_default=False,
        help_text=_("Taken on at the gate; profile and vetting were to follow."),
    )

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["post", "status"], name="deployments_of_a_post"),
            models.Index(
                fields=["status", "-id"],
                name="deployments_not_accepted",
                condition=~Q(status=DeploymentStatus.ACCEPTED),
            ),
            models.Index(
                fields=["respond_by"],
                name="deployments_unanswered",
                condition=Q(status=DeploymentStatus.OFFERED),
            ),
            models.Index(fields=["id"], name="deployments_to_refill", condition=Q(refill_due=True)),
            models.Index(
                fields=["officer"], name="deployments_papers_due", condition=Q(papers_due=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DeploymentStatus.values), name="deployment_status"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")), name="deployment_runs_forward"
            ),
            models.CheckConstraint(condition=Q(slot__gte=1), name="slots_count_from_one"),
            models.CheckConstraint(
                condition=~Q(status=DeploymentStatus.REJECTED) | ~Q(reason=""),
                name="rejected_with_a_reason",
            ),
            ExclusionConstraint(
                name="one_place_at_a_time",
                expressions=[
                    ("officer", RangeOperators.EQUAL),
                    (
                        Days("starts_on", "ends_on", RangeBoundary(inclusive_upper=True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status__in=HOLDS_ITS_DAYS),
            ),
            ExclusionConstraint(
                name="one_officer_in_a_slot",
                expressions=[
                    ("post", RangeOperators.EQUAL),
                    ("slot", RangeOperators.EQUAL),
                    (
                        Days("starts_on", "ends_on", RangeBoundary(inclusive_upper=True)),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status__in=HOLDS_ITS_DAYS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer}: {self.post}"

    @property
    def reference(self) -> str:
        """As KNEC's letters have it."""
        post = self.post
        return (
            f"KNEC/GEN/EA/FA/SI/APP/{post.exam.abbreviation}/{post.position.code}/"
            f"{post.exam.year}/{self.serial}"
        )

    @property
    def version(self) -> str:
        """What a director saw, for a form to carry: it is another after each change."""
        return f"{self.status}.{self.ends_on:%Y%m%d}"

    @property
    def has_started(self) -> bool:
        return self.starts_on <= timezone.localdate()

    @property
    def has_served(self) -> bool:
        """Has begun, and was not called off; it may be over."""
        return self.has_started and self.status in (
            DeploymentStatus.ACCEPTED,
            DeploymentStatus.MOVED,
        )

    @property
    def serves_today(self) -> bool:
        return self.has_served and timezone.localdate() <= self.ends_on

    @property
    def is_offered(self) -> bool:
        return self.status == DeploymentStatus.OFFERED

    @property
    def is_accepted(self) -> bool:
        return self.status == DeploymentStatus.ACCEPTED

    @property
    def is_live(self) -> bool:
        """Offered or accepted, and not over: there is still something to decide."""
        return self.status in LIVE and self.ends_on >= timezone.localdate()

    @property
    def may_reject(self) -> bool:
        """An offer at any time; what was accepted only until it starts."""
        return self.is_offered or (self.is_accepted and not self.has_started)
