"""What is common to the admin's pages of attendance."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cp2.lists import LongList

CENTRE = _("A centre's code, in full")
CENTRE_OR_OFFICER = _("A centre's code, an ID number or a phone number (2547…), in full")


class OnlyToRead(LongList[Any]):
    """What centres and directors wrote. Headquarters reads it; nobody types over it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields: list[models.Field[Any, Any]] = self.model._meta.fields
        return [field.name for field in fields]
