"""Saving a view of a list, opening one, deleting one's own."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import actor
from cp2.filters import services
from cp2.filters.models import LONGEST, SavedView
from cp2.rules import Refused
from profiles.fields import LineField


class SaveForm(forms.Form):
    name = LineField(
        label=gettext_lazy("Name"),
        max_length=60,
        error_messages={"required": gettext_lazy("Give the view a name")},
    )
    shared = forms.BooleanField(
        label=gettext_lazy("Show it to colleagues who may see this list"), required=False
    )
    query = forms.CharField(max_length=LONGEST * 4, required=False, widget=forms.HiddenInput)


def address(registered: ModelAdmin[Any], query: str = "") -> str:
    opts = registered.opts
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{url}?{query}" if query else url


def _list(request: HttpRequest, label: str) -> ModelAdmin[Any]:
    registered = services.list_of(label, request)
    if registered is None:
        raise Http404
    return registered


@require_POST
def save(request: HttpRequest, label: str) -> HttpResponse:
    registered = _list(request, label)
    form = SaveForm(request.POST)
    typed = request.POST.get("query", "")[: LONGEST * 4]
    query, numbered = services.kept(typed)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
    elif not services.works(registered, request, query):
        messages.error(request, _("This list does not narrow like that."))
        return redirect(address(registered))
    else:
        shared, name = form.cleaned_data["shared"], form.cleaned_data["name"]
        try:
            services.save(label, query, name=name, shared=shared, by=actor(request))
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Saved as “%(name)s”.") % {"name": name})
    if numbered:
        said = _("What you searched for looks like somebody's number, so it is not kept.")
        messages.warning(request, said)
    back = typed if services.works(registered, request, typed) else query
    return redirect(address(registered, back))


@require_safe
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """The list, as the view has it. Lists change; a view that they no longer know says so."""
    view = get_object_or_404(services.seen_by(actor(request)), pk=pk)
    registered = _list(request, view.model)
    if services.works(registered, request, view.query):
        return redirect(address(registered, view.query))
    said = _("“%(name)s” no longer works: this list is narrowed in other ways now. Save it anew.")
    messages.error(request, said % {"name": view})
    return redirect(address(registered))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, owner=actor(request))
    view.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": view})
    registered = services.list_of(view.model, request)
    return redirect(address(registered) if registered else "admin:index")
