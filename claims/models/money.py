"""Where all the money is, counted every now and then; and the payments an auditor looks into."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, Position, SubCounty
from claims.models.claims import ClaimStatus


class MoneyState(models.TextChoices):
    """Where a claim's money is. Each claim is in one of these."""

    OWED = "owed", _("Owed")
    APPROVED = "approved", _("Approved")
    PAYING = "paying", _("Being paid")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed or returned")
    DISPUTED = "disputed", _("Disputed")
    KEPT_BACK = "kept_back", _("Kept back")


class Road(models.TextChoices):
    """The channel of a claim's payment or, until it is in a batch, what its officer chose."""

    MPESA = "mpesa", _("M-Pesa")
    EFT = "eft", _("Bank, a list for each bank")
    ISO = "iso", _("Bank, ISO 20022")
    BANK = "bank", _("Bank, in no batch yet")


class MoneyCount(models.Model):
    """What the claims of a sub-county and a position come to that reached a state in one week.

    Amounts are those of the lines, each with its share of the claim's tax; a claim and its officer
    are counted once, where most of it was earned. So all of these add up.
    """

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="+", verbose_name=_("sub-county")
    )
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="+", verbose_name=_("position")
    )
    channel = models.CharField(_("channel"), max_length=5, choices=Road)
    status = models.CharField(_("status"), max_length=10, choices=ClaimStatus)
    state = models.CharField(_("where the money is"), max_length=10, choices=MoneyState)
    is_held = models.BooleanField(_("held"))
    week = models.DateField(_("Monday of the week"))
    claims = models.PositiveIntegerField(_("claims"))
    officers = models.PositiveIntegerField(_("officers"))
    gross = models.DecimalField(_("gross"), max_digits=14, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2)
    advance = models.DecimalField(_("paid in advance"), max_digits=14, decimal_places=2)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2)
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("count of money")
        verbose_name_plural = _("counts of money")
        ordering = ["exam", "sub_county", "position", "state", "week"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "exam",
                    "sub_county",
                    "position",
                    "channel",
                    "status",
                    "state",
                    "is_held",
                    "week",
                ],
                name="one_count_of_a_kind_of_money",
            ),
            models.CheckConstraint(
                condition=Q(net=models.F("gross") - models.F("tax") - models.F("advance")),
                name="counted_money_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam}, {self.sub_county}, {self.get_state_display()}: {self.net}"


class MoneyDay(models.Model):
    """What was claimed, approved and paid on one day, for the chart."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="+", verbose_name=_("sub-county")
    )
    day = models.DateField(_("day"))
    claimed = models.DecimalField(_("claimed"), max_digits=14, decimal_places=2)
    approved = models.DecimalField(_("approved"), max_digits=14, decimal_places=2)
    paid = models.DecimalField(_("paid"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("money of a day")
        verbose_name_plural = _("money of days")
        ordering = ["exam", "day", "sub_county"]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "day", "sub_county"], name="one_sum_of_money_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam}, {self.sub_county}, {self.day}"


class MoneyChange(models.Model):
    """That claims or holds of an exam have changed since they were counted.

    Triggers add a row for each statement (migration); whoever counts takes them away.
    """

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))

    class Meta:
        verbose_name = _("change to be counted")
        verbose_name_plural = _("changes to be counted")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.exam)


class AuditSample(models.Model):
    """Payments that were drawn at random, for an auditor to trace. Whoever has the seed and the
    same payments draws the same ones."""

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    seed = models.CharField(_("seed"), max_length=40)
    size = models.PositiveSmallIntegerField(_("payments"))
    by_county = models.BooleanField(_("shared out over the counties"))
    drawn_from = models.PositiveIntegerField(_("out of"))
    payments = ArrayField(models.BigIntegerField(), verbose_name=_("payments drawn"))
    drawn_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("drawn by"))
    drawn_at = models.DateTimeField(_("drawn"))

    class Meta:
        verbose_name = _("auditor's sample")
        verbose_name_plural = _("auditor's samples")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size__gte=1, payments__len=models.F("size"))
                & Q(drawn_from__gte=models.F("size")),
                name="sample_is_of_what_there_is",
            ),
            models.CheckConstraint(condition=~Q(seed=""), name="sample_has_its_seed"),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}, {self.seed}"
