from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import County, Exam, Office, SubCounty
from cp2.rules import Role
from deployments.allocation.reasons import Empty, Without


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


class AllocationWeights(models.Model):
    """What counts, and how much, when an exam's officers are allocated.

    Standing is points: more of it goes first, whatever the distance. Distances are weighed among
    those who go.
    """

    exam = models.OneToOneField(
        Exam, models.CASCADE, related_name="allocation_weights", verbose_name=_("exam")
    )
    per_year = models.PositiveSmallIntegerField(_("points for each year of experience"), default=2)
    years_at_most = models.PositiveSmallIntegerField(_("years that count, at most"), default=15)
    per_level = models.PositiveSmallIntegerField(
        _("points for each level of study"),
        default=5,
        help_text=_("A certificate is one level, a diploma two, a degree three."),
    )
    nominated = models.PositiveSmallIntegerField(
        _("points for whom the office has nominated"), default=10
    )
    per_absence = models.PositiveSmallIntegerField(
        _("points taken for each day of absence at earlier exams"), default=5
    )
    per_rejection = models.PositiveSmallIntegerField(
        _("points taken for each offer rejected or not answered before"), default=3
    )
    conduct_at_most = models.PositiveSmallIntegerField(
        _("points taken for conduct, at most"), default=30
    )
    per_recent_year = models.PositiveSmallIntegerField(
        _("points taken for each recent year of service"),
        default=3,
        help_text=_("So that service goes round."),
    )
    recent_years = models.PositiveSmallIntegerField(_("years that are recent"), default=3)
    same_sub_county_km = models.PositiveSmallIntegerField(
        _("km where no distance is known, in the same sub-county"), default=8
    )
    same_county_km = models.PositiveSmallIntegerField(
        _("km where no distance is known, in the same county"), default=40
    )
    elsewhere_km = models.PositiveSmallIntegerField(
        _("km where no distance is known, between counties"), default=150
    )
    one_gender_km = models.PositiveSmallIntegerField(
        _("km that it is worth to have both women and men at a post"),
        default=5,
        help_text=_("For each officer beyond half of one gender. 0: it does not count."),
    )

    POINTS = [
        "per_year",
        "years_at_most",
        "per_level",
        "nominated",
        "per_absence",
        "per_rejection",
        "conduct_at_most",
        "per_recent_year",
        "recent_years",
    ]
    KILOMETRES = ["same_sub_county_km", "same_county_km", "elsewhere_km", "one_gender_km"]

    class Meta:
        verbose_name = _("weights of the allocation")
        verbose_name_plural = _("weights of the allocation")
        default_permissions = ()  # whoever sets an exam's terms sets these
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    per_year__lte=100,
                    years_at_most__lte=100,
                    per_level__lte=100,
                    nominated__lte=100,
                    per_absence__lte=100,
                    per_rejection__lte=100,
                    conduct_at_most__lte=100,
                    per_recent_year__lte=100,
                    recent_years__lte=20,
                ),
                name="weights_are_small_numbers",
            ),
            models.CheckConstraint(
                condition=Q(
                    same_sub_county_km__lte=1000,
                    same_county_km__lte=1000,
                    elsewhere_km__lte=1000,
                    one_gender_km__lte=1000,
                ),
                name="weights_are_ways_within_kenya",
            ),
        ]

    def __str__(self) -> str:
        return self.exam.short


class ProposalStatus(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    REMOVED = "removed", _("Taken out")
    CONFIRMED = "confirmed", _("Deployed")
    REFUSED = "refused", _("Refused")


# These hold the officer and the place within their run.
STANDS = [ProposalStatus.PROPOSED, ProposalStatus.CONFIRMED]


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(run__in=AllocationRun.objects.visible_to(user))

    def standing_now(self) -> Self:
        return self.filter(status__in=STANDS)


class Proposal(models.Model):
    """One officer in one place that was free, if whoever decides agrees.

    proposed → removed (by hand) | confirmed (deployed) | refused (a rule said no by then)
    """

    MOVES = {
        ProposalStatus.PROPOSED: [
            ProposalStatus.REMOVED,
            ProposalStatus.CONFIRMED,
            ProposalStatus.REFUSED,
        ],
    }

    run = models.ForeignKey(
        AllocationRun, models.CASCADE, related_name="proposals", verbose_name=_("run")
    )
    part = models.ForeignKey(
        AllocationPart, models.CASCADE, related_name="proposals", verbose_name=_("part")
    )
    post = models.ForeignKey(
        "deployments.Post", models.PROTECT, related_name="+", verbose_name=_("post")
    )
    place = models.PositiveSmallIntegerField(
        _("place"),
        help_text=_("Among those that were free; the slot is given when it is deployed."),
    )
    officer = models.ForeignKey(
        "profiles.Officer", models.PROTECT, related_name="proposals", verbose_name=_("officer")
    )
    application = models.ForeignKey(
        "vacancies.Application",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("application"),
    )
    status = models.CharField(
        _("status"), max_length=9, choices=ProposalStatus, default=ProposalStatus.PROPOSED
    )
    refusal = models.CharField(_("refusal"), max_length=500, blank=True)
    deployment = models.ForeignKey(
        "deployments.Deployment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("deployment"),
    )
    standing = models.SmallIntegerField(_("standing, points"))
    metres = models.PositiveIntegerField(_("distance, m"), null=True, blank=True)
    weighed = models.JSONField(_("what was weighed"), default=dict)
    by_hand = models.BooleanField(_("put in by hand"), default=False)
    reason = models.CharField(
        _("reason"), max_length=300, blank=True, help_text=_("Why it was taken out or put in.")
    )
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        default_permissions = ()
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["run", "status"], name="proposals_of_a_run"),
            models.Index(fields=["part", "status", "officer"], name="proposals_of_a_part"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ProposalStatus.values), name="proposal_status"
            ),
            models.CheckConstraint(
                condition=Q(status=ProposalStatus.REFUSED) & ~Q(refusal="")
                | ~Q(status=ProposalStatus.REFUSED) & Q(refusal=""),
                name="proposal_refused_with_its_sentence",
            ),
            models.CheckConstraint(
                condition=Q(status=ProposalStatus.CONFIRMED, deployment__isnull=False)
                | ~Q(status=ProposalStatus.CONFIRMED) & Q(deployment=None),
                name="proposal_confirmed_is_deployed",
            ),
            models.CheckConstraint(
                condition=Q(place__gte=1), name="proposed_places_count_from_one"
            ),
            models.UniqueConstraint(
                fields=["run", "officer"],
                condition=Q(status__in=STANDS),
                name="one_proposal_for_an_officer",
            ),
            models.UniqueConstraint(
                fields=["run", "post", "place"],
                condition=Q(status__in=STANDS),
                name="one_proposal_for_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer}: {self.post}"

    @property
    def km(self) -> float | None:
        return None if self.metres is None else round(self.metres / 1000, 1)

    @property
    def is_proposed(self) -> bool:
        return self.status == ProposalStatus.PROPOSED


class EmptyBecause(models.TextChoices):
    NOBODY_APPLIED = Empty.NOBODY_APPLIED, _("Nobody has applied for this position here.")
    NOBODY_MAY = Empty.NOBODY_MAY, _("Nobody who applied may serve here.")
    TOO_FEW = Empty.TOO_FEW, _("Too few: all who may serve here are placed elsewhere.")


class EmptyPost(models.Model):
    """Places of a post that a run could not fill, and why."""

    run = models.ForeignKey(
        AllocationRun, models.CASCADE, related_name="empty_posts", verbose_name=_("run")
    )
    post = models.ForeignKey(
        "deployments.Post", models.PROTECT, related_name="+", verbose_name=_("post")
    )
    places = models.PositiveSmallIntegerField(_("places left"))
    applied = models.PositiveIntegerField(_("applied for such a post"))
    eligible = models.PositiveIntegerField(_("may serve there"))
    why = models.CharField(_("why"), max_length=20, choices=EmptyBecause)
    rules = models.JSONField(
        _("rules"), default=dict, help_text=_("How many each rule keeps from serving there.")
    )

    class Meta:
        verbose_name = _("post left empty")
        verbose_name_plural = _("posts left empty")
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "post"], name="one_reason_for_an_empty_post"),
            models.CheckConstraint(condition=Q(places__gte=1), name="empty_post_has_places"),
            models.CheckConstraint(condition=Q(why__in=EmptyBecause.values), name="empty_post_why"),
        ]

    def __str__(self) -> str:
        return f"{self.post}: {self.places}"


class UnplacedBecause(models.TextChoices):
    RULES = Without.RULES, _("May not serve in this position.")
    RULES_HERE = Without.RULES_HERE, _("May not serve at any station that has a free place.")
    NO_PLACES = Without.NO_PLACES, _("No place of this position was free.")
    OTHERS = Without.OTHERS, _("The places went to officers of more standing.")
    DRAW = Without.DRAW, _("The places went to officers of the same standing who live nearer.")


class Unplaced(models.Model):
    """An applicant to whom a run gave no place, and why."""

    run = models.ForeignKey(
        AllocationRun, models.CASCADE, related_name="unplaced", verbose_name=_("run")
    )
    application = models.ForeignKey(
        "vacancies.Application", models.PROTECT, related_name="+", verbose_name=_("application")
    )
    officer = models.ForeignKey(
        "profiles.Officer", models.PROTECT, related_name="unplaced", verbose_name=_("officer")
    )
    standing = models.SmallIntegerField(_("standing, points"))
    least = models.SmallIntegerField(_("least standing that got a place"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=20, choices=UnplacedBecause)
    rules = models.JSONField(
        _("rules"), default=list, help_text=_("Which rules, each with its sentence.")
    )

    class Meta:
        verbose_name = _("applicant without a place")
        verbose_name_plural = _("applicants without a place")
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "officer"], name="one_reason_for_an_applicant"),
            models.CheckConstraint(
                condition=Q(why__in=UnplacedBecause.values), name="unplaced_why"
            ),
        ]

    def __str__(self) -> str:
        return str(self.officer)
