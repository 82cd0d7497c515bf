from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Q, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.news import News
from catalogue.models import DutyStation, Exam, Office, SubCounty
from cp2.rules import Role

MOST_SUPERUSERS = 2


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.password = make_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str, **fields: Any) -> "User":
        """For an emergency: no rule of the portal stops a superuser, so there are hardly any."""
        if self.filter(is_superuser=True, is_active=True).count() >= MOST_SUPERUSERS:
            raise ValidationError(_("There are two superusers already. Switch one off first."))
        return self.create_user(username, password, role=Role.STAFF, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody, or some centre, who can sign in.

    Besides the chosen password, one that we issued by text is good for a day, and so is the one
    before it, since texts come late and in any order. The chosen one works until an issued one is
    used, so nobody can lock another out by asking for a reset.

    A centre has an account for each exam, shared by those who work there and ending with the exam.
    It has no phone: its passwords are issued on paper (slips.py), and last as long as the account.
    """

    username = models.CharField(
        _("user name"),
        max_length=40,
        unique=True,
        error_messages={"unique": _("This user name is taken.")},
    )
    phone = models.CharField(_("phone number"), max_length=12, unique=True, null=True, blank=True)
    name = models.CharField(
        _("name"), max_length=120, blank=True, help_text=_("Of a director or a member of staff.")
    )
    role = models.CharField(_("role"), max_length=8, choices=Role)
    station = models.ForeignKey(
        DutyStation, models.PROTECT, null=True, blank=True, verbose_name=_("centre")
    )
    exam = models.ForeignKey(
        Exam,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        verbose_name=_("exam"),
        help_text=_("Of a centre's account, which ends with it."),
    )
    office = models.CharField(_("office"), max_length=4, choices=Office, blank=True)
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, null=True, blank=True, verbose_name=_("sub-county")
    )
    language = models.CharField(
        _("language"), max_length=2, choices=settings.LANGUAGES, default="en"
    )
    news_off = ArrayField(
        models.CharField(max_length=16, choices=News),
        verbose_name=_("texts turned off"),
        blank=True,
        default=list,
        db_default=Value("{}"),
    )
    issued_password = models.CharField(_("issued password"), max_length=128, blank=True)
    issued_at = models.DateTimeField(_("password issued"), null=True, blank=True)
    issued_earlier = models.CharField(_("password issued before it"), max_length=128, blank=True)
    issued_earlier_at = models.DateTimeField(_("issued before it at"), null=True, blank=True)
    must_choose_password = models.BooleanField(_("must choose a password"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    is_verified: Callable[[], bool]  # a one-time code was typed; django-otp's middleware says so

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        permissions = [
            ("issue_password", _("Can have a new password texted to its owner")),
            ("reset_code", _("Can take away the one-time code of a director")),
        ]
        indexes = [
            models.Index(
                # those of offices, found by how a name begins; officers have theirs elsewhere
                fields=["name"],
                name="people_of_offices_by_name",
                opclasses=["varchar_pattern_ops"],
                condition=~Q(name=""),
            ),
            models.Index(fields=["username"], condition=Q(is_superuser=True), name="superusers"),
            # officers are nearly all there are, and nobody lists them by role
            models.Index(
                fields=["role", "username"],
                name="users_who_are_no_officers",
                condition=~Q(role=Role.OFFICER),
            ),
            models.Index(
                fields=["office", "username"], name="users_of_an_office", condition=~Q(office="")
            ),
            models.Index(
                fields=["username"], name="users_switched_off", condition=Q(is_active=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(role=Role.OFFICER, station=None, exam=None, office="", sub_county=None)
                # only an account that is closed has given its number up
                & (Q(phone__isnull=False) | Q(is_active=False))
                | Q(
                    role=Role.CENTRE,
                    station__isnull=False,
                    exam__isnull=False,
                    office="",
                    sub_county=None,
                )
                | Q(
                    role=Role.DIRECTOR,
                    station=None,
                    exam=None,
                    office__in=Office.values,
                    sub_county__isnull=False,
                )
                | Q(role=Role.STAFF, station=None, exam=None, office="", sub_county=None),
                name="role_has_its_place",
            ),
            models.UniqueConstraint(
                fields=["station", "exam"], name="one_account_of_a_centre_per_exam"
            ),
            models.CheckConstraint(
                condition=Q(phone=None) | Q(phone__regex=r"^254[17][0-9]{8}$"),
                name="phone_is_a_kenyan_mobile",
            ),
            models.CheckConstraint(
                condition=Q(news_off__contained_by=News.values), name="only_news_is_turned_off"
            ),
            models.CheckConstraint(
                condition=Q(issued_password="") | Q(issued_at__isnull=False),
                name="issued_password_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(issued_earlier="") | Q(issued_earlier_at__isnull=False),
                name="earlier_password_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def is_staff(self) -> bool:
        """What Django's admin asks before it opens."""
        return self.role == Role.STAFF

    @property
    def has_power(self) -> bool:
        """Decides about other people, so signs in with a one-time code as well."""
        return self.role in (Role.DIRECTOR, Role.STAFF)

    @property
    def is_shared(self) -> bool:
        """Belongs to a centre, not to a person: whoever works there signs in."""
        return self.role == Role.CENTRE

    @property
    def ends_on(self) -> date | None:
        """The last day of a centre's account; all others have none."""
        return self.exam.centres_sign_in_until if self.exam else None

    @property
    def has_ended(self) -> bool:
        return self.ends_on is not None and timezone.localdate() > self.ends_on

    @property
    def may_go_on(self) -> bool:
        """With a session that has begun."""
        return self.is_active and not self.has_ended

    @property
    def issued_password_has_expired(self) -> bool:
        """A text is read at once; a slip of paper may lie in an office for weeks."""
        return not self.is_shared and not _is_fresh(self.issued_at)

    def issued_passwords(self) -> Iterator[str]:
        """The hashes of those that are still good, the newest first."""
        if self.issued_password and not self.issued_password_has_expired:
            yield self.issued_password
        if self.issued_earlier and _is_fresh(self.issued_earlier_at):
            yield self.issued_earlier

    def get_session_auth_hash(self) -> str:
        """Sessions end when it changes: with the password, with the number that signs in, and
        with what the user may do."""
        return self._sign_sessions(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for key in settings.SECRET_KEY_FALLBACKS:
            yield self._sign_sessions(key)

    def _sign_sessions(self, key: str) -> str:
        place = (self.role, self.office, self.station_id, self.exam_id, self.sub_county_id)
        signed = "|".join(map(str, (self.password, self.username, self.is_superuser, *place)))
        return salted_hmac("accounts.session", signed, secret=key, algorithm="sha256").hexdigest()


def _is_fresh(issued_at: datetime | None) -> bool:
    return issued_at is not None and timezone.now() <= issued_at + settings.ISSUED_PASSWORD_LIFE


# By what each calls itself; a later one often claims to be an earlier one too.
BROWSERS = [
    ("Opera Mini", "Opera Mini"),
    ("OPR/", "Opera"),
    ("Edg", "Edge"),
    ("SamsungBrowser", "Samsung Internet"),
    ("UCBrowser", "UC Browser"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]
SYSTEMS = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("KAIOS", "KaiOS"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
]


class Session(AbstractBaseSession):
    """A browser that is signed in, or has something to remember; whose it is can be asked."""

    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="sessions", verbose_name=_("user")
    )
    began_at = models.DateTimeField(_("began"), null=True)
    seen_at = models.DateTimeField(_("last used"), default=timezone.now)
    browser = models.CharField(_("browser"), max_length=200, blank=True)

    class Meta(AbstractBaseSession.Meta):
        indexes = [models.Index(fields=["user", "-seen_at"], name="sessions_of_a_person")]

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from accounts.sessions import SessionStore  # which imports this model

        return SessionStore

    @property
    def browser_name(self) -> str:
        """`Chrome, Android`: as much of what a browser says of itself as tells one's own apart."""
        names = (
            next((name for sign, name in kinds if sign in self.browser), "")
            for kinds in (BROWSERS, SYSTEMS)
        )
        return ", ".join(name for name in names if name)

    @property
    def reference(self) -> str:
        """Names it on a page; the key itself would open it."""
        return salted_hmac("accounts.session.reference", self.session_key).hexdigest()[:24]


class RecoveryCode(models.Model):
    """Good once in place of a code of the app. Only its keyed digest is here."""

    user = models.ForeignKey(
        User, models.PROTECT, related_name="recovery_codes", verbose_name=_("user")
    )
    digest = models.CharField(_("digest"), max_length=64)
    made_at = models.DateTimeField(_("made"), db_default=Now())
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "digest"], name="one_recovery_code_of_a_kind_for_a_person"
            ),
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="recovery_code_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"recovery code {self.pk} of {self.user_id}"


VERBS = """
WITH RECURSIVE verbs AS (
    (SELECT verb FROM accounts_entry ORDER BY verb LIMIT 1)
    UNION ALL
    SELECT (SELECT verb FROM accounts_entry WHERE verb > verbs.verb ORDER BY verb LIMIT 1)
    FROM verbs WHERE verb IS NOT NULL
)
SELECT verb FROM verbs WHERE verb IS NOT NULL
"""


class EntryQuerySet(models.QuerySet["Entry"]):
    @staticmethod
    def verbs() -> list[str]:
        """All that there are, each found by the index from the one before it."""
        with connection.cursor() as cursor:
            cursor.execute(VERBS)
            return [verb for (verb,) in cursor.fetchall()]

    def about(self, subject: models.Model) -> "EntryQuerySet":
        return self.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)

    def visible_to(self, user: User) -> "EntryQuerySet":
        """The trail is for headquarters, and within it for those with the right to read it."""
        return self if user.has_perm("accounts.view_entry") else self.none()


class Entry(models.Model):
    """One line of the audit trail: who did what to which row, and why. Never changed or removed;
    a trigger in the database says so."""

    at = models.DateTimeField(_("at"), db_default=Now())
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    acting_name = models.CharField(
        _("acting person"),
        max_length=120,
        blank=True,
        help_text=_("Who used a centre's account."),
    )
    verb = models.CharField(_("what"), max_length=60)
    subject_type = models.CharField(_("kind of thing"), max_length=60)
    subject_id = models.BigIntegerField(_("its number"))
    details = models.JSONField(_("details"), default=dict, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="entries_of_a_thing"),
            models.Index(fields=["actor", "-id"], name="entries_of_a_person"),
            models.Index(fields=["verb", "-id"], name="entries_of_a_verb"),
            models.Index(fields=["at", "id"], name="entries_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(verb__regex=r"^[a-z_]+\.[a-z_]+$"), name="verb_is_noun_and_past"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_id}"
