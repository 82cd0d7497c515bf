"""What decides where somebody may serve, besides who they are and where they work."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import DutyStation
from cp2.rules import Role
from profiles.models.officer import Officer


class ExaminerTraining(models.Model):
    """A course that made somebody an examiner of one paper."""

    officer = models.ForeignKey(Officer, models.CASCADE, related_name="trainings")
    paper = models.CharField(_("paper"), max_length=5)
    year = models.PositiveSmallIntegerField(_("year of the training"))
    certificate_number = models.CharField(_("certificate number"), max_length=30)

    class Meta:
        verbose_name = _("training as examiner")
        verbose_name_plural = _("trainings as examiner")
        ordering = ["paper"]
        constraints = [
            models.UniqueConstraint(fields=["officer", "paper"], name="one_training_for_a_paper"),
            models.CheckConstraint(
                condition=Q(paper__regex=r"^[0-9]{3}/[0-9]$"), name="training_is_for_a_paper"
            ),
            models.CheckConstraint(
                condition=Q(year__gte=1950, year__lte=2100), name="training_was_in_a_year"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.paper}, {self.year}"


class Nature(models.TextChoices):
    """What ties somebody to a station."""

    CANDIDATE = "candidate", _("A relative of mine is a candidate there")
    WORKS_THERE = "works_there", _("A relative of mine works there")
    OWNER = "owner", _("I own it, or sit on its board")
    OTHER = "other", _("Something else")


class InterestQuerySet(models.QuerySet["Interest"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(officer__sub_county=user.sub_county_id)
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()


class Interest(models.Model):
    """Whoever has one in a station does not serve there. Officers declare their own; an office
    that learns of one records it, and only an office takes that back."""

    officer = models.ForeignKey(Officer, models.CASCADE, related_name="interests")
    station = models.ForeignKey(
        DutyStation, models.PROTECT, related_name="+", verbose_name=_("school or centre")
    )
    nature = models.CharField(_("what it is"), max_length=11, choices=Nature)
    words = models.CharField(_("in your own words"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
        help_text=_("Empty: declared by the officer."),
    )
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    objects = InterestQuerySet.as_manager()

    class Meta:
        verbose_name = _("interest in a station")
        verbose_name_plural = _("interests in stations")
        ordering = ["station__code", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "station"], name="one_interest_in_a_station"
            ),
            models.CheckConstraint(condition=Q(nature__in=Nature.values), name="interest_nature"),
            models.CheckConstraint(
                condition=(~Q(nature=Nature.OTHER) & Q(recorded_by=None)) | ~Q(words=""),
                name="interest_says_what_it_is",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.station}: {self.get_nature_display()}"

    @property
    def is_declared(self) -> bool:
        return self.recorded_by_id is None
