from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cp2.opening.models import Holiday


@admin.register(Holiday)
class HolidayAdmin(admin.ModelAdmin[Any]):
    list_display = ["day", "name"]
    date_hierarchy = "day"
    search_fields = ["name__icontains"]
    search_help_text = _("Part of the name")
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-day"]
