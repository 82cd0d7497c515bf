"""What officers and directors type, in their own words."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import Bank, BankBranch, County, DutyStation, Level, StudyLevel, SubCounty
from profiles.fields import (
    AccountNumberField,
    CodeField,
    DayField,
    KraPinField,
    LineField,
    MailField,
    NameField,
    NationalIdField,
    TscNumberField,
    YearOfBirthField,
)
from profiles.models import (
    BankAccount,
    Employer,
    Gender,
    Officer,
    PaidBy,
    Qualification,
    Vetting,
    WorkExperience,
)
from profiles.names import same_name
from profiles.uploads import PaperField
from sms.phones import MobileField, local


def choices(enum: Any) -> list[tuple[str, Any]]:
    """An enum's choices with an empty one in front, so that nobody agrees to the first unread."""
    return [("", gettext_lazy("Choose")), *enum.choices]


class Leading(forms.Select):
    """A drop-down that another one follows.

    With JavaScript the follower changes at once. Without, a button brings the page back with what
    was typed. The button before it is the one that the Enter key presses: it saves.
    """

    def __init__(self, *, follower: str, button: Any) -> None:
        super().__init__(
            attrs={
                "hx-post": "",
                "hx-vals": '{"refresh": "1"}',
                "hx-target": f"#div_id_{follower}",
                "hx-swap": "outerHTML",
            }
        )
        self.button = button

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        return format_html(
            '<button class="visually-hidden" tabindex="-1" aria-hidden="true"></button>{}'
            '<button class="btn btn-secondary mt-2" name="refresh" value="1" formnovalidate>{}'
            "</button>",
            super().render(*args, **kwargs),
            self.button,
        )


class Following(forms.Select):
    """The drop-down that follows. Browsers do not insist on it: it may be empty still, and only
    our own words say how it is filled."""

    def use_required_attribute(self, initial: Any) -> bool:
        return False


def follow(form: forms.Form, leader: str, follower: str) -> None:
    """Offer in the follower only what belongs to the leader's choice; it bears its name."""
    field: Any = form.fields[follower]
    if form.is_bound:
        chosen = form.data.get(leader)
    else:
        chosen = form.get_initial_for_field(form.fields[leader], leader)
    try:
        of = form.fields[leader].clean(chosen)
    except ValidationError:
        field.queryset = field.queryset.none()
    else:
        field.queryset = field.queryset.filter(**{leader: of})


class RegisterForm(forms.Form):
    phone = MobileField(
        label=gettext_lazy("Phone number"),
        help_text=gettext_lazy(
            "A Safaricom line that receives M-Pesa in your own name, for example 0712 345 678."
        ),
    )
    confirm_phone = MobileField(
        label=gettext_lazy("The same number again"),
        error_messages={"required": gettext_lazy("Enter the phone number again")},
    )

    def clean_confirm_phone(self) -> str:
        again: str = self.cleaned_data["confirm_phone"]
        if again != self.cleaned_data.get("phone", again):
            raise ValidationError(_("The two numbers differ. Enter the same one twice."))
        return again


class PersonalForm(forms.Form):
    full_name = NameField(
        label=gettext_lazy("Full name"),
        help_text=gettext_lazy("As it stands on your ID card."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={
            "required": gettext_lazy("Enter your full name, for example Wanjikũ Ng'ang'a.")
        },
    )
    year_of_birth = YearOfBirthField(
        label=gettext_lazy("Year of birth"),
        help_text=gettext_lazy("Four digits, for example 1985."),
        error_messages={"required": gettext_lazy("Enter your year of birth, for example 1985.")},
    )
    gender = forms.ChoiceField(
        label=gettext_lazy("Gender"),
        choices=Gender.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Say which gender your ID card gives: Female or Male.")
        },
    )
    national_id = NationalIdField(
        label=gettext_lazy("National ID number"),
        help_text=gettext_lazy("6 to 9 digits, for example 12345678."),
        error_messages={
            "required": gettext_lazy("Enter your national ID number, for example 12345678.")
        },
    )
    kra_pin = KraPinField(
        label=gettext_lazy("KRA PIN"),
        help_text=gettext_lazy("Your own, for example A012345678Z."),
        error_messages={"required": gettext_lazy("Enter your KRA PIN, for example A012345678Z.")},
    )
    tsc_number = TscNumberField(
        label=gettext_lazy("TSC number"),
        required=False,
        help_text=gettext_lazy("If you are a registered teacher."),
    )
    pf_number = CodeField(
        label=gettext_lazy("PF number"),
        required=False,
        help_text=gettext_lazy("Your employer's number for you, if you are not a teacher."),
    )
    nssf_number = CodeField(label=gettext_lazy("NSSF number"), required=False)
    sha_number = CodeField(label=gettext_lazy("SHA number (formerly NHIF)"), required=False)
    email = MailField(label=gettext_lazy("E-mail"), required=False)
    town = LineField(
        label=gettext_lazy("Town"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("As in your postal address; letters show it."),
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )

    def clean_tsc_number(self) -> str | None:
        return self.cleaned_data["tsc_number"] or None  # unique, so none is not an empty one

    @classmethod
    def of(cls, officer: Officer) -> dict[str, Any]:
        return {name: getattr(officer, name) for name in cls.base_fields}


class PayeeForm(forms.Form):
    name = NameField(
        label=gettext_lazy("Name that M-Pesa shows"),
        help_text=gettext_lazy("Exactly as M-Pesa shows it when somebody sends you money."),
        error_messages={
            "required": gettext_lazy(
                "Enter the name that M-Pesa shows, for example WANJIKU NGANGA."
            )
        },
    )
    phone = MobileField(
        label=gettext_lazy("Number to be paid"),
        help_text=gettext_lazy("The M-Pesa number, for example 0712 345 678."),
        error_messages={
            "required": gettext_lazy("Enter the number to be paid, for example 0712 345 678.")
        },
    )
    differs = forms.BooleanField(
        label=gettext_lazy("This name differs from mine and I know that payment will wait"),
        required=False,
    )
    paid_by = forms.ChoiceField(
        label=gettext_lazy("Where shall we pay you?"),
        choices=PaidBy,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose where we shall pay you, for example M-Pesa."),
            "invalid_choice": gettext_lazy("Choose one of those that the page offers."),
        },
    )

    def __init__(
        self, *args: Any, full_name: str = "", account: BankAccount | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.full_name = full_name
        if account is None:  # there is no choice yet
            del self.fields["paid_by"]
        else:
            self.fields["paid_by"].help_text = _(
                "Your account: %(account)s. Whichever you choose, tell us the M-Pesa number too."
            ) % {"account": account}
        if not self._differs((self.data if self.is_bound else self.initial).get("name")):
            del self.fields["differs"]

    def _differs(self, name: Any) -> bool:
        return bool(name and self.full_name) and not same_name(name, self.full_name)

    def clean(self) -> dict[str, Any]:
        """Asked of those alone whose names differ; what was typed stands in the form meanwhile."""
        knows = self.cleaned_data.pop("differs", False)
        name = self.cleaned_data.get("name")
        if self._differs(name) and not knows:
            said = _(
                "M-Pesa shows %(payee)s, and your profile says %(name)s. Correct it, or tick that "
                "you know that payment will wait."
            )
            self.add_error("differs", said % {"payee": name, "name": self.full_name})
        return self.cleaned_data


YES_OR_NO = [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]


class PayeeTooField(forms.TypedChoiceField):
    """Whether the money follows to the new number; nobody agrees to either unread."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=YES_OR_NO,
            coerce=lambda answer: answer == "yes",
            widget=forms.RadioSelect,
            error_messages={"required": gettext_lazy("Say where your pay should go")},
            **kwargs,
        )


class PhoneForm(forms.Form):
    """The number that an officer would like to sign in with."""

    phone = MobileField(
        label=gettext_lazy("New number"),
        help_text=gettext_lazy("For example 0712 345 678. We text a code to it."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter the new number")},
    )
    confirm_phone = MobileField(
        label=gettext_lazy("The same number again"),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter the new number again")},
    )
    payee_too = PayeeTooField(
        label=gettext_lazy("Should your pay go to the new number too?"),
        help_text=gettext_lazy(
            "A new number waits three days before it is paid. Say no if the old line still "
            "receives M-Pesa in your name."
        ),
    )

    def __init__(self, *args: Any, officer: Officer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.officer = officer
        if officer.payee_phone != officer.phone:  # paid on another line, which stays
            del self.fields["payee_too"]

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone == self.officer.phone:
            raise ValidationError(_("This is the number that you sign in with now."))
        return phone

    def clean_confirm_phone(self) -> str:
        again: str = self.cleaned_data["confirm_phone"]
        if again != self.cleaned_data.get("phone", again):
            raise ValidationError(_("The two numbers differ. Enter the same one twice."))
        return again


class CodeInput(forms.TextInput):
    """What was typed never comes back with the page."""

    def format_value(self, value: Any) -> None:
        return None


class NumberCodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        help_text=gettext_lazy("The six digits in the text."),
        widget=CodeInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": gettext_lazy("Enter the code")},
    )

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        if not re.fullmatch(r"[0-9]{6}", code):
            raise ValidationError(_("Enter the six digits that the text brought."))
        return code


class LostNumberForm(forms.Form):
    """What only the owner of an account knows of it, and where to reach them now."""

    old_phone = MobileField(
        label=gettext_lazy("The number you signed in with"),
        help_text=gettext_lazy("The one that is lost, for example 0712 345 678."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter the number that is lost")},
    )
    national_id = NationalIdField(
        label=gettext_lazy("National ID number"),
        help_text=gettext_lazy("As in your account."),
        error_messages={"required": gettext_lazy("Enter your national ID number")},
    )
    full_name = NameField(
        label=gettext_lazy("Full name"),
        help_text=gettext_lazy("As in your account."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Enter your full name")},
    )
    new_phone = MobileField(
        label=gettext_lazy("Your new number"),
        help_text=gettext_lazy("We text a code to it, so have that phone at hand."),
        error_messages={"required": gettext_lazy("Enter your new number")},
    )
    payee_too = PayeeTooField(
        label=gettext_lazy("If your pay went to the lost number, should it go to the new one?"),
        help_text=gettext_lazy("A new number waits three days before it is paid."),
    )
    why = LineField(
        label=gettext_lazy("What became of the old number?"),
        max_length=300,
        help_text=gettext_lazy("For example: the phone was stolen; the line was given up."),
        error_messages={"required": gettext_lazy("Say what became of the old number")},
    )

    def clean_new_phone(self) -> str:
        phone: str = self.cleaned_data["new_phone"]
        if phone == self.cleaned_data.get("old_phone"):
            raise ValidationError(
                _("This is the lost number again. Enter the one that you have now.")
            )
        return phone


class DecisionForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why")},
    )

    def __init__(self, *args: Any, hint: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = hint


class BankForm(forms.Form):
    bank = forms.ModelChoiceField(
        label=gettext_lazy("Bank"),
        queryset=Bank.objects.all(),
        empty_label=gettext_lazy("Choose"),
        widget=Leading(follower="branch", button=gettext_lazy("Show branches")),
        error_messages={"required": gettext_lazy("Choose your bank from the list.")},
    )
    branch = forms.ModelChoiceField(
        label=gettext_lazy("Branch"),
        queryset=BankBranch.objects.order_by("name"),
        empty_label=gettext_lazy("Choose"),
        widget=Following,
        error_messages={
            "required": gettext_lazy(
                "Choose your branch. If the list is empty, choose the bank and press Show branches."
            ),
            "invalid_choice": gettext_lazy(
                "Choose a branch of this bank: press Show branches to see them."
            ),
        },
    )
    number = AccountNumberField(
        label=gettext_lazy("Account number"),
        help_text=gettext_lazy("5 to 20 digits, with the noughts in front."),
        error_messages={
            "required": gettext_lazy("Enter your account number, for example 0012345678901.")
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        follow(self, "bank", "branch")

    @classmethod
    def of(cls, officer: Officer) -> dict[str, Any]:
        account = getattr(officer, "bank_account", None)
        return {name: getattr(account, name) for name in cls.base_fields} if account else {}


class NextOfKinForm(forms.Form):
    full_name = NameField(
        label=gettext_lazy("Full name"),
        error_messages={
            "required": gettext_lazy(
                "Enter the name of your next of kin, for example Atieno Ochieng."
            )
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = MobileField(
        label=gettext_lazy("Telephone"),
        help_text=gettext_lazy("For example 0712 345 678."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy(
                "Enter the number of your next of kin, for example 0712 345 678."
            )
        },
    )
    relationship = LineField(
        label=gettext_lazy("Relationship"),
        max_length=40,
        help_text=gettext_lazy("For example wife, brother, mother."),
        error_messages={
            "required": gettext_lazy("Say how you are related, for example wife, brother, mother.")
        },
    )

    @classmethod
    def of(cls, officer: Officer) -> dict[str, Any]:
        kin = getattr(officer, "next_of_kin", None)
        if kin is None:
            return {}
        return {name: getattr(kin, name) for name in cls.base_fields} | {"phone": local(kin.phone)}


def in_order(form: forms.Form, data: dict[str, Any]) -> None:
    """The last day does not come before the first; both fields say so."""
    first, last = data.get("starts_on"), data.get("ends_on")
    if first and last and last < first:
        form.add_error("starts_on", _("Enter a first day that is before the last one."))
        form.add_error("ends_on", _("Enter a last day that is after the first one."))


class WorkForm(forms.Form):
    employer = forms.ChoiceField(
        label=gettext_lazy("Employer"),
        choices=choices(Employer),
        error_messages={"required": gettext_lazy("Choose your employer from the list.")},
    )
    institution = LineField(
        label=gettext_lazy("Name of the institution"),
        max_length=120,
        help_text=gettext_lazy(
            "The school, station or office, for example Mwangaza Primary School."
        ),
        error_messages={
            "required": gettext_lazy(
                "Enter the name of the institution, for example Mwangaza Primary School."
            )
        },
    )
    level = forms.ChoiceField(
        label=gettext_lazy("Level of the school"),
        choices=choices(Level),
        required=False,
        help_text=gettext_lazy("If it is a school."),
    )
    station = CodeField(
        label=gettext_lazy("KNEC code of the school"),
        required=False,
        help_text=gettext_lazy("If it is an examination centre and you know its code."),
    )
    designation = LineField(
        label=gettext_lazy("Designation"),
        max_length=80,
        help_text=gettext_lazy("What you are there, for example teacher, head teacher, driver."),
        error_messages={
            "required": gettext_lazy(
                "Enter your designation, for example teacher, head teacher, driver."
            )
        },
    )
    county = forms.ModelChoiceField(
        label=gettext_lazy("County"),
        queryset=County.objects.order_by("name"),
        empty_label=gettext_lazy("Choose"),
        widget=Leading(follower="sub_county", button=gettext_lazy("Show sub-counties")),
        error_messages={"required": gettext_lazy("Choose the county from the list.")},
    )
    sub_county = forms.ModelChoiceField(
        label=gettext_lazy("Sub-county"),
        queryset=SubCounty.objects.order_by("name"),
        empty_label=gettext_lazy("Choose"),
        widget=Following,
        error_messages={
            "required": gettext_lazy(
                "Choose the sub-county. If the list is empty, choose the county and press "
                "Show sub-counties."
            ),
            "invalid_choice": gettext_lazy(
                "Choose a sub-county of this county: press Show sub-counties to see them."
            ),
        },
    )
    starts_on = DayField(
        label=gettext_lazy("From"),
        help_text=gettext_lazy("The first day, for example 31/01/2020."),
        error_messages={
            "required": gettext_lazy("Enter the day you started, for example 31/01/2020.")
        },
    )
    ends_on = DayField(
        label=gettext_lazy("To"),
        required=False,
        help_text=gettext_lazy("Leave it empty if you work there now."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        follow(self, "county", "sub_county")

    def clean_station(self) -> DutyStation | None:
        code = self.cleaned_data["station"]
        station = DutyStation.objects.filter(code=code).first() if code else None
        if code and station is None:
            raise ValidationError(_("No centre has this code. Correct it, or leave it empty."))
        return station

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        in_order(self, data)
        data.pop("county", None)  # the sub-county says it
        return data

    @classmethod
    def of(cls, work: WorkExperience) -> dict[str, Any]:
        own = {name: getattr(work, name, "") for name in cls.base_fields}
        code = work.station.code if work.station else ""
        return own | {"county": work.sub_county.county, "station": code}


class QualificationForm(forms.Form):
    level = forms.ChoiceField(
        label=gettext_lazy("Level of study"),
        choices=choices(StudyLevel),
        error_messages={"required": gettext_lazy("Choose the level of study from the list.")},
    )
    institution = LineField(
        label=gettext_lazy("Institution"),
        max_length=120,
        help_text=gettext_lazy("The college or university."),
        error_messages={
            "required": gettext_lazy(
                "Enter the name of the institution, for example Uhuru Hill Teachers College."
            )
        },
    )
    course = LineField(
        label=gettext_lazy("Course"),
        max_length=120,
        help_text=gettext_lazy("For example Education (Arts)."),
        error_messages={
            "required": gettext_lazy("Enter the name of the course, for example Education (Arts).")
        },
    )
    starts_on = DayField(
        label=gettext_lazy("From"),
        help_text=gettext_lazy("The first day, for example 31/01/2015. About right will do."),
        error_messages={
            "required": gettext_lazy("Enter the day the course began, for example 31/01/2015.")
        },
    )
    ends_on = DayField(
        label=gettext_lazy("To"),
        help_text=gettext_lazy("The last day, for example 30/11/2018."),
        error_messages={
            "required": gettext_lazy("Enter the day the course ended, for example 30/11/2018.")
        },
    )
    certificate = PaperField(
        label=gettext_lazy("Certificate"),
        required=False,
        help_text=gettext_lazy("A scan or a photograph: PDF, JPEG or PNG, at most 5 MB."),
    )

    @classmethod
    def of(cls, row: Qualification) -> dict[str, Any]:
        """No browser is handed a file to send it again."""
        return {name: getattr(row, name) for name in cls.base_fields if name != "certificate"}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        in_order(self, data)
        if self.errors and data.get("certificate"):  # no browser sends a file a second time
            self.add_error("certificate", _("Choose the file again, once the rest is right."))
        return data


class CopyForm(forms.Form):
    file = PaperField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("A scan or a photograph: PDF, JPEG or PNG, at most 5 MB."),
    )


class OfficersForm(forms.Form):
    """What a director looks for."""

    q = LineField(
        label=gettext_lazy("Name or number"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("A part of the name, or the whole ID, TSC or phone number."),
    )
    vetting = forms.ChoiceField(
        label=gettext_lazy("Vetting"),
        required=False,
        choices=[("", gettext_lazy("All")), *Vetting.choices],
    )


class TickedForm(forms.Form):
    officer = forms.ModelMultipleChoiceField(
        queryset=Officer.objects.none(),
        error_messages={
            "required": gettext_lazy("Tick at least one officer."),
            "invalid_choice": gettext_lazy("One of these officers is no longer in your list."),
        },
    )

    def __init__(self, *args: Any, officers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ticked: Any = self.fields["officer"]
        ticked.queryset = officers


class BarForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("The officer reads it, also by text."),
        error_messages={"required": gettext_lazy("Say why this officer is barred")},
    )
