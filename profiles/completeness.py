"""What a profile still lacks, thing by thing: one list for the home page, the profile page and the
refusal. Each thing is a link to the very field in which it is given."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from profiles.models import (
    SIDES,
    Employer,
    Officer,
    Paper,
    PaperKind,
    PaperStatus,
    Qualification,
    WorkExperience,
)

OfficerSet = TypeVar("OfficerSet", bound=QuerySet[Officer])


class Item(NamedTuple):
    """One thing that is asked for, where it is filled in, and whether it is there."""

    text: str
    url: str
    done: bool


class Part(NamedTuple):
    """A page of the profile, with what is asked for there."""

    text: str
    url: str
    items: list[Item]

    @property
    def missing(self) -> list[Item]:
        return [item for item in self.items if not item.done]


@dataclass(frozen=True)
class Standing:
    """How far a profile is."""

    parts: list[Part]
    wanted: list[Item]  # helps, but nothing waits for it

    @property
    def most(self) -> int:
        return sum(len(part.items) for part in self.parts)

    @property
    def done(self) -> int:
        return self.most - len(self.missing)

    @property
    def missing(self) -> list[Item]:
        return [item for part in self.parts for item in part.missing]

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def still_wanted(self) -> list[Item]:
        return [item for item in self.wanted if not item.done]


def with_standing(officers: OfficerSet) -> OfficerSet:
    """All that the list asks about, in the query that finds the officers."""
    works = WorkExperience.objects.filter(officer=OuterRef("pk"), ends_on=None)
    studies = Qualification.objects.filter(officer=OuterRef("pk"))
    copies = Paper.objects.copies_of_id().exclude(status=PaperStatus.QUARANTINED)
    return officers.select_related("user", "bank_account", "next_of_kin").annotate(
        employer_now=Subquery(works.values("employer")[:1]),
        is_qualified=Exists(studies),
        copies_sent=ArraySubquery(copies.filter(officer=OuterRef("pk")).values("kind")),
    )


def standing(officer: Officer) -> Standing:
    """Of any officer; without a query of one found `with_standing`."""
    if not hasattr(officer, "copies_sent"):
        officer = with_standing(Officer.objects.all()).get(pk=officer.pk)
    return Standing(list(_parts(officer)), list(_wanted(officer)))


def checklist(officer: Officer) -> Iterator[Item]:
    """Each thing that must be there before a profile is submitted, in the order of the pages."""
    for part in standing(officer).parts:
        yield from part.items


def _parts(officer: Any) -> Iterator[Part]:
    yield _part(_("Personal details"), "personal", _personal(officer))
    yield _part(
        _("Number to be paid"),
        "payee",
        {
            "name": (_("Name that M-Pesa shows"), bool(officer.payee_name)),
            "phone": (_("Number to be paid"), bool(officer.payee_phone)),
        },
    )
    account = hasattr(officer, "bank_account")
    yield _part(
        _("Bank details"),
        "bank",
        {
            "bank": (_("Bank"), account),
            "branch": (_("Branch"), account),
            "number": (_("Account number"), account),
        },
    )
    yield _row(
        _("Workstation"),
        "work",
        add="add_work",
        field="employer",
        item=(_("Where you work now"), officer.employer_now is not None),
    )
    yield _row(
        _("Qualifications"),
        "qualifications",
        add="add_qualification",
        field="level",
        item=(_("Highest qualification"), officer.is_qualified),
    )
    kin = hasattr(officer, "next_of_kin")
    yield _part(
        _("Next of kin"),
        "next_of_kin",
        {
            "full_name": (_("Name of your next of kin"), kin),
            "phone": (_("Telephone of your next of kin"), kin),
            "relationship": (_("How you are related"), kin),
        },
    )


def _personal(officer: Any) -> dict[str, tuple[str, bool]]:
    employer = officer.employer_now
    return {
        "full_name": (_("Full name"), bool(officer.full_name)),
        "year_of_birth": (_("Year of birth"), bool(officer.year_of_birth)),
        "gender_0": (_("Gender"), bool(officer.gender)),
        "national_id": (_("National ID number"), bool(officer.national_id)),
        "kra_pin": (_("KRA PIN"), bool(officer.kra_pin)),
        staff_number(employer): (
            _("TSC number") if employer == Employer.TSC else _("TSC or PF number"),
            has_staff_number(officer.tsc_number, officer.pf_number, employer),
        ),
    }


def staff_number(employer: str | None) -> str:
    """The field in which somebody of this employer gives their number."""
    return "tsc_number" if employer in (Employer.TSC, None) else "pf_number"


def has_staff_number(tsc_number: str | None, pf_number: str, employer: str | None) -> bool:
    """Whether pay has the number by which the employer knows them. TSC knows teachers by its own;
    whoever is employed nowhere has none."""
    if employer == Employer.NONE:
        return True
    return bool(tsc_number or (pf_number and employer != Employer.TSC))


def _part(text: str, page: str, fields: dict[str, tuple[str, bool]]) -> Part:
    url = reverse(f"profiles:{page}")
    items = [Item(said, f"{url}#id_{name}", done) for name, (said, done) in fields.items()]
    return Part(text, url, items)


def _row(text: str, page: str, *, add: str, field: str, item: tuple[str, bool]) -> Part:
    """A part whose things are rows: what is missing leads to where one is added."""
    said, done = item
    where = f"{reverse(f'profiles:{add}')}#id_{field}"
    return Part(text, reverse(f"profiles:{page}"), [Item(said, where, done)])


def _wanted(officer: Any) -> Iterator[Item]:
    """Whoever vets looks at the ID card; but not everybody has the means to send it."""
    sent = officer.copies_sent
    pages = {PaperKind.ID_FRONT: "id_front", PaperKind.ID_BACK: "id_back"}
    for side in SIDES:
        url = reverse(f"profiles:{pages[side]}") + "#id_file"
        yield Item(str(side.label), url, side in sent)
