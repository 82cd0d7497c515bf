"""What a director should look at again, and that they have."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn
from accounts.taking import as_asked, take_away
from attendance import second_look_lists, services
from attendance.models import SecondLook
from attendance.second_look_forms import LookedForm, LooksForm
from attendance.views import PER_PAGE, for_directors
from catalogue.models import Office


@require_safe
@for_directors(Office.TSC)
def area_second_looks(request: SignedIn) -> HttpResponse:
    return _show(request, LookedForm(looks=SecondLook.objects.none()))


def _show(request: SignedIn, looked: LookedForm) -> HttpResponse:
    form = LooksForm(request.GET)
    rows = second_look_lists.found(request.user, form.asked)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    ticked = set(request.POST.getlist("look"))
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "looked": looked,
        "rows": [
            (
                look,
                second_look_lists.said(look),
                _may_tick(look, request),
                str(look.pk) in ticked,
            )
            for look in page
        ],
    }
    return render(request, "attendance/area_second_looks.html", context)


def _may_tick(look: SecondLook, request: SignedIn) -> bool:
    """What they decided themselves is for headquarters to look at."""
    decided = look.amendment.decided_by_id if look.amendment else None
    return look.looked_at is None and decided != request.user.pk


@require_POST
@for_directors(Office.TSC)
def looked(request: SignedIn) -> HttpResponse:
    form = LookedForm(request.POST, looks=SecondLook.objects.visible_to(request.user))
    if not form.is_valid():
        return _show(request, form)
    chosen = form.cleaned_data["look"]
    done = services.look_at(chosen, by=request.user, note=form.cleaned_data["note"])
    if done:
        said = ngettext("%(count)d is looked at.", "%(count)d are looked at.", done)
        messages.success(request, said % {"count": done})
    if passed := len(chosen) - done:
        messages.warning(
            request,
            ngettext(
                "%(count)d was passed over: looked at already, or a change of your own.",
                "%(count)d were passed over: looked at already, or changes of your own.",
                passed,
            )
            % {"count": passed},
        )
    return redirect(as_asked(request, "attendance:area_second_looks"))


@require_POST
@for_directors(Office.TSC)
def files(request: SignedIn) -> HttpResponseBase:
    form = LooksForm(request.GET)
    rows = second_look_lists.found(request.user, form.asked)
    return take_away(
        request,
        lambda: second_look_lists.table(rows, by=request.user, about=form.about),
        back=as_asked(request, "attendance:area_second_looks"),
        verb="second_looks.taken",
        filters=form.about,
    )
