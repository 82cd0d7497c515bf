"""What is asked about a run: to start one, to look through it, to change a pair."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalogue.models import County, Exam, SubCounty
from deployments.forms import ChosenField, offer
from deployments.models import Post, PostQuerySet, ProposalStatus, Spill, UnplacedBecause, Whose
from profiles.fields import LineField, WholeNumberField
from profiles.models import Officer


def _ahead(posts: PostQuerySet) -> Any:
    """Exams that are not over, for which there are posts to fill."""
    return Exam.objects.filter(ends_on__gte=timezone.localdate(), pk__in=posts.values("exam"))


class StartForm(forms.Form):
    """A director's, for the own office in the own sub-county. It has no seed: see `runs.start`."""

    exam = ChosenField(
        queryset=Exam.objects.none(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "exam", _ahead(Post.objects.deployable_by(by)))


class AnyStartForm(StartForm):
    """Headquarters': any scope, any positions."""

    sub_county = ChosenField(
        queryset=SubCounty.objects.select_related("county"),
        required=False,
        label=gettext_lazy("Sub-county"),
        help_text=gettext_lazy("Leave both empty for the nation."),
    )
    county = ChosenField(
        queryset=County.objects.all(), required=False, label=gettext_lazy("County")
    )
    whose = forms.ChoiceField(choices=Whose, label=gettext_lazy("Positions"), initial=Whose.ALL)
    spill = forms.ChoiceField(
        choices=Spill,
        label=gettext_lazy("Second round"),
        help_text=gettext_lazy(
            "Officers without a place in their sub-county, for places that others could not fill."
        ),
    )
    seed = WholeNumberField(
        required=False,
        min_value=0,
        max_value=2_000_000_000,
        label=gettext_lazy("Seed"),
        help_text=gettext_lazy("Empty: the exam's own. The same seed draws the same."),
    )

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if typed.get("sub_county") and typed.get("county"):
            self.add_error("county", gettext_lazy("Choose a sub-county or a county, not both."))
        return typed


class LookForm(forms.Form):
    """How the pairs of a proposal are listed."""

    q = LineField(
        required=False, max_length=60, label=gettext_lazy("Officer or station: name, ID or code")
    )
    show = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Which"),
        choices=[
            ("", gettext_lazy("All that stand")),
            *ProposalStatus.choices,
            ("hand", gettext_lazy("Put in by hand")),
            ("across", gettext_lazy("From another sub-county")),
        ],
    )
    sort = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Sorted"),
        choices=[
            ("", gettext_lazy("By station")),
            ("far", gettext_lazy("The longest way first")),
            ("standing", gettext_lazy("The most standing first")),
            ("least", gettext_lazy("The least standing first")),
            ("name", gettext_lazy("By name")),
        ],
    )


class UnplacedForm(forms.Form):
    q = LineField(required=False, max_length=60, label=gettext_lazy("Name, ID or reference"))
    why = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Why"),
        choices=[("", gettext_lazy("Any reason")), *UnplacedBecause.choices],
    )


class RemoveForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("It is kept with the proposal; auditors read it."),
        error_messages={"required": gettext_lazy("Enter the reason")},
    )


class PutInForm(RemoveForm):
    officer = ChosenField(
        queryset=Officer.objects.none(),
        label=gettext_lazy("New officer"),
        help_text=gettext_lazy("Applicants without a place, or those you searched for."),
        error_messages={"required": gettext_lazy("Choose the new officer")},
    )
    field_order = ["officer", "reason"]


class ExchangeForm(RemoveForm):
    other = ChosenField(
        queryset=Officer.objects.none(),
        label=gettext_lazy("With whom"),
        error_messages={"required": gettext_lazy("Choose with whom")},
    )
    field_order = ["other", "reason"]
