"""Who may sign in, how a password reaches them, and the trail of what everybody did."""

import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

import sms.services
from accounts.models import Entry, User
from cp2.rules import Refused, Role, lock
from sms.models import Message
from sms.phones import mobile

# Without the letters and digits that look or sound alike when read off a small screen.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


# What every other service calls


def record(
    verb: str, subject: models.Model, *, by: User | None, acting_name: str = "", **details: Any
) -> Entry:
    """Write one line of the audit trail, in the transaction of what it tells of."""
    return Entry.objects.create(
        actor=by,
        acting_name=acting_name,
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        details=details,
    )


def record_each(
    verb: str,
    told: Iterable[tuple[models.Model, dict[str, Any]]],
    *,
    by: User | None,
    acting_name: str = "",
) -> None:
    """One line for each of many things of a kind that were done at once, with its own details."""
    Entry.objects.bulk_create(
        Entry(
            actor=by,
            acting_name=acting_name,
            verb=verb,
            subject_type=subject._meta.label_lower,
            subject_id=subject.pk,
            details=details,
        )
        for subject, details in told
    )


def tell(user: User, template: str, **context: Any) -> Message | None:
    """Queue one text to somebody, in their language. Those without a phone are told by page."""
    if not user.phone:
        return None
    return sms.services.send(user.phone, template, language=user.language, **context)


# Accounts


def known_as(typed: str) -> User | None:
    """Officers sign in with their number however they write it, all others with a user name
    in capitals or not."""
    try:
        names = {mobile(typed)}
    except ValidationError:
        names = {typed, typed.upper(), typed.lower()}
    return User.objects.filter(username__in=names).first()


@transaction.atomic
def open_account(phone: str, *, language: str) -> User:
    """An officer's account, and the promise of a password by text."""
    if User.objects.filter(username=phone).exists():
        raise Refused(
            _(
                "This number is already registered. Send the text “PASSWORD” to %(shortcode)s "
                "to get your login details (user name and password)."
            )
            % {"shortcode": settings.SMS_SHORTCODE}
        )
    user = User.objects.create_user(phone, phone=phone, role=Role.OFFICER, language=language)
    record("account.opened", user, by=user)
    sms.services.send_credentials(phone, "accounts/registered", user=user.pk)
    return user


@transaction.atomic
def ask_for_password(phone: str, *, road: str) -> bool:
    """Promise a new password to whoever owns the number; say nothing about whether it is known.

    `road` is how they asked: page or text. The old password works until the new one is used.
    """
    user = User.objects.filter(phone=phone, is_active=True).first()
    if user is None:
        return False
    record("password.asked", user, by=user, road=road)
    sms.services.send_credentials(phone, "accounts/password", user=user.pk)
    return True


@transaction.atomic
def change_number(user: User, phone: str) -> User:
    """An officer signs in with their number, so both change together; the caller records why.

    Sessions end with the old number, and what was texted to it opens nothing any more. An
    IntegrityError says that the number is another account's.
    """
    user = lock(user)
    user.username = user.phone = phone
    user.issued_password = ""
    user.save(update_fields=["username", "phone", "issued_password"])
    return user


@transaction.atomic
def close_account(user: User) -> User:
    """Nobody signs in to it any more, and its number is free for whoever has the line."""
    user = lock(user)
    user.username, user.phone = f"closed-{user.pk}", None
    user.is_active, user.issued_password = False, ""
    user.save(update_fields=["username", "phone", "is_active", "issued_password"])
    return user


# Passwords


def mint() -> str:
    """Ten characters of 49 bits in all, in two groups that can be read aloud."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def compose_credentials(message: Message) -> str:
    """Mint a password at the moment of sending: hashed into the account, said once, forgotten."""
    password = mint()
    hashed = make_password(password)
    with transaction.atomic():
        # the number may have become another's meanwhile, or nobody's
        owner = User.objects.filter(pk=message.context["user"], phone=message.to, is_active=True)
        user = owner.select_for_update().first()
        if user is None:
            raise sms.services.Unsendable("no account has this number")
        user.issued_password, user.issued_at = hashed, timezone.now()
        user.save(update_fields=["issued_password", "issued_at"])
    return sms.services.render(
        message.template,
        language=user.language,
        username=user.username,
        password=password,
        site=settings.SITE_URL,
    )


def password_fits(user: User, password: str) -> bool:
    """Whether this signs the user in, with the chosen password or with the issued one."""
    if check_password(password, user.password):
        # an issued password that was used but never replaced dies after its day as well
        return not (user.must_choose_password and user.issued_password_has_expired)
    if user.issued_password and not user.issued_password_has_expired:
        return check_password(password, user.issued_password) and use_issued_password(user)
    return False


@transaction.atomic
def use_issued_password(user: User) -> bool:
    """The issued password takes the place of the old one; its owner must choose their own next.

    Sessions end with the old password, since Django ties them to its hash.
    """
    issued = user.issued_password
    locked = lock(user)
    if locked.issued_password != issued:  # used, or issued anew, a moment ago
        return False
    locked.password, locked.issued_password, locked.must_choose_password = issued, "", True
    locked.save(update_fields=["password", "issued_password", "must_choose_password"])
    user.refresh_from_db()
    record("password.used", locked, by=locked)
    return True


@transaction.atomic
def choose_password(user: User, password: str) -> User:
    """Their own, in place of any other; every other session of theirs ends."""
    user = lock(user)
    user.password = make_password(password)
    user.issued_password, user.must_choose_password = "", False
    user.save(update_fields=["password", "issued_password", "must_choose_password"])
    record("password.chosen", user, by=user)
    tell(user, "accounts/password_chosen")
    return user


@transaction.atomic
def choose_language(user: User, language: str) -> None:
    user = lock(user)
    user.language = language
    user.save(update_fields=["language"])
