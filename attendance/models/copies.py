from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models.amendments import Amendment
from attendance.models.of_a_centre import OfACentreQuerySet
from catalogue.models import CentreEntry


class CopyStatus(models.TextChoices):
    TAKEN = "taken", _("Taken")
    PART = "part", _("Taken in part")
    CONFLICT = "conflict", _("Differs from newer marks")
    SETTLED = "settled", _("Settled")
    LATE = "late", _("After the cut-off")
    REFUSED = "refused", _("Refused")


class RegisterCopyQuerySet(OfACentreQuerySet["RegisterCopy"]):
    pass


class RegisterCopy(models.Model):
    """A register as it was marked without a network, and what came of it when it arrived.

    It stays as it was typed, whatever came of it. Only a conflict has a further life:
    conflict → settled
    """

    MOVES = {CopyStatus.CONFLICT: [CopyStatus.SETTLED]}

    entry = models.ForeignKey(
        CentreEntry, models.PROTECT, related_name="copies", verbose_name=_("centre")
    )
    day = models.DateField(_("day"))
    # Made by the phone, so that a copy sent twice is one.
    client_id = models.UUIDField(_("number of the copy"))
    # Drawn by the phone at each sign-in: what it sent before is not news to it.
    device = models.UUIDField(_("number of the phone"))
    status = models.CharField(_("status"), max_length=8, choices=CopyStatus)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("sent by"))
    acting_name = models.CharField(_("acting person"), max_length=120)
    marked_at = models.DateTimeField(_("marked"), help_text=_("By the phone's clock."))
    received_at = models.DateTimeField(_("received"), db_default=Now())
    # The version of the register that the phone had; what was marked since is not overwritten.
    seen = models.CharField(_("version seen"), max_length=40, blank=True)
    late_reason = models.CharField(_("why late"), max_length=300, blank=True)
    marks = models.JSONField(_("marks"), help_text=_("By the officer's number."))
    # The officers of whom it says something else than a newer mark.
    clashes = ArrayField(
        models.BigIntegerField(), verbose_name=_("differs about"), default=list, blank=True
    )
    answer = models.TextField(_("answer"), blank=True, help_text=_("What the phone was told."))
    amendment = models.ForeignKey(
        Amendment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="copies",
        verbose_name=_("amendment"),
    )

    objects = RegisterCopyQuerySet.as_manager()

    class Meta:
        verbose_name = _("register marked without a network")
        verbose_name_plural = _("registers marked without a network")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["entry", "day"], name="copies_of_a_register")]
        constraints = [
            models.UniqueConstraint(fields=["entry", "client_id"], name="one_row_per_copy"),
            models.CheckConstraint(condition=Q(status__in=CopyStatus.values), name="copy_status"),
            models.CheckConstraint(condition=~Q(acting_name=""), name="copy_names_who_made_it"),
            models.CheckConstraint(
                condition=Q(marked_at__lte=F("received_at")), name="copy_is_made_before_it_arrives"
            ),
            models.CheckConstraint(
                condition=Q(clashes=[]) & ~Q(status__in=[CopyStatus.CONFLICT, CopyStatus.SETTLED])
                | ~Q(clashes=[]) & Q(status__in=[CopyStatus.CONFLICT, CopyStatus.SETTLED]),
                name="copy_names_what_it_differs_about",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}, {self.day}"
