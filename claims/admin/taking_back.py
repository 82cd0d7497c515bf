"""A payment that the channel took back, as a person at headquarters has it from the channel."""

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import services
from claims.forms import TakeBackForm
from claims.models import Payment
from cp2.rules import Refused


def take_back_page(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    if not request.user.has_perm("claims.approve_paymentbatch"):
        raise PermissionDenied
    if asked := needs_fresh_code(request):
        return asked
    payment = Payment.objects.select_related("batch", "claim__exam").filter(pk=pk).first()
    if payment is None:
        raise Http404
    form = TakeBackForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.take_back(payment, by=actor(request), reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            said = _("The payment is taken back. Its claim is approved again, and held.")
            messages.success(request, said)
            return redirect("admin:claims_payment_change", pk)
    context = {
        **site.each_context(request),
        "opts": Payment._meta,
        "title": _("Taken back by the channel"),
        "payment": payment,
        "form": form,
    }
    return TemplateResponse(request, "claims/admin/take_back.html", context)
