"""What stands in the way of being believed and paid, in sentences with what to do about each.

A register's own words about somebody are never shown to an officer: only what of theirs it says
otherwise.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import Fact, Officer, Register, RegisterCheck
from profiles.names import same_name


class Doubt(NamedTuple):
    """What is doubtful, what it means, and where it is mended."""

    said: str
    todo: str
    links: list[tuple[str, str]]


OTHERWISE: dict[tuple[str, str], Any] = {
    (Register.TSC, Fact.FULL_NAME): gettext_lazy(
        "The TSC register has another name for TSC number %(number)s."
    ),
    (Register.TSC, Fact.NATIONAL_ID): gettext_lazy(
        "The TSC register has another ID number for TSC number %(number)s."
    ),
    (Register.TSC, Fact.TSC_NUMBER): gettext_lazy("The TSC register has no TSC number %(number)s."),
    (Register.ID, Fact.FULL_NAME): gettext_lazy(
        "The register of persons has another name for ID number %(number)s."
    ),
    (Register.ID, Fact.NATIONAL_ID): gettext_lazy(
        "The register of persons has no ID number %(number)s."
    ),
}
TODO = {
    Register.TSC: gettext_lazy(
        "Correct your profile if it is wrong there. If the register is wrong, ask TSC to mend it, "
        "and tell us by an enquiry."
    ),
    Register.ID: gettext_lazy(
        "Correct your profile if it is wrong there. If the register is wrong, ask the office that "
        "issues ID cards to mend it, and tell us by an enquiry."
    ),
}
NO_NUMBER = gettext_lazy("You work for TSC, and your profile has no TSC number.")


def _enquiry() -> tuple[str, str]:
    return _("Send an enquiry"), f"{reverse('enquiries:new')}?category=profile"


def _correct() -> tuple[str, str]:
    return _("Correct my profile"), reverse("profiles:personal")


# The checks that wait, on the officer's own row: the home page has no query to spare.
WAITING = ArraySubquery(
    RegisterCheck.objects.waiting()
    .filter(officer=OuterRef("pk"))
    .values(found=JSONObject(register="register", fields="fields"))
)


def of_registers(officer: Any) -> Iterator[Doubt]:
    """What a register says otherwise and nobody has settled yet, of an officer found with
    `doubts=WAITING`."""
    for found in officer.doubts:
        register = Register(found["register"])
        number = officer.tsc_number if register == Register.TSC else officer.national_id
        sentences = [OTHERWISE[register, fact] % {"number": number} for fact in found["fields"]]
        said = " ".join(sentences) if number else str(NO_NUMBER)
        yield Doubt(said, str(TODO[register]), [_correct(), _enquiry()])


def payee_differs(officer: Officer) -> bool:
    """Payments are held for this: see claims.holds."""
    names = officer.payee_name, officer.full_name
    return all(names) and not same_name(*names)


def of_payee(officer: Officer) -> Iterator[Doubt]:
    if payee_differs(officer):
        said = _(
            "The number to be paid is in another name: M-Pesa shows %(payee)s, and your profile "
            "says %(name)s."
        )
        yield Doubt(
            said % {"payee": officer.payee_name, "name": officer.full_name},
            _(
                "Payments are held until that is settled. Use a number that is registered in your "
                "own name, or correct your name. If both are right, for example because you have "
                "married, say so in an enquiry."
            ),
            [
                (_("Change the number to be paid"), reverse("profiles:payee")),
                _correct(),
                _enquiry(),
            ],
        )


# How many other officers are paid to the same number, as in a household with one phone; None if
# nobody is.
SHARING = Subquery(
    Officer.objects.filter(payee_phone=OuterRef("payee_phone"))
    .exclude(payee_phone="")
    .exclude(pk=OuterRef("pk"))
    .order_by()
    .values("payee_phone")
    .annotate(n=Count("pk"))
    .values("n")
)


def of_shared_payee(officer: Any) -> Iterator[Doubt]:
    """Of an officer found with `sharing=SHARING`."""
    if officer.sharing:
        yield Doubt(
            _("The number to be paid is also on the profile of another officer."),
            _(
                "That is allowed, for example where a household shares a phone. If you do not "
                "know of it, check the number."
            ),
            [(_("Change the number to be paid"), reverse("profiles:payee"))],
        )
