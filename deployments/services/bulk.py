"""Many officers deployed at once, through the same rules and locks as one, in a few statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_each, tell_each
from catalogue.models import PositionTerms
from cp2.rules import Refused
from deployments import waivers
from deployments.eligibility import first_day, held_by, reasons_against, waived_for
from deployments.models import (
    HOLDS_ITS_DAYS,
    LIVE,
    Deployment,
    DeploymentStatus,
    Post,
)
from deployments.services.offers import deploy
from deployments.services.steps import check_day, lock_officers, lock_posts, respond_by
from deployments.services.telling import words
from deployments.sites import Site, sites_of
from profiles.models import Officer
from vacancies import deciding
from vacancies.models import LIVE as LIVE_APPLICATIONS
from vacancies.models import Application


class Wish(NamedTuple):
    """Who is to be deployed where, on which application, if on any."""

    post: int
    officer: int
    application: int | None = None


@dataclass
class Books:
    """All that is asked about these officers and posts, read after they are locked."""

    officers: dict[int, Officer]
    posts: dict[int, Post]
    terms: dict[tuple[int, int], PositionTerms]
    taken: dict[int, set[int]]
    here: dict[tuple[int, int], Deployment]
    applications: dict[int, Application]
    live: dict[tuple[int, int], Application]  # by officer and exam
    sites: dict[int, Site]
    new: list[Deployment] = field(default_factory=list)


def deploy_each(
    wishes: Sequence[Wish], *, by: User, run: int | None = None
) -> list[Deployment | str]:
    """For each wish the deployment or, in a sentence, why not. Wishes are of one exam.

    If the database itself refuses one of them, which the locks leave to those who write past the
    services alone, each goes its own way, so that one keeps nobody else waiting.
    """
    if not wishes:
        return []
    try:
        return _together(wishes, by=by, run=run)
    except IntegrityError:
        return [_alone(wish, by=by, run=run) for wish in wishes]


def _alone(wish: Wish, *, by: User, run: int | None = None) -> Deployment | str:
    try:
        return deploy(
            Post.objects.get(pk=wish.post),
            officer=Officer.objects.get(pk=wish.officer),
            application=Application.objects.filter(pk=wish.application or 0).first(),
            by=by,
            run=run,
            bulk=True,
        )
    except Refused as refusal:
        return str(refusal)


@transaction.atomic
def _together(wishes: Sequence[Wish], *, by: User, run: int | None) -> list[Deployment | str]:
    books = _open(wishes)
    outcome = [_one(wish, books) for wish in wishes]
    new = books.new
    Deployment.objects.bulk_create(new)
    excused = [each for each in new if waived_for(each.officer)]
    waivers.note_uses(excused)
    deciding.mark_deployed_all([each.application for each in new if each.application], by=by)
    cause = {} if run is None else {"run": run}
    record_each(
        "deployment.offered",
        [(each, {"nominated": each.application_id is None, **cause}) for each in new],
        by=by,
    )
    tell_each("deployments/offered", [(each.officer.user, None, words(each)) for each in new])
    return outcome


def _open(wishes: Sequence[Wish]) -> Books:
    """Locks are taken in the usual order: officers, posts, applications."""
    officers = lock_officers(*(wish.officer for wish in wishes))
    posts = lock_posts(*(wish.post for wish in wishes))
    exam = next(iter(posts.values())).exam
    from_day = first_day(next(iter(posts.values())))
    held = Deployment.objects.filter(
        post__in=posts, status__in=HOLDS_ITS_DAYS, ends_on__gte=from_day
    ).with_place()
    taken: dict[int, set[int]] = defaultdict(set)
    here: dict[tuple[int, int], Deployment] = {}
    for each in held:
        if each.starts_on <= exam.ends_on:
            taken[each.post_id].add(each.slot)
        if each.status in LIVE:
            here[each.post_id, each.officer_id] = each
    applications = deciding.lock_live(
        (wish.application for wish in wishes if wish.application),
        officers=officers,
        exam=exam.pk,
    )
    live = {
        (each.officer_id, each.exam_id): each
        for each in applications.values()
        if each.status in LIVE_APPLICATIONS
    }
    terms = {
        (each.exam_id, each.position_id): each
        for each in PositionTerms.objects.filter(exam=exam).select_related("position")
    }
    of_the_exam = {position: each for (_exam, position), each in terms.items()}
    sites = sites_of(posts.values(), of_the_exam)
    return Books(officers, posts, terms, taken, here, applications, live, sites)


def _one(wish: Wish, books: Books) -> Deployment | str:
    post, officer = books.posts[wish.post], books.officers[wish.officer]
    if already := books.here.get((post.pk, officer.pk)):
        return already
    try:
        return _checked(wish, post, officer, books)
    except Refused as refusal:
        return str(refusal)


def _checked(wish: Wish, post: Post, officer: Officer, books: Books) -> Deployment:
    starts_on, ends_on = first_day(post), post.exam.ends_on
    check_day(starts_on, earliest=post.exam.rehearsal_on, latest=ends_on)
    terms = books.terms.get((post.exam_id, post.position_id))
    site = books.sites[post.pk]
    for reason in reasons_against(officer, post, terms=terms, from_day=starts_on, site=site):
        raise Refused(str(reason))
    assert terms is not None  # its lack is a reason
    application = _application(wish, post, officer, books)
    slot = _free(post, books.taken[post.pk])
    new = Deployment(
        post=post,
        officer=officer,
        slot=slot,
        application=application,
        status=DeploymentStatus.OFFERED,
        starts_on=starts_on,
        ends_on=ends_on,
        respond_by=respond_by(terms),
    )
    _note(new, books)
    return new


def _application(wish: Wish, post: Post, officer: Officer, books: Books) -> Application | None:
    """Whoever applied for this exam is deployed on that application, named or not."""
    application = books.applications.get(wish.application or 0)
    if application is None:
        application = books.live.get((officer.pk, post.exam_id))
    if application is None:
        return None
    if (application.officer_id, application.exam_id) != (officer.pk, post.exam_id):
        raise Refused(_("This application is for another exam, or of another officer."))
    deciding.refuse_deployment(application)
    return application


def _free(post: Post, taken: Iterable[int]) -> int:
    for slot in range(1, post.required + 1):
        if slot not in taken:
            return slot
    raise Refused(
        _("All places of this position at %(station)s are filled.") % {"station": post.station}
    )


def _note(new: Deployment, books: Books) -> None:
    """The next wish finds this one as if it had been written."""
    books.taken[new.post_id].add(new.slot)
    books.here[new.post_id, new.officer_id] = new
    held_by(new.officer).append(new)
    site = books.sites[new.post_id]
    lacks = site.lacks - set(new.officer.skills)
    books.sites[new.post_id] = site._replace(lacks=lacks, free=site.free - 1)
    books.new.append(new)
