"""Papers of centres and of days: sent as a file, looked at, applied."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.requests import actor
from attendance import sittings
from attendance.sittings import What
from catalogue.models import Exam
from cp2.rules import Refused

SALT = "attendance.sittings"
GOOD_FOR = 60 * 60  # seconds, for a preview to be applied
MOST_SHOWN = 50
MAY = {
    What.CENTRES: ["catalogue.change_centreentry"],
    What.DAYS: ["catalogue.add_examday", "catalogue.change_examday"],
}
LISTS = {
    What.CENTRES: "admin:catalogue_centreentry_changelist",
    What.DAYS: "admin:catalogue_examday_changelist",
}


class SittingsForm(forms.Form):
    exam = forms.ModelChoiceField(
        Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    what = forms.ChoiceField(
        label=gettext_lazy("What the file has"),
        choices=What,
        error_messages={"required": gettext_lazy("Choose what the file has")},
    )
    file = forms.FileField(
        label=gettext_lazy("File (CSV or Excel)"),
        error_messages={"required": gettext_lazy("Choose the file")},
    )


def send(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The form, then what the file would do, then that it is done."""
    _may(request, *What)
    if "apply" in request.POST:
        return _apply(request)
    posted = request.method == "POST"
    form = SittingsForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        initial={"what": request.GET.get("what", What.CENTRES)},
    )
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("Send papers as a file"),
        "form": form,
        "kinds": [
            (What.CENTRES, sittings.COLUMNS[What.CENTRES], []),
            (What.DAYS, sittings.COLUMNS[What.DAYS], sittings.OPTIONAL[What.DAYS]),
        ],
        "exams": Exam.objects.all(),
    }
    if form.is_valid():
        exam, what = form.cleaned_data["exam"], What(form.cleaned_data["what"])
        try:
            shown = sittings.preview(form.cleaned_data["file"], exam=exam, what=what)
        except Refused as refusal:
            for said in refusal.args:
                form.add_error("file", str(said))
        else:
            context |= {
                "title": _("What the file changes"),
                "exam": exam,
                "what": what,
                "shown": shown,
                "first": shown.changes[:MOST_SHOWN],
                "more": max(len(shown.changes) - MOST_SHOWN, 0),
                "signed": _signed(request, exam, what, shown),
            }
            return TemplateResponse(request, "attendance/admin_sittings_preview.html", context)
    return TemplateResponse(request, "attendance/admin_sittings.html", context)


def _may(request: HttpRequest, *whats: What) -> None:
    if not all(request.user.has_perms(MAY[what]) for what in whats):
        raise PermissionDenied


def _signed(request: HttpRequest, exam: Exam, what: What, shown: sittings.Preview) -> str:
    """What was shown, for who saw it, to come back as it is."""
    seen = [request.user.pk, exam.pk, what.value, shown.to_apply]
    return signing.dumps(seen, salt=SALT, compress=True)


def _apply(request: HttpRequest) -> HttpResponse:
    here = redirect("admin:catalogue_sittings")
    try:
        who, exam_id, kind, given = signing.loads(
            request.POST["apply"], salt=SALT, max_age=GOOD_FOR
        )
    except signing.BadSignature:
        messages.error(request, _("This was looked at too long ago. Send the file again."))
        return here
    if who != request.user.pk:
        raise PermissionDenied
    exam, what = get_object_or_404(Exam, pk=exam_id), What(kind)
    changed = sittings.apply(
        {key: (papers, of) for key, (papers, of) in given.items()},
        exam=exam,
        what=what,
        by=actor(request),
    )
    said = ngettext("%(count)d row is changed.", "%(count)d rows are changed.", changed)
    messages.success(request, said % {"count": changed})
    return redirect(LISTS[what])
