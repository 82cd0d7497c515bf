"""Papers that officers send: copies of the ID card, and the one road by which any file leaves."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn, is_read
from profiles import looks, papers
from profiles.forms import CopyForm
from profiles.models import SIDES, Paper, PaperKind, PaperQuerySet
from profiles.views import copies_of_id, done, mine, removed, show, typed


@login_required
@require_safe
def copies(request: SignedIn) -> HttpResponse:
    sides = copies_of_id(mine(request), request.user)
    return render(request, "profiles/papers.html", {"sides": sides})


@login_required
def send_copy(request: SignedIn, kind: PaperKind) -> HttpResponse:
    officer = mine(request)
    earlier = officer.papers.filter(kind=kind).first()
    form = typed(request, CopyForm, {})
    if done(form, papers.save_copy, officer, kind=kind, by=request.user):
        messages.success(request, _("Your file is saved."))
        return redirect("profiles:papers")
    return show(request, "profiles/send_copy.html", form, side=kind.label, earlier=earlier)


@login_required
def delete_paper(request: SignedIn, pk: int) -> HttpResponse:
    copies = Paper.objects.copies_of_id().select_related("officer")
    paper = get_object_or_404(copies, pk=pk, officer__user=request.user)
    if request.method == "POST":
        said = _("The file is removed.")
        return removed(request, papers.remove_copy, paper, said, back="profiles:papers")
    return render(request, "profiles/delete_paper.html", {"paper": paper})


@login_required
@require_safe
def paper(request: SignedIn, pk: int) -> HttpResponseBase:
    return _handed_out(request, Paper.objects.open_to(request.user).filter(pk=pk))


@login_required
@require_safe
def certificate(request: SignedIn, pk: int) -> HttpResponseBase:
    """By its qualification, whichever file that has now."""
    return _handed_out(request, Paper.objects.open_to(request.user).filter(qualification=pk))


def _handed_out(request: SignedIn, papers: PaperQuerySet) -> HttpResponseBase:
    """The file itself, to be saved: what a stranger sent is never shown inside the portal."""
    paper = get_object_or_404(papers.select_related("officer"))
    if is_read(request) and paper.officer.user_id != request.user.pk:
        card = paper.kind in SIDES and request.user.is_staff
        if card and not looks.said_why(paper.officer, by=request.user):
            messages.warning(request, _("Say here why you need to see this, then open the file."))
            return redirect("admin:profiles_officer_change", paper.officer_id)
        looks.note_paper(paper.officer, by=request.user)
    try:
        file = paper.file.open()
    except FileNotFoundError as gone:
        raise Http404 from gone
    response = FileResponse(file, as_attachment=True, filename=paper.name, content_type=paper.type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
