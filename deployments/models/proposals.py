"""What a run proposes: who goes where, which places stay empty, who stays without one."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from deployments.allocation.reasons import Empty, Without
from deployments.models.allocation import AllocationPart, AllocationRun


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
