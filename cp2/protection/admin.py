from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, Value, When
from django.forms import ModelForm
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts.admin import FreshActions, FreshForm
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from accounts.services import record
from accounts.taking import take_away
from cp2.lists import LongList
from cp2.protection import breach as breaches
from cp2.protection import retention, services
from cp2.protection.forms import CloseForm, DecideForm, FieldsField, WriteDownForm
from cp2.protection.models import (
    Breach,
    DataRequest,
    Dossier,
    Field,
    Objection,
    Processor,
    RequestKind,
    RequestStatus,
    RetentionRule,
)
from cp2.rules import Refused


class Kept(FreshForm, FreshActions):
    """What is written down here stays."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def page(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        shown = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, f"protection/{name}.html", {**shown, **context})

    def refuse_without(self, request: HttpRequest) -> None:
        if not self.has_change_right(request):
            raise PermissionDenied

    def has_change_right(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def back_to(self, pk: int) -> HttpResponse:
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", pk)

    def posted(self, request: HttpRequest) -> HttpResponse | None:
        """Only by those who may change, posted, and with a fresh code."""
        if request.method != "POST":
            raise PermissionDenied
        self.refuse_without(request)
        return needs_fresh_code(request)

    def say(self, request: HttpRequest, act: Any, done: str) -> bool:
        try:
            act()
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return False
        self.message_user(request, done)
        return True


@admin.register(DataRequest)
class DataRequestAdmin(Kept, LongList[DataRequest]):
    list_display = ["pk", "kind", "whose", "status", "asked_at", "due_at", "late", "decided_by"]
    list_display_links = ["pk", "kind"]
    list_filter = ["status", "kind"]
    list_select_related = ["subject__officer", "decided_by"]
    search_fields = ["=subject__username", "=subject__phone", "subject__name__istartswith"]
    search_help_text = gettext_lazy("User name, number (2547…), or how a name begins")

    def get_ordering(self, request: HttpRequest) -> Any:
        waiting = Case(When(status=RequestStatus.OPEN, then=Value(0)), default=Value(1))
        return [waiting, "due_at", "-pk"]

    @admin.display(description=gettext_lazy("whose data"), ordering="subject")
    def whose(self, request: DataRequest) -> str:
        return request.whose

    @admin.display(description=gettext_lazy("overdue"), boolean=True)
    def late(self, request: DataRequest) -> bool | None:
        return not request.is_overdue if request.status == RequestStatus.OPEN else None

    def get_urls(self) -> list[URLPattern]:
        page, name = self.admin_site.admin_view, "protection_datarequest"
        return [
            path("<int:pk>/collect/", page(self.collect), name=f"{name}_collect"),
            path("<int:pk>/dossier.zip", page(self.dossier), name=f"{name}_dossier"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = WriteDownForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if asked := needs_fresh_code(request):
                return asked
            if form.is_valid() and form.subject:
                said = form.cleaned_data
                try:
                    made = services.ask(
                        form.subject,
                        kind=RequestKind(said["kind"]),
                        text=said["text"],
                        written_by=actor(request),
                    )
                except Refused as refusal:
                    form.add_error(None, str(refusal))
                else:
                    self.message_user(request, _("The request is written down."))
                    return self.back_to(made.pk)
        return self.page(request, "form", _("Write a request down"), form=form)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is None or not self.has_view_permission(request, found):
            raise Http404
        may_decide = self.has_change_right(request) and found.status == RequestStatus.OPEN
        form = DecideForm(request.POST if request.method == "POST" else None, request=found)
        if request.method == "POST":
            if asked := self.posted(request):
                return asked
            if form.is_valid() and self._decided(request, found, form):
                return self.back_to(found.pk)
        dossier = Dossier.objects.filter(request=found).select_related("run").first()
        return self.page(
            request,
            "request",
            str(found),
            request_=found,
            form=form,
            may_decide=may_decide,
            may_collect=may_decide and found.kind == RequestKind.ACCESS,
            dossier=dossier,
            may_take=bool(dossier and dossier.file and dossier.asked_by_id == request.user.pk),
        )

    def _decided(self, request: HttpRequest, found: DataRequest, form: DecideForm) -> bool:
        said = form.cleaned_data
        return self.say(
            request,
            lambda: services.decide(
                found,
                granted=said["granted"],
                answer=said["answer"],
                done=Objection(said.get("done") or ""),
                by=actor(request),
            ),
            _("The answer is with the person."),
        )

    def collect(self, request: HttpRequest, pk: int) -> HttpResponse:
        if asked := self.posted(request):
            return asked
        found = get_object_or_404(DataRequest, pk=pk)
        try:
            run = services.collect(found, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return self.back_to(pk)
        return redirect("admin:runs_run_change", run.pk)

    @sensitive_variables()
    def dossier(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """By whoever had it collected, and by nobody else; each time with a fresh code."""
        if asked := self.posted(request):
            return asked
        get_object_or_404(DataRequest, pk=pk)
        found = Dossier.objects.filter(request=pk, asked_by=actor(request)).exclude(file="").first()
        if found is None:
            said = _("You have no such file any more, or had none collected. Collect it.")
            self.message_user(request, said, messages.ERROR)
            return self.back_to(pk)
        record("data.taken", found.request.subject, by=actor(request), request=pk, file="zip")
        response = FileResponse(found.file.open(), as_attachment=True, filename=f"request-{pk}.zip")
        response["Cache-Control"] = "private, no-store"
        return response


@admin.register(RetentionRule)
class RetentionRuleAdmin(Kept):
    list_display = ["__str__", "days", "is_on", "why", "last_run_at", "removed"]
    fields = ["rule", "days", "is_on", "why", "last_run_at", "removed"]
    readonly_fields = ["rule", "last_run_at", "removed"]
    change_list_template = "protection/retention.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # each does something that is written in code

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        name = "protection_retentionrule_run"
        return [path("run/", page(self.run), name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = {"may_run": self.has_change_right(request)}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def save_model(
        self, request: HttpRequest, obj: RetentionRule, form: ModelForm[Any], change: bool
    ) -> None:
        was = {name: form.initial.get(name) for name in form.changed_data}
        retention.change(obj, by=actor(request), was=was)

    def run(self, request: HttpRequest) -> HttpResponse:
        if asked := self.posted(request):
            return asked
        try:
            run = retention.start(by=actor(request), dry=request.POST.get("act") != "remove")
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:protection_retentionrule_changelist")
        return redirect("admin:runs_run_change", run.pk)


@admin.register(Processor)
class ProcessorAdmin(Kept):
    list_display = ["name", "does", "where", "is_active"]

    def save_model(
        self, request: HttpRequest, obj: Processor, form: ModelForm[Any], change: bool
    ) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            verb = "processor.changed" if change else "processor.added"
            record(verb, obj, by=actor(request), fields=form.changed_data)


ACTS = {
    "find": (breaches.find, gettext_lazy("Who is affected is being found out.")),
    "commissioner": (
        breaches.note_commissioner,
        gettext_lazy("It is written down that the Commissioner was told."),
    ),
    "tell": (breaches.tell, gettext_lazy("Those affected get a text.")),
}


@admin.register(Breach)
class BreachAdmin(Kept):
    list_display = ["title", "found_at", "due_at", "is_late", "commissioner_told_at", "closed_at"]
    list_select_related = ["sub_county", "account"]
    autocomplete_fields = ["account", "sub_county"]
    fields = [
        "title", "what", "found_at", "from_at", "to_at", "fields", "account", "sub_county"
    ]  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened is not written anew after it is closed."""
        return super().has_change_permission(request, obj) and not (obj and obj.closed_at)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "fields":
            return FieldsField(label=db_field.verbose_name.capitalize())
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        page, name = self.admin_site.admin_view, "protection_breach"
        return [
            path("<int:pk>/look/", page(self.look), name=f"{name}_look"),
            path("<int:pk>/act/", page(self.act), name=f"{name}_act"),
            path("<int:pk>/close/", page(self.close), name=f"{name}_close"),
            path("<int:pk>/affected/", page(self.affected), name=f"{name}_affected"),
            *super().get_urls(),
        ]

    def save_model(
        self, request: HttpRequest, obj: Breach, form: ModelForm[Any], change: bool
    ) -> None:
        by = actor(request)
        with transaction.atomic():
            if not change:
                obj.opened_by = by
            super().save_model(request, obj, form, change)
            record("breach.changed" if change else "breach.opened", obj, by=by, title=obj.title)
        if not obj.people_told_at:
            breaches.find(obj, by=by)

    def response_add(self, request: HttpRequest, obj: Breach, post_url_continue: Any = None) -> Any:
        return redirect("admin:protection_breach_look", obj.pk)

    def response_change(self, request: HttpRequest, obj: Breach) -> Any:
        return redirect("admin:protection_breach_look", obj.pk)

    def look(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who is affected, who was told, and what is left to do."""
        found = get_object_or_404(Breach.objects.select_related("run", "account"), pk=pk)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        fields = [
            (label, found.counts.get(field, 0))
            for field, label in Field.choices
            if field in found.fields
        ]
        taken = breaches.taken_away(found)[:20] if found.account_id else []
        response = self.page(
            request,
            "breach",
            str(found),
            breach=found,
            fields=fields,
            people=found.counts.get("people", 0),
            taken=taken,
            may_act=self.has_change_right(request),
        )
        if found.run and found.run.is_open:
            response["Refresh"] = "3"
        return response

    def act(self, request: HttpRequest, pk: int) -> HttpResponse:
        if asked := self.posted(request):
            return asked
        found = get_object_or_404(Breach, pk=pk)
        if (chosen := ACTS.get(request.POST.get("act", ""))) is None:
            raise PermissionDenied
        act, said = chosen
        self.say(request, lambda: act(found, by=actor(request)), str(said))
        return redirect("admin:protection_breach_look", pk)

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.refuse_without(request)
        found = get_object_or_404(Breach, pk=pk, closed_at=None)
        form = CloseForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if asked := self.posted(request):
                return asked
            note = form.is_valid() and form.cleaned_data["note"]
            if note and self.say(
                request,
                lambda: breaches.close(found, by=actor(request), note=note),
                _("The breach is closed."),
            ):
                return redirect("admin:protection_breach_look", pk)
        return self.page(request, "form", _("Close the breach"), form=form)

    def affected(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        self.refuse_without(request)
        found = get_object_or_404(Breach, pk=pk)
        if request.method != "POST":
            raise PermissionDenied
        by = actor(request)
        return take_away(
            request,  # type: ignore[arg-type]  # nobody is in the admin who is not signed in
            lambda: breaches.table(found, by=by),
            back=reverse("admin:protection_breach_look", args=[pk]),
            verb="breach.taken",
            subject=found,
        )
