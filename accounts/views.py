"""Signing in and out, passwords, language."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from accounts import services, sessions
from accounts.forms import (
    ChangePasswordForm,
    ConfirmForm,
    ForgotForm,
    LanguageForm,
    LoginForm,
    NewsForm,
)
from accounts.models import Session
from accounts.news import News
from accounts.refusals import answer, too_many_numbers, too_many_passwords, too_many_texts
from accounts.requests import SignedIn, acting_name, address_of
from accounts.services import Fit
from accounts.sign_in import (
    DEVICE_LIFE,
    Device,
    Entrant,
    end_sessions,
    enter,
    sign_in,
)
from accounts.sign_in import end_session as end_one
from cp2.limits.services import Limited
from cp2.rules import Refused


def onward(request: HttpRequest) -> HttpResponse:
    """To where they were going, if that is a page of ours, else home."""
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = settings.LOGIN_REDIRECT_URL
    return redirect(target)


@never_cache
@sensitive_variables()
@sensitive_post_parameters("password")
def login(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.method != "POST":
        return onward(request)
    form = LoginForm(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_valid():
        device = Device.read(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""))
        typed, password = form.cleaned_data["username"], form.cleaned_data["password"]
        try:
            entrant = sign_in(typed, password, address=address_of(request), device=device)
        except Limited as limited:
            refusal = limited
            form.add_error(None, too_many_passwords(limited))
        except Refused as ended:
            form.add_error(None, str(ended))
        else:
            if entrant:
                return _come_in(request, entrant, device)
            form.add_error(None, _no_such_pair())
    return answer(request, "accounts/login.html", {"form": form}, refusal)


def _no_such_pair() -> str:
    return _(
        "The number and the password do not go together. Check both, or ask for a new password "
        "below."
    )


def _come_in(request: HttpRequest, entrant: Entrant, device: Device) -> HttpResponse:
    asked_at = entrant.user.issued_at if any(entrant.user.issued_passwords()) else None
    user, unconfirmed = enter(entrant)
    start_session(request, user, backend="accounts.backends.PasswordBackend")
    sessions.begin(request.session, role=user.role, browser=request.headers.get("User-Agent", ""))
    if unconfirmed:
        request.session["unconfirmed"] = True
    elif asked_at and entrant.fit is Fit.CHOSEN:
        messages.info(request, _somebody_asked(asked_at))
    response = onward(request)
    _remember(response, settings.DEVICE_COOKIE_NAME, device.learn(user), age=DEVICE_LIFE)
    _remember(response, settings.LANGUAGE_COOKIE_NAME, user.language)
    return response


def _somebody_asked(at: datetime) -> str:
    said = _(
        "A new password was asked for at %(time)s on %(day)s. If that was not you, you need do "
        "nothing: yours goes on working."
    )
    at = timezone.localtime(at)
    return said % {"time": date_format(at, "H:i"), "day": date_format(at, "j F")}


def _remember(response: HttpResponse, name: str, value: str, *, age: int | None = None) -> None:
    response.set_cookie(
        name, value, max_age=age, secure=settings.PRODUCTION, httponly=True, samesite="Lax"
    )


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """What a browser kept of the pages goes too; its language and that it is known here stay."""
    end_session(request)
    messages.success(request, _("You are signed out."))
    response = redirect(settings.LOGOUT_REDIRECT_URL)
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@never_cache
def forgot(request: HttpRequest) -> HttpResponse:
    """The answer is the same, in words and in work, whether the number is known or not."""
    form = ForgotForm(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_valid():
        phone = form.cleaned_data["phone"]
        try:
            services.ask_for_password(phone, road="page", address=address_of(request))
        except Limited as limited:
            refusal = limited
            form.add_error("phone", too_many_texts(limited))
        else:
            messages.success(request, _text_is_coming())
            return redirect("accounts:login")
    return answer(request, "accounts/forgot.html", {"form": form}, refusal)


def _text_is_coming() -> str:
    return _(
        "If this number has an account, a text with a new password is on its way to it. Your old "
        "password works until you use the new one."
    )


@never_cache
@login_required
def confirm(request: SignedIn) -> HttpResponse:
    """After a password by text alone: are you who the account is of?"""
    if not request.session.get("unconfirmed"):
        return onward(request)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_valid():
        try:
            user = services.confirm_identity(request.user, form.cleaned_data["national_id"])
        except Limited as limited:
            refusal = limited
            form.add_error("national_id", too_many_numbers(limited))
        else:
            if user:
                del request.session["unconfirmed"]
                update_session_auth_hash(request, user)
                return onward(request)
            form.add_error("national_id", _("This is not the ID number of this account."))
    return answer(request, "accounts/confirm.html", {"form": form}, refusal)


@never_cache
@login_required
@sensitive_variables()
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


# One's account


@never_cache
@login_required
def account(request: SignedIn) -> HttpResponse:
    form = LanguageForm(initial={"language": request.user.language})
    return render(request, "accounts/account.html", {"form": form})


@never_cache
@login_required
def texts(request: SignedIn) -> HttpResponse:
    """What is texted to them, and which of it they may turn off."""
    user = request.user
    if not user.phone:
        raise Http404
    wanted = [kind for kind in News.values if kind not in user.news_off]
    posted = request.POST if request.method == "POST" else None
    form = NewsForm(posted, initial={"wanted": wanted})
    if form.is_valid():
        services.choose_news(user, form.cleaned_data["wanted"])
        messages.success(request, _("Your choice is saved."))
        return redirect("accounts:texts")
    context = {"form": form, "shortcode": settings.SMS_SHORTCODE}
    return render(request, "accounts/texts.html", context)


@never_cache
@login_required
def signed_in(request: SignedIn) -> HttpResponse:
    """Where one is signed in; a POST ends one of these, or all but this one."""
    user, here = request.user, request.session.session_key
    if request.method == "POST":
        if "others" in request.POST:
            end_sessions(user, but=here)
            services.record("session.ended", user, by=user, others=True)
            messages.success(request, _("You are signed out everywhere else."))
        elif end_one(user, request.POST.get("end", "")):
            messages.success(request, _("That sign-in is ended."))
        return redirect("accounts:sessions")
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at")
    context = {"sessions": rows, "here": here}
    return render(request, "accounts/sessions.html", context)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's, and remembered with the account so that texts come in it too."""
    chosen = request.POST.get("language")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        services.choose_language(request.user, chosen)
        with translation.override(chosen):
            messages.success(request, _("Pages and texts come in this language from now on."))
    return i18n.set_language(request)
