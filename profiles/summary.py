"""The five groups of a profile as facts to read: what it is called, what it says."""

from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from profiles.models import Officer, Paper, Qualification, WorkExperience
from sms.phones import local


class Row(NamedTuple):
    label: Any
    value: Any


def personal(officer: Officer) -> list[Row]:
    if not officer.full_name:  # required with all the others, so nothing was given yet
        return []
    return [
        Row(_("Full name"), officer.full_name),
        Row(_("Year of birth"), officer.year_of_birth),
        Row(_("Gender"), officer.get_gender_display()),
        Row(_("National ID number"), officer.national_id),
        Row(_("KRA PIN"), officer.kra_pin),
        Row(_("TSC number"), officer.tsc_number),
        Row(_("PF number"), officer.pf_number),
        Row(_("NSSF number"), officer.nssf_number),
        Row(_("SHA number"), officer.sha_number),
        Row(_("E-mail"), officer.email),
        Row(_("Town"), officer.town),
    ]


def payee(officer: Officer) -> list[Row]:
    return [
        Row(_("Number that signs in"), local(officer.phone)),
        Row(_("Paid by"), officer.get_paid_by_display()),
        Row(_("Number to be paid"), officer.payee_phone and local(officer.payee_phone)),
        Row(_("Name that M-Pesa shows"), officer.payee_name),
    ]


def bank(officer: Officer) -> list[Row]:
    account = getattr(officer, "bank_account", None)
    if account is None:
        return []
    return [
        Row(_("Bank"), account.bank),
        Row(_("Branch"), account.branch),
        Row(_("Account number"), account.number),
    ]


def next_of_kin(officer: Officer) -> list[Row]:
    kin = getattr(officer, "next_of_kin", None)
    if kin is None:
        return []
    return [
        Row(_("Full name"), kin.full_name),
        Row(_("Telephone"), local(kin.phone)),
        Row(_("Relationship"), kin.relationship),
    ]


def work(row: WorkExperience) -> list[Row]:
    school = [Row(_("Level of the school"), row.get_level_display())] if row.level else []
    until = date_format(row.ends_on, "j M Y") if row.ends_on else _("now")
    return [
        Row(_("Employer"), row.get_employer_display()),
        Row(_("Institution"), row.institution),
        *school,
        Row(_("Designation"), row.designation),
        Row(_("Sub-county"), f"{row.sub_county}, {row.sub_county.county}"),
        Row(_("Period"), f"{date_format(row.starts_on, 'j M Y')} – {until}"),
    ]


def qualification(row: Qualification) -> list[Row]:
    return [
        Row(_("Level of study"), row.get_level_display()),
        Row(_("Institution"), row.institution),
        Row(_("Course"), row.course),
        Row(
            _("Period"),
            f"{date_format(row.starts_on, 'j M Y')} – {date_format(row.ends_on, 'j M Y')}",
        ),
    ]


def qualifications(officer: Officer) -> list[tuple[Qualification, list[Row], Paper | None]]:
    """Each with its facts and its certificate. Of an officer found `with_profile()`."""
    certificates = {paper.qualification_id: paper for paper in officer.papers.all()}
    return [
        (row, qualification(row), certificates.get(row.pk)) for row in officer.qualifications.all()
    ]
