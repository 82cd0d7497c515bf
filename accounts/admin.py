import re
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import Entry, User
from accounts.requests import actor

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


@admin.register(User)
class UserAdmin(Discreet):
    """Accounts without their passwords: nobody here can see one or set one."""

    list_display = ["username", "name", "role", "office", "sub_county", "is_active", "last_login"]
    list_filter = ["role", "office", "is_active"]
    list_select_related = ["sub_county"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["username__startswith", "phone__startswith"]
    search_help_text = _("User name or number (2547…)")
    autocomplete_fields = ["station", "sub_county"]
    filter_horizontal = ["groups"]
    fields = [
        "username",
        "name",
        "phone",
        "role",
        "station",
        "office",
        "sub_county",
        "language",
        "is_active",
        "groups",
        "last_login",
        "issued_at",
        "date_joined",
    ]
    readonly_fields = ["last_login", "issued_at", "date_joined"]
    actions = ["issue_password"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new account has no times yet."""
        return [name for name in self.fields if obj or name not in self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """An officer's number is their identity: it changes by its own procedure, not here."""
        fixed = ["username", "phone", "role", "station"] if obj else []
        return [*self.readonly_fields, *fixed]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a person is switched off, never removed: marks and money point here

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        with transaction.atomic():
            if not change:
                obj.set_unusable_password()
            super().save_model(request, obj, form, change)
            verb = "account.changed" if change else "account.opened"
            services.record(verb, obj, by=actor(request), fields=form.changed_data)

    @admin.action(description=_("Text a new password to its owner"), permissions=["issue_password"])
    def issue_password(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        promised = 0
        for user in queryset[:100]:
            if user.phone and services.ask_for_password(user.phone, road="helpdesk"):
                promised += 1
            else:
                self.message_user(
                    request, _("%(user)s has no phone.") % {"user": user}, messages.ERROR
                )
        self.message_user(request, _("%(count)s passwords will be texted.") % {"count": promised})

    def has_issue_password_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.issue_password")


@admin.register(Entry)
class EntryAdmin(admin.ModelAdmin[Entry]):
    list_display = ["at", "actor", "acting_name", "verb", "subject_type", "subject_id", "details"]
    list_filter = ["verb"]
    list_select_related = ["actor"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["actor__username__startswith", "=subject_id"]
    search_help_text = _("Who (user name), or the number of the thing")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
