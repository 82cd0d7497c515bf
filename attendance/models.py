from typing import Self

from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import CentreEntry, ExamDay, Office
from cp2.rules import Role
from deployments.models import Deployment
from profiles.models import Officer


class Clock(Func):
    """The database's time of this very statement, not of the transaction's beginning."""

    function = "CLOCK_TIMESTAMP"
    output_field = models.DateTimeField()


class MarkStatus(models.TextChoices):
    """The register knows just these two."""

    PRESENT = "present", _("P")
    ABSENT = "absent", _("Ab")


class MarkQuerySet(models.QuerySet["Mark"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(deployment__post__station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(
                    deployment__post__station=user.station_id, deployment__post__exam=user.exam_id
                )
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def of(self, entry: CentreEntry) -> Self:
        """Every mark of a centre in an exam, whoever serves there now."""
        return self.filter(
            deployment__post__exam=entry.exam_id, deployment__post__station=entry.station_id
        )


class Mark(models.Model):
    """Whether an officer was there on a day. Pay follows from these rows and from nothing else.

    Whose mark it is never changes and no mark goes away: two triggers see to that (0003).
    """

    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="marks", verbose_name=_("deployment")
    )
    # The deployment's officer, again, so that the database can hold "one mark a day wherever they
    # serve"; a foreign key on both columns keeps the two alike (migration 0002).
    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="marks", verbose_name=_("officer")
    )
    day = models.DateField(_("day"))
    status = models.CharField(_("status"), max_length=8, choices=MarkStatus)
    marked_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("marked by")
    )
    acting_name = models.CharField(_("acting person"), max_length=120)
    marked_at = models.DateTimeField(_("marked"), db_default=Now())

    objects = MarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        ordering = ["day", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["officer", "day"], name="one_mark_per_officer_a_day"),
            models.CheckConstraint(condition=Q(status__in=MarkStatus.values), name="mark_status"),
            models.CheckConstraint(condition=~Q(acting_name=""), name="mark_names_who_made_it"),
        ]

    def __str__(self) -> str:
        return f"{self.officer} {self.day} {self.get_status_display()}"


class RegisterStatus(models.TextChoices):
    OPEN = "open", _("Open")
    SUBMITTED = "submitted", _("Submitted")
    AMENDED = "amended", _("Amended")


class RegisterQuerySet(models.QuerySet["Register"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(entry__station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(entry__station=user.station_id, entry__exam=user.exam_id)
            case _:
                return self.none()

    def amendable_by(self, user: User) -> Self:
        """Only the office that deploys teachers changes what a centre has submitted."""
        return self.visible_to(user) if user.office == Office.TSC else self.none()

    def at_this_moment(self) -> Self:
        """Adds `now`, by the database's clock, and `is_exam_day`, for a cut-off to be held to."""
        sits = ExamDay.objects.filter(exam=OuterRef("entry__exam"), day=OuterRef("day"))
        return self.annotate(now=Clock(), is_exam_day=Exists(sits))


class Register(models.Model):
    """A centre's register of one day.

    open → submitted → amended       (amended by a director, with a reason)
    """

    MOVES = {
        RegisterStatus.OPEN: [RegisterStatus.SUBMITTED],
        RegisterStatus.SUBMITTED: [RegisterStatus.AMENDED],
        RegisterStatus.AMENDED: [RegisterStatus.AMENDED],
    }

    entry = models.ForeignKey(
        CentreEntry, models.PROTECT, related_name="registers", verbose_name=_("centre")
    )
    day = models.DateField(_("day"))
    status = models.CharField(
        _("status"), max_length=10, choices=RegisterStatus, default=RegisterStatus.OPEN
    )
    acting_name = models.CharField(_("acting person"), max_length=120, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)

    objects = RegisterQuerySet.as_manager()

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        ordering = ["-day", "entry"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "day"], name="one_register_a_day"),
            models.CheckConstraint(
                condition=Q(status__in=RegisterStatus.values), name="register_status"
            ),
            models.CheckConstraint(
                condition=Q(status=RegisterStatus.OPEN, submitted_at=None)
                | (~Q(status=RegisterStatus.OPEN) & Q(submitted_at__isnull=False)),
                name="submitted_register_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}, {self.day}"


class ReturnStatus(models.TextChoices):
    SIGNED = "signed", _("Signed by the officers")
    STAMPED = "stamped", _("Stamped by the SCDE")
    RECEIVED = "received", _("Received by KNEC")


class RegisterReturnQuerySet(models.QuerySet["RegisterReturn"]):
    def visible_to(self, user: User) -> Self:
        """Of the directors, the SCDE's office stamps the paper; the TSC's has no part in it."""
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR if user.office == Office.SCDE:
                return self.filter(entry__station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(entry__station=user.station_id, entry__exam=user.exam_id)
            case _:
                return self.none()


class RegisterReturn(models.Model):
    """The printed register of a whole exam, on its way from the centre to headquarters.

    signed → stamped → received
    """

    MOVES = {
        ReturnStatus.SIGNED: [ReturnStatus.STAMPED],
        ReturnStatus.STAMPED: [ReturnStatus.RECEIVED],
    }

    entry = models.OneToOneField(
        CentreEntry, models.PROTECT, related_name="register_return", verbose_name=_("centre")
    )
    code = models.CharField(_("code"), max_length=20, unique=True)
    status = models.CharField(
        _("status"), max_length=10, choices=ReturnStatus, default=ReturnStatus.SIGNED
    )
    signed_at = models.DateTimeField(_("signed"), db_default=Now())
    stamped_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("stamped by")
    )
    received_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("received by")
    )

    objects = RegisterReturnQuerySet.as_manager()

    class Meta:
        verbose_name = _("register return")
        verbose_name_plural = _("register returns")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ReturnStatus.values), name="return_status"
            ),
            models.CheckConstraint(
                condition=Q(status=ReturnStatus.SIGNED, stamped_by=None, received_by=None)
                | Q(status=ReturnStatus.STAMPED, stamped_by__isnull=False, received_by=None)
                | Q(
                    status=ReturnStatus.RECEIVED,
                    stamped_by__isnull=False,
                    received_by__isnull=False,
                ),
                name="return_names_who_took_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.get_status_display()}"


class SupervisorReport(models.Model):
    """What the supervisor saw on a day: absent candidates, incidents, times of the materials."""

    deployment = models.ForeignKey(
        Deployment, models.PROTECT, related_name="reports", verbose_name=_("deployment")
    )
    day = models.DateField(_("day"))
    candidates_absent = models.PositiveSmallIntegerField(_("candidates absent"), default=0)
    incidents = models.TextField(_("incidents"), blank=True)
    materials_in_at = models.TimeField(_("materials received"), null=True, blank=True)
    materials_out_at = models.TimeField(_("materials returned"), null=True, blank=True)
    written_at = models.DateTimeField(_("written"), db_default=Now())

    class Meta:
        verbose_name = _("supervisor's report")
        verbose_name_plural = _("supervisors' reports")
        constraints = [
            models.UniqueConstraint(fields=["deployment", "day"], name="one_report_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment}, {self.day}"
