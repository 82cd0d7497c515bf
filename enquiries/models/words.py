from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from enquiries.models.enquiries import Enquiry


class Reply(models.Model):
    """One turn of the conversation below a question, by either side or, by rule, by nobody."""

    enquiry = models.ForeignKey(
        Enquiry, models.CASCADE, related_name="replies", verbose_name=_("enquiry")
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    text = models.TextField(_("reply"), max_length=2000)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.by or 'CP2'}: {self.text[:40]}"


class Note(models.Model):
    """What those who answer tell each other. The officer does not see it."""

    enquiry = models.ForeignKey(
        Enquiry, models.CASCADE, related_name="notes", verbose_name=_("enquiry")
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    text = models.TextField(_("note"), max_length=1000)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="note_says_something")
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.text[:40]}"
