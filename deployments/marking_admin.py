"""Marking centres: how many examiners each takes, row by row or as a file."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.requests import actor
from catalogue.models import Exam, MarkingEntry
from cp2.rules import Refused
from deployments import marking


class MarkingFileForm(forms.Form):
    exam = forms.ModelChoiceField(
        Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    file = forms.FileField(
        label=gettext_lazy("File (CSV or Excel)"),
        error_messages={"required": gettext_lazy("Choose the file")},
    )


@admin.register(MarkingEntry)
class MarkingEntryAdmin(admin.ModelAdmin[MarkingEntry]):
    change_list_template = "deployments/admin_marking.html"
    list_display = ["station", "position", "exam", "officers"]
    list_filter = ["exam", "position"]
    list_select_related = ["exam", "station", "position"]
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ["exam", "station", "position"]
    search_fields = ["station__code__istartswith", "station__name__icontains"]
    search_help_text = gettext_lazy("Beginning of the code, or part of the name")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: MarkingEntry | None = None
    ) -> list[str]:
        return ["exam", "station", "position"] if obj else []

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "send/", self.admin_site.admin_view(self.send), name="catalogue_markingentry_send"
        )
        return [own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_send": self.has_add_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def send(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        posted = request.method == "POST"
        form = MarkingFileForm(request.POST, request.FILES) if posted else MarkingFileForm()
        if form.is_valid():
            typed = form.cleaned_data
            try:
                count = marking.take_file(typed["file"], exam=typed["exam"], by=actor(request))
            except Refused as refusal:
                for said in refusal.args:
                    form.add_error("file", str(said))
            else:
                said = ngettext("%(count)d line is taken.", "%(count)d lines are taken.", count)
                self.message_user(request, said % {"count": count})
                return redirect("admin:catalogue_markingentry_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Send examiners' places as a file"),
            "form": form,
            "columns": marking.COLUMNS,
        }
        return TemplateResponse(request, "deployments/admin_marking_send.html", context)
