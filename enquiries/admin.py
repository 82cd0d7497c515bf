"""Headquarters' side of enquiries: what officers wrote is read, and answered below it."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.requests import actor
from cp2.exports import Table
from cp2.lists import LongList, NeverTyped
from deployments.admin_lists import CountyFilter, TakenAway
from enquiries import lists
from enquiries.admin_desk import Desk
from enquiries.admin_many import WithMany
from enquiries.admin_statistics import WithStatistics
from enquiries.models import CannedAnswer, Enquiry, EnquiryPromise, EnquiryStatus, Reply, Topic

# With headquarters first, the earliest promise on top; then what the offices have; then the rest.
URGENT = Case(
    When(status=EnquiryStatus.ESCALATED, then=0),
    When(status=EnquiryStatus.OPEN, then=1),
    default=2,
)


class Overdue(admin.SimpleListFilter):
    title = _("promise")
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Overdue"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows: Any = queryset
        return rows.overdue() if self.value() == "yes" else queryset


class Taken(admin.SimpleListFilter):
    title = _("taken")
    parameter_name = "taken"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("By me")), ("no", _("By nobody"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "mine":
                return queryset.filter(taken_by=request.user.pk)
            case "no":
                return queryset.filter(taken_by=None)
            case _:
                return queryset


class OfCounty(CountyFilter):
    path = "sub_county__county"


@admin.register(Enquiry)
class EnquiryAdmin(Desk, WithMany, WithStatistics, TakenAway, LongList[Enquiry]):
    list_display = [
        "subject",
        "status",
        "promised",
        "officer",
        "about_what",
        "sub_county",
        "taken_by",
    ]
    list_filter = [
        "status", Overdue, Taken, "category", "topic", "exam", "way", OfCounty
    ]  # fmt: skip
    search_fields = ["=pk", "officer__user__username__startswith", "=officer__national_id"]
    search_help_text = _("Number of the enquiry, phone number (2547…), or ID number in full")
    taken_verb = "enquiries.taken"

    @admin.display(description=_("about"), ordering="category")
    def about_what(self, enquiry: Enquiry) -> str:
        return f"{enquiry.about}, {enquiry.exam.short}" if enquiry.exam else enquiry.about

    @admin.display(description=_("answer promised by"), ordering="answer_by")
    def promised(self, enquiry: Enquiry) -> Any:
        """Empty where nobody waits."""
        return enquiry.answer_by if enquiry.is_waiting else None

    def get_ordering(self, request: HttpRequest) -> Any:
        return [URGENT, "answer_by", "pk"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Nothing of it is typed here; its page is the desk."""
        return ["subject"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["subject"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table:
        return lists.table(rows, by=actor(request), about=about)


@admin.register(Reply)
class ReplyAdmin(NeverTyped, LongList[Reply]):
    list_display = ["enquiry", "by", "at"]
    list_select_related = ["enquiry", "by"]
    search_fields = [
        "=enquiry__pk",
        "enquiry__officer__user__username__startswith",
        "=enquiry__officer__national_id",
    ]
    search_help_text = _("Number of the enquiry, phone number (2547…), or ID number in full")


class Written(admin.ModelAdmin[Any]):
    """What the helpdesk writes. What is no longer wanted is switched off and not deleted."""

    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Topic)
class TopicAdmin(Written):
    list_display = ["name_en", "name_sw", "category", "order", "promised_days", "active"]
    list_filter = ["category", "active"]
    search_fields = ["name_en", "name_sw"]


@admin.register(EnquiryPromise)
class EnquiryPromiseAdmin(Written):
    list_display = ["category", "days"]


@admin.register(CannedAnswer)
class CannedAnswerAdmin(Written):
    list_display = ["title", "category", "topic", "active"]
    list_filter = ["category", "active"]
    list_select_related = ["topic"]
    search_fields = ["title"]
