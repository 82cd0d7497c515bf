from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam
from claims.models.claims import Claim


class BatchStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    EXPORTED = "exported", _("Exported")
    RECONCILED = "reconciled", _("Reconciled")
    CANCELLED = "cancelled", _("Cancelled")


class PaymentBatch(models.Model):
    """Payments that leave together. One person prepares it and another approves it.

    draft → approved → exported → reconciled          draft → cancelled
    """

    MOVES = {
        BatchStatus.DRAFT: [BatchStatus.APPROVED, BatchStatus.CANCELLED],
        BatchStatus.APPROVED: [BatchStatus.EXPORTED],
        BatchStatus.EXPORTED: [BatchStatus.RECONCILED],
    }

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="batches", verbose_name=_("exam"))
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
                condition=Q(status__in=[BatchStatus.DRAFT, BatchStatus.CANCELLED], approved_by=None)
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
                    status__in=[BatchStatus.EXPORTED, BatchStatus.RECONCILED],
                    exported_at__isnull=False,
                )
                & ~Q(sha256="")
                | Q(
                    status__in=[BatchStatus.DRAFT, BatchStatus.APPROVED, BatchStatus.CANCELLED],
                    exported_at=None,
                    sha256="",
                ),
                name="exported_batch_has_its_file",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=0, count__gte=1), name="batch_pays_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class PaymentStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Payment(models.Model):
    """One attempt to pay one claim, to the payee as it stood when the batch was prepared.

    waiting → paid | failed | cancelled
    """

    MOVES = {
        PaymentStatus.WAITING: [
            PaymentStatus.PAID,
            PaymentStatus.FAILED,
            PaymentStatus.CANCELLED,
        ],
    }

    batch = models.ForeignKey(
        PaymentBatch, models.PROTECT, related_name="payments", verbose_name=_("batch")
    )
    claim = models.ForeignKey(
        Claim, models.PROTECT, related_name="payments", verbose_name=_("claim")
    )
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    payee_name = models.CharField(_("payee"), max_length=120)
    payee_phone = models.CharField(_("number"), max_length=12)
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
                condition=Q(status=PaymentStatus.PAID, reference__isnull=False)
                | (~Q(status=PaymentStatus.PAID) & Q(reference=None)),
                name="payment_is_paid_with_proof",
            ),
            models.CheckConstraint(
                condition=Q(payee_phone__regex=r"^254[17][0-9]{8}$"),
                name="payment_goes_to_a_kenyan_mobile",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payee_name}: {self.amount}"
