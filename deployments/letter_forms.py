"""What is typed about letters: headquarters' words for them, and what is to be put together."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalogue.models import DutyStation, Exam, Position, SubCounty
from cp2.rules import Role
from deployments import letter_fields, letter_texts
from deployments.forms import ChosenField, offer
from deployments.letter_editing import Start
from deployments.models import LetterText, Post
from profiles.fields import LineField, ProseField

MOST_PARAGRAPHS = 20
MOST_LINES = 60
WIDE = forms.TextInput(attrs={"size": 90})


def check_fields(text: str) -> str:
    if said := list(letter_fields.faults(text)):
        raise ValidationError(said)
    return text


class FilledLine(LineField):
    """One line that may name fields."""

    def check(self, text: str) -> str:
        return check_fields(text)


class FilledProse(ProseField):
    """Some lines that may name fields."""

    def clean(self, value: Any) -> str:
        return check_fields(super().clean(value))


class ParagraphsField(FilledProse):
    """Typed as on paper, with an empty line between paragraphs; kept as a list."""

    def prepare_value(self, value: Any) -> Any:
        return letter_texts.typed(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        paragraphs = letter_texts.read(super().clean(value))
        if len(paragraphs) > MOST_PARAGRAPHS:
            raise ValidationError(
                _("Write at most %(most)d paragraphs.") % {"most": MOST_PARAGRAPHS}
            )
        for number, paragraph in enumerate(paragraphs, 1):
            lead, lines = letter_texts.parted(paragraph)
            if not lead:
                raise ValidationError(
                    _(
                        "Paragraph %(number)d begins with a hyphen. Begin it with words that its "
                        "numbered lines follow."
                    )
                    % {"number": number}
                )
            if len(lines) > MOST_LINES:
                raise ValidationError(
                    _("Paragraph %(number)d has more than %(most)d numbered lines.")
                    % {"number": number, "most": MOST_LINES}
                )
        return paragraphs


class BeginTextForm(forms.Form):
    exam = ChosenField(
        queryset=Exam.objects.all(),
        label=gettext_lazy("Exam"),
        required=False,
        empty_label=gettext_lazy("Every exam without words of its own"),
    )
    position = ChosenField(
        queryset=Position.objects.all(),
        label=gettext_lazy("Position"),
        error_messages={"required": gettext_lazy("Choose the position")},
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    start = forms.ChoiceField(label=gettext_lazy("Start from"), choices=Start, initial=Start.OWN)


class WriteTextForm(forms.ModelForm[LetterText]):
    series = FilledLine(
        label=gettext_lazy("Reference"),
        widget=WIDE,
        max_length=120,
        required=False,
        help_text=gettext_lazy("Empty: the series of this kind of letter."),
    )
    subject = FilledLine(
        label=gettext_lazy("Subject"),
        widget=WIDE,
        max_length=300,
        error_messages={"required": gettext_lazy("Enter the subject")},
    )
    paragraphs = ParagraphsField(
        label=gettext_lazy("Numbered paragraphs"),
        max_length=12_000,
        widget=forms.Textarea(attrs={"rows": 30, "cols": 90}),
        help_text=gettext_lazy(
            "Leave an empty line between paragraphs: they are numbered 1.0, 2.0 and so on. A line "
            "that begins with a hyphen and a space is numbered below its paragraph: 4.1, 4.2."
        ),
        error_messages={"required": gettext_lazy("Enter at least one paragraph")},
    )
    closing = FilledProse(
        label=gettext_lazy("Last paragraph"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 90}),
        help_text=gettext_lazy("Not numbered; it stands above the signature."),
        error_messages={"required": gettext_lazy("Enter the last paragraph")},
    )

    class Meta:
        model = LetterText
        fields = ["series", "subject", "paragraphs", "closing"]


class PackForm(forms.Form):
    """Whose letters are to be put together. A director's own sub-county goes without saying."""

    exam = ChosenField(
        queryset=Exam.objects.none(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    station = LineField(
        label=gettext_lazy("Code of the duty station"),
        max_length=12,
        required=False,
        help_text=gettext_lazy("Empty: all stations of the sub-county."),
    )
    position = ChosenField(
        queryset=Position.objects.none(),
        label=gettext_lazy("Position"),
        required=False,
        empty_label=gettext_lazy("All positions"),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        offer(self, "exam", Exam.objects.all())
        offer(self, "position", Position.objects.all())
        if by.role == Role.CENTRE:
            del self.fields["exam"], self.fields["station"]
        elif by.role == Role.DIRECTOR:
            here = Q(station__sub_county=by.sub_county_id)
            posts = Post.objects.filter(here).order_by().values("exam")
            offer(self, "exam", Exam.objects.filter(pk__in=posts))

    def clean_station(self) -> DutyStation | None:
        code = self.cleaned_data["station"].upper()
        if not code:
            return None
        stations = DutyStation.objects.all()
        if self.by.role == Role.DIRECTOR:
            stations = stations.filter(sub_county=self.by.sub_county_id)
        found = stations.filter(code=code).first()
        if found is None:
            raise ValidationError(_("There is no duty station with this code here."))
        return found


class AnyPackForm(PackForm):
    """Headquarters may ask for any centre's or sub-county's."""

    sub_county = ChosenField(
        queryset=SubCounty.objects.select_related("county"),
        label=gettext_lazy("Sub-county"),
        required=False,
    )
    field_order = ["exam", "sub_county", "station", "position"]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if not self.errors and bool(typed["station"]) == bool(typed["sub_county"]):
            self.add_error("sub_county", _("Choose a sub-county, or enter a station's code."))
        return typed
