"""What a page shows of a run: the gaps first, what was weighed, and against what it is held."""

from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from catalogue.models import StudyLevel
from deployments.allocation.rules import label
from deployments.allocation.runs import posts_of
from deployments.models import (
    AllocationRun,
    AllocationWeights,
    Deployment,
    EmptyPost,
    Proposal,
    ProposalQuerySet,
    ProposalStatus,
    Unplaced,
)
from sms.phones import is_mobile, mobile
from vacancies.models import Application

SORTS: dict[str, list[Any]] = {
    "station": ["post__station__code", "post__position__rank", "place", "pk"],
    "far": [F("metres").desc(nulls_last=True), "pk"],
    "standing": ["-standing", "pk"],
    "least": ["standing", "pk"],
    "name": ["officer__full_name", "pk"],
}


def proposals(run: AllocationRun, asked: dict[str, Any]) -> ProposalQuerySet:
    rows = run.proposals.all()
    match asked.get("show"):
        case "hand":
            rows = rows.filter(by_hand=True)
        case "across":
            rows = rows.filter(part__round=2)
        case status if status in ProposalStatus.values:
            rows = rows.filter(status=status)
        case _:
            rows = rows.exclude(status=ProposalStatus.REMOVED)
    if q := asked.get("q", ""):
        rows = rows.filter(_named(q))
    order = SORTS.get(asked.get("sort") or "station", SORTS["station"])
    return in_words(rows).order_by(*order)


def _named(q: str) -> Q:
    if is_mobile(q):
        return Q(officer__user__phone=mobile(q)) | Q(officer__national_id=q)
    return (
        Q(officer__full_name__icontains=q)
        | Q(officer__national_id=q)
        | Q(post__station__code=q.upper())
        | Q(post__station__name__icontains=q)
    )


def in_words(rows: ProposalQuerySet) -> ProposalQuerySet:
    return rows.select_related("officer", "post__station", "post__position", "post__exam")


def empty(run: AllocationRun) -> "QuerySet[EmptyPost]":
    """The posts that have most places left, first."""
    return run.empty_posts.select_related("post__station__sub_county", "post__position").order_by(
        "-places", "post__station__code", "post__position__rank"
    )


def unplaced(run: AllocationRun, asked: dict[str, Any]) -> "QuerySet[Unplaced]":
    rows = run.unplaced.select_related(
        "officer", "application__vacancy__position", "application__vacancy__sub_county"
    )
    if why := asked.get("why"):
        rows = rows.filter(why=why)
    if q := asked.get("q", ""):
        named = Q(officer__full_name__icontains=q) | Q(officer__national_id=q)
        rows = rows.filter(named | Q(application__reference=q.upper()))
    return rows.order_by("-standing", "pk")


def counts(run: AllocationRun) -> dict[str, int]:
    rows: Any = run.proposals.order_by().values_list("status").annotate(n=Count("pk"))
    return {**dict.fromkeys(ProposalStatus.values, 0), **dict(rows)}


def standing(counted: dict[str, int]) -> int:
    """How many a list has that leaves out who was taken out."""
    return sum(n for status, n in counted.items() if status != ProposalStatus.REMOVED)


class Why(NamedTuple):
    """One thing that was weighed, and its points."""

    words: str
    points: int


def weighed(row: Proposal | dict[str, Any]) -> list[Why]:
    facts = row.weighed if isinstance(row, Proposal) else row
    if not facts:
        return []
    points = facts["points"]
    level = facts["level"]
    return [
        Why(_("Years of experience: %(years)s") % {"years": facts["years"]}, points["experience"]),
        Why(
            str(StudyLevel(level).label) if level else _("No qualification is given"),
            points["qualification"],
        ),
        *([Why(_("Nominated by the office"), points["nominated"])] if facts["nominated"] else []),
        *(
            [
                Why(
                    _("Days of absence before: %(days)s; offers not taken: %(offers)s")
                    % {"days": facts["absences"], "offers": facts["rejections"]},
                    points["conduct"],
                )
            ]
            if facts["absences"] or facts["rejections"]
            else []
        ),
        *(
            [
                Why(
                    _("Served in %(years)s") % {"years": ", ".join(map(str, facts["served"]))},
                    points["served"],
                )
            ]
            if facts["served"]
            else []
        ),
    ]


def kept_away(rules: dict[str, int]) -> list[tuple[str, int]]:
    """How many each rule keeps away, in its words."""
    return [(label(rule), n) for rule, n in sorted(rules.items(), key=lambda each: -each[1])]


# Held against the plainest way


class Bar(NamedTuple):
    label: str
    now: str
    then: str
    width: int  # of 100, for each
    width_then: int


def comparison(outcome: dict[str, Any]) -> list[Bar]:
    """The proposal beside what a queue would give: by the order of the applications, each to the
    nearest place that is free."""
    best, queue, places = outcome["best"], outcome["queue"], outcome["places"]
    return [
        _bar(_("Places filled"), best["filled"], queue["filled"], places),
        _bar(_("Mean standing, points"), _standing(best), _standing(queue)),
        _bar(_("Mean way, km"), _km(best), _km(queue)),
        _bar(_("Posts all of one gender"), best["alone"], queue["alone"]),
    ]


def _standing(gauge: dict[str, int]) -> float:
    return round(gauge["standing"] / gauge["filled"], 1) if gauge["filled"] else 0


def _km(gauge: dict[str, int]) -> float:
    """Where it is measured."""
    return round(gauge["metres"] / gauge["measured"] / 1000, 1) if gauge["measured"] else 0


def _bar(label: str, now: float, then: float, most: float = 0) -> Bar:
    full = max(now, then, most) or 1
    return Bar(label, f"{now:,}", f"{then:,}", round(100 * now / full), round(100 * then / full))


# How old it is


class Stale(NamedTuple):
    deployed: int  # officers who were deployed since, past this proposal
    applied: int


def stale(run: AllocationRun) -> Stale:
    if run.proposed_at is None:
        return Stale(0, 0)
    deployed = Deployment.objects.filter(
        post__in=posts_of(run).values("pk"), offered_at__gt=run.proposed_at
    )
    applied = Application.objects.filter(exam=run.exam_id, submitted_at__gt=run.proposed_at)
    if run.scope_id:
        applied = applied.filter(vacancy__sub_county=run.scope_id)
    elif run.county_id:
        applied = applied.filter(vacancy__sub_county__county=run.county_id)
    found = AllocationRun.objects.filter(pk=run.pk).values_list(_count(deployed), _count(applied))
    return Stale(*found.get())


def _count(rows: "QuerySet[Any]") -> Coalesce:
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)


def weights_in_words(weights: dict[str, int]) -> list[tuple[str, int]]:
    return [
        (str(AllocationWeights._meta.get_field(name).verbose_name).capitalize(), value)  # type: ignore[union-attr]  # a column
        for name, value in weights.items()
    ]


# Who may take a place instead


def others_for(proposal: Proposal) -> "QuerySet[Unplaced]":
    """Applicants without a place for the same kind of post, whom no rule keeps away everywhere."""
    return (
        Unplaced.objects.filter(
            run=proposal.run_id,
            application__vacancy__position=proposal.post.position_id,
            application__vacancy__station_kind=proposal.post.station.kind,
        )
        .exclude(why="rules")
        .select_related("officer")
        .order_by("-standing", "pk")
    )


def partners_for(proposal: Proposal) -> ProposalQuerySet:
    """With whom an officer could change places."""
    rows = Proposal.objects.filter(
        run=proposal.run_id,
        status=ProposalStatus.PROPOSED,
        post__position=proposal.post.position_id,
    ).exclude(post=proposal.post_id)
    return in_words(rows).order_by("post__station__code", "place")
