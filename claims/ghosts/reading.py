"""What was found, for whoever decides about claims: how odd each is, and how much is left."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from catalogue.models import Exam
from claims.models import WEIGHTS, ClaimQuerySet, GhostCode, GhostSignal


def unlooked_signals(exam: Exam) -> models.QuerySet[GhostSignal]:
    """Of claims that are still to be approved, those that nobody has looked at."""
    return GhostSignal.objects.unlooked().before_approval().filter(exam=exam)


def signals_for(claims: ClaimQuerySet) -> ClaimQuerySet:
    """Adds `ghost_score`, the weights of what nobody has looked at, and `ghost_codes`, heaviest
    first, for `words`."""
    open_ones = GhostSignal.objects.unlooked().filter(claim=OuterRef("pk"))
    score = open_ones.order_by().values("claim").annotate(score=Sum("weight")).values("score")
    return claims.annotate(
        ghost_score=Coalesce(Subquery(score), 0),
        ghost_codes=ArraySubquery(open_ones.order_by("-weight", "code").values("code")),
    )


def words(codes: Iterable[str]) -> list[str]:
    """The signals of a claim in a few words each, every kind once."""
    return [str(GhostCode(code).label) for code in dict.fromkeys(codes)]


def by_code(signals: models.QuerySet[GhostSignal]) -> list[dict[str, Any]]:
    """How many of each kind, and how many of those nobody has looked at; heaviest first."""
    counted = {
        row["code"]: row
        for row in signals.order_by()
        .values("code")
        .annotate(all=Count("pk"), left=Count("pk", filter=Q(looked_at=None)))
    }
    return [
        {
            "code": code,
            "label": str(GhostCode(code).label),
            "weight": weight,
            "all": counted[code]["all"] if code in counted else 0,
            "left": counted[code]["left"] if code in counted else 0,
        }
        for code, weight in sorted(WEIGHTS.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
