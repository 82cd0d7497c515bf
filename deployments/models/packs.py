from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import DutyStation, Exam, Position, SubCounty
from cp2.rules import Role
from deployments.models.deployments import Deployment, DeploymentQuerySet


class PackStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    MAKING = "making", _("Being put together")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    REMOVED = "removed", _("Removed")


OPEN_PACKS = [PackStatus.WAITING, PackStatus.MAKING]


def pack_path(pack: "LetterPack", filename: str) -> str:
    return f"letter-packs/{uuid4().hex}.pdf"


class LetterPackQuerySet(models.QuerySet["LetterPack"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self if user.has_perm("deployments.view_letter") else self.none()
            case Role.DIRECTOR:
                return self.filter(
                    Q(sub_county=user.sub_county_id) | Q(station__sub_county=user.sub_county_id)
                )
            case Role.CENTRE:
                return self.filter(station=user.station_id, exam=user.exam_id)
            case _:
                return self.none()

    def open(self) -> Self:
        return self.filter(status__in=OPEN_PACKS)

    def with_scope(self) -> Self:
        return self.select_related("exam", "station", "sub_county", "position")


class LetterPack(models.Model):
    """All letters of a centre or of a sub-county as one file, put together by a worker.

    waiting → making → ready | failed          making → waiting (its worker died)
                       ready → removed (its time is over)
    """

    MOVES = {
        PackStatus.WAITING: [PackStatus.MAKING],
        PackStatus.MAKING: [PackStatus.READY, PackStatus.WAITING, PackStatus.FAILED],
        PackStatus.READY: [PackStatus.REMOVED],
    }

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))
    station = models.ForeignKey(
        DutyStation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("duty station"),
    )
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
    )
    position = models.ForeignKey(
        Position,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("position"),
        help_text=_("Empty: all of them."),
    )
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    status = models.CharField(
        _("status"), max_length=10, choices=PackStatus, default=PackStatus.WAITING
    )
    progress = models.PositiveIntegerField(_("letters so far"), default=0)
    total = models.PositiveIntegerField(_("letters"), default=0)
    left_out = models.PositiveIntegerField(_("letters that could not be read"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=200, blank=True)
    file = models.FileField(_("file"), upload_to=pack_path, blank=True)
    size = models.PositiveBigIntegerField(_("size, bytes"), null=True, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    as_of = models.DateTimeField(_("as of"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)

    objects = LetterPackQuerySet.as_manager()

    class Meta:
        verbose_name = _("pack of letters")
        verbose_name_plural = _("packs of letters")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["status"],
                name="packs_at_work",
                condition=Q(status__in=[*OPEN_PACKS, PackStatus.READY]),
            ),
            models.Index(fields=["station"], name="packs_of_a_station"),
            models.Index(fields=["sub_county"], name="packs_of_a_sub_county"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=PackStatus.values), name="pack_status"),
            models.CheckConstraint(
                condition=Q(station=None, sub_county__isnull=False)
                | Q(station__isnull=False, sub_county=None),
                name="pack_is_of_a_centre_or_of_a_sub_county",
            ),
            models.CheckConstraint(condition=Q(progress__lte=F("total")), name="pack_progress"),
            models.CheckConstraint(
                condition=~Q(status=PackStatus.READY)
                | (
                    ~Q(file="")
                    & ~Q(sha256="")
                    & Q(size__gt=0, as_of__isnull=False, expires_at__isnull=False)
                ),
                name="ready_pack_has_its_file",
            ),
            models.UniqueConstraint(
                fields=["exam", "station", "sub_county", "position"],
                condition=Q(status__in=OPEN_PACKS),
                nulls_distinct=False,
                name="one_pack_is_put_together_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(str(each) for each in (self.exam.short, self.scope, self.position) if each)

    @property
    def scope(self) -> DutyStation | SubCounty:
        found = self.station or self.sub_county
        assert found is not None  # a constraint says so
        return found

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_PACKS

    @property
    def is_ready(self) -> bool:
        return self.status == PackStatus.READY

    @property
    def is_empty(self) -> bool:
        """Nobody in it has accepted yet, so there is nothing to put together."""
        return not self.total

    def deployments(self) -> DeploymentQuerySet:
        """Of everybody whose letter belongs in it, whether there is one yet or not."""
        rows = Deployment.objects.live().filter(post__exam=self.exam_id)
        if self.position_id:
            rows = rows.filter(post__position=self.position_id)
        if self.station_id:
            return rows.filter(post__station=self.station_id)
        return rows.filter(post__station__sub_county=self.sub_county_id)
