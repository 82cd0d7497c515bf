from typing import Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models.marks import Mark
from attendance.models.of_a_centre import OfACentreQuerySet
from catalogue.models import CentreEntry, Office
from cp2.rules import Role
from deployments.models import HOLDS_ITS_DAYS, Deployment


class ReportKind(models.TextChoices):
    NO_SHOW = "no_show", _("Did not come")
    INCIDENT = "incident", _("Incident")


class CentreReportStatus(models.TextChoices):
    OPEN = "open", _("Open")
    SETTLED = "settled", _("Settled")


class CentreReportQuerySet(OfACentreQuerySet["CentreReport"]):
    def answerable_by(self, user: User) -> Self:
        """A no-show is for the office that deploys that position; all else for the TSC's."""
        if user.role != Role.DIRECTOR:
            return self.none()
        theirs = Q(kind=ReportKind.NO_SHOW, deployment__post__position__deployed_by=user.office)
        if user.office == Office.TSC:
            theirs |= Q(kind=ReportKind.INCIDENT)
        return self.visible_to(user).filter(theirs)

    def no_shows(self) -> Self:
        return self.filter(kind=ReportKind.NO_SHOW)

    def incidents(self) -> Self:
        return self.filter(kind=ReportKind.INCIDENT)

    def open(self) -> Self:
        return self.filter(status=CentreReportStatus.OPEN)

    def with_outcome(self) -> Self:
        """Each with who came instead, where the officer went instead, and the mark that was made of
        them on the day since."""
        after = Deployment.objects.filter(
            replaces=OuterRef("deployment"), status__in=HOLDS_ITS_DAYS
        ).order_by("pk")
        here = after.filter(post=OuterRef("deployment__post"))
        went = after.filter(officer=OuterRef("deployment__officer"))
        mark = Mark.objects.filter(officer=OuterRef("deployment__officer"), day=OuterRef("day"))
        return self.annotate(
            instead=Subquery(here.values("officer__full_name")[:1]),
            instead_from=Subquery(here.values("starts_on")[:1]),
            went_to=Subquery(went.values("post__station__name")[:1]),
            mark=Subquery(mark.values("status")[:1]),
        )

    def with_place(self) -> Self:
        return self.select_related(
            "entry__exam",
            "entry__station",
            "deployment__officer__user",
            "deployment__post__position",
            "settled_by",
        )


class CentreReport(models.Model):
    """What a centre reports: somebody who did not come, or an incident.

    open → settled      (a no-show by itself, when the officer is replaced, moved or called off;
                         else by a director, in words)
    """

    MOVES = {CentreReportStatus.OPEN: [CentreReportStatus.SETTLED]}

    entry = models.ForeignKey(
        CentreEntry, models.PROTECT, related_name="centre_reports", verbose_name=_("centre")
    )
    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=8, choices=ReportKind)
    deployment = models.ForeignKey(
        Deployment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="no_shows",
        verbose_name=_("who did not come"),
    )
    text = models.TextField(_("what happened"), blank=True)
    reported_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("reported by")
    )
    acting_name = models.CharField(_("acting person"), max_length=120)
    reported_at = models.DateTimeField(_("reported"), db_default=Now())
    status = models.CharField(
        _("status"), max_length=8, choices=CentreReportStatus, default=CentreReportStatus.OPEN
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
        help_text=_("Empty: by itself, when the officer was replaced, moved or called off."),
    )
    answer = models.TextField(_("answer"), blank=True)

    objects = CentreReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("centre's report")
        verbose_name_plural = _("centres' reports")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["entry"], name="centre_reports_open", condition=Q(status="open")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CentreReportStatus.values), name="centre_report_status"
            ),
            models.CheckConstraint(
                condition=Q(kind=ReportKind.NO_SHOW, deployment__isnull=False)
                | Q(kind=ReportKind.INCIDENT, deployment=None) & ~Q(text=""),
                name="centre_report_says_who_or_what",
            ),
            models.CheckConstraint(
                condition=~Q(acting_name=""), name="centre_report_names_who_made_it"
            ),
            models.UniqueConstraint(
                fields=["deployment"],
                condition=Q(status=CentreReportStatus.OPEN),
                name="one_open_no_show_of_an_officer",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=CentreReportStatus.OPEN, settled_at=None, settled_by=None, answer=""
                )
                | Q(status=CentreReportStatus.SETTLED, settled_at__isnull=False, settled_by=None)
                & Q(kind=ReportKind.NO_SHOW, answer="")
                | Q(
                    status=CentreReportStatus.SETTLED,
                    settled_at__isnull=False,
                    settled_by__isnull=False,
                )
                & ~Q(answer=""),
                name="settled_centre_report_says_how",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.entry}, {self.day}"

    @property
    def is_open(self) -> bool:
        return self.status == CentreReportStatus.OPEN
