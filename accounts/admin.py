import re
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import Entry, User
from accounts.requests import actor
from cp2.limits.models import Limit
from cp2.limits.services import in_words
from cp2.rules import Refused

# Passwords' hashes, and the numbers that lists show masked.
GUESSABLE = re.compile(r"password|national_id|kra_pin|(tsc|pf|nssf|sha)_number|payee|\bnumber")


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
            try:
                services.issue_password(user, by=actor(request))
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                promised += 1
        self.message_user(request, _("%(count)s passwords will be texted.") % {"count": promised})

    def has_issue_password_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.issue_password")


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
        return in_words(timedelta(seconds=limit.seconds))

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
