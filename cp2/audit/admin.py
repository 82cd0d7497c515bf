from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import admin as accounts_admin
from accounts.models import Entry
from accounts.requests import actor
from cp2.audit.models import Change, Seal
from cp2.audit.sealing import FIRST
from cp2.audit.verifying import BROKEN, VERIFIED
from cp2.audit.watched import WATCHED
from cp2.audit.words import Names, kind_of_thing, said
from cp2.lists import LongList, NeverTyped
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.runs.models import RunKind

admin.site.unregister(Entry)  # for ours, below


@admin.register(Entry)
class EntryAdmin(accounts_admin.EntryAdmin):
    """With the numbers in its details masked, as where the trail is searched."""

    list_display = ["at", "actor", "acting_name", "verb", "subject_type", "subject_id", "told"]
    fields: ClassVar[Any] = list_display
    readonly_fields: ClassVar[Any] = list_display

    @admin.display(description=gettext_lazy("details"))
    def told(self, entry: Entry) -> str:
        return said(entry.details)


@admin.register(Change)
class ChangeAdmin(NeverTyped, LongList[Any]):
    list_display = ["at", "actor", "kind", "thing", "subject_id", "what", "through"]
    list_select_related = ["actor"]
    search_fields = ["actor__username__startswith", "=subject_id"]
    search_help_text = gettext_lazy("Who (user name), or the number of the thing")
    fields: ClassVar[Any] = list_display
    readonly_fields: ClassVar[Any] = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        return Change.objects.visible_to(actor(request))

    def found(self, request: HttpRequest, term: str) -> Iterator[QuerySet[Any, Any]]:
        """The index of a thing begins with its kind, so all kinds are named."""
        changes = Change.objects.order_by()
        yield changes.filter(actor__username__startswith=term).values("pk")
        if term.isascii() and term.isdecimal() and len(term) < 19:
            kinds = {watched.subject._meta.label_lower for watched in WATCHED}
            yield changes.filter(subject_type__in=kinds, subject_id=int(term)).values("pk")

    @admin.display(description=gettext_lazy("kind of thing"))
    def thing(self, change: Change) -> str:
        return kind_of_thing(change.subject_type)

    @admin.display(description=gettext_lazy("from what to what"))
    def what(self, change: Change) -> str:
        lines = Names([]).lines(change)
        return "; ".join(f"{label}: {was} → {now}" for label, was, now in lines)


@admin.register(Seal)
class SealAdmin(NeverTyped, LongList[Any]):
    change_list_template = "audit/seals.html"
    list_display = ["number", "rows", "after_row", "upto", "count", "sealed_at", "short"]
    readonly_fields: ClassVar[Any] = [
        *("number", "rows", "after_row", "upto", "count"),
        *("digest", "previous", "hash", "sealed_at"),
    ]
    fields: ClassVar[Any] = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seal]:
        return super().get_queryset(request).defer("ids", "marks")

    @admin.display(description=gettext_lazy("of"), ordering="table")
    def rows(self, seal: Seal) -> str:
        return {
            "accounts_entry": _("Audit trail"),
            "audit_change": _("Changes of rows"),
            "attendance_markhistory": _("Earlier states of marks"),
        }.get(seal.table, seal.table)

    @admin.display(description=gettext_lazy("after row"), ordering="after")
    def after_row(self, seal: Seal) -> str:
        return _("the beginning") if seal.after == FIRST else str(seal.after)

    @admin.display(description=gettext_lazy("seal"))
    def short(self, seal: Seal) -> str:
        return f"{seal.hash[:16]}…"

    def get_urls(self) -> list[Any]:
        verify = self.admin_site.admin_view(require_POST(self.verify))
        ours: list[URLPattern] = [path("verify/", verify, name="audit_seal_verify")]
        return [*ours, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        looked = Entry.objects.filter(verb__in=[VERIFIED, BROKEN]).select_related("actor").first()
        gaps = looked.details.get("gaps", []) if looked else []
        context = {"looked": looked, "gaps": gaps}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def verify(self, request: HttpRequest) -> HttpResponse:
        """It changes nothing that is verified, so whoever may see the seals may ask for it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            run = runs.start(
                RunKind.VERIFY,
                by=actor(request),
                title=_("The audit trail against its seals"),
                about="trail",
                page=reverse("admin:audit_seal_changelist"),
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("admin:audit_seal_changelist")
        return redirect("admin:runs_run_change", run.pk)
