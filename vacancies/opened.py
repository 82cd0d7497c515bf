"""Tell those who asked for it that a vacancy has opened.

A tick of beat marks what has opened as one round, and works through the officers with alerts a
chunk at a time: texts and progress are written in one transaction, under a lease, so that a worker
may die at any point and nobody is told twice or forgotten. However many vacancies a round has and
however many alerts there are, what is in memory is one chunk and a bit for each vacancy.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.news import News
from accounts.services import tell_each, wanting
from profiles.models import Officer
from vacancies.applicants import Applicant
from vacancies.eligibility import reasons_against
from vacancies.models import AlertRound, Vacancy, VacancyAlert

PAUSE = timedelta(minutes=10)  # what is loaded bit by bit is told of at once
LEASE = timedelta(seconds=60)
CHUNK = 200  # officers
TURN = 2.0  # seconds, after which others have the worker

log = logging.getLogger(__name__)


# Rounds


def begin() -> AlertRound | None:
    """A round of all that is open and was not told of yet, if the last one is over."""
    latest = AlertRound.objects.order_by("-pk").first()
    if latest and (latest.ended_at is None or timezone.now() < latest.begun_at + PAUSE):
        return None
    fresh = Vacancy.objects.open().filter(announced_in=None)
    if not fresh.exists():
        return None
    try:
        with transaction.atomic():
            round_ = AlertRound.objects.create()
            fresh.update(announced_in=round_)
            return round_
    except IntegrityError:  # another worker began one at this moment
        return None


@transaction.atomic
def take() -> AlertRound | None:
    """The round that nobody is at, or whose worker never came back."""
    waiting = AlertRound.objects.filter(ended_at=None).filter(
        Q(lease_until=None) | Q(lease_until__lt=Now())
    )
    round_ = waiting.select_for_update(skip_locked=True).first()
    if round_:
        round_.lease_until = timezone.now() + LEASE
        round_.save(update_fields=["lease_until"])
    return round_


def tell_while_due() -> int:
    """A tick's worth; how many were told."""
    begin()
    round_ = take()
    if round_ is None:
        return 0
    ends, told = time.monotonic() + TURN, 0
    opened = Opened(round_)
    while True:
        over = time.monotonic() > ends
        done = tell_some(round_, opened, give_back=over)
        told += done or 0
        if done is None or over:
            return told


@transaction.atomic
def tell_some(round_: AlertRound, opened: "Opened", *, give_back: bool = False) -> int | None:
    """The next chunk: texts, progress and lease together. None says that there was nothing left,
    or that the lease ran out and another worker has the round."""
    row = AlertRound.objects.select_for_update().get(pk=round_.pk)
    if row.ended_at or row.lease_until != round_.lease_until:
        return None
    officers = _next(row.worked_to) if opened.vacancies else []
    told = _tell(row, opened, officers)
    row.told += told
    row.worked_to = officers[-1] if officers else row.worked_to
    row.ended_at = None if officers else timezone.now()
    row.lease_until = None if give_back or not officers else timezone.now() + LEASE
    row.save(update_fields=["told", "worked_to", "ended_at", "lease_until"])
    round_.lease_until = row.lease_until
    return told if officers else None


def _next(after: int) -> list[int]:
    """Officers with alerts, in the order of their numbers."""
    alerts = VacancyAlert.objects.filter(officer__gt=after).order_by("officer")
    return list(alerts.values_list("officer", flat=True).distinct()[:CHUNK])


def _tell(round_: AlertRound, opened: "Opened", officers: list[int]) -> int:
    return tell_each(
        "vacancies/opened",
        (
            (
                user,
                f"vacancies/opened:{round_.pk}:{user.pk}",
                {"number": found.number, "closes_at": found.closes_at},
            )
            for user, found in _found(opened, officers)
        ),
        news=News.VACANCIES,
    )


# What an officer asked for, among what has opened


class Found(NamedTuple):
    number: int
    closes_at: datetime


def _found(opened: "Opened", officers: list[int]) -> Iterator[tuple[User, Found]]:
    wanted: dict[int, int] = defaultdict(int)
    for officer, *asked in VacancyAlert.objects.filter(officer__in=officers).values_list(
        "officer", *ASKED.values()
    ):
        wanted[officer] |= opened.matching(dict(zip(ASKED, asked, strict=True)))
    matched = [officer for officer, some in wanted.items() if some]
    ready = Officer.objects.filter(
        wanting(News.VACANCIES, "user__"), pk__in=matched, submitted_at__isnull=False
    )
    users = [officer.user for officer in ready.select_related("user")]
    for applicant in Applicant.each(users):
        officer = applicant.officer
        try:
            found = opened.for_applicant(applicant, wanted[officer.pk])
        except Exception:  # whatever it is, the others must be told
            log.exception("alerts_not_held_against_the_rules", extra={"officer": officer.pk})
            continue
        if found:
            yield officer.user, found


# What an alert may name, and where it stands. The exam goes by its code: next year's has the same.
ASKED = {
    "exam": "exam__code",
    "activity": "activity",
    "station_kind": "station_kind",
    "position": "position",
    "county": "county",
    "sub_county": "sub_county",
}


class Opened:
    """The vacancies of a round, each a bit of a number, the nearest deadline first: so what an
    alert asks for is found by a few ANDs among however many there are."""

    def __init__(self, round_: AlertRound) -> None:
        self.vacancies: list[tuple[int, datetime]] = []
        self.masks: dict[str, dict[Any, int]] = {name: defaultdict(int) for name in ASKED}
        self.kinds: dict[tuple[int, int], int] = defaultdict(int)
        still_open = Vacancy.objects.open().filter(announced_in=round_)
        for place, row in enumerate(still_open.order_by("closes_at", "pk").values(*COLUMNS)):
            bit = 1 << place
            self.vacancies.append((row["pk"], row["closes_at"]))
            for name, column in PLACES.items():
                self.masks[name][row[column]] |= bit
            self.kinds[row["exam"], row["position"]] |= bit
        self.samples = self._samples()

    def _samples(self) -> dict[tuple[int, int], Vacancy]:
        """One for each kind, the last to close: the rules ask for exam and position alone."""
        last = {self.vacancies[mask.bit_length() - 1][0]: kind for kind, mask in self.kinds.items()}
        found = Vacancy.objects.filter(pk__in=last).in_words().with_terms()
        return {last[vacancy.pk]: vacancy for vacancy in found}

    def matching(self, asked: dict[str, Any]) -> int:
        found = (1 << len(self.vacancies)) - 1
        for name, value in asked.items():
            if value not in (None, ""):
                found &= self.masks[name].get(value, 0)
        return found

    def for_applicant(self, applicant: Applicant, wanted: int) -> Found | None:
        """Those of them that the officer may apply for."""
        kinds = [kind for kind, mask in self.kinds.items() if mask & wanted]
        open_to_them = 0
        for kind in may_apply(applicant, {kind: self.samples[kind] for kind in kinds}):
            open_to_them |= self.kinds[kind] & wanted
        if not open_to_them:
            return None
        nearest = (open_to_them & -open_to_them).bit_length() - 1
        return Found(open_to_them.bit_count(), self.vacancies[nearest][1])


PLACES = {
    "exam": "exam__code",
    "activity": "activity",
    "station_kind": "station_kind",
    "position": "position",
    "county": "sub_county__county",
    "sub_county": "sub_county",
}
COLUMNS = ["pk", "closes_at", "exam", *PLACES.values()]


def may_apply(
    applicant: Applicant, vacancies: dict[tuple[int, int], Vacancy]
) -> Iterable[tuple[int, int]]:
    """The kinds of which nothing speaks against this applicant."""
    return [
        kind
        for kind, vacancy in vacancies.items()
        if next(iter(reasons_against(applicant, vacancy)), None) is None
    ]
