from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import CentreEntry, Office
from cp2.rules import Role


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

    signed → stamped → received        stamped | received → signed (anew, when marks changed)
    """

    MOVES = {
        ReturnStatus.SIGNED: [ReturnStatus.STAMPED],
        ReturnStatus.STAMPED: [ReturnStatus.RECEIVED, ReturnStatus.SIGNED],
        ReturnStatus.RECEIVED: [ReturnStatus.SIGNED],
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

    # When a mark was last made or changed after the paper was signed; a trigger writes it (0006).
    # A mark that was put back leaves it: `services.returns.changed` compares the codes too.
    marks_changed_at = models.DateTimeField(_("marks changed"), null=True, blank=True)

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
