from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam
from claims.models.claims import OPEN, Claim
from deployments.models import DeploymentStatus
from profiles.models import Outcome


class GhostCode(models.TextChoices):
    """What makes one ask whether somebody is there at all."""

    SAME_PAYEE = "same_payee", _("Several people are paid at one number")
    SAME_ACCOUNT = "same_account", _("Several people are paid to one bank account")
    SAME_PERSON = "same_person", _("Two accounts have a number of the same person")
    NAME_FAR = "name_far", _("The payee has quite another name")
    PAYS_ANOTHER = "pays_another", _("The number to be paid is another officer's")
    SAME_KIN = "same_kin", _("Three or more have one next of kin")
    NOT_ACCEPTED = "not_accepted", _("Marked without an accepted deployment")
    TOO_MANY_DAYS = "too_many_days", _("More days than there were")
    ODD_RATE = "odd_rate", _("A rate that is not in the terms")
    OVER_ENTITLED = "over_entitled", _("More were present than the centre is entitled to")
    ONLY_LATE = "only_late", _("All days by amendment or after the register closed")
    ONE_SITTING = "one_sitting", _("The whole exam marked in one sitting, nobody absent")
    NOT_IN_REGISTER = "not_in_register", _("The TSC register does not confirm who this is")
    LATE_ACCOUNT = "late_account", _("The account was opened after the exam began")
    NEVER_SIGNED_IN = "never_signed_in", _("Has never signed in")


# How much each weighs. 30: money would go wrong if it is what it looks like. 20: the claim rests on
# something that the rules do not allow. 15: seldom so with honest people. 10 and 5: often so with
# honest people, and worth knowing where other things come together.
WEIGHTS: dict[str, int] = {
    GhostCode.SAME_PAYEE: 30,
    GhostCode.SAME_ACCOUNT: 30,
    GhostCode.SAME_PERSON: 30,
    GhostCode.TOO_MANY_DAYS: 30,
    GhostCode.ODD_RATE: 30,
    GhostCode.NAME_FAR: 20,
    GhostCode.NOT_ACCEPTED: 20,
    GhostCode.OVER_ENTITLED: 20,
    GhostCode.PAYS_ANOTHER: 15,
    GhostCode.ONLY_LATE: 15,
    GhostCode.NOT_IN_REGISTER: 15,
    GhostCode.SAME_KIN: 10,
    GhostCode.NEVER_SIGNED_IN: 10,
    GhostCode.ONE_SITTING: 5,
    GhostCode.LATE_ACCOUNT: 5,
}
# What the figures of a signal are called. People's numbers are never among them.
FIGURES: dict[str, str | Promise] = {
    "people": _("people"),
    "likeness": _("likeness of the names, of 100"),
    "days": _("days claimed"),
    "possible": _("days there were"),
    "rate": _("rate"),
    "present": _("present"),
    "entitled": _("entitled"),
    "station": _("centre"),
    "by": _("by"),
    "status": _("status"),
    "joined": _("opened on"),
}
STATES: dict[str, str | Promise] = {
    **dict(DeploymentStatus.choices),
    **dict(Outcome.choices),
    "not_checked": _("Never held against it"),
}


class GhostSignalQuerySet(models.QuerySet["GhostSignal"]):
    def unlooked(self) -> Self:
        return self.filter(looked_at=None)

    def before_approval(self) -> Self:
        return self.filter(claim__status__in=OPEN)


class GhostSignal(models.Model):
    """Something odd about a claim, found by rule, that a person may look into before it is paid.

    Counted anew by each run: what is no longer so goes away, and what somebody has looked at stays
    looked at until its figures change.
    """

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    claim = models.ForeignKey(
        Claim, models.CASCADE, related_name="signals", verbose_name=_("claim")
    )
    code = models.CharField(_("signal"), max_length=16, choices=GhostCode)
    # Those that are odd together have one key: it names the group and tells nothing.
    group_key = models.CharField(_("group"), max_length=40, blank=True)
    weight = models.PositiveSmallIntegerField(_("weight"))
    detail = models.JSONField(_("figures"), default=dict, blank=True)
    computed_at = models.DateTimeField(_("found"), db_default=Now())
    looked_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looked at by"),
    )
    looked_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    finding = models.CharField(_("what was found"), max_length=300, blank=True)

    objects = GhostSignalQuerySet.as_manager()

    class Meta:
        verbose_name = _("ghost signal")
        verbose_name_plural = _("ghost signals")
        ordering = ["-weight", "code", "group_key", "pk"]
        indexes = [
            models.Index(fields=["exam", "code"], name="ghost_signals_of_a_kind"),
            models.Index(fields=["code", "group_key"], name="ghost_signals_of_a_group"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "code", "group_key"], name="one_signal_of_a_kind_and_group"
            ),
            models.CheckConstraint(
                condition=Q(code__in=GhostCode.values), name="known_ghost_signal"
            ),
            models.CheckConstraint(
                condition=Q(looked_at=None, looked_by=None, finding="")
                | Q(looked_at__isnull=False, looked_by__isnull=False) & ~Q(finding=""),
                name="signal_is_looked_at_with_a_finding",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_code_display())

    @property
    def figures(self) -> list[tuple[str, Any]]:
        """What it rests on, in words."""
        return [
            (str(FIGURES[name]), str(STATES.get(value, value)) if name == "status" else value)
            for name, value in self.detail.items()
            if name in FIGURES
        ]
