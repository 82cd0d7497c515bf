"""A page between an action of an admin's list and its doing: which rows, what becomes of them, why.

    @admin.action(description=_("Cancel the selected deployments"), permissions=["change"])
    @confirmed(says=_("Each is told, and the letter is void."), form=WithReason)
    def cancel(self, request, queryset, *, reason): ...

is called once somebody has read that page and filled in the form on it, with exactly the rows that
the page showed. What several of them refuse is said by name.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cp2.rules import Refused

MOST = 200  # rows at once; what is done to more of them has a page of its own
NAMED = 20  # of the rows on the page, and of the refusals afterwards
CONFIRMED = "confirmed"

Words = str | Promise
Act = Callable[..., Any]


class Nothing(forms.Form):
    """For an action that asks no more than whether it is meant."""


def confirmed(
    *,
    says: Words,
    form: type[forms.Form] = Nothing,
    most: int = MOST,
    named: Callable[[Any], object] = str,
) -> Callable[[Act], Act]:
    def around(act: Act) -> Act:
        @wraps(act)
        def action(
            page: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
        ) -> HttpResponse | None:
            pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: most + 1])
            if refusal := _against(request, pks, most):
                page.message_user(request, refusal, messages.ERROR)
                return None
            typed = form(request.POST if CONFIRMED in request.POST else None)
            rows = queryset.filter(pk__in=pks).order_by("pk")
            if typed.is_valid():
                done: HttpResponse | None = act(page, request, rows, **typed.cleaned_data)
                return done
            return _ask(page, request, rows, pks, act=action, says=says, form=typed, named=named)

        asking: Any = action
        asking.asks_first = True
        return action

    return around


def _against(request: HttpRequest, pks: list[Any], most: int) -> str:
    """A row may have left the list since it was ticked: by a filter, or by a colleague's hand."""
    if not pks:
        return _("None of these rows is in the list any more. Nothing was done.")
    if len(pks) > most:
        said = _("At most %(most)s at once. Choose fewer, or narrow the list.")
        return said % {"most": most}
    shown = set(request.POST.getlist(ACTION_CHECKBOX_NAME))
    if CONFIRMED in request.POST and len(shown) > len(pks):
        return _("Some of these rows are not in the list any more. Nothing was done: look again.")
    return ""


def _ask(
    page: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[Any],
    pks: list[Any],
    *,
    act: Any,
    says: Words,
    form: forms.Form,
    named: Callable[[Any], object],
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": act.short_description,
        "says": says,
        "form": form,
        "count": len(pks),
        "kind": model_ngettext(page.opts, len(pks)),
        "rows": [str(named(row)) for row in rows[:NAMED]],
        "left": max(0, len(pks) - NAMED),
        "pks": pks,
        "action": act.__name__,
        "checkbox": ACTION_CHECKBOX_NAME,
        "query": request.GET.urlencode(),
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)


def each(
    page: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: Iterable[Any],
    act: Callable[..., object],
    *,
    named: Callable[[Any], object] = str,
    **asked: Any,
) -> int:
    """Each row on its own: how many were done. What was refused is said by name, up to an end."""
    done, refused = 0, 0
    for row in rows:
        try:
            act(row, by=request.user, **asked)
        except Refused as refusal:
            refused += 1
            if refused <= NAMED:
                page.message_user(request, f"{named(row)}: {refusal}", messages.ERROR)
        else:
            done += 1
    if (left := refused - NAMED) > 0:
        more = ngettext("%(count)d more was refused.", "%(count)d more were refused.", left)
        page.message_user(request, more % {"count": left}, messages.ERROR)
    return done
