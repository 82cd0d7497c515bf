"""Lists of claims' affairs that leave as files, as they are narrowed on the page."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from accounts.requests import SignedIn, actor
from accounts.taking import take_away
from cp2.exports import Table


def take_list(
    page: admin.ModelAdmin[Any],
    request: HttpRequest,
    make: Callable[[QuerySet[Any], User], Table],
    *,
    verb: str,
) -> HttpResponseBase:
    """The rows that the list shows, in its order."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    opts = page.opts
    here = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    query = request.GET.urlencode()
    try:
        found = page.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:  # back to the list, which says so
        return redirect(f"{here}?e=1")
    by = actor(request)
    return take_away(
        cast(SignedIn, request),
        lambda: make(found, by),
        back=here + (f"?{query}" if query else ""),
        verb=verb,
        subject=by,
        filters=query,
    )
