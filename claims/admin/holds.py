from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import FreshActions
from accounts.codes import needs_fresh_code
from accounts.models import User
from accounts.requests import actor
from claims import services
from claims.admin.base import ask_for_all
from claims.admin.taking import take_list
from claims.hold_forms import RaiseManyForm
from claims.models import Hold, HoldCode
from cp2.exports import Table
from cp2.lists import LongList
from cp2.rules import Refused
from deployments.admin_lists import CountyFilter

LIST = "admin:claims_hold_changelist"


class HoldForm(forms.ModelForm[Hold]):
    class Meta:
        model = Hold
        fields = ["claim", "code", "note"]
        error_messages = {"note": {"required": gettext_lazy("Enter what you found")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True


class Raised(admin.SimpleListFilter):
    title = gettext_lazy("raised")
    parameter_name = "raised"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("rule", gettext_lazy("By rule")), ("person", gettext_lazy("By a person"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("rule", "person"):
            return queryset
        return queryset.filter(raised_by__isnull=self.value() == "rule")


class Standing(admin.SimpleListFilter):
    """Those that stand, unless something else is asked."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("cleared", gettext_lazy("Cleared")), ("all", gettext_lazy("All"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        default, *others = super().choices(changelist)
        yield {**default, "display": gettext_lazy("Standing")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "all":
                return queryset
            case "cleared":
                return queryset.filter(cleared_at__isnull=False)
            case _:
                return queryset.filter(cleared_at=None)


class InCounty(CountyFilter):
    title = gettext_lazy("county of the officer")
    path = "claim__officer__sub_county__county"


@admin.register(Hold)
class HoldAdmin(FreshActions, LongList[Hold]):
    """People raise a hold by adding one, and clear it by an action that asks what they found."""

    form = HoldForm
    change_list_template = "claims/admin/holds.html"
    list_display = [
        "claim",
        "code",
        "note",
        "raised_at",
        "raised_by",
        "told_at",
        "cleared_at",
        "cleared_by",
    ]
    list_filter = [Standing, "code", Raised, InCounty, "claim__exam"]
    list_select_related = ["claim__officer__user", "claim__exam", "raised_by", "cleared_by"]
    search_fields = ["claim__officer__user__username__startswith", "=claim__officer__national_id"]
    search_help_text = gettext_lazy("Number (2547…), or ID number in full")
    autocomplete_fields = ["claim"]
    readonly_fields = ["remedy", "lifted"]
    actions = ["clear"]

    @admin.display(description=gettext_lazy("what the officer reads"))
    def remedy(self, hold: Hold) -> str:
        return hold.remedy

    @admin.display(description=gettext_lazy("lifted"))
    def lifted(self, hold: Hold) -> str:
        return hold.lifted

    def get_fields(self, request: HttpRequest, obj: Hold | None = None) -> list[Any]:
        if obj is None:
            return ["claim", "code", "note"]
        fields = ["claim", "code", "note", "remedy", "lifted", "raised_at", "raised_by"]
        return [*fields, "told_at", "cleared_at", "cleared_by"]

    def has_hold_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.change_hold")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_hold_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        return [
            path("centre/", page(self.raise_many), name="claims_hold_centre"),
            path("files/", page(self.take), name="claims_hold_files"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With how many stand for each reason, each a way to them."""
        counted = dict(
            Hold.objects.standing().order_by().values_list("code").annotate(n=Count("pk"))
        )
        context = {
            "counts": [
                (code, HoldCode(code).label, counted[code])
                for code in HoldCode.values
                if code in counted
            ],
            "may_raise": self.has_hold_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:claims_hold_add")

    def save_model(
        self, request: HttpRequest, obj: Hold, form: ModelForm[Hold], change: bool
    ) -> None:
        raised = services.raise_hold(obj.claim, code=obj.code, by=actor(request), note=obj.note)
        obj.pk = raised.pk

    @admin.action(description=gettext_lazy("Clear"), permissions=["hold"])
    def clear(self, request: HttpRequest, queryset: QuerySet[Hold]) -> HttpResponse | None:
        rows = queryset.select_related("claim__officer__user", "claim__exam")
        asked = ask_for_all(self, request, rows, title=_("Clear holds"))
        if isinstance(asked, HttpResponse):
            return asked
        chosen, note = asked
        tally = services.clear_all(chosen, by=actor(request), note=note)
        said = ngettext("%(n)s hold cleared.", "%(n)s holds cleared.", tally.done)
        self.message_user(request, said % {"n": tally.done})
        for why, number in tally.left.items():
            self.message_user(request, f"{number} × {why}", messages.ERROR)
        return None

    def raise_many(self, request: HttpRequest) -> HttpResponse:
        """Everybody who served at a centre is held for one reason."""
        if not self.has_hold_permission(request):
            raise PermissionDenied
        asked = needs_fresh_code(request)
        if asked:
            return asked
        form = RaiseManyForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            typed = form.cleaned_data
            raised = services.raise_on_all(
                services.claims_at(typed["exam"], typed["centre"]),
                code=typed["code"],
                by=actor(request),
                note=typed["note"],
            )
            said = ngettext("%(n)s claim is held.", "%(n)s claims are held.", raised)
            self.message_user(request, said % {"n": raised})
            return redirect(LIST)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Hold everybody of a centre"),
            "about": _(
                "All unpaid claims for work at this centre are held, but those held for the same "
                "reason already and your own."
            ),
            "form": form,
            "submit": _("Hold these claims"),
            "list": reverse(LIST),
        }
        return TemplateResponse(request, "claims/admin/form.html", context)

    def take(self, request: HttpRequest) -> HttpResponseBase:
        return take_list(self, request, hold_table, verb="holds.taken")


def hold_table(holds: QuerySet[Hold], by: User) -> Table:
    return Table(
        name="holds",
        title=_("Holds"),
        heading=[
            _("Officer"),
            _("ID number"),
            _("Sub-county"),
            _("Exam"),
            _("Claim"),
            _("Reason"),
            _("Note"),
            _("Raised"),
            _("Raised by"),
            _("Officer told"),
            _("Cleared"),
            _("Cleared by"),
        ],
        rows=_rows(holds),
        count=holds.count(),
        by=str(by),
    )


def _rows(holds: QuerySet[Hold]) -> Iterator[list[Any]]:
    whole = holds.select_related("claim__officer__sub_county", "claim__officer__user")
    for hold in whole.iterator(chunk_size=500):
        officer = hold.claim.officer
        yield [
            str(officer),
            officer.masked_id,
            str(officer.sub_county or ""),
            hold.claim.exam.short,
            hold.claim_id,
            str(hold.get_code_display()),
            hold.note,
            hold.raised_at,
            str(hold.raised_by or _("By rule")),
            hold.told_at,
            hold.cleared_at,
            str(hold.cleared_by or ""),
        ]
