"""Signing in and out, passwords, one-time codes, language."""

import base64
import secrets

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import login as note_code
from django_otp import match_token, user_has_device
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import services
from accounts.forms import ChangePasswordForm, CodeForm, ForgotForm, LoginForm
from accounts.requests import SignedIn, acting_name


def onward(request: HttpRequest) -> HttpResponse:
    """To where they were going, if that is a page of ours, else home."""
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = settings.LOGIN_REDIRECT_URL
    return redirect(target)


@never_cache
@sensitive_post_parameters("password")
def login(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.method == "GET":
        return onward(request)
    form = LoginForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_valid() and form.user is not None:
        start_session(request, form.user)
        services.record("session.began", form.user, by=form.user)
        response = onward(request)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            form.user.language,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response
    return render(request, "accounts/login.html", {"form": form})


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    end_session(request)
    messages.success(request, _("You are signed out."))
    return redirect(settings.LOGOUT_REDIRECT_URL)


@never_cache
def forgot(request: HttpRequest) -> HttpResponse:
    """The answer is the same, in words and in work, whether the number is known or not."""
    form = ForgotForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.ask_for_password(form.cleaned_data["phone"], road="page")
        messages.success(
            request,
            _(
                "If this number has an account, a text with a new password is on its way to it. "
                "Your old password works until you use the new one."
            ),
        )
        return redirect("accounts:login")
    return render(request, "accounts/forgot.html", {"form": form})


@never_cache
@login_required
@sensitive_post_parameters("new_password1", "new_password2")
def change_password(request: SignedIn) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    form = ChangePasswordForm(posted, user=request.user)
    if form.is_valid():
        changed = services.choose_password(
            request.user, form.cleaned_data["new_password1"], acting_name=acting_name(request)
        )
        update_session_auth_hash(request, changed)  # this session goes on, all others end
        messages.success(request, _("Your new password is set. Use it from now on."))
        return onward(request)
    return render(request, "accounts/change_password.html", {"form": form})


@never_cache
@login_required
def code(request: SignedIn) -> HttpResponse:
    """The second factor; whoever has none yet sets one up here, at the first sign-in."""
    if not user_has_device(request.user):
        return _set_up_code(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        device = match_token(request.user, form.cleaned_data["code"])
        if device is not None:
            note_code(request, device)
            return onward(request)
        form.add_error(
            "code",
            _("This code is wrong or was used before. Wait for the next one and type that."),
        )
    return render(request, "accounts/code.html", {"form": form})


def _set_up_code(request: SignedIn) -> HttpResponse:
    """The key waits in the session until a code proves that the phone has it; then it is kept."""
    key = request.session.setdefault("totp_key", secrets.token_hex(20))
    device = TOTPDevice(user=request.user, name="app", key=key)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data["code"]
        if TOTP(bytes.fromhex(key)).verify(int(typed), tolerance=1):
            device.save()
            device.verify_token(typed)  # notes it as used, so that it opens nothing again
            del request.session["totp_key"]
            services.record("code.set_up", request.user, by=request.user)
            note_code(request, device)
            return onward(request)
        form.add_error("code", _("This code is wrong. Check the clock of your phone, try again."))
    picture = segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2)
    secret = base64.b32encode(bytes.fromhex(key)).decode()
    return render(
        request, "accounts/set_up_code.html", {"form": form, "picture": picture, "secret": secret}
    )


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's, and remembered with the account so that texts come in it too."""
    chosen = request.POST.get("language")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        services.choose_language(request.user, chosen)
    return i18n.set_language(request)
