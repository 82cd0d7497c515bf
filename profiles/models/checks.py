from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from profiles.models.officer import Officer
from profiles.models.registers import Register


class Outcome(models.TextChoices):
    VERIFIED = "verified", _("Verified")
    MISMATCH = "mismatch", _("Differs")
    NOT_FOUND = "not_found", _("Not found")


class Fact(models.TextChoices):
    """What an officer says that a register may say otherwise."""

    TSC_NUMBER = "tsc_number", _("TSC number")
    NATIONAL_ID = "national_id", _("National ID number")
    FULL_NAME = "full_name", _("Full name")


class RegisterCheckQuerySet(models.QuerySet["RegisterCheck"]):
    def visible_to(self, user: User) -> Self:
        """With the officer."""
        return self.filter(officer__in=Officer.objects.visible_to(user))

    def differing(self) -> Self:
        return self.exclude(outcome=Outcome.VERIFIED)

    def waiting(self) -> Self:
        """Nobody has said yet that it is the same person after all."""
        return self.differing().filter(accepted_by=None)


class RegisterCheck(models.Model):
    """An officer held against one register, fact by fact.

    It stands for what both said then: `seen` is a digest of that, so a change on either side is
    noticed, and what somebody accepted falls with it.
    """

    officer = models.ForeignKey(Officer, models.CASCADE, related_name="checks")
    register = models.CharField(_("register"), max_length=10, choices=Register)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome)
    fields = ArrayField(
        models.CharField(max_length=11, choices=Fact),
        default=list,
        blank=True,
        verbose_name=_("what differs"),
    )
    seen = models.CharField(max_length=32, editable=False)
    checked_at = models.DateTimeField(_("checked"), db_default=Now())
    accepted_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("accepted as the same person by"),
    )
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = RegisterCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("check against a register")
        verbose_name_plural = _("checks against registers")
        ordering = ["officer", "register"]
        indexes = [
            models.Index(  # few of very many
                fields=["register", "outcome"],
                condition=~Q(outcome="verified"),
                name="checks_that_differ",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "register"], name="one_check_of_an_officer_per_register"
            ),
            models.CheckConstraint(
                condition=Q(register__in=Register.values), name="check_against_a_known_register"
            ),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="check_outcome"),
            models.CheckConstraint(
                condition=Q(fields__contained_by=Fact.values), name="check_of_known_facts"
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.VERIFIED, fields=[])
                | ~Q(outcome=Outcome.VERIFIED) & ~Q(fields=[]),
                name="facts_differ_unless_verified",
            ),
            models.CheckConstraint(
                condition=Q(accepted_by=None, accepted_at=None, reason="")
                | Q(accepted_by__isnull=False, accepted_at__isnull=False)
                & ~Q(reason="")
                & ~Q(outcome=Outcome.VERIFIED),
                name="accepted_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_register_display()}: {self.get_outcome_display()}"

    @property
    def facts(self) -> str:
        """What differs, in words."""
        return ", ".join(str(Fact(name).label) for name in self.fields)

    @property
    def tone(self) -> str:
        """As the badges of _status.scss know it."""
        return "missing" if self.outcome == Outcome.NOT_FOUND else self.outcome
