from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from claims.models.claims import Claim


class HoldCode(models.TextChoices):
    PAYEE_NAME = "payee_name", _("The payee's name differs from yours")
    MISSING_NUMBER = "missing_number", _("A number is missing from your profile")
    NOT_SUBMITTED = "not_submitted", _("Your profile is not submitted")
    NOT_VETTED = "not_vetted", _("Headquarters has not vetted you")
    RETURN = "return", _("The centre's signed register has not reached KNEC")
    NOT_DEPLOYED = "not_deployed", _("You were marked where you were not deployed")
    DUPLICATE = "duplicate", _("Another claim looks like yours")
    INVESTIGATION = "investigation", _("The centre is under investigation")
    PAYEE_CHANGED = "payee_changed", _("The payee was changed lately")
    PAYMENT_FAILED = "payment_failed", _("The payment did not go through")


REMEDIES: dict[str, str | Promise] = {
    HoldCode.PAYEE_NAME: _(
        "In your profile, write the payee's name exactly as M-Pesa shows it, or give a number "
        "that is registered in your own name."
    ),
    HoldCode.MISSING_NUMBER: _(
        "In your profile, fill in your national ID number and your TSC or PF number."
    ),
    HoldCode.NOT_SUBMITTED: _("Complete your profile and submit it."),
    HoldCode.NOT_VETTED: _(
        "This work is paid only to those whom headquarters has vetted. Look at your profile for "
        "what it says about you. If nothing there is wrong, write an enquiry."
    ),
    HoldCode.RETURN: _(
        "Ask the centre manager to print, sign and stamp the register and to hand it to the "
        "Sub-County Director of Education."
    ),
    HoldCode.NOT_DEPLOYED: _(
        "The register has days of yours at this centre, but you never accepted a deployment to "
        "it, or it was called off. Write an enquiry with the centre, your role and the days."
    ),
    HoldCode.DUPLICATE: _(
        "Headquarters is comparing the two claims. If both look like yours, write an enquiry that "
        "says which one is right."
    ),
    HoldCode.INVESTIGATION: _(
        "Payments for this centre wait until KNEC has finished looking into it. You need do "
        "nothing now."
    ),
    HoldCode.PAYEE_CHANGED: _(
        "For your safety we wait 72 hours after a payee is changed. If you did not change it, "
        "write an enquiry at once."
    ),
    HoldCode.PAYMENT_FAILED: _(
        "Check in your profile that the number to be paid is right, is registered with M-Pesa and "
        "can take the amount. Correct it there, or write an enquiry if it is right."
    ),
}

PROFILE_AND_A_PERSON = _("By itself when the profile is corrected; else by headquarters")
# Who or what lifts a hold, for the people at headquarters.
LIFTED: dict[str, str | Promise] = {
    HoldCode.PAYEE_NAME: PROFILE_AND_A_PERSON,
    HoldCode.MISSING_NUMBER: PROFILE_AND_A_PERSON,
    HoldCode.NOT_SUBMITTED: PROFILE_AND_A_PERSON,
    HoldCode.NOT_VETTED: _("By itself when headquarters vets the officer"),
    HoldCode.RETURN: _("By itself when headquarters has received the register"),
    HoldCode.NOT_DEPLOYED: _("By headquarters, once it is known that the officer served"),
    HoldCode.DUPLICATE: _("By itself when the two are no longer alike; else by headquarters"),
    HoldCode.INVESTIGATION: _("By itself when the investigation is closed"),
    HoldCode.PAYEE_CHANGED: _("By itself after 72 hours"),
    HoldCode.PAYMENT_FAILED: _("By itself when the payee is corrected; else by headquarters"),
}

# Nobody is texted about these: there is nothing to do, or a text said so when it happened.
UNTOLD = [HoldCode.INVESTIGATION, HoldCode.PAYEE_CHANGED, HoldCode.PAYMENT_FAILED]


class HoldQuerySet(models.QuerySet["Hold"]):
    def standing(self) -> Self:
        return self.filter(cleared_at=None)


class Hold(models.Model):
    """A reason why a claim is not paid yet. The officer sees it, and what to do about it."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="holds", verbose_name=_("claim"))
    code = models.CharField(_("reason"), max_length=16, choices=HoldCode)
    note = models.CharField(_("note"), max_length=300, blank=True)
    # What a rule saw when it raised this. While that is the same, what a person decided stands.
    grounds = models.CharField(_("grounds"), max_length=300, blank=True, db_default="")
    raised_at = models.DateTimeField(_("raised"), db_default=Now())
    raised_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("raised by"),
        help_text=_("Empty: raised by rule."),
    )
    told_at = models.DateTimeField(_("officer told"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    cleared_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("cleared by")
    )

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(cleared_at=None, told_at=None) & ~Q(code__in=UNTOLD),
                name="holds_to_be_told",
            ),
            models.Index(
                fields=["code", "claim"], condition=Q(cleared_at=None), name="holds_that_stand"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(code__in=HoldCode.values), name="hold_code"),
            models.UniqueConstraint(
                fields=["claim", "code"],
                condition=Q(cleared_at=None),
                name="one_standing_hold_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(cleared_by=None) | Q(cleared_at__isnull=False),
                name="hold_is_cleared_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_code_display())

    @property
    def remedy(self) -> str:
        """What the officer can do about it."""
        return str(REMEDIES[self.code])

    @property
    def lifted(self) -> str:
        """Who or what clears it."""
        return str(LIFTED[self.code])
