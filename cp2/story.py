"""One officer's whole story at headquarters: what there is of them in every app, and a time line.

Each section is there for those who may see its list, is bounded, and leads to that list narrowed to
this officer. Numbers are masked, and opening it is a look at the officer like any other.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Entry
from accounts.requests import actor, is_read
from attendance.models import Mark
from claims.models import Claim, Payment
from claims.templatetags.shillings import shillings
from deployments.models import Deployment, Letter
from enquiries.models import Enquiry
from profiles import looks
from profiles.models import Officer, RegisterCheck, masked
from sms import services as texts
from sms.fates import fate
from vacancies.models import Application

MOST = 20  # of each kind
LONGEST_LINE = 60  # of all kinds together, in the time line
LONGEST_TEXT = 70  # characters of a text's words
NUMBER = re.compile(r"\+?\d{6,}")  # a phone's, an ID card's, an account's

About = tuple[str, int]  # a kind of thing and its number, as the trail has them


@dataclass(frozen=True)
class Event:
    at: datetime | None
    what: str
    more: str = ""
    url: str = ""
    is_of_day: bool = False  # and of no moment in it


@dataclass
class Section:
    title: str
    events: list[Event]
    url: str = ""  # of its list, narrowed to this officer

    @property
    def is_cut(self) -> bool:
        return len(self.events) == MOST


@dataclass
class Story:
    officer: Officer
    may: Callable[[str], bool]
    about: list[About] = field(default_factory=list)  # what its sections have shown

    def sections(self) -> Iterator[Section]:
        """Read one after the other, so that the trail knows of which things there are."""
        for permission, make in SECTIONS.items():
            if self.may(permission):
                yield make(self)

    def shown(self, rows: Iterable[Model]) -> None:
        self.about += [(row._meta.label_lower, row.pk) for row in rows]


def change(row: Model) -> str:
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])


def listed(model: type[Model], **narrowed: Any) -> str:
    opts = model._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{url}?{urlencode(narrowed)}"


def of_officer(model: type[Model], officer: Officer) -> str:
    return listed(model, officer__id__exact=officer.pk)


def morning(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def joined(*words: Any) -> str:
    return " · ".join(str(word) for word in words if word)


# What there is, app by app


def profile(story: Story) -> Section:
    """Its standing, and other accounts of the same person."""
    officer = story.officer
    story.about += [("profiles.officer", officer.pk), ("accounts.user", officer.user_id)]
    dated = [
        Event(officer.user.date_joined, _("Account opened")),
        Event(officer.submitted_at, _("Profile submitted")),
        Event(officer.vetted_at, _("Vetted")),
    ]
    stands = _("Vetting: %(status)s") % {"status": officer.get_vetting_display()}
    events = [event for event in dated if event.at]
    events.append(Event(None, stands, officer.vetting_reason))
    merged = Q(merged_into=officer) | Q(pk=officer.merged_into_id)
    for other in Officer.objects.filter(merged).select_related("user")[:MOST]:
        into = other.pk == officer.merged_into_id
        said = _("Closed in favour of %(other)s") if into else _("Has the history of %(other)s")
        story.about.append(("profiles.officer", other.pk))
        url = reverse("admin:profiles_officer_story", args=[other.pk])
        events.append(Event(None, said % {"other": named(other)}, url=url))
    return Section(_("Profile"), events, change(officer))


def named(officer: Officer) -> str:
    return joined(officer.full_name, masked(officer.user.phone))


def checks(story: Story) -> Section:
    rows = RegisterCheck.objects.filter(officer=story.officer).order_by("-pk")[:MOST]
    events = [
        Event(row.checked_at, joined(row.get_register_display(), row.get_outcome_display()),
              row.reason, change(row))
        for row in rows
    ]  # fmt: skip
    return Section(_("Checks against registers"), events, of_officer(RegisterCheck, story.officer))


def applications(story: Story) -> Section:
    rows = list(
        Application.objects.filter(officer=story.officer)
        .select_related("exam", "vacancy__position", "vacancy__sub_county")
        .order_by("-pk")[:MOST]
    )
    story.shown(rows)
    events = [
        Event(
            row.submitted_at,
            joined(row.reference, row.exam.short, row.vacancy.position, row.vacancy.sub_county),
            joined(row.get_status_display(), row.reason),
            change(row),
        )
        for row in rows
    ]
    return Section(_("Applications"), events, of_officer(Application, story.officer))


def deployments(story: Story) -> Section:
    """Each with its letters."""
    letters = Prefetch("letters", Letter.objects.order_by("-pk"))
    rows = list(
        Deployment.objects.filter(officer=story.officer)
        .select_related("post__exam", "post__station", "post__position")
        .prefetch_related(letters)
        .order_by("-pk")[:MOST]
    )
    story.shown(rows)
    events = [
        Event(
            morning(row.starts_on),
            joined(row.serial, row.post.exam.short, row.post.station, row.post.position),
            joined(row.get_status_display(), row.reason, *map(letter_said, row.letters.all()[:3])),
            change(row),
            is_of_day=True,
        )
        for row in rows
    ]
    return Section(_("Deployments"), events, of_officer(Deployment, story.officer))


def letter_said(letter: Letter) -> str:
    status = _("void") if letter.voided_at else letter.get_status_display()
    return _("letter %(code)s: %(status)s") % {"code": letter.code, "status": status}


def marks(story: Story) -> Section:
    rows = (
        Mark.objects.filter(officer=story.officer)
        .select_related("deployment__post__station", "deployment__post__exam")
        .order_by("-day")[:MOST]
    )
    events = [
        Event(
            morning(row.day),
            joined(row.get_status_display(), row.deployment.post.station),
            joined(row.deployment.post.exam.short, row.acting_name),
            change(row),
            is_of_day=True,
        )
        for row in rows
    ]
    return Section(_("Attendance"), events, of_officer(Mark, story.officer))


def claims(story: Story) -> Section:
    rows = list(
        Claim.objects.filter(officer=story.officer).select_related("exam").order_by("-pk")[:MOST]
    )
    story.shown(rows)
    events = [
        Event(
            row.prepared_at,
            joined(row.exam.short, shillings(row.net)),
            joined(row.get_status_display(), row.dispute_reason),
            change(row),
        )
        for row in rows
    ]
    return Section(_("Claims"), events, of_officer(Claim, story.officer))


def payments(story: Story) -> Section:
    rows = list(
        Payment.objects.filter(claim__officer=story.officer)
        .select_related("batch", "claim__exam")
        .order_by("-pk")[:MOST]
    )
    story.shown(rows)
    events = [
        Event(
            row.batch.prepared_at,
            joined(row.claim.exam.short, shillings(row.amount)),
            joined(row.get_status_display(), row.reference, row.failure),
            change(row),
        )
        for row in rows
    ]
    return Section(_("Payments"), events)


def messages(story: Story) -> Section:
    """What they began with and how they fared; one with a password keeps no words. Their list knows
    an officer by their number alone, which stands masked here and in no address."""
    phone = story.officer.user.phone or ""
    rows = list(texts.last_texts(phone, most=MOST)) if phone else []
    events = [
        Event(row.created_at, beginning(row.text) or row.get_kind_display(), fate(row).words,
              change(row))
        for row in rows
    ]  # fmt: skip
    return Section(_("Texts"), events)


def beginning(text: str) -> str:
    """The first words of a text, without who sends it, and with the numbers in it masked."""
    words = NUMBER.sub(lambda number: masked(number[0]), text.removeprefix("KNEC CP2: "))
    return Truncator(words).chars(LONGEST_TEXT)


def enquiries(story: Story) -> Section:
    rows = list(
        Enquiry.objects.filter(officer=story.officer).select_related("exam").order_by("-pk")[:MOST]
    )
    story.shown(rows)
    events = [
        Event(row.opened_at, joined(row.subject, row.exam and row.exam.short),
              row.get_status_display(), change(row))
        for row in rows
    ]  # fmt: skip
    return Section(_("Questions"), events, of_officer(Enquiry, story.officer))


def trail(story: Story) -> Section:
    """About the officer, the account, and all that stands above."""
    events = [
        Event(
            entry.at,
            entry.verb,
            joined(entry.actor or _("the portal itself"), entry.acting_name),
            change(entry),
        )
        for entry in entries(story.about)
    ]
    url = listed(Entry, subject_type__exact="profiles.officer", subject_id__exact=story.officer.pk)
    return Section(_("Audit trail"), events, url)


def entries(about: list[About]) -> QuerySet[Entry]:
    """By the index on things, of which the newest of each are enough."""
    each = [
        Entry.objects.filter(subject_type=kind, subject_id=pk).order_by("-pk").values("pk")[:MOST]
        for kind, pk in dict.fromkeys(about)
    ]
    first, *others = each
    found = first.union(*others, all=True) if others else first
    rows = Entry.objects.filter(pk__in=list(found.values_list("pk", flat=True)))
    return rows.select_related("actor").order_by("-pk")[:MOST]


# The permission to see its list, and what is shown to those who have it; the trail comes last,
# since it is about what the others have found.
SECTIONS: dict[str, Callable[[Story], Section]] = {
    "profiles.view_officer": profile,
    "profiles.view_registercheck": checks,
    "vacancies.view_application": applications,
    "deployments.view_deployment": deployments,
    "attendance.view_mark": marks,
    "claims.view_claim": claims,
    "claims.view_payment": payments,
    "enquiries.view_enquiry": enquiries,
    "sms.view_message": messages,
    "accounts.view_entry": trail,
}


@dataclass(frozen=True)
class Moment:
    """An event in the time line, under the title of its section."""

    kind: str
    event: Event

    @property
    def day(self) -> str:
        at, form = self.event.at, "j M Y" if self.event.is_of_day else "j M Y, H:i"
        return date_format(timezone.localtime(at), form) if at else ""


def time_line(sections: list[Section]) -> list[Moment]:
    dated = [
        (event.at, Moment(section.title, event))
        for section in sections
        for event in section.events
        if event.at
    ]
    newest = sorted(dated, key=lambda each: each[0], reverse=True)
    return [moment for _at, moment in newest[:LONGEST_LINE]]


@require_safe
def story(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    if not request.user.has_perm("profiles.view_officer"):
        raise PermissionDenied
    officers = Officer.objects.visible_to(actor(request)).select_related("user", "sub_county")
    officer = get_object_or_404(officers, pk=pk)
    sections = list(Story(officer, request.user.has_perm).sections())
    if is_read(request):
        looks.note_view(officer, by=actor(request), masked=True)
    context = {
        **site.each_context(request),
        "opts": Officer._meta,
        "title": _("The whole story of %(officer)s")
        % {"officer": officer.full_name or _("an officer")},
        "officer": officer,
        "phone": masked(officer.user.phone),
        "sections": sections,
        "moments": time_line(sections),
    }
    return TemplateResponse(request, "cp2/admin/story.html", context)
