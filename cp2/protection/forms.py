from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cp2.protection.models import DataRequest, Field, Objection, RequestKind
from cp2.protection.services import DONE_FOR
from profiles.fields import LineField, ProseField
from sms.phones import is_mobile, mobile


class AskForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("What do you ask?"),
        choices=RequestKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what you ask")},
    )
    text = ProseField(
        label=gettext_lazy("In your words"),
        max_length=1000,
        help_text=gettext_lazy("What is wrong, or what you object to, and why."),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Say in your words what you ask")},
    )


class WriteDownForm(AskForm):
    """For what came on paper or over the counter."""

    person = LineField(
        label=gettext_lazy("Whose data"),
        max_length=40,
        help_text=gettext_lazy("Their phone number or their ID number, in full."),
        error_messages={"required": gettext_lazy("Enter a number of the person")},
    )
    field_order = ["person", "kind", "text"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subject: User | None = None
        self.fields["kind"].label = _("What do they ask?")
        self.fields["text"].label = _("In their words")

    def clean_person(self) -> str:
        typed: str = self.cleaned_data["person"]
        number = typed.replace(" ", "")
        phone = mobile(typed) if is_mobile(typed) else ""
        by_number = Q(officer__national_id=number) | Q(phone=phone)
        self.subject = User.objects.filter(by_number).first()
        if self.subject is None:
            raise forms.ValidationError(_("Nobody has this number."))
        return typed


class DecideForm(forms.Form):
    granted = forms.TypedChoiceField(
        label=gettext_lazy("Decision"),
        choices=[("yes", gettext_lazy("Granted")), ("no", gettext_lazy("Refused"))],
        coerce=lambda said: said == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a decision")},
    )
    answer = ProseField(
        label=gettext_lazy("Answer"),
        max_length=1000,
        help_text=gettext_lazy("The person reads it. A refusal names the law that it rests on."),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Write an answer")},
    )
    done = forms.ChoiceField(
        label=gettext_lazy("Do at once"), required=False, choices=Objection.choices
    )

    def __init__(self, *args: Any, request: DataRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = DONE_FOR.get(RequestKind(request.kind))
        if offered is None:
            del self.fields["done"]
        else:
            cast(forms.ChoiceField, self.fields["done"]).choices = [
                (each.value, each.label) for each in offered
            ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("done") and cleaned.get("granted") is False:
            self.add_error("done", _("Nothing is done about what is refused."))
        return cleaned


class CloseForm(forms.Form):
    note = ProseField(
        label=gettext_lazy("What was done"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Write what was done")},
    )


class FieldsField(forms.MultipleChoiceField):
    """Which data a breach may have shown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=Field.choices,
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": gettext_lazy("Tick which data it may have shown")},
            **kwargs,
        )
