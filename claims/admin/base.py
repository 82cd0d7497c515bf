from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from claims.forms import NoteForm
from cp2.rules import Refused

MOST_AT_ONCE = 1000


def ask_for_note(
    page: admin.ModelAdmin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    title: str,
    act: Callable[[Any, str], object],
) -> HttpResponse | None:
    """The page between an action and its doing, where a person writes what they found."""
    asked = _ask(page, request, queryset, title=title)
    if isinstance(asked, HttpResponse):
        return asked
    rows, note = asked
    done = 0
    for row in rows:
        try:
            act(row, note)
        except Refused as refusal:
            page.message_user(request, f"{row}: {refusal}", messages.ERROR)
        else:
            done += 1
    page.message_user(request, _("Done for %(n)s.") % {"n": done})
    return None


def ask_for_all(
    page: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any], *, title: str
) -> HttpResponse | tuple[QuerySet[Any], str]:
    """As `ask_for_note`, for what is done to all of them in a few statements: the page that asks,
    or the rows and what somebody wrote."""
    asked = _ask(page, request, queryset, title=title)
    if isinstance(asked, HttpResponse):
        return asked
    rows, note = asked
    return queryset.model._base_manager.filter(pk__in=[row.pk for row in rows]), note


def _ask(
    page: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any], *, title: str
) -> HttpResponse | tuple[list[Any], str]:
    form = NoteForm(request.POST if "note" in request.POST else None)
    rows = list(queryset[:MOST_AT_ONCE])
    if form.is_valid():
        return rows, str(form.cleaned_data["note"])
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": title,
        "form": form,
        "rows": rows,
        "action": request.POST["action"],
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "claims/admin/note.html", context)
