"""The vacancies of one sub-county: open, closed, and still to open."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from catalogue.models import Activity, Exam, Position, PositionTerms, StationKind
from cp2.season import draws
from cp2.season.dates import moment
from cp2.season.plan import Plan
from cp2.season.rows import Batch
from vacancies.models import Vacancy

ACTIVITIES = {
    StationKind.EXAMINATION_CENTRE: "Supervision & Invigilation of exams",
    StationKind.DISTRIBUTION_CENTRE: "Distribution of examination materials",
    StationKind.MARKING_CENTRE: "Marking of exams",
}
BESIDES = "Asked for besides the posts."
LIKE = {"TL": "EXM"}  # a position without terms in any exam, and one whose terms fit it


@dataclass(frozen=True)
class Advert:
    """What is to be advertised in every sub-county besides the posts."""

    terms: PositionTerms
    activity: int


def further_adverts(exams: list[Exam]) -> list[Advert]:
    """Those of data/further_vacancies.csv. A position that an exam has no terms for gets some of
    another's; nobody is entitled to anybody by them."""
    rows = draws.table("further_vacancies", draws.DATA)
    activities = {
        name: Activity.objects.get_or_create(name=name)[0].pk
        for name in dict.fromkeys(row["activity"] for row in rows)
    }
    return [
        Advert(_terms(exam, row["position"], row["station_kind"]), activities[row["activity"]])
        for row in rows
        for exam in exams
        if exam.abbreviation in row["exams"].split(";")
    ]


def _terms(exam: Exam, position: str, station_kind: str) -> PositionTerms:
    known = PositionTerms.objects.select_related("position")
    if found := known.filter(exam=exam, position__code=position).first():
        return found
    terms = known.filter(position__code=LIKE.get(position, position)).latest("exam__code")
    terms.pk, terms._state.adding = None, True
    terms.exam, terms.position = exam, Position.objects.get(code=position)
    terms.station_kind = station_kind
    terms.minimum_per_centre, terms.candidates_per_officer = 0, None
    terms.centres_per_officer, terms.one_more_above = None, None
    terms.save()
    return terms


@dataclass(frozen=True)
class Notice:
    """A vacancy that has been written, as those who apply need to know it."""

    id: int
    terms: PositionTerms
    position: str
    state: str  # open, closed, to open


class Vacancies:
    """All of one sub-county. What posts there are comes first, then what is asked for besides."""

    def __init__(self, plan: Plan, today: date, batch: Batch, activities: dict[str, int]) -> None:
        self.plan, self.today, self.batch, self.activities = plan, today, batch, activities
        self.of_posts: dict[tuple[int, str], Notice] = {}  # by exam and position
        self.of_exam: defaultdict[int, list[Notice]] = defaultdict(list)

    def advertise(self) -> None:
        """One per exam and position: open while there are gaps and the exam is not over. That of
        the markers is still to open."""
        for key, required in self.plan.required.items():
            terms = self.plan.runs[key[0]].terms[key[1]]
            has_gaps = self.plan.gaps[key] and not self.plan.runs[key[0]].is_over
            state = "open" if has_gaps else "closed"
            self.of_posts[key] = self._add(terms, required, state)
        for exam, position, required in self.plan.marking:
            self._add(self.plan.runs[exam].terms[position], required, "to open")

    def advertise_further(self, adverts: list[Advert], seed: int) -> None:
        for number, advert in enumerate(adverts):
            draw = draws.dice(seed, "advert", self.plan.number, number)
            over = self.plan.runs[advert.terms.exam_id].is_over
            marking = advert.terms.station_kind == StationKind.MARKING_CENTRE
            state = "to open" if marking else draw.choice(["closed", "open", "open"])
            self._add(
                advert.terms, draw.between(1, 12), "closed" if over else state, advert.activity
            )

    def _add(self, terms: PositionTerms, places: int, state: str, activity: int = 0) -> Notice:
        opens, closes = {"open": (-60, 10), "closed": (-60, -40), "to open": (5, 19)}[state]
        kind = StationKind(terms.station_kind)
        number = self.batch.add(
            Vacancy,
            exam_id=terms.exam_id,
            activity_id=activity or self.activities[ACTIVITIES[kind]],
            station_kind=kind,
            position_id=terms.position_id,
            sub_county_id=self.plan.home.pk,
            places=places,
            override_reason=BESIDES if activity else "",
            opens_at=moment(self.today + timedelta(days=opens), 8),
            closes_at=moment(self.today + timedelta(days=closes), 23, 59),
        )
        notice = Notice(number, terms, terms.position.code, state)
        self.of_exam[terms.exam_id].append(notice)
        return notice
