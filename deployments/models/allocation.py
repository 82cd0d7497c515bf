"""A run of the allocator, and its parts."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import County, Exam, Office, SubCounty
from cp2.rules import Role


class RunStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Ready to look at")
    CONFIRMING = "confirming", _("Being confirmed")
    CONFIRMED = "confirmed", _("Confirmed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


# A worker is, or will be, at work.
AT_WORK = [RunStatus.WAITING, RunStatus.RUNNING, RunStatus.CONFIRMING]
# Of these there is one for each exam and scope: nobody has to choose between two proposals.
OPEN_RUNS = [*AT_WORK, RunStatus.DONE]


class Whose(models.TextChoices):
    """Which positions a run fills, by who deploys them."""

    TSC = "tsc", _("Positions that TSC directors deploy")
    SCDE = "scde", _("Positions that directors of education deploy")
    HEADQUARTERS = "hq", _("Positions that headquarters deploys")
    ALL = "all", _("All positions")

    @property
    def offices(self) -> list[str]:
        """As `Position.deployed_by` has them."""
        match self:
            case Whose.ALL:
                return ["", *Office.values]
            case Whose.HEADQUARTERS:
                return [""]
            case _:
                return [self.value]


class Spill(models.TextChoices):
    """A second round over what is left, across the lines of the sub-counties."""

    NONE = "none", _("No second round")
    COUNTY = "county", _("Within each county")
    NATION = "nation", _("Over the whole nation")


class AllocationRunQuerySet(models.QuerySet["AllocationRun"]):
    def visible_to(self, user: User) -> Self:
        """A director's own are those of the office's positions in the sub-county, whoever started
        them; what a run for the nation proposes there is headquarters' to confirm."""
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(scope=user.sub_county_id, whose=user.office)
            case _:
                return self.none()

    def in_words(self) -> Self:
        return self.select_related("exam", "scope__county", "county", "started_by", "confirmed_by")


class AllocationRun(models.Model):
    """One proposal of who goes where, for a sub-county, a county or the nation.

        waiting → running → done → confirming → confirmed
        waiting | running | done → cancelled        running → failed → waiting (tried again)

    It is made, and later confirmed, part by part; the parts carry the leases.
    """

    MOVES = {
        RunStatus.WAITING: [RunStatus.RUNNING, RunStatus.CANCELLED],
        RunStatus.RUNNING: [RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED],
        RunStatus.DONE: [RunStatus.CONFIRMING, RunStatus.CANCELLED],
        RunStatus.CONFIRMING: [RunStatus.CONFIRMED],
        RunStatus.FAILED: [RunStatus.WAITING],
    }

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    scope = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
        help_text=_("Empty: the county or, without one, the nation."),
    )
    county = models.ForeignKey(
        County,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("county"),
    )
    whose = models.CharField(
        _("positions"), max_length=4, choices=Whose, default=Whose.ALL, db_default=Whose.ALL
    )
    spill = models.CharField(
        _("second round"), max_length=6, choices=Spill, default=Spill.NONE, db_default=Spill.NONE
    )
    seed = models.PositiveIntegerField(
        _("seed"),
        default=1,
        db_default=1,
        help_text=_("The same seed draws the same where nothing else decides."),
    )
    weights = models.JSONField(
        _("weights"), default=dict, blank=True, help_text=_("As they were when it started.")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=RunStatus, default=RunStatus.WAITING
    )
    progress = models.PositiveSmallIntegerField(_("progress, %"), default=0)
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)
    started_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
        help_text=_("Empty: from the server's own command line."),
    )
    confirmed_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    proposed_at = models.DateTimeField(_("proposed"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    objects = AllocationRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("allocation run")
        verbose_name_plural = _("allocation runs")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="run_progress"),
            models.CheckConstraint(condition=Q(whose__in=Whose.values), name="run_positions"),
            models.CheckConstraint(condition=Q(spill__in=Spill.values), name="run_second_round"),
            models.CheckConstraint(
                condition=Q(scope=None) | Q(county=None, spill=Spill.NONE),
                name="run_has_one_scope",
            ),
            models.UniqueConstraint(
                fields=["exam", "scope", "county", "whose"],
                condition=Q(status__in=OPEN_RUNS),
                nulls_distinct=False,
                name="one_open_run_of_a_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}, {self.place}"

    @property
    def place(self) -> str:
        return str(self.scope or self.county or _("the nation"))

    @property
    def is_at_work(self) -> bool:
        return self.status in AT_WORK

    @property
    def is_done(self) -> bool:
        return self.status == RunStatus.DONE

    @property
    def may_be_cancelled(self) -> bool:
        return RunStatus.CANCELLED in self.MOVES.get(RunStatus(self.status), [])


class AllocationPart(models.Model):
    """A sub-county of a run or, in the second round, what is left of a county or of the nation.

        waiting → running → done → confirming → confirmed          running → failed

    A worker has it under a lease, and one that died with it is followed by another.
    """

    MOVES = {
        RunStatus.WAITING: [RunStatus.RUNNING],
        RunStatus.RUNNING: [RunStatus.DONE, RunStatus.FAILED],
        RunStatus.DONE: [RunStatus.CONFIRMING],
        RunStatus.CONFIRMING: [RunStatus.CONFIRMED],
        RunStatus.FAILED: [RunStatus.WAITING],
    }

    run = models.ForeignKey(
        AllocationRun, models.CASCADE, related_name="parts", verbose_name=_("run")
    )
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sub-county"),
    )
    county = models.ForeignKey(
        County, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("county")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=RunStatus, default=RunStatus.WAITING
    )
    progress = models.PositiveSmallIntegerField(_("progress, %"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)

    class Meta:
        verbose_name = _("part of an allocation")
        verbose_name_plural = _("parts of an allocation")
        default_permissions = ()
        ordering = ["run", "round", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[*RunStatus.values]), name="allocation_part_status"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="allocation_part_progress"),
            models.CheckConstraint(
                condition=Q(round=1, sub_county__isnull=False, county=None)
                | Q(round=2, sub_county=None),
                name="first_round_is_by_sub_county",
            ),
            models.UniqueConstraint(
                fields=["run", "round", "sub_county", "county"],
                nulls_distinct=False,
                name="one_part_of_a_place",
            ),
        ]

    def __str__(self) -> str:
        return str(self.sub_county or self.county or _("the nation"))
