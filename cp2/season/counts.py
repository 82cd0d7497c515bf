"""What a season has come to, beside what its scale promises."""

from collections.abc import Iterator

from accounts.models import Entry, User
from attendance.models import Mark, Register
from catalogue.models import CentreEntry, DutyStation, StationKind
from claims.models import Claim
from cp2.rules import Role
from cp2.season.scales import Scale
from deployments.models import Deployment, Letter, Post
from enquiries.models import Enquiry
from profiles.models import (
    BankAccount,
    NextOfKin,
    Officer,
    Qualification,
    RegisterEntry,
    WorkExperience,
)
from sms.models import Message
from vacancies.models import Application, Vacancy

CENTRES = DutyStation.objects.filter(kind=StationKind.EXAMINATION_CENTRE)
COUNTED = {
    "sub-counties": CENTRES.order_by().values("sub_county").distinct(),
    "centres": CENTRES,
    "duty stations": DutyStation.objects.all(),
    "entries": CentreEntry.objects.all(),
    "accounts of centres": User.objects.filter(role=Role.CENTRE),
    "accounts of directors": User.objects.filter(role=Role.DIRECTOR),
    "posts": Post.objects.all(),
    "officers": Officer.objects.all(),
    "work experience": WorkExperience.objects.all(),
    "qualifications": Qualification.objects.all(),
    "bank accounts": BankAccount.objects.all(),
    "next of kin": NextOfKin.objects.all(),
    "register entries": RegisterEntry.objects.all(),
    "vacancies": Vacancy.objects.all(),
    "applications": Application.objects.all(),
    "deployments": Deployment.objects.all(),
    "letters": Letter.objects.all(),
    "registers": Register.objects.all(),
    "marks": Mark.objects.all(),
    "claims": Claim.objects.all(),
    "texts": Message.objects.all(),
    "enquiries": Enquiry.objects.all(),
    "audit trail": Entry.objects.all(),
}
NEAR = 0.01


def counts(scale: Scale) -> Iterator[tuple[str, int, str]]:
    """What, how many, and what to say about it."""
    for what, rows in COUNTED.items():
        number, promised = rows.count(), scale.promises.get(what)
        is_off = promised is not None and abs(number - promised) > promised * NEAR
        yield what, number, f"not the {promised:,} it promises" if is_off else ""
