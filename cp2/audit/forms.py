from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Entry, User
from cp2.audit.searching import MOST_PEOPLE, Asked, choices_of_kinds, owner, people

BIG = 2**63 - 1


class MomentField(forms.DateTimeField):
    """As the browser's own widget writes it, or as people do."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, required=False, **kwargs)


class TrailForm(forms.Form):
    """All that is asked narrows what is found. One of several people is chosen from a list."""

    who = forms.CharField(
        label=gettext_lazy("Who did it"),
        help_text=gettext_lazy("How a name begins, a phone number or a user name."),
        max_length=120,
        required=False,
    )
    about = forms.CharField(
        label=gettext_lazy("About which officer"),
        help_text=gettext_lazy("Phone or ID number, in full: finds what was done to any row."),
        max_length=20,
        required=False,
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind of thing"), required=False)
    number = forms.IntegerField(
        label=gettext_lazy("Its number"), min_value=1, max_value=BIG, required=False
    )
    verb = forms.ChoiceField(label=gettext_lazy("What was done"), required=False)
    since = MomentField(label=gettext_lazy("From"))
    until = MomentField(label=gettext_lazy("To"))
    actor = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=BIG, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = ("", _("Everything"))
        self.candidates: list[User] = []
        self.person: User | None = None
        self.officer: User | None = None
        cast(forms.ChoiceField, self.fields["kind"]).choices = [every, *choices_of_kinds()]
        verbs = [(verb, verb) for verb in Entry.objects.verbs()]
        cast(forms.ChoiceField, self.fields["verb"]).choices = [every, *verbs]

    def clean_about(self) -> str:
        typed: str = self.cleaned_data["about"].strip()
        if typed:
            self.officer = owner(typed)
            if self.officer is None:
                raise forms.ValidationError(_("No officer has this number. Write it in full."))
        return typed

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        narrow = ("number", "verb", "who", "actor", "about")  # each with an index that finds it
        if typed.get("kind") and not any(typed.get(name) for name in narrow):
            said = _("Enter the number as well, or say who did it or what was done.")
            self.add_error("number", said)
        since, until = typed.get("since"), typed.get("until")
        if since and until and until < since:
            self.add_error("until", _("This is before the time that it is to begin at."))
        self._find_person(typed)
        return typed

    def _find_person(self, typed: dict[str, Any]) -> None:
        who = typed.get("who", "").strip()
        if typed.get("actor"):
            self.person = User.objects.filter(pk=typed["actor"]).first()
            if self.person is None:
                self.add_error("who", _("There is no such account."))
        elif who:
            found = people(who)
            if not found:
                self.add_error("who", _("Nobody is called so or has this number."))
            elif len(found) == 1:
                self.person = found[0]
            else:
                self.candidates = found[:MOST_PEOPLE]

    @property
    def asked(self) -> Asked:
        typed = self.cleaned_data
        return Asked(
            actor=self.person.pk if self.person else None,
            about=self.officer.pk if self.officer else None,
            kind=typed["kind"],
            number=typed["number"],
            verb=typed["verb"],
            since=typed["since"],
            until=typed["until"],
        )
