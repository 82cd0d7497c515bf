from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cp2.rules import Role
from enquiries.models.enquiries import Enquiry
from enquiries.models.words import Reply


class AttachmentStatus(models.TextChoices):
    UNSCANNED = "unscanned", _("Not checked for viruses")
    CHECKING = "checking", _("Being checked for viruses")
    CLEAN = "clean", _("Checked for viruses")
    QUARANTINED = "quarantined", _("Deleted: a virus was in it")
    EXPIRED = "expired", _("Deleted: a year after the enquiry was closed")


USABLE = [AttachmentStatus.UNSCANNED, AttachmentStatus.CLEAN]
WAIT_FOR_THE_SCANNER = [AttachmentStatus.CHECKING, AttachmentStatus.UNSCANNED]
GONE = [AttachmentStatus.QUARANTINED, AttachmentStatus.EXPIRED]


def attachment_path(instance: models.Model, filename: str) -> str:
    """A random name in one of 256 folders: what the sender called it never becomes a path."""
    name = uuid4().hex
    return f"enquiries/{name[:2]}/{name}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> Self:
        """With the enquiry that they hang on."""
        if user.role == Role.STAFF and not user.has_perm("enquiries.view_enquiry"):
            return self.none()
        return self.filter(enquiry__in=Enquiry.objects.visible_to(user))

    def open_to(self, user: User) -> Self:
        """Whose file may be fetched: before it is checked, by nobody but its sender."""
        return self.visible_to(user).filter(
            Q(status__in=USABLE) | Q(by=user.pk, status=AttachmentStatus.CHECKING)
        )


class Attachment(models.Model):
    """A file that was sent with a question or with a reply.

        checking | unscanned → clean | quarantined          all that has a file → expired

    It begins as `checking` where there is a virus scanner, else as `unscanned`.
    """

    MOVES = {
        AttachmentStatus.CHECKING: [
            AttachmentStatus.CLEAN,
            AttachmentStatus.QUARANTINED,
            AttachmentStatus.EXPIRED,
        ],
        AttachmentStatus.UNSCANNED: [
            AttachmentStatus.CLEAN,
            AttachmentStatus.QUARANTINED,
            AttachmentStatus.EXPIRED,
        ],
        AttachmentStatus.CLEAN: [AttachmentStatus.EXPIRED],
    }

    enquiry = models.ForeignKey(
        Enquiry, models.CASCADE, related_name="attachments", verbose_name=_("enquiry")
    )
    reply = models.ForeignKey(
        Reply,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="attachments",
        verbose_name=_("reply"),
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    file = models.FileField(_("file"), upload_to=attachment_path, blank=True)
    name = models.CharField(_("name"), max_length=120)
    type = models.CharField(_("type"), max_length=20)
    status = models.CharField(_("status"), max_length=11, choices=AttachmentStatus)
    sent_at = models.DateTimeField(_("sent"), db_default=Now())
    # When a worker may take it to be scanned: moved on while one has it, or the scanner is away.
    scan_after = models.DateTimeField(_("next scan"), db_default=Now())

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["scan_after"],
                name="attachments_to_scan",
                condition=Q(status__in=WAIT_FOR_THE_SCANNER),
            ),
            models.Index(fields=["file"], name="attachments_by_file"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AttachmentStatus.values), name="attachment_status"
            ),
            models.CheckConstraint(
                condition=(Q(status__in=GONE) & Q(file="")) | (~Q(status__in=GONE) & ~Q(file="")),
                name="only_a_deleted_attachment_has_no_file",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(type=""), name="attachment_has_its_name_and_type"
            ),
        ]

    def __str__(self) -> str:
        return self.name
