"""The pages of one-time and recovery codes."""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes
from accounts.code_forms import CodeForm, KeptForm, RecoveryForm
from accounts.requests import SignedIn
from accounts.views import onward
from cp2.limits.services import Limited
from cp2.rules import Refused

# Keys that wait in the session until a code proves that the phone has them.
KEY, NEW_KEY = "totp_key", "new_totp_key"


def for_power(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For those who sign in with a code; to all others the page is not there."""

    @never_cache
    @login_required
    @sensitive_post_parameters("code", "recovery_code")
    @wraps(view)
    def guarded(request: SignedIn) -> HttpResponse:
        if not request.user.has_power:
            raise Http404
        return view(request)

    return guarded


# Typing one


@for_power
def code(request: SignedIn) -> HttpResponse:
    """The second factor; whoever has none yet sets one up here, at the first sign-in."""
    if codes.app_of(request.user) is None:
        return _set_up(request)
    by_recovery = "recovery_code" in request.POST
    posted = request.POST if request.method == "POST" else None
    form = CodeForm(None if by_recovery else posted)
    recovery = RecoveryForm(posted if by_recovery else None)
    status, headers = 200, dict[str, str]()
    try:
        if form.is_valid():
            app = codes.type_code(request.user, form.cleaned_data["code"])
            return _proved(request, app)
        if recovery.is_valid():
            typed = recovery.cleaned_data["recovery_code"]
            app, left = codes.type_recovery_code(request.user, typed)
            messages.warning(request, _left(left))
            return _proved(request, app)
    except Limited as limited:
        status, headers = 429, _retry_after(limited)
        _say_no(recovery if by_recovery else form, limited)
    except Refused as refusal:
        if codes.proved_just_now(request):
            return onward(request)
        _say_no(recovery if by_recovery else form, refusal)
    held = request.session.get(codes.HELD)
    context = {
        "form": recovery if by_recovery else form,  # whose errors stand on top
        "code_form": form,
        "recovery_form": recovery,
        "by_recovery": by_recovery,
        "again": request.user.is_verified(),
        "held": held if held and held["back"] == request.GET.get("next") else None,
    }
    response = render(request, "accounts/code.html", context, status=status)
    for name, value in headers.items():
        response[name] = value
    return response


def _proved(request: SignedIn, app: TOTPDevice) -> HttpResponse:
    """Onward: to what was to be done when the code was asked for, if that is why they are here."""
    codes.note(request, app)
    held = request.session.get(codes.HELD)
    if held and held["back"] == request.GET.get("next"):
        if held["fields"] is not None:
            return redirect("accounts:go_on")
        messages.info(request, _("Your code is right. Choose again what you want to do."))
    request.session.pop(codes.HELD, None)
    return onward(request)


def _say_no(form: forms.Form, refusal: Refused) -> None:
    form.add_error(next(iter(form.fields)), str(refusal))


def _retry_after(limited: Limited) -> dict[str, str]:
    return {"Retry-After": str(max(1, -(-int(limited.wait.total_seconds() * 1000) // 1000)))}


def _left(left: int) -> str:
    if not left:
        return _("That was your last recovery code. Make new ones under “One-time codes”.")
    return ngettext(
        "%(n)s recovery code is left. Make new ones under “One-time codes”.",
        "%(n)s recovery codes are left. You can make new ones under “One-time codes”.",
        left,
    ) % {"n": left}


@require_safe
@for_power
@codes.fresh_code
def go_on(request: SignedIn) -> HttpResponse:
    """What was posted before the code was asked for, to be posted now."""
    held = request.session.get(codes.HELD)
    if not held or held["fields"] is None:
        return redirect("home")
    return render(request, "accounts/go_on.html", {"held": held})


# Setting up


@sensitive_variables()
def _set_up(request: SignedIn) -> HttpResponse:
    key = request.session.setdefault(KEY, codes.new_key())
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            app, made = codes.set_up(request.user, key=key, code=form.cleaned_data["code"])
        except Refused as refusal:
            _say_no(form, refusal)
        else:
            del request.session[KEY]
            codes.note(request, app)
            return _show(request, made)
    context = {"form": form, **_picture(request, key)}
    return render(request, "accounts/set_up_code.html", context)


def _picture(request: SignedIn, key: str) -> dict[str, str]:
    url = TOTPDevice(user=request.user, name="app", key=key).config_url
    return {
        "url": url,
        "picture": segno.make(url, error="m").svg_data_uri(scale=5, border=2),
        "secret": base64.b32encode(bytes.fromhex(key)).decode(),
    }


@sensitive_variables()
def _show(request: HttpRequest, made: list[str]) -> HttpResponse:
    """Once, in the answer itself: they rest nowhere, so there is no second time."""
    request.session[codes.UNKEPT] = True
    action = reverse("accounts:recovery_codes")
    if "next" in request.GET:
        action += f"?{request.GET.urlencode()}"
    context = {"codes": made, "form": KeptForm(), "action": action}
    return render(request, "accounts/recovery_codes.html", context)


# Looking after them


@require_safe
@for_power
def codes_page(request: SignedIn) -> HttpResponse:
    context = {
        "app": codes.app_of(request.user),
        "left": codes.recovery_codes_left(request.user),
        "all": codes.RECOVERY_CODES,
    }
    return render(request, "accounts/codes.html", context)


@for_power
def recovery_codes(request: SignedIn) -> HttpResponse:
    """New ones, and the tick below them that ends the matter."""
    ticked = request.method == "POST" and "shown" in request.POST
    if request.method == "POST" and not ticked:
        return _renew(request)
    form = KeptForm(request.POST if ticked else None)
    if form.is_valid():
        request.session.pop(codes.UNKEPT, None)
        said = _("Your recovery codes are ready. Keep them apart from your phone.")
        messages.success(request, said)
        return onward(request)
    context = {"form": form, "unkept": codes.UNKEPT in request.session}
    return render(request, "accounts/recovery_codes_anew.html", context)


@codes.fresh_code
@sensitive_variables()
def _renew(request: SignedIn) -> HttpResponse:
    try:
        made = codes.renew_recovery_codes(request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:codes")
    return _show(request, made)


@for_power
@codes.fresh_code
@sensitive_variables()
def move(request: SignedIn) -> HttpResponse:
    """To a new phone, for whoever has just proved the old one or a recovery code."""
    key = request.session.setdefault(NEW_KEY, codes.new_key())
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            app = codes.move_app(request.user, key=key, code=form.cleaned_data["code"])
        except Refused as refusal:
            _say_no(form, refusal)
        else:
            del request.session[NEW_KEY]
            codes.note(request, app)
            said = _(
                "Your codes come from the new phone now. Delete CP2 from the app on the old one."
            )
            messages.success(request, said)
            return redirect("accounts:codes")
    context: dict[str, Any] = {"form": form, **_picture(request, key)}
    return render(request, "accounts/move_app.html", context)
