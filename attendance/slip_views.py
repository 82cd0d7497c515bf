"""Where a sub-county's directors print the passwords of its centres."""

from django.core.paginator import Paginator
from django.db.models import F
from django.db.models.lookups import IsNull
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import slips
from accounts.codes import needs_fresh_code
from accounts.requests import SignedIn
from attendance import services
from attendance.slip_forms import SlipExamForm, SlipsForm
from attendance.views import PER_PAGE, attached, for_directors
from catalogue.models import CentreEntry, CentreEntryQuerySet, Exam, Office
from cp2.rules import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@for_directors(Office.TSC, Office.SCDE)
def centre_passwords(request: SignedIn) -> HttpResponse:
    """Who has a slip, those without first; a POST prints new ones for the centres ticked."""
    if request.method == "POST" and (first_a_code := needs_fresh_code(request)):
        return first_a_code  # a slip hands out power
    entries = slips.of_open_accounts(CentreEntry.objects.visible_to(request.user))
    entries = entries.select_related("exam", "station")
    form = SlipsForm(request.POST if request.method == "POST" else None, entries=entries)
    if form.is_valid():
        try:
            content = services.hand_out(list(form.cleaned_data["centre"]), by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return attached(content, "centre-passwords.pdf", "application/pdf")
    if form.names_none_of_ours:
        raise Http404
    return _page(request, entries, form)


def _page(request: SignedIn, entries: CentreEntryQuerySet, form: SlipsForm) -> HttpResponse:
    exams = list(Exam.objects.filter(pk__in=entries.values("exam")).order_by("rehearsal_on", "pk"))
    running = (exam for exam in exams if exam.ends_on >= timezone.localdate())
    first = next(running, exams[-1] if exams else None)
    asked = SlipExamForm({"exam": first and first.pk, **request.GET.dict()}, exams=exams)
    exam = asked.chosen() or first
    rows = slips.with_slips(entries.filter(exam=exam)).order_by(
        IsNull(F("slip_printed_at"), False), "station__code"
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "asked": asked,
        "exam": exam,
        "page": page,
        "lines": slips.lines(page),
        "ticked": form.ticked(),
        "all": request.GET.get("all") == str(page.number),
    }
    return render(request, "attendance/centre_passwords.html", context)
