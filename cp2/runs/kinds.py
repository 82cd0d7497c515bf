"""All that is at work in the portal, whichever app does it, in one list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Case, Q, QuerySet, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.promises import RunStatus
from claims.models import MoneyRun
from cp2.broadcasts.models import ON_ITS_WAY, OVER, Broadcast, BroadcastStatus
from cp2.runs.models import Run
from deployments import models as deployed
from deployments.models import AllocationRun, LetterPack, PackStatus
from profiles.models import ImportStatus, RegisterImport

AT_ONCE = 50  # of each source on one page


class State(StrEnum):
    WORKING = "working"
    PERSON = "person"
    FAILED = "failed"
    OVER = "over"


STATES = {
    State.WORKING: _("At work"),
    State.PERSON: _("Waiting for a person"),
    State.FAILED: _("Failed"),
    State.OVER: _("Over"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A run as the list shows it. `percent` is None where nobody can say."""

    kind: str
    title: str
    state: State
    status: str
    percent: int | None
    by: str
    at: datetime
    ended_at: datetime | None
    failure: str
    url: str


@dataclass(frozen=True, slots=True)
class Source:
    """A model whose rows are runs: who may see them, which of their statuses are what, and how a
    row becomes a line."""

    model: type[Any]
    label: Any
    permission: str
    states: Mapping[State, Sequence[str]]
    line: Callable[[Any, State], Line]
    related: tuple[str, ...] = ()
    who: str = "started_by"  # the field that says whose it is

    @property
    def name(self) -> str:
        return str(self.model._meta.label_lower)

    @property
    def url(self) -> str:
        """Of the list that holds all of them."""
        return reverse(f"admin:{self.name.replace('.', '_')}_changelist")

    def rows(self, *, state: State | None, by: User | None) -> QuerySet[Any]:
        """What is at work, then the newest; of one state, or of one person, if asked."""
        is_at_work = Q(status__in=self.states[State.WORKING])
        rows: QuerySet[Any] = self.model._default_manager.select_related(*self.related).order_by(
            Case(When(is_at_work, then=0), default=1), "-pk"
        )
        if state:
            rows = rows.filter(status__in=self.states[state])
        return rows.filter(**{self.who: by}) if by else rows

    def state(self, row: Any) -> State:
        return next(state for state, statuses in self.states.items() if row.status in statuses)


OF_A_RUN = {
    State.WORKING: [RunStatus.WAITING, RunStatus.RUNNING],
    State.PERSON: [],
    State.FAILED: [RunStatus.FAILED],
    State.OVER: [RunStatus.DONE, RunStatus.CANCELLED],
}


def _said(person: User | None) -> str:
    return str(person) if person else ""


def _long(run: Run | MoneyRun, title: str, state: State, url: str) -> Line:
    return Line(
        run.get_kind_display(),
        title,
        state,
        run.get_status_display(),
        run.percent,
        _said(run.started_by),
        run.asked_at,
        run.ended_at,
        run.failure,
        reverse(url, args=[run.pk]),
    )


def _run(run: Run, state: State) -> Line:
    return _long(run, run.title, state, "admin:runs_run_change")


def _money(run: MoneyRun, state: State) -> Line:
    place = f", {run.sub_county}" if run.sub_county else ""
    return _long(run, f"{run.exam.short}{place}", state, "admin:claims_moneyrun_change")


def _allocation(run: AllocationRun, state: State) -> Line:
    return Line(
        str(_("Allocation")),
        str(run),
        state,
        run.get_status_display(),
        run.progress if state == State.WORKING else None,
        _said(run.started_by),
        run.created_at,
        run.confirmed_at or run.proposed_at,
        "",
        reverse("admin:deployments_allocation", args=[run.pk]),
    )


def _pack(pack: LetterPack, state: State) -> Line:
    place = pack.station or pack.sub_county or ""
    return Line(
        str(_("Pack of letters")),
        f"{pack.exam.short}, {place}",
        state,
        pack.get_status_display(),
        100 * pack.progress // pack.total if pack.total else None,
        _said(pack.asked_by),
        pack.asked_at,
        pack.as_of,
        pack.failure,
        reverse("admin:deployments_letterpack_change", args=[pack.pk]),
    )


def _register(coming: RegisterImport, state: State) -> Line:
    return Line(
        str(_("Import of a register")),
        f"{coming.get_register_display()}: {coming.file_name}",
        state,
        coming.get_status_display(),
        None,
        _said(coming.uploaded_by),
        coming.uploaded_at,
        coming.finished_at,
        coming.failure,
        reverse("admin:profiles_registerimport_change", args=[coming.pk]),
    )


def _broadcast(broadcast: Broadcast, state: State) -> Line:
    return Line(
        str(_("Broadcast")),
        broadcast.title,
        state,
        broadcast.get_status_display(),
        broadcast.run.percent if broadcast.run and state == State.WORKING else None,
        _said(broadcast.prepared_by),
        broadcast.prepared_at,
        broadcast.ended_at,
        broadcast.run.failure if broadcast.run else "",
        reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk]),
    )


_Allocation = deployed.RunStatus
SOURCES = [
    Source(
        Run,
        _("Headquarters"),
        "runs.view_run",
        OF_A_RUN,
        _run,
        ("started_by",),
    ),
    Source(
        MoneyRun,
        _("Money"),
        "claims.view_moneyrun",
        OF_A_RUN,
        _money,
        ("exam", "sub_county", "started_by"),
    ),
    Source(
        AllocationRun,
        _("Allocation"),
        "deployments.view_allocationrun",
        {
            State.WORKING: [_Allocation.WAITING, _Allocation.RUNNING, _Allocation.CONFIRMING],
            State.PERSON: [_Allocation.DONE],
            State.FAILED: [_Allocation.FAILED],
            State.OVER: [_Allocation.CONFIRMED, _Allocation.CANCELLED],
        },
        _allocation,
        ("exam", "scope", "county", "started_by"),
    ),
    Source(
        LetterPack,
        _("Packs of letters"),
        "deployments.view_letterpack",
        {
            State.WORKING: [PackStatus.WAITING, PackStatus.MAKING],
            State.PERSON: [],
            State.FAILED: [PackStatus.FAILED],
            State.OVER: [PackStatus.READY, PackStatus.REMOVED],
        },
        _pack,
        ("exam", "station", "sub_county", "asked_by"),
        "asked_by",
    ),
    Source(
        RegisterImport,
        _("Registers of the agencies"),
        "profiles.view_registerimport",
        {
            State.WORKING: [ImportStatus.UPLOADED, ImportStatus.READING, ImportStatus.IMPORTING],
            State.PERSON: [ImportStatus.PREVIEWED],
            State.FAILED: [ImportStatus.FAILED],
            State.OVER: [ImportStatus.DONE, ImportStatus.DISCARDED],
        },
        _register,
        ("uploaded_by",),
        "uploaded_by",
    ),
    Source(
        Broadcast,
        _("Broadcasts"),
        "broadcasts.view_broadcast",
        {
            State.WORKING: [BroadcastStatus.COUNTING, *ON_ITS_WAY],
            State.PERSON: [
                BroadcastStatus.DRAFT,
                BroadcastStatus.READY,
                BroadcastStatus.PROPOSED,
            ],
            State.FAILED: [],
            State.OVER: [*OVER, BroadcastStatus.DISCARDED],
        },
        _broadcast,
        ("run", "prepared_by"),
        "prepared_by",
    ),
]


def sources_of(user: User) -> list[Source]:
    return [source for source in SOURCES if user.has_perm(source.permission)]


def lines(
    user: User,
    *,
    state: State | None = None,
    source: str = "",
    mine: bool = False,
) -> list[Line]:
    """Of what this person may see, the newest of all together first."""
    found: list[Line] = []
    for each in sources_of(user):
        if source in ("", each.name):
            rows = each.rows(state=state, by=user if mine else None)
            found += [each.line(row, each.state(row)) for row in rows[:AT_ONCE]]
    return sorted(found, key=lambda line: line.at, reverse=True)
