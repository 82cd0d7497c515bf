"""The people of one sub-county: officers, applications, deployments and letters."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from catalogue.models import Office
from cp2.season import draws
from cp2.season.dates import moment
from cp2.season.officers import OFFICER_TABLES, Officers, School
from cp2.season.plan import Place, Plan, Run
from cp2.season.rows import Batch
from cp2.season.vacancies import Vacancies
from deployments import letters
from deployments.models import Deployment, DeploymentStatus, Letter
from profiles.models import Vetting
from vacancies.models import Application, ApplicationStatus, Vacancy
from vacancies.services import ALPHABET

SOME_SCHOOL = {"primary": "Primary School", "junior": "Junior School", "secondary": "High School"}
REFERENCES = len(ALPHABET) ** 8
SCATTER = 96_493_841_237  # has no factor in common with REFERENCES, so no reference comes twice

FELL_THROUGH = (DeploymentStatus.REJECTED, DeploymentStatus.EXPIRED, DeploymentStatus.CANCELLED)

UNWELL = "I am unwell and under treatment until next month."
NOT_SEEN = "Did not report and could not be reached."
SWAPPED = "Each lives nearer to the other school."
CALLED_OFF = "Needed at the own school in these weeks."
TOO_LATE = "All places of this position were filled."
BARRED = "Not on the TSC register any more."

TABLES = (*OFFICER_TABLES, Vacancy, Application, Deployment, Letter)


@dataclass(frozen=True)
class Offer:
    """A deployment that has been written, as the one that follows it needs to know it."""

    deployment: int
    officer: int
    application: int | None


class Crew:
    def __init__(
        self, plan: Plan, *, seed: int, today: date, officers: Officers, batch: Batch
    ) -> None:
        self.plan, self.home, self.runs = plan, plan.home, plan.runs
        self.seed, self.today = seed, today
        self.officers, self.batch = officers, batch
        self.kcse = next(run for run in self.runs.values() if run.exam.abbreviation == "KCSE")
        self.vacancies = Vacancies(plan, today, batch)
        self.to_swap: list[tuple[Place, Offer]] = []

    def fill(self, stages: list[str]) -> None:
        self.vacancies.advertise()
        for place in self.plan.places:
            getattr(self, place.fate)(place)
        for stage in stages:
            getattr(self, stage)()
        self.batch.flush()

    # What may become of a place

    def free(self, place: Place) -> None:
        """Nobody has been found yet."""

    def accepted(self, place: Place) -> Offer:
        offered_at, answered_at = self._times(place)
        return self._deploy(
            place, DeploymentStatus.ACCEPTED, offered_at=offered_at, answered_at=answered_at
        )

    def offered(self, place: Place) -> None:
        """In the last days, for whoever is still missing."""
        offered_at, _answered_at = self._times(place, days_ago=(1, 3))
        self._deploy(place, DeploymentStatus.OFFERED, offered_at=offered_at, starts_on=self.today)

    def rejected(self, place: Place) -> None:
        offered_at, answered_at = self._times(place)
        self._deploy(
            place,
            DeploymentStatus.REJECTED,
            offered_at=offered_at,
            answered_at=answered_at,
            reason=UNWELL,
        )

    def refilled(self, place: Place) -> None:
        """The first rejected it, the second accepted."""
        self.rejected(place)
        offered_at, answered_at = self._times(place, days_ago=(20, 23))
        self._deploy(
            place, DeploymentStatus.ACCEPTED, offered_at=offered_at, answered_at=answered_at
        )

    def expired(self, place: Place) -> None:
        offered_at, _answered_at = self._times(place)
        self._deploy(place, DeploymentStatus.EXPIRED, offered_at=offered_at)

    def cancelled(self, place: Place) -> None:
        offered_at, answered_at = self._times(place)
        self._deploy(
            place,
            DeploymentStatus.CANCELLED,
            offered_at=offered_at,
            answered_at=answered_at,
            reason=CALLED_OFF,
        )

    def replaced(self, place: Place) -> None:
        """The first served until the exam's turn, another from then on."""
        offered_at, answered_at = self._times(place)
        turn = self._run(place).turn
        old = self._deploy(
            place,
            DeploymentStatus.MOVED,
            offered_at=offered_at,
            answered_at=answered_at,
            ends_on=turn - timedelta(days=1),
            reason=NOT_SEEN,
            released=True,
        )
        self._deploy(
            place,
            DeploymentStatus.ACCEPTED,
            offered_at=moment(turn - timedelta(days=1), 15),
            answered_at=moment(turn - timedelta(days=1), 17),
            starts_on=turn,
            reason=NOT_SEEN,
            replaces=old.deployment,
        )

    def swapped(self, place: Place) -> None:
        """Two invigilators change places at the turn."""
        offered_at, answered_at = self._times(place)
        turn = self._run(place).turn
        old = self._deploy(
            place,
            DeploymentStatus.MOVED,
            offered_at=offered_at,
            answered_at=answered_at,
            ends_on=turn - timedelta(days=1),
            reason=SWAPPED,
        )
        self.to_swap.append((place, old))
        if len(self.to_swap) < 2:
            return
        (first, left), (second, right) = self.to_swap
        for to, was in ((second, left), (first, right)):
            self._deploy(
                to,
                DeploymentStatus.ACCEPTED,
                offered_at=moment(turn - timedelta(days=1), 15),
                answered_at=answered_at,
                starts_on=turn,
                reason=SWAPPED,
                follows=was,
            )

    # What may become of somebody without a place

    def registered(self) -> None:
        self.officers.register(self.batch, self.home)

    def half_filled(self) -> None:
        self.officers.register(self.batch, self.home, kra_pin=None, payee_name="", payee_phone="")

    def submitted(self) -> int:
        return self._spare(vetting=Vetting.PENDING)

    def vetted(self) -> int:
        return self._spare()

    def barred(self) -> None:
        self._spare(vetting=Vetting.BARRED, reason=BARRED)

    def applied(self) -> None:
        self._apply_as_invigilator(ApplicationStatus.SUBMITTED, vetting=Vetting.PENDING)

    def nominated(self) -> None:
        self._apply_as_invigilator(ApplicationStatus.NOMINATED)

    def withdrawn(self) -> None:
        self._apply_as_invigilator(ApplicationStatus.WITHDRAWN)

    def unsuccessful(self) -> None:
        self._apply_as_invigilator(ApplicationStatus.UNSUCCESSFUL, reason=TOO_LATE)

    def _apply_as_invigilator(
        self, status: ApplicationStatus, *, reason: str = "", vetting: Vetting = Vetting.VETTED
    ) -> None:
        officer = self._spare(vetting=vetting)
        self._apply(officer, (self.kcse.exam.pk, "INV"), status, reason=reason)

    def _spare(self, **profile: Any) -> int:
        terms = self.kcse.terms["INV"]
        school = self._school(terms.school_levels, not_at=None)
        return self.officers.complete(
            self.batch, self.home, position="INV", terms=terms, school=school, **profile
        )

    # The rows

    def _deploy(
        self,
        place: Place,
        status: DeploymentStatus,
        *,
        offered_at: datetime,
        answered_at: datetime | None = None,
        starts_on: date | None = None,
        ends_on: date | None = None,
        reason: str = "",
        replaces: int | None = None,
        follows: Offer | None = None,
        released: bool = False,
    ) -> Offer:
        """One deployment, of the officer whom it `follows` or else of a new one."""
        run = self._run(place)
        if follows:
            officer, application = follows.officer, follows.application
        else:
            officer = self._officer(place)
            application = self._applied_for(place, officer, released or status in FELL_THROUGH)
        terms = run.terms[place.post.position.code]
        deployment = self.batch.add(
            Deployment,
            post_id=place.post.pk,
            slot=place.slot,
            officer_id=officer,
            application_id=application,
            status=status,
            starts_on=starts_on or run.exam.rehearsal_on,
            ends_on=ends_on or run.exam.ends_on,
            respond_by=offered_at + timedelta(days=terms.days_to_respond),
            replaces_id=follows.deployment if follows else replaces,
            reason=reason,
            offered_at=offered_at,
            answered_at=answered_at,
        )
        if answered_at and status in (DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED):
            self._issue(deployment, place, max(offered_at, answered_at), status)
        return Offer(deployment, officer, application)

    def _officer(self, place: Place) -> int:
        terms = self._run(place).terms[place.post.position.code]
        if place.post.position.code == "CM":
            station = place.post.station
            school: School | None = School(station.pk, station.name, station.level)
        else:
            school = self._school(terms.school_levels, not_at=place.post.station_id)
        return self.officers.complete(
            self.batch, self.home, position=place.post.position.code, terms=terms, school=school
        )

    def _school(self, levels: list[str], *, not_at: int | None) -> School | None:
        """Where a teacher of one of these levels works: never the centre itself."""
        if not levels:
            return None
        draw = draws.dice(self.seed, "school", self.officers.count)
        schools = [
            school
            for school in self.plan.schools
            if school.level in levels and school.station != not_at
        ]
        if schools:
            return draw.choice(schools)
        level = draw.choice(levels)
        return School(None, f"{draw.choice(draws.names('schools'))} {SOME_SCHOOL[level]}", level)

    def _applied_for(self, place: Place, officer: int, fell_through: bool) -> int | None:
        """Most teachers have applied, few of the others; a head is nominated without."""
        position = place.post.position
        number = self.officers.count
        applied = number % 5 != 0 if position.deployed_by == Office.TSC else number % 3 == 0
        if position.code == "CM" or not applied:
            return None
        status, reason = ApplicationStatus.DEPLOYED, ""
        if fell_through:
            status = ApplicationStatus.NOMINATED
            if self._run(place).is_over:
                status, reason = ApplicationStatus.UNSUCCESSFUL, TOO_LATE
        key = (place.post.exam_id, position.code)
        return self._apply(officer, key, status, reason=reason)

    def _apply(
        self, officer: int, key: tuple[int, str], status: ApplicationStatus, *, reason: str
    ) -> int:
        number = (self.officers.count * SCATTER + self.seed) % REFERENCES
        draw = draws.dice(self.seed, "application", self.officers.count)
        recent = status == ApplicationStatus.SUBMITTED and key in self.vacancies.open
        days_ago = draw.randint(1, 5) if recent else draw.randint(42, 58)
        return self.batch.add(
            Application,
            vacancy_id=self.vacancies.ids[key],
            officer_id=officer,
            exam_id=key[0],
            status=status,
            reference=f"A-{draws.spell(number, ALPHABET, 8)}",
            reason=reason,
            submitted_at=moment(self._day(-days_ago), draw.randint(8, 20), draw.randint(0, 59)),
        )

    def _issue(
        self, deployment: int, place: Place, issued_at: datetime, status: DeploymentStatus
    ) -> None:
        turn = self._run(place).turn
        self.batch.add(
            Letter,
            deployment_id=deployment,
            code=draws.letters(
                letters.ALPHABET, letters.CODE_LENGTH, self.seed, *self._name(place), status
            ),
            issued_at=issued_at,
            voided_at=moment(turn - timedelta(days=1), 15)
            if status == DeploymentStatus.MOVED
            else None,
        )

    def _name(self, place: Place) -> tuple[Any, ...]:
        """Of a place, without any id: those may differ from one database to the next."""
        post = place.post
        return post.exam.abbreviation, post.station.code, post.position.code, place.slot

    def _run(self, place: Place) -> Run:
        return self.runs[place.post.exam_id]

    def _day(self, n: int) -> date:
        return self.today + timedelta(days=n)

    def _times(
        self, place: Place, days_ago: tuple[int, int] = (28, 36)
    ) -> tuple[datetime, datetime]:
        """When it was offered, and when it would be answered."""
        draw = draws.dice(self.seed, "offer", self.officers.count, *self._name(place))
        offered_at = moment(
            self._day(-draw.randint(*days_ago)), draw.randint(8, 16), draw.randint(0, 59)
        )
        return offered_at, offered_at + timedelta(minutes=draw.randint(10, 6000))
