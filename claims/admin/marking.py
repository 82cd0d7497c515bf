"""Returns of marking: read, and sent as a file that is looked at before it counts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import FreshActions
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from catalogue.models import Exam
from claims import marking
from claims.models import MarkingRecord
from cp2.lists import LongList, NeverTyped
from cp2.rules import Refused
from deployments.forms import ChosenField
from profiles.register_forms import TableField

SALT = "claims.marking"
GOOD_FOR = 60 * 60  # seconds, for a preview to be applied
MOST_SHOWN = 50


class ReturnForm(forms.Form):
    exam = ChosenField(
        Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    file = TableField(
        label=gettext_lazy("File (CSV or Excel)"),
        error_messages={"required": gettext_lazy("Choose the file")},
    )


@admin.register(MarkingRecord)
class MarkingRecordAdmin(NeverTyped, LongList[MarkingRecord], FreshActions):
    change_list_template = "claims/admin/marking_records.html"
    list_display = [
        "deployment",
        "coordination_days",
        "scripts",
        "travel",
        "advance",
        "signed",
        "by",
        "at",
    ]
    list_filter = ["exam", "signed"]
    list_select_related = [
        "exam",
        "by",
        "deployment__officer__user",
        "deployment__post__position",
        "deployment__post__station",
        "deployment__post__exam",
    ]
    search_fields = [
        "deployment__officer__user__username__startswith",
        "=deployment__officer__national_id",
        "=deployment__post__station__code",
    ]
    search_help_text = gettext_lazy("Number (2547…), ID number in full, or station code")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["claims.add_markingrecord", "claims.change_markingrecord"])

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        return [
            path("import/", page(self.send), name="claims_markingrecord_import"),
            path("template/", page(self.template_file), name="claims_markingrecord_template"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_import": self.has_import_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def template_file(self, request: HttpRequest) -> HttpResponse:
        """The first line of the file, to be filled in below."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        response = HttpResponse(
            "\ufeff" + ",".join(marking.COLUMNS) + "\r\n", content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = 'attachment; filename="marking-return.csv"'
        return response

    def send(self, request: HttpRequest) -> HttpResponse:
        """The form, then what the file would do, then that it is done."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if asked := needs_fresh_code(request):
            return asked
        if "apply" in request.POST:
            return self._apply(request)
        form = ReturnForm(*(request.POST, request.FILES) if request.method == "POST" else ())
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Send a return of marking"),
            "form": form,
            "columns": marking.COLUMNS,
        }
        if form.is_valid():
            exam = form.cleaned_data["exam"]
            try:
                shown = marking.preview(form.cleaned_data["file"], exam=exam)
            except Refused as refusal:
                for said in refusal.args:
                    form.add_error("file", str(said))
            else:
                context |= {
                    "title": _("What the return changes"),
                    "exam": exam,
                    "shown": shown,
                    "first": shown.changes[:MOST_SHOWN],
                    "more": max(len(shown.changes) - MOST_SHOWN, 0),
                    "signed": self._signed(request, exam, shown),
                }
                return TemplateResponse(request, "claims/admin/marking_preview.html", context)
        return TemplateResponse(request, "claims/admin/marking_import.html", context)

    def _signed(self, request: HttpRequest, exam: Exam, shown: marking.Preview) -> str:
        """What was shown, for who saw it, to come back as it is."""
        seen = [request.user.pk, exam.pk, shown.seal, shown.sha256, shown.to_apply]
        return signing.dumps(seen, salt=SALT, compress=True)

    def _apply(self, request: HttpRequest) -> HttpResponse:
        here = redirect("admin:claims_markingrecord_import")
        try:
            who, exam_id, seal, sha256, lines = signing.loads(
                request.POST["apply"], salt=SALT, max_age=GOOD_FOR
            )
        except signing.BadSignature:
            said = _("This was looked at too long ago. Send the file again.")
            self.message_user(request, said, "ERROR")
            return here
        if who != request.user.pk:
            raise PermissionDenied
        exam = get_object_or_404(Exam, pk=exam_id)
        try:
            changed = marking.apply(lines, exam=exam, seal=seal, sha256=sha256, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), "ERROR")
            return here
        said = ngettext(
            "%(n)s examiner's record is taken. It counts when claims are prepared next.",
            "%(n)s examiners' records are taken. They count when claims are prepared next.",
            changed,
        )
        self.message_user(request, said % {"n": changed})
        return redirect("admin:claims_markingrecord_changelist")
