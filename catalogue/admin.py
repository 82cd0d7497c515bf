"""Reference data, which headquarters loads and keeps up to date by hand."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalogue.models import (
    Activity,
    Bank,
    BankBranch,
    CentreEntry,
    County,
    DayKind,
    DutyStation,
    Exam,
    ExamDay,
    Level,
    OwnSchool,
    Position,
    PositionTerms,
    Skill,
    SubCounty,
    Subject,
)
from catalogue.papers import PapersField, written


class Kept(admin.ModelAdmin[Any]):
    """Other rows point here, this year's or those of years ago, so nothing is removed."""

    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# Places


@admin.register(County)
class CountyAdmin(Kept):
    list_display = ["code", "name"]
    list_display_links = ["name"]
    search_fields = ["name__istartswith", "code__exact"]
    search_help_text = _("Name or official code")


@admin.register(SubCounty)
class SubCountyAdmin(Kept):
    list_display = ["name", "county"]
    list_filter = ["county"]
    list_select_related = ["county"]
    autocomplete_fields = ["county"]
    search_fields = ["name__istartswith", "county__name__istartswith"]
    search_help_text = _("Sub-county or county")


@admin.register(DutyStation)
class DutyStationAdmin(Kept):
    list_display = ["code", "name", "kind", "level", "sub_county", "county"]
    list_filter = ["kind", "level", "sub_county__county"]
    list_select_related = ["sub_county__county"]
    autocomplete_fields = ["sub_county"]
    search_fields = ["code__startswith", "name__icontains"]
    search_help_text = _("Beginning of the code, or part of the name")

    @admin.display(description=_("county"))
    def county(self, station: DutyStation) -> County:
        return station.sub_county.county


# Exams


class TermsForm(forms.ModelForm[PositionTerms]):
    """Levels and kinds of day are ticked, not typed with commas."""

    school_levels = forms.MultipleChoiceField(
        label=_("School levels that may serve"),
        choices=Level,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: any."),
    )
    at_own_school = forms.ChoiceField(
        label=_("At their own school"), choices=OwnSchool, required=False
    )
    paid_days = forms.MultipleChoiceField(
        label=_("Kinds of day that are paid"),
        choices=DayKind,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = PositionTerms
        fields = [
            "exam",
            "position",
            "station_kind",
            "candidates_per_officer",
            "minimum_per_centre",
            "one_more_above",
            "centres_per_officer",
            "in_hosted_centres",
            "counts_hosted",
            "counted_with",
            "lowest_qualification",
            "years_of_experience",
            "school_levels",
            "tsc_employment_required",
            "vetting_required",
            "at_own_school",
            "oldest",
            "subject_required",
            "training_required",
            "meets_needs",
            "paid_days",
            "daily_rate",
            "days_to_respond",
            "reminder_hours",
            "fills_from_reserve",
            "rotation_days",
            "reports_daily",
        ]


class ExamDayForm(forms.ModelForm[ExamDay]):
    papers = PapersField(
        label=_("Papers"),
        help_text=_("Those that are sat on this day. Empty: every centre works."),
    )


class DayInline(admin.TabularInline[ExamDay, Exam]):
    """A day is taken away on its own page, which asks what rests on it."""

    model = ExamDay
    can_delete = False
    form = ExamDayForm
    fields = ["day", "kind", "papers"]
    extra = 0


class TermsInline(admin.TabularInline[PositionTerms, Exam]):
    """The figures that change most; the rest is behind each row's link."""

    model = PositionTerms
    fk_name = "exam"
    fields = ["position", "candidates_per_officer", "minimum_per_centre", "daily_rate"]
    show_change_link = True
    extra = 0


@admin.register(Exam)
class ExamAdmin(Kept):
    list_display = [
        "name",
        "year",
        "code",
        "abbreviation",
        "rehearsal_on",
        "starts_on",
        "ends_on",
        "registers_due_at",
    ]
    list_filter = ["year", "abbreviation"]
    search_fields = ["name__icontains", "abbreviation__iexact", "year__exact"]
    search_help_text = _("Name, abbreviation or year")
    inlines = [DayInline, TermsInline]


@admin.register(ExamDay)
class ExamDayAdmin(admin.ModelAdmin[ExamDay]):
    change_list_template = "attendance/admin_sittings_list.html"
    form = ExamDayForm
    list_display = ["day", "kind", "exam", "papers_sat"]
    list_filter = ["exam", "kind"]
    list_select_related = ["exam"]
    list_per_page = 50
    autocomplete_fields = ["exam"]

    @admin.display(description=_("papers"))
    def papers_sat(self, day: ExamDay) -> str:
        return written(day.papers)


@admin.register(PositionTerms)
class PositionTermsAdmin(Kept):
    form = TermsForm
    list_display = [
        "position",
        "exam",
        "candidates_per_officer",
        "minimum_per_centre",
        "lowest_qualification",
        "daily_rate",
        "days_to_respond",
    ]
    list_filter = ["exam", "station_kind"]
    list_select_related = ["exam", "position"]
    autocomplete_fields = ["exam", "position", "counted_with"]
    search_fields = ["position__name__istartswith", "position__code__iexact"]
    search_help_text = _("Position")


class EntryForm(forms.ModelForm[CentreEntry]):
    needs = forms.MultipleChoiceField(
        label=_("What candidates need"),
        choices=Skill,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("One of those who invigilate here must have each of these."),
    )
    papers = PapersField(
        label=_("Papers"),
        help_text=_(
            "Those that candidates sit here; the centre works on their days and at rehearsals. "
            "Empty: on every day of the exam."
        ),
    )


@admin.register(CentreEntry)
class CentreEntryAdmin(Kept):
    change_list_template = "attendance/admin_sittings_list.html"
    form = EntryForm
    list_display = [
        "station",
        "exam",
        "candidates",
        "sub_county",
        "distribution_centre",
        "host",
        "distance_km",
        "papers_sat",
    ]
    list_filter = ["exam", "station__sub_county__county"]
    list_select_related = ["exam", "station__sub_county", "distribution_centre", "host"]
    autocomplete_fields = ["exam", "station", "distribution_centre", "host"]
    # the centre itself gives its distance
    readonly_fields = ["distance_km", "distance_given_at"]
    search_fields = ["station__code__startswith", "station__name__icontains"]
    search_help_text = _("Beginning of the centre's code, or part of its name")
    ordering = ["pk"]  # by station, all of them would be sorted for one page

    @admin.display(description=_("sub-county"))
    def sub_county(self, entry: CentreEntry) -> SubCounty:
        return entry.station.sub_county

    @admin.display(description=_("papers"))
    def papers_sat(self, entry: CentreEntry) -> str:
        return written(entry.papers)


@admin.register(Activity)
class ActivityAdmin(Kept):
    list_display = ["name"]
    search_fields = ["name__icontains"]


@admin.register(Subject)
class SubjectAdmin(Kept):
    list_display = ["name", "code"]
    search_fields = ["name__istartswith", "code__exact"]
    search_help_text = _("Name, or the number of its papers")

    def get_readonly_fields(self, request: HttpRequest, obj: Subject | None = None) -> list[str]:
        """Officers and papers go by the number."""
        return ["code"] if obj else []


@admin.register(Position)
class PositionAdmin(Kept):
    list_display = ["name", "code", "rank", "deployed_by", "paper"]
    list_filter = ["deployed_by", ("subject", admin.RelatedOnlyFieldListFilter)]
    autocomplete_fields = ["subject"]
    search_fields = ["name__istartswith", "code__iexact"]


# Banks


class BranchInline(admin.TabularInline[BankBranch, Bank]):
    model = BankBranch
    fields = ["code", "name"]
    extra = 0


@admin.register(Bank)
class BankAdmin(Kept):
    list_display = ["name", "code"]
    search_fields = ["name__icontains", "code__exact"]
    inlines = [BranchInline]


@admin.register(BankBranch)
class BankBranchAdmin(Kept):
    list_display = ["name", "code", "bank"]
    list_filter = ["bank"]
    list_select_related = ["bank"]
    autocomplete_fields = ["bank"]
    search_fields = ["name__icontains", "code__exact", "bank__name__icontains"]
