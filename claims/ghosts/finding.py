"""A run that looks for ghosts among an exam's claims, asked for by a person or made at night."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, OuterRef
from django.utils import timezone
from rapidfuzz import fuzz

from accounts.models import User
from catalogue.models import Exam
from claims import runs
from claims.compute import lock_exam
from claims.ghosts import rules
from claims.hold_rules import other_names
from claims.models import (
    OPEN,
    WEIGHTS,
    Claim,
    MoneyRun,
    RunKind,
)
from claims.runs import Work
from cp2.rules import Refused
from profiles.names import tokens
from profiles.services import CLASHED

FAR = 60  # of a hundred; brothers and sisters are nearer to one another
NIGHT = range(1, 4)  # hours in which nobody waits for the machine
ONCE_IN = timedelta(hours=20)


def ask(exam: Exam, *, by: User | None) -> MoneyRun:
    return runs.start(RunKind.GHOSTS, exam, by=by)


def ask_at_night() -> int:
    """Each exam with claims that nobody has approved, once a night."""
    now = timezone.now()
    if timezone.localtime(now).hour not in NIGHT:
        return 0
    open_claims = Claim.objects.filter(exam=OuterRef("pk"), status__in=OPEN)
    lately = MoneyRun.objects.filter(
        kind=RunKind.GHOSTS, exam=OuterRef("pk"), asked_at__gt=now - ONCE_IN
    )
    asked = 0
    for exam in Exam.objects.filter(Exists(open_claims)).exclude(Exists(lately)).order_by("pk"):
        try:
            ask(exam, by=None)
        except Refused:  # another worker was quicker
            continue
        asked += 1
    return asked


def find(exam: Exam, family: str) -> int:
    """One family of signals, in the transaction of the caller. How many there are."""
    lock_exam(exam)  # claims are not computed meanwhile, so none goes away
    statements = rules.FAMILIES[family]
    values: dict[str, Any] = {
        "exam": exam.pk,
        "clashed": CLASHED,
        "codes": [str(code) for code in statements],
        "weights": [WEIGHTS[code] for code in statements],
    }
    with connection.cursor() as cursor:
        cursor.execute(rules.BEGIN, values)
        if family == "marks":
            cursor.execute(rules.MARKS, values)
        for statement in filter(None, statements.values()):
            cursor.execute(statement, values)
        if family == "names":
            _far_names(cursor)
        cursor.execute("ANALYZE found")
        cursor.execute(rules.KEEP, values)
        cursor.execute("SELECT count(*) FROM found")
        [count] = cursor.fetchone()
        cursor.execute("DROP TABLE IF EXISTS marked; DROP TABLE found; DROP TABLE suspect")
    return int(count)


def _far_names(cursor: CursorWrapper) -> None:
    far: list[tuple[int, int]] = []
    for claim, payee, name in other_names(cursor, "suspect"):
        likeness = round(fuzz.token_sort_ratio(" ".join(tokens(payee)), " ".join(tokens(name))))
        if likeness < FAR:
            far.append((claim, likeness))
    if far:
        claims, likenesses = zip(*far, strict=True)
        cursor.execute(rules.NAME_FAR, {"claims": list(claims), "likeness": list(likenesses)})


def _plan(run: MoneyRun) -> list[str]:
    return list(rules.FAMILIES)


def _step(run: MoneyRun, family: str) -> None:
    run.count(signals=find(run.exam, family))


WORK = Work(plan=_plan, step=_step)
