from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models.amendments import Amendment
from catalogue.models import CentreEntry, Exam, SubCounty
from cp2.rules import Role
from deployments.models import Deployment


class LookKind(models.TextChoices):
    OWN_MARK = "own_mark", _("Centre manager's own mark")
    HOUR = "hour", _("Marked at an unusual hour")
    ALL_PRESENT = "all_present", _("Everybody present every day")
    LEFT = "left", _("Marked where they no longer served")
    CLOCK = "clock", _("Phone's clock far from ours")
    UNASKED = "unasked", _("Changed without the centre asking")


class SecondLookQuerySet(models.QuerySet["SecondLook"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(entry__station__sub_county=user.sub_county_id)
            case _:
                return self.none()

    def waiting(self) -> Self:
        return self.filter(looked_at=None)

    def waiting_for(self, user: User) -> Self:
        """What they decided themselves is for somebody else to look at."""
        return self.visible_to(user).waiting().exclude(amendment__decided_by=user)


class SecondLook(models.Model):
    """Something in a register that a person should look at again; it accuses nobody.

    Found by night, by rule; what was true then stays in `detail`. Looked at once, with a note.
    """

    entry = models.ForeignKey(
        CentreEntry, models.PROTECT, related_name="second_looks", verbose_name=_("centre")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=LookKind)
    day = models.DateField(_("day"), null=True, blank=True)
    deployment = models.ForeignKey(
        Deployment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("deployment"),
    )
    amendment = models.ForeignKey(
        Amendment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("amendment"),
    )
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    found_at = models.DateTimeField(_("found"), db_default=Now())
    looked_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looked at by"),
    )
    looked_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = SecondLookQuerySet.as_manager()

    class Meta:
        verbose_name = _("second look")
        verbose_name_plural = _("second looks")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["entry"], name="looks_to_be_had", condition=Q(looked_at__isnull=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LookKind.values), name="second_look_kind"),
            models.UniqueConstraint(
                fields=["entry", "kind", "day", "deployment", "amendment"],
                nulls_distinct=False,
                name="nothing_is_found_twice",
            ),
            models.CheckConstraint(
                condition=Q(looked_at=None, looked_by=None, note="")
                | (Q(looked_at__isnull=False, looked_by__isnull=False) & ~Q(note="")),
                name="second_look_says_who_looked_and_what_they_saw",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.entry}"


class SecondLookRules(models.Model):
    """From when on something in the registers of an exam is worth a second look. An exam without a
    row goes by the defaults."""

    exam = models.OneToOneField(
        Exam, models.CASCADE, related_name="second_look_rules", verbose_name=_("exam")
    )
    hours_from_usual = models.PositiveSmallIntegerField(
        _("hours from a centre's usual hour"), default=5
    )
    registers_make_usual = models.PositiveSmallIntegerField(
        _("registers that make an hour usual"), default=4
    )
    all_present_days = models.PositiveSmallIntegerField(
        _("days from which everybody present every day counts"), default=4
    )
    all_present_odds = models.PositiveIntegerField(
        _("so rare that it happens once among so many centres"),
        default=200,
        help_text=_(
            "By how often people are absent in the sub-county. It depends on the number of "
            "marks: a small centre seldom shows."
        ),
    )
    absences_expected = models.DecimalField(
        _("absent at least, in a hundred marks"),
        max_digits=4,
        decimal_places=2,
        default=1,
        help_text=_("Where fewer are marked absent in a whole sub-county, this is reckoned with."),
    )
    alone_among = models.PositiveSmallIntegerField(
        _("officers absent while the centre manager is present"),
        default=2,
        help_text=_("Looked at if nobody else was there and at least so many were marked absent."),
    )
    copy_hours = models.PositiveSmallIntegerField(
        _("hours that a register made without a network may travel"), default=36
    )

    class Meta:
        verbose_name = _("rules for second looks")
        verbose_name_plural = _("rules for second looks")
        default_permissions = ()  # whoever sets an exam's terms sets these
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    hours_from_usual__gte=1,
                    hours_from_usual__lte=48,
                    registers_make_usual__gte=2,
                    registers_make_usual__lte=60,
                    all_present_days__gte=2,
                    all_present_days__lte=60,
                    all_present_odds__gte=10,
                    all_present_odds__lte=1_000_000,
                    absences_expected__gte=0,
                    absences_expected__lte=50,
                    alone_among__gte=1,
                    alone_among__lte=100,
                    copy_hours__gte=1,
                    copy_hours__lte=240,
                ),
                name="second_look_rules_are_sensible",
            ),
        ]

    def __str__(self) -> str:
        return self.exam.short

    def as_given(self) -> dict[str, Any]:
        """What the statements ask for, by name."""
        asked = [field.name for field in self._meta.fields if field.name not in ("id", "exam")]
        return {name: getattr(self, name) for name in asked}


class LookedThrough(models.Model):
    """Up to which day the registers of an exam in a sub-county have been looked through, so that
    what a night did not finish goes on from there."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="+", verbose_name=_("exam"))
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="+", verbose_name=_("sub-county")
    )
    until = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("registers looked through")
        verbose_name_plural = _("registers looked through")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "sub_county"], name="looked_through_once_a_sub_county"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam}, {self.sub_county}"
