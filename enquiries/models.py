from typing import Self

from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, Office, SubCounty
from cp2.rules import Role
from profiles.models import Officer
from sms.phones import local


class Category(models.TextChoices):
    PAYMENT = "payment", _("I worked and was not paid")
    DEPLOYMENT = "deployment", _("My deployment or my letter")
    ATTENDANCE = "attendance", _("My attendance was marked wrongly")
    PROFILE = "profile", _("My profile or my number")
    APPEAL = "appeal", _("I am barred and ask that it be looked at again")
    OTHER = "other", _("Something else")


class EnquiryStatus(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    ESCALATED = "escalated", _("With headquarters")
    CLOSED = "closed", _("Closed")


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
        return self.filter(status__in=[EnquiryStatus.OPEN, EnquiryStatus.ESCALATED])

    def live_appeals(self) -> Self:
        return self.filter(category=Category.APPEAL).exclude(status=EnquiryStatus.CLOSED)

    def most_urgent_first(self) -> Self:
        """What is open, the oldest first; then the rest."""
        is_open = Case(When(status=EnquiryStatus.OPEN, then=0), default=1)
        return self.order_by(is_open, "opened_at", "pk")


class Enquiry(models.Model):
    """A question, with the fields of KNEC's official query form.

    open → answered → closed          open | answered → escalated → answered | closed
    answered → open                   (the officer asks again)

    An appeal begins as escalated, and comes back to that when the officer adds to it.
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
    centre_code = models.CharField(_("centre code"), max_length=12, blank=True)
    position = models.CharField(_("position"), max_length=60, blank=True)
    payee_phone = models.CharField(_("M-Pesa number"), max_length=12, blank=True)
    subject = models.CharField(_("subject"), max_length=120)
    text = models.TextField(_("your question"), max_length=2000)
    status = models.CharField(
        _("status"), max_length=10, choices=EnquiryStatus, default=EnquiryStatus.OPEN
    )
    opened_at = models.DateTimeField(_("opened"), db_default=Now())

    objects = EnquiryQuerySet.as_manager()

    class Meta:
        verbose_name = _("enquiry")
        verbose_name_plural = _("enquiries")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["sub_county", "status"], name="enquiries_of_a_place")]
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
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_appeal(self) -> bool:
        return self.category == Category.APPEAL

    @property
    def payee_number(self) -> str:
        """As people write it."""
        return local(self.payee_phone) if self.payee_phone else ""


class Reply(models.Model):
    """One turn of the conversation below a question, by either side."""

    enquiry = models.ForeignKey(
        Enquiry, models.CASCADE, related_name="replies", verbose_name=_("enquiry")
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    text = models.TextField(_("reply"), max_length=2000)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.by}: {self.text[:40]}"
