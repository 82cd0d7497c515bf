"""The sub-county's lists of places and of deployments, narrowed and sorted as was asked."""

from typing import Any

from accounts.models import User
from deployments import candidates
from deployments.models import Deployment, DeploymentQuerySet, LetterStatus, Post, PostQuerySet


def posts(user: User, asked: dict[str, Any]) -> PostQuerySet:
    """Of one exam, or of all that are not over; each with its counts."""
    posts = Post.objects
    ours = posts.deployable_by(user) if asked.get("ours") else posts.visible_to(user)
    rows = ours.select_related("exam", "station", "position")
    rows = rows.filter(exam=asked["exam"]) if asked.get("exam") else rows.ahead()
    if asked.get("position"):
        rows = rows.filter(position=asked["position"])
    if asked.get("q"):
        rows = rows.filter(candidates.at_station(asked["q"], "station"))
    rows = rows.with_counts()
    if asked.get("gaps"):
        rows = rows.with_gap()
    match asked.get("sort"):
        case "code":
            return rows.order_by("station__code", "exam", "position__rank")
        case "name":
            return rows.order_by("station__name", "station__code", "exam", "position__rank")
        case _:
            return rows.gaps_first()


def deployments(user: User, asked: dict[str, Any]) -> DeploymentQuerySet:
    known = Deployment.objects
    ours = known.deployable_by(user) if asked.get("ours") else known.visible_to(user)
    rows = ours.with_place().select_related("officer__user")
    if asked.get("exam"):
        rows = rows.filter(post__exam=asked["exam"])
    if asked.get("position"):
        rows = rows.filter(post__position=asked["position"])
    if asked.get("status"):
        rows = rows.filter(status=asked["status"])
    if asked.get("station"):
        rows = rows.filter(candidates.at_station(asked["station"], "post__station"))
    rows = _to_see_to(candidates.search(rows, asked.get("q", "")), asked.get("shows", ""))
    match asked.get("sort"):
        case "deadline":
            return rows.order_by("respond_by", "pk")
        case "name":
            return rows.order_by("officer__full_name", "pk")
        case "station":
            return rows.order_by("post__station__name", "post__station__code", "slot", "pk")
        case _:
            # By time and not by id: in the order of ids PostgreSQL would read everybody's, back to
            # the last of this sub-county's.
            return rows.order_by("-offered_at", "-pk")


def _to_see_to(rows: DeploymentQuerySet, shows: str) -> DeploymentQuerySet:
    match shows:
        case "due":
            return rows.due_soon()
        case "free":
            return rows.left_free()
        case "letter":
            return rows.filter(letters__voided_at=None, letters__status=LetterStatus.FAILED)
        case "unasked":
            return rows.unasked()
        case _:
            return rows
