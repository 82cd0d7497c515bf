"""Where a figure's rows are listed."""

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.http import urlencode


def to_list(model: type[models.Model], **narrowed: Any) -> str:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{urlencode(narrowed)}" if narrowed else url
