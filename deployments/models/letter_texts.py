from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import Exam, Position


class LetterTextQuerySet(models.QuerySet["LetterText"]):
    def of(self, *, exam: Exam | None, position: Position, language: str) -> Self:
        return self.filter(exam=exam, position=position, language=language)

    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def newest(self) -> "LetterText | None":
        return self.order_by("-version").first()

    def in_force(self, *, exam: Exam, position: Position, language: str) -> "LetterText | None":
        """An exam's own words go before those for every exam, newer ones before older ones."""
        return (
            self.published()
            .filter(Q(exam=exam) | Q(exam=None), position=position, language=language)
            .order_by(models.F("exam").asc(nulls_last=True), "-version")
            .first()
        )


class LetterText(models.Model):
    """The words of a position's letter, for one exam or for all that have none of their own.

    A draft until it is published; from then on it stays as it is, for letters have gone out in
    these words. A new wording is a new version.
    """

    exam = models.ForeignKey(
        Exam,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("exam"),
        help_text=_("Empty: for every exam without words of its own."),
    )
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="+", verbose_name=_("position")
    )
    language = models.CharField(
        _("language"), max_length=2, choices=settings.LANGUAGES, default="en", db_default="en"
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    series = models.CharField(
        _("reference"),
        max_length=120,
        blank=True,
        help_text=_("Empty: the series of this kind of letter."),
    )
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    paragraphs = models.JSONField(_("numbered paragraphs"), default=list)
    closing = models.TextField(_("last paragraph"), blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    objects = LetterTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter text")
        verbose_name_plural = _("letter texts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "position", "language", "version"],
                nulls_distinct=False,
                name="one_letter_text_of_a_version",
            ),
            models.UniqueConstraint(
                fields=["exam", "position", "language"],
                condition=Q(published_at=None),
                nulls_distinct=False,
                name="one_letter_text_is_a_draft",
            ),
            models.CheckConstraint(
                condition=Q(language__in=dict(settings.LANGUAGES)), name="letter_text_language"
            ),
        ]

    def __str__(self) -> str:
        exam = self.exam.short if self.exam else _("Every exam")
        return f"{exam}, {self.position}, {self.get_language_display()}, v{self.version}"
