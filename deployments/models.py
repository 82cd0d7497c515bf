from datetime import date
from typing import Self
from uuid import uuid4

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import DutyStation, Exam, Office, Position, SubCounty
from cp2.rules import Role
from profiles.models import Officer
from vacancies.models import Application


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
        """Adds `live` and `accepted`, officers on the books from today on, and the `gap`."""
        today = timezone.localdate()
        ahead = Q(deployments__ends_on__gte=today)
        return self.annotate(
            live=models.Count("deployments", filter=ahead & Q(deployments__status__in=LIVE)),
            accepted=models.Count(
                "deployments", filter=ahead & Q(deployments__status=DeploymentStatus.ACCEPTED)
            ),
            gap=F("required") - F("live"),
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

    def __str__(self) -> str:
        return f"{self.position}, {self.station}, {self.exam.short}"


class DeploymentStatus(models.TextChoices):
    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    MOVED = "moved", _("Moved")


LIVE = [DeploymentStatus.OFFERED, DeploymentStatus.ACCEPTED]
# A moved deployment keeps the days it covered, so it still holds its officer and slot for those.
HOLDS_ITS_DAYS = [*LIVE, DeploymentStatus.MOVED]


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

    def live(self) -> Self:
        return self.filter(status__in=LIVE)

    def lapsed(self) -> Self:
        """Offers that nobody answered in time, by the database's clock."""
        return self.filter(status=DeploymentStatus.OFFERED, respond_by__lt=Now())

    def serving_on(self, day: date) -> Self:
        """Who is expected at work: accepted then, even if moved on since."""
        return self.filter(
            status__in=[DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED],
            starts_on__lte=day,
            ends_on__gte=day,
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

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["post", "status"], name="deployments_of_a_post"),
            models.Index(
                fields=["respond_by"],
                name="deployments_unanswered",
                condition=Q(status=DeploymentStatus.OFFERED),
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
    def has_started(self) -> bool:
        return self.starts_on <= timezone.localdate()

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


class LetterStatus(models.TextChoices):
    WAITING = "waiting", _("Being prepared")
    RENDERING = "rendering", _("Being printed")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


def letter_path(letter: "Letter", filename: str) -> str:
    return f"letters/{letter.pk % 1000:03d}/{uuid4().hex}.pdf"


class LetterQuerySet(models.QuerySet["Letter"]):
    def current(self) -> Self:
        return self.filter(voided_at=None)

    def due(self) -> Self:
        return self.filter(status=LetterStatus.WAITING, not_before__lte=Now()).order_by("pk")


class Letter(models.Model):
    """A deployment's appointment letter: printed once, by a worker, void once anything changes.

    waiting → rendering → ready | failed          rendering → waiting (its worker died)
    """

    MOVES = {
        LetterStatus.WAITING: [LetterStatus.RENDERING],
        LetterStatus.RENDERING: [LetterStatus.READY, LetterStatus.WAITING, LetterStatus.FAILED],
        LetterStatus.FAILED: [LetterStatus.WAITING],
    }

    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="letters", verbose_name=_("deployment")
    )
    code = models.CharField(_("code"), max_length=20, unique=True)
    status = models.CharField(
        _("status"), max_length=10, choices=LetterStatus, default=LetterStatus.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=200, blank=True)
    file = models.FileField(_("file"), upload_to=letter_path, blank=True)
    size = models.PositiveIntegerField(_("size, bytes"), null=True, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    issued_at = models.DateTimeField(_("issued"), db_default=Now())
    voided_at = models.DateTimeField(_("void since"), null=True, blank=True)
    downloaded_at = models.DateTimeField(_("first downloaded"), null=True, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="letters_waiting",
                condition=Q(status=LetterStatus.WAITING),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=LetterStatus.values), name="letter_status"
            ),
            models.UniqueConstraint(
                fields=["deployment"], condition=Q(voided_at=None), name="one_letter_is_current"
            ),
            models.CheckConstraint(
                condition=~Q(status=LetterStatus.READY)
                | (~Q(file="") & ~Q(sha256="") & Q(size__gt=0)),
                name="ready_letter_has_its_file",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class LetterText(models.Model):
    """The words of an exam's letter for a position. A new wording is a new version."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="+", verbose_name=_("position")
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    policy = models.TextField(_("policy note"), blank=True)
    paragraphs = models.JSONField(
        _("duties"), default=list, help_text=_("A list of sentences; they are numbered 4.1, 4.2 …")
    )

    class Meta:
        verbose_name = _("letter text")
        verbose_name_plural = _("letter texts")
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "position", "version"], name="one_letter_text_of_a_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short} {self.position} v{self.version}"


class RunStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class AllocationRun(models.Model):
    """One proposal of who goes where, for a sub-county or for the nation.

    waiting → running → done | failed          waiting | running → cancelled
    """

    MOVES = {
        RunStatus.WAITING: [RunStatus.RUNNING, RunStatus.CANCELLED],
        RunStatus.RUNNING: [
            RunStatus.DONE,
            RunStatus.FAILED,
            RunStatus.CANCELLED,
            RunStatus.WAITING,
        ],
        RunStatus.FAILED: [RunStatus.WAITING],
    }

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    scope = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
        help_text=_("Empty: the nation."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=RunStatus, default=RunStatus.WAITING
    )
    progress = models.PositiveSmallIntegerField(_("progress, %"), default=0)
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)
    started_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    created_at = models.DateTimeField(_("asked for"), db_default=Now())

    class Meta:
        verbose_name = _("allocation run")
        verbose_name_plural = _("allocation runs")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="run_progress"),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}, {self.scope or _('the nation')}"
