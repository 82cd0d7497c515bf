"""Questions and answers, for those who ask and for the office that answers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn
from catalogue.models import Office
from cp2.rules import Refused, Role
from deployments.views import for_role
from enquiries import services
from enquiries.forms import (
    AnswerForm,
    AreaEnquiriesForm,
    EnquiryForm,
    EscalateForm,
    ReplyForm,
)
from enquiries.models import Category, Enquiry, EnquiryStatus
from profiles.models import Officer, Vetting

PAGE = 25


# The officer


@require_safe
@for_role(Role.OFFICER)
def enquiries(request: SignedIn) -> HttpResponse:
    rows = Enquiry.objects.visible_to(request.user)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "enquiries/list.html", {"page": page})


@for_role(Role.OFFICER)
def new(request: SignedIn) -> HttpResponse:
    officers = Officer.objects.visible_to(request.user).select_related("sub_county")
    officer = get_object_or_404(officers)
    about = request.GET.get("category", "")
    if about == Category.APPEAL and (appeal := services.appeal_of(officer)):
        messages.info(request, _("You have appealed already. Add to it here."))
        return redirect("enquiries:enquiry", appeal.pk)
    form = EnquiryForm(
        request.POST if request.method == "POST" else None,
        initial={name: request.GET.get(name, "") for name in ("category", "exam")},
        officer=officer,
        about=about,
    )
    if form.is_valid():
        try:
            asked = services.ask(officer, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, _("Your enquiry is on its way. You get a text when it is answered.")
            )
            return redirect("enquiries:enquiry", asked.pk)
    appealing = about == Category.APPEAL and officer.vetting == Vetting.BARRED
    return render(request, "enquiries/new.html", {"form": form, "appealing": appealing})


def _mine(request: SignedIn, pk: int) -> Enquiry:
    mine = Enquiry.objects.visible_to(request.user).select_related("exam", "sub_county", "officer")
    return get_object_or_404(mine, pk=pk)


@require_safe
@for_role(Role.OFFICER)
def enquiry(request: SignedIn, pk: int) -> HttpResponse:
    return _thread(request, _mine(request, pk), ReplyForm())


def _thread(request: SignedIn, enquiry: Enquiry, form: forms.Form) -> HttpResponse:
    context = {
        "enquiry": enquiry,
        "replies": enquiry.replies.select_related("by"),
        "form": form,
        "closed": enquiry.status == EnquiryStatus.CLOSED,
    }
    return render(request, "enquiries/enquiry.html", context)


@require_POST
@for_role(Role.OFFICER)
def reply(request: SignedIn, pk: int) -> HttpResponse:
    enquiry = _mine(request, pk)
    form = ReplyForm(request.POST)
    if form.is_valid():
        try:
            services.reply(enquiry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Added. You get a text when it is answered."))
            return redirect("enquiries:enquiry", pk)
    return _thread(request, enquiry, form)


@require_POST
@for_role(Role.OFFICER)
def close(request: SignedIn, pk: int) -> HttpResponse:
    try:
        services.close(_mine(request, pk), by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The enquiry is closed."))
    return redirect("enquiries:list")


# The Sub-County Director of Education


def _theirs(request: SignedIn, pk: int) -> Enquiry:
    theirs = Enquiry.objects.visible_to(request.user)
    return get_object_or_404(theirs.select_related("exam", "sub_county", "officer__user"), pk=pk)


@require_safe
@for_role(Role.DIRECTOR)
def area_enquiries(request: SignedIn) -> HttpResponse:
    if request.user.office != Office.SCDE:
        raise Http404
    form = AreaEnquiriesForm(request.GET)
    rows = (
        Enquiry.objects.visible_to(request.user)
        .filter(**form.asked())
        .select_related("officer__user", "exam")
        .most_urgent_first()
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "enquiries/area_enquiries.html", {"form": form, "page": page})


@require_safe
@for_role(Role.DIRECTOR)
def area_enquiry(request: SignedIn, pk: int) -> HttpResponse:
    return _desk(request, _theirs(request, pk))


def _desk(
    request: SignedIn,
    enquiry: Enquiry,
    *,
    answer: AnswerForm | None = None,
    escalate: EscalateForm | None = None,
) -> HttpResponse:
    """The thread with the two forms below it; `form` is whichever was just sent."""
    context: dict[str, Any] = {
        "enquiry": enquiry,
        "replies": enquiry.replies.select_related("by"),
        "answer": answer or AnswerForm(),
        "escalate": escalate or EscalateForm(),
        "form": answer or escalate,
        "ours": enquiry.status in (EnquiryStatus.OPEN, EnquiryStatus.ANSWERED),
    }
    return render(request, "enquiries/area_enquiry.html", context)


@require_POST
@for_role(Role.DIRECTOR)
def answer(request: SignedIn, pk: int) -> HttpResponse:
    enquiry = _theirs(request, pk)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            services.answer(enquiry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Answered. The officer gets a text."))
            return redirect("enquiries:area_enquiries")
    return _desk(request, enquiry, answer=form)


@require_POST
@for_role(Role.DIRECTOR)
def escalate(request: SignedIn, pk: int) -> HttpResponse:
    enquiry = _theirs(request, pk)
    form = EscalateForm(request.POST)
    if form.is_valid():
        try:
            services.escalate(enquiry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Headquarters has it now."))
            return redirect("enquiries:area_enquiries")
    return _desk(request, enquiry, escalate=form)
