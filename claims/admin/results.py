from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.admin import Discreet
from accounts.codes import needs_fresh_code
from accounts.requests import SignedIn, actor, is_read
from accounts.services import record
from accounts.taking import take_away
from claims import services
from claims.forms import ApplyForm, ResultsForm
from claims.models import PaymentBatch, ResultFile, ResultsStatus, RunStatus, Verdict
from claims.result_lists import MISSING, SHOWN, figures, lines_table
from cp2.lists import NeverTyped
from cp2.rules import Refused


@admin.register(ResultFile)
class ResultFileAdmin(NeverTyped, Discreet):
    """To add one is to upload a file; its page shows what it says, and what it would change."""

    list_display = [
        "file_name",
        "batch",
        "status",
        "uploaded_by",
        "uploaded_at",
        "applied_by",
        "applied_at",
    ]
    list_filter = ["status"]
    list_select_related = ["batch", "uploaded_by", "applied_by"]
    list_per_page = 50
    show_full_result_count = False
    actions: list[str] = []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever exports batches reads their results back."""
        return request.user.has_perm("claims.prepare_paymentbatch")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        name = "claims_resultfile"
        return [
            path(
                "<int:pk>/lines/<slug:verdict>/",
                cast(Any, page(cast(Any, require_POST(self.lines)))),
                name=f"{name}_lines",
            ),
            path("<int:pk>/download/", page(self.download), name=f"{name}_download"),
            path("<int:pk>/apply/", page(require_POST(self.apply)), name=f"{name}_apply"),
            *super().get_urls(),
        ]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A file that may be about several batches: each line finds its own."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.take(request, None)

    def take(self, request: HttpRequest, batch: PaymentBatch | None) -> HttpResponse:
        if asked := needs_fresh_code(request):
            return asked
        form = ResultsForm(*(request.POST, request.FILES) if request.method == "POST" else ())
        if form.is_valid():
            try:
                coming, is_new = services.upload(
                    form.cleaned_data["results"], batch=batch, by=actor(request)
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                if not is_new:
                    said = _("This very file was sent before. This is what became of it.")
                    self.message_user(request, said, messages.WARNING)
                return redirect("admin:claims_resultfile_change", coming.pk)
        files = ResultFile.objects.select_related("uploaded_by").order_by("-pk")
        context = {
            "batch": batch,
            "form": form,
            "files": files.filter(batch=batch)[:20] if batch else [],
        }
        return self._page(request, "reconcile.html", _("Reconcile"), **context)

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        around = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, f"claims/admin/{name}", {**around, **context})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        file = cast(ResultFile | None, self.get_object(request, object_id))
        if file is None:
            raise Http404
        if not self.has_view_permission(request, file):
            raise PermissionDenied
        return self._state(request, file)

    def _state(self, request: HttpRequest, file: ResultFile) -> HttpResponse:
        may, run = self.has_add_permission(request), services.run_of(file)
        is_busy = bool(file.is_working and run and run.is_open)
        applying = file.status == ResultsStatus.APPLYING
        called_off = bool(applying and run and run.status == RunStatus.CANCELLED)
        said = [] if is_busy else figures(file)
        is_new = file.status == ResultsStatus.READ and any(figure.writes for figure in said)
        context = {
            "file": file,
            "figures": said,
            "shown": SHOWN,
            "waits": may and (is_new or called_off),
            "form": ApplyForm(initial={"sha256": file.sha256}),
            "run": run,
            "is_busy": is_busy,
            "called_off": called_off,
        }
        response = self._page(request, "results.html", str(file), **context)
        if is_busy:
            response["Refresh"] = "2"
        return response

    def _found(self, request: HttpRequest, pk: int, *, may: bool) -> ResultFile:
        if not may:
            raise PermissionDenied
        file = ResultFile.objects.select_related("batch__exam").filter(pk=pk).first()
        if file is None:
            raise Http404
        return file

    def apply(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = self._found(request, pk, may=self.has_add_permission(request))
        if asked := needs_fresh_code(request):
            return asked
        form = ApplyForm(request.POST)
        try:
            services.apply_results(file, by=actor(request), sha256=form.data.get("sha256", ""))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return redirect("admin:claims_resultfile_change", pk)

    def lines(self, request: HttpRequest, pk: int, verdict: str) -> HttpResponseBase:
        """The lines of a kind, taken away."""
        file = self._found(request, pk, may=self.has_view_permission(request))
        if verdict not in (*Verdict.values, MISSING):
            raise Http404
        return take_away(
            cast(SignedIn, request),
            lambda: lines_table(file, verdict, by=str(actor(request))),
            back=reverse("admin:claims_resultfile_change", args=[pk]),
            verb="results.taken",
            subject=file,
            what=verdict,
        )

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The file as it came, for the auditor."""
        file = self._found(request, pk, may=self.has_view_permission(request))
        page = reverse("admin:claims_resultfile_change", args=[pk])
        if asked := needs_fresh_code(request, back=page):
            return asked
        try:
            services.refuse_other_bytes(file)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(page)
        if is_read(request):
            record("results.downloaded", file, by=actor(request))
        with file.file.open("rb") as stored:
            response = HttpResponse(stored.read(), content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="cp2-results-{file.pk}"'
        response["X-Content-Type-Options"] = "nosniff"
        return response
