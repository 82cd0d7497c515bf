from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import CentreEntry
from cp2.rules import Role

CODE_LIFE = timedelta(hours=24)
MOST_PHONES = 3


class CentrePhoneQuerySet(models.QuerySet["CentrePhone"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.CENTRE:
                return self.filter(entry__station=user.station_id, entry__exam=user.exam_id)
            case _:
                return self.none()

    def confirmed(self) -> Self:
        return self.filter(confirmed_at__isnull=False)

    def waiting(self) -> Self:
        """Codes that still may be texted, by the database's clock."""
        return self.filter(confirmed_at=None, asked_at__gt=Now() - CODE_LIFE)


class CentrePhone(models.Model):
    """A phone that may mark a centre's register by text.

    First a code waits for its phone; the text that brings it shows that the phone is in hand.
    """

    entry = models.ForeignKey(
        CentreEntry, models.CASCADE, related_name="phones", verbose_name=_("centre")
    )
    phone = models.CharField(_("phone"), max_length=12, blank=True)
    code_hash = models.CharField(_("code, hashed"), max_length=64, blank=True)
    asked_at = models.DateTimeField(_("code asked for"), db_default=Now())
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    objects = CentrePhoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("centre's phone")
        verbose_name_plural = _("centres' phones")
        default_permissions = ()
        ordering = ["confirmed_at", "pk"]
        indexes = [
            models.Index(fields=["phone"], name="centres_of_a_phone", condition=~Q(phone="")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "phone"],
                condition=~Q(phone=""),
                name="centre_has_a_phone_once",
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(phone=""), name="one_code_waits_per_centre"
            ),
            models.UniqueConstraint(
                fields=["code_hash"], condition=~Q(code_hash=""), name="code_is_of_one_centre"
            ),
            models.CheckConstraint(
                condition=(Q(phone="", confirmed_at=None) & ~Q(code_hash=""))
                | (~Q(phone="") & Q(code_hash="", confirmed_at__isnull=False)),
                name="centre_phone_is_proven",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.phone or '–'}"
