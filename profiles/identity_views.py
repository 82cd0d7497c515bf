"""Officers of a director's sub-county whom a register knows otherwise, or not at all."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn, is_read
from profiles import identity, looks, services
from profiles.models import RegisterCheck, RegisterCheckQuerySet
from profiles.register_forms import AcceptForm, IdentityForm
from profiles.views import PER_PAGE, done, in_area, show


def _in_area(request: SignedIn) -> RegisterCheckQuerySet:
    checks = RegisterCheck.objects.differing().filter(officer__in=in_area(request))
    return checks.select_related("officer__user", "accepted_by")


def matching(
    checks: RegisterCheckQuerySet, *, register: str, outcome: str, field: str, seen: str
) -> RegisterCheckQuerySet:
    wanted = {"register": register, "outcome": outcome}
    checks = checks.filter(**{name: value for name, value in wanted.items() if value})
    if field:
        checks = checks.filter(fields__contains=[field])
    if seen == "all":
        return checks
    return checks.filter(accepted_by__isnull=not seen)


@login_required
@require_safe
def area_identity(request: SignedIn) -> HttpResponse:
    checks = _in_area(request).order_by("officer__full_name", "officer", "register")
    form = IdentityForm(request.GET)
    found = matching(checks, **form.cleaned_data) if form.is_valid() else checks.none()
    context = {
        "form": form,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "searched": any(form.cleaned_data.values()),
    }
    return render(request, "profiles/area_identity.html", context)


@login_required
def accept_identity(request: SignedIn, pk: int) -> HttpResponse:
    """For the office that vets: it says that it is the same person after all."""
    check = get_object_or_404(_in_area(request), pk=pk)
    if not services.may_vet(check.officer, request.user):
        raise Http404
    form = AcceptForm(request.POST if request.method == "POST" else None)
    if done(form, identity.accept, check, by=request.user):
        said = _("Noted: %(name)s is the same person.")
        messages.success(request, said % {"name": check.officer.full_name})
        return redirect("profiles:area_officer", check.officer_id)
    if is_read(request):
        looks.note_paper(check.officer, by=request.user)
    beside = identity.side_by_side(RegisterCheck.objects.filter(pk=check.pk))
    return show(request, "profiles/accept_identity.html", form, checks=beside, check=check)
