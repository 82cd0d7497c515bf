from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import DutyStation, Exam


class Investigation(models.Model):
    """Headquarters looks into a centre of an exam. While it does, nobody is paid for work there.

    Opened and closed with a reason; the claims are held and let go by rule.
    """

    exam = models.ForeignKey(
        Exam, models.PROTECT, related_name="investigations", verbose_name=_("exam")
    )
    station = models.ForeignKey(
        DutyStation, models.PROTECT, related_name="+", verbose_name=_("duty station")
    )
    reason = models.CharField(_("reason"), max_length=300)
    opened_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    opened_at = models.DateTimeField(_("opened"), db_default=Now())
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    finding = models.CharField(_("what was found"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("investigation")
        verbose_name_plural = _("investigations")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "station"],
                condition=Q(closed_at=None),
                name="one_open_investigation_of_a_centre",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="investigation_is_opened_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, finding="")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(finding=""),
                name="investigation_is_closed_with_a_finding",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.station}, {self.exam.short}"
