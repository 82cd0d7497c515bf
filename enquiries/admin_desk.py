"""One question as headquarters answers it: the thread, what lies beside it, who has taken it."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.requests import actor
from cp2.rules import Refused
from enquiries import services
from enquiries.desk import beside
from enquiries.file_fields import refuse_files
from enquiries.forms import AnswerForm, NoteForm, UseForm
from enquiries.models import Enquiry, EnquiryStatus
from enquiries.services.rules import is_taken
from enquiries.thread import thread

CHANGE = "enquiries.change_enquiry"
ANSWER = "enquiries.add_reply"
NOTE = "enquiries.add_note"


class Desk(admin.ModelAdmin[Any]):
    """A row's page is the desk: nothing of the question is typed over, and what is done to it is
    posted to an address of its own."""

    def get_urls(self) -> list[URLPattern]:
        views: list[tuple[str, str, Callable[..., HttpResponseBase]]] = [
            ("answer/", "answer", self.answer),
            ("answer/ready/", "use_answer", self.use_answer),
            ("note/", "note", self.note),
            ("take/", "take", self.take),
            ("give-back/", "give_back", self.give_back),
            ("close/", "close", self.close_one),
        ]
        own = [
            path(
                f"<int:pk>/{address}",
                cast(Any, self.admin_site.admin_view(require_POST(view))),
                name=f"enquiries_enquiry_{name}",
            )
            for address, name, view in views
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related(
            "officer__user", "exam", "topic", "sub_county__county", "taken_by"
        )

    def _found(self, request: HttpRequest, pk: str | int, right: str = "") -> Enquiry:
        enquiry = self.get_object(request, str(pk))
        if enquiry is None:
            raise Http404
        if not self.has_view_permission(request, enquiry):
            raise PermissionDenied
        if right and not request.user.has_perm(right):
            raise PermissionDenied
        return cast(Enquiry, enquiry)

    # Looked at

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self._show(request, self._found(request, unquote(object_id)))

    def _show(
        self,
        request: HttpRequest,
        enquiry: Enquiry,
        *,
        answer: AnswerForm | None = None,
        note: NoteForm | None = None,
    ) -> HttpResponse:
        user = actor(request)
        shown = thread(enquiry, user)
        may_answer = user.has_perm(ANSWER) and enquiry.status != EnquiryStatus.CLOSED
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            **shown,
            "opts": self.opts,
            "title": enquiry.subject,
            "beside": beside(enquiry, user),
            "notes": enquiry.notes.select_related("by"),
            "may_change": user.has_perm(CHANGE),
            "closed": enquiry.status == EnquiryStatus.CLOSED,
            "taken_by_other": is_taken(enquiry, by=user),
            "is_mine": enquiry.taken_by_id == user.pk,
            "answer": (answer or AnswerForm(enquiry=enquiry, seen=shown["last"]))
            if may_answer
            else None,
            "note": (note or NoteForm()) if user.has_perm(NOTE) else None,
        }
        return TemplateResponse(request, "enquiries/admin_enquiry.html", context)

    # Done to

    def answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        enquiry = self._found(request, pk, ANSWER)
        form = AnswerForm(request.POST, request.FILES, enquiry=enquiry)
        refuse_files(form, actor(request), request.FILES)
        if form.is_valid():
            try:
                services.answer(enquiry, by=actor(request), **form.said)
            except Refused as refusal:
                form.refuse(enquiry, refusal)
            else:
                self.message_user(request, _("Answered. The officer gets a text."))
                return redirect("admin:enquiries_enquiry_changelist")
        return self._show(request, enquiry, answer=form)

    def use_answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The ready answer in the box, in the officer's language, to be read and sent."""
        enquiry = self._found(request, pk, ANSWER)
        form = UseForm(request.POST).filled(enquiry, request.POST)
        return self._show(request, enquiry, answer=form)

    def note(self, request: HttpRequest, pk: int) -> HttpResponse:
        enquiry = self._found(request, pk, NOTE)
        form = NoteForm(request.POST)
        if form.is_valid():
            text = form.cleaned_data["note"]
            return self._done(request, enquiry, services.note, _("Noted."), text=text)
        return self._show(request, enquiry, note=form)

    def take(self, request: HttpRequest, pk: int) -> HttpResponse:
        said = _("It is yours for a day; nobody else answers it meanwhile.")
        return self._done(request, self._found(request, pk, CHANGE), services.take, said)

    def give_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        said = _("It is anybody's again.")
        return self._done(request, self._found(request, pk, CHANGE), services.give_back, said)

    def close_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        said = _("The enquiry is closed. The officer gets a text.")
        return self._done(request, self._found(request, pk, CHANGE), services.close, said)

    def _done(
        self,
        request: HttpRequest,
        enquiry: Enquiry,
        act: Callable[..., object],
        said: str,
        **given: Any,
    ) -> HttpResponse:
        try:
            act(enquiry, by=actor(request), **given)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, said)
        return redirect(reverse("admin:enquiries_enquiry_change", args=[enquiry.pk]))
