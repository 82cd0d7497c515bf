"""Lists of people that leave the portal as files: with a fresh code only, so many an hour, and with
a line in the trail that says who took what.

It is posted, since taking it away is an act of its own that no link or look-ahead should do.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.codes import needs_fresh_code
from accounts.requests import SignedIn
from accounts.services import record
from cp2.exports import Table, answer, kind_of, refuse_too_long
from cp2.limits.services import take
from cp2.rules import Refused

LIMIT = "export.person"


def as_asked(request: HttpRequest, name: str, *args: Any) -> str:
    """The way back to a list as it was narrowed: the forms carry its query in their address."""
    asked = request.GET.urlencode()
    return reverse(name, args=args) + (f"?{asked}" if asked else "")


def take_away(
    request: SignedIn,
    make: Callable[[], Table],
    *,
    back: str,
    verb: str,
    subject: models.Model | None = None,
    **details: Any,
) -> HttpResponseBase:
    """The file that was asked for, or the way back to the list with what speaks against it. The
    trail has it under `subject`, else under the sub-county of whoever takes it, else under them."""
    kind = kind_of(request.POST.get("as", ""))
    if kind is None:
        raise Http404
    if asked := needs_fresh_code(request, back=back):
        return asked
    try:
        table = make()
        refuse_too_long(kind, table)
        take((LIMIT, str(request.user.pk)))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    about = subject or request.user.sub_county or request.user
    record(verb, about, by=request.user, kind=kind, rows=table.count, **details)
    return answer(kind, table)
