"""What takes two people: who may do what, and what is paid."""

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam

WAITS = timedelta(days=7)  # what nobody has confirmed by then is asked for anew


class ProposalStatus(models.TextChoices):
    PROPOSED = "proposed", _("Waits for a second person")
    APPLIED = "applied", _("Confirmed")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")


DECIDED = [ProposalStatus.APPLIED, ProposalStatus.REFUSED]  # by a second person


P = TypeVar("P", bound=models.Model)


class ProposalQuerySet(models.QuerySet[P]):
    def waiting(self) -> Self:
        since = timezone.now() - WAITS
        return self.filter(status=ProposalStatus.PROPOSED, proposed_at__gt=since)

    def overdue(self) -> Self:
        since = timezone.now() - WAITS
        return self.filter(status=ProposalStatus.PROPOSED, proposed_at__lte=since)


class Proposed(models.Model):
    """proposed → applied, refused (by another person), withdrawn (by the same), lapsed (by time)"""

    MOVES = {
        ProposalStatus.PROPOSED: [
            ProposalStatus.APPLIED,
            ProposalStatus.REFUSED,
            ProposalStatus.WITHDRAWN,
            ProposalStatus.LAPSED,
        ],
    }

    was = models.JSONField(_("what was"), encoder=DjangoJSONEncoder)
    wanted = models.JSONField(_("what is to be"), encoder=DjangoJSONEncoder)
    reason = models.CharField(_("reason"), max_length=300)
    proposed_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    proposed_at = models.DateTimeField(_("proposed"), db_default=Now())
    status = models.CharField(
        _("status"), max_length=9, choices=ProposalStatus, default=ProposalStatus.PROPOSED
    )
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision = models.CharField(_("why it was refused"), max_length=300, blank=True)

    class Meta:
        abstract = True

    @property
    def waits_until(self) -> datetime:
        return self.proposed_at + WAITS

    @property
    def waits(self) -> bool:
        return self.status == ProposalStatus.PROPOSED and timezone.now() < self.waits_until

    @property
    def state(self) -> str:
        """In words; what nobody decided in time has lapsed, whoever asks first."""
        if self.status == ProposalStatus.PROPOSED and not self.waits:
            return str(ProposalStatus.LAPSED.label)
        return str(self.get_status_display())


class PowerChangeQuerySet(ProposalQuerySet["PowerChange"]):
    pass


class PowerChange(Proposed):
    """More power for an account: to be active, an office, a sub-county, groups of headquarters."""

    subject = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("account"))

    objects = PowerChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of power")
        verbose_name_plural = _("changes of power")
        ordering = ["-pk"]
        permissions = [
            ("decide_powerchange", _("Can confirm what power another person proposes")),
            ("see_looks", _("Can see who looked at whom, and why")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ProposalStatus.values), name="change_of_power_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=DECIDED)
                | Q(decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by=F("proposed_by")),
                name="second_person_decides_about_power",
            ),
            models.CheckConstraint(
                condition=~Q(subject=F("proposed_by"))
                & (Q(decided_by=None) | ~Q(subject=F("decided_by"))),
                name="nobody_gives_themself_power",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="power_is_given_for_a_reason"),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(status=ProposalStatus.PROPOSED),
                name="one_change_of_power_waits_for_a_person",
            ),
        ]

    def __str__(self) -> str:
        return str(self.subject)


class RateProposalQuerySet(ProposalQuerySet["RateProposal"]):
    pass


class RateProposal(Proposed):
    """Another rate, where officers are deployed on it already. `row` is empty for a new one."""

    model = models.CharField(_("kind"), max_length=40)
    row = models.BigIntegerField(_("its number"), null=True)
    about = models.CharField(_("what"), max_length=120)  # which row, or which one is to come
    title = models.CharField(_("rate"), max_length=200)

    objects = RateProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal of a rate")
        verbose_name_plural = _("proposals of rates")
        ordering = ["-pk"]
        permissions = [("decide_rateproposal", _("Can confirm rates that another person proposes"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ProposalStatus.values), name="rate_proposal_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=DECIDED)
                | Q(decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by=F("proposed_by")),
                name="second_person_decides_about_rates",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="rate_is_proposed_for_a_reason"),
            models.UniqueConstraint(
                fields=["about"],
                condition=Q(status=ProposalStatus.PROPOSED),
                name="one_proposal_waits_for_a_rate",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class RatesSeen(models.Model):
    """A finance approver found all that an exam pays right. From then on each change of it waits
    for a second person."""

    exam = models.OneToOneField(
        Exam, models.PROTECT, related_name="rates_seen", verbose_name=_("exam")
    )
    seen_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("confirmed by")
    )
    seen_at = models.DateTimeField(_("confirmed"), db_default=Now())

    class Meta:
        verbose_name = _("confirmation of rates")
        verbose_name_plural = _("confirmations of rates")
        ordering = ["-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.exam)
