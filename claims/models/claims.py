from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam, ExamDay
from cp2.rules import Role
from profiles.models import Officer

if TYPE_CHECKING:
    from claims.models.holds import HoldQuerySet
    from claims.models.lines import ClaimLine


class ClaimStatus(models.TextChoices):
    PREPARED = "prepared", _("Prepared")
    VERIFIED = "verified", _("Verified")
    APPROVED = "approved", _("Approved")
    PAYING = "paying", _("Being paid")
    PAID = "paid", _("Paid")
    DISPUTED = "disputed", _("Disputed")


# Their figures still follow the marks.
OPEN = [ClaimStatus.PREPARED, ClaimStatus.VERIFIED, ClaimStatus.DISPUTED]
# Approved, so what was claimed stands still.
FIXED = [ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.PAID]
# No payment is under way or made, so they can be held.
UNPAID = [*OPEN, ClaimStatus.APPROVED]


class ClaimQuerySet(models.QuerySet["Claim"]):
    def visible_to(self, user: User) -> Self:
        """A director sees a claim if any of its days were served in the sub-county."""
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                here = _lines().filter(deployment__post__station__sub_county=user.sub_county_id)
                return self.filter(pk__in=here.values("claim"))
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def served_in(self, *, sub_county: Any = None, county: Any = None) -> Self:
        """Those with work that was done there; all of them, where no place is named."""
        station = "deployment__post__station__sub_county"
        if sub_county is not None:
            return self.filter(earned(**{station: sub_county}))
        if county is not None:
            return self.filter(earned(**{f"{station}__county": county}))
        return self

    def free_of_holds(self) -> Self:
        return self.exclude(holds__in=_holds().standing())

    def with_exceptions(self) -> Self:
        """Adds `standing_holds`, and `too_long`: more days than the exam has."""
        holds = _holds().standing().filter(claim=OuterRef("pk")).order_by().values("claim")
        days = ExamDay.objects.filter(exam=OuterRef("exam")).order_by().values("exam")
        return self.annotate(
            standing_holds=Coalesce(Subquery(holds.annotate(n=Count("pk")).values("n")), 0),
            too_long=GreaterThan(
                F("days"), Coalesce(Subquery(days.annotate(n=Count("pk")).values("n")), 0)
            ),
        )


def _lines() -> "models.QuerySet[ClaimLine]":
    """Lines and holds stand on claims, so this module is read before theirs."""
    from claims.models.lines import ClaimLine

    return ClaimLine.objects.all()


def _holds() -> "HoldQuerySet":
    from claims.models.holds import Hold

    return Hold.objects.all()


class Claim(models.Model):
    """What one officer earned in one exam, over all deployments. Money is Kenya shillings.

    prepared → verified → approved → paying → paid
    prepared | verified → disputed → prepared      verified → prepared (the marks changed since)
    paying → approved (the payment failed)         paid → approved (the channel took it back)

    What is approved is never edited. If the marks say otherwise later, an adjustment, which is a
    claim that `adjusts` the first one, carries the difference through the same life. One that
    takes money back has a negative `net` and is kept back from the officer's next payment.
    """

    MOVES = {
        ClaimStatus.PREPARED: [ClaimStatus.VERIFIED, ClaimStatus.DISPUTED],
        ClaimStatus.VERIFIED: [ClaimStatus.APPROVED, ClaimStatus.DISPUTED, ClaimStatus.PREPARED],
        ClaimStatus.DISPUTED: [ClaimStatus.PREPARED],
        ClaimStatus.APPROVED: [ClaimStatus.PAYING],
        ClaimStatus.PAYING: [ClaimStatus.PAID, ClaimStatus.APPROVED],
        ClaimStatus.PAID: [ClaimStatus.APPROVED],
    }

    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="claims", verbose_name=_("officer")
    )
    exam = models.ForeignKey(Exam, models.PROTECT, related_name="claims", verbose_name=_("exam"))
    adjusts = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="adjustments",
        verbose_name=_("adjusts"),
    )
    days = models.SmallIntegerField(_("days"))
    gross = models.DecimalField(_("gross"), max_digits=12, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=12, decimal_places=2)
    advance = models.DecimalField(
        _("paid in advance"),
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
    )
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
    question = models.CharField(
        _("what the director asks"), max_length=300, blank=True, default="", db_default=""
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
        indexes = [
            models.Index(fields=["exam", "status"], name="claims_of_an_exam"),
            models.Index(fields=["-id"], condition=~Q(question=""), name="claims_in_question"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "exam"],
                condition=Q(adjusts=None),
                name="one_claim_per_officer_and_exam",
            ),
            models.UniqueConstraint(
                fields=["adjusts"], condition=Q(status__in=OPEN), name="one_open_adjustment"
            ),
            models.CheckConstraint(
                condition=Q(adjusts=None) | ~Q(adjusts=F("id")), name="no_claim_adjusts_itself"
            ),
            models.CheckConstraint(condition=Q(status__in=ClaimStatus.values), name="claim_status"),
            models.CheckConstraint(
                condition=Q(net=F("gross") - F("tax") - F("advance"))
                & (
                    Q(adjusts__isnull=False)
                    | Q(days__gte=0, tax__gte=0, tax__lte=F("gross"), advance__gte=0)
                ),
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
                    status__in=FIXED,
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
            models.CheckConstraint(
                condition=Q(question="")
                | Q(status__in=[ClaimStatus.PREPARED, ClaimStatus.DISPUTED]),
                name="verified_without_a_question",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer}, {self.exam.short}"


def earned(**where: Any) -> Q:
    """For claims: those with a line of which this is so. An adjustment of the tax alone has no
    line: it is for the work of the claim that it adjusts."""
    lines = _lines().filter(**where).order_by().values("claim")
    tax_alone = Claim.objects.filter(adjusts__in=lines, lines=None).order_by().values("pk")
    return Q(pk__in=lines.union(tax_alone))
