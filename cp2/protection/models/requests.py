from datetime import timedelta
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cp2.rules import Role
from cp2.runs.models import Run
from profiles.models import masked

# The Data Protection (General) Regulations, 2021 give seven days for access and for an objection,
# fourteen for a correction; the shorter one is promised for all.
DUE = timedelta(days=7)


class RequestKind(models.TextChoices):
    ACCESS = "access", _("See what is held about me")
    CORRECT = "correct", _("Have something corrected")
    OBJECT = "object", _("Object to a use")
    ERASE = "erase", _("Have something removed")


class Objection(models.TextChoices):
    """What may be done about an objection, or a removal, at once."""

    NOTHING = "", _("Nothing by itself: the answer says what is done")
    NEWS = "news", _("Turn off the texts that are not needed to serve")
    KIN = "kin", _("Remove the next of kin")
    COPIES = "copies", _("Remove the copies of the ID card")


class RequestStatus(models.TextChoices):
    OPEN = "open", _("Open")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


DECIDED = [RequestStatus.GRANTED, RequestStatus.REFUSED]


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def visible_to(self, user: User) -> Self:
        if user.role == Role.STAFF:
            allowed = user.has_perm("protection.view_datarequest")
            return self if allowed else self.none()
        return self.filter(subject=user)

    def overdue(self) -> Self:
        return self.filter(status=RequestStatus.OPEN, due_at__lt=timezone.now())


class DataRequest(models.Model):
    """What somebody asks about their own data, as the law lets them.

    open → granted | refused | withdrawn
    """

    MOVES = {
        RequestStatus.OPEN: [
            RequestStatus.GRANTED,
            RequestStatus.REFUSED,
            RequestStatus.WITHDRAWN,
        ],
    }

    subject = models.ForeignKey(
        User, models.PROTECT, related_name="data_requests", verbose_name=_("whose data")
    )
    kind = models.CharField(_("kind"), max_length=7, choices=RequestKind)
    text = models.CharField(_("what they ask"), max_length=1000)
    status = models.CharField(
        _("status"), max_length=9, choices=RequestStatus, default=RequestStatus.OPEN
    )
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    due_at = models.DateTimeField(_("to be answered by"))
    written_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("written down by"),
        help_text=_("Empty: asked in the portal by themselves."),
    )
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    done = models.CharField(
        _("done at once"), max_length=6, choices=Objection, blank=True, default=""
    )
    decided_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about personal data")
        verbose_name_plural = _("requests about personal data")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(status=RequestStatus.OPEN),
                name="data_requests_to_answer",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RequestStatus.values), name="data_request_status"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RequestKind.values), name="data_request_kind"
            ),
            models.CheckConstraint(
                condition=Q(done__in=Objection.values), name="data_request_done_at_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=DECIDED, decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(answer="")
                | ~Q(status__in=DECIDED) & Q(decided_by=None, decided_at=None, done=""),
                name="decided_data_request_says_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("subject")),
                name="nobody_decides_about_their_own_data_request",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.whose}"

    @property
    def whose(self) -> str:
        """An officer by name, as far as there is one, and by the end of their number: it is their
        user name, and not for every page."""
        officer = getattr(self.subject, "officer", None)
        if officer is None:
            return str(self.subject)
        number = masked(self.subject.phone or self.subject.username)
        return f"{officer.full_name}, {number}" if officer.full_name else number

    @property
    def is_overdue(self) -> bool:
        return self.status == RequestStatus.OPEN and self.due_at < timezone.now()


def dossier_path(dossier: "Dossier", filename: str) -> str:
    return f"dossiers/{uuid4().hex}.zip"


class Dossier(models.Model):
    """All that is held about somebody, collected for a request that came on paper. The file goes
    after a day."""

    request = models.OneToOneField(
        DataRequest, models.PROTECT, related_name="dossier", verbose_name=_("request")
    )
    run = models.OneToOneField(Run, models.PROTECT, related_name="+", verbose_name=_("run"))
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    file = models.FileField(_("file"), upload_to=dossier_path, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    made_at = models.DateTimeField(_("made"), null=True, blank=True)

    class Meta:
        verbose_name = _("dossier")
        verbose_name_plural = _("dossiers")

    def __str__(self) -> str:
        return str(self.request)
