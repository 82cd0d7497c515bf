"""Signed returns at headquarters: which have come in, and whose marks have changed since."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.requests import actor
from attendance import scanning, services
from attendance.admin_base import OnlyToRead
from attendance.models import RegisterReturn, ReturnStatus
from attendance.return_forms import ScanForm, TickedForm
from attendance.services.returns import Done
from catalogue.models import DutyStation
from cp2.confirming import confirmed


class TouchedFilter(admin.SimpleListFilter):
    """By the moment alone, for which no mark is read: those put back since are among them."""

    title = _("marks touched since it was signed")
    parameter_name = "touched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Touched")), ("no", _("As they were"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(marks_changed_at__isnull=self.value() == "no")


@admin.register(RegisterReturn)
class RegisterReturnAdmin(OnlyToRead):
    change_list_template = "attendance/admin/returns.html"
    list_display = [
        "code",
        "station",
        "exam",
        "status",
        "signed_at",
        "changed",
        "stamped_by",
        "received_by",
    ]
    list_filter = [
        "status",
        TouchedFilter,
        "entry__exam",
    ]
    list_select_related = ["entry__station", "entry__exam", "stamped_by", "received_by"]
    ordering = ["-pk"]
    search_fields = ["=code", "=entry__station__code"]
    search_help_text = _("The code on the paper, or a centre's code, in full")
    actions = ["receive"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = services.with_changes(shown.result_list)
        return shown

    @admin.display(description=_("centre"))
    def station(self, signed: RegisterReturn) -> DutyStation:
        return signed.entry.station

    @admin.display(description=_("exam"))
    def exam(self, signed: RegisterReturn) -> str:
        return signed.entry.exam.short

    @admin.display(description=_("marks changed since"))
    def changed(self, signed: Any) -> str:
        """When, and what a paper of today would bear."""
        if not signed.new_code:
            return ""
        at = date_format(timezone.localtime(signed.marks_changed_at), "j M Y, H:i")
        return f"{at}: {signed.new_code}"

    @admin.action(description=_("Note as received by KNEC"), permissions=["change"])
    @confirmed(
        says=_(
            "Stamped papers are noted as having come in. What is not stamped yet stays as it is."
        ),
        most=scanning.MOST_CODES,
    )
    def receive(self, request: HttpRequest, queryset: QuerySet[RegisterReturn]) -> None:
        chosen = queryset.select_related("entry__station").order_by("pk")
        self._say(request, services.receive_all(chosen, by=actor(request)))

    def _say(self, request: HttpRequest, done: Done) -> None:
        for refusal in done.refused:
            self.message_user(request, refusal, messages.ERROR)
        if done.done:
            said = ngettext("%(count)d received.", "%(count)d received.", done.done)
            self.message_user(request, said % {"count": done.done})

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_receive": self.has_change_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.scan)
        return [path("scan/", page, name="attendance_registerreturn_scan"), *super().get_urls()]

    def scan(self, request: HttpRequest) -> HttpResponse:
        """A pile of papers: looked up first, then received with one press."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if "receive" in request.POST:
            return self._receive_ticked(request)
        form = ScanForm(request.POST if request.method == "POST" else None)
        found: list[scanning.Found] = []
        if form.is_valid():
            found = scanning.look_up(
                form.cleaned_data["codes"],
                RegisterReturn.objects.visible_to(actor(request)),
                waits_for=ReturnStatus.STAMPED,
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Papers that have come in"),
            "form": form,
            "found": found,
            "ready": sum(each.may_be_ticked for each in found),
        }
        return TemplateResponse(request, "attendance/admin/scan.html", context)

    def _receive_ticked(self, request: HttpRequest) -> HttpResponse:
        form = TickedForm(request.POST, among=RegisterReturn.objects.visible_to(actor(request)))
        if form.is_valid():
            chosen = form.cleaned_data["returns"].order_by("pk")[: scanning.MOST_CODES]
            self._say(request, services.receive_all(chosen, by=actor(request)))
        else:
            for reason in form.errors.get("returns", []):
                self.message_user(request, str(reason), messages.ERROR)
        return redirect("admin:attendance_registerreturn_scan")
