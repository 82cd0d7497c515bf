from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cp2.rules import Refused
from sms import services
from sms.models import InboundMessage, Message, Receipt


class ReadOnly(admin.ModelAdmin[Any]):
    """What the network said and was told: looked at, never written."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ["created_at", "to", "kind", "template", "status", "attempts", "failure"]
    list_filter = ["status", "kind", "template"]
    search_fields = ["to__startswith", "=provider_id"]
    search_help_text = _("Number (2547…) or the gateway's id")
    actions = ["send_again"]

    @admin.action(description=_("Send again (held or doubtful texts)"), permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        sent = 0
        for message in queryset:
            try:
                services.send_again(message)
            except Refused as refusal:
                self.message_user(request, f"{message}: {refusal}", messages.ERROR)
            else:
                sent += 1
        self.message_user(request, _("%(count)s texts will leave now.") % {"count": sent})

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sms.send_again")


@admin.register(InboundMessage)
class InboundMessageAdmin(ReadOnly):
    list_display = ["received_at", "sender", "text", "outcome"]
    search_fields = ["sender__startswith"]
    search_help_text = _("Number, as the network writes it (+2547…)")


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly):
    list_display = ["received_at", "provider_id", "status", "reason", "matched_at"]
    list_filter = ["status"]
    search_fields = ["=provider_id"]
