"""What it costs to write changes down, to seal the trail, to verify it and to search it.

    .venv/bin/python bin/embedded.py var/bench .venv/bin/python bench/audit.py [ENTRIES [ROWS]]

Rows of claims are written and changed by one statement each, with the triggers that watch and
without, in turn; all of it is taken back. Then the trail is filled up to four million entries
unless it has as many, sealed, verified, and searched in each way that its page offers. It fails if
rows take longer to be written for being watched, or an answer takes more than 300 ms.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings_test")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

django.setup()

from datetime import timedelta

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Entry, User
from cp2.audit import sealing, verifying
from cp2.audit.searching import Asked, search
from cp2.rules import Role

ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
ROWS = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
TURNS = 3
MOST_FOR_INSERTS = 1.15
MOST_SECONDS = 0.3

CLAIMS = """
INSERT INTO claims_claim (officer_id, exam_id, days, gross, tax, net, status)
SELECT n, 1, 5, 5000, 250, 4750, 'prepared' FROM generate_series(1, %s) AS n
"""
VERIFIED = "UPDATE claims_claim SET status = 'verified', verified_by_id = 1"
TRAIL = """
INSERT INTO accounts_entry (at, actor_id, acting_name, verb, subject_type, subject_id, details)
SELECT now() - interval '200 days' + n * interval '4 seconds', %(first)s + n %% 5000, '',
    (ARRAY['register.submitted', 'officer.viewed', 'claim.verified', 'deployment.accepted',
           'application.made', 'account.opened', 'payment.failed'])[1 + n %% 7],
    (ARRAY['attendance.register', 'profiles.officer', 'claims.claim', 'deployments.deployment',
           'vacancies.application', 'accounts.user', 'claims.payment'])[1 + n %% 7],
    1 + n %% 300000, jsonb_build_object('n', n)
FROM generate_series(%(done)s + 1, %(all)s) AS n
"""


PEOPLE = """
INSERT INTO accounts_user (username, name, password, role, language, is_active, is_superuser,
    office, issued_password, issued_earlier, must_choose_password)
SELECT 'bench-' || n, 'Bench ' || n, '', 'staff', 'en', true, false, '', '', '', false
FROM generate_series(1, 5000) AS n ON CONFLICT DO NOTHING
"""


def run(sql: str, values: Any = None) -> float:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    return time.perf_counter() - began


def one_turn(is_watched: bool) -> tuple[float, float, float]:
    """The claims point to nobody: what is looked up besides is not what is measured."""
    with transaction.atomic():
        run("ALTER TABLE claims_claim DISABLE TRIGGER ALL")
        if is_watched:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_watch%%' "
                    "AND tgrelid = 'claims_claim'::regclass"
                )
                for (name,) in cursor.fetchall():
                    cursor.execute(f"ALTER TABLE claims_claim ENABLE TRIGGER {name}")
        times = (run(CLAIMS, [ROWS]), run(VERIFIED), run("DELETE FROM claims_claim"))
        transaction.set_rollback(True)
    return times


def costs() -> bool:
    one_turn(True)
    watched, bare = [], []
    for _turn in range(TURNS):
        bare.append(one_turn(False))
        watched.append(one_turn(True))
    fine = True
    for place, what in enumerate(("INSERT", "UPDATE", "DELETE")):
        with_, without = (median(turn[place] for turn in turns) for turns in (watched, bare))
        print(
            f"{what} of {ROWS}: {with_:.2f} s watched, {without:.2f} s bare: {with_ / without:.2f}"
        )
        fine = fine and (what != "INSERT" or with_ / without <= MOST_FOR_INSERTS)
    return fine


def fill() -> None:
    done = Entry.objects.count()
    if done < ENTRIES:
        run(PEOPLE)
        first = User.objects.filter(username="bench-1").values_list("pk", flat=True).get()
        print(f"filled in {run(TRAIL, {'first': first, 'done': done, 'all': ENTRIES}):.0f} s")
        run("VACUUM ANALYZE accounts_entry")


def timed(what: str, act: Callable[[], Any]) -> float:
    act()
    times = []
    for _turn in range(TURNS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    print(f"{what}: {median(times) * 1000:.1f} ms")
    return median(times)


def page_of(asked: Asked) -> list[Entry]:
    return list(search(asked)[:51])


def searches() -> bool:
    now = timezone.now()
    someone = User.objects.get(username="bench-17").pk
    asked = {
        "the newest": Asked(),
        "who": Asked(actor=someone),
        "what": Asked(verb="payment.failed"),
        "a thing": Asked(kind="claims.claim", number=4711),
        "a number": Asked(number=4711),
        "when": Asked(since=now - timedelta(days=100), until=now - timedelta(days=99)),
        "what, long ago": Asked(verb="officer.viewed", until=now - timedelta(days=190)),
        "who and what": Asked(actor=someone, verb="officer.viewed"),
        "who and what they never did": Asked(actor=someone, verb="payment.failed"),
        "who, within a day": Asked(
            actor=someone, since=now - timedelta(days=30), until=now - timedelta(days=29)
        ),
        "about an account": Asked(about=someone),
    }
    took = [timed(what, partial(page_of, each)) for what, each in asked.items()]
    took.append(timed("all verbs", Entry.objects.verbs))
    return max(took) <= MOST_SECONDS


def main() -> int:
    call_command("migrate", verbosity=0)
    User.objects.filter(role=Role.STAFF).first()
    fine = costs()
    fill()
    began = time.perf_counter()
    print(f"{sealing.seal(seconds=3600)} seals in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    report = verifying.verify()
    print(
        f"{report.rows} rows under {report.seals} seals verified in "
        f"{time.perf_counter() - began:.0f} s, {len(report.gaps)} gaps"
    )
    return 0 if searches() and fine and report.is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
