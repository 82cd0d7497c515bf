from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.requests import actor
from catalogue import admin as catalogue_admin
from catalogue.models import ExamDay
from cp2.opening import services
from cp2.opening.models import Holiday
from cp2.rules import Refused

admin.site.unregister(ExamDay)  # for ours, which knows what rests on a day


@admin.register(ExamDay)
class ExamDayAdmin(catalogue_admin.ExamDayAdmin):
    delete_confirmation_template = "opening/remove_day.html"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What Django would ask about, unless something rests on the day: then why it stays."""
        gone, counts, lacking, _protected = super().get_deleted_objects(objs, request)
        try:
            for day in objs:
                services.refuse_removal(day.exam, [day.day])
        except Refused as refusal:
            return gone, counts, lacking, [str(refusal)]
        return gone, counts, lacking, []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refused as refusal:  # something has come to rest on it since that was asked
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:catalogue_examday_change", object_id)

    def delete_model(self, request: HttpRequest, obj: ExamDay) -> None:
        services.remove_day(obj, by=actor(request))


@admin.register(Holiday)
class HolidayAdmin(admin.ModelAdmin[Any]):
    list_display = ["day", "name"]
    date_hierarchy = "day"
    search_fields = ["name__icontains"]
    search_help_text = _("Part of the name")
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-day"]
