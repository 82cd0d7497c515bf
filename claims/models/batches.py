from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, SubCounty
from claims.models.claims import Claim
from profiles.models import masked


class Channel(models.TextChoices):
    """How a batch is paid: what it is exported as."""

    MPESA = "mpesa", _("M-Pesa bulk payment")
    EFT = "eft", _("Bank transfers, a list for each bank")
    ISO = "iso", _("Bank transfers, ISO 20022")


BANKS = [Channel.EFT, Channel.ISO]


class BatchStatus(models.TextChoices):
    BUILDING = "building", _("Being built")
    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    EXPORTED = "exported", _("Exported")
    RECONCILED = "reconciled", _("Reconciled")
    CANCELLED = "cancelled", _("Cancelled")


SENT = [BatchStatus.EXPORTED, BatchStatus.RECONCILED]
UNAPPROVED = [BatchStatus.BUILDING, BatchStatus.DRAFT, BatchStatus.CANCELLED]


class PaymentBatch(models.Model):
    """Payments that leave together. One person prepares it and another approves it.

    building → draft → approved → exported → reconciled          building | draft → cancelled
    """

    MOVES = {
        BatchStatus.BUILDING: [BatchStatus.DRAFT, BatchStatus.CANCELLED],
        BatchStatus.DRAFT: [BatchStatus.APPROVED, BatchStatus.CANCELLED],
        BatchStatus.APPROVED: [BatchStatus.EXPORTED],
        BatchStatus.EXPORTED: [BatchStatus.RECONCILED],
    }

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="batches", verbose_name=_("exam"))
    channel = models.CharField(
        _("channel"),
        max_length=5,
        choices=Channel,
        default=Channel.MPESA,
        db_default=Channel.MPESA,
    )
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
        help_text=_("Empty: all."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=BatchStatus, default=BatchStatus.DRAFT
    )
    prepared_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("prepared by")
    )
    prepared_at = models.DateTimeField(_("prepared"), db_default=Now())
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2)
    count = models.PositiveIntegerField(_("payments"))
    file = models.FileField(_("file"), upload_to="batches/", blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    exported_at = models.DateTimeField(_("exported"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment batch")
        verbose_name_plural = _("payment batches")
        ordering = ["-pk"]
        permissions = [
            ("prepare_paymentbatch", _("Can prepare, export and reconcile batches")),
            ("approve_paymentbatch", _("Can approve batches")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=BatchStatus.values), name="batch_status"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("prepared_by")),
                name="nobody_approves_what_they_prepared",
            ),
            models.CheckConstraint(
                condition=Q(status__in=UNAPPROVED, approved_by=None)
                | Q(
                    status__in=[
                        BatchStatus.APPROVED,
                        BatchStatus.EXPORTED,
                        BatchStatus.RECONCILED,
                    ],
                    approved_by__isnull=False,
                    approved_at__isnull=False,
                ),
                name="batch_names_who_approved_it",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=SENT,
                    exported_at__isnull=False,
                )
                & ~Q(sha256="")
                | Q(
                    status__in=[*UNAPPROVED, BatchStatus.APPROVED],
                    exported_at=None,
                    sha256="",
                ),
                name="exported_batch_has_its_file",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=0, count__gte=1)
                | Q(
                    status__in=[BatchStatus.BUILDING, BatchStatus.CANCELLED],
                    total__gte=0,
                    count__gte=0,
                ),
                name="batch_pays_somebody",
            ),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="batch_channel"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class PaymentStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    REVERSED = "reversed", _("Taken back")


PROVEN = [PaymentStatus.PAID, PaymentStatus.REVERSED]


class Payment(models.Model):
    """One attempt to pay one claim, to the payee as it stood when the batch was prepared.

    waiting → paid | failed | cancelled          paid → reversed (the channel took it back)

    `amount` is the claim's net, less what is kept back of what the officer owes. A payment goes
    to a phone or, by a bank, to an account.
    """

    MOVES = {
        PaymentStatus.WAITING: [
            PaymentStatus.PAID,
            PaymentStatus.FAILED,
            PaymentStatus.CANCELLED,
        ],
        PaymentStatus.PAID: [PaymentStatus.REVERSED],
    }

    batch = models.ForeignKey(
        PaymentBatch, models.PROTECT, related_name="payments", verbose_name=_("batch")
    )
    claim = models.ForeignKey(
        Claim, models.PROTECT, related_name="payments", verbose_name=_("claim")
    )
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    payee_name = models.CharField(_("payee"), max_length=120)
    channel = models.CharField(
        _("channel"),
        max_length=5,
        choices=Channel,
        default=Channel.MPESA,
        db_default=Channel.MPESA,
    )
    payee_phone = models.CharField(_("number"), max_length=12, blank=True)
    bank_code = models.CharField(_("bank"), max_length=2, blank=True, db_default="")
    branch_code = models.CharField(_("branch"), max_length=3, blank=True, db_default="")
    account = models.CharField(_("account"), max_length=20, blank=True, db_default="")
    status = models.CharField(
        _("status"), max_length=10, choices=PaymentStatus, default=PaymentStatus.WAITING
    )
    reference = models.CharField(
        _("provider's reference"), max_length=40, unique=True, null=True, blank=True
    )
    failure = models.CharField(_("failure"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PaymentStatus.values), name="payment_status"
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(status__in=[PaymentStatus.WAITING, PaymentStatus.PAID]),
                name="one_live_payment_per_claim",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_of_something"),
            models.CheckConstraint(
                condition=Q(status__in=PROVEN, reference__isnull=False)
                | (~Q(status__in=PROVEN) & Q(reference=None)),
                name="payment_is_paid_with_proof",
            ),
            models.CheckConstraint(
                condition=Q(payee_phone__regex=r"^254[17][0-9]{8}$")
                | Q(channel__in=BANKS, payee_phone=""),
                name="payment_goes_to_a_kenyan_mobile",
            ),
            models.CheckConstraint(
                condition=Q(channel=Channel.MPESA, bank_code="", branch_code="", account="")
                | Q(
                    channel__in=BANKS,
                    bank_code__regex=r"^[0-9]{2}$",
                    branch_code__regex=r"^[0-9]{3}$",
                    account__regex=r"^[0-9]{5,20}$",
                ),
                name="payment_by_a_bank_goes_to_an_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount}"

    @property
    def masked_account(self) -> str:
        """Enough of a bank's account to know it by; nothing for a phone."""
        account = masked(self.account)
        return f"{self.bank_code} {self.branch_code} {account}" if account else ""


class Recovery(models.Model):
    """A claim of less than nothing, kept back whole from a payment to the same officer."""

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="recoveries", verbose_name=_("payment")
    )
    claim = models.ForeignKey(
        Claim, models.PROTECT, related_name="recoveries", verbose_name=_("claim")
    )
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    returned_at = models.DateTimeField(
        _("returned"),
        null=True,
        blank=True,
        help_text=_("The payment came to nothing, so it is still to be kept back."),
    )

    class Meta:
        verbose_name = _("amount kept back")
        verbose_name_plural = _("amounts kept back")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(returned_at=None),
                name="one_live_recovery_per_claim",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0), name="recovery_keeps_something_back"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim}: {self.amount}"
