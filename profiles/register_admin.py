"""The agencies' registers at headquarters: their lines, how they come in, and who differs."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.admin import Discreet
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from cp2.lists import LongList, NeverTyped
from cp2.rules import Refused
from profiles import checks, registers
from profiles.models import (
    ImportStatus,
    Officer,
    Outcome,
    Register,
    RegisterCheck,
    RegisterEntry,
    RegisterImport,
    masked,
)
from profiles.register_forms import BeginForm, ImportForm

DISCARDED_FROM = {now for now, to in RegisterImport.MOVES.items() if ImportStatus.DISCARDED in to}


@admin.register(RegisterEntry)
class RegisterEntryAdmin(LongList[Any], Discreet):
    """Lines of the agencies' registers. Imported anew rather than changed by hand."""

    change_list_template = "profiles/admin/register_entries.html"
    list_display = ["register", "masked_number", "name", "imported_at"]
    list_filter = ["register"]
    search_fields = ["number__exact"]
    readonly_fields = ["imported_at"]

    def found(self, request: HttpRequest, term: str) -> Iterator[QuerySet[RegisterEntry, Any]]:
        """The index of a number begins with its register, so all registers are named."""
        those = RegisterEntry.objects.filter(register__in=Register.values, number=term)
        yield those.values("pk")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nobody needs these numbers in full but whoever may mend them."""
        if obj is None:
            return ["register", "number", "national_id", "name"]
        numbers = ["number", "national_id"]
        if not self.has_change_permission(request):
            numbers = ["masked_number", "masked_id"]
        return ["register", *numbers, "name", *self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request):
            return self.readonly_fields
        return self.get_fields(request, obj)

    @admin.display(description=gettext_lazy("number"))
    def masked_number(self, line: RegisterEntry) -> str:
        return masked(line.number)

    @admin.display(description=gettext_lazy("national ID number"))
    def masked_id(self, line: RegisterEntry) -> str:
        return masked(line.national_id)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        was = form.initial.get("register"), form.initial.get("number")
        super().save_model(request, obj, form, change)
        for register, number in {was, (obj.register, obj.number)}:
            if register and number:
                checks.refresh_line(register, number)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_import": self.has_add_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)


@admin.register(RegisterImport)
class RegisterImportAdmin(Discreet):
    """To add one is to upload a file; its page shows how far it is and what would change."""

    list_display = ["register", "file_name", "status", "uploaded_by", "uploaded_at", "finished_at"]
    list_filter = ["register", "status"]
    list_select_related = ["uploaded_by"]
    list_per_page = 50
    show_full_result_count = False
    actions: list[str] = []

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may write one line may write many."""
        return request.user.has_perm("profiles.add_registerentry")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        name = "profiles_registerimport"
        return [
            path("<int:pk>/begin/", page(self.begin), name=f"{name}_begin"),
            path("<int:pk>/discard/", page(self.discard), name=f"{name}_discard"),
            *super().get_urls(),
        ]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if asked := needs_fresh_code(request):
            return asked
        form = ImportForm(*(request.POST, request.FILES) if request.method == "POST" else ())
        if form.is_valid():
            coming, is_new = registers.upload(**form.cleaned_data, by=actor(request))
            if not is_new:
                said = _("This very file is being imported already. This is how far it is.")
                self.message_user(request, said, messages.INFO)
            return redirect("admin:profiles_registerimport_change", coming.pk)
        return self._page(request, "import.html", _("Import a register"), form=form)

    @method_decorator(require_safe)
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        coming = self.get_object(request, object_id)
        if coming is None:
            raise Http404
        if not self.has_view_permission(request, coming):
            raise PermissionDenied
        return self._state(request, coming, BeginForm(bad=coming.counted("bad")))

    def _state(self, request: HttpRequest, coming: RegisterImport, form: BeginForm) -> HttpResponse:
        may = self.has_add_permission(request)
        samples = [
            (line, number, old, new, masked(old_id), masked(new_id))
            for line, number, old, new, old_id, new_id in coming.outcome.get("samples", [])
        ]
        context = {
            "coming": coming,
            "counts": self._counts(coming),
            "samples": samples,
            "form": form,
            "waits": may and coming.status == ImportStatus.PREVIEWED and coming.lines.exists(),
            "may_discard": may and coming.status in DISCARDED_FROM,
        }
        return self._page(request, "import_state.html", str(coming), **context)

    def _counts(self, coming: RegisterImport) -> list[tuple[str, int]]:
        if not coming.outcome:
            return []
        words = {
            "lines": _("Lines read"),
            "new": _("New in the register"),
            "changed": _("Changed"),
            "unchanged": _("Unchanged"),
            "repeated": _("Repeated in the file; counted once"),
            "bad": _("Bad; not imported"),
            "kept": _("In the register but not in the file; kept"),
        }
        return [(word, coming.counted(name)) for name, word in words.items()]

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        around = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, f"profiles/admin/{name}", {**around, **context})

    def _decided(self, request: HttpRequest, pk: int) -> RegisterImport:
        if not self.has_add_permission(request):
            raise PermissionDenied
        coming: RegisterImport | None = self.get_object(request, str(pk))
        if coming is None:
            raise Http404
        return coming

    def begin(self, request: HttpRequest, pk: int) -> HttpResponse:
        coming = self._decided(request, pk)
        form = BeginForm(request.POST, bad=coming.counted("bad"))
        if not form.is_valid():
            return self._state(request, coming, form)
        try:
            registers.begin(coming, saw_the_bad=form.saw, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return redirect("admin:profiles_registerimport_change", pk)

    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        coming = self._decided(request, pk)
        try:
            registers.discard(coming, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("The file is discarded; nothing of it was imported."))
        return redirect("admin:profiles_registerimport_change", pk)


@admin.register(RegisterCheck)
class RegisterCheckAdmin(NeverTyped, LongList[RegisterCheck], Discreet):
    list_display = ["officer", "register", "outcome", "facts", "checked_at", "accepted_by"]
    list_filter = ["register", "outcome", ("accepted_by", admin.EmptyFieldListFilter)]
    list_select_related = ["officer__user", "accepted_by"]
    search_fields = [
        "officer__national_id__exact",
        "officer__tsc_number__exact",
        "officer__user__username__exact",
    ]
    search_help_text = gettext_lazy("A whole number (2547…, ID or TSC)")
    fields = [
        "officer",
        "register",
        "outcome",
        "facts",
        "checked_at",
        "accepted_by",
        "accepted_at",
        "reason",
    ]

    @admin.display(description=gettext_lazy("what differs"))
    def facts(self, check: RegisterCheck) -> str:
        return check.facts


# In the list of officers


class OutcomeFilter(admin.SimpleListFilter):
    title = gettext_lazy("registers")
    parameter_name = "registers"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (f"{register.value}.{outcome.value}", f"{register.label}: {outcome.label}")
            for register in Register
            for outcome in Outcome
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        register, _dot, outcome = (self.value() or "").partition(".")
        if register not in Register.values or outcome not in Outcome.values:
            return queryset
        these = RegisterCheck.objects.filter(register=register, outcome=outcome)
        return queryset.filter(Exists(these.filter(officer=OuterRef("pk"))))


class PayeeFilter(admin.SimpleListFilter):
    title = gettext_lazy("number to be paid")
    parameter_name = "paid"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("shared", gettext_lazy("Of several officers"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "shared":
            return queryset
        numbers = Officer.objects.exclude(payee_phone="").order_by().values("payee_phone")
        twice = numbers.annotate(times=Count("payee_phone")).filter(times__gt=1)
        return queryset.filter(payee_phone__in=twice.values("payee_phone"))
