import json
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Now
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import (
    Activity,
    Exam,
    Office,
    Position,
    PositionTerms,
    StationKind,
    SubCounty,
)
from cp2.rules import Role
from profiles.models import Officer
from sms.phones import is_mobile, mobile
from vacancies.alert_models import AlertRound as AlertRound
from vacancies.alert_models import VacancyAlert as VacancyAlert

TERMS = """(
    SELECT to_jsonb(terms)::text FROM catalogue_positionterms terms
    WHERE terms.exam_id = vacancies_vacancy.exam_id
        AND terms.position_id = vacancies_vacancy.position_id
)"""

# How many days of each kind its exam has, and the first and the last of them.
DAYS = """(
    SELECT coalesce(jsonb_agg(kinds ORDER BY kinds.first, kinds.kind), '[]')::text FROM (
        SELECT kind, count(*) AS number, min(day) AS first, max(day) AS last
        FROM catalogue_examday WHERE exam_id = vacancies_vacancy.exam_id GROUP BY kind
    ) kinds
)"""


class VacancyQuerySet(models.QuerySet["Vacancy"]):
    def visible_to(self, user: User) -> Self:
        """Vacancies are public among those who may apply; directors see their sub-county's."""
        match user.role:
            case Role.OFFICER | Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(sub_county=user.sub_county_id)
            case _:
                return self.none()

    def open(self) -> Self:
        """By the database's clock: nothing to flip, nothing to forget."""
        return self.filter(opens_at__lte=Now(), closes_at__gt=Now())

    def kinds(self) -> "models.QuerySet[Vacancy, tuple[int, str, int, int, str, int]]":
        """Which exams and positions there are, each pair once, for the lists of a filter."""
        return (
            self.order_by()
            .values_list(
                "exam",
                "exam__abbreviation",
                "exam__year",
                "position",
                "position__name",
                "position__rank",
            )
            .distinct()
        )

    def with_counts(self, *, prefix: str = "", matching: Q | None = None) -> Self:
        """Adds how many applications stand where, by the name of the status, and `live`: of all,
        or of those that match. Each is counted by itself, so that nothing else in the query is
        asked once for every application."""
        which = {status.value: Q(status=status) for status in ApplicationStatus}
        which["live"] = Q(status__in=LIVE)
        asked = matching or Q()
        return self.annotate(
            **{f"{prefix}{name}": _count(each & asked) for name, each in which.items()}
        )

    def in_words(self) -> Self:
        """With all that the line of a vacancy names, and where it is."""
        return self.select_related("exam", "activity", "position", "sub_county__county")

    def with_terms(self) -> Self:
        """With what the exam asks of the position and pays for it, in the same query. By hand: a
        join of all these columns takes the ORM longer to put together than the database to do."""
        return self.annotate(known_terms=RawSQL(TERMS, []))

    def to_confirm(self) -> Self:
        """With all that whoever applies should have seen."""
        return self.in_words().with_terms().annotate(known_days=RawSQL(DAYS, []))


class Vacancy(models.Model):
    """Places of one position, in one sub-county, for one exam. Open while now is in its window."""

    exam = models.ForeignKey(Exam, models.PROTECT, related_name="vacancies", verbose_name=_("exam"))
    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="+", verbose_name=_("activity")
    )
    station_kind = models.CharField(_("duty station"), max_length=20, choices=StationKind)
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="+", verbose_name=_("position")
    )
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, related_name="vacancies", verbose_name=_("sub-county")
    )
    places = models.PositiveIntegerField(_("positions"))
    override_reason = models.CharField(
        _("reason for another number"),
        max_length=200,
        blank=True,
        help_text=_("Empty: the positions are as many as the stations are entitled to."),
    )
    opens_at = models.DateTimeField(_("opens"))
    closes_at = models.DateTimeField(_("deadline"))
    # Empty until those who asked for such a vacancy are told that it is open.
    announced_in = models.ForeignKey(
        AlertRound,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="vacancies",
        verbose_name=_("announced in"),
    )

    objects = VacancyQuerySet.as_manager()

    class Meta:
        verbose_name = _("vacancy")
        verbose_name_plural = _("vacancies")
        ordering = ["closes_at", "pk"]
        indexes = [models.Index(fields=["closes_at", "id"], name="vacancies_by_deadline")]
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "activity", "station_kind", "position", "sub_county"],
                name="one_vacancy_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="vacancy_closes_after_it_opens"
            ),
            models.CheckConstraint(
                condition=Q(station_kind__in=StationKind.values), name="vacancy_station_kind"
            ),
        ]

    def __str__(self) -> str:
        """The original's line, which people know by heart: in English on every page."""
        with translation.override("en"):
            kind = self.get_station_kind_display()
        return (
            f"{self.position}:- Exam {self.exam}, Activity: {self.activity}, "
            f"Duty Station: {kind}, "
            f"Deadline {timezone.localdate(self.closes_at):%-d %b %Y}, {self.places} positions"
        )

    @property
    def is_open(self) -> bool:
        return self.opens_at <= timezone.now() < self.closes_at

    @property
    def terms(self) -> PositionTerms | None:
        """After `with_terms`. None: headquarters has set none, so nothing is asked."""
        known: str | None = self.known_terms  # type: ignore[attr-defined]  # annotated
        return PositionTerms(**json.loads(known, parse_float=Decimal)) if known else None


class FileStatus(models.TextChoices):
    READ = "read", _("Read")
    APPLIED = "applied", _("Applied")


class VacancyFile(models.Model):
    """Lines of a file that headquarters has sent and looks at before they count.

    read → applied
    """

    MOVES = {FileStatus.READ: [FileStatus.APPLIED]}

    name = models.CharField(_("file"), max_length=120)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("who"))
    status = models.CharField(
        _("status"), max_length=8, choices=FileStatus, default=FileStatus.READ
    )
    lines = models.JSONField(_("lines"), default=list)  # empty once they are applied
    outcome = models.JSONField(_("outcome"), default=dict)
    read_at = models.DateTimeField(_("read"), db_default=Now())
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)

    class Meta:
        verbose_name = _("file of vacancies")
        verbose_name_plural = _("files of vacancies")
        default_permissions = ()  # whoever may add and change vacancies may send them as a file
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=FileStatus.values), name="vacancy_file_status"
            ),
            models.CheckConstraint(
                condition=Q(status=FileStatus.APPLIED, applied_at__isnull=False)
                | ~Q(status=FileStatus.APPLIED) & Q(applied_at=None),
                name="vacancy_file_applied_at_its_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApplicationStatus(models.TextChoices):
    SUBMITTED = "submitted", _("Submitted")
    NOMINATED = "nominated", _("Nominated")
    DEPLOYED = "deployed", _("Deployed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    UNSUCCESSFUL = "unsuccessful", _("Unsuccessful")


LIVE = [ApplicationStatus.SUBMITTED, ApplicationStatus.NOMINATED, ApplicationStatus.DEPLOYED]


def _count(which: Q) -> Coalesce:
    """In a query of vacancies: so many of its applications."""
    counted = (
        Application.objects.filter(which, vacancy=OuterRef("pk"))
        .order_by()
        .annotate(all=Value(1))
        .values("all")
        .annotate(n=models.Count("pk"))
    )
    return Coalesce(Subquery(counted.values("n")), 0)


def of_person(words: str) -> Q:
    """By part of the name, the first digits of the ID number, or the phone number."""
    number = "".join(words.split())
    phone = mobile(number) if is_mobile(number) else number
    return (
        Q(officer__full_name__icontains=" ".join(words.split()))
        | Q(officer__national_id__startswith=number)
        | Q(officer__user__phone=phone)
    )


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user: User) -> Self:
        match user.role:
            case Role.STAFF:
                return self
            case Role.DIRECTOR:
                return self.filter(vacancy__sub_county=user.sub_county_id)
            case Role.OFFICER:
                return self.filter(officer__user=user)
            case _:
                return self.none()

    def decidable_by(self, user: User) -> Self:
        """TSC and SCDE decide on different positions, each in their own sub-county."""
        if user.role == Role.STAFF:
            return self
        return self.visible_to(user).filter(
            vacancy__position__deployed_by=user.office,
            vacancy__position__deployed_by__in=Office.values,
        )

    def of_person(self, words: str) -> Self:
        return self.filter(of_person(words))

    def for_vetting(self) -> Self:
        """With all that an office looks at when it chooses, in three queries for any number."""
        return self.select_related(
            "officer__user", "vacancy__exam", "vacancy__position"
        ).prefetch_related("officer__work", "officer__qualifications")

    def made_by(self, user: User) -> Self:
        """One's own, whatever else one may see."""
        return self.filter(officer__user=user)

    def live(self) -> Self:
        return self.filter(status__in=LIVE)

    def in_words(self) -> Self:
        return self.select_related(
            "vacancy__exam", "vacancy__activity", "vacancy__position", "vacancy__sub_county__county"
        )


class Application(models.Model):
    """One officer's wish to serve, once per exam.

    submitted → nominated → deployed → nominated     (released: the deployment fell through)
    submitted | nominated → withdrawn | unsuccessful
    """

    MOVES = {
        ApplicationStatus.SUBMITTED: [
            ApplicationStatus.NOMINATED,
            ApplicationStatus.WITHDRAWN,
            ApplicationStatus.UNSUCCESSFUL,
        ],
        ApplicationStatus.NOMINATED: [
            ApplicationStatus.DEPLOYED,
            ApplicationStatus.WITHDRAWN,
            ApplicationStatus.UNSUCCESSFUL,
        ],
        ApplicationStatus.DEPLOYED: [ApplicationStatus.NOMINATED],
    }

    vacancy = models.ForeignKey(
        Vacancy, models.PROTECT, related_name="applications", verbose_name=_("vacancy")
    )
    officer = models.ForeignKey(
        Officer, models.PROTECT, related_name="applications", verbose_name=_("officer")
    )
    # The vacancy's exam, again, so that the database can hold "one live application per exam"; a
    # foreign key on both columns keeps the two alike (migration 0002).
    exam = models.ForeignKey(Exam, models.PROTECT, related_name="+", verbose_name=_("exam"))
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=ApplicationStatus,
        default=ApplicationStatus.SUBMITTED,
    )
    reference = models.CharField(_("reference"), max_length=16, unique=True)
    reason = models.CharField(
        _("reason"), max_length=300, blank=True, help_text=_("Why it was not successful.")
    )
    submitted_at = models.DateTimeField(_("submitted"), db_default=Now())

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["vacancy", "status"], name="applications_of_a_vacancy")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ApplicationStatus.values), name="application_status"
            ),
            models.UniqueConstraint(
                fields=["officer", "exam"],
                condition=Q(status__in=LIVE),
                name="one_live_application_per_exam",
            ),
            models.CheckConstraint(
                condition=~Q(status=ApplicationStatus.UNSUCCESSFUL) | ~Q(reason=""),
                name="unsuccessful_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def may_be_withdrawn(self) -> bool:
        return ApplicationStatus.WITHDRAWN in self.MOVES.get(ApplicationStatus(self.status), ())

    @property
    def may_be_decided(self) -> bool:
        """Whether an office still chooses here; from the deployment on it does so there."""
        return ApplicationStatus.UNSUCCESSFUL in self.MOVES.get(ApplicationStatus(self.status), ())

    def is_for(self, user: User) -> bool:
        """Whether this user decides on it: headquarters, or the office that deploys the position
        in this sub-county."""
        if user.role == Role.STAFF:
            return True
        return (
            user.role == Role.DIRECTOR
            and user.office == self.vacancy.position.deployed_by
            and user.sub_county_id == self.vacancy.sub_county_id
        )
