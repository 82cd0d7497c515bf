from typing import Any, cast

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.requests import actor
from cp2.runs.kinds import AT_ONCE, STATES, Source, State, lines, sources_of


class NarrowForm(forms.Form):
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    source = forms.ChoiceField(label=gettext_lazy("What for"), required=False)
    mine = forms.BooleanField(label=gettext_lazy("Only what I started"), required=False)

    def __init__(self, *args: Any, sources: list[Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = ("", _("Everything"))
        cast(forms.ChoiceField, self.fields["state"]).choices = [every, *STATES.items()]
        cast(forms.ChoiceField, self.fields["source"]).choices = [
            every,
            *((source.name, source.label) for source in sources),
        ]


def runs(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """What is at work, what failed, and what came of the rest, wherever it was started."""
    user = actor(request)
    sources = sources_of(user)
    if not sources:
        raise PermissionDenied
    form = NarrowForm(request.GET, sources=sources)
    asked = form.cleaned_data if form.is_valid() else {}
    found = lines(
        user,
        state=State(asked["state"]) if asked.get("state") else None,
        source=asked.get("source", ""),
        mine=asked.get("mine", False),
    )
    groups = [
        (state, STATES[state], [line for line in found if line.state == state]) for state in State
    ]
    context = {
        **site.each_context(request),
        "title": _("Runs"),
        "form": form,
        "groups": [group for group in groups if group[2]],
        "sources": sources,
        "at_once": AT_ONCE,
    }
    response = TemplateResponse(request, "runs/runs.html", context)
    if any(line.state == State.WORKING for line in found):
        response["Refresh"] = "5"
    return response
