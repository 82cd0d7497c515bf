"""Who may sign in, how a password reaches them, and the trail of what everybody did."""

import json
import re
import secrets
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

import sms.services
from accounts.models import Entry, User
from accounts.news import News
from cp2.limits.services import forget, take
from cp2.rules import Refused, Role, lock
from sms.models import Kind, Message
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
    """One line for each of many things of a kind that were done at once, with its own details.

    One statement of two lists: ten thousand rows of a model take longer to make than to write.
    """
    lines = list(told)
    if not lines:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_entry
                (actor_id, acting_name, verb, subject_type, subject_id, details)
            SELECT %s, %s, %s, %s, line.subject, line.details
            FROM unnest(%s::bigint[], %s::jsonb[]) WITH ORDINALITY AS line (subject, details, place)
            ORDER BY line.place
            """,
            [
                by.pk if by else None,
                acting_name,
                verb,
                lines[0][0]._meta.label_lower,
                [subject.pk for subject, _details in lines],
                [json.dumps(details) for _subject, details in lines],
            ],
        )


def record_all(
    verb: str, model: type[models.Model], pks: list[int], *, by: User | None, **details: Any
) -> None:
    """The same line for each of many rows, which need not be read for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_entry
                (actor_id, acting_name, verb, subject_type, subject_id, details)
            SELECT %s, '', %s, %s, subject, %s::jsonb
            FROM unnest(%s::bigint[]) WITH ORDINALITY AS row (subject, place) ORDER BY place
            """,
            [by.pk if by else None, verb, model._meta.label_lower, json.dumps(details), pks],
        )


def tell(
    user: User, template: str, *, bulk: bool = False, news: News | None = None, **context: Any
) -> Message | None:
    """Queue one text to somebody, in their language. Those without a phone are told by page.

    `bulk` says that many are told at once: their texts leave in turn, behind all others. `news`
    names the kind of a text that its reader may have turned off.
    """
    if not user.phone or news in user.news_off:
        return None
    kind = Kind.BULK if bulk else Kind.NOTICE
    return sms.services.send(user.phone, template, language=user.language, kind=kind, **context)


def tell_each(
    template: str,
    told: Iterable[tuple[User, str | None, dict[str, Any]]],
    *,
    news: News | None = None,
) -> int:
    """The same to many at once, each in their own words and language; behind all other texts. With
    a key, it is told once. News is for those who want it. Says how many that is."""
    texts = [
        (user.phone, user.language, key, context)
        for user, key, context in told
        if user.phone and news not in user.news_off
    ]
    sms.services.send_each(template, texts)
    return len(texts)


# Accounts


def known_as(typed: str) -> User | None:
    """Officers sign in with their number however they write it, all others with a user name
    in capitals or not."""
    try:
        names = {mobile(typed)}
    except ValidationError:
        names = {typed, typed.upper(), typed.lower()}
    return User.objects.filter(username__in=names).first()


def take_a_text(phone: str, *, address: str, road: str) -> None:
    """Use up the right to have one password texted to a number, or raise Limited.

    Taken before anything is written, for known and unknown numbers alike. A reset is taken from
    its road, the page or a text, since a stranger at the page must not make the owner wait who
    texts from the phone itself; a new account from its block of neighbours, which somebody who
    drains our balance would go through one by one.
    """
    is_new = road == "register"
    take(
        ("text.number", phone),
        ("text.block", phone[:9]) if is_new else ("text.again", f"{road} {phone}"),
        *([("text.address", address)] if address else []),
        ("text.everyone", ""),
    )


def refuse_known(phone: str) -> None:
    if User.objects.filter(username=phone).exists():
        raise Refused(
            _(
                "This number is already registered. Send the text “PASSWORD” to %(shortcode)s "
                "to get your login details (user name and password)."
            )
            % {"shortcode": settings.SMS_SHORTCODE}
        )


@transaction.atomic
def open_account(phone: str, *, language: str) -> User:
    """An officer's account, and the promise of a password by text."""
    refuse_known(phone)
    user = User.objects.create_user(phone, phone=phone, role=Role.OFFICER, language=language)
    record("account.opened", user, by=user)
    sms.services.send_credentials(phone, "accounts/registered", user=user.pk)
    return user


def ask_for_password(phone: str, *, road: str, address: str = "") -> None:
    """Promise a new password to whoever owns the number. The old one works until it is used.

    `road` is how they asked: page or text. Whether the number has an account is not asked here:
    the worker finds out, so nobody can tell from the answer, or from the time it took. Raises
    Limited when it is asked for too often.
    """
    take_a_text(phone, address=address, road=road)
    sms.services.send_credentials(phone, "accounts/password", road=road)


@transaction.atomic
def issue_password(user: User, *, by: User) -> None:
    """The helpdesk has a password texted to its owner, and never sees it."""
    if not user.phone or not user.is_active:
        raise Refused(_("%(user)s has no phone or is switched off.") % {"user": user})
    record("password.asked", user, by=by, road="helpdesk")
    sms.services.send_credentials(user.phone, "accounts/password", road="helpdesk")


@transaction.atomic
def change_number(user: User, phone: str) -> User:
    """An officer signs in with their number, so both change together; the caller records why.

    Sessions end with the old number, and what was texted to it opens nothing any more. An
    IntegrityError says that the number is another account's.
    """
    user = lock(user)
    user.username = user.phone = phone
    user.issued_password = user.issued_earlier = ""
    user.save(update_fields=["username", "phone", "issued_password", "issued_earlier"])
    return user


@transaction.atomic
def close_account(user: User) -> User:
    """Nobody signs in to it any more, and its number is free for whoever has the line."""
    user = lock(user)
    user.username, user.phone = f"closed-{user.pk}", None
    user.issued_password = user.issued_earlier = ""
    user.is_active = False
    user.save(update_fields=["username", "phone", "is_active", "issued_password", "issued_earlier"])
    return user


# Passwords


def mint() -> str:
    """Ten characters of 49 bits in all, in two groups that can be read aloud."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def looks_issued(password: str) -> bool:
    """Whether it is written as we write ours; nobody may choose such a one."""
    return re.fullmatch(f"[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}", password) is not None


@sensitive_variables()
def compose_credentials(message: Message) -> str:
    """Mint a password at the moment of sending: hashed into the account, said once, forgotten.

    For whoever has the number now: it may have become another's, or nobody's, meanwhile.
    """
    password = mint()
    hashed = make_password(password)
    with transaction.atomic():
        user = User.objects.select_for_update().filter(phone=message.to, is_active=True).first()
        if user is None:
            raise sms.services.Unsendable("no account has this number")
        user.issued_earlier, user.issued_earlier_at = user.issued_password, user.issued_at
        user.issued_password, user.issued_at = hashed, timezone.now()
        user.save(
            update_fields=[
                "issued_password", "issued_at", "issued_earlier", "issued_earlier_at"
            ]
        )  # fmt: skip
        _note_who_asked(message, user)
    return sms.services.render(
        message.template, language=user.language, username=user.username, password=password
    )


def _note_who_asked(message: Message, user: User) -> None:
    """Once for each text, however often it is tried; the helpdesk's asking is noted by itself."""
    road = message.context.get("road")
    noted = Entry.objects.about(user).filter(verb="password.asked", details__text=message.pk)
    if road in ("page", "text") and not noted.exists():
        record("password.asked", user, by=user, road=road, text=message.pk)


class Fit(Enum):
    """Which password it was that somebody typed."""

    CHOSEN = "chosen"
    ISSUED = "issued"


@sensitive_variables()
def which_password(user: User, typed: str, *, issued_alone: bool = False) -> Fit | None:
    """The one that this is, if any. One hash is computed, so time tells nothing; two only for
    the owner of two texts."""
    if looks_issued(typed):
        for hashed in user.issued_passwords():
            if check_password(typed, hashed):
                return Fit.ISSUED
    if issued_alone or not check_password(typed, user.password):
        return None
    # an issued password that was used but never replaced dies after its day as well
    dead = user.must_choose_password and user.issued_password_has_expired
    return None if dead else Fit.CHOSEN


@sensitive_variables()
def waste_a_hash(typed: str) -> None:
    """As much work as for a user there is."""
    check_password(typed, _nobodys_hash())


@cache
def _nobodys_hash() -> str:
    return make_password(secrets.token_hex())


def identity_on_file(user: User) -> str:
    """The national ID number of an officer who has given it, else nothing. The profiles know."""
    on_file: str = import_string(settings.IDENTITY_ON_FILE)(user)
    return on_file


@transaction.atomic
def use_issued_password(user: User, *, by_identity: bool = False) -> User:
    """An issued password takes the place of the old one; its owner must choose their own next.

    Sessions end with the old password, since Django ties them to its hash.
    """
    user = lock(user)
    issued = next(user.issued_passwords(), None)
    if issued is None:  # used in another window, or a day old by now
        return user
    user.password = issued
    user.must_choose_password = not user.is_shared  # a slip's belongs to the whole centre
    user.issued_password = user.issued_earlier = ""
    user.save(
        update_fields=["password", "must_choose_password", "issued_password", "issued_earlier"]
    )
    record("password.used", user, by=user, by_identity=by_identity)
    return user


def confirm_identity(user: User, national_id: str) -> User | None:
    """Whoever has the phone is who the account is of, or None; five tries a day.

    A number may have gone to a stranger since last year, so a text alone opens nothing that has
    a name on it. Until this the old password stays as it was.
    """
    take(("confirm.account", str(user.pk)))
    if not constant_time_compare(identity_on_file(user), national_id):
        record("identity.doubted", user, by=user)
        return None
    forget(("confirm.account", str(user.pk)))
    return use_issued_password(user, by_identity=True)


@sensitive_variables()
@transaction.atomic
def choose_password(user: User, password: str, *, acting_name: str = "") -> User:
    """Their own, in place of any other; every other session of theirs ends."""
    user = lock(user)
    user.password = make_password(password)
    user.issued_password = user.issued_earlier = ""
    user.must_choose_password = False
    user.save(
        update_fields=["password", "issued_password", "issued_earlier", "must_choose_password"]
    )
    record("password.chosen", user, by=user, acting_name=acting_name)
    tell(user, "accounts/password_chosen")
    return user


@transaction.atomic
def choose_language(user: User, language: str) -> None:
    user = lock(user)
    user.language = language
    user.save(update_fields=["language"])


# What is texted


def wanting(news: News, path: str = "") -> models.Q:
    """Those who want this kind of news and have a number for it; `path` leads to the account."""
    return models.Q(**{f"{path}phone__isnull": False, f"{path}is_active": True}) & ~models.Q(
        **{f"{path}news_off__contains": [news]}
    )


@transaction.atomic
def choose_news(user: User, wanted: Iterable[str], *, road: str = "page") -> User:
    """Turn on what is wanted and off what is not. All that is no news goes on coming."""
    user = lock(user)
    off = sorted(set(News.values) - set(wanted))
    if off != user.news_off:
        user.news_off = off
        user.save(update_fields=["news_off"])
        record("news.chosen", user, by=user, off=off, road=road)
    return user
