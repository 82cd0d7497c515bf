"""The appointment letter: handed to those who may see it, and checked by whoever is shown it."""

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn, address_of, is_read
from cp2.limits.services import take
from cp2.rules import Role
from deployments import letters
from deployments.models import Deployment, Letter, LetterStatus


@login_required
@require_safe
def letter(request: SignedIn, pk: int) -> HttpResponseBase:
    """Straight from storage; a page that looks again by itself while it is being printed."""
    if request.user.role == Role.STAFF and not request.user.has_perm("deployments.view_letter"):
        raise Http404
    seen = Deployment.objects.visible_to(request.user).filter(pk=pk)
    rows = Letter.objects.current().select_related("deployment")  # a morning's busiest page
    current = get_object_or_404(rows, deployment=pk, deployment__in=seen)
    file = letters.open_file(current) if current.status == LetterStatus.READY else None
    if file is None:
        return _waiting(request, current)
    fetched = is_read(request) and request.user.role == Role.OFFICER
    if fetched and current.downloaded_at is None:
        letters.note_download(current, by=request.user)
    return FileResponse(
        file,
        as_attachment="view" not in request.GET,
        filename=f"{current.deployment.serial}.pdf",
        content_type="application/pdf",
    )


def _waiting(request: SignedIn, letter: Letter) -> HttpResponse:
    if letter.status == LetterStatus.READY:
        letters.print_anew(letter)
    failed = letter.status == LetterStatus.FAILED
    response = render(request, "deployments/letter_waiting.html", {"failed": failed})
    if not failed:
        response["Refresh"] = "3"
    return response


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code of the letter"),
        max_length=40,
        help_text=_("It stands below the square at the end of the letter."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": _("Enter the code of the letter")},
    )

    def clean_code(self) -> str:
        return letters.as_printed(self.cleaned_data["code"]) or "unknown"


@require_safe
def letter_find(request: HttpRequest) -> HttpResponse:
    """For whoever has the letter but nothing to scan it with."""
    form = CodeForm(request.GET if "code" in request.GET else None)
    if form.is_valid():
        return redirect("deployments:letter_check", code=form.cleaned_data["code"])
    return render(request, "deployments/letter_find.html", {"form": form})


@never_cache
@require_safe
def letter_check(request: HttpRequest, code: str) -> HttpResponse:
    """Says whether a letter is genuine and current, and no more of its holder than initials.

    Guessing is limited; a whole gate's worth of genuine letters is not.
    """
    known = letters.find(code)
    if not known and letters.as_printed(code):
        take(("letter.address", address_of(request)))
    context = {
        "letter": known,
        "verdict": letters.verdict(known) if known else letters.Verdict.UNKNOWN,
        "initials": initials(known.deployment.officer.full_name) if known else "",
    }
    response = render(
        request, "deployments/letter_check.html", context, status=200 if known else 404
    )
    response["X-Robots-Tag"] = "noindex"
    return response


def initials(name: str) -> str:
    return " ".join(f"{word[0].upper()}." for word in name.split())
