from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import Bank, BankBranch
from profiles.models.officer import Officer, masked


class BankAccount(models.Model):
    officer = models.OneToOneField(Officer, models.CASCADE, related_name="bank_account")
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="+", verbose_name=_("bank"))
    branch = models.ForeignKey(
        BankBranch, models.PROTECT, related_name="+", verbose_name=_("branch")
    )
    number = models.CharField(_("account number"), max_length=20)

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        indexes = [models.Index(fields=["number", "bank"], name="bank_accounts_by_number")]
        constraints = [
            models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9]{5,20}$"), name="account_number_is_digits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bank} {self.masked_number}"

    @property
    def masked_number(self) -> str:
        return masked(self.number)


class NextOfKin(models.Model):
    officer = models.OneToOneField(Officer, models.CASCADE, related_name="next_of_kin")
    full_name = models.CharField(_("full name"), max_length=120)
    phone = models.CharField(_("telephone"), max_length=12)
    relationship = models.CharField(_("relationship"), max_length=40)

    class Meta:
        verbose_name = _("next of kin")
        verbose_name_plural = _("next of kin")
        constraints = [
            models.CheckConstraint(
                condition=Q(phone__regex=r"^254[17][0-9]{8}$"), name="kin_has_a_kenyan_mobile"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name
