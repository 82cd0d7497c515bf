"""Who changed what a director looks at, and when: said to whoever came a moment too late."""

from collections.abc import Iterable
from datetime import date

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from deployments.models import HOLDS_ITS_DAYS, Deployment, Post
from profiles.models import Officer


def last_change(deployment: Deployment) -> str:
    """Of a deployment, or of whatever took its place."""
    return _said([deployment, *_named(deployment.replaced_by.all())])


def last_at(post: Post) -> str:
    """Of all who hold a place of a post."""
    return _said(_named(post.deployments.live()))


def last_of(officer: Officer, starts_on: date, ends_on: date) -> str:
    """Of whatever keeps an officer busy in these days."""
    held = Deployment.objects.filter(
        officer=officer, status__in=HOLDS_ITS_DAYS, starts_on__lte=ends_on, ends_on__gte=starts_on
    )
    return _said(_named(held))


def made_by(deployment: Deployment, verb: str, by: User | None) -> bool:
    """Whether this is what the same person did before: a button was pressed twice."""
    return Entry.objects.about(deployment).filter(verb=verb, actor=by).exists()


def _named(rows: Iterable[Deployment]) -> list[Deployment]:
    found = Deployment.objects.filter(pk__in=[row.pk for row in rows])
    return list(found.select_related("officer__user", "post__station"))


def _said(rows: Iterable[Deployment]) -> str:
    """Nothing, if the trail knows nothing of them."""
    known = {row.pk: row for row in rows}
    entry = (
        Entry.objects.filter(
            subject_type=Deployment._meta.label_lower, subject_id__in=known, verb__in=_what(None)
        )
        .select_related("actor__officer")
        .first()
    )
    if entry is None:
        return ""
    return _("Changed by %(who)s at %(time)s: %(what)s. Look at it again.") % {
        "who": _who(entry.actor),
        "time": _time(entry),
        "what": _what(known[entry.subject_id])[entry.verb],
    }


def _who(actor: User | None) -> str:
    if actor is None:
        return _("the portal")
    officer = getattr(actor, "officer", None)
    return str(officer or actor)


def _time(entry: Entry) -> str:
    at = timezone.localtime(entry.at)
    return date_format(at, "H:i" if at.date() == timezone.localdate() else "j M Y, H:i")


def _what(row: Deployment | None) -> dict[str, str]:
    """By verb; of no row, just the verbs."""
    officer, station = (row.officer, row.post.station.code) if row else ("", "")
    names = {"officer": officer, "station": station}
    return {
        "deployment.offered": _("%(officer)s was offered a place at %(station)s") % names,
        "deployment.accepted": _("%(officer)s accepted the place at %(station)s") % names,
        "deployment.rejected": _("%(officer)s rejected the place at %(station)s") % names,
        "deployment.expired": _("%(officer)s did not answer in time for %(station)s") % names,
        "deployment.cancelled": _("%(officer)s was called off from %(station)s") % names,
        "deployment.moved": _("redeployed to %(station)s") % names,
        "deployment.replaced": _("replaced by %(officer)s") % names,
        "deployment.swapped": _("swapped to %(station)s") % names,
        "deployment.taken_on": _("%(officer)s was taken on at the gate of %(station)s") % names,
        "deployment.rotated": _("sent to %(station)s by a rotation") % names,
    }
