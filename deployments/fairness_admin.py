"""Fairness reports in headquarters' admin: asked for, read, and taken away table by table."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn, actor
from accounts.taking import take_away
from catalogue.models import County, Exam, SubCounty
from cp2.exports import Table
from cp2.lists import LongList, NeverTyped
from cp2.rules import Refused
from deployments.fairness import reading, runs
from deployments.fairness.tables import SECTIONS, Section
from deployments.models import FairnessReport, FairnessStatus


class AskForm(forms.Form):
    exam = forms.ModelChoiceField(
        queryset=Exam.objects.all(),
        label=_("Exam"),
        error_messages={"required": _("Choose the exam")},
    )
    county = forms.ModelChoiceField(
        queryset=County.objects.all(),
        label=_("County"),
        required=False,
        empty_label=_("The nation"),
    )
    sub_county = forms.ModelChoiceField(
        queryset=SubCounty.objects.select_related("county"),
        label=_("Sub-county"),
        required=False,
        empty_label=_("All"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        county, place = data.get("county"), data.get("sub_county")
        if county and place and place.county_id != county.pk:
            self.add_error("sub_county", gettext("This sub-county is of another county."))
        return data


@admin.register(FairnessReport)
class FairnessReportAdmin(NeverTyped, LongList[FairnessReport]):
    change_list_template = "deployments/admin_fairness_list.html"
    list_display = ["exam", "scope", "status", "share_done", "asked_by", "asked_at", "done_at"]
    list_display_links = ["exam", "scope"]
    list_filter = ["exam", "status"]
    list_select_related = ["exam", "county", "sub_county__county", "asked_by"]

    @admin.display(description=_("scope"))
    def scope(self, report: FairnessReport) -> str:
        return report.scope

    @admin.display(description=_("progress"))
    def share_done(self, report: FairnessReport) -> str:
        return f"{report.progress} %"

    def get_urls(self) -> list[URLResolver | URLPattern]:  # type: ignore[override]  # paths of both kinds
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        own = [
            path("ask/", page(self.ask), name="deployments_fairnessreport_ask"),
            path(
                "<int:pk>/files/<slug:key>/",
                page(require_POST(self.files)),
                name="deployments_fairnessreport_files",
            ),
        ]
        return [*own, *super().get_urls()]

    def ask(self, request: HttpRequest) -> HttpResponse:
        """It changes nothing but the list of reports, so whoever may read one may ask for one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = AskForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                report = runs.ask(by=actor(request), **form.cleaned_data)
            except Refused as refusal:
                messages.warning(request, str(refusal))
                return redirect("admin:deployments_fairnessreport_changelist")
            return redirect("admin:deployments_fairnessreport_change", report.pk)
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "opts": self.opts,
            "title": _("Ask for a fairness report"),
        }
        return TemplateResponse(request, "deployments/admin_fairness_ask.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The report itself; nothing of it is typed."""
        if not self.has_view_permission(request) or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        report = self._report(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(report),
            "report": report,
            "tables": reading.shown(report) if report.status == FairnessStatus.DONE else [],
            "at_work": report.status in (FairnessStatus.WAITING, FairnessStatus.WORKING),
        }
        return TemplateResponse(request, "deployments/admin_fairness.html", context)

    def files(self, request: HttpRequest, pk: int, key: str) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        report, section = self._report(request, pk), _section(key)

        def table() -> Table:
            rows = list(reading.whole(report, section))
            return Table(
                name=f"fairness-{section.key}",
                title=f"{section.title}, {report}",
                heading=[str(label) for label, _kind in section.columns],
                rows=rows,
                count=len(rows),
                by=str(actor(request)),
                about=str(section.about),
            )

        return take_away(
            cast(SignedIn, request),
            table,
            back=reverse("admin:deployments_fairnessreport_change", args=[report.pk]),
            verb="fairness.taken",
            subject=report,
            table=section.key,
        )

    def _report(self, request: HttpRequest, pk: Any) -> FairnessReport:
        rows = self.get_queryset(request).select_related(*self.list_select_related)
        number = str(pk)
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Http404
        return get_object_or_404(rows, pk=int(number))


def _section(key: str) -> Section:
    for section in SECTIONS:
        if section.key == key:
            return section
    raise Http404
