"""What directors put right in registers, and what they note of the signed returns."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn
from attendance import services
from attendance.models import RegisterReturn, ReturnStatus
from attendance.views import PER_PAGE, for_directors
from catalogue.models import Office
from cp2.rules import Refused


@require_safe
@for_directors(Office.SCDE)
def area_registers(request: SignedIn) -> HttpResponse:
    """Signed returns that centres bring to the office; those without a stamp first."""
    code = request.GET.get("code", "").replace("\0", "").strip().upper()[:20]
    returns = (
        RegisterReturn.objects.visible_to(request.user)
        .select_related("entry__station", "entry__exam", "stamped_by")
        .order_by(F("stamped_by").asc(nulls_first=True), "-signed_at")
    )
    if code:
        returns = returns.filter(code=code)
    page = Paginator(returns, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "code": code, "signed": ReturnStatus.SIGNED}
    return render(request, "attendance/area_registers.html", context)


@require_POST
@for_directors(Office.SCDE)
def stamp(request: SignedIn, return_id: int) -> HttpResponse:
    signed = get_object_or_404(RegisterReturn.objects.visible_to(request.user), pk=return_id)
    try:
        services.stamp(signed, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("The register %(code)s is noted as stamped.") % {"code": signed.code}
        )
    return redirect("attendance:area_registers")
