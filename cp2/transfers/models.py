from datetime import datetime, timedelta
from typing import ClassVar, Self
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Exam
from cp2.exports import Kind
from cp2.runs.models import Run

KEPT = timedelta(days=1)  # files, faults and samples; the counts stay


class ImportKind(models.TextChoices):
    """What can be imported; how, say the modules of cp2.transfers.kinds."""

    SUB_COUNTIES = "subcounties", _("Sub-counties")
    STATIONS = "stations", _("Duty stations")
    ENTRIES = "entries", _("Centre entries of an exam")
    TERMS = "terms", _("Terms of positions")
    OFFICERS = "officers", _("Officers")


class ImportStatus(models.TextChoices):
    UPLOADED = "uploaded", _("Waiting to be read")
    READING = "reading", _("Being read")
    READ = "read", _("Read, not applied yet")
    APPLYING = "applying", _("Being applied")
    APPLIED = "applied", _("Applied")
    FAILED = "failed", _("Failed")
    DISCARDED = "discarded", _("Discarded")


OPEN_IMPORTS = [
    ImportStatus.UPLOADED,
    ImportStatus.READING,
    ImportStatus.READ,
    ImportStatus.APPLYING,
]
OVER = [ImportStatus.APPLIED, ImportStatus.FAILED, ImportStatus.DISCARDED]


def import_path(_coming: "Import", _sent: str) -> str:
    """A name that nobody can guess, and that says nothing."""
    return f"imports/{uuid4()}"


def export_path(_leaving: "Export", _sent: str) -> str:
    return f"exports/{uuid4()}"


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: User) -> Self:
        """Those of what they may import themselves; auditors see all."""
        from cp2.transfers.kinds import kinds_of  # which stand on this module

        if user.has_perm("transfers.view_import"):
            return self
        return self.filter(kind__in=kinds_of(user))


class Import(models.Model):
    """A file of rows on its way in: read, looked at by a person, and applied as it was read.

        uploaded → reading → read → applying → applied
        any before applied → discarded | failed;  applying → read (called off)

    What is applied are the bytes that were read: their hash is worked out again before.
    """

    MOVES: ClassVar = {
        ImportStatus.UPLOADED: [
            ImportStatus.READING,
            ImportStatus.FAILED,
            ImportStatus.DISCARDED,
        ],
        ImportStatus.READING: [ImportStatus.READ, ImportStatus.FAILED, ImportStatus.DISCARDED],
        ImportStatus.READ: [ImportStatus.APPLYING, ImportStatus.DISCARDED],
        ImportStatus.APPLYING: [ImportStatus.APPLIED, ImportStatus.FAILED, ImportStatus.READ],
    }

    kind = models.CharField(_("kind"), max_length=12, choices=ImportKind)
    exam = models.ForeignKey(
        Exam, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    file = models.FileField(_("file"), upload_to=import_path, blank=True)
    file_name = models.CharField(_("name of the file"), max_length=120)
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"))
    status = models.CharField(
        _("status"), max_length=10, choices=ImportStatus, default=ImportStatus.UPLOADED
    )
    # lines, new, changed, unchanged, wrong; of entries also confirmed
    counts = models.JSONField(_("counts"), default=dict, blank=True)
    # The first that change: [line, name, [[column, was, will be], …]], while the file is kept.
    samples = models.JSONField(_("samples"), default=list, blank=True)
    failure = models.CharField(_("what went wrong"), max_length=500, blank=True)
    tells = models.BooleanField(_("those who are new are told by text"), default=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    uploaded_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"), db_default=Now())
    decided_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("applied or discarded by"),
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    run = models.ForeignKey(
        Run, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("run")
    )

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ImportStatus.values), name="status_of_an_import"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ImportKind.values), name="kind_of_an_import"
            ),
            models.UniqueConstraint(
                fields=["kind", "sha256", "exam"],
                condition=Q(status__in=OPEN_IMPORTS),
                nulls_distinct=False,
                name="one_open_import_of_the_same_bytes",
            ),
            models.CheckConstraint(
                condition=~Q(file="") | Q(status__in=OVER), name="open_import_has_its_file"
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN_IMPORTS, ended_at=None)
                | Q(status__in=OVER, ended_at__isnull=False, ended_at__gte=F("uploaded_at")),
                name="import_ends_after_it_came",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.file_name}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_IMPORTS

    @property
    def wrong(self) -> int:
        return int(self.counts.get("wrong", 0))

    @property
    def would_write(self) -> int:
        return sum(int(self.counts.get(name, 0)) for name in ("new", "changed", "confirmed"))


class ImportFault(models.Model):
    """A line that cannot be taken, and why. Only the first of a file are kept."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="faults", verbose_name=_("import"))
    line = models.PositiveIntegerField(_("line"))
    text = models.CharField(_("what is wrong with it"), max_length=500)

    class Meta:
        verbose_name = _("fault of an import")
        verbose_name_plural = _("faults of imports")
        ordering = ["line", "pk"]

    def __str__(self) -> str:
        return f"{self.line}: {self.text}"


class Export(models.Model):
    """A list that a worker writes for whoever asked, as it was filtered and ordered for them."""

    list_of = models.CharField(_("list"), max_length=80)
    title = models.CharField(_("title"), max_length=120)
    query = models.TextField(_("how it was narrowed"), blank=True)
    format = models.CharField(
        _("format"), max_length=4, choices=[(Kind.CSV.value, "CSV"), (Kind.XLSX.value, "Excel")]
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    rows = models.PositiveIntegerField(_("rows"), null=True, blank=True)
    file = models.FileField(_("file"), upload_to=export_path, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    written_at = models.DateTimeField(_("written"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    run = models.ForeignKey(
        Run, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("run")
    )

    class Meta:
        verbose_name = _("list taken away")
        verbose_name_plural = _("lists taken away")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(format__in=[Kind.CSV.value, Kind.XLSX.value]),
                name="format_of_an_export",
            ),
            models.CheckConstraint(
                condition=Q(file="", written_at=None)
                | (~Q(file="") & Q(written_at__isnull=False, removed_at=None))
                | Q(file="", written_at__isnull=False, removed_at__isnull=False),
                name="export_has_its_file_until_it_is_removed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.format.upper()})"

    @property
    def kept_until(self) -> datetime | None:
        return self.written_at + KEPT if self.written_at else None

    @property
    def is_ready(self) -> bool:
        """Whether somebody has swept up yet or not."""
        until = self.kept_until
        return bool(self.file) and until is not None and timezone.now() < until
