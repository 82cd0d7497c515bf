"""What lies beside a question for whoever answers it: the officer's claims, deployments, texts and
earlier questions, as far as they may see them, and the trail of the question itself."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import sms.services
from accounts.models import Entry, User
from attendance.models import MarkStatus
from claims.models import Claim
from cp2.rules import Role
from deployments.models import Deployment
from enquiries.models import Enquiry
from sms.fates import Fate, fate

MOST = 5
MOST_OF_THE_TRAIL = 30

VERBS: dict[str, Promise] = {
    "enquiry.opened": gettext_lazy("asked"),
    "enquiry.added_to": gettext_lazy("added something"),
    "enquiry.answered": gettext_lazy("answered"),
    "enquiry.escalated": gettext_lazy("sent it on to headquarters"),
    "enquiry.closed": gettext_lazy("closed it"),
    "enquiry.taken": gettext_lazy("took it"),
    "enquiry.given_back": gettext_lazy("gave it back"),
    "enquiry.noted": gettext_lazy("left a note"),
}


@dataclass(frozen=True)
class Text:
    at: Any
    words: str  # nothing, to an office of the sub-county
    fate: Fate


@dataclass(frozen=True)
class Step:
    at: Any
    who: str
    what: str


@dataclass(frozen=True)
class Beside:
    claims: list[Claim] = field(default_factory=list)
    deployments: list[Any] = field(default_factory=list)  # with `present` and `absent`
    texts: list[Text] = field(default_factory=list)
    earlier: list[Enquiry] = field(default_factory=list)
    trail: list[Step] = field(default_factory=list)


def beside(enquiry: Enquiry, user: User) -> Beside:
    if enquiry.officer is None:
        return Beside(trail=trail(enquiry))
    return Beside(
        claims=_claims(enquiry, user),
        deployments=_deployments(enquiry, user),
        texts=_texts(enquiry.officer.phone, user),
        earlier=list(
            Enquiry.objects.visible_to(user)
            .filter(officer=enquiry.officer)
            .exclude(pk=enquiry.pk)
            .order_by("-pk")[:MOST]
        ),
        trail=trail(enquiry),
    )


def _may(user: User, right: str) -> bool:
    """Headquarters by its rights; what an office sees is each list's own to say."""
    return user.role != Role.STAFF or user.has_perm(right)


def _claims(enquiry: Enquiry, user: User) -> list[Claim]:
    if not _may(user, "claims.view_claim"):
        return []
    rows = Claim.objects.visible_to(user).filter(officer=enquiry.officer).select_related("exam")
    if enquiry.exam_id:
        rows = rows.filter(exam=enquiry.exam_id)
    return list(rows.order_by("-pk")[:MOST])


def _deployments(enquiry: Enquiry, user: User) -> list[Any]:
    if not _may(user, "deployments.view_deployment"):
        return []
    rows = Deployment.objects.visible_to(user).filter(officer=enquiry.officer).with_place()
    if enquiry.exam_id:
        rows = rows.filter(post__exam=enquiry.exam_id)
    counted = rows.annotate(
        present=Count("marks", filter=Q(marks__status=MarkStatus.PRESENT)),
        absent=Count("marks", filter=Q(marks__status=MarkStatus.ABSENT)),
    )
    return list(counted.order_by("-starts_on", "-pk")[:MOST])


def _texts(phone: str, user: User) -> list[Text]:
    """An office learns whether texts reach this phone; what they say is between it and KNEC."""
    if not phone or not _may(user, "sms.view_message"):
        return []
    reads = user.role == Role.STAFF
    return [
        Text(text.created_at, text.text if reads else "", fate(text))
        for text in sms.services.last_texts(phone, most=MOST)
    ]


def trail(enquiry: Enquiry) -> list[Step]:
    """The last that was done to it, in the order in which it was done."""
    entries = Entry.objects.about(enquiry).filter(verb__in=VERBS).select_related("actor")
    last = reversed(entries.order_by("-pk")[:MOST_OF_THE_TRAIL])
    return [Step(entry.at, _who(entry.actor), str(VERBS[entry.verb])) for entry in last]


def _who(actor: User | None) -> str:
    if actor is None:
        return _("CP2, by rule")
    if actor.role == Role.OFFICER:
        return _("The officer")
    return str(actor)
