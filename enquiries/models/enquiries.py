from datetime import date, timedelta
from typing import Self

from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, Office, SubCounty
from claims.models import Claim
from cp2.rules import Role
from enquiries.models.categories import Category
from enquiries.models.topics import PROMISED_DAYS, Topic
from profiles.models import Officer
from sms.phones import hinted, local


class EnquiryStatus(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    ESCALATED = "escalated", _("With headquarters")
    CLOSED = "closed", _("Closed")


class Way(models.TextChoices):
    """How a question came."""

    PAGE = "page", _("On the page")
    TEXT = "text", _("By text")
    CLAIM = "claim", _("With a disputed claim")


WAITING = [EnquiryStatus.OPEN, EnquiryStatus.ESCALATED]


def late() -> Q:
    """Whoever must answer has let the promised day pass."""
    return Q(status__in=WAITING, answer_by__lt=timezone.localdate())


def in_a_week() -> date:
    return timezone.localdate() + timedelta(days=PROMISED_DAYS)


class EnquiryQuerySet(models.QuerySet["Enquiry"]):
    def visible_to(self, user: User) -> Self:
        """Officers' questions go to the SCDE of their sub-county, then to headquarters. An appeal
        is not for the offices of the place that barred somebody: headquarters alone reads it."""
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR if user.office == Office.SCDE:
                return self.filter(sub_county=user.sub_county_id).exclude(category=Category.APPEAL)
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def waiting(self) -> Self:
        """Nobody has answered yet, wherever it is."""
        return self.filter(status__in=WAITING)

    def overdue(self) -> Self:
        return self.filter(late())

    def live_appeals(self) -> Self:
        return self.filter(category=Category.APPEAL).exclude(status=EnquiryStatus.CLOSED)

    def most_urgent_first(self) -> Self:
        """What is open, the one promised for the earliest day first; then what headquarters has,
        then the rest."""
        turn = Case(
            When(status=EnquiryStatus.OPEN, then=0),
            When(status=EnquiryStatus.ESCALATED, then=1),
            default=2,
        )
        return self.order_by(turn, "answer_by", "opened_at", "pk")


class Enquiry(models.Model):
    """A question, with the fields of KNEC's official query form.

    open → answered → closed          open | answered → escalated → answered | closed
    answered → open                   (the officer asks again)

    An appeal begins as escalated, and comes back to that when the officer adds to it. An open one
    whose promised day passes is escalated by rule.
    """

    MOVES = {
        EnquiryStatus.OPEN: [
            EnquiryStatus.ANSWERED,
            EnquiryStatus.ESCALATED,
            EnquiryStatus.CLOSED,
        ],
        EnquiryStatus.ANSWERED: [
            EnquiryStatus.OPEN,
            EnquiryStatus.ESCALATED,
            EnquiryStatus.CLOSED,
        ],
        EnquiryStatus.ESCALATED: [EnquiryStatus.ANSWERED, EnquiryStatus.CLOSED],
    }

    officer = models.ForeignKey(
        Officer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="enquiries",
        verbose_name=_("officer"),
    )
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="+", verbose_name=_("sub-county")
    )
    exam = models.ForeignKey(
        Exam, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    category = models.CharField(_("what is it about?"), max_length=12, choices=Category)
    topic = models.ForeignKey(
        Topic,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="enquiries",
        verbose_name=_("topic"),
    )
    # What a disputed claim asks; a claim of which no day is left goes, and its question stays.
    claim = models.ForeignKey(
        Claim,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="enquiries",
        verbose_name=_("claim"),
    )
    full_name = models.CharField(
        _("full name"), max_length=120, blank=True, default="", db_default=""
    )
    centre_code = models.CharField(_("centre code"), max_length=12, blank=True)
    position = models.CharField(_("position"), max_length=60, blank=True)
    payee_phone = models.CharField(_("M-Pesa number"), max_length=12, blank=True)
    subject = models.CharField(_("subject"), max_length=120)
    text = models.TextField(_("your question"), max_length=2000)
    status = models.CharField(
        _("status"), max_length=10, choices=EnquiryStatus, default=EnquiryStatus.OPEN
    )
    way = models.CharField(
        _("how it came"), max_length=5, choices=Way, default=Way.PAGE, db_default=Way.PAGE
    )
    opened_at = models.DateTimeField(_("opened"), db_default=Now())
    # By whom it is with: the office's day first, then headquarters'.
    answer_by = models.DateField(_("answer promised by"), default=in_a_week)
    first_answered_at = models.DateTimeField(_("first answered"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    # Who at headquarters writes the answer, so that no two do.
    taken_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("taken by")
    )
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)

    objects = EnquiryQuerySet.as_manager()

    class Meta:
        verbose_name = _("enquiry")
        verbose_name_plural = _("enquiries")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["sub_county", "status"], name="enquiries_of_a_place"),
            models.Index(
                fields=["answer_by"], name="enquiries_that_wait", condition=Q(status__in=WAITING)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=EnquiryStatus.values), name="enquiry_status"
            ),
            models.CheckConstraint(
                condition=Q(category__in=Category.values), name="enquiry_category"
            ),
            models.CheckConstraint(
                condition=~Q(category=Category.APPEAL)
                | (~Q(status=EnquiryStatus.OPEN) & Q(officer__isnull=False)),
                name="appeal_is_for_headquarters",
            ),
            models.UniqueConstraint(
                fields=["officer"],
                condition=Q(category=Category.APPEAL) & ~Q(status=EnquiryStatus.CLOSED),
                name="one_appeal_at_a_time",
            ),
            models.CheckConstraint(condition=Q(way__in=Way.values), name="enquiry_way"),
            models.CheckConstraint(
                condition=Q(taken_by=None, taken_at=None)
                | Q(taken_by__isnull=False, taken_at__isnull=False),
                name="enquiry_says_since_when_it_is_taken",
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(way=Way.CLAIM) & ~Q(status=EnquiryStatus.CLOSED),
                name="one_live_enquiry_per_disputed_claim",
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_appeal(self) -> bool:
        return self.category == Category.APPEAL

    @property
    def is_waiting(self) -> bool:
        return self.status in WAITING

    @property
    def is_overdue(self) -> bool:
        return self.is_waiting and self.answer_by < timezone.localdate()

    @property
    def about(self) -> str:
        """As narrow as the officer said."""
        return str(self.topic) if self.topic else str(self.get_category_display())

    @property
    def payee_number(self) -> str:
        """As people write it."""
        return local(self.payee_phone) if self.payee_phone else ""

    @property
    def payee_hint(self) -> str:
        """For headquarters' pages; in full it is in the list that is taken away, and noted."""
        return hinted(self.payee_phone) if self.payee_phone else ""
