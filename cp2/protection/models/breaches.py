from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import SubCounty
from cp2.runs.models import Run
from profiles.models import Officer

# Section 43 of the Data Protection Act, 2019
TO_THE_COMMISSIONER = timedelta(hours=72)


class Field(models.TextChoices):
    """What may have got out, as people would call it; see cp2.protection.breach for where it is."""

    NAME = "name", _("Name")
    PHONE = "phone", _("Phone number")
    NATIONAL_ID = "national_id", _("National ID number")
    KRA_PIN = "kra_pin", _("KRA PIN")
    TSC = "tsc_number", _("TSC number")
    EMAIL = "email", _("E-mail")
    PAYEE = "payee", _("M-Pesa number to be paid")
    BANK = "bank", _("Bank account")
    KIN = "kin", _("Next of kin")
    PAPERS = "papers", _("Certificates and copies of the ID card")


class Breach(models.Model):
    """Personal data that got to where it should not be: what, when it was found, who is affected,
    and who has been told."""

    title = models.CharField(_("title"), max_length=120)
    what = models.CharField(_("what happened"), max_length=2000)
    found_at = models.DateTimeField(_("found"))
    from_at = models.DateTimeField(_("open from"))
    to_at = models.DateTimeField(_("until"))
    fields = ArrayField(
        models.CharField(max_length=12, choices=Field), verbose_name=_("which data")
    )
    account = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("through whose account"),
        help_text=_("Those are affected whom this account looked at then. Empty: all whose "
                    "data are held."),
    )  # fmt: skip
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
        help_text=_("Empty: the whole nation."),
    )
    opened_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("written down by")
    )
    opened_at = models.DateTimeField(_("written down"), db_default=Now())
    run = models.ForeignKey(
        Run,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("run"),
        editable=False,
    )
    counts = models.JSONField(_("affected"), default=dict, blank=True, editable=False)
    commissioner_told_at = models.DateTimeField(_("Commissioner told"), null=True, blank=True)
    people_told_at = models.DateTimeField(_("people told"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    note = models.CharField(_("what was done"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_at__gte=F("from_at")), name="breach_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | (~Q(note="") & Q(commissioner_told_at__isnull=False)),
                name="closed_breach_says_what_was_done",
            ),
            models.CheckConstraint(condition=~Q(fields=[]), name="breach_names_which_data"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def due_at(self) -> datetime:
        """When the Commissioner must have heard of it."""
        return self.found_at + TO_THE_COMMISSIONER

    @property
    def is_late(self) -> bool:
        return self.commissioner_told_at is None and timezone.now() > self.due_at


class Affected(models.Model):
    """Somebody whose data a breach may have shown, and which of them."""

    breach = models.ForeignKey(
        Breach, models.PROTECT, related_name="affected", verbose_name=_("breach")
    )
    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="affected_by", verbose_name=_("officer")
    )
    fields = ArrayField(models.CharField(max_length=12), verbose_name=_("which data"))

    class Meta:
        verbose_name = _("person affected")
        verbose_name_plural = _("people affected")
        constraints = [
            models.UniqueConstraint(
                fields=["breach", "officer"], name="one_line_of_a_person_per_breach"
            )
        ]

    def __str__(self) -> str:
        return f"{self.breach}: {self.officer}"
