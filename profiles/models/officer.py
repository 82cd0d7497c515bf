from datetime import datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Level, Skill, SubCounty
from cp2.rules import Role
from sms.phones import local


class Gender(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


class Employer(models.TextChoices):
    TSC = "tsc", _("Teachers Service Commission")
    SCHOOL = "school", _("School board or private school")
    COUNTY = "county", _("County government")
    POLICE = "police", _("National Police Service")
    MINISTRY = "ministry", _("Ministry or state department")
    TVET = "tvet", _("Technical or vocational college")
    NONE = "none", _("Not employed or retired")
    OTHER = "other", _("Other")


class PaidBy(models.TextChoices):
    """Which of an officer's two payees the money goes to."""

    MPESA = "mpesa", _("M-Pesa")
    BANK = "bank", _("My bank account")


class Vetting(models.TextChoices):
    PENDING = "pending", _("Not vetted yet")
    VETTED = "vetted", _("Vetted")
    BARRED = "barred", _("Barred")


# Who somebody is: vetting looked at these, so it looks again when one of them changes.
IDENTITY = {
    "full_name": _("Full name"),
    "year_of_birth": _("Year of birth"),
    "national_id": _("National ID number"),
    "kra_pin": _("KRA PIN"),
    "tsc_number": _("TSC number"),
}

# A new payee waits, so that whoever was paid before has time to object.
PAYEE_WAITS = timedelta(hours=72)


def masked(number: str | None) -> str:
    """Enough of a number to recognise it, not enough to use it."""
    return f"•••••{number[-3:]}" if number else ""


class OfficerQuerySet(models.QuerySet["Officer"]):
    def visible_to(self, user: User) -> Self:
        """Directors see those who work in their sub-county; whom they see through an application
        or a deployment they reach through that row."""
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(sub_county=user.sub_county_id)
            case Role.OFFICER:
                return self.filter(user=user)
            case _:
                return self.none()

    def submitted(self) -> Self:
        return self.filter(submitted_at__isnull=False)

    def with_profile(self) -> Self:
        """All that the profile page shows, in four queries however many rows it has."""
        return self.select_related(
            "user",
            "sub_county__county",
            "bank_account__branch",
            "bank_account__bank",
            "next_of_kin",
        ).prefetch_related(
            models.Prefetch(
                "work", WorkExperience.objects.select_related("sub_county__county", "station")
            ),
            "qualifications",
            "papers",
        )


class Officer(models.Model):
    """A contracted professional: who this is, and whom to pay.

        vetting   pending → vetted ⇄ barred

    The payee's name and number stand apart from the number that signs in. A profile counts from
    `submitted_at` on; before that nobody can apply, be deployed or be paid.
    """

    MOVES = {
        Vetting.PENDING: [Vetting.VETTED, Vetting.BARRED],
        Vetting.VETTED: [Vetting.BARRED, Vetting.PENDING],
        Vetting.BARRED: [Vetting.VETTED, Vetting.PENDING],
    }

    user = models.OneToOneField(User, models.PROTECT, related_name="officer")
    full_name = models.CharField(_("full name, as on the ID"), max_length=120, blank=True)
    year_of_birth = models.PositiveSmallIntegerField(_("year of birth"), null=True, blank=True)
    gender = models.CharField(_("gender"), max_length=6, choices=Gender, blank=True)
    national_id = models.CharField(
        _("national ID number"), max_length=9, unique=True, null=True, blank=True
    )
    kra_pin = models.CharField(_("KRA PIN"), max_length=11, unique=True, null=True, blank=True)
    nssf_number = models.CharField(_("NSSF number"), max_length=20, blank=True)
    sha_number = models.CharField(_("SHA (formerly NHIF) number"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    town = models.CharField(_("town"), max_length=60, blank=True)
    tsc_number = models.CharField(_("TSC number"), max_length=8, unique=True, null=True, blank=True)
    pf_number = models.CharField(_("PF number"), max_length=20, blank=True)
    payee_name = models.CharField(
        _("name that M-Pesa shows for the number to be paid"), max_length=120, blank=True
    )
    payee_phone = models.CharField(_("number to be paid"), max_length=12, blank=True)
    paid_by = models.CharField(
        _("paid by"), max_length=5, choices=PaidBy, default=PaidBy.MPESA, db_default=PaidBy.MPESA
    )
    payee_changed_at = models.DateTimeField(_("payee changed"), null=True, blank=True)
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="officers",
        verbose_name=_("sub-county of the current workstation"),
    )
    subjects = ArrayField(
        models.CharField(max_length=3),
        verbose_name=_("subjects taught"),
        default=list,
        blank=True,
        db_default=[],
    )
    # The papers of their trainings, which services keep in step: the rules ask at every turn.
    trained_in = ArrayField(
        models.CharField(max_length=5),
        verbose_name=_("trained as examiner of"),
        default=list,
        blank=True,
        db_default=[],
    )
    skills = ArrayField(
        models.CharField(max_length=15, choices=Skill),
        verbose_name=_("skills that some candidates need"),
        default=list,
        blank=True,
        db_default=[],
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    vetting = models.CharField(_("vetting"), max_length=8, choices=Vetting, default=Vetting.PENDING)
    vetting_reason = models.CharField(_("reason"), max_length=300, blank=True)
    vetted_at = models.DateTimeField(_("last vetted"), null=True, blank=True)
    # What somebody who had been vetted has said anew of who they are: fields, with commas between.
    changed_since = models.CharField(
        _("changed since"), max_length=100, blank=True, default="", db_default=""
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_from",
        verbose_name=_("closed in favour of"),
        help_text=_("The other account of the same person, which has the history of both."),
    )

    objects = OfficerQuerySet.as_manager()

    class Meta:
        verbose_name = _("officer")
        verbose_name_plural = _("officers")
        ordering = ["pk"]
        permissions = [("merge_officer", _("Can make two accounts of one person one"))]
        indexes = [
            models.Index(fields=["sub_county", "vetting"], name="officers_of_a_place"),
            models.Index(
                # found by how a name begins
                fields=["full_name"],
                name="officers_by_name",
                opclasses=["varchar_pattern_ops"],
            ),
            models.Index(
                fields=["id"], name="officers_not_submitted", condition=Q(submitted_at=None)
            ),
            # who else is paid to a number
            models.Index(fields=["payee_phone"], name="officers_by_payee"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(vetting__in=Vetting.values), name="vetting_status"),
            models.CheckConstraint(
                condition=~Q(vetting=Vetting.BARRED) | ~Q(vetting_reason=""),
                name="barred_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(changed_since="") | Q(vetting=Vetting.PENDING),
                name="changed_since_is_still_to_be_vetted",
            ),
            models.CheckConstraint(
                condition=Q(national_id=None) | Q(national_id__regex=r"^[0-9]{6,9}$"),
                name="national_id_is_digits",
            ),
            models.CheckConstraint(
                condition=Q(kra_pin=None) | Q(kra_pin__regex=r"^A[0-9]{9}[A-Z]$"),
                name="kra_pin_is_of_a_person",
            ),
            models.CheckConstraint(
                condition=Q(tsc_number=None) | Q(tsc_number__regex=r"^[0-9]{5,8}$"),
                name="tsc_number_is_digits",
            ),
            models.CheckConstraint(
                condition=Q(payee_phone="") | Q(payee_phone__regex=r"^254[17][0-9]{8}$"),
                name="payee_phone_is_a_kenyan_mobile",
            ),
            models.CheckConstraint(
                condition=Q(paid_by__in=PaidBy.values), name="officer_is_paid_by"
            ),
            models.CheckConstraint(
                condition=Q(gender__in=["", *Gender.values]), name="officer_gender"
            ),
            models.CheckConstraint(
                condition=Q(year_of_birth=None)
                | Q(year_of_birth__gte=1900, year_of_birth__lte=2100),
                name="year_of_birth_is_a_year",
            ),
            models.CheckConstraint(
                condition=Q(submitted_at=None)
                | (
                    Q(national_id__isnull=False, sub_county__isnull=False)
                    & ~Q(full_name="")
                    & ~Q(payee_phone="")
                    & ~Q(payee_name="")
                ),
                name="submitted_profile_can_be_paid",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None)
                | Q(national_id=None, kra_pin=None, tsc_number=None, submitted_at=None),
                name="merged_officer_has_no_numbers",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")),
                name="nobody_is_merged_into_themselves",
            ),
            models.CheckConstraint(
                condition=Q(skills__contained_by=Skill.values), name="officer_skills_are_known"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or local(self.phone)

    @property
    def phone(self) -> str:
        """Where texts go: the number that signs in."""
        return self.user.phone or ""

    @property
    def is_in_order(self) -> bool:
        """Everything that pay needs is there, and somebody has looked at it."""
        return self.submitted_at is not None and self.vetting == Vetting.VETTED

    @property
    def masked_id(self) -> str:
        return masked(self.national_id)

    @property
    def payee_settles_at(self) -> datetime | None:
        """From when on a changed payee may be paid; None if nothing has to wait."""
        return self.payee_changed_at + PAYEE_WAITS if self.payee_changed_at else None

    @property
    def payee_waits_until(self) -> datetime | None:
        """While a changed payee waits."""
        until = self.payee_settles_at
        return until if until and until > timezone.now() else None

    @property
    def changed_words(self) -> str:
        """What is other than it was when they were vetted."""
        return ", ".join(str(IDENTITY[name]) for name in self.changed_since.split(",") if name)

    @property
    def skills_in_words(self) -> str:
        return ", ".join(str(Skill(each).label) for each in self.skills)

    @property
    def current_work(self) -> "WorkExperience | None":
        return next((work for work in self.work.all() if work.ends_on is None), None)


class WorkExperience(models.Model):
    officer = models.ForeignKey(Officer, models.CASCADE, related_name="work")
    employer = models.CharField(_("employer"), max_length=10, choices=Employer)
    institution = models.CharField(_("name of the institution"), max_length=120)
    station = models.ForeignKey(
        "catalogue.DutyStation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("school or centre"),
        help_text=_("Where the institution is itself a centre."),
    )
    level = models.CharField(_("level of the school"), max_length=10, choices=Level, blank=True)
    designation = models.CharField(_("designation"), max_length=80)
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="+", verbose_name=_("sub-county")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("work experience")
        verbose_name_plural = _("work experience")
        ordering = [F("ends_on").desc(nulls_first=True), "-starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["officer"], condition=Q(ends_on=None), name="one_current_workstation"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="work_runs_forward",
            ),
            models.CheckConstraint(condition=Q(employer__in=Employer.values), name="work_employer"),
            models.CheckConstraint(condition=Q(level__in=["", *Level.values]), name="work_level"),
        ]

    def __str__(self) -> str:
        return f"{self.designation}, {self.institution}"

    @property
    def years(self) -> int:
        """Whole years served here, to today."""
        last = self.ends_on or timezone.localdate()
        return max(0, (last - self.starts_on).days * 100 // 36525)
