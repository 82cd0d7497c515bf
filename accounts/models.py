from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from catalogue.models import DutyStation, Office, SubCounty
from cp2.rules import Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.password = make_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str, **fields: Any) -> "User":
        return self.create_user(username, password, role=Role.STAFF, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody, or some centre, who can sign in.

    Two passwords may be good at a time: the chosen one, and one that we issued by text, for a
    day. The chosen one works until the issued one is used, so nobody can lock another out by
    asking for a reset.
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
    office = models.CharField(_("office"), max_length=4, choices=Office, blank=True)
    sub_county = models.ForeignKey(
        SubCounty, models.PROTECT, null=True, blank=True, verbose_name=_("sub-county")
    )
    language = models.CharField(
        _("language"), max_length=2, choices=settings.LANGUAGES, default="en"
    )
    issued_password = models.CharField(_("issued password"), max_length=128, blank=True)
    issued_at = models.DateTimeField(_("password issued"), null=True, blank=True)
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
        permissions = [("issue_password", _("Can have a new password texted to its owner"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(role=Role.OFFICER, station=None, office="", sub_county=None)
                # only an account that is closed has given its number up
                & (Q(phone__isnull=False) | Q(is_active=False))
                | Q(role=Role.CENTRE, station__isnull=False, office="", sub_county=None)
                | Q(
                    role=Role.DIRECTOR,
                    station=None,
                    office__in=Office.values,
                    sub_county__isnull=False,
                )
                | Q(role=Role.STAFF, station=None, office="", sub_county=None),
                name="role_has_its_place",
            ),
            models.CheckConstraint(
                condition=Q(phone=None) | Q(phone__regex=r"^254[17][0-9]{8}$"),
                name="phone_is_a_kenyan_mobile",
            ),
            models.CheckConstraint(
                condition=Q(issued_password="") | Q(issued_at__isnull=False),
                name="issued_password_has_its_time",
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

    def get_session_auth_hash(self) -> str:
        """Sessions end when it changes: with the password, and with the number that signs in."""
        return self._sign_sessions(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for key in settings.SECRET_KEY_FALLBACKS:
            yield self._sign_sessions(key)

    def _sign_sessions(self, key: str) -> str:
        signed = f"{self.password}|{self.username}"
        return salted_hmac("accounts.session", signed, secret=key, algorithm="sha256").hexdigest()

    @property
    def issued_password_has_expired(self) -> bool:
        return (
            self.issued_at is not None
            and timezone.now() > self.issued_at + settings.ISSUED_PASSWORD_LIFE
        )


class EntryQuerySet(models.QuerySet["Entry"]):
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
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(verb__regex=r"^[a-z_]+\.[a-z_]+$"), name="verb_is_noun_and_past"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_id}"
