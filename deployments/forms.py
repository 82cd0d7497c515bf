from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalogue.models import DutyStation
from deployments.candidates import reachable
from deployments.models import Deployment, DeploymentQuerySet, Post
from profiles.fields import LineField
from profiles.models import Officer
from vacancies.models import Application


class FromDayField(forms.DateField):
    """A day as the phone's calendar gives it, or typed day first."""

    default_error_messages = {
        "required": gettext_lazy("Enter the first day"),
        "invalid": gettext_lazy("Enter a day that exists, such as 31/10/2025."),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        formats = ["%Y-%m-%d", "%d/%m/%Y"]
        super().__init__(**{"widget": widget, "input_formats": formats, **kwargs})

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and not value.isascii():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class ChosenField(forms.ModelChoiceField[Any]):
    """One row, by the number that the page offered. What else is typed there is no choice."""

    default_error_messages = {
        "invalid_choice": gettext_lazy("Choose one of those that the page offers."),
    }

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value and not (value.isascii() and value.isdigit()):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)


class ChosenSeveralField(forms.ModelMultipleChoiceField[Any]):
    """Rows that were ticked on a page, so no more than a page has."""

    most = 25
    default_error_messages = {
        "invalid_choice": gettext_lazy("Choose among those that the page offers."),
        "invalid_pk_value": gettext_lazy("Choose among those that the page offers."),
    }

    def clean(self, value: Any) -> Any:
        ticked = list(value or [])
        if len(ticked) > self.most or not all(
            str(pk).isascii() and str(pk).isdigit() and len(str(pk)) < 19 for pk in ticked
        ):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(ticked)


def offer(
    form: forms.Form,
    name: str,
    rows: QuerySet[Any],
    shown: Iterable[tuple[int, str]] | None = None,
) -> None:
    """What may be chosen, which depends on who asks; a drop-down may show but a few of it."""
    field = cast("forms.ModelChoiceField[Any]", form.fields[name])
    field.queryset = rows
    if shown is not None:
        field.widget.choices = [("", "---------"), *shown]


class FromLinkForm(forms.Form):
    """What a link to a change has filled in already; a search on the way carries it along."""

    from_day = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)
    reason = LineField(required=False, max_length=300, widget=forms.HiddenInput)

    @property
    def given(self) -> dict[str, Any]:
        """What of it makes sense."""
        data = self.cleaned_data if self.is_valid() else {}
        with suppress(ValueError):
            return {"from_day": date.fromisoformat(data.get("from_day", "")), **_said(data)}
        return _said(data)


def _said(data: dict[str, Any]) -> dict[str, str]:
    return {"reason": data["reason"]} if data.get("reason") else {}


class RejectForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why you cannot serve"),
        max_length=300,
        help_text=gettext_lazy("Your sub-county director reads this."),
        error_messages={"required": gettext_lazy("Enter the reason")},
    )


class SeenForm(forms.Form):
    """Carries what its page showed, so that it changes nothing that is other by now."""

    seen = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def show_anew(self, seen: str) -> None:
        """What was typed stays; what was seen is what stands now."""
        self.data = {**self.data.dict(), "seen": seen}  # type: ignore[attr-defined]  # as posted


class CancelForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("The officer is told this."),
        error_messages={"required": gettext_lazy("Enter the reason")},
    )


class CallOffForm(SeenForm, CancelForm):
    """Of one officer, whose page was looked at."""


class ChangeForm(CancelForm):
    """What every change of a running deployment asks."""

    from_day = FromDayField(
        label=gettext_lazy("From which day"),
        help_text=gettext_lazy("Today or later. Days before it stay as they were worked."),
    )


class RedeployForm(SeenForm, ChangeForm):
    station = ChosenField(
        queryset=DutyStation.objects.none(),
        label=gettext_lazy("New duty station"),
        help_text=gettext_lazy("Stations of your sub-county that are entitled to this position."),
        error_messages={"required": gettext_lazy("Choose the new duty station")},
    )
    field_order = ["station", "from_day", "reason"]

    def __init__(self, *args: Any, deployment: Deployment, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        post = deployment.post
        entitled = Post.objects.deployable_by(by).filter(exam=post.exam, position=post.position)
        others = entitled.exclude(pk=post.pk).values("station")
        offer(self, "station", DutyStation.objects.filter(pk__in=others))


class ReplaceForm(SeenForm, ChangeForm):
    officer = ChosenField(
        queryset=Officer.objects.none(),
        label=gettext_lazy("New officer"),
        help_text=gettext_lazy("Applicants for this position, or those you searched for."),
        error_messages={"required": gettext_lazy("Choose the new officer")},
    )
    field_order = ["officer", "from_day", "reason"]

    def __init__(self, *args: Any, by: User, offered: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "officer", reachable(by), offered)


class SwapForm(ChangeForm):
    first = ChosenField(
        queryset=Deployment.objects.none(),
        label=gettext_lazy("First officer"),
        error_messages={"required": gettext_lazy("Choose the first officer")},
    )
    second = ChosenField(
        queryset=Deployment.objects.none(),
        label=gettext_lazy("Second officer"),
        help_text=gettext_lazy("Of the same exam and the same position, at another station."),
        error_messages={"required": gettext_lazy("Choose the second officer")},
    )
    field_order = ["first", "second", "from_day", "reason"]

    def __init__(
        self,
        *args: Any,
        among: DeploymentQuerySet,
        first: Deployment | None,
        offered: Iterable[Deployment],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        shown = [
            (row.pk, f"{row.officer} – {row.post.position}, {row.post.station}") for row in offered
        ]
        known = [(first.pk, f"{first.officer} – {first.post.station}")] if first else shown
        offer(self, "first", among, known)
        offer(self, "second", among, shown)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("first") and data.get("first") == data.get("second"):
            self.add_error("second", _("Choose two different officers."))
        return data


class DeployForm(forms.Form):
    """Whom the director ticked: applications, or officers without one."""

    application = ChosenSeveralField(queryset=Application.objects.none(), required=False)
    officer = ChosenSeveralField(queryset=Officer.objects.none(), required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        applications = Application.objects.visible_to(by).select_related("officer")
        offer(self, "application", applications)
        offer(self, "officer", reachable(by))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not (data["application"] or data["officer"]):
            raise ValidationError(_("Tick at least one officer."))
        return data


class FillForm(forms.Form):
    """The one whose button was pressed, by the application that the reserve list showed."""

    application = ChosenField(
        queryset=Application.objects.none(),
        error_messages={"required": gettext_lazy("Choose one of those that the page offers.")},
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "application", Application.objects.visible_to(by))


class SearchForm(forms.Form):
    q = LineField(
        label=gettext_lazy("Name, ID number, TSC number or phone"),
        max_length=100,
        required=False,
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "class": "form-control"}
        ),
    )
