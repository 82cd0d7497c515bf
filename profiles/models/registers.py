from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from profiles.models.officer import masked


class Register(models.TextChoices):
    TSC = "tsc", _("TSC register of teachers")
    ID = "id", _("Register of persons")


class RegisterEntry(models.Model):
    """A line of an agency's register, imported by headquarters, that officers are held against."""

    register = models.CharField(_("register"), max_length=10, choices=Register)
    number = models.CharField(_("number"), max_length=20)
    national_id = models.CharField(_("national ID number"), max_length=9, blank=True)
    name = models.CharField(_("name"), max_length=120)
    imported_at = models.DateTimeField(_("imported"), db_default=Now())

    class Meta:
        verbose_name = _("register entry")
        verbose_name_plural = _("register entries")
        constraints = [
            models.UniqueConstraint(
                fields=["register", "number"], name="one_line_of_a_number_per_register"
            ),
            models.CheckConstraint(
                condition=Q(register__in=Register.values), name="known_register"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_register_display()} {masked(self.number)}"


class ImportStatus(models.TextChoices):
    UPLOADED = "uploaded", _("Waiting to be read")
    READING = "reading", _("Being read")
    PREVIEWED = "previewed", _("Read, not imported yet")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Failed")
    DISCARDED = "discarded", _("Discarded")


OPEN_IMPORTS = [
    ImportStatus.UPLOADED,
    ImportStatus.READING,
    ImportStatus.PREVIEWED,
    ImportStatus.IMPORTING,
]
# A worker has it, or will within seconds.
WORKING_IMPORTS = [ImportStatus.UPLOADED, ImportStatus.READING, ImportStatus.IMPORTING]


def import_path(_import: "RegisterImport", _sent: str) -> str:
    """A name that nobody can guess, and that says nothing."""
    return f"registers/{uuid4()}"


class RegisterImport(models.Model):
    """An extract of a register on its way in: read into lines, looked at by a person, and only
    then written over what is there.

        uploaded → reading → previewed → importing → done
        any before importing → discarded;  reading | importing → failed

    The file and the lines are kept while it is open. A worker that dies gives its lease back.
    """

    MOVES = {
        ImportStatus.UPLOADED: [ImportStatus.READING, ImportStatus.DISCARDED],
        ImportStatus.READING: [
            ImportStatus.PREVIEWED,
            ImportStatus.FAILED,
            ImportStatus.DISCARDED,
        ],
        ImportStatus.PREVIEWED: [ImportStatus.IMPORTING, ImportStatus.DISCARDED],
        ImportStatus.IMPORTING: [ImportStatus.DONE, ImportStatus.FAILED],
    }

    register = models.CharField(_("register"), max_length=10, choices=Register)
    status = models.CharField(
        _("status"), max_length=10, choices=ImportStatus, default=ImportStatus.UPLOADED
    )
    file = models.FileField(_("file"), upload_to=import_path, blank=True)
    file_name = models.CharField(_("name of the file"), max_length=120)
    sha256 = models.CharField(max_length=64, editable=False)
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
        verbose_name=_("imported or discarded by"),
    )
    progress = models.PositiveIntegerField(_("progress"), default=0)
    # lines, bad, new, changed, unchanged, repeated, kept; faults and samples while it is open
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)
    failure = models.CharField(_("what went wrong"), max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    applied_at = models.DateTimeField(_("lines imported"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("import of a register")
        verbose_name_plural = _("imports of registers")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(register__in=Register.values), name="import_of_a_known_register"
            ),
            models.CheckConstraint(
                condition=Q(status__in=ImportStatus.values), name="import_status"
            ),
            models.UniqueConstraint(
                fields=["register", "sha256"],
                condition=Q(status__in=OPEN_IMPORTS),
                name="a_file_is_imported_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN_IMPORTS, finished_at=None) & ~Q(file="")
                | ~Q(status__in=OPEN_IMPORTS) & Q(finished_at__isnull=False, file=""),
                name="import_keeps_its_file_until_it_is_over",
            ),
            models.CheckConstraint(
                condition=Q(status=ImportStatus.FAILED) & ~Q(failure="")
                | ~Q(status=ImportStatus.FAILED) & Q(failure=""),
                name="failed_import_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(status=ImportStatus.DONE) | Q(applied_at__isnull=False),
                name="done_import_was_applied",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_register_display()}: {self.file_name}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_IMPORTS

    @property
    def is_working(self) -> bool:
        return self.status in WORKING_IMPORTS

    def counted(self, what: str) -> int:
        return int(self.outcome.get(what, 0))


class ImportLine(models.Model):
    """A good line of a file, until it is imported or discarded."""

    of = models.ForeignKey(  # found by the unique constraint's index
        RegisterImport, models.CASCADE, related_name="lines", db_index=False
    )
    line = models.PositiveIntegerField()
    number = models.CharField(max_length=20)
    national_id = models.CharField(max_length=9, blank=True)
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["of", "number", "line"], name="a_line_is_read_once")
        ]

    def __str__(self) -> str:
        return f"{self.line}"
