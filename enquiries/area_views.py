"""The desk of the Sub-County Director of Education."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn
from accounts.taking import as_asked, take_away
from attendance.views import for_directors
from catalogue.models import Office
from cp2.rules import Refused
from enquiries import lists, services
from enquiries.desk import beside
from enquiries.file_fields import refuse_files
from enquiries.forms import (
    AnswerForm,
    AreaEnquiriesForm,
    EscalateForm,
    NoteForm,
    StatisticsForm,
    UseForm,
)
from enquiries.models import Enquiry, EnquiryStatus
from enquiries.statistics import statistics
from enquiries.statistics import table as statistics_table
from enquiries.thread import thread

PAGE = 25


# The list


@require_safe
@for_directors(Office.SCDE)
def area_enquiries(request: SignedIn) -> HttpResponse:
    form = AreaEnquiriesForm(request.GET)
    rows = lists.found(request.user, form.asked)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "enquiries/area_enquiries.html", {"form": form, "page": page})


@require_POST
@for_directors(Office.SCDE)
def files(request: SignedIn) -> HttpResponseBase:
    form = AreaEnquiriesForm(request.GET)
    rows = lists.found(request.user, form.asked)
    return take_away(
        request,
        lambda: lists.table(rows, by=request.user, about=form.about),
        back=as_asked(request, "enquiries:area_enquiries"),
        verb="enquiries.taken",
        filters=form.about,
    )


@require_safe
@for_directors(Office.SCDE)
def area_statistics(request: SignedIn) -> HttpResponse:
    form = StatisticsForm(request.GET)
    rows = lists.found(request.user, form.asked)
    found = statistics(rows, by_county=False)
    return render(request, "enquiries/area_statistics.html", {"form": form, "found": found})


@require_POST
@for_directors(Office.SCDE)
def statistics_files(request: SignedIn) -> HttpResponseBase:
    form = StatisticsForm(request.GET)
    rows = lists.found(request.user, form.asked)
    return take_away(
        request,
        lambda: statistics_table(
            statistics(rows, by_county=False), by=request.user, about=form.about
        ),
        back=as_asked(request, "enquiries:area_statistics"),
        verb="enquiries.counted",
        filters=form.about,
    )


# One enquiry


def _theirs(request: SignedIn, pk: int) -> Enquiry:
    theirs = Enquiry.objects.visible_to(request.user)
    return get_object_or_404(
        theirs.select_related("exam", "topic", "sub_county", "officer__user", "taken_by"), pk=pk
    )


@require_safe
@for_directors(Office.SCDE)
def area_enquiry(request: SignedIn, pk: int) -> HttpResponse:
    return _desk(request, _theirs(request, pk))


def _desk(
    request: SignedIn,
    enquiry: Enquiry,
    *,
    answer: AnswerForm | None = None,
    escalate: EscalateForm | None = None,
    note: NoteForm | None = None,
) -> HttpResponse:
    """The thread with the forms below it; `form` is whichever was just sent."""
    shown = thread(enquiry, request.user)
    context: dict[str, Any] = {
        **shown,
        "answer": answer or AnswerForm(enquiry=enquiry, seen=shown["last"]),
        "escalate": escalate or EscalateForm(),
        "note": note or NoteForm(),
        "notes": enquiry.notes.select_related("by"),
        "form": answer or escalate or note,
        "ours": enquiry.status in (EnquiryStatus.OPEN, EnquiryStatus.ANSWERED),
        "beside": beside(enquiry, request.user),
    }
    return render(request, "enquiries/area_enquiry.html", context)


@require_POST
@for_directors(Office.SCDE)
def answer(request: SignedIn, pk: int) -> HttpResponse:
    enquiry = _theirs(request, pk)
    form = AnswerForm(request.POST, request.FILES, enquiry=enquiry)
    refuse_files(form, request.user, request.FILES)
    if form.is_valid():
        try:
            services.answer(enquiry, by=request.user, **form.said)
        except Refused as refusal:
            form.refuse(enquiry, refusal)
        else:
            messages.success(request, _("Answered. The officer gets a text."))
            return redirect("enquiries:area_enquiries")
    return _desk(request, enquiry, answer=form)


@require_POST
@for_directors(Office.SCDE)
def use_answer(request: SignedIn, pk: int) -> HttpResponse:
    """The ready answer in the box, in the officer's language, for them to read and to send."""
    enquiry = _theirs(request, pk)
    return _desk(request, enquiry, answer=UseForm(request.POST).filled(enquiry, request.POST))


@require_POST
@for_directors(Office.SCDE)
def escalate(request: SignedIn, pk: int) -> HttpResponse:
    enquiry = _theirs(request, pk)
    form = EscalateForm(request.POST)
    if form.is_valid():
        try:
            services.escalate(enquiry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Headquarters has it now. The officer gets a text."))
            return redirect("enquiries:area_enquiries")
    return _desk(request, enquiry, escalate=form)


@require_POST
@for_directors(Office.SCDE)
def note(request: SignedIn, pk: int) -> HttpResponse:
    enquiry = _theirs(request, pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            services.note(enquiry, by=request.user, text=form.cleaned_data["note"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Noted."))
            return redirect("enquiries:area_enquiry", pk)
    return _desk(request, enquiry, note=form)
