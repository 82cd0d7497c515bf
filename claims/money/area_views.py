from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn
from attendance.views import for_directors
from catalogue.models import Office
from claims.models import MoneyState
from claims.money.area import of_area
from claims.money.forms import AreaMoneyForm

ALWAYS = [MoneyState.OWED, MoneyState.APPROVED, MoneyState.PAID]


@require_safe
@for_directors(Office.TSC)
def area_money(request: SignedIn) -> HttpResponse:
    """What is owed and paid in the sub-county, by position or centre."""
    form = AreaMoneyForm({"by": "position", **request.GET.dict()})
    by_centre = form.asked.get("by") == "centre"
    exam = form.chosen_exam()
    lines, total = of_area(
        request.user.sub_county_id or 0, by_centre=by_centre, exam=exam.pk if exam else None
    )
    heads = [
        (state.value, str(state.label))
        for state in MoneyState
        if total.states[state] or state in ALWAYS
    ]
    context = {
        "form": form,
        "what": _("Centre") if by_centre else _("Position"),
        "heads": heads,
        "rows": [(line, [(label, line.states[state]) for state, label in heads]) for line in lines],
        "total": total,
        "totals": [(label, total.states[state]) for state, label in heads],
    }
    return render(request, "claims/area_money.html", context)
