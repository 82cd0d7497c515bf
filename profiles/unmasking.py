"""Numbers in full, for whoever of headquarters says why: asked at the moment, counted, written down
and told to the officer. Until then a page shows them masked, and so again after a while."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.codes import needs_fresh_code
from accounts.models import Entry
from accounts.requests import actor
from profiles import looks
from profiles.fields import LineField
from profiles.models import Officer, masked


class Why(models.TextChoices):
    VETTING = "vetting", gettext_lazy("I vet this officer")
    ASKED = "asked", gettext_lazy("The officer asked us something")
    NUMBER = "number", gettext_lazy("A number is to be changed")
    PAYMENT = "payment", gettext_lazy("I check a claim or a payment")
    TWICE = "twice", gettext_lazy("Perhaps one person has two accounts")
    INQUIRY = "inquiry", gettext_lazy("An investigation or an audit")
    OTHER = "other", gettext_lazy("Something else")


class LookForm(forms.Form):
    look_why = forms.ChoiceField(
        label=gettext_lazy("Why you need them"),
        choices=[("", gettext_lazy("Choose")), *Why.choices],
        error_messages={"required": gettext_lazy("Say why you need to see the numbers")},
    )
    look_more = LineField(
        label=gettext_lazy("In your words"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A case, an enquiry or a batch. Needed for “Something else”."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("look_why") == Why.OTHER and not data.get("look_more"):
            self.add_error("look_more", _("Say in your words what it is for."))
        return data


@dataclass(frozen=True)
class Look:
    """How a page is to be shown. `until` says how long it stays open."""

    open: bool
    until: Any = None
    form: LookForm | None = None


def look(
    request: HttpRequest,
    *officers: Officer,
    verb: str = looks.VIEWED,
    subject: models.Model | None = None,
) -> Look | HttpResponse:
    """Whether this page shows the numbers of these officers, or what is answered instead: the
    page asked for once more, with them in full, or a form whose reason will not do."""
    if request.method == "POST" and "look_why" in request.POST:
        return _asked(request, officers, verb, subject)
    by = actor(request)
    since = timezone.now() - looks.STILL_OPEN
    begun = []
    for row in [subject] if subject else officers:
        entries = Entry.objects.about(row).filter(
            actor=by, verb=verb, at__gt=since, details__page=request.path, details__has_key="why"
        )
        last = entries.values_list("at", flat=True).first()
        if last is None:
            return Look(open=False, form=LookForm())
        begun.append(last)
    return Look(open=True, until=min(begun) + looks.STILL_OPEN)


def _asked(
    request: HttpRequest, officers: tuple[Officer, ...], verb: str, subject: models.Model | None
) -> HttpResponse:
    if asked := needs_fresh_code(request):
        return asked
    form = LookForm(request.POST)
    if not form.is_valid():
        context = {
            **admin.site.each_context(request),
            "title": _("Show the numbers in full"),
            "look": Look(open=False, form=form),
            "officers": officers,
        }
        return TemplateResponse(request, "profiles/admin/look.html", context)
    reason = {
        "why": form.cleaned_data["look_why"],
        "more": form.cleaned_data["look_more"],
        "page": request.path,
    }
    for officer in officers:
        looks.note_reason(officer, by=actor(request), verb=verb, subject=subject, reason=reason)
    return redirect(request.get_full_path())


def hide(field: str, mask: Callable[[str], str] = masked) -> Any:
    """A column of the admin that stands for a field while its number is masked."""

    def shown(row: Any) -> str:
        value = getattr(row, field)
        return mask(str(value)) if value else ""

    shown.__name__ = f"masked_{field}"
    return shown


class Unmasking(admin.ModelAdmin[Any]):
    """The page of a row with somebody's numbers: masked, with a form that asks why."""

    change_form_template = "profiles/admin/masked.html"
    hidden: tuple[str, ...] = ()
    looks_verb = looks.VIEWED

    def officer_of(self, row: Any) -> Officer:
        officer: Officer = getattr(row, "officer", row)
        return officer

    def subject_of(self, row: Any) -> models.Model | None:
        """What the trail has it under; none if the officer."""
        return None

    def looked(self, request: HttpRequest, row: Any) -> Look | HttpResponse | None:
        """Before a page is made; nothing if there is nobody who may see it."""
        if row is None or not self.hidden or not self.has_view_permission(request, row):
            return None
        found = look(
            request,
            self.officer_of(row),
            verb=self.looks_verb,
            subject=self.subject_of(row),
        )
        if isinstance(found, Look):
            request.unmasked = found.open  # type: ignore[attr-defined]  # told from here to the fields of this page
        return found

    def in_full(self, request: HttpRequest) -> bool:
        return bool(getattr(request, "unmasked", False))

    def with_masks(self, request: HttpRequest, names: Any, obj: Any) -> list[Any]:
        if obj is None or self.in_full(request):
            return list(names)
        return [self.masks.get(name, name) if isinstance(name, str) else name for name in names]

    @cached_property
    def masks(self) -> dict[str, Any]:
        """The same ones each time, since the admin asks whether what is shown is read only."""
        return {name: self._mask(name) for name in self.hidden}

    def _mask(self, name: str) -> Any:
        column = hide(name)
        label = self.opts.get_field(name).verbose_name  # type: ignore[union-attr]  # one of its own fields
        column.short_description = label
        return column
