"""Why what is held is held, and for how long, by what it is about; a table that nobody has placed
stands with its app."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Entry
from cp2.audit.models import Change
from cp2.mydata.parts import Model
from profiles.models import BankAccount, NextOfKin, NumberChange


@dataclass(frozen=True)
class Group:
    key: str
    title: Promise
    why: Promise
    kept: Promise


WITH_THE_ACCOUNT = _("As long as you have an account.")
SCHEDULE = _("As long as the schedule on the privacy page says.")
PUBLIC_MONEY = _("As long as the law on public money asks, also when you no longer serve.")

ACCOUNT = Group(
    "account",
    _("Your account"),
    _("So that you can sign in, and nobody else can. Passwords are kept only as what cannot be "
      "turned back into one."),
    _("As long as you have an account; a browser that is signed in, a week at most."),
)  # fmt: skip
PROFILE = Group(
    "profile",
    _("Who you are, your work and your studies"),
    _("So that KNEC knows whom it hires, that you are fit to serve, and where you work."),
    WITH_THE_ACCOUNT,
)
MONEY = Group(
    "money",
    _("Whom to pay"),
    _("So that your money reaches you and nobody else."),
    WITH_THE_ACCOUNT,
)
KIN = Group(
    "kin",
    _("Next of kin"),
    _("To call somebody if you come to harm while you serve. It is used for nothing else."),
    SCHEDULE,
)
SERVICE = Group(
    "service",
    _("Applications and deployments"),
    _("So that each centre has its officers, and nobody serves in two places."),
    PUBLIC_MONEY,
)
ATTENDANCE = Group(
    "attendance",
    _("Attendance"),
    _("Your pay follows from the days on which you were marked present."),
    PUBLIC_MONEY,
)
PAY = Group(
    "pay",
    _("Claims and payments"),
    _("So that you are paid what you earned, and the council can answer for it."),
    PUBLIC_MONEY,
)
ENQUIRIES = Group(
    "enquiries",
    _("Enquiries"),
    _("So that your questions are answered, and what was answered can be looked up."),
    WITH_THE_ACCOUNT,
)
TEXTS = Group(
    "texts",
    _("Texts"),
    _("What we texted to your number and whether it came, and what you texted to us. Of a "
      "password or a code only that it was sent."),
    SCHEDULE,
)  # fmt: skip
TRAIL = Group(
    "trail",
    _("Who did what, and who looked"),
    _("So that whoever changes or opens what is yours has to answer for it."),
    PUBLIC_MONEY,
)

GROUPS = [
    ACCOUNT, PROFILE, MONEY, KIN, SERVICE, ATTENDANCE, PAY, ENQUIRIES, TEXTS, TRAIL
]  # fmt: skip
OF_AN_APP = {
    "profiles": PROFILE,
    "vacancies": SERVICE,
    "deployments": SERVICE,
    "attendance": ATTENDANCE,
    "claims": PAY,
    "enquiries": ENQUIRIES,
    "sms": TEXTS,
}
OF_A_TABLE: dict[Model, Group] = {
    BankAccount: MONEY,
    NextOfKin: KIN,
    NumberChange: ACCOUNT,
    Entry: TRAIL,
    Change: TRAIL,
}


def group_of(model: Model) -> Group:
    return OF_A_TABLE.get(model) or OF_AN_APP.get(model._meta.app_label, ACCOUNT)
