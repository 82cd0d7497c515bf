from datetime import date, datetime, timedelta
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import Bank, BankBranch, Level, Office, StudyLevel, SubCounty
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


class Vetting(models.TextChoices):
    PENDING = "pending", _("Not vetted yet")
    VETTED = "vetted", _("Vetted")
    BARRED = "barred", _("Barred")


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
        """All that the profile page shows, in three queries however many rows it has."""
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
    payee_changed_at = models.DateTimeField(_("payee changed"), null=True, blank=True)
    sub_county = models.ForeignKey(
        SubCounty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="officers",
        verbose_name=_("sub-county of the current workstation"),
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    vetting = models.CharField(_("vetting"), max_length=8, choices=Vetting, default=Vetting.PENDING)
    vetting_reason = models.CharField(_("reason"), max_length=300, blank=True)
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
        ]
        constraints = [
            models.CheckConstraint(condition=Q(vetting__in=Vetting.values), name="vetting_status"),
            models.CheckConstraint(
                condition=~Q(vetting=Vetting.BARRED) | ~Q(vetting_reason=""),
                name="barred_with_a_reason",
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
        ]

    def __str__(self) -> str:
        return self.full_name or local(self.phone)

    @property
    def phone(self) -> str:
        """Where texts go: the number that signs in."""
        return self.user.phone or ""

    @property
    def masked_id(self) -> str:
        return masked(self.national_id)

    @property
    def payee_settles_at(self) -> datetime | None:
        """From when on a changed payee may be paid; None if nothing has to wait."""
        return self.payee_changed_at + PAYEE_WAITS if self.payee_changed_at else None

    @property
    def current_work(self) -> "WorkExperience | None":
        return next((work for work in self.work.all() if work.ends_on is None), None)

    def age_on(self, day: date) -> int | None:
        """In whole years, from the year of birth, which is all that is asked for."""
        return day.year - self.year_of_birth if self.year_of_birth else None


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


def certificate_path(qualification: "Qualification", filename: str) -> str:
    """A random name: what the sender called the file never becomes a path."""
    return f"certificates/{uuid4().hex}"


class QualificationQuerySet(models.QuerySet["Qualification"]):
    def visible_to(self, user: User) -> Self:
        """With the officer whose it is."""
        return self.filter(officer__in=Officer.objects.visible_to(user))


class Qualification(models.Model):
    officer = models.ForeignKey(Officer, models.CASCADE, related_name="qualifications")
    level = models.CharField(_("level of study"), max_length=12, choices=StudyLevel)
    institution = models.CharField(_("institution"), max_length=120)
    course = models.CharField(_("course"), max_length=120)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    certificate = models.FileField(_("certificate"), upload_to=certificate_path, blank=True)
    certificate_name = models.CharField(max_length=120, blank=True, editable=False)
    certificate_type = models.CharField(max_length=20, blank=True, editable=False)

    objects = QualificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["-ends_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="study_runs_forward"
            ),
            models.CheckConstraint(
                condition=Q(level__in=StudyLevel.values), name="qualification_level"
            ),
            models.CheckConstraint(
                condition=Q(certificate="", certificate_name="", certificate_type="")
                | (~Q(certificate="") & ~Q(certificate_name="") & ~Q(certificate_type="")),
                name="certificate_has_its_name_and_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.course}"


class BankAccount(models.Model):
    officer = models.OneToOneField(Officer, models.CASCADE, related_name="bank_account")
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="+", verbose_name=_("bank"))
    branch = models.ForeignKey(
        BankBranch, models.PROTECT, related_name="+", verbose_name=_("branch")
    )
    number = models.CharField(_("account number"), max_length=20)

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9]{5,20}$"), name="account_number_is_digits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bank} {self.masked_number}"

    @property
    def masked_number(self) -> str:
        return masked(self.number)


class NextOfKin(models.Model):
    officer = models.OneToOneField(Officer, models.CASCADE, related_name="next_of_kin")
    full_name = models.CharField(_("full name"), max_length=120)
    phone = models.CharField(_("telephone"), max_length=12)
    relationship = models.CharField(_("relationship"), max_length=40)

    class Meta:
        verbose_name = _("next of kin")
        verbose_name_plural = _("next of kin")
        constraints = [
            models.CheckConstraint(
                condition=Q(phone__regex=r"^254[17][0-9]{8}$"), name="kin_has_a_kenyan_mobile"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name


class Road(models.TextChoices):
    """How somebody asks for another number to sign in with."""

    OWN = "own", _("From the account")
    LOST = "lost", _("The old number is lost")


class ChangeStatus(models.TextChoices):
    ASKED = "asked", _("Waiting for the code")
    PROVEN = "proven", _("Waiting for a decision")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Expired")


LIVE_CHANGES = [ChangeStatus.ASKED, ChangeStatus.PROVEN]
MOST_TRIES = 5
CHANGE_WAITS = timedelta(days=14)  # for a decision


class NumberChangeQuerySet(models.QuerySet["NumberChange"]):
    def visible_to(self, user: User) -> Self:
        """Whoever asked for an account that is not there is seen by nobody."""
        known = self.filter(officer__isnull=False)
        match user.role:
            case Role.STAFF:
                return known
            case Role.DIRECTOR if user.office == Office.TSC:
                return known.filter(officer__sub_county=user.sub_county_id)
            case Role.OFFICER:
                return known.filter(officer__user=user)
            case _:
                return self.none()

    def live(self) -> Self:
        return self.filter(status__in=LIVE_CHANGES)

    def waiting(self) -> Self:
        """For a decision, the oldest first."""
        return self.filter(status=ChangeStatus.PROVEN).order_by("proven_at", "pk")

    def recent(self) -> Self:
        return self.filter(asked_at__gt=timezone.now() - CHANGE_WAITS)


class NumberChange(models.Model):
    """A request that an account be signed in to with another number.

        own     asked → done                       the code that was texted to the new number
        lost    asked → proven → done | refused    and then somebody decides
        asked | proven → expired                   nobody did, or a later request took its place

    A request claims nothing before its code has shown whose the new number is. One for an account
    that is not there goes the same way, so that nobody learns who has an account; it holds the
    new number and nothing else that was typed, and is deleted after two weeks.
    """

    MOVES = {
        ChangeStatus.ASKED: [ChangeStatus.PROVEN, ChangeStatus.DONE, ChangeStatus.EXPIRED],
        ChangeStatus.PROVEN: [ChangeStatus.DONE, ChangeStatus.REFUSED, ChangeStatus.EXPIRED],
    }

    officer = models.ForeignKey(
        Officer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="number_changes",
        verbose_name=_("officer"),
    )
    road = models.CharField(_("how"), max_length=4, choices=Road)
    status = models.CharField(
        _("status"), max_length=8, choices=ChangeStatus, default=ChangeStatus.ASKED
    )
    # Names it in the address of a page that is open to all.
    reference = models.UUIDField(_("reference"), unique=True, default=uuid4, editable=False)
    old_phone = models.CharField(_("old number"), max_length=12, blank=True)
    new_phone = models.CharField(_("new number"), max_length=12)
    payee_too = models.BooleanField(_("pay to the new number"), default=False)
    why = models.CharField(_("why, as the officer says"), max_length=300, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=settings.LANGUAGES, default="en"
    )
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    code_sent_at = models.DateTimeField(_("code sent"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    proven_at = models.DateTimeField(_("code typed"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision = models.CharField(_("reason of the decision"), max_length=300, blank=True)

    objects = NumberChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of number")
        verbose_name_plural = _("changes of number")
        ordering = ["-pk"]
        permissions = [("decide_number", _("Can decide about a lost number"))]
        indexes = [
            models.Index(
                fields=["status", "asked_at"],
                name="number_changes_live",
                condition=Q(status__in=LIVE_CHANGES),
            ),
            models.Index(fields=["new_phone", "status"], name="number_changes_to_a_phone"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ChangeStatus.values), name="number_change_status"
            ),
            models.CheckConstraint(condition=Q(road__in=Road.values), name="number_change_road"),
            models.CheckConstraint(
                condition=Q(new_phone__regex=r"^254[17][0-9]{8}$")
                & (Q(old_phone="") | Q(old_phone__regex=r"^254[17][0-9]{8}$")),
                name="numbers_changed_are_kenyan_mobiles",
            ),
            models.CheckConstraint(
                condition=~Q(old_phone=F("new_phone")), name="new_number_is_another_one"
            ),
            models.CheckConstraint(
                condition=(Q(officer__isnull=False) & ~Q(old_phone=""))
                | Q(
                    officer=None,
                    road=Road.LOST,
                    status__in=[ChangeStatus.ASKED, ChangeStatus.PROVEN, ChangeStatus.EXPIRED],
                    old_phone="",
                    why="",
                    payee_too=False,
                ),
                name="change_for_nobody_keeps_little",
            ),
            models.CheckConstraint(
                condition=Q(
                    road=Road.LOST,
                    status__in=[ChangeStatus.DONE, ChangeStatus.REFUSED],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                & ~Q(decision="")
                | Q(
                    Q(road=Road.OWN) | ~Q(status__in=[ChangeStatus.DONE, ChangeStatus.REFUSED]),
                    decided_by=None,
                    decided_at=None,
                    decision="",
                ),
                name="lost_number_is_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(road=Road.OWN)
                | ~Q(status__in=[ChangeStatus.PROVEN, ChangeStatus.REFUSED]),
                name="own_change_waits_for_nobody",
            ),
            models.CheckConstraint(
                condition=Q(proven_at__isnull=False)
                | Q(status__in=[ChangeStatus.ASKED, ChangeStatus.EXPIRED]),
                name="nothing_changes_without_its_code",
            ),
            models.CheckConstraint(
                condition=Q(code_hash="")
                | Q(status=ChangeStatus.ASKED, code_sent_at__isnull=False),
                name="code_is_used_once",
            ),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="few_tries_per_code"),
            models.UniqueConstraint(
                fields=["officer"],
                condition=Q(status=ChangeStatus.PROVEN),
                name="one_waiting_change_per_officer",
            ),
            models.UniqueConstraint(
                fields=["new_phone"],
                condition=Q(status=ChangeStatus.PROVEN),
                name="one_waiting_change_per_number",
            ),
            models.UniqueConstraint(
                fields=["officer"],
                condition=Q(status=ChangeStatus.ASKED, road=Road.OWN),
                name="one_own_change_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{masked(self.old_phone)} → {masked(self.new_phone)}"

    @property
    def masked_old(self) -> str:
        return masked(self.old_phone)

    @property
    def masked_new(self) -> str:
        return masked(self.new_phone)


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
        return f"{self.get_register_display()} {self.number}"
