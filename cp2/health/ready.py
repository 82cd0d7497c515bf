"""Whether the portal works as a whole: asked every few seconds, so each part is asked cheaply."""

import re
from functools import cache
from pathlib import Path

import redis
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

from cp2.health import pulse

OK = "ok"
NO_ANSWER = "no answer"


def parts() -> dict[str, str]:
    """Each part, and "ok" or what is wrong with it."""
    try:
        found = {"database": _database(), "migrations": _migrations()}
        ages = pulse.ages()
    except DatabaseError:
        asked = dict.fromkeys(["migrations", *pulse.SILENCE], "not asked")
        return {"database": NO_ANSWER, "broker": broker(), **asked}
    alive = {name: _alive(name, ages[name]) for name in pulse.SILENCE}
    return found | {"broker": broker()} | alive


def _database() -> str:
    """A replica, or a server with a full disk, answers all that only reads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')")
        replica, read_only = cursor.fetchone()
    return "takes no writing" if replica or read_only == "on" else OK


seen_applied: set[str] = set()  # databases; what was applied stays so


def _migrations() -> str:
    name = str(connection.settings_dict["NAME"])
    if name in seen_applied:
        return OK
    if missing := unapplied():
        return f"{len(missing)} not applied"
    seen_applied.add(name)
    return OK


def unapplied() -> frozenset[tuple[str, str]]:
    return of_this_release() - set(MigrationRecorder(connection).applied_migrations())


@cache
def of_this_release() -> frozenset[tuple[str, str]]:
    """By the names of the files: to read them all takes a second."""
    return frozenset(
        (app.label, file.stem)
        for app in apps.get_app_configs()
        for file in Path(app.path, "migrations").glob("*.py")
        if re.match(r"[0-9]{4}_", file.name)
    )


def broker() -> str:
    """Only here does a web process call the broker, and it waits a fifth of a second at most."""
    url = settings.REDIS_URL.replace("redis+socket://", "unix://")
    try:
        with redis.Redis.from_url(url, socket_timeout=0.2, socket_connect_timeout=0.2) as asked:
            asked.ping()
    except redis.RedisError:
        return NO_ANSWER
    return OK


def _alive(name: str, age: float | None) -> str:
    if age is None:
        return "never seen"
    return OK if age < pulse.SILENCE[name] else f"last seen {age:.0f} seconds ago"
