from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.codes import needs_fresh_code
from accounts.requests import actor
from accounts.services import record
from accounts.taking import LIMIT
from cp2.exports import TYPES, Kind, answer
from cp2.limits.services import take as take_from
from cp2.rules import Refused
from cp2.transfers import exporting
from cp2.transfers.forms import TakeForm
from cp2.transfers.import_views import run_page, show
from cp2.transfers.lists import PERMISSION, Listed, NoSuchList, holds_people
from cp2.transfers.models import Export


def take(request: HttpRequest, *, site: AdminSite) -> HttpResponseBase:
    """A list as it was shown: at once, or by a worker if it is long."""
    user = actor(request)
    try:
        listed = Listed(request.GET.get("list", ""), request.GET.get("asked", ""), user)
    except NoSuchList as error:
        raise PermissionDenied from error
    back = f"{listed.url}?{listed.query}" if listed.query else listed.url
    try:
        rows = listed.rows()
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(listed.url)
    number = exporting.count(rows, exporting.AT_ONCE)
    form = TakeForm(
        request.POST if request.method == "POST" else None,
        holds_people=listed.holds_people,
        initial={"format": request.GET.get("as", Kind.CSV)},
    )
    if form.is_valid():
        if listed.holds_people and (asked := needs_fresh_code(request)):
            return asked
        try:
            if listed.holds_people:
                take_from((LIMIT, str(user.pk)))
            return _taken(listed, rows, number, form)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return show(
        request,
        site,
        "take",
        _("Take away: %(list)s") % {"list": listed.title},
        form=form,
        listed=listed,
        back=back,
        number=number,
        at_once=number <= exporting.AT_ONCE,
    )


def _taken(listed: Listed, rows: object, number: int, form: TakeForm) -> HttpResponseBase:
    kind = Kind(form.cleaned_data["format"])
    reason = form.cleaned_data.get("reason", "")
    if number > exporting.AT_ONCE:
        leaving = exporting.start(listed, kind, reason=reason)
        return redirect("admin:transfers_leaving", leaving.pk)
    record(
        "list.taken",
        listed.user,
        by=listed.user,
        list=listed.name,
        query=listed.query,
        rows=number,
        kind=kind,
        reason=reason,
    )
    return answer(kind, exporting.table(listed, rows, number))


def _mine(request: HttpRequest, pk: int) -> Export:
    """Whoever asked, and still may."""
    user = actor(request)
    if not user.has_perm(PERMISSION):
        raise PermissionDenied
    return get_object_or_404(Export.objects.select_related("run"), pk=pk, asked_by=user)


@require_safe
def leaving(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponse:
    export = _mine(request, pk)
    run = export.run
    working = bool(run and run.is_open and not export.written_at)
    response = show(
        request,
        site,
        "leaving",
        str(export),
        leaving=export,
        working=working,
        so_far=run.outcome.get("rows") if run else None,
        run_page=run_page(request, export),
    )
    if working:
        response["Refresh"] = "2"
    return response


@require_POST
def download(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponseBase:
    export = _mine(request, pk)
    if not export.written_at:
        return redirect("admin:transfers_leaving", pk)
    gone = not export.is_ready
    here = reverse("admin:transfers_leaving", args=[pk])
    if (
        not gone
        and holds_people(export.list_of)
        and (asked := needs_fresh_code(request, back=here))
    ):
        return asked
    try:
        file = None if gone else default_storage.open(str(export.file.name), "rb")
    except FileNotFoundError:
        file = None
    if file is None:
        response = show(request, site, "gone", str(export), leaving=export)
        response.status_code = 410
        return response
    try:
        Listed(export.list_of, export.query, actor(request))
    except NoSuchList as error:  # what they might see when they asked, they may see no more
        file.close()
        raise PermissionDenied from error
    record("list.taken", export, by=actor(request), list=export.list_of, rows=export.rows)
    name = f"{export.list_of.replace('.', '-')}-{export.pk}.{export.format}"
    kind = Kind(export.format)
    answered = FileResponse(file, as_attachment=True, filename=name, content_type=TYPES[kind])
    answered["Cache-Control"] = "private, no-store"
    return answered
