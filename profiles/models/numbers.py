from datetime import timedelta
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Office
from cp2.rules import Role
from profiles.models.officer import Officer, masked


class Road(models.TextChoices):
    """How somebody asks for another number to sign in with."""

    OWN = "own", _("From the account")
    LOST = "lost", _("The old number is lost")


class ChangeStatus(models.TextChoices):
    ASKED = "asked", _("Waiting for the code")
    PROVEN = "proven", _("Waiting for a decision")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Expired")


LIVE_CHANGES = [ChangeStatus.ASKED, ChangeStatus.PROVEN]
MOST_TRIES = 5
CHANGE_WAITS = timedelta(days=14)  # for a decision


class NumberChangeQuerySet(models.QuerySet["NumberChange"]):
    def visible_to(self, user: User) -> Self:
        """Whoever asked for an account that is not there is seen by nobody."""
        known = self.filter(officer__isnull=False)
        match user.role:
            case Role.STAFF:
                return known
            case Role.DIRECTOR if user.office == Office.TSC:
                return known.filter(officer__sub_county=user.sub_county_id)
            case Role.OFFICER:
                return known.filter(officer__user=user)
            case _:
                return self.none()

    def live(self) -> Self:
        return self.filter(status__in=LIVE_CHANGES)

    def waiting(self) -> Self:
        """For a decision, the oldest first."""
        return self.filter(status=ChangeStatus.PROVEN).order_by("proven_at", "pk")

    def recent(self) -> Self:
        return self.filter(asked_at__gt=timezone.now() - CHANGE_WAITS)


class NumberChange(models.Model):
    """A request that an account be signed in to with another number.

        own     asked → done                       the code that was texted to the new number
        lost    asked → proven → done | refused    and then somebody decides
        asked | proven → expired                   nobody did, or a later request took its place

    A request claims nothing before its code has shown whose the new number is. One for an account
    that is not there goes the same way, so that nobody learns who has an account; it holds the
    new number and nothing else that was typed, and is deleted after two weeks.
    """

    MOVES = {
        ChangeStatus.ASKED: [ChangeStatus.PROVEN, ChangeStatus.DONE, ChangeStatus.EXPIRED],
        ChangeStatus.PROVEN: [ChangeStatus.DONE, ChangeStatus.REFUSED, ChangeStatus.EXPIRED],
    }

    officer = models.ForeignKey(
        Officer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="number_changes",
        verbose_name=_("officer"),
    )
    road = models.CharField(_("how"), max_length=4, choices=Road)
    status = models.CharField(
        _("status"), max_length=8, choices=ChangeStatus, default=ChangeStatus.ASKED
    )
    # Names it in the address of a page that is open to all.
    reference = models.UUIDField(_("reference"), unique=True, default=uuid4, editable=False)
    old_phone = models.CharField(_("old number"), max_length=12, blank=True)
    new_phone = models.CharField(_("new number"), max_length=12)
    payee_too = models.BooleanField(_("pay to the new number"), default=False)
    why = models.CharField(_("why, as the officer says"), max_length=300, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=settings.LANGUAGES, default="en"
    )
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    code_sent_at = models.DateTimeField(_("code sent"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    proven_at = models.DateTimeField(_("code typed"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision = models.CharField(_("reason of the decision"), max_length=300, blank=True)

    objects = NumberChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of number")
        verbose_name_plural = _("changes of number")
        ordering = ["-pk"]
        permissions = [("decide_number", _("Can decide about a lost number"))]
        indexes = [
            models.Index(
                fields=["status", "asked_at"],
                name="number_changes_live",
                condition=Q(status__in=LIVE_CHANGES),
            ),
            models.Index(fields=["new_phone", "status"], name="number_changes_to_a_phone"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ChangeStatus.values), name="number_change_status"
            ),
            models.CheckConstraint(condition=Q(road__in=Road.values), name="number_change_road"),
            models.CheckConstraint(
                condition=Q(new_phone__regex=r"^254[17][0-9]{8}$")
                & (Q(old_phone="") | Q(old_phone__regex=r"^254[17][0-9]{8}$")),
                name="numbers_changed_are_kenyan_mobiles",
            ),
            models.CheckConstraint(
                condition=~Q(old_phone=F("new_phone")), name="new_number_is_another_one"
            ),
            models.CheckConstraint(
                condition=(Q(officer__isnull=False) & ~Q(old_phone=""))
                | Q(
                    officer=None,
                    road=Road.LOST,
                    status__in=[ChangeStatus.ASKED, ChangeStatus.PROVEN, ChangeStatus.EXPIRED],
                    old_phone="",
                    why="",
                    payee_too=False,
                ),
                name="change_for_nobody_keeps_little",
            ),
            models.CheckConstraint(
                condition=Q(
                    road=Road.LOST,
                    status__in=[ChangeStatus.DONE, ChangeStatus.REFUSED],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                & ~Q(decision="")
                | Q(
                    Q(road=Road.OWN) | ~Q(status__in=[ChangeStatus.DONE, ChangeStatus.REFUSED]),
                    decided_by=None,
                    decided_at=None,
                    decision="",
                ),
                name="lost_number_is_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(road=Road.OWN)
                | ~Q(status__in=[ChangeStatus.PROVEN, ChangeStatus.REFUSED]),
                name="own_change_waits_for_nobody",
            ),
            models.CheckConstraint(
                condition=Q(proven_at__isnull=False)
                | Q(status__in=[ChangeStatus.ASKED, ChangeStatus.EXPIRED]),
                name="nothing_changes_without_its_code",
            ),
            models.CheckConstraint(
                condition=Q(code_hash="")
                | Q(status=ChangeStatus.ASKED, code_sent_at__isnull=False),
                name="code_is_used_once",
            ),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="few_tries_per_code"),
            models.UniqueConstraint(
                fields=["officer"],
                condition=Q(status=ChangeStatus.PROVEN),
                name="one_waiting_change_per_officer",
            ),
            models.UniqueConstraint(
                fields=["new_phone"],
                condition=Q(status=ChangeStatus.PROVEN),
                name="one_waiting_change_per_number",
            ),
            models.UniqueConstraint(
                fields=["officer"],
                condition=Q(status=ChangeStatus.ASKED, road=Road.OWN),
                name="one_own_change_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{masked(self.old_phone)} → {masked(self.new_phone)}"

    @property
    def masked_old(self) -> str:
        return masked(self.old_phone)

    @property
    def masked_new(self) -> str:
        return masked(self.new_phone)
