import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.news import News
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

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip()

    def clean_password(self) -> str:
        """A password copied off a text often brings a space along."""
        return str(self.cleaned_data["password"]).strip()


class ForgotForm(forms.Form):
    phone = MobileField(
        label=gettext_lazy("Phone number"),
        help_text=gettext_lazy("The number you registered with, for example 0712 345 678."),
    )


class ConfirmForm(forms.Form):
    national_id = forms.CharField(
        label=gettext_lazy("National ID number"),
        max_length=20,
        help_text=gettext_lazy("The number on your own ID card, for example 12345678."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter your national ID number")},
    )

    def clean_national_id(self) -> str:
        number = "".join(self.cleaned_data["national_id"].split())
        if not re.fullmatch(r"[0-9]{1,20}", number):
            raise ValidationError(_("Use only the digits 0 to 9, for example 12345678."))
        return number


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


class LanguageForm(forms.Form):
    """Posted to where the buttons at the foot of each page go."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=settings.LANGUAGES,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Of these pages, and of the texts that we send you."),
    )


class NewsForm(forms.Form):
    wanted = forms.MultipleChoiceField(
        label=gettext_lazy("Text me"),
        choices=News,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Take the tick away from what you do not want."),
    )
