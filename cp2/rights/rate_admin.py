"""Rates as headquarters meets them: on those that somebody is deployed for, a change waits."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.requests import actor
from catalogue import admin as catalogue_admin
from catalogue.models import Exam, PositionTerms
from claims.admin import rates as claims_admin
from claims.models import MarkingRate, RateChange, TaxRule
from cp2.rights import rates
from cp2.rules import Refused
from profiles.fields import LineField

for model in (Exam, PositionTerms, MarkingRate, RateChange, TaxRule):
    admin.site.unregister(model)  # for ours, below

NOT_OF_THE_ROW = {"why", "seen", "reason"}


class Waits(Exception):
    """Nothing of the row is saved. Leaves Django's way of saving, which needs a row."""


class Proposing(forms.ModelForm[Any]):
    """Says whether what was typed waits for a second person."""

    waits = False
    held: list[str]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own, which fills the row
        if self.errors:
            return
        if rates.is_moved(self.instance, self.changed_data):
            self.add_error(None, rates.stays())
            return
        guarded = rates.RATES[self._meta.model].values
        self.held = [name for name in guarded if name in self.changed_data]
        if self.held:
            rates.hold(self.instance)
            self.waits = rates.rests_on(self.instance)
        if not self.waits:
            return
        if "why" in self.fields and not self.cleaned_data.get("why"):
            self.add_error("why", _("Say why: a second person reads it."))
        if rates.waiting_for(self.instance):
            self.add_error(None, rates.waits_already())

    @property
    def reason(self) -> str:
        return str(self.cleaned_data.get("why") or self.cleaned_data.get("reason") or "")


class WhyForm(Proposing):
    why = LineField(
        label=gettext_lazy("Why it is changed"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy(
            "Once an exam's rates are confirmed, or officers are deployed on one, it is set or "
            "changed only when a finance approver has confirmed it, who reads this. Before that "
            "it may stay empty."
        ),
    )


class TermsForm(WhyForm, catalogue_admin.TermsForm):
    class Meta(catalogue_admin.TermsForm.Meta):
        pass


class RateChangeForm(Proposing, claims_admin.RateChangeForm):
    class Meta(claims_admin.RateChangeForm.Meta):
        pass


class TwoPeople(admin.ModelAdmin[Any]):
    """To be mixed in before an admin of rates."""

    change_form_template = "rights/rate.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        verb = "change" if obj else "add"
        fields = list(super().get_fields(request, obj))
        if request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}"):
            return fields
        return [name for name in fields if name != "why"]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        context = {"waits": rates.waiting_for(row) if row else None, **(extra_context or {})}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except Waits as waits:
            return self._propose(request, *waits.args)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(request.path)

    def _propose(self, request: HttpRequest, row: Any, form: Proposing) -> HttpResponse:
        """Once Django has taken back what it began."""
        try:
            proposal = rates.propose(row, changed=form.held, reason=form.reason, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(request.path)
        self._say(request, proposal)
        return redirect("admin:rights_rateproposal_change", proposal.pk)

    def _say(self, request: HttpRequest, proposal: Any) -> None:
        url = reverse("admin:rights_rateproposal_change", args=[proposal.pk])
        said = _("The rate waits for a second person, a finance approver")
        self.message_user(request, format_html('<a href="{}">{}</a>', url, said), messages.WARNING)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if form.waits:
            rest = {*form.changed_data} - {*form.held} - NOT_OF_THE_ROW
            if not change or not rest:
                raise Waits(obj, form)
            # what is no money is saved now
            by = actor(request)
            proposal = rates.propose(obj, changed=form.held, reason=form.reason, by=by)
            was = type(obj)._base_manager.get(pk=obj.pk)
            for name in form.held:
                setattr(obj, name, getattr(was, name))
                form.changed_data.remove(name)
            self._say(request, proposal)
        super().save_model(request, obj, form, change)


@admin.register(PositionTerms)
class PositionTermsAdmin(TwoPeople, catalogue_admin.PositionTermsAdmin):
    form = TermsForm


@admin.register(MarkingRate)
class MarkingRateAdmin(TwoPeople, claims_admin.MarkingRateAdmin):
    form = WhyForm


@admin.register(TaxRule)
class TaxRuleAdmin(TwoPeople, claims_admin.TaxRuleAdmin):
    form = WhyForm


@admin.register(RateChange)
class RateChangeAdmin(TwoPeople, claims_admin.RateChangeAdmin):
    form = RateChangeForm


# An exam's own page shows its terms, and is no way around


class InlineTermsForm(forms.ModelForm[PositionTerms]):
    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own, which fills the row
        if self.errors:
            return
        if rates.is_moved(self.instance, self.changed_data):
            self.add_error("position", rates.stays())
            return
        if "daily_rate" not in self.changed_data:
            return
        rates.hold(self.instance)
        if rates.rests_on(self.instance):
            said = _("This rate is in use, or confirmed: change it on the page of these terms.")
            self.add_error("daily_rate", said)


class TermsInline(catalogue_admin.TermsInline):
    form = InlineTermsForm


@admin.register(Exam)
class ExamAdmin(catalogue_admin.ExamAdmin):
    inlines = [
        TermsInline if inline is catalogue_admin.TermsInline else inline
        for inline in catalogue_admin.ExamAdmin.inlines
    ]
