"""Reference data: loaded by headquarters, read by all. What changes from year to year is a row."""

from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cp2.rules import Role, Viewer


class Office(models.TextChoices):
    """The two offices of a sub-county belong to two different ministries; never mix them up."""

    TSC = "tsc", _("TSC Sub-County Director")
    SCDE = "scde", _("Sub-County Director of Education")


class StationKind(models.TextChoices):
    EXAMINATION_CENTRE = "examination_centre", _("Examination Centre")
    DISTRIBUTION_CENTRE = "distribution_centre", _("Distribution Centre")
    MARKING_CENTRE = "marking_centre", _("Marking Centre")


class Level(models.TextChoices):
    PRIMARY = "primary", _("Primary")
    JUNIOR = "junior", _("Junior school")
    SECONDARY = "secondary", _("Secondary")


class DayKind(models.TextChoices):
    REHEARSAL = "rehearsal", _("Rehearsal")
    PRACTICAL = "practical", _("Orals and practicals")
    THEORY = "theory", _("Theory")


class StudyLevel(models.TextChoices):
    """Levels of study, lowest first: their order is what a lowest qualification is held against."""

    CERTIFICATE = "certificate", _("Certificate")
    DIPLOMA = "diploma", _("Diploma")
    DEGREE = "degree", _("Degree")
    MASTERS = "masters", _("Master's degree")
    DOCTORATE = "doctorate", _("Doctorate")


class OwnSchool(models.TextChoices):
    """Whether a position may be held where one works oneself."""

    FORBIDDEN = "forbidden", _("Nobody at their own school")
    ALLOWED = "allowed", _("Also at their own school")
    REQUIRED = "required", _("Only at their own school")


class Skill(models.TextChoices):
    """What some candidates need of one of those who invigilate them, and few officers have."""

    BRAILLE = "braille", _("Braille")
    SIGN_LANGUAGE = "sign_language", _("Kenyan Sign Language")
    FRENCH = "french", _("French")
    GERMAN = "german", _("German")
    ARABIC = "arabic", _("Arabic")


class County(models.Model):
    """One of the 47, by its official code. KNEC's own county codes are different ones."""

    code = models.PositiveSmallIntegerField(_("code"), unique=True)
    name = models.CharField(_("name"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("county")
        verbose_name_plural = _("counties")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code__gte=1, code__lte=47), name="county_code_is_official"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SubCounty(models.Model):
    county = models.ForeignKey(
        County, models.PROTECT, related_name="sub_counties", verbose_name=_("county")
    )
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("sub-county")
        verbose_name_plural = _("sub-counties")
        ordering = ["county__code", "name"]
        constraints = [
            models.UniqueConstraint(fields=["county", "name"], name="one_sub_county_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class DutyStation(models.Model):
    """Any place where an officer serves. A centre's code is KNEC's and tells no county."""

    kind = models.CharField(_("kind"), max_length=20, choices=StationKind)
    code = models.CharField(
        _("code"),
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"\A[0-9A-Z]{2,12}\Z", _("Use capital letters and digits."))],
    )
    name = models.CharField(_("name"), max_length=120)
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="stations", verbose_name=_("sub-county")
    )
    level = models.CharField(_("level"), max_length=10, choices=Level, blank=True)
    location = models.CharField(_("location"), max_length=120, blank=True)
    latitude = models.DecimalField(
        _("latitude"), max_digits=8, decimal_places=5, null=True, blank=True
    )
    longitude = models.DecimalField(
        _("longitude"), max_digits=8, decimal_places=5, null=True, blank=True
    )

    class Meta:
        verbose_name = _("duty station")
        verbose_name_plural = _("duty stations")
        ordering = ["code"]
        indexes = [models.Index(fields=["sub_county", "kind"], name="station_by_place")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=StationKind.values), name="station_kind"),
            models.CheckConstraint(
                condition=Q(level__in=["", *Level.values]), name="station_level"
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[0-9A-Z]{2,12}$"), name="station_code_is_plain"
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                # the box that Kenya lies in
                | Q(
                    latitude__isnull=False,
                    latitude__gte=-5,
                    latitude__lte=6,
                    longitude__isnull=False,
                    longitude__gte=33,
                    longitude__lte=43,
                ),
                name="station_lies_in_kenya",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Exam(models.Model):
    year = models.PositiveSmallIntegerField(_("year"))
    code = models.PositiveSmallIntegerField(_("number"))
    abbreviation = models.CharField(_("abbreviation"), max_length=12)
    name = models.CharField(_("name"), max_length=120)
    rehearsal_on = models.DateField(_("rehearsal"))
    starts_on = models.DateField(_("starts"))
    ends_on = models.DateField(_("ends"))
    cooling_off_years = models.PositiveSmallIntegerField(_("cooling-off, years"), default=3)
    hosting_threshold = models.PositiveSmallIntegerField(
        _("hosting threshold, candidates"), default=30
    )
    centres_sign_in_for = models.PositiveSmallIntegerField(
        _("centres sign in for, days after the end"),
        default=30,
        help_text=_("So long they can still print and sign their registers."),
    )
    registers_due_at = models.TimeField(
        _("registers are due at"),
        default=time(9),
        db_default=time(9),
        help_text=_("Centres that have not marked the day by then are reminded by text."),
    )
    registers_close_after = models.PositiveSmallIntegerField(
        _("registers close after, days"),
        default=1,
        db_default=1,
        help_text=_(
            "After the day itself a mark needs a reason; after so many days the centre asks its "
            "director. 0: on the day itself."
        ),
    )
    registers_close_at = models.TimeField(
        _("registers close at"), default=time(23, 59), db_default=time(23, 59)
    )

    class Meta:
        verbose_name = _("exam")
        verbose_name_plural = _("exams")
        ordering = ["-year", "code"]
        constraints = [
            models.UniqueConstraint(fields=["year", "code"], name="one_exam_of_a_number_a_year"),
            models.CheckConstraint(
                condition=Q(rehearsal_on__lte=F("starts_on"), starts_on__lte=F("ends_on")),
                name="exam_runs_forward",
            ),
            models.CheckConstraint(
                condition=Q(registers_close_after__gte=1, registers_close_after__lte=60)
                | Q(registers_close_after=0, registers_close_at__gt=F("registers_due_at")),
                name="registers_close_after_they_are_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}/{self.code} {self.name}"

    @property
    def short(self) -> str:
        return f"{self.abbreviation} {self.year}"

    @property
    def centres_sign_in_until(self) -> date:
        """The last day of the accounts that centres have for this exam."""
        return self.ends_on + timedelta(days=self.centres_sign_in_for)

    def register_is_due(self, day: date) -> datetime:
        return timezone.make_aware(datetime.combine(day, self.registers_due_at))

    def register_closes(self, day: date) -> datetime:
        """From then on the centre marks the day no more."""
        # of the calendar's last days too
        last = min(day, date.max - timedelta(days=62)) + timedelta(days=self.registers_close_after)
        return timezone.make_aware(datetime.combine(last, self.registers_close_at))


PAPER = RegexValidator(
    r"\A[0-9]{3}/[0-9]{1,2}[A-Z]?\Z", _("Write the number of the paper as in 101/1.")
)


def papers_field(help_text: Any) -> ArrayField[Any, Any]:
    """Papers by their numbers, such as 101/1."""
    return ArrayField(
        models.CharField(max_length=7, validators=[PAPER]),
        verbose_name=_("papers"),
        default=list,
        db_default=[],
        blank=True,
        help_text=help_text,
    )


def works(entry: str, day: str) -> Q:
    """Whether a centre works on a day of its exam: of the rehearsals on all, else where papers are
    given on both sides on those of its own. Takes the paths to the entry and to the exam's day,
    each empty or with its `__`."""
    return (
        Q(**{f"{day}kind": DayKind.REHEARSAL})
        | Q(**{f"{day}papers": []})
        | Q(**{f"{entry}papers": []})
        | Q(**{f"{day}papers__overlap": F(f"{entry}papers")})
    )


class ExamDayQuerySet(models.QuerySet["ExamDay"]):
    def worked_by(self, entry: "CentreEntry") -> Self:
        """The days on which a centre works."""
        days = self.filter(exam=entry.exam_id)
        if not entry.papers:
            return days
        theirs = Q(kind=DayKind.REHEARSAL) | Q(papers=[]) | Q(papers__overlap=entry.papers)
        return days.filter(theirs)


class ExamDay(models.Model):
    exam = models.ForeignKey(Exam, models.CASCADE, related_name="days", verbose_name=_("exam"))
    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=10, choices=DayKind)
    papers = papers_field(_("Those that are sat on this day. Empty: every centre works."))

    objects = ExamDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("exam day")
        verbose_name_plural = _("exam days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["exam", "day"], name="one_kind_a_day_of_an_exam"),
            models.CheckConstraint(condition=Q(kind__in=DayKind.values), name="day_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%-d %b %Y} {self.get_kind_display()}"


class Activity(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Subject(models.Model):
    """What is taught and examined, by the number that its papers begin with: 101 of 101/1."""

    code = models.CharField(_("code"), max_length=3, primary_key=True)
    name = models.CharField(_("name"), max_length=60, unique=True)

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{3}$"), name="subject_code"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Position(models.Model):
    code = models.CharField(_("code"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=60, unique=True)
    rank = models.PositiveSmallIntegerField(_("rank"), help_text=_("1 comes first in lists"))
    deployed_by = models.CharField(
        _("deployed by"),
        max_length=4,
        choices=Office,
        blank=True,
        help_text=_("Empty: headquarters deploys this position."),
    )
    subject = models.ForeignKey(
        Subject,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("subject"),
        help_text=_("Of examiners: what they mark."),
    )
    paper = models.CharField(
        _("paper"), max_length=5, blank=True, help_text=_("Of examiners, such as 101/1.")
    )

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        ordering = ["rank"]
        constraints = [
            models.CheckConstraint(
                condition=Q(deployed_by__in=["", *Office.values]), name="position_deployed_by"
            ),
            models.CheckConstraint(
                condition=Q(paper="")
                | Q(subject__isnull=False, paper__regex=r"^[0-9]{3}/[0-9]$")
                & Q(paper__startswith=F("subject")),
                name="paper_is_of_the_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PositionTerms(models.Model):
    """What an exam asks of a position and pays for it. Rules swing every year: rows, not code."""

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="terms", verbose_name=_("exam"))
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="terms", verbose_name=_("position")
    )
    station_kind = models.CharField(
        _("serves at"), max_length=20, choices=StationKind, default=StationKind.EXAMINATION_CENTRE
    )
    candidates_per_officer = models.PositiveSmallIntegerField(
        _("candidates per officer"), null=True, blank=True
    )
    minimum_per_centre = models.PositiveSmallIntegerField(_("minimum per centre"), default=1)
    one_more_above = models.PositiveIntegerField(
        _("one more above, candidates"),
        null=True,
        blank=True,
        help_text=_("A station with more candidates than this gets one officer more."),
    )
    centres_per_officer = models.PositiveSmallIntegerField(
        _("centres per officer"),
        null=True,
        blank=True,
        help_text=_("Counts the centres that a distribution centre serves."),
    )
    in_hosted_centres = models.BooleanField(_("also in hosted centres"), default=True)
    counts_hosted = models.BooleanField(
        _("a host counts those it hosts"),
        default=False,
        help_text=_("Candidates of hosted centres count at their host."),
    )
    counted_with = models.ForeignKey(
        Exam,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("counted with"),
        help_text=_(
            "A centre that is entered for that exam too is served by its officers of this "
            "position: the candidates of both count there, and nobody is entitled here."
        ),
    )
    lowest_qualification = models.CharField(
        _("lowest qualification"), max_length=12, choices=StudyLevel, blank=True
    )
    years_of_experience = models.PositiveSmallIntegerField(_("years of experience"), default=0)
    school_levels = ArrayField(
        models.CharField(max_length=10, choices=Level),
        verbose_name=_("school levels that may serve"),
        default=list,
        blank=True,
        help_text=_("Empty: any."),
    )
    tsc_employment_required = models.BooleanField(_("TSC employment required"), default=False)
    vetting_required = models.BooleanField(
        _("vetting required"),
        default=True,
        help_text=_("Only whom headquarters has vetted is deployed; anybody may apply before."),
    )
    at_own_school = models.CharField(
        _("at their own school"), max_length=9, choices=OwnSchool, default=OwnSchool.FORBIDDEN
    )
    oldest = models.PositiveSmallIntegerField(
        _("age limit, years"),
        null=True,
        blank=True,
        help_text=_("The age that they may reach in the year of the exam. Empty: any."),
    )
    subject_required = models.BooleanField(
        _("must teach the subject of the position"), default=False
    )
    training_required = models.BooleanField(
        _("must be trained as examiner of the paper"), default=False
    )
    meets_needs = models.BooleanField(
        _("meets what candidates need"),
        default=False,
        help_text=_(
            "Where candidates need braille, sign language or a language, one officer in this "
            "position must have it."
        ),
    )
    paid_days = ArrayField(
        models.CharField(max_length=10, choices=DayKind),
        verbose_name=_("kinds of day that are paid"),
        default=list,
    )
    daily_rate = models.DecimalField(_("daily rate, KES"), max_digits=8, decimal_places=2)
    days_to_respond = models.PositiveSmallIntegerField(_("days to respond"), default=3)
    reminder_hours = models.PositiveSmallIntegerField(
        _("reminder, hours before the deadline"),
        null=True,
        blank=True,
        default=24,
        db_default=24,
        help_text=_("Empty: none. Nobody is reminded who has had no longer than this to answer."),
    )
    fills_from_reserve = models.BooleanField(
        _("freed places are filled from the reserve list"),
        default=False,
        db_default=False,
        help_text=_("By the portal, when an officer rejects, does not answer or is called off."),
    )
    rotation_days = models.PositiveSmallIntegerField(_("rotation, days"), null=True, blank=True)
    reports_daily = models.BooleanField(
        _("reports every day"),
        default=False,
        db_default=False,
        help_text=_("In their own account: candidates absent, incidents, times of the materials."),
    )

    class Meta:
        verbose_name = _("terms")
        verbose_name_plural = _("terms")
        ordering = ["exam", "position__rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "position"], name="one_set_of_terms_per_position"
            ),
            models.CheckConstraint(
                condition=Q(candidates_per_officer=None) | Q(candidates_per_officer__gte=1),
                name="terms_ratio_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(centres_per_officer=None) | Q(centres_per_officer__gte=1),
                name="terms_centres_ratio_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(counted_with=None) | ~Q(counted_with=F("exam")),
                name="terms_counted_with_another_exam",
            ),
            models.CheckConstraint(condition=Q(daily_rate__gte=0), name="terms_rate_not_negative"),
            models.CheckConstraint(
                condition=Q(days_to_respond__gte=1), name="terms_leave_time_to_respond"
            ),
            models.CheckConstraint(
                condition=Q(station_kind__in=StationKind.values), name="terms_station_kind"
            ),
            models.CheckConstraint(
                condition=Q(lowest_qualification__in=["", *StudyLevel.values]),
                name="terms_qualification",
            ),
            models.CheckConstraint(
                condition=Q(school_levels__contained_by=Level.values), name="terms_school_levels"
            ),
            models.CheckConstraint(
                condition=Q(paid_days__contained_by=DayKind.values), name="terms_paid_days"
            ),
            models.CheckConstraint(
                condition=Q(at_own_school__in=OwnSchool.values), name="terms_own_school"
            ),
            models.CheckConstraint(
                condition=Q(oldest=None) | Q(oldest__gte=18, oldest__lte=99),
                name="terms_age_limit_is_an_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam.short}: {self.position}"


class CentreEntryQuerySet(models.QuerySet["CentreEntry"]):
    def visible_to(self, user: Viewer) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(station__sub_county=user.sub_county_id)
            case Role.CENTRE:
                return self.filter(station=user.station_id, exam=user.exam_id)
            case _:
                return self.none()

    def working_on(self, day: date) -> Self:
        """Each once: an exam has a day but once."""
        return self.filter(works("", "exam__days__"), exam__days__day=day)


class CentreEntry(models.Model):
    """A centre's part in one exam.

    Its sub-county (through the station), its distribution centre and its host are three
    different links: papers may come from a container in another sub-county.
    """

    exam = models.ForeignKey(Exam, models.CASCADE, related_name="entries", verbose_name=_("exam"))
    station = models.ForeignKey(
        DutyStation, models.PROTECT, related_name="entries", verbose_name=_("centre")
    )
    candidates = models.PositiveIntegerField(_("candidates"))
    distribution_centre = models.ForeignKey(
        DutyStation,
        models.PROTECT,
        related_name="served_entries",
        null=True,
        blank=True,
        verbose_name=_("distribution centre"),
    )
    host = models.ForeignKey(
        DutyStation,
        models.PROTECT,
        related_name="hosted_entries",
        null=True,
        blank=True,
        verbose_name=_("host centre"),
    )
    distance_km = models.DecimalField(
        _("distance to the distribution centre, km"),
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
    )
    distance_given_at = models.DateTimeField(_("distance given"), null=True, blank=True)
    needs = ArrayField(
        models.CharField(max_length=15, choices=Skill),
        verbose_name=_("what candidates need"),
        default=list,
        db_default=[],
        blank=True,
        help_text=_("One of those who invigilate here must have each of these."),
    )
    papers = papers_field(
        _(
            "Those that candidates sit here; the centre works on their days and at rehearsals. "
            "Empty: on every day of the exam."
        )
    )

    objects = CentreEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("centre entry")
        verbose_name_plural = _("centre entries")
        ordering = ["exam", "station__code"]
        constraints = [
            models.UniqueConstraint(fields=["exam", "station"], name="one_entry_per_exam"),
            models.CheckConstraint(
                condition=Q(distance_km=None, distance_given_at=None)
                | Q(
                    distance_km__isnull=False,
                    distance_km__gte=0,
                    distance_km__lte=999,
                    distance_given_at__isnull=False,
                ),
                name="distance_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(host=None) | ~Q(host=F("station")), name="no_centre_hosts_itself"
            ),
            models.CheckConstraint(
                condition=Q(needs__contained_by=Skill.values), name="entry_needs_are_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.station}, {self.exam.short}"


class MarkingEntry(models.Model):
    """How many examiners of a paper a marking centre takes. Headquarters says so: no number of
    candidates does."""

    exam = models.ForeignKey(
        Exam, models.CASCADE, related_name="marking_entries", verbose_name=_("exam")
    )
    station = models.ForeignKey(
        DutyStation,
        models.PROTECT,
        related_name="marking_entries",
        verbose_name=_("marking centre"),
        limit_choices_to={"kind": StationKind.MARKING_CENTRE},
    )
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="+", verbose_name=_("position")
    )
    officers = models.PositiveSmallIntegerField(_("officers"))

    class Meta:
        verbose_name = _("marking centre entry")
        verbose_name_plural = _("marking centre entries")
        ordering = ["exam", "station__code", "position__rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "station", "position"], name="one_marking_entry_per_position"
            ),
            models.CheckConstraint(
                condition=Q(officers__gte=1, officers__lte=32767), name="marking_entry_takes_some"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.station}, {self.position}, {self.exam.short}"


class Bank(models.Model):
    code = models.CharField(_("code"), max_length=2, unique=True)
    name = models.CharField(_("name"), max_length=60, unique=True)

    class Meta:
        verbose_name = _("bank")
        verbose_name_plural = _("banks")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{2}$"), name="bank_code"),
        ]

    def __str__(self) -> str:
        return self.name


class BankBranch(models.Model):
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="branches", verbose_name=_("bank"))
    code = models.CharField(_("code"), max_length=3)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("bank branch")
        verbose_name_plural = _("bank branches")
        ordering = ["bank", "name"]
        constraints = [
            models.UniqueConstraint(fields=["bank", "code"], name="one_branch_of_a_code"),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{3}$"), name="branch_code"),
        ]

    def __str__(self) -> str:
        return self.name
