from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from claims.models.batches import Payment, PaymentBatch, PaymentStatus

RESULTS = "results"  # the folder of their files


class ResultsStatus(models.TextChoices):
    READING = "reading", _("Being read")
    READ = "read", _("Read, nothing written yet")
    APPLYING = "applying", _("Being written")
    APPLIED = "applied", _("Written")
    FAILED = "failed", _("Cannot be read")


def results_path(_file: "ResultFile", _sent: str) -> str:
    """A name that nobody can guess, and that says nothing."""
    return f"{RESULTS}/{uuid4()}"


class ResultFile(models.Model):
    """What the channel says that it did: read, looked at by a person, and only then written.

    reading → read → applying → applied          reading → failed

    The file is kept as it came, with its hash, for the auditor. The same bytes for the same batch
    are one row, however often they are sent. Without a batch it may be about several.
    """

    MOVES = {
        ResultsStatus.READING: [ResultsStatus.READ, ResultsStatus.FAILED],
        ResultsStatus.READ: [ResultsStatus.APPLYING],
        ResultsStatus.APPLYING: [ResultsStatus.APPLIED],
    }

    batch = models.ForeignKey(
        PaymentBatch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="results",
        verbose_name=_("batch"),
        help_text=_("Empty: each line finds its own."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=ResultsStatus, default=ResultsStatus.READING
    )
    file = models.FileField(_("file"), upload_to=results_path)
    file_name = models.CharField(_("name of the file"), max_length=120)
    sha256 = models.CharField("SHA-256", max_length=64)
    failure = models.CharField(_("what went wrong"), max_length=300, blank=True)
    # of each verdict, how many lines; `touched` are the batches it is about
    counts = models.JSONField(_("counts"), default=dict, blank=True)
    uploaded_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"), db_default=Now())
    applied_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    applied_at = models.DateTimeField(_("written"), null=True, blank=True)

    class Meta:
        verbose_name = _("result file")
        verbose_name_plural = _("result files")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ResultsStatus.values), name="results_status"
            ),
            models.UniqueConstraint(
                fields=["sha256", "batch"],
                condition=~Q(status=ResultsStatus.FAILED),
                nulls_distinct=False,
                name="one_file_of_results_of_these_bytes",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=ResultsStatus.APPLIED, applied_at__isnull=False, applied_by__isnull=False
                )
                | ~Q(status=ResultsStatus.APPLIED) & Q(applied_at=None),
                name="applied_results_say_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(status=ResultsStatus.FAILED) & ~Q(failure="")
                | ~Q(status=ResultsStatus.FAILED) & Q(failure=""),
                name="results_that_cannot_be_read_say_why",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_working(self) -> bool:
        return self.status in (ResultsStatus.READING, ResultsStatus.APPLYING)


class Verdict(models.TextChoices):
    """What becomes of a line. Only the first three write something; the rest is for a person."""

    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    REVERSED = "reversed", _("Taken back")
    KNOWN = "known", _("Known already")
    PARTIAL = "partial", _("The amount differs")
    CONTRADICTORY = "contrary", _("Contradicts another line")
    FOREIGN = "foreign", _("Of another batch")
    UNCLEAR = "unclear", _("Not understood")


WRITTEN = [Verdict.PAID, Verdict.FAILED, Verdict.REVERSED]


class ResultLine(models.Model):
    """A line of a result file, with the payment that it is about and what becomes of it."""

    of = models.ForeignKey(ResultFile, models.PROTECT, related_name="lines", db_index=False)
    line = models.PositiveIntegerField(_("line"))
    said = models.CharField(_("reference in the file"), max_length=60, blank=True)
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, related_name="results", verbose_name=_("payment")
    )
    status = models.CharField(_("status"), max_length=10, choices=PaymentStatus, blank=True)
    receipt = models.CharField(_("receipt"), max_length=40, blank=True)
    amount = models.CharField(_("amount"), max_length=20, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    verdict = models.CharField(_("what becomes of it"), max_length=10, choices=Verdict)
    why = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("line of a result file")
        verbose_name_plural = _("lines of result files")
        ordering = ["of", "line"]
        indexes = [models.Index(fields=["of", "verdict", "line"], name="lines_of_a_verdict")]
        constraints = [
            models.UniqueConstraint(fields=["of", "line"], name="a_line_of_results_is_read_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="verdict_on_a_line"
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=WRITTEN) | Q(payment__isnull=False),
                name="written_line_is_about_a_payment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of_id}: {self.line}"
