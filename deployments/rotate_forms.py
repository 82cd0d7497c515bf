"""What a rotation is of, and the plan that its page carries to and fro."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalogue.models import DutyStation, Exam, Position
from deployments.forms import CancelForm, ChosenField, FromDayField, offer
from deployments.models import Post
from deployments.rotation import MOST_OFFICERS, Place, Plan, Week

MOST_WEEKS = 12
MOST_SEED = 10_000


class ChosenStationsField(forms.ModelMultipleChoiceField[Any]):
    """Those of a cluster, by number; none is all."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages = {
        "invalid_choice": gettext_lazy("Choose among those that the page offers."),
        "invalid_pk_value": gettext_lazy("Choose among those that the page offers."),
    }

    def clean(self, value: Any) -> Any:
        ticked = list(value or [])
        if not all(_is_number(pk) for pk in ticked):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(ticked)


class RotateForm(forms.Form):
    exam = ChosenField(
        queryset=Exam.objects.none(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    position = ChosenField(
        queryset=Position.objects.none(),
        label=gettext_lazy("Position"),
        error_messages={"required": gettext_lazy("Choose the position")},
    )
    from_day = FromDayField(
        label=gettext_lazy("They move first on"),
        help_text=gettext_lazy("Until the day before, each stays where they are."),
    )
    station = ChosenStationsField(
        queryset=DutyStation.objects.none(),
        label=gettext_lazy("Stations of the cluster"),
        required=False,
        help_text=gettext_lazy("Tick none for all."),
    )
    seed = forms.IntegerField(
        min_value=0, max_value=MOST_SEED, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, by: User, exam: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        posts = Post.objects.deployable_by(by).ahead()
        turning = posts.filter(
            Q(exam__terms__position__isnull=False, exam__terms__rotation_days__isnull=False)
        )
        offer(self, "exam", Exam.objects.filter(pk__in=turning.values("exam")))
        positions = Position.objects.filter(terms__rotation_days__isnull=False)
        offer(
            self,
            "position",
            positions.filter(pk__in=turning.values("position")).distinct(),
        )
        stations = DutyStation.objects.filter(sub_county=by.sub_county_id)
        offer(
            self,
            "station",
            stations.filter(
                pk__in=turning.filter(position__in=positions.values("pk")).values("station")
            ),
        )


class PlanForm(CancelForm):
    """A plan as the page wrote it: the deployments that end, then a row of places for each."""

    plan = forms.CharField(max_length=20_000, widget=forms.HiddenInput)

    def written(self, weeks: list[Week]) -> tuple[list[int], Plan]:
        """Of somebody's making, so only its shape is sure: what it says is for the service."""
        deployments, cells = list[int](), list[list[int]]()
        places = list[Place]()
        try:
            for line in self.cleaned_data["plan"].split(";"):
                pk, own, row = line.split(":")
                deployments.append(_whole(pk))
                post, slot = own.split(".")
                places.append(Place(_whole(post), _whole(slot)))
                cells.append([_whole(cell) for cell in row.split(",")])
        except ValueError as error:
            raise ValidationError(_("This plan cannot be read. Draw it again.")) from error
        lengths = {len(row) for row in cells}
        if (
            len(lengths) != 1
            or not 0 < min(lengths) <= len(weeks)
            or len(cells) > MOST_OFFICERS
            or len(set(deployments)) < len(deployments)
            or any(cell >= len(places) for row in cells for cell in row)
        ):
            raise ValidationError(_("This plan cannot be read. Draw it again."))
        return deployments, Plan(weeks[: lengths.pop()], places, cells)


def write(deployments: list[int], plan: Plan) -> str:
    return ";".join(
        f"{pk}:{place.post}.{place.slot}:{','.join(map(str, row))}"
        for pk, place, row in zip(deployments, plan.places, plan.cells, strict=True)
    )


def _is_number(typed: Any) -> bool:
    return str(typed).isascii() and str(typed).isdigit() and len(str(typed)) < 19


def _whole(typed: str) -> int:
    if not _is_number(typed):
        raise ValueError(typed)
    return int(typed)
