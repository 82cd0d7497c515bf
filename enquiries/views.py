"""The officer's questions, and the one road by which a file that was sent with them leaves."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn
from cp2.rules import Refused, Role
from deployments.views import for_role
from enquiries import services
from enquiries.file_fields import refuse_files
from enquiries.forms import EnquiryForm, ReplyForm
from enquiries.models import Attachment, Category, Enquiry, EnquiryStatus
from enquiries.thread import thread
from profiles.models import Officer, Vetting

PAGE = 25


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
    given: dict[str, Any] = {
        "initial": {name: request.GET.get(name, "") for name in ("category", "topic", "exam")},
        "officer": officer,
        "about": about,
    }
    form = _posted(request, EnquiryForm, **given)
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


def _posted(request: SignedIn, form_class: Any, **given: Any) -> Any:
    """The form with what was sent, and its files looked into unless that is too often."""
    if request.method != "POST":
        return form_class(**given)
    form: forms.Form = form_class(request.POST, request.FILES, **given)
    refuse_files(form, request.user, request.FILES)
    return form


def _mine(request: SignedIn, pk: int) -> Enquiry:
    mine = Enquiry.objects.visible_to(request.user)
    return get_object_or_404(
        mine.select_related("exam", "topic", "sub_county", "officer__user"), pk=pk
    )


@require_safe
@for_role(Role.OFFICER)
def enquiry(request: SignedIn, pk: int) -> HttpResponse:
    return _thread(request, _mine(request, pk), ReplyForm())


def _thread(request: SignedIn, enquiry: Enquiry, form: forms.Form) -> HttpResponse:
    context = {
        **thread(enquiry, request.user),
        "form": form,
        "closed": enquiry.status == EnquiryStatus.CLOSED,
    }
    return render(request, "enquiries/enquiry.html", context)


@require_POST
@for_role(Role.OFFICER)
def reply(request: SignedIn, pk: int) -> HttpResponse:
    enquiry = _mine(request, pk)
    form = _posted(request, ReplyForm)
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


@login_required
@require_safe
def attachment(request: SignedIn, pk: int) -> FileResponse:
    """To be saved: what a stranger sent is never shown inside the portal."""
    found = get_object_or_404(Attachment.objects.open_to(request.user), pk=pk)
    try:
        file = found.file.open()
    except FileNotFoundError as gone:
        raise Http404 from gone
    response = FileResponse(file, as_attachment=True, filename=found.name, content_type=found.type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
