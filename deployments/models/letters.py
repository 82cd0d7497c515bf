from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from deployments.models.deployments import Deployment
from deployments.models.letter_texts import LetterText


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
                                                  ready → waiting (its file is gone)
    """

    MOVES = {
        LetterStatus.WAITING: [LetterStatus.RENDERING],
        LetterStatus.RENDERING: [LetterStatus.READY, LetterStatus.WAITING, LetterStatus.FAILED],
        LetterStatus.READY: [LetterStatus.WAITING],
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
    language = models.CharField(
        _("language"), max_length=2, choices=settings.LANGUAGES, default="en", db_default="en"
    )
    text = models.ForeignKey(
        LetterText,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="letters",
        verbose_name=_("wording"),
        help_text=_("Empty: printed in the portal's own words."),
    )
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
            models.Index(fields=["status", "-id"], name="letters_by_status"),
            models.Index(
                fields=["-id"], name="letters_voided", condition=Q(voided_at__isnull=False)
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
            models.CheckConstraint(
                condition=Q(language__in=dict(settings.LANGUAGES)), name="letter_language"
            ),
        ]

    def __str__(self) -> str:
        return self.code
