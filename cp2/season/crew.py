"""The people of one sub-county: officers, applications, deployments and letters."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from catalogue.models import Office
from cp2.season import draws
from cp2.season.applications import HEADS, TOO_LATE
from cp2.season.dates import moment
from cp2.season.officers import OFFICER_TABLES, Person
from cp2.season.plan import Place, Plan, Run
from cp2.season.pool import Pool, Season
from cp2.season.vacancies import Notice, Vacancies
from deployments import letters
from deployments.models import Deployment, DeploymentStatus, Letter
from profiles.models import Vetting
from vacancies.models import Application, ApplicationStatus, Vacancy

FELL_THROUGH = (DeploymentStatus.REJECTED, DeploymentStatus.EXPIRED, DeploymentStatus.CANCELLED)

UNWELL = "I am unwell and under treatment until next month."
NOT_SEEN = "Did not report and could not be reached."
SWAPPED = "Each lives nearer to the other school."
CALLED_OFF = "Needed at the own school in these weeks."
BARRED = "Not on the TSC register any more."

TABLES = (*OFFICER_TABLES, Vacancy, Application, Deployment, Letter)


@dataclass(frozen=True)
class Offer:
    """A deployment that has been written, as the one that follows it needs to know it."""

    deployment: int | None
    person: Person
    application: int | None


class Crew:
    def __init__(self, plan: Plan, season: Season) -> None:
        self.plan, self.home, self.runs = plan, plan.home, plan.runs
        self.season, self.seed, self.today = season, season.seed, season.today
        self.batch, self.officers = season.batch, season.officers
        self.kcse = next(run for run in self.runs.values() if run.exam.abbreviation == "KCSE")
        self.vacancies = Vacancies(plan, self.today, self.batch, season.activities)
        self.pool = Pool(plan, season)
        self.to_swap: list[tuple[Place, Offer]] = []

    def fill(self, stages: list[str]) -> None:
        self.vacancies.advertise()
        self.vacancies.advertise_further(self.season.adverts, self.seed)
        for place in self.plan.places:
            getattr(self, place.fate)(place)
        for stage in stages:
            getattr(self, stage)()
        self._apply_elsewhere()
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

    def submitted(self) -> Person:
        return self._spare(vetting=Vetting.PENDING)

    def vetted(self) -> Person:
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
        self._apply(self._spare(vetting=vetting), self._notice(self.kcse, "INV"), status, reason)

    def _spare(self, **profile: Any) -> Person:
        return self.pool.newcomer("INV", self.kcse.terms["INV"], **profile)

    def _apply_elsewhere(self) -> None:
        """Many try in more exams than they are chosen for in the end."""
        percent = self.season.scale.elsewhere
        over = {exam for exam, run in self.runs.items() if run.is_over}
        for person in self.pool.people if percent else ():
            draw = draws.dice(self.seed, "elsewhere", person.number)
            if not person.is_barred and draw.happens(percent):
                self.season.applications.add_elsewhere(person, self.vacancies, draw, over)

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
            person, application = follows.person, follows.application
        else:
            person = self.pool.find(place)
            application = self._applied_for(place, person, released or status in FELL_THROUGH)
        first = run.exam.abbreviation == "KPSEA"  # over before the others begin
        if first and status == DeploymentStatus.ACCEPTED:
            self.pool.remember(place, person)
        if self.plan.nobody_is_deployed:
            return Offer(None, person, application)
        terms = run.terms[place.post.position]
        deployment = self.batch.add(
            Deployment,
            post_id=place.post.id,
            slot=place.slot,
            officer_id=person.officer,
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
        return Offer(deployment, person, application)

    def _applied_for(self, place: Place, person: Person, fell_through: bool) -> int | None:
        """Most teachers have applied, few of the others; a head is nominated without."""
        post, run = place.post, self._run(place)
        number = person.number
        applied = number % 5 != 0 if post.deployed_by == Office.TSC else number % 3 == 0
        if post.position == HEADS or not applied:
            return None
        status, reason = ApplicationStatus.DEPLOYED, ""
        if fell_through and run.is_over:
            status, reason = ApplicationStatus.UNSUCCESSFUL, TOO_LATE
        elif fell_through or self.plan.nobody_is_deployed:
            status = ApplicationStatus.NOMINATED
        return self._apply(person, self._notice(run, post.position), status, reason)

    def _notice(self, run: Run, position: str) -> Notice:
        return self.vacancies.of_posts[run.exam.pk, position]

    def _apply(
        self, person: Person, notice: Notice, status: ApplicationStatus, reason: str = ""
    ) -> int:
        person.applied.add(notice.terms.exam_id)
        return self.season.applications.add(person.officer, notice, status, reason)

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
        return self.runs[post.exam].exam.abbreviation, post.station_code, post.position, place.slot

    def _run(self, place: Place) -> Run:
        return self.runs[place.post.exam]

    def _day(self, n: int) -> date:
        return self.today + timedelta(days=n)

    def _times(
        self, place: Place, days_ago: tuple[int, int] = (28, 36)
    ) -> tuple[datetime, datetime]:
        """When it was offered, and when it would be answered."""
        draw = draws.dice(self.seed, "offer", self.officers.count, *self._name(place))
        offered_at = moment(
            self._day(-draw.between(*days_ago)), draw.between(8, 16), draw.below(60)
        )
        return offered_at, offered_at + timedelta(minutes=draw.between(10, 6000))
