from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from claims.models.batches import Payment, PaymentBatch


class Account(models.TextChoices):
    """Where the money of a batch is."""

    OWED = "owed", _("Owed to officers")
    CHANNEL = "channel", _("With the channel")
    PAID = "paid", _("Paid out")
    KEPT = "kept", _("Kept back")


class LedgerEntry(models.Model):
    """An amount that went from one account to another: what is debited there is credited here, so
    every batch balances. Entries are only added; what was wrong is reversed by a new one."""

    batch = models.ForeignKey(
        PaymentBatch, models.PROTECT, related_name="entries", verbose_name=_("batch")
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="entries", verbose_name=_("payment")
    )
    debit = models.CharField(_("from"), max_length=8, choices=Account)
    credit = models.CharField(_("to"), max_length=8, choices=Account)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    reverses = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reversed_by",
        verbose_name=_("reverses"),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(debit__in=Account.values, credit__in=Account.values)
                & ~Q(debit=F("credit")),
                name="ledger_entry_goes_between_two_accounts",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_entry_is_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.get_debit_display()} → {self.get_credit_display()}: {self.amount}"
