"""The trail as auditors search it, and as they take it away."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Entry
from accounts.requests import SignedIn, actor
from accounts.taking import as_asked, take_away
from cp2.audit.forms import TrailForm
from cp2.audit.history import History
from cp2.audit.searching import search
from cp2.audit.words import kind_of_thing, said
from cp2.exports import Table
from cp2.rules import Refused

PER_PAGE = 50
BLOCK = 2_000
MOST_TAKEN = 200_000


@dataclass(frozen=True)
class Line:
    entry: Entry
    thing: str
    url: str
    said: str


def urls(site: AdminSite) -> list[URLPattern]:
    def page(route: str, view: Any, name: str) -> URLPattern:
        return path(f"audit/{route}", site.admin_view(partial(view, site=site)), name=name)

    return [
        page("trail/", trail, "audit_trail"),
        page("trail/files/", trail_files, "audit_trail_files"),
    ]


def may_read(request: HttpRequest) -> None:
    if not request.user.has_perm("accounts.view_entry"):
        raise PermissionDenied


@require_safe
def trail(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Page by page from one number to the next, so that the last page is as quick as the first."""
    may_read(request)
    form = TrailForm(request.GET if request.GET else None)
    entries: list[Entry] = []
    if not request.GET or (form.is_valid() and not form.candidates):
        found = search(form.asked) if request.GET else search_all()
        before = request.GET.get("before", "")
        if before.isascii() and before.isdecimal() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        entries = list(found[: PER_PAGE + 1])
    shown = entries[:PER_PAGE]
    links = Links(request, site)
    context = {
        **site.each_context(request),
        "title": _("Search the trail"),
        "form": form,
        "candidates": form.candidates,
        "lines": [links.line(entry) for entry in shown],
        "older": shown[-1].pk if len(entries) > PER_PAGE else None,
        "is_later_page": "before" in request.GET,
        "can_be_taken": shown and request.GET,
    }
    return TemplateResponse(request, "audit/trail.html", context)


def search_all() -> "models.QuerySet[Entry]":
    return Entry.objects.order_by("-pk").select_related("actor")


class Links:
    """From what an entry is about to its whole history, for those who may see it."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self.pages = {
            model._meta.label_lower: f"admin:{model._meta.app_label}_{model._meta.model_name}"
            for model, shown in site._registry.items()
            if shown.has_view_permission(request)
        }

    def line(self, entry: Entry) -> Line:
        page = self.pages.get(entry.subject_type)
        url = reverse(f"{page}_history", args=[entry.subject_id]) if page else ""
        return Line(entry, kind_of_thing(entry.subject_type), url, said(entry.details))


@require_POST
def trail_files(request: HttpRequest, site: AdminSite) -> HttpResponseBase:
    may_read(request)
    form = TrailForm(request.GET)
    asked = form.asked if form.is_valid() and not form.candidates else None
    # the trail says what was asked for by numbers of rows, not by somebody's phone
    details = {name: value for name, value in asdict(asked).items() if value} if asked else {}
    for name in ("since", "until"):
        if name in details:
            details[name] = details[name].isoformat()
    return take_away(
        cast(SignedIn, request),
        lambda: trail_table(form, by=str(actor(request))),
        back=as_asked(request, "admin:audit_trail"),
        verb="trail.taken",
        subject=actor(request),
        asked=details,
    )


def trail_table(form: TrailForm, *, by: str) -> Table:
    if not form.is_valid() or form.candidates:
        raise Refused(_("Say first what is to be taken."))
    found = search(form.asked)
    count = found.order_by()[: MOST_TAKEN + 1].count()
    if count > MOST_TAKEN:
        said = _("These are more than %(most)s entries. Narrow the time, and take it in parts.")
        raise Refused(said % {"most": MOST_TAKEN})
    return Table(
        name="trail",
        title=_("Audit trail"),
        heading=[
            _("Number"),
            _("When"),
            _("Who"),
            _("User name"),
            _("Acting person"),
            _("What"),
            _("Kind of thing"),
            _("Its number"),
            _("Details"),
        ],
        rows=map(_cells, in_blocks(found)),
        count=count,
        by=by,
    )


def in_blocks(found: "models.QuerySet[Entry]") -> Iterator[Entry]:
    """From one number to the next: a cursor in the database would hold a connection open, which
    PgBouncer has not to give."""
    block = list(found[:BLOCK])
    while block:
        yield from block
        block = list(found.filter(pk__lt=block[-1].pk)[:BLOCK])


def _cells(entry: Entry) -> list[object]:
    who = entry.actor
    return [
        entry.pk,
        entry.at,
        str(who) if who and who.name else "",
        who.username if who and not who.phone else (f"#{who.pk}" if who else ""),
        entry.acting_name,
        entry.verb,
        entry.subject_type,
        entry.subject_id,
        said(entry.details),
    ]


# One row's history


def history(request: HttpRequest, shown: Any, row: models.Model) -> TemplateResponse:
    """In place of Django's, which knows only what its own forms saved. Whoever may see the row may
    see what became of it; who looked at it is for those who read the trail."""
    reads_trail = request.user.has_perm("accounts.view_entry")
    context = {
        **shown.admin_site.each_context(request),
        "title": _("History: %(row)s") % {"row": row},
        "opts": row._meta,
        "row": row,
        "app": row._meta.app_config.verbose_name if row._meta.app_config else "",
        "history": History(row, may=request.user.has_perm, with_looks=reads_trail),
        "reads_trail": reads_trail,
    }
    return TemplateResponse(request, "audit/history.html", context)
