"""An officer, and all that hangs on one."""

from profiles.models.checks import Fact, Outcome, RegisterCheck, RegisterCheckQuerySet
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
    PAYEE_WAITS,
    Employer,
    Gender,
    Officer,
    OfficerQuerySet,
    Vetting,
    WorkExperience,
    masked,
)
from profiles.models.qualifications import (
    Qualification,
    QualificationQuerySet,
    certificate_path,
)
from profiles.models.registers import (
    OPEN_IMPORTS,
    WORKING_IMPORTS,
    ImportLine,
    ImportStatus,
    Register,
    RegisterEntry,
    RegisterImport,
)

__all__ = [
    "CHANGE_WAITS",
    "LIVE_CHANGES",
    "MOST_TRIES",
    "OPEN_IMPORTS",
    "PAYEE_WAITS",
    "WORKING_IMPORTS",
    "BankAccount",
    "ChangeStatus",
    "Employer",
    "Fact",
    "Gender",
    "ImportLine",
    "ImportStatus",
    "NextOfKin",
    "NumberChange",
    "NumberChangeQuerySet",
    "Officer",
    "OfficerQuerySet",
    "Outcome",
    "Qualification",
    "QualificationQuerySet",
    "Register",
    "RegisterCheck",
    "RegisterCheckQuerySet",
    "RegisterEntry",
    "RegisterImport",
    "Road",
    "Vetting",
    "WorkExperience",
    "certificate_path",
    "masked",
]
