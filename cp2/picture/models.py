from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import Exam


class Topic(models.TextChoices):
    """What is counted together, since it changes together."""

    OFFICERS = "officers", _("Officers")
    APPLICATIONS = "applications", _("Applications")
    APPLIED = "applied", _("Who applied or was nominated")
    DEPLOYMENTS = "deployments", _("Deployments")
    DEPLOYED = "deployed", _("Who is deployed")
    MARKED = "marked", _("Who was marked")
    PAID = "paid", _("Who was paid")
    PLACES = "places", _("Places by sub-county")
    TEXTS = "texts", _("Texts of the last days")
    ENQUIRIES = "enquiries", _("Enquiries")


class Count(models.Model):
    """Figures of one topic: of an exam, of all exams of a year, or of neither. People are counted
    once however many exams they serve in, so a year's are not the sum of its exams'."""

    topic = models.CharField(_("topic"), max_length=12, choices=Topic)
    exam = models.ForeignKey(
        Exam, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    figures = models.JSONField(_("figures"))

    class Meta:
        verbose_name = _("count of the picture")
        verbose_name_plural = _("counts of the picture")
        default_permissions = ()
        ordering = ["topic", "exam", "year"]
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "exam", "year"],
                nulls_distinct=False,
                name="one_count_of_a_topic",
            ),
            models.CheckConstraint(
                condition=Q(exam=None) | Q(year=None), name="count_is_of_an_exam_or_a_year"
            ),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="count_topic"),
        ]

    def __str__(self) -> str:
        return f"{self.get_topic_display()}: {self.exam or self.year or ''}"


class Counted(models.Model):
    """When a topic was counted last, how long that took, and how often its tables had been written
    to by then. It is right as of when it was looked at: nothing had changed then."""

    topic = models.CharField(_("topic"), max_length=12, choices=Topic, unique=True)
    writes = models.BigIntegerField(_("writes"))
    took = models.DurationField(_("took"))
    counted_at = models.DateTimeField(_("counted"))
    looked_at = models.DateTimeField(_("looked at"))

    class Meta:
        verbose_name = _("time of a count")
        verbose_name_plural = _("times of counts")
        default_permissions = ()
        ordering = ["topic"]
        constraints = [
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="counted_topic"),
        ]

    def __str__(self) -> str:
        return f"{self.get_topic_display()}: {self.counted_at:%Y-%m-%d %H:%M:%S}"
