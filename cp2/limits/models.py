"""How often something may happen: rows that headquarters tunes, and what has been used of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

SLOTS = 12  # of a period; a limit frees itself again slot by slot

# Each limit's name in code, and what it means in words.
WORDS = {
    "sign_in.account": _("Wrong passwords for one account"),
    "sign_in.device": _("Wrong passwords for one account from a phone or computer it knows"),
    "sign_in.issued": _("Texted passwords tried for one account"),
    "sign_in.pair": _("How long one account counts once against an address"),
    "sign_in.address": _("Accounts with wrong passwords from one address"),
    "sign_in.everyone": _("Wrong passwords in all: above it, an alarm"),
    "code.account": _("Wrong one-time and recovery codes for one account"),
    "confirm.account": _("Wrong ID numbers on “Confirm it is you” for one account"),
    "sign_in.alarm": _("How long one alarm stands for all that follow"),
    "text.number": _("Passwords and codes texted to one number"),
    "text.again": _("Passwords asked for again for one number"),
    "text.address": _("Passwords and codes that one address may ask for"),
    "text.block": _("New accounts among 1,000 neighbouring numbers"),
    "text.everyone": _("Passwords and codes in all that strangers may ask for"),
    "number.account": _("Changes of number that one account may ask for"),
    "number.address": _("Changes of a lost number that one address may ask for"),
    "inbound.sender": _("Texts from one number that are answered"),
    "centre.code": _("Codes of a centre's page texted from one number"),
    "enquiry.text": _("Enquiries that one number may open by text"),
    "upload.person": _("Files that one person may send"),
    "letter.address": _("Letter codes that one address may check"),
    "look.person": _("Officers whose pages one director or member of staff may open"),
    "data.account": _("Files of all that is held about them that one person may take"),
    "export.person": _("Lists of people that one person may take away as files"),
}


class Limit(models.Model):
    """At most `takes` in any `seconds`, for each key: an account, an address, a number.

    One name may have several rows, a short and a long one; all of them hold.
    """

    name = models.CharField(_("name"), max_length=40)
    seconds = models.PositiveIntegerField(_("in so many seconds"))
    takes = models.PositiveIntegerField(
        _("at most"), help_text=_("0 stops it altogether. Holds from the next try on.")
    )

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ["name", "seconds"]
        constraints = [
            models.UniqueConstraint(fields=["name", "seconds"], name="one_limit_per_period"),
            models.CheckConstraint(
                condition=Q(seconds__gte=SLOTS) & Q(takes__lte=10_000_000),
                name="limit_is_a_sensible_one",
            ),
        ]

    def __str__(self) -> str:
        return str(WORDS.get(self.name, self.name))


class Bucket(models.Model):
    """What one key has used of a limit: how much in each slot of the period, newest first."""

    limit = models.ForeignKey(Limit, models.CASCADE, related_name="buckets")
    key = models.CharField(_("key"), max_length=32)  # a digest: no number or address rests here
    slot = models.BigIntegerField(_("newest slot"))
    counts = ArrayField(models.IntegerField(), verbose_name=_("used"))
    refused = models.PositiveIntegerField(_("refused"), default=0)
    at = models.DateTimeField(_("last try"), db_default=Now())

    class Meta:
        verbose_name = _("use of a limit")
        verbose_name_plural = _("uses of limits")
        indexes = [models.Index(fields=["at"], name="limit_uses_by_age")]
        constraints = [
            models.UniqueConstraint(fields=["limit", "key"], name="one_use_per_limit_and_key"),
            models.CheckConstraint(condition=Q(counts__len=SLOTS + 1), name="use_has_its_slots"),
        ]

    def __str__(self) -> str:
        return f"{self.limit_id} {self.key}"
