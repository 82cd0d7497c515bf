"""Accounts and groups as headquarters meets them: what is given waits for a second person."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.contrib.auth.models import Group
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import admin as accounts_admin
from accounts.models import User
from accounts.requests import actor
from cp2.lists import NeverTyped
from cp2.rights import powers
from cp2.rules import Refused, Role
from profiles.fields import LineField

for model in (User, Group):
    admin.site.unregister(model)  # for ours, below

WITH_POWER = [Role.DIRECTOR, Role.STAFF]
NOTHING: dict[str, Any] = {"is_active": False, "office": "", "sub_county": None, "groups": []}


class PowerForm(accounts_admin.UserForm):
    """Parts what was typed: what takes power away is saved, what gives some is proposed."""

    why = LineField(
        label=gettext_lazy("Why they get this power"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy(
            "To make active, another office or sub-county, and more groups wait until a second "
            "administrator confirms them. To take away needs nobody and works at once."
        ),
    )
    wanted: dict[str, Any]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.wanted = {}
        if self.errors:
            return data
        self.wanted = self._given(data)
        if not self.wanted:
            return data
        if not data.get("why"):
            self.add_error("why", _("Say why: a second administrator reads it."))
        if self.wanted.get("groups") and self._role(data) != Role.STAFF:
            self.add_error("groups", _("Only headquarters' people are in groups."))
        if self.instance.pk and powers.waiting_for(self.instance):
            waits = _(
                "A change of this account waits for a second person already. It is confirmed, "
                "refused or withdrawn first."
            )
            self.add_error(None, waits)
        return data

    def _role(self, data: dict[str, Any]) -> str:
        return str(data.get("role") or self.instance.role)

    def _given(self, data: dict[str, Any]) -> dict[str, Any]:
        places = ["is_active", "office"]
        typed: dict[str, Any] = {name: data[name] for name in places if name in data}
        if "sub_county" in data:
            typed["sub_county"] = data["sub_county"].pk if data["sub_county"] else None
        if "groups" in data:
            typed["groups"] = [group.name for group in data["groups"]]
        if self.instance.pk:
            return powers.given(powers.of(User.objects.get(pk=self.instance.pk)), typed)
        if self._role(data) not in WITH_POWER:
            return {}  # an officer, or a centre: no power over anybody
        # their place is in the row from the beginning, and is nothing while nobody signs in
        asked = {name: value for name, value in typed.items() if name in ("is_active", "groups")}
        return powers.given(NOTHING, asked)

    def hold_back(self) -> None:
        """Before it is saved: leave of what was typed only what a single person may do."""
        was = User.objects.get(pk=self.instance.pk) if self.instance.pk else None
        for name in self.wanted:
            if name == "groups":
                kept = [g for g in self.cleaned_data["groups"] if g.name not in self.wanted[name]]
                self.cleaned_data["groups"] = kept
                held = not was or {*kept} == {*was.groups.all()}
            else:
                value = getattr(was, name) if was else False
                setattr(self.instance, name, value)
                self.cleaned_data[name] = value
                held = True
            if held and name in self.changed_data:
                self.changed_data.remove(name)


@admin.register(User)
class UserAdmin(accounts_admin.UserAdmin):
    form = PowerForm
    change_form_template = "rights/user.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = list(super().get_fields(request, obj))
        own = obj is not None and obj.pk == request.user.pk
        if own or not self._may_type(request, obj):
            return fields
        fields.insert(fields.index("groups") + 1, "why")
        return fields

    def _may_type(self, request: HttpRequest, obj: Any) -> bool:
        verb = "change" if obj else "add"
        return request.user.has_perm(f"accounts.{verb}_user")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"waits": self._waits(object_id), **(extra_context or {})}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except Refused as refusal:  # somebody else proposed a moment ago
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(request.path)

    def _waits(self, object_id: str | None) -> Any:
        if not object_id or not object_id.isascii() or not object_id.isdigit():
            return None
        user = User.objects.filter(pk=int(object_id)).first() if len(object_id) < 19 else None
        return powers.waiting_for(user) if user else None

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        if change:
            powers.locked(obj, actor(request))
        if isinstance(form, PowerForm) and form.wanted:
            form.hold_back()
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm[User], formsets: Any, change: bool
    ) -> None:
        """Only then is what was taken away gone: a proposal begins with what is left."""
        super().save_related(request, form, formsets, change)
        if change and {"is_active", "groups"} & {*form.changed_data}:
            powers.refuse_if_nobody_decides()
        if isinstance(form, PowerForm) and form.wanted:
            self._propose(request, form)

    def _propose(self, request: HttpRequest, form: PowerForm) -> None:
        reason = form.cleaned_data["why"]
        waits = powers.propose(form.instance, wanted=form.wanted, reason=reason, by=actor(request))
        url = reverse("admin:rights_powerchange_change", args=[waits.pk])
        said = _("What this gives waits for a second administrator")
        self.message_user(request, format_html('<a href="{}">{}</a>', url, said), messages.WARNING)


@admin.register(Group)
class GroupAdmin(NeverTyped, DjangosGroupAdmin):
    """What each group may do is the portal's own and comes with a release, where it is read by a
    second person and held by a test. A right that was clicked here would be neither."""

    change_form_template = "rights/group.html"
    fields = ["name", "permissions"]
