"""Who applied for what: for the place they hold, and elsewhere as well."""

from datetime import date, datetime, timedelta

from catalogue.models import StudyLevel
from cp2.season import draws
from cp2.season.dates import moment
from cp2.season.draws import Dice
from cp2.season.officers import Person
from cp2.season.rows import Batch
from cp2.season.vacancies import Notice, Vacancies
from profiles.models import Employer
from vacancies.models import Application, ApplicationStatus
from vacancies.services import ALPHABET

REFERENCES = len(ALPHABET) ** 8
SCATTER = 96_493_841_237  # has no factor in common with REFERENCES, so no reference comes twice
TOO_LATE = "All places of this position were filled."
HEADS = "CM"  # are chosen, and do not apply
RANKS = {level: rank for rank, level in enumerate(["", *StudyLevel.values])}

SUBMITTED, NOMINATED, _DEPLOYED, WITHDRAWN, UNSUCCESSFUL = ApplicationStatus
OF_THE_UNCHOSEN = {  # what becomes of those who hold no place of that vacancy
    "over": [UNSUCCESSFUL, UNSUCCESSFUL, UNSUCCESSFUL, WITHDRAWN],
    "open": [SUBMITTED, SUBMITTED, SUBMITTED, NOMINATED, WITHDRAWN],
    "closed": [UNSUCCESSFUL, UNSUCCESSFUL, UNSUCCESSFUL, SUBMITTED, NOMINATED, WITHDRAWN],
}


class Applications:
    """Writes them one after another; the n-th has the n-th reference."""

    def __init__(self, seed: int, today: date, batch: Batch, *, before: int = 0) -> None:
        self.seed, self.today, self.batch = seed, today, batch
        self.count = before

    def add(self, officer: int, notice: Notice, status: ApplicationStatus, reason: str = "") -> int:
        draw = draws.dice(self.seed, "application", self.count + 1)
        recent = status == SUBMITTED and notice.state == "open"
        days_ago = draw.between(1, 5) if recent else draw.between(42, 58)
        day = self.today - timedelta(days=days_ago)
        return self.write(
            officer,
            notice.id,
            notice.terms.exam_id,
            status,
            reason=reason,
            submitted_at=moment(day, draw.between(8, 20), draw.below(60)),
        )

    def write(
        self,
        officer: int,
        vacancy: int,
        exam: int,
        status: ApplicationStatus,
        *,
        submitted_at: datetime,
        reason: str = "",
    ) -> int:
        self.count += 1
        number = (self.count * SCATTER + self.seed) % REFERENCES
        return self.batch.add(
            Application,
            vacancy_id=vacancy,
            officer_id=officer,
            exam_id=exam,
            status=status,
            reference=f"A-{draws.spell(number, ALPHABET, 8)}",
            reason=reason,
            submitted_at=submitted_at,
        )

    def add_elsewhere(
        self, person: Person, vacancies: Vacancies, draw: Dice, over: set[int]
    ) -> None:
        """For an exam that they have not applied for, if any asks for such as them."""
        others = [exam for exam in vacancies.of_exam if exam not in person.applied]
        if not others:
            return
        exam = draw.choice(others)
        fitting = [notice for notice in vacancies.of_exam[exam] if fits(person, notice)]
        if not fitting:
            return
        notice = draw.choice(fitting)
        status = draw.choice(OF_THE_UNCHOSEN["over" if exam in over else notice.state])
        reason = TOO_LATE if status == UNSUCCESSFUL else ""
        self.add(person.officer, notice, status, reason)
        person.applied.add(exam)


def fits(person: Person, notice: Notice) -> bool:
    """As vacancies.eligibility has it. Places at distribution centres are for those only who work
    in such a position, whatever the terms allow."""
    terms = notice.terms
    if notice.state == "to open" or notice.position == HEADS:
        return False
    if not terms.school_levels or terms.training_required:
        return person.position == notice.position
    return (
        person.level in terms.school_levels
        and (person.employer == Employer.TSC or not terms.tsc_employment_required)
        and person.years >= terms.years_of_experience
        and RANKS[person.learning] >= RANKS[terms.lowest_qualification]
    )
