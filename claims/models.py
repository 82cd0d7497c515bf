from typing import Self

from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import GreaterThan
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, ExamDay
from cp2.rules import Role
from deployments.models import Deployment
from profiles.models import Officer


class ClaimStatus(models.TextChoices):
    PREPARED = "prepared", _("Prepared")
    VERIFIED = "verified", _("Verified")
    APPROVED = "approved", _("Approved")
    PAYING = "paying", _("Being paid")
    PAID = "paid", _("Paid")
    DISPUTED = "disputed", _("Disputed")


class ClaimQuerySet(models.QuerySet["Claim"]):
    def visible_to(self, user: User) -> Self:
        """A director sees a claim if any of its days were served in the sub-county."""
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                here = ClaimLine.objects.filter(
                    deployment__post__station__sub_county=user.sub_county_id
                )
                return self.filter(pk__in=here.values("claim"))
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def free_of_holds(self) -> Self:
        return self.exclude(holds__in=Hold.objects.standing())

    def with_exceptions(self) -> Self:
        """Adds `standing_holds`, and `too_long`: more days than the exam has."""
        holds = Hold.objects.standing().filter(claim=OuterRef("pk")).order_by().values("claim")
        days = ExamDay.objects.filter(exam=OuterRef("exam")).order_by().values("exam")
        return self.annotate(
            standing_holds=Coalesce(Subquery(holds.annotate(n=Count("pk")).values("n")), 0),
            too_long=GreaterThan(
                F("days"), Coalesce(Subquery(days.annotate(n=Count("pk")).values("n")), 0)
            ),
        )


class Claim(models.Model):
    """What one officer earned in one exam, over all deployments. Money is Kenya shillings.

    prepared → verified → approved → paying → paid
    prepared | verified → disputed → prepared          paying → approved (the payment failed)
    """

    MOVES = {
        ClaimStatus.PREPARED: [ClaimStatus.VERIFIED, ClaimStatus.DISPUTED],
        ClaimStatus.VERIFIED: [ClaimStatus.APPROVED, ClaimStatus.DISPUTED],
        ClaimStatus.DISPUTED: [ClaimStatus.PREPARED],
        ClaimStatus.APPROVED: [ClaimStatus.PAYING],
        ClaimStatus.PAYING: [ClaimStatus.PAID, ClaimStatus.APPROVED],
    }

    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="claims", verbose_name=_("officer")
    )
    exam = models.ForeignKey(Exam, models.PROTECT, related_name="claims", verbose_name=_("exam"))
    days = models.PositiveSmallIntegerField(_("days"))
    gross = models.DecimalField(_("gross"), max_digits=12, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=12, decimal_places=2)
    net = models.DecimalField(_("net"), max_digits=12, decimal_places=2)
    status = models.CharField(
        _("status"), max_length=10, choices=ClaimStatus, default=ClaimStatus.PREPARED
    )
    prepared_at = models.DateTimeField(_("prepared"), db_default=Now())
    verified_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("verified by")
    )
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    payment_reference = models.CharField(
        _("payment reference"), max_length=40, unique=True, null=True, blank=True
    )
    dispute_reason = models.CharField(
        _("what the officer disputes"), max_length=500, blank=True, db_default=""
    )

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-pk"]
        permissions = [
            ("approve_claim", _("Can approve claims")),
            ("dispute_claim", _("Can settle disputes")),
        ]
        indexes = [models.Index(fields=["exam", "status"], name="claims_of_an_exam")]
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "exam"], name="one_claim_per_officer_and_exam"
            ),
            models.CheckConstraint(condition=Q(status__in=ClaimStatus.values), name="claim_status"),
            models.CheckConstraint(
                condition=Q(gross__gte=0, tax__gte=0, net=F("gross") - F("tax"), net__gte=0),
                name="claim_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(status=ClaimStatus.PAID, paid_at__isnull=False)
                & Q(payment_reference__isnull=False)
                | ~Q(status=ClaimStatus.PAID) & Q(paid_at=None, payment_reference=None),
                name="claim_is_paid_with_proof",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[ClaimStatus.PREPARED, ClaimStatus.DISPUTED, ClaimStatus.VERIFIED],
                    approved_by=None,
                )
                | Q(
                    status__in=[ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.PAID],
                    approved_by__isnull=False,
                    verified_by__isnull=False,
                ),
                name="claim_names_who_approved_it",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None)
                | Q(approved_by=None)
                | ~Q(verified_by=F("approved_by")),
                name="nobody_approves_what_they_verified",
            ),
            models.CheckConstraint(
                condition=~Q(status=ClaimStatus.DISPUTED) | ~Q(dispute_reason=""),
                name="disputed_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer}, {self.exam.short}"


class ClaimLine(models.Model):
    """Days of one deployment at one rate, copied from the terms so that no later change alters
    what was claimed."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="lines")
    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="+", verbose_name=_("deployment")
    )
    days = models.PositiveSmallIntegerField(_("days"))
    rate = models.DecimalField(_("daily rate"), max_digits=8, decimal_places=2)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("claim line")
        verbose_name_plural = _("claim lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "deployment"], name="one_line_per_deployment"),
            models.CheckConstraint(
                condition=Q(amount=F("days") * F("rate"), days__gte=1, rate__gte=0),
                name="line_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} × {self.rate}"


class TaxRule(models.Model):
    """What is withheld from an exam's claims: nothing up to a threshold, above it a part of all.

    An exam without a rule is untaxed.
    """

    exam = models.OneToOneField(
        Exam, models.PROTECT, related_name="tax_rule", verbose_name=_("exam")
    )
    rate = models.DecimalField(_("withheld, %"), max_digits=5, decimal_places=2)
    above = models.DecimalField(_("from claims above, KES"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("tax rule")
        verbose_name_plural = _("tax rules")
        ordering = ["-exam"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rate__gte=0, rate__lte=100), name="tax_is_a_part_of_the_claim"
            ),
            models.CheckConstraint(condition=Q(above__gte=0), name="tax_threshold_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}: {self.rate}%"


class HoldCode(models.TextChoices):
    PAYEE_NAME = "payee_name", _("The payee's name differs from yours")
    MISSING_NUMBER = "missing_number", _("A number is missing from your profile")
    NOT_SUBMITTED = "not_submitted", _("Your profile is not submitted")
    RETURN = "return", _("The centre's signed register has not reached KNEC")
    DUPLICATE = "duplicate", _("Another claim looks like yours")
    INVESTIGATION = "investigation", _("The centre is under investigation")
    PAYEE_CHANGED = "payee_changed", _("The payee was changed lately")
    PAYMENT_FAILED = "payment_failed", _("The payment did not go through")


REMEDIES: dict[str, str | Promise] = {
    HoldCode.PAYEE_NAME: _(
        "In your profile, write the payee's name exactly as M-Pesa shows it, or give a number "
        "that is registered in your own name."
    ),
    HoldCode.MISSING_NUMBER: _(
        "In your profile, fill in your national ID number and your TSC or PF number."
    ),
    HoldCode.NOT_SUBMITTED: _("Complete your profile and submit it."),
    HoldCode.RETURN: _(
        "Ask the centre manager to print, sign and stamp the register and to hand it to the "
        "Sub-County Director of Education."
    ),
    HoldCode.DUPLICATE: _(
        "Headquarters is comparing the two claims. If both look like yours, write an enquiry that "
        "says which one is right."
    ),
    HoldCode.INVESTIGATION: _(
        "Payments for this centre wait until KNEC has finished looking into it. You need do "
        "nothing now."
    ),
    HoldCode.PAYEE_CHANGED: _(
        "For your safety we wait 72 hours after a payee is changed. If you did not change it, "
        "write an enquiry at once."
    ),
    HoldCode.PAYMENT_FAILED: _(
        "Check in your profile that the number to be paid is right, is registered with M-Pesa and "
        "can take the amount. Correct it there, or write an enquiry if it is right."
    ),
}


class HoldQuerySet(models.QuerySet["Hold"]):
    def standing(self) -> Self:
        return self.filter(cleared_at=None)


class Hold(models.Model):
    """A reason why a claim is not paid yet. The officer sees it, and what to do about it."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="holds", verbose_name=_("claim"))
    code = models.CharField(_("reason"), max_length=16, choices=HoldCode)
    note = models.CharField(_("note"), max_length=300, blank=True)
    raised_at = models.DateTimeField(_("raised"), db_default=Now())
    raised_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("raised by"),
        help_text=_("Empty: raised by rule."),
    )
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    cleared_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("cleared by")
    )

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(code__in=HoldCode.values), name="hold_code"),
            models.UniqueConstraint(
                fields=["claim", "code"],
                condition=Q(cleared_at=None),
                name="one_standing_hold_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(cleared_by=None) | Q(cleared_at__isnull=False),
                name="hold_is_cleared_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_code_display())

    @property
    def remedy(self) -> str:
        """What the officer can do about it."""
        return str(REMEDIES[self.code])


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
