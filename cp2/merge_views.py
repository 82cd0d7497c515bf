"""Headquarters' two pages to make two accounts of one person one: find the other, then compare."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.requests import actor
from cp2 import merge as merger
from cp2.rules import Refused
from profiles import looks, unmasking
from profiles.fields import LineField
from profiles.models import Officer, masked
from sms.phones import is_mobile, local, mobile


def named(officer: Officer, *, full: bool = False) -> str:
    """With the number, by which people tell two accounts of one name apart."""
    number = local(officer.phone) if full else masked(officer.phone)
    return f"{officer.full_name}, {number}" if officer.full_name else number


class FindForm(forms.Form):
    number = LineField(
        label=gettext_lazy("Number of the other account"),
        max_length=40,
        help_text=gettext_lazy("Its phone number, or the ID number in it, in full."),
        error_messages={"required": gettext_lazy("Enter a number of the other account")},
    )

    def __init__(self, *args: Any, officer: Officer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.officer = officer
        self.other: Officer | None = None

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"]
        phone = mobile(typed) if is_mobile(typed) else ""
        number = typed.replace(" ", "")
        others = Officer.objects.exclude(pk=self.officer.pk)
        self.other = others.filter(Q(national_id=number) | Q(user__username=phone)).first()
        if self.other is None:
            raise forms.ValidationError(_("No other account has this number."))
        return typed


class MergeForm(forms.Form):
    keep = forms.TypedChoiceField(
        label=gettext_lazy("Which account stays?"),
        coerce=int,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The one whose number the person has now: they sign in with it."),
        error_messages={"required": gettext_lazy("Choose the account that stays")},
    )
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("How you know that this is one person."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say how you know that this is one person")},
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I have compared the two. I know that this cannot be undone."),
        error_messages={"required": gettext_lazy("Compare the two, then tick this")},
    )

    def __init__(
        self, *args: Any, pair: tuple[Officer, Officer], full: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        keep: Any = self.fields["keep"]
        keep.choices = [(each.pk, named(each, full=full)) for each in pair]


def _officer(request: HttpRequest, pk: int) -> Officer:
    if not request.user.has_perm("profiles.merge_officer"):
        raise PermissionDenied
    officers = Officer.objects.visible_to(actor(request)).filter(merged_into=None)
    return get_object_or_404(officers.select_related("user", "sub_county"), pk=pk)


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    around = {**admin.site.each_context(request), "opts": Officer._meta}
    return TemplateResponse(request, template, {**around, **context})


def find(request: HttpRequest, pk: int) -> HttpResponse:
    officer = _officer(request, pk)
    form = FindForm(request.POST if request.method == "POST" else None, officer=officer)
    if form.is_valid() and form.other is not None:
        return redirect("admin:merge", pk, form.other.pk)
    return _page(
        request,
        "cp2/admin/merge_find.html",
        title=_("Merge with another account"),
        officer=officer,
        form=form,
        suspects=[(other, named(other)) for other in merger.suspects(officer)],
    )


def merge(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    pair = (_officer(request, pk), _officer(request, other))
    look = unmasking.look(request, *pair)
    if isinstance(look, HttpResponse):
        return look
    typed = request.POST if request.method == "POST" else None
    form = MergeForm(typed, pair=pair, full=look.open)
    if request.method == "GET" and not look.open:
        for officer in pair:
            looks.note_view(officer, by=actor(request), masked=True)
    if form.is_valid():
        kept, closed = pair if form.cleaned_data["keep"] == pk else pair[::-1]
        try:
            merger.merge(kept, closed, reason=form.cleaned_data["reason"], by=actor(request))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The two accounts are one. Both numbers were told."))
            return redirect("admin:profiles_officer_change", kept.pk)
    return _page(
        request,
        "cp2/admin/merge.html",
        title=_("Make two accounts one"),
        pair=pair,
        facts=merger.compare(*pair, full=look.open),
        look=look,
        against=list(merger.reasons_against(*pair, by=actor(request))),
        form=form,
    )
