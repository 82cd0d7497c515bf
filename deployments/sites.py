"""What a post itself asks of whoever comes: whether its centre is hosted, and for which skills that
its candidates need the last free places are kept."""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils import timezone

from catalogue.models import CentreEntry, PositionTerms
from deployments.models import HOLDS_ITS_DAYS, Deployment, Post


class Site(NamedTuple):
    is_hosted: bool = False
    lacks: frozenset[str] = frozenset()  # what candidates need, and nobody who is deployed has
    free: int = 0  # places; counted only where something is lacking

    @property
    def wants(self) -> frozenset[str]:
        """What the next officer must have one of: as many places are left as skills are lacking."""
        return self.lacks if self.free <= len(self.lacks) else frozenset()


def site_of(
    post: Post, terms: PositionTerms | None, *, instead_of: Deployment | None = None
) -> Site:
    """`instead_of` is the deployment whose place is to be taken, which then counts as free."""
    asked = {} if terms is None else {post.position_id: terms}
    return sites_of([post], asked, without=() if instead_of is None else (instead_of.pk,))[post.pk]


def sites_of(
    posts: Iterable[Post], terms: dict[int, PositionTerms], *, without: Iterable[int] = ()
) -> dict[int, Site]:
    """Of many posts of one exam, by number; `terms` by position. Two queries for any number."""
    posts = list(posts)
    entries = {
        entry.station_id: entry
        for entry in CentreEntry.objects.filter(
            exam__in={post.exam_id for post in posts},
            station__in={post.station_id for post in posts},
        ).only("station", "host", "needs")
    }
    needs = {
        post.pk: frozenset(entries[post.station_id].needs)
        for post in posts
        if post.station_id in entries
        and post.position_id in terms
        and terms[post.position_id].meets_needs
        and entries[post.station_id].needs
    }
    there = _deployed(needs, without)
    sites = {}
    for post in posts:
        entry = entries.get(post.station_id)
        is_hosted = entry is not None and entry.host_id is not None
        slots = there.get(post.pk, {})
        has = {skill for skills in slots.values() for skill in skills}
        lacks = needs.get(post.pk, frozenset()) - has
        sites[post.pk] = Site(is_hosted, lacks, post.required - len(slots) if lacks else 0)
    return sites


def _deployed(posts: Iterable[int], without: Iterable[int]) -> dict[int, dict[int, list[str]]]:
    """By post and slot: the skills of whoever holds it from today on."""
    there: dict[int, dict[int, list[str]]] = {}
    if posts := list(posts):
        rows = Deployment.objects.filter(
            post__in=posts, status__in=HOLDS_ITS_DAYS, ends_on__gte=timezone.localdate()
        ).exclude(pk__in=list(without))
        for post, slot, skills in rows.values_list("post", "slot", "officer__skills"):
            there.setdefault(post, {}).setdefault(slot, []).extend(skills)
    return there
