from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import FreshActions
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import services
from claims.admin.base import ask_for_note
from claims.hold_forms import InvestigationForm
from claims.models import Investigation
from cp2.rules import Refused

LIST = "admin:claims_investigation_changelist"


@admin.register(Investigation)
class InvestigationAdmin(FreshActions):
    """Opened by adding one, closed by an action that asks what was found."""

    list_display = ["station", "exam_short", "reason", "opened_at", "opened_by", "closed_at"]
    list_filter = [("closed_at", admin.EmptyFieldListFilter), "exam"]
    list_select_related = ["station", "exam", "opened_by"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["=station__code"]
    search_help_text = gettext_lazy("Code of the centre, in full")
    actions = ["close"]

    @admin.display(description=gettext_lazy("exam"), ordering="exam")
    def exam_short(self, investigation: Investigation) -> str:
        return investigation.exam.short

    def has_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.change_investigation")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = needs_fresh_code(request)
        if asked:
            return asked
        form = InvestigationForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            typed = form.cleaned_data
            try:
                opened, held = services.open_investigation(
                    typed["exam"], typed["centre"], reason=typed["reason"], by=actor(request)
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                said = ngettext(
                    "%(centre)s: %(n)s claim is held from now on.",
                    "%(centre)s: %(n)s claims are held from now on.",
                    held,
                )
                self.message_user(request, said % {"centre": opened.station, "n": held})
                return redirect(LIST)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Look into a centre"),
            "about": _(
                "While an investigation is open, no claim for work at this centre is paid. "
                "Closing it lets them go by itself."
            ),
            "form": form,
            "submit": _("Open the investigation"),
            "list": reverse(LIST),
        }
        return TemplateResponse(request, "claims/admin/form.html", context)

    @admin.action(description=gettext_lazy("Close"), permissions=["close"])
    def close(self, request: HttpRequest, queryset: QuerySet[Investigation]) -> HttpResponse | None:
        return ask_for_note(
            self,
            request,
            queryset.select_related("exam", "station"),
            title=_("Close the investigation"),
            act=lambda row, note: services.close_investigation(row, by=actor(request), note=note),
        )
