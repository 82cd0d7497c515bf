"""How questions fare, in the whole country."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn, actor
from accounts.taking import as_asked, take_away
from enquiries.forms import StatisticsForm
from enquiries.models import Enquiry
from enquiries.statistics import Statistics, statistics, table


class WithStatistics(admin.ModelAdmin[Any]):
    change_list_template = "enquiries/admin_enquiries.html"

    def get_urls(self) -> list[URLPattern]:
        def page(view: Callable[..., HttpResponseBase]) -> Any:
            return self.admin_site.admin_view(view)

        own = [
            path(
                "statistics/",
                page(require_safe(self.statistics)),
                name="enquiries_enquiry_statistics",
            ),
            path(
                "statistics/files/",
                page(require_POST(self.statistics_files)),
                name="enquiries_enquiry_statistics_files",
            ),
        ]
        return [*own, *super().get_urls()]

    def statistics(self, request: HttpRequest) -> HttpResponse:
        form, found = self._counted(request)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("How enquiries fare"),
            "form": form,
            "found": found,
        }
        return TemplateResponse(request, "enquiries/admin_statistics.html", context)

    def statistics_files(self, request: HttpRequest) -> HttpResponseBase:
        form, found = self._counted(request)
        return take_away(
            cast(SignedIn, request),
            lambda: table(found, by=actor(request), about=form.about),
            back=as_asked(request, "admin:enquiries_enquiry_statistics"),
            verb="enquiries.counted",
            filters=form.about,
        )

    def _counted(self, request: HttpRequest) -> tuple[StatisticsForm, Statistics]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = StatisticsForm(request.GET)
        rows = Enquiry.objects.visible_to(actor(request))
        if form.asked.get("exam"):
            rows = rows.filter(exam=form.asked["exam"])
        return form, statistics(rows, by_county=True)
