from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.codes import needs_fresh_code
from accounts.requests import SignedIn, actor
from accounts.taking import as_asked, take_away
from cp2.broadcasts import files, services, shown
from cp2.broadcasts.forms import BroadcastForm, ReasonForm, typed_before
from cp2.broadcasts.models import NOT_REACHED, Broadcast, BroadcastStatus, State
from cp2.lists import CappedPaginator, LongList
from cp2.rules import Refused

PAGE = "admin:broadcasts_broadcast_change"
CHANGE, APPROVE = "broadcasts.change_broadcast", "broadcasts.approve_broadcast"


class Act:
    """What a button does: who may press it, whether it says why, whether it asks for a code."""

    def __init__(
        self,
        label: Any,
        service: Callable[..., Broadcast],
        *,
        when: list[BroadcastStatus],
        may: str = CHANGE,
        reason: bool = False,
        fresh: bool = False,
    ) -> None:
        self.label, self.service, self.when, self.may = label, service, when, may
        self.reason, self.fresh = reason, fresh


S = BroadcastStatus
ACTS = {
    "count": Act(gettext_lazy("Count whom it reaches"), services.count, when=[S.DRAFT]),
    "propose": Act(gettext_lazy("Ask for approval"), services.propose, when=[S.READY]),
    "change": Act(gettext_lazy("Change it"), services.change, when=[S.READY]),
    "approve": Act(
        gettext_lazy("Approve and send"),
        services.approve,
        when=[S.PROPOSED],
        may=APPROVE,
        fresh=True,
    ),
    "send_back": Act(
        gettext_lazy("Send it back"), services.send_back, when=[S.PROPOSED], may=APPROVE,
        reason=True,
    ),
    "pause": Act(gettext_lazy("Pause"), services.pause, when=[S.SENDING]),
    "resume": Act(gettext_lazy("Go on"), services.resume, when=[S.PAUSED]),
    "stop": Act(
        gettext_lazy("Stop for good"),
        services.stop,
        when=[S.APPROVED, S.SENDING, S.PAUSED],
        reason=True,
    ),
    "discard": Act(gettext_lazy("Discard"), services.discard, when=[S.DRAFT, S.READY]),
}  # fmt: skip
SAID = {
    "count": gettext_lazy("It is being counted. This page looks again by itself."),
    "propose": gettext_lazy("Somebody else approves it now, or sends it back."),
    "change": gettext_lazy("It is a draft again."),
    "approve": gettext_lazy("Approved: it begins to leave."),
    "send_back": gettext_lazy("Sent back."),
    "pause": gettext_lazy("Paused: nothing more leaves until it goes on."),
    "resume": gettext_lazy("It goes on."),
    "stop": gettext_lazy("Stopped: what has not left does not leave any more."),
    "discard": gettext_lazy("Discarded."),
}


@admin.register(Broadcast)
class BroadcastAdmin(LongList[Broadcast]):
    """Written by one person, approved by another, and looked at while it leaves."""

    list_display = [
        "title", "status", "who", "reached", "cost", "prepared_by", "approved_by", "prepared_at",
    ]  # fmt: skip
    list_filter = ["status", "who", "exam"]
    list_select_related = ["prepared_by", "approved_by"]
    search_fields = ["title__icontains"]
    search_help_text = gettext_lazy("Part of the title")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its own pages change it, and only while it is a draft."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        name = "broadcasts_broadcast_{}".format
        return [
            path("<int:pk>/write/", page(self.write), name=name("write")),
            path("<int:pk>/do/<str:act>/", page(self.do), name=name("do")),
            path("<int:pk>/people/", page(self.people), name=name("people")),
            path("<int:pk>/people/files/", page(self.people_files), name=name("people_files")),
            path("<int:pk>/report/files/", page(self.report_files), name=name("report_files")),
            *super().get_urls(),
        ]

    def _page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        each = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"broadcasts/{template}.html", {**each, **context})

    def _find(self, request: HttpRequest, pk: int) -> Broadcast:
        return get_object_or_404(Broadcast.objects.visible_to(actor(request)).in_full(), pk=pk)

    # Writing

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._write(request, Broadcast(), title=_("Write to many"))

    def write(self, request: HttpRequest, pk: int) -> HttpResponse:
        broadcast = self._find(request, pk)
        if not request.user.has_perm(CHANGE) or broadcast.status != BroadcastStatus.DRAFT:
            raise PermissionDenied
        return self._write(request, broadcast, title=broadcast.title)

    def _write(self, request: HttpRequest, broadcast: Broadcast, *, title: str) -> HttpResponse:
        """The form; with the button Preview also what a phone shows, and nothing is saved."""
        if request.method == "POST":
            form = BroadcastForm(request.POST)
        else:
            form = BroadcastForm(initial=typed_before(broadcast) if broadcast.pk else None)
        preview = None
        if form.is_valid():
            typed = form.of(broadcast)
            if "preview" in request.POST:
                preview = shown.phones(typed)
            else:
                try:
                    saved = services.write(typed, by=actor(request))
                except Refused as refusal:
                    form.add_error(None, str(refusal))
                else:
                    return redirect(PAGE, saved.pk)
        return self._page(
            request,
            "write",
            title=title,
            form=form,
            preview=preview,
            meanings=shown.meanings(),
            broadcast=broadcast,
        )

    # One of them

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method != "GET" or not object_id.isdigit():
            raise PermissionDenied
        broadcast = self._find(request, int(object_id))
        context = self._of(request, broadcast)
        response = self._page(request, "broadcast", title=broadcast.title, **context)
        if shown.looks_again(broadcast):
            response["Refresh"] = "5"
        return response

    def _of(self, request: HttpRequest, broadcast: Broadcast) -> dict[str, Any]:
        counts = broadcast.counted_at and broadcast.status not in (S.DRAFT, S.COUNTING)
        own = actor(request).pk in broadcast.hands
        return {
            "broadcast": broadcast,
            "phones": shown.phones(broadcast),
            "audience": shown.audience_in_words(broadcast),
            "counted": shown.counted(broadcast) if counts else None,
            "sample": shown.sample(broadcast) if counts else [],
            "report": shown.report(broadcast) if broadcast.report else None,
            "is_leaving": broadcast.status in (S.SENDING, S.PAUSED),
            "version": services.version(broadcast),
            "acts": [
                (name, act)
                for name, act in ACTS.items()
                if broadcast.status in act.when and request.user.has_perm(act.may)
                and not (own and act.may == APPROVE)
            ],
            "own": own and broadcast.status == S.PROPOSED and request.user.has_perm(APPROVE),
            "may_write": broadcast.status == S.DRAFT and request.user.has_perm(CHANGE),
        }  # fmt: skip

    def do(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        wanted = ACTS.get(act)
        if wanted is None or not request.user.has_perm(wanted.may):
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        broadcast = self._find(request, pk)
        if wanted.fresh and (asked := needs_fresh_code(request)):
            return asked
        do = partial(wanted.service, by=actor(request))
        if act == "approve":
            do = partial(do, seen=request.POST.get("version", ""))
        if wanted.reason:
            form = ReasonForm(request.POST)
            if not form.is_valid():
                self.message_user(request, _("Say why, in a few words."), messages.ERROR)
                return redirect(PAGE, pk)
            do = partial(do, reason=form.cleaned_data["reason"])
        try:
            do(broadcast)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, SAID[act])
        return redirect(PAGE, pk)

    # Its people

    def people(self, request: HttpRequest, pk: int) -> HttpResponse:
        broadcast = self._find(request, pk)
        states = files.asked_states(request)
        pages = CappedPaginator(files.people(broadcast, states), 50)
        page = pages.get_page(request.GET.get("p"))
        return self._page(
            request,
            "people",
            title=broadcast.title,
            broadcast=broadcast,
            page=page,
            rows=files.rows(list(page.object_list)),
            states=[(state, state.label) for state in State],
            asked=states[0] if len(states) == 1 else "",
            not_reached=states == NOT_REACHED,
        )

    def people_files(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """It names people, so it is taken as such lists are."""
        broadcast = self._find(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        states = files.asked_states(request)
        return take_away(
            cast(SignedIn, request),
            lambda: files.people_table(broadcast, states, by=actor(request)),
            back=as_asked(request, "admin:broadcasts_broadcast_people", pk),
            verb="broadcast.people_taken",
            subject=broadcast,
            states=[state.value for state in states],
        )

    def report_files(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        broadcast = self._find(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return take_away(
            cast(SignedIn, request),
            lambda: files.report_table(broadcast, by=actor(request)),
            back=as_asked(request, PAGE, pk),
            verb="broadcast.report_taken",
            subject=broadcast,
        )
