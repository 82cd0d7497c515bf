"""Looks at somebody else's numbers and papers: each is written down, and there is an end to them.

Whoever has power over others could otherwise copy a whole county page by page.
"""

from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from accounts.services import record
from cp2.limits.models import Limit
from cp2.limits.services import Limited, Unreadable, give_back, in_words, take
from cp2.rules import lock
from profiles.models import Officer

LIMIT = "look.person"
VIEWED = "officer.viewed"
PAYEE = "payee.viewed"
LIMITED = "look.limited"
STILL_OPEN = timedelta(minutes=15)  # a page and the papers on it are one look
ONE_ALARM = timedelta(hours=1)


class TooManyLooks(Limited):
    page = "profiles/too_many_looks.html"

    def __init__(self, wait: timedelta) -> None:
        super().__init__(LIMIT, wait)
        said = _(
            "You opened the pages of very many officers within an hour. You can open the next one "
            "in %(wait)s."
        )
        self.args = (said % {"wait": in_words(wait)},)


def note_view(
    officer: Officer,
    *,
    by: User,
    verb: str = VIEWED,
    subject: models.Model | None = None,
    **details: Any,
) -> None:
    """Somebody with power looks at an officer's numbers and papers. Raises TooManyLooks."""
    try:
        take((LIMIT, str(by.pk)))
    except Unreadable:
        raise
    except Limited as limited:
        _note_limit(officer, by=by)
        raise TooManyLooks(limited.wait) from limited
    record(verb, subject or officer, by=by, **details)


def note_reason(
    officer: Officer,
    *,
    by: User,
    reason: dict[str, str],
    verb: str = VIEWED,
    subject: models.Model | None = None,
) -> None:
    """The numbers in full, and why. The page on which they were masked was a look already."""
    if _lately(officer, by).exists():
        record(verb, subject or officer, by=by, **reason)
    else:
        note_view(officer, by=by, verb=verb, subject=subject, **reason)


def said_why(officer: Officer, *, by: User) -> bool:
    """A moment ago, on whichever page of this officer."""
    return _lately(officer, by).filter(details__has_key="why").exists()


def _lately(officer: Officer, by: User) -> "models.QuerySet[Entry]":
    since = timezone.now() - STILL_OPEN
    return Entry.objects.about(officer).filter(actor=by, verb=VIEWED, at__gt=since)


def note_paper(officer: Officer, *, by: User) -> None:
    """A paper is a part of the page that it is on; fetched without that page, a look of its own."""
    if _lately(officer, by).exists():
        record(VIEWED, officer, by=by)
    else:
        note_view(officer, by=by)


def back_to_the_page(by: User) -> None:
    """Whoever has decided sees the officer's page again: that is the same look."""
    give_back(LIMIT, str(by.pk))


@transaction.atomic
def _note_limit(officer: Officer, *, by: User) -> None:
    """For headquarters to see, and once: whoever goes on trying must not fill the trail."""
    by = lock(by)
    lately = Entry.objects.about(by).filter(at__gt=timezone.now() - ONE_ALARM, verb=LIMITED)
    if not lately.exists():
        most = Limit.objects.filter(name=LIMIT).order_by("seconds").values_list("takes", flat=True)
        record(LIMITED, by, by=by, officer=officer.pk, most=most[0])
