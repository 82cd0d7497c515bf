"""What an officer looks at before they apply: each fact that the application will rest on.

The token stands for all of them. It comes back with the form, and when it is no longer what it
was, because a rate, a deadline, the profile or an earlier application changed meanwhile, the page
is shown anew instead: nobody agrees to what they have not seen.
"""

import json
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.models import DayKind, Level, StudyLevel
from profiles.models import Employer
from sms.phones import local
from vacancies.applicants import Applicant
from vacancies.models import Vacancy


class Days(NamedTuple):
    """Those of one kind in an exam."""

    kind: str
    number: int
    first: str
    last: str

    def __str__(self) -> str:
        days = ngettext("%(count)d day", "%(count)d days", self.number) % {"count": self.number}
        first, last = _day(date.fromisoformat(self.first)), _day(date.fromisoformat(self.last))
        return f"{days}: {first if first == last else f'{first} – {last}'}"


class Row(NamedTuple):
    label: str
    value: str
    url: str = ""


class Asked(NamedTuple):
    """What the terms ask, and what the officer has to show for it."""

    label: str
    asked: str
    shown: str


class Confirmation:
    def __init__(self, applicant: Applicant, vacancy: Vacancy) -> None:
        """Of a vacancy found `to_confirm`."""
        known: Any = vacancy
        self.applicant, self.vacancy, self.terms = applicant, vacancy, vacancy.terms
        self.days = [Days(**row) for row in json.loads(known.known_days)]

    @property
    def token(self) -> str:
        """Of what is stored, not of the words: reading in another language changes nothing."""
        vacancy: Any = self.vacancy
        exam, officer = vacancy.exam, self.applicant.officer
        last = self.applicant.last(exam.pk)
        facts = [
            (vacancy.pk, vacancy.places, vacancy.closes_at.isoformat()),
            (vacancy.known_terms, vacancy.known_days),
            [str(day) for day in (exam.rehearsal_on, exam.starts_on, exam.ends_on)],
            (officer.user.phone, officer.payee_name, officer.payee_phone),
            (self.applicant.current, self.applicant.level, self.applicant.years),
            # After a withdrawal the form that is still open in another tab is not good any more.
            (last and last.pk, last and last.status),
        ]
        return sha256(repr(facts).encode()).hexdigest()[:24]

    # What the page says

    @property
    def work(self) -> Iterator[Row]:
        """When, and for how much."""
        exam = self.vacancy.exam
        yield Row(_("Period"), f"{_day(exam.rehearsal_on)} – {_day(exam.ends_on)}")
        for each in self.days:
            yield Row(str(DayKind(each.kind).label), str(each))
        if self.terms:
            yield Row(_("Rate"), _("KES %(rate)s a day") % {"rate": self.terms.daily_rate})
            yield Row(_("Days that are paid, if worked"), self._paid_days())
        else:
            yield Row(_("Rate"), _("Headquarters has not set it yet"))

    def _paid_days(self) -> str:
        kinds = self.terms.paid_days if self.terms else []
        count = sum(each.number for each in self.days if each.kind in kinds)
        named = ", ".join(str(kind.label) for kind in DayKind if kind in kinds) or _("none")
        return _("%(kinds)s: at most %(count)d") % {"kinds": named, "count": count}

    @property
    def asked(self) -> Iterator[Asked]:
        if (terms := self.terms) is None:
            return
        current = self.applicant.current
        if terms.school_levels:
            yield Asked(
                _("Level of your school"),
                ", ".join(str(Level(level).label) for level in terms.school_levels),
                current.level_label if current else "",
            )
        if terms.tsc_employment_required:
            yield Asked(
                _("Employer"), str(Employer.TSC.label), current.employer_label if current else ""
            )
        if lowest := terms.lowest_qualification:
            asked = _("%(level)s or higher") % {"level": StudyLevel(lowest).label}
            yield Asked(_("Qualification"), asked, self.applicant.level_label)
        if least := terms.years_of_experience:
            asked = _("%(years)s or more") % {"years": _years(least)}
            yield Asked(_("Experience"), asked, _years(self.applicant.years))

    @property
    def carried(self) -> Iterator[Row]:
        """Of the profile, what the office will see and what the pay will go by."""
        officer, current = self.applicant.officer, self.applicant.current
        work, studies = reverse("profiles:work"), reverse("profiles:qualifications")
        yield Row(_("Name"), officer.full_name, reverse("profiles:personal"))
        yield Row(_("Workstation"), str(current or ""), work)
        yield Row(_("Highest qualification"), self.applicant.level_label, studies)
        yield Row(_("Experience"), _years(self.applicant.years), work)
        yield Row(_("Number that gets our texts"), local(officer.phone), reverse("profiles:phone"))
        payee = f"{local(officer.payee_phone)}, {officer.payee_name}" if officer.payee_phone else ""
        yield Row(_("Number to be paid"), payee, reverse("profiles:payee"))


def _day(day: date) -> str:
    return date_format(day, "j M Y")


def _years(count: int) -> str:
    return ngettext("%(count)d year", "%(count)d years", count) % {"count": count}
