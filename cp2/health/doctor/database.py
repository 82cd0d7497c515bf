"""PostgreSQL: whether it answers, is what the portal needs, and has all of the portal in it."""

import os
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings as conf
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL
from django.utils.translation import gettext as _

from cp2.health import ready
from cp2.health.doctor import Finding, broken, check, look, ok

OLDEST = 150000
DEAREST_SEEK = 2  # in pages read one after the other
EXTENSIONS = {"btree_gist"}
MADE = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+(\w+)", re.IGNORECASE)
DROPPED = re.compile(r"DROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?(\w+)", re.IGNORECASE)


def ask(question: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@check
def database() -> Iterator[Finding]:
    [(version, replica, encoding, zone, collation, seek)] = ask(
        "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(),"
        " pg_encoding_to_char(encoding), current_setting('TimeZone'), datcollate,"
        " current_setting('random_page_cost')::float"
        " FROM pg_database WHERE datname = current_database()"
    )
    yield of_version(version)
    if replica:
        yield broken("the database is a replica", "DATABASE_URL must name the primary.")
    if encoding != "UTF8":
        yield broken("the database is not in UTF-8", "Make it anew with ENCODING UTF8.")
    if not collation.upper().replace("-", "").endswith(("UTF8", "C", "POSIX")):
        yield look(f"the database sorts by {collation}", "C.UTF-8 changes with no library.")
    if zone != "UTC":
        yield look(f"the database keeps the time of {zone}", "Django asks for UTC.")
    if seek > DEAREST_SEEK:
        yield look(
            f"random_page_cost is {seek:g}: large tables are read whole where an index would do",
            "On a disk without a head: ALTER SYSTEM SET random_page_cost = 1.1",
        )
    missing = EXTENSIONS - {name for (name,) in ask("SELECT extname FROM pg_extension")}
    if missing:
        yield broken(f"extensions are missing: {', '.join(sorted(missing))}", "Run: migrate")


def of_version(version: int) -> Finding:
    said = f"PostgreSQL {version // 10000}"
    if version < OLDEST:
        return broken(f"{said} is too old", "The portal needs 15 or newer.")
    return ok(said)


@check
def migrations() -> Iterator[Finding]:
    if missing := ready.unapplied():
        names = ", ".join(f"{app}.{name}" for app, name in sorted(missing)[:5])
        yield broken(
            f"{len(missing)} migrations are not applied: {names}", "Run: manage.py migrate"
        )
    else:
        yield ok(_("The database has all that this release wants."))


@check
def triggers() -> Iterator[Finding]:
    """What keeps money and the trail from being changed by hand."""
    there = dict(ask("SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal"))
    wanted = of_migrations()
    missing = sorted(wanted - there.keys())
    off = sorted(name for name in wanted & there.keys() if there[name] == "D")
    if missing:
        yield broken(f"triggers are missing: {', '.join(missing[:5])}", "Restore them by hand.")
    if off:
        said = f"triggers are switched off: {', '.join(off[:5])}"
        yield broken(said, "ALTER TABLE … ENABLE TRIGGER, and find out who did it.")
    if not missing and not off:
        yield ok(f"all {len(wanted)} triggers are there")


def of_migrations() -> set[str]:
    """Those that migrations made and have not dropped again, in their order."""
    loader = MigrationLoader(None)
    wanted: set[str] = set()
    done: set[tuple[str, str]] = set()
    for leaf in sorted(loader.graph.leaf_nodes()):
        for key in loader.graph.forwards_plan(leaf):
            if key in done:
                continue
            done.add(key)
            for operation in loader.graph.nodes[key].operations:
                if type(operation).__name__ == "RemoveTrigger":  # of django-pgtrigger, by its name
                    start = f"pgtrigger_{operation.name}_"
                    wanted = {name for name in wanted if not name.startswith(start)}
                for sql in statements(operation):
                    wanted -= set(DROPPED.findall(sql))
                    wanted |= set(MADE.findall(sql))
    return wanted


def statements(operation: Any) -> Iterator[str]:
    if trigger := getattr(operation, "trigger", None):  # as django-pgtrigger writes them
        yield str(getattr(trigger, "install_sql", ""))
    if isinstance(operation, RunSQL):
        sql = operation.sql
        for each in [sql] if isinstance(sql, str) else sql:
            yield each if isinstance(each, str) else str(each[0])


@check
def connections() -> Iterator[Finding]:
    [(most, used)] = ask(
        "SELECT current_setting('max_connections')::int, count(*) FROM pg_stat_activity"
    )
    said = _("%(used)s of %(most)s connections of the database are taken.")
    taken = said % {"used": used, "most": most}
    if used > most * 0.8:
        yield look(taken, _("Whoever runs the servers should see who holds them."))
    else:
        yield ok(taken)


@check
def capacity() -> Iterator[Finding]:
    [(most,)] = ask("SELECT current_setting('max_connections')::int")
    web = int(os.environ.get("WEB_CONCURRENCY", (os.cpu_count() or 1) * 2))
    wanted = web + 5  # the workers' four, and beat
    if conf.DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"]:
        yield ok("PgBouncer stands between")
    elif wanted > most * 0.8:
        said = f"this machine alone may want {wanted} of {most} connections"
        yield broken(said, "Put PgBouncer between (deploy/pgbouncer.ini), or allow more.")
    else:
        yield ok(f"this machine may want {wanted} of {most} connections")
    if not connection.settings_dict["OPTIONS"].get("connect_timeout"):
        yield look(
            "a database that is away is waited for as long as the network likes",
            "Add connect_timeout=3 to DATABASE_URL.",
        )


@check
def backups() -> Iterator[Finding]:
    [(mode, last, failed)] = ask(
        "SELECT current_setting('archive_mode'), extract(epoch FROM now() - last_archived_time),"
        " coalesce(last_failed_time > last_archived_time, last_failed_time IS NOT NULL)"
        " FROM pg_stat_archiver"
    )
    if mode == "off":
        yield look(
            "whether there is a backup cannot be known from here",
            "PostgreSQL archives no write-ahead log: see docs/production.md, Backups.",
        )
    elif failed:
        yield broken("the last write-ahead log could not be archived", "See PostgreSQL's log.")
    elif last is None or last > 3600:
        yield look("no write-ahead log was archived in the last hour", "See the archive.")
    else:
        yield ok("the write-ahead log is archived; a base backup cannot be seen from here")
