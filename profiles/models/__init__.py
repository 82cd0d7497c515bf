"""An officer, and all that hangs on one."""

from profiles.models.money import BankAccount, NextOfKin
from profiles.models.numbers import (
    CHANGE_WAITS,
    LIVE_CHANGES,
    MOST_TRIES,
    ChangeStatus,
    NumberChange,
    NumberChangeQuerySet,
    Road,
)
from profiles.models.officer import (
    IDENTITY,
    PAYEE_WAITS,
    Employer,
    Gender,
    Officer,
    OfficerQuerySet,
    Vetting,
    WorkExperience,
    masked,
)
from profiles.models.papers import (
    SIDES,
    USABLE,
    Paper,
    PaperKind,
    PaperQuerySet,
    PaperStatus,
    certificate_path,
    paper_path,
)
from profiles.models.qualifications import Qualification
from profiles.models.registers import Register, RegisterEntry

__all__ = [
    "CHANGE_WAITS",
    "IDENTITY",
    "LIVE_CHANGES",
    "MOST_TRIES",
    "PAYEE_WAITS",
    "SIDES",
    "USABLE",
    "BankAccount",
    "ChangeStatus",
    "Employer",
    "Gender",
    "NextOfKin",
    "NumberChange",
    "NumberChangeQuerySet",
    "Officer",
    "OfficerQuerySet",
    "Paper",
    "PaperKind",
    "PaperQuerySet",
    "PaperStatus",
    "Qualification",
    "Register",
    "RegisterEntry",
    "Road",
    "Vetting",
    "WorkExperience",
    "certificate_path",
    "masked",
    "paper_path",
]
