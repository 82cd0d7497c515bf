"""What waits for a second person, as a list, and the page on which they decide."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.admin import Discreet
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from cp2.lists import LongList, NeverTyped
from cp2.rights import powers, rates
from cp2.rights.models import PowerChange, Proposed, RateProposal
from cp2.rules import Refused
from profiles.fields import LineField


class RefuseForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why it is refused"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say why you refuse it")},
    )


class WaitsFilter(admin.SimpleListFilter):
    title = gettext_lazy("what waits")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Waits for a second person"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        waiting: QuerySet[Any] = queryset.waiting() if self.value() == "yes" else queryset  # type: ignore[attr-defined]  # both models have it
        return waiting


class ProposalAdmin(NeverTyped, LongList[Any], Discreet):
    list_filter = [WaitsFilter, "status"]
    actions: list[str] = []
    lead: Any = ""
    decides = ""  # who may confirm

    @admin.display(description=gettext_lazy("status"))
    def stands(self, row: Proposed) -> str:
        return row.state

    def words(self, row: Any) -> list[tuple[str, str, str]]:
        """What is to be, as (what it is called, what it was, what it is to be)."""
        return []

    services: Any  # the module that confirms, refuses and withdraws

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        decide = self.admin_site.admin_view(require_POST(self.decide))
        return [path("<int:pk>/decide/", decide, name=f"{name}_decide"), *super().get_urls()]

    def _row(self, request: HttpRequest, object_id: str) -> Any:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    @method_decorator(require_safe)
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self._page(request, self._row(request, object_id), RefuseForm())

    def _page(self, request: HttpRequest, row: Any, form: RefuseForm) -> HttpResponse:
        by = actor(request)
        against = list(self.services.reasons_against_deciding(row, by=by)) if row.waits else []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(row),
            "row": row,
            "lead": self.lead,
            "words": self.words(row),
            "notes": list(self.notes(row)),
            "against": against if by.has_perm(self.decides) else [],
            "may_decide": row.waits and not against,
            "may_withdraw": row.waits and row.proposed_by_id == by.pk,
            "form": form,
            "url": reverse(f"admin:rights_{self.opts.model_name}_decide", args=[row.pk]),
        }
        return TemplateResponse(request, "rights/proposal.html", context)

    def notes(self, row: Any) -> list[str]:
        return []

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._row(request, str(pk))
        by, act = actor(request), request.POST.get("act", "")
        back = reverse(f"admin:rights_{self.opts.model_name}_change", args=[pk])
        if act not in ("confirm", "refuse", "withdraw"):
            raise Http404
        if act == "withdraw" and row.proposed_by_id != by.pk:
            raise PermissionDenied
        if act != "withdraw" and not by.has_perm(self.decides):
            raise PermissionDenied
        if asked := needs_fresh_code(request, back=back):
            return asked
        form = RefuseForm(request.POST)
        if act == "refuse" and not form.is_valid():
            return self._page(request, row, form)
        services = self.services
        acts: dict[str, Callable[[], Any]] = {
            "confirm": lambda: services.confirm(row, by=by),
            "refuse": lambda: services.refuse(row, reason=form.cleaned_data["reason"], by=by),
            "withdraw": lambda: services.withdraw(row, by=by),
        }
        said = {
            "confirm": _("Confirmed. It holds from now on."),
            "refuse": _("Refused. Nothing has changed."),
            "withdraw": _("Withdrawn. Nothing has changed."),
        }
        try:
            acts[act]()
        except (Refused, IntegrityError) as refusal:
            words = str(refusal) if isinstance(refusal, Refused) else _("The database refuses it.")
            self.message_user(request, words, messages.ERROR)
        else:
            self.message_user(request, said[act], messages.SUCCESS)
        return redirect(back)


@admin.register(PowerChange)
class PowerChangeAdmin(ProposalAdmin):
    services = powers
    list_display = ["subject", "what", "reason", "proposed_by", "proposed_at", "stands"]
    list_select_related = ["subject__sub_county", "proposed_by"]
    search_fields = ["subject__username__startswith", "proposed_by__username__startswith"]
    search_help_text = gettext_lazy("User name of the account, or of whoever proposed it")
    decides = "rights.decide_powerchange"
    lead = gettext_lazy(
        "Nobody has this power yet. A second administrator, neither the one who proposed it nor "
        "the one who gets it, confirms or refuses it within seven days."
    )

    @admin.display(description=gettext_lazy("what they get"))
    def what(self, row: PowerChange) -> str:
        return powers.in_short(row)

    def words(self, row: PowerChange) -> list[tuple[str, str, str]]:
        return powers.in_words(row)


@admin.register(RateProposal)
class RateProposalAdmin(ProposalAdmin):
    services = rates
    list_display = ["title", "reason", "proposed_by", "proposed_at", "stands"]
    list_select_related = ["proposed_by"]
    search_fields = ["title__istartswith", "proposed_by__username__startswith"]
    search_help_text = gettext_lazy("How its name begins, or the user name of whoever proposed it")
    decides = "rights.decide_rateproposal"
    lead = gettext_lazy(
        "Officers are deployed on this rate, so it is not changed by one person alone. A finance "
        "approver, not the one who proposed it, confirms or refuses it within seven days."
    )

    def words(self, row: RateProposal) -> list[tuple[str, str, str]]:
        return rates.in_words(row)

    def notes(self, row: RateProposal) -> list[str]:
        return list(rates.notes(row))
