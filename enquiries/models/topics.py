from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from enquiries.models.categories import Category

PROMISED_DAYS = 7  # where nobody has promised anything else
FEWEST_DAYS, MOST_DAYS = 1, 90


# Appeals are asked one way only.
OF_TOPICS = [choice for choice in Category.choices if choice[0] != Category.APPEAL]


def _in_kiswahili() -> bool:
    return (get_language() or "").startswith("sw")


class TopicQuerySet(models.QuerySet["Topic"]):
    def offered(self) -> Self:
        return self.filter(active=True)


class Topic(models.Model):
    """What officers may choose as the subject of a question: headquarters writes the list."""

    category = models.CharField(_("belongs to"), max_length=12, choices=OF_TOPICS)
    name_en = models.CharField(_("name in English"), max_length=80)
    name_sw = models.CharField(_("name in Kiswahili"), max_length=80)
    order = models.PositiveSmallIntegerField(
        _("order"), default=50, help_text=_("Within its category, the smallest first.")
    )
    active = models.BooleanField(_("offered to officers"), default=True)
    promised_days = models.PositiveSmallIntegerField(
        _("days until the answer"),
        null=True,
        blank=True,
        help_text=_(
            "Calendar days, Sundays and holidays too. Empty: as promised for its category."
        ),
    )
    words = models.CharField(
        _("words in a text"),
        max_length=200,
        blank=True,
        help_text=_(
            "A text HELP with one of these words opens an enquiry about this. With spaces between, "
            "such as: paid payment malipo"
        ),
    )

    objects = TopicQuerySet.as_manager()

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["category", "order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(category__in=Category.values) & ~Q(category=Category.APPEAL),
                name="topic_is_of_a_category",
            ),
            models.CheckConstraint(
                condition=~Q(name_en="") & ~Q(name_sw=""), name="topic_has_a_name_in_each_language"
            ),
            models.CheckConstraint(
                condition=Q(promised_days=None) | Q(promised_days__range=(FEWEST_DAYS, MOST_DAYS)),
                name="topic_promises_some_days",
            ),
            models.UniqueConstraint(
                fields=["category", "name_en"], name="one_topic_of_a_name_in_a_category"
            ),
        ]

    def __str__(self) -> str:
        return self.name_sw if _in_kiswahili() else self.name_en


class EnquiryPromise(models.Model):
    """Within how many days a category is answered; a week where there is no such row."""

    category = models.CharField(_("about"), max_length=12, choices=Category, unique=True)
    days = models.PositiveSmallIntegerField(
        _("days until the answer"), help_text=_("Calendar days, Sundays and holidays too.")
    )

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        ordering = ["category"]
        constraints = [
            models.CheckConstraint(
                condition=Q(category__in=Category.values), name="promise_is_of_a_category"
            ),
            models.CheckConstraint(
                condition=Q(days__range=(FEWEST_DAYS, MOST_DAYS)), name="promise_is_of_some_days"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()}: {self.days}"


class CannedAnswerQuerySet(models.QuerySet["CannedAnswer"]):
    def fitting(self, category: str, topic: int | None) -> Self:
        """The nearest first: of this topic, of its category, of any."""
        near = models.Case(
            models.When(topic=topic, topic__isnull=False, then=0),
            models.When(category=category, then=1),
            models.When(category="", topic=None, then=2),
            default=3,
        )
        return self.filter(active=True).alias(near=near).order_by("near", "title", "pk")


class CannedAnswer(models.Model):
    """An answer that is written once, in both languages, and put into the box of whoever answers:
    they read it before they send it."""

    title = models.CharField(_("title"), max_length=80, unique=True)
    category = models.CharField(
        _("about"),
        max_length=12,
        choices=Category,
        blank=True,
        help_text=_("Empty: it fits any."),
    )
    topic = models.ForeignKey(
        Topic,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("topic"),
        help_text=_("Offered first where officers chose this."),
    )
    text_en = models.TextField(_("answer in English"), max_length=2000)
    text_sw = models.TextField(_("answer in Kiswahili"), max_length=2000)
    active = models.BooleanField(_("offered to those who answer"), default=True)

    objects = CannedAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ready answer")
        verbose_name_plural = _("ready answers")
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(
                condition=Q(category__in=["", *Category.values]),
                name="ready_answer_is_of_a_category",
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(text_en="") & ~Q(text_sw=""),
                name="ready_answer_is_in_each_language",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def text_in(self, language: str) -> str:
        return self.text_sw if language == "sw" else self.text_en
