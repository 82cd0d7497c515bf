from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cp2.confirming import confirmed, each
from cp2.lists import CappedPaginator, NeverTyped
from sms import services
from sms.fates import fate, heard, network_name, outcome
from sms.models import InboundMessage, Message, Receipt
from sms.phones import mobile, prefix, spellings

FOUND = _("Number in any spelling, or how it begins; or the gateway's id. The newest 10,000 count.")


class DayFilter(admin.SimpleListFilter):
    """Days, found by the index on the time. Django's own hierarchy of dates reads the whole table
    to find which days there are."""

    title = _("day")
    parameter_name = "day"
    field = "created_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("today", _("Today")),
            ("yesterday", _("Yesterday")),
            ("week", _("The last 7 days")),
            ("month", _("The last 30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        begin = self._begin()
        if begin is None:
            return queryset
        end = begin + timedelta(days=1 if self.value() == "yesterday" else 400)
        return queryset.filter(**{f"{self.field}__gte": begin, f"{self.field}__lt": end})

    def _begin(self) -> datetime | None:
        ago = {"today": 0, "yesterday": 1, "week": 6, "month": 29}.get(self.value() or "")
        if ago is None:
            return None
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=ago)


class ReceivedFilter(DayFilter):
    field = "received_at"


def of_number(typed: str, field: str) -> Q | None:
    """The rows of one number, or of all that begin so; in ranges, which any index can serve."""
    try:
        return Q(**{f"{field}__in": spellings(mobile(typed))})
    except ValidationError:
        begin = prefix(typed)
    if not begin:
        return None
    ranges = Q()
    for sign in ("+", ""):
        beyond = f"{sign}{int(begin) + 1}"
        ranges |= Q(**{f"{field}__gte": sign + begin, f"{field}__lt": beyond})
    return ranges


class ReadOnly(NeverTyped, admin.ModelAdmin[Any]):
    """What the network said and was told: looked at, never written."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    paginator = CappedPaginator
    search_fields = ["provider_id"]
    number_field = "to"
    search_help_text = FOUND

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """All that was typed is one number, or one id."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        return queryset.filter(self.of_number(typed) or Q(provider_id=typed)), False

    def of_number(self, typed: str) -> Q | None:
        return of_number(typed, self.number_field)


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ["created_at", "to", "became", "kind", "template"]
    list_filter = ["status", "kind", DayFilter]
    actions = ["send_again"]

    @admin.display(description=_("what became of it"), ordering="status")
    def became(self, message: Message) -> str:
        return fate(message).words

    @admin.action(description=_("Send again (held or doubtful texts)"), permissions=["send_again"])
    @confirmed(
        says=_("They leave within seconds. Whoever got a doubtful one gets it a second time.")
    )
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        sent = each(self, request, queryset, lambda row, by: services.send_again(row))
        self.message_user(request, _("%(count)s texts will leave now.") % {"count": sent})

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sms.send_again")


@admin.register(InboundMessage)
class InboundMessageAdmin(ReadOnly):
    number_field = "sender"
    list_display = ["received_at", "sender", "said", "became"]
    exclude = ["text"]
    readonly_fields = ["said"]

    @admin.display(description=_("text"))
    def said(self, inbound: InboundMessage) -> str:
        return heard(inbound)

    @admin.display(description=_("outcome"))
    def became(self, inbound: InboundMessage) -> str:
        return outcome(inbound.outcome)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly):
    list_display = ["received_at", "provider_id", "status", "reason", "carrier", "matched_at"]
    list_filter = [ReceivedFilter]

    def of_number(self, typed: str) -> Q | None:
        """A report names a text, not a number."""
        found = super().of_number(typed)
        texts = Message.objects.filter(found).exclude(provider_id=None) if found else None
        return None if texts is None else Q(provider_id__in=texts.values("provider_id"))

    @admin.display(description=_("network"), ordering="network")
    def carrier(self, receipt: Receipt) -> str:
        return network_name(receipt.network)
