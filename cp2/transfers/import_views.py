from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.codes import needs_fresh_code
from accounts.requests import actor
from cp2.exports import Kind, Table, answer, kind_of
from cp2.rules import Refused
from cp2.transfers import importing
from cp2.transfers.forms import ApplyForm, UploadForm
from cp2.transfers.kinds import KINDS, kinds_of
from cp2.transfers.kinds import Kind as Importable
from cp2.transfers.lists import PERMISSION
from cp2.transfers.models import Export, Import, ImportKind, ImportStatus

SHOWN = 25
SHOWN_FAULTS = 100

# What has pages of its own: its name, where, and who may.
ELSEWHERE = [
    (
        gettext_lazy("Registers of the agencies"),
        "admin:profiles_registerimport_add",
        ["profiles.add_registerentry"],
    ),
    (
        gettext_lazy("Vacancies"),
        "admin:vacancies_send",
        ["vacancies.add_vacancy", "vacancies.change_vacancy"],
    ),
    (
        gettext_lazy("Papers that are sat: days and centres"),
        "admin:catalogue_sittings",
        ["catalogue.change_centreentry", "catalogue.add_examday", "catalogue.change_examday"],
    ),
    (
        gettext_lazy("Places of examiners at marking centres"),
        "admin:catalogue_markingentry_send",
        ["catalogue.add_markingentry", "catalogue.change_markingentry"],
    ),
    (
        gettext_lazy("Returns of the marking centres"),
        "admin:claims_markingrecord_import",
        ["claims.add_markingrecord", "claims.change_markingrecord"],
    ),
    (
        gettext_lazy("Results of payments"),
        "admin:claims_resultfile_add",
        ["claims.prepare_paymentbatch"],
    ),
]


def show(
    request: HttpRequest, site: AdminSite, template: str, title: str, **context: Any
) -> TemplateResponse:
    around = {**site.each_context(request), "title": title}
    return TemplateResponse(request, f"transfers/{template}.html", {**around, **context})


@require_safe
def in_and_out(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """What can come in, what came lately, and which files wait for whoever looks."""
    user = actor(request)
    kinds = kinds_of(user)
    may_see = user.has_perm("transfers.view_import")
    if not (kinds or may_see or user.has_perm(PERMISSION)):
        raise PermissionDenied
    coming = Import.objects.visible_to(user).select_related("exam", "uploaded_by")
    leaving = Export.objects.filter(asked_by=user).select_related("run")
    context = {
        "kinds": [(name, ImportKind(name).label) for name in kinds],
        "elsewhere": [
            (said, reverse(name)) for said, name, may in ELSEWHERE if user.has_perms(may)
        ],
        "coming": coming[:SHOWN] if kinds or may_see else [],
        "leaving": leaving[:SHOWN],
    }
    return show(request, site, "in_and_out", _("In and out"), **context)


def _kind(request: HttpRequest, name: str) -> Importable:
    if name not in kinds_of(actor(request)):
        raise PermissionDenied
    return KINDS[name]


def upload(request: HttpRequest, kind: str, *, site: AdminSite) -> HttpResponse:
    importable = _kind(request, kind)
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(
        *posted, of_exam=importable.of_exam, initial={"exam": request.GET.get("exam")}
    )
    if form.is_valid():
        try:
            coming, is_new = importing.upload(kind, **form.cleaned_data, by=actor(request))
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            if not is_new:
                said = _("This very file is being imported already. This is how far it is.")
                messages.info(request, said)
            return redirect("admin:transfers_import", coming.pk)
    label = ImportKind(kind).label
    return show(
        request,
        site,
        "upload",
        _("Import: %(what)s") % {"what": label},
        form=form,
        kind=kind,
        importable=importable,
    )


@require_safe
def template(request: HttpRequest, kind: str, ending: str, *, site: AdminSite) -> HttpResponseBase:
    """The heading, with one line as an example."""
    importable, file_kind = _kind(request, kind), kind_of(ending)
    if file_kind not in (Kind.CSV, Kind.XLSX):
        raise Http404
    example = [str(column.example) for column in importable.columns]
    heading = [column.name for column in importable.columns]
    made = Table(
        f"{kind}-template", str(ImportKind(kind).label), heading, [example], 1, str(request.user)
    )
    return answer(file_kind, made)


def _found(request: HttpRequest, pk: int) -> Import:
    seen = Import.objects.visible_to(actor(request))
    return get_object_or_404(seen.select_related("exam", "uploaded_by", "decided_by", "run"), pk=pk)


def _mine(request: HttpRequest, pk: int) -> Import:
    """Of whoever may write such rows by hand."""
    coming = _found(request, pk)
    _kind(request, coming.kind)
    return coming


@require_safe
def state(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponse:
    coming = _found(request, pk)
    form = ApplyForm(may_tell=KINDS[coming.kind].may_tell)
    return _state(request, site, coming, form)


def _state(request: HttpRequest, site: AdminSite, coming: Import, form: ApplyForm) -> HttpResponse:
    decides = coming.kind in kinds_of(actor(request))
    is_read = coming.status == ImportStatus.READ
    working = bool(coming.run and coming.run.is_open)
    words = {
        "lines": _("Lines read"),
        "new": _("New"),
        "changed": _("Changed"),
        "confirmed": _("Last year's numbers that are this year's too"),
        "unchanged": _("Unchanged"),
        "wrong": _("Wrong"),
    }
    response = show(
        request,
        site,
        "import",
        str(coming),
        coming=coming,
        form=form,
        working=working,
        read_so_far=coming.run.outcome.get("lines") if working and coming.run else None,
        counts=[
            (word, coming.counts[name]) for name, word in words.items() if name in coming.counts
        ],
        # they name numbers of people, as the file does, which whoever only looks has no need of
        faults=coming.faults.all()[:SHOWN_FAULTS] if decides else [],
        shown_faults=SHOWN_FAULTS,
        may_apply=decides and is_read and not coming.wrong and coming.would_write > 0,
        may_discard=decides and coming.is_open and coming.status != ImportStatus.APPLYING,
        decides=decides,
        run_page=run_page(request, coming),
    )
    if working:
        response["Refresh"] = "2"
    return response


def run_page(request: HttpRequest, of: Import | Export) -> str:
    """Where it can be called off."""
    may = request.user.has_perm("runs.view_run")
    return reverse("admin:runs_run_change", args=[of.run_id]) if may and of.run_id else ""


@require_safe
def faults(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponseBase:
    coming = _mine(request, pk)
    rows = coming.faults.values_list("line", "text")
    made = Table(
        f"import-{coming.pk}-faults",
        str(coming),
        [_("Line"), _("What is wrong with it")],
        rows,
        len(rows),
        str(request.user),
    )
    return answer(Kind.CSV, made)


@require_POST
def apply(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponse:
    coming = _mine(request, pk)
    here = reverse("admin:transfers_import", args=[pk])
    if asked := needs_fresh_code(request, back=here):
        return asked
    form = ApplyForm(request.POST, may_tell=KINDS[coming.kind].may_tell)
    if not form.is_valid():
        return _state(request, site, coming, form)
    try:
        importing.begin(coming, by=actor(request), **form.cleaned_data)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(here)


@require_POST
def discard(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponse:
    coming = _mine(request, pk)
    try:
        importing.discard(coming, by=actor(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The file is discarded; nothing of it was imported."))
    return redirect("admin:transfers_import", pk)
