"""What is common to the admin's pages of attendance."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest


class OnlyToRead(admin.ModelAdmin[Any]):
    """What centres and directors wrote. Headquarters reads it; nobody types over it."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields: list[models.Field[Any, Any]] = self.model._meta.fields
        return [field.name for field in fields]
