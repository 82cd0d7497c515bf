"""Sessions in the database, each with whose it is, so that people can see and end theirs."""

import time
from datetime import UTC, datetime
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from accounts.models import Session
from cp2.rules import Role

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
# Unused for so many seconds, and since its beginning: those with power over others sign in anew
# every working day, an officer or a centre once a week.
IDLE = {Role.STAFF: 30 * MINUTE, Role.DIRECTOR: 30 * MINUTE}
IDLE_OTHERS = 12 * HOUR
LONGEST = {Role.STAFF: 12 * HOUR, Role.DIRECTOR: 12 * HOUR}
LONGEST_OTHERS = 7 * DAY

# What a session notes of itself.
BEGAN, SEEN, BROWSER = "began", "seen", "browser"


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = cast(Session, super().create_model_instance(data))  # of get_model_class
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.began_at = datetime.fromtimestamp(data[BEGAN], UTC) if BEGAN in data else None
        row.browser = data.get(BROWSER, "")
        return row


def begin(session: Any, *, role: str, browser: str) -> None:
    """How long it lives depends on whose it is; what is unused for longer expires by itself."""
    now = int(time.time())
    session[BEGAN], session[SEEN], session[BROWSER] = now, now, browser[:200]
    session.set_expiry(IDLE.get(Role(role), IDLE_OTHERS))


def has_ended(session: Any, *, role: str) -> bool:
    """It is used, but has been for too long."""
    longest = LONGEST.get(Role(role), LONGEST_OTHERS)
    return BEGAN in session and time.time() > session[BEGAN] + longest


def note_use(session: Any, *, role: str) -> None:
    """Lengthen its life; written down now and then only, not with every page."""
    now = int(time.time())
    if SEEN in session and now > session[SEEN] + IDLE.get(Role(role), IDLE_OTHERS) / 10:
        session[SEEN] = now
