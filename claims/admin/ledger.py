from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.requests import actor
from claims.models import LedgerEntry
from cp2.exports import Table
from cp2.lists import LongList, NeverTyped
from deployments.admin_lists import TakenAway


@admin.register(LedgerEntry)
class LedgerEntryAdmin(NeverTyped, TakenAway, LongList[Any]):
    """Entries are posted by what happens to batches and payments, and are never changed."""

    taken_verb = "ledger.taken"
    change_list_template = "claims/admin/ledger.html"
    list_display = [
        "at",
        "batch_number",
        "payment_number",
        "debit",
        "credit",
        "amount",
        "by",
        "turns_back",
        "note",
    ]
    list_filter = [
        "debit",
        "credit",
        "batch__exam",
        ("reverses", admin.EmptyFieldListFilter),
        "batch__channel",
    ]
    list_select_related = ["by"]
    date_hierarchy = None
    ordering = ["-pk"]
    search_fields = ["=batch", "=payment"]
    search_help_text = gettext_lazy("Number of a batch or of a payment")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in ("batch__id__exact", "payment__id__exact") or super().lookup_allowed(
            lookup, value, request
        )

    @admin.display(description=gettext_lazy("batch"), ordering="batch")
    def batch_number(self, entry: LedgerEntry) -> int:
        return entry.batch_id

    @admin.display(description=gettext_lazy("payment"), ordering="payment")
    def payment_number(self, entry: LedgerEntry) -> str:
        return f"CP2-{entry.payment_id}"

    @admin.display(description=gettext_lazy("reverses"), ordering="reverses")
    def turns_back(self, entry: LedgerEntry) -> str:
        return str(entry.reverses_id or "")

    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table:
        return Table(
            name="ledger",
            title=_("Ledger"),
            heading=[
                _("Entry"),
                _("At"),
                _("Batch"),
                _("Payment"),
                _("From"),
                _("To"),
                _("Amount"),
                _("By"),
                _("Reverses"),
                _("Note"),
            ],
            rows=(
                [
                    entry.pk,
                    entry.at,
                    entry.batch_id,
                    f"CP2-{entry.payment_id}",
                    entry.get_debit_display(),
                    entry.get_credit_display(),
                    entry.amount,
                    str(entry.by or ""),
                    entry.reverses_id or "",
                    entry.note,
                ]
                for entry in rows.select_related("by").iterator(chunk_size=2000)
            ),
            count=rows.count(),
            by=str(actor(request)),
            about=about,
        )
