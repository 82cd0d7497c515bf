"""Headquarters opens the vacancies of a whole exam: chosen, counted, confirmed."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.requests import actor
from catalogue.models import Activity, Exam, StationKind
from deployments import vacancies
from deployments.models import Post
from vacancies.admin_forms import MomentField, sensible_window
from vacancies.models import Vacancy

MAY = ["vacancies.add_vacancy", "vacancies.change_vacancy"]
WORDS = {
    StationKind.EXAMINATION_CENTRE: "supervision",
    StationKind.DISTRIBUTION_CENTRE: "distribution",
    StationKind.MARKING_CENTRE: "marking",
}


class ExamForm(forms.Form):
    exam = forms.ModelChoiceField(
        Exam.objects.all(),
        label=_("Exam"),
        error_messages={"required": _("Choose the exam")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ahead = Exam.objects.filter(ends_on__gte=timezone.localdate(), posts__isnull=False)
        cast(forms.ModelChoiceField[Exam], self.fields["exam"]).queryset = ahead.distinct()


class OpenForm(ExamForm):
    """Which positions of an exam, what the work is called at each kind of station, and when."""

    positions = forms.MultipleChoiceField(
        label=_("Positions"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one position")},
    )
    opens_at = MomentField(label=_("Opens"))
    closes_at = MomentField(label=_("Deadline"))
    also_by_hand = forms.BooleanField(
        label=_("Also count those again whose number was typed, with a reason"), required=False
    )

    def __init__(self, *args: Any, exam: Exam, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exam"].widget = forms.HiddenInput()
        kinds = (
            Post.objects.filter(exam=exam, required__gt=0)
            .order_by("position__rank")
            .values_list("position", "position__name", "station__kind")
            .distinct()
        )
        rows = list(kinds)
        self.names = {str(pk): name for pk, name, _kind in rows}
        positions = cast(forms.MultipleChoiceField, self.fields["positions"])
        positions.choices = list(self.names.items())
        positions.initial = list(self.names)
        opens_at, closes_at = sensible_window(exam)
        self.fields["opens_at"].initial = opens_at
        self.fields["closes_at"].initial = closes_at
        self.kinds = [kind for kind in StationKind if any(kind == each for _p, _n, each in rows)]
        for kind in self.kinds:
            self.fields[f"activity_{kind}"] = forms.ModelChoiceField(
                Activity.objects.all(),
                label=_("Activity at: %(kind)s") % {"kind": kind.label},
                initial=usual_activity(kind),
                empty_label=None,
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        opens_at, closes_at = cleaned.get("opens_at"), cleaned.get("closes_at")
        if closes_at and closes_at <= timezone.now():
            self.add_error("closes_at", gettext("Choose a deadline that is still to come"))
        elif opens_at and closes_at and closes_at <= opens_at:
            self.add_error(
                "closes_at", gettext("The deadline must come after the day on which it opens.")
            )
        return cleaned

    def opening(self) -> vacancies.Opening:
        typed = self.cleaned_data
        return vacancies.Opening(
            exam=typed["exam"],
            positions=[int(each) for each in typed["positions"]],
            activities={str(kind): typed[f"activity_{kind}"].pk for kind in self.kinds},
            opens_at=typed["opens_at"],
            closes_at=typed["closes_at"],
            also_by_hand=typed["also_by_hand"],
        )


def usual_activity(kind: StationKind) -> Activity | None:
    """What it was called the last time, or else by its name."""
    last = Vacancy.objects.filter(station_kind=kind).order_by("-pk").select_related("activity")
    if vacancy := last.first():
        return vacancy.activity
    return Activity.objects.filter(name__icontains=WORDS[kind]).first()


def open_vacancies(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """All by GET until it is confirmed: what was chosen stands in the address, and counting
    changes nothing."""
    if not request.user.has_perms(MAY):
        raise PermissionDenied
    asked = ExamForm(request.GET or None)
    if not asked.is_valid():
        return _page(request, site, form=asked, step="exam")
    chosen = "positions" in request.GET or "opens_at_0" in request.GET
    initial = {"exam": asked.cleaned_data["exam"]}
    form = OpenForm(
        request.GET if chosen else None, exam=asked.cleaned_data["exam"], initial=initial
    )
    if not form.is_valid():
        return _page(request, site, form=form, step="choose")
    if request.method == "POST":
        opened, changed = vacancies.open_all(form.opening(), by=actor(request))
        said = gettext("%(opened)d vacancies opened, %(changed)d brought up to date.")
        messages.success(request, said % {"opened": opened, "changed": changed})
        exam = asked.cleaned_data["exam"]
        url = reverse("admin:vacancies_vacancy_changelist")
        return redirect(f"{url}?exam__id__exact={exam.pk}")
    return _page(request, site, form=form, step="confirm", **_counted(form))


def _counted(form: OpenForm) -> dict[str, Any]:
    names = form.names
    lines = [
        (names[str(line.position)], StationKind(line.station_kind).label, line)
        for line in vacancies.preview(form.opening())
    ]
    counts = ["places", "fresh", "changed", "same", "by_hand", "elsewhere"]
    totals = {name: sum(getattr(line, name) for *_names, line in lines) for name in counts}
    return {"lines": lines, "totals": totals, "writes": totals["fresh"] + totals["changed"]}


def _page(request: HttpRequest, site: AdminSite, **context: Any) -> TemplateResponse:
    context = {
        **site.each_context(request),
        "title": _("Open vacancies"),
        "opts": Vacancy._meta,
        **context,
    }
    return TemplateResponse(request, "deployments/admin_open.html", context)
