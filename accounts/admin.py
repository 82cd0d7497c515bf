import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

import django_otp.plugins.otp_totp.admin  # noqa: F401  # its import registers TOTPDevice, which is taken out below
from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes, services
from accounts.code_forms import TakeAwayForm
from accounts.models import Entry, User
from accounts.requests import actor
from cp2.confirming import confirmed, each
from cp2.limits.models import Limit
from cp2.limits.services import in_words as wait_in_words
from cp2.lists import LongList, NeverTyped
from cp2.rules import Refused, lock
from sms.phones import MobileField

# Nobody makes, sees or changes the key of another's one-time codes: everybody sets up their own.
admin.site.unregister(TOTPDevice)

# Passwords' hashes, and the numbers that lists show masked.
GUESSABLE = re.compile(
    r"password|national_id|kra_pin|(tsc|pf|nssf|sha)_number|payee|\bnumber|(old|new)_phone|_hash"
)


class Discreet(admin.ModelAdmin[Any]):
    """Takes no filter typed into the address that would find a hidden value letter by letter, and
    leave no trace of the reading."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        hidden = GUESSABLE.search(lookup)
        return not hidden and super().lookup_allowed(lookup, value, request)


class FreshActions(admin.ModelAdmin[Any]):
    """A list whose actions ask for a fresh code first."""

    harmless: ClassVar[set[str]] = set()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # of several that are named at once, Django itself takes one or another
        if request.method == "POST" and not self.harmless.issuperset(
            request.POST.getlist("action") or ["?"]
        ):
            asked = codes.needs_fresh_code(request)
            if asked:
                return asked
        return super().changelist_view(request, extra_context)


class FreshForm(admin.ModelAdmin[Any]):
    """Rows that are saved only with a fresh code."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST":
            asked = codes.needs_fresh_code(request)
            if asked:
                return asked
        return super().changeform_view(request, object_id, form_url, extra_context)


# What makes up somebody's power.
POWERS = ["role", "office", "sub_county", "station", "groups", "is_active"]


def powers_in(values: dict[str, Any], changed: Iterable[str]) -> dict[str, Any]:
    """For the trail: what of these was or is, in words."""
    return {name: in_words(values.get(name)) for name in POWERS if name in changed}


def in_words(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (list, tuple, set, QuerySet)):
        return sorted(map(str, value))
    return str(value)


def before(user: User) -> dict[str, Any]:
    """The powers that the row still says, while a form is about to change them."""
    row = lock(user)
    return {name: getattr(row, name) for name in POWERS if name != "groups"} | {
        "groups": list(row.groups.all())
    }


class UserForm(forms.ModelForm[User]):
    """A number in any of the usual ways, as officers type it."""

    phone = MobileField(label=_("Phone number"), required=False)

    def clean_phone(self) -> str | None:
        return self.cleaned_data["phone"] or None  # unique, so none is not an empty one


@admin.register(User)
class UserAdmin(FreshActions, FreshForm, LongList[User], Discreet):
    """Accounts without their passwords: nobody here can see one or set one."""

    form = UserForm
    harmless = {"issue_password"}  # it goes to the owner's phone, and the old one works on

    list_display = ["username", "name", "role", "office", "sub_county", "is_active", "last_login"]
    list_filter = ["role", "office", "is_active"]
    list_select_related = ["sub_county"]
    search_fields = ["username__startswith", "phone__startswith"]
    search_help_text = _("User name or number (2547…)")
    autocomplete_fields = ["station", "exam", "sub_county"]
    filter_horizontal = ["groups"]
    fields = [
        "username",
        "name",
        "phone",
        "role",
        "station",
        "exam",
        "office",
        "sub_county",
        "language",
        "is_active",
        "groups",
        "one_time_code",
        "last_login",
        "issued_at",
        "date_joined",
    ]
    readonly_fields = ["one_time_code", "last_login", "issued_at", "date_joined"]
    actions = ["issue_password", "take_away_code"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new account has no times yet."""
        return [name for name in self.fields if obj or name not in self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """An officer's number is their identity: it changes by its own procedure, not here. What
        somebody may do is for a colleague to change."""
        fixed = ["username", "phone", "role", "station", "exam"] if obj else []
        if obj and obj.pk == request.user.pk:
            fixed += ["office", "sub_county", "groups", "is_active"]
        return [*self.readonly_fields, *fixed]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a person is switched off, never removed: marks and money point here

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        changed = form.changed_data
        with transaction.atomic():
            was = powers_in(before(obj), changed) if change else {}
            if not change:
                obj.set_unusable_password()
            super().save_model(request, obj, form, change)
            services.record(
                "account.changed" if change else "account.opened",
                obj,
                by=actor(request),
                fields=changed,
                was=was,
                now=powers_in(form.cleaned_data, changed if change else POWERS),
            )

    @admin.action(description=_("Text a new password to its owner"), permissions=["issue_password"])
    @confirmed(
        says=_("Each gets a text with a new password; the old one works until that is used."),
        most=100,
    )
    def issue_password(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        promised = each(self, request, queryset, services.issue_password)
        self.message_user(request, _("%(count)s passwords will be texted.") % {"count": promised})

    def has_issue_password_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.issue_password")

    @admin.display(description=_("one-time code"))
    def one_time_code(self, user: User) -> str:
        if not user.has_power:
            return gettext("Needs none")
        app = codes.app_of(user)
        if app is None:
            return gettext("Not set up")
        since = gettext("Set up")
        if app.created_at:
            since = gettext("Set up on %(day)s") % {"day": date_format(app.created_at, "j F Y")}
        left = gettext("recovery codes left: %(n)s") % {"n": codes.recovery_codes_left(user)}
        return f"{since}, {left}"

    @admin.action(description=_("Take away the one-time code"), permissions=["reset_code"])
    def take_away_code(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """A page between, where the reason is written and the names are read once more."""
        form = TakeAwayForm(request.POST if "reason" in request.POST else None)
        users = list(queryset.select_related("sub_county")[:100])
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("Take away the one-time code"),
                "form": form,
                "users": users,
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "accounts/admin_take_away.html", context)
        for user in users:
            try:
                codes.take_away(user, by=actor(request), **form.cleaned_data)
            except Refused as refusal:
                self.message_user(request, f"{user}: {refusal}", messages.ERROR)
            else:
                said = gettext("%(user)s sets up a new one-time code at the next sign-in.")
                self.message_user(request, said % {"user": user})
        return None

    def has_reset_code_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.reset_code")


@admin.register(Limit)
class LimitAdmin(admin.ModelAdmin[Limit]):
    """How often things may happen: seen, and tuned, by headquarters."""

    list_display = ["__str__", "name", "takes", "period", "full", "refused"]
    fields = ["name", "period", "takes"]
    readonly_fields = ["name", "period"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Limit]:
        """With how many are stopped by each, and how often they were, of late."""
        recent = Q(buckets__at__gte=timezone.now() - timedelta(days=1))
        return (
            super()
            .get_queryset(request)
            .annotate(
                stopped=Count("buckets", filter=recent & Q(buckets__refused__gt=0)),
                hits=Coalesce(Sum("buckets__refused", filter=recent), 0),
            )
        )

    @admin.display(description=_("in"))
    def period(self, limit: Limit) -> str:
        return wait_in_words(timedelta(seconds=limit.seconds))

    @admin.display(description=_("stopped, last 24 hours"))
    def full(self, limit: Any) -> int:
        stopped: int = limit.stopped
        return stopped

    @admin.display(description=_("tries refused to them"))
    def refused(self, limit: Any) -> int:
        hits: int = limit.hits
        return hits

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a limit that no code asks for would be a promise that nobody keeps

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # one that is missing lets nothing through

    def save_model(
        self, request: HttpRequest, obj: Limit, form: ModelForm[Limit], change: bool
    ) -> None:
        with transaction.atomic():
            was = form.initial.get("takes")
            super().save_model(request, obj, form, change)
            services.record("limit.changed", obj, by=actor(request), was=was, now=obj.takes)


class VerbFilter(admin.SimpleListFilter):
    """Which there are, from one to the next by the index: Django's own filter reads the whole
    trail to find them."""

    title = _("what")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(verb, verb) for verb in Entry.objects.verbs()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(verb=self.value()) if self.value() else queryset


@admin.register(Entry)
class EntryAdmin(NeverTyped, LongList[Entry]):
    list_display = ["at", "actor", "acting_name", "verb", "subject_type", "subject_id", "details"]
    list_filter = [VerbFilter]
    list_select_related = ["actor"]
    search_fields = ["actor__username__startswith", "=subject_id"]
    search_help_text = _("Who (user name), or the number of the thing")

    def found(self, request: HttpRequest, term: str) -> Iterator[QuerySet[Entry, Any]]:
        """The index of a thing begins with its kind, so all kinds are named."""
        entries = Entry.objects.order_by()
        yield entries.filter(actor__username__startswith=term).values("pk")
        if term.isdecimal():
            kinds = [model._meta.label_lower for model in apps.get_models()]
            yield entries.filter(subject_type__in=kinds, subject_id=term).values("pk")
