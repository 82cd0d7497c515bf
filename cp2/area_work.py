"""A director's work list: what is to be seen to, the most pressing first, and where it is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from catalogue.models import Office


@dataclass(frozen=True)
class Work:
    """The list behind the address shows as many rows as are counted."""

    label: str
    count: int
    url: str
    of: int | None = None  # where all that there are is worth knowing


def items(
    user: User, waiting: dict[str, int], *, free: int, slips: list[dict[str, Any]]
) -> list[Work]:
    own = _of_the_tsc(waiting) if user.office == Office.TSC else _of_the_scde(waiting)
    return [
        *_of_today(waiting),
        *_of_deployments(waiting, free=free),
        *own,
        *_of_slips(slips),
    ]


def _of_today(waiting: dict[str, int]) -> Iterator[Work]:
    def reported(kind: str) -> str:
        return _to("attendance:area_centre_reports", kind=kind, status="open", ours="on")

    yield Work(_("did not come, as centres report"), waiting["no_shows"], reported("no_show"))
    if "incidents" in waiting:
        yield Work(_("incidents to answer"), waiting["incidents"], reported("incident"))
    yield Work(
        _("marked absent in the last register"),
        waiting["absent"],
        _to("attendance:area_absent", mark="absent"),
    )
    yield Work(
        _("not marked in the last register"),
        waiting["unmarked"],
        _to("attendance:area_absent", mark="none"),
    )
    if waiting["centres"]:
        yield Work(
            _("registers not marked today"),
            waiting["centres"] - waiting["marked"],
            _to("attendance:area_attendance"),
            of=waiting["centres"],
        )


def _of_deployments(waiting: dict[str, int], *, free: int) -> Iterator[Work]:
    def shown(**asked: str) -> str:
        return _to("deployments:area_deployments", **asked, ours="on")

    yield Work(
        _("positions with free places"), free, _to("deployments:area_centres", gaps="on", ours="on")
    )
    yield Work(
        _("offers that end within a day"),
        waiting["due"],
        shown(shows="due", sort="deadline"),
    )
    yield Work(
        _("offers not answered yet"),
        waiting["offers"],
        shown(status="offered", sort="deadline"),
    )
    yield Work(
        _("turned down or not answered, place still free"),
        waiting["free"],
        shown(shows="free"),
    )
    yield Work(_("letters that could not be printed"), waiting["letters"], shown(shows="letter"))
    yield Work(
        _("taken on at the gate, papers to follow"),
        waiting["papers"],
        _to("deployments:area_papers"),
    )
    yield Work(
        _("applications to look at"),
        waiting["applications"],
        _to("vacancies:area_applications", status="submitted"),
    )


def _of_the_tsc(waiting: dict[str, int]) -> Iterator[Work]:
    yield Work(
        _("amendments that centres ask for"),
        waiting["amendments"],
        _to("attendance:area_amendments", status="asked"),
    )
    yield Work(
        _("second looks at registers"), waiting["looks"], _to("attendance:area_second_looks")
    )
    yield Work(
        _("officers to vet"), waiting["officers"], _to("profiles:area_officers", vetting="pending")
    )
    yield Work(
        _("differences from the registers"), waiting["identity"], _to("profiles:area_identity")
    )
    yield Work(_("lost numbers to decide about"), waiting["numbers"], _to("profiles:area_numbers"))
    yield Work(
        _("claims to verify"), waiting["claims"], _to("claims:area_claims", status="prepared")
    )


def _of_the_scde(waiting: dict[str, int]) -> Iterator[Work]:
    yield Work(_("enquiries to answer"), waiting["enquiries"], _to("enquiries:area_enquiries"))
    yield Work(_("registers to stamp"), waiting["returns"], _to("attendance:area_registers"))


def _of_slips(slips: list[dict[str, Any]]) -> Iterator[Work]:
    for exam in slips:
        yield Work(
            _("%(name)s %(year)s: centres without a slip") % exam,
            exam["missing"],
            _to("attendance:centre_passwords", exam=str(exam["exam"])),
        )


def _to(name: str, **asked: str) -> str:
    url = reverse(name)
    return f"{url}?{urlencode(asked)}" if asked else url
