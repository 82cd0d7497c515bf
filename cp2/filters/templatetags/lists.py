"""What a changelist of the admin shows beside its rows."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from cp2.filters import services
from cp2.filters.models import SavedView

register = template.Library()

CELL = re.compile(r"^<(td|th)")


@register.filter
def labelled(cells: Iterable[str], headers: list[dict[str, Any]]) -> Iterator[SafeString]:
    """A row's cells, each with the name of its column: on a phone they stand below one another."""
    for cell, header in zip(cells, headers, strict=False):
        text = str(header["text"])
        name = "" if "<" in text else escape(text[:1].upper() + text[1:])
        # the cell is Django's own, escaped already
        yield mark_safe(CELL.sub(rf'<\1 data-label="{name}"', cell, count=1))


@register.filter
def chosen(choices: list[dict[str, Any]]) -> str:
    """What a filter is set to; nothing while it lets everything through."""
    _first, *others = choices or [{}]
    return next((str(choice["display"]) for choice in others if choice.get("selected")), "")


@register.simple_tag(takes_context=True)
def saved_views(context: template.Context, opts: Any) -> list[SavedView]:
    """Of this list: one's own, and what colleagues share."""
    return services.of_list(opts.label_lower, by=context["request"].user)
