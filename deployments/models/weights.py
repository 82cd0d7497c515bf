from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models import Exam


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
