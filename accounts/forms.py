import re
from typing import Any

from django import forms
from django.contrib.auth import authenticate, password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from sms.phones import MobileField


class LoginForm(forms.Form):
    username = forms.CharField(
        label=gettext_lazy("Phone number or user name"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": gettext_lazy("Enter your phone number or user name")},
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": gettext_lazy("Enter your password")},
    )

    def __init__(self, *args: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        # a password copied off a text often brings a space along
        self.user = authenticate(
            self.request, username=data["username"], password=data["password"].strip()
        )
        if self.user is None:
            raise ValidationError(
                _(
                    "The number and the password do not go together. Check both, or ask for a "
                    "new password below."
                )
            )
        if self.user.ends_on and self.user.has_ended:
            raise ValidationError(
                _(
                    "This account ended with the exam on %(day)s. Your sub-county director "
                    "prints a new one for the next exam."
                )
                % {"day": date_format(self.user.ends_on, "j F Y")}
            )
        return data


class ForgotForm(forms.Form):
    phone = MobileField(
        label=gettext_lazy("Phone number"),
        help_text=gettext_lazy("The number you registered with, for example 0712 345 678."),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("One-time code"),
        max_length=12,
        help_text=gettext_lazy("The six digits that your authenticator app shows now."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": gettext_lazy("Enter the code")},
    )

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        if not re.fullmatch(r"[0-9]{6}", code):
            raise ValidationError(_("Enter the six digits that your authenticator app shows."))
        return code


class ChangePasswordForm(forms.Form):
    new_password1 = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=128,
        strip=False,
        help_text=gettext_lazy("At least 8 characters, and not a common word or only digits."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": gettext_lazy("Enter a new password")},
    )
    new_password2 = forms.CharField(
        label=gettext_lazy("The same password again"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": gettext_lazy("Enter the new password again")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"].strip()
        password_validation.validate_password(password, self.user)
        return password

    def clean_new_password2(self) -> str:
        password: str = self.cleaned_data["new_password2"].strip()
        if password != self.cleaned_data.get("new_password1", password):
            raise ValidationError(_("The two passwords differ. Enter the same one twice."))
        return password
