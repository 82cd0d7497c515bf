from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Office
from cp2.rules import Role
from profiles.models.officer import Officer
from profiles.models.qualifications import Qualification


class PaperKind(models.TextChoices):
    CERTIFICATE = "certificate", _("Certificate")
    ID_FRONT = "id_front", _("ID card, front")
    ID_BACK = "id_back", _("ID card, back")


SIDES = [PaperKind.ID_FRONT, PaperKind.ID_BACK]


class PaperStatus(models.TextChoices):
    UNSCANNED = "unscanned", _("Not checked for viruses")
    CHECKING = "checking", _("Being checked for viruses")
    CLEAN = "clean", _("Checked for viruses")
    QUARANTINED = "quarantined", _("Deleted: a virus was in it")


USABLE = [PaperStatus.UNSCANNED, PaperStatus.CLEAN]


def paper_path(paper: "Paper", filename: str) -> str:
    """A random name: what the sender called the file never becomes a path. In 256 folders, so that
    none of them is too long to be listed."""
    name = uuid4().hex
    return f"papers/{name[:2]}/{name}"


def certificate_path(instance: models.Model, filename: str) -> str:
    """Where certificates went at first; the first migration names it."""
    return f"certificates/{uuid4().hex}"


class PaperQuerySet(models.QuerySet["Paper"]):
    def visible_to(self, user: User) -> Self:
        """One's own. Certificates with the officer whose they are; of copies of ID cards only the
        office that vets by them has any need."""
        match user.role:
            case Role.STAFF if user.has_perm("profiles.view_officer"):
                return self
            case Role.DIRECTOR:
                there = self.filter(officer__sub_county=user.sub_county_id)
                vets = user.office == Office.TSC
                return there if vets else there.filter(kind=PaperKind.CERTIFICATE)
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def open_to(self, user: User) -> Self:
        """Whose file may be fetched: before it is checked, by nobody but its owner."""
        there = self.visible_to(user).exclude(file="")
        return there if user.role == Role.OFFICER else there.filter(status__in=USABLE)

    def with_file(self) -> Self:
        return self.exclude(file="")

    def copies_of_id(self) -> Self:
        return self.filter(kind__in=SIDES)


class Paper(models.Model):
    """A file that an officer sent: a certificate, or one side of the ID card.

        checking | unscanned → clean | quarantined

    It begins as `checking` where there is a virus scanner, else as `unscanned`. Another file is
    another row; a quarantined one has lost its file and tells the officer to send another.
    """

    MOVES = {
        PaperStatus.CHECKING: [PaperStatus.CLEAN, PaperStatus.QUARANTINED],
        PaperStatus.UNSCANNED: [PaperStatus.CLEAN, PaperStatus.QUARANTINED],
    }

    officer = models.ForeignKey(
        Officer, models.CASCADE, related_name="papers", verbose_name=_("officer")
    )
    kind = models.CharField(_("kind"), max_length=11, choices=PaperKind)
    qualification = models.OneToOneField(
        Qualification,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="certificate",
        verbose_name=_("qualification"),
    )
    file = models.FileField(_("file"), upload_to=paper_path, blank=True)
    name = models.CharField(_("name"), max_length=120)
    type = models.CharField(_("type"), max_length=20)
    status = models.CharField(_("status"), max_length=11, choices=PaperStatus)
    sent_at = models.DateTimeField(_("sent"), db_default=Now())
    # When a worker may take it to be scanned: moved on while one has it, or the scanner is away.
    scan_after = models.DateTimeField(_("next scan"), db_default=Now())

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["scan_after"],
                name="papers_to_scan",
                condition=Q(status__in=[PaperStatus.CHECKING, PaperStatus.UNSCANNED]),
            ),
            models.Index(fields=["file"], name="papers_by_file"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PaperKind.values), name="paper_kind"),
            models.CheckConstraint(condition=Q(status__in=PaperStatus.values), name="paper_status"),
            models.CheckConstraint(
                condition=Q(kind=PaperKind.CERTIFICATE, qualification__isnull=False)
                | (~Q(kind=PaperKind.CERTIFICATE) & Q(qualification=None)),
                name="certificate_is_of_a_qualification",
            ),
            models.CheckConstraint(
                condition=(Q(status=PaperStatus.QUARANTINED) & Q(file=""))
                | (~Q(status=PaperStatus.QUARANTINED) & ~Q(file="")),
                name="only_a_quarantined_paper_has_no_file",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(type=""), name="paper_has_its_name_and_type"
            ),
            models.UniqueConstraint(
                fields=["officer", "kind"],
                condition=Q(kind__in=SIDES),
                name="one_copy_of_a_side_per_officer",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        return self.status in USABLE

    @property
    def is_checking(self) -> bool:
        return self.status == PaperStatus.CHECKING

    @property
    def is_gone(self) -> bool:
        return self.status == PaperStatus.QUARANTINED
