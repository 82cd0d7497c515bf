"""The vacancies of one sub-county: open, closed, and still to open."""

from datetime import date, timedelta

from catalogue.models import Activity, StationKind
from cp2.season.dates import moment
from cp2.season.plan import Plan
from cp2.season.rows import Batch
from deployments.models import Post
from vacancies.models import Vacancy

ACTIVITIES = {
    StationKind.EXAMINATION_CENTRE: "Supervision & Invigilation of exams",
    StationKind.DISTRIBUTION_CENTRE: "Distribution of examination materials",
    StationKind.MARKING_CENTRE: "Marking of exams",
}


class Vacancies:
    """Their ids by exam and position, and which of them are open."""

    def __init__(self, plan: Plan, today: date, batch: Batch) -> None:
        self.plan, self.today, self.batch = plan, today, batch
        self.activities = dict(Activity.objects.values_list("name", "pk"))
        self.ids: dict[tuple[int, str], int] = {}
        self.open: set[tuple[int, str]] = set()

    def advertise(self) -> None:
        """One per exam and position: open while there are gaps and the exam is not over. That of
        the markers is still to open."""
        for key, required in self.plan.required.items():
            gaps = self.plan.gaps[key]
            if gaps and not self.plan.runs[key[0]].is_over:
                self._add(key, gaps, opens=-60, closes=10)
                self.open.add(key)
            else:
                self._add(key, required, opens=-60, closes=-40)
        marking = Post.objects.filter(
            station__sub_county=self.plan.home, station__kind=StationKind.MARKING_CENTRE
        )
        for post in marking.select_related("position"):
            self._add((post.exam_id, post.position.code), post.required, opens=5, closes=19)

    def _add(self, key: tuple[int, str], places: int, *, opens: int, closes: int) -> None:
        """`opens` and `closes` are days from today."""
        terms = self.plan.runs[key[0]].terms[key[1]]
        self.ids[key] = self.batch.add(
            Vacancy,
            exam_id=terms.exam_id,
            activity_id=self.activities[ACTIVITIES[StationKind(terms.station_kind)]],
            station_kind=terms.station_kind,
            position_id=terms.position_id,
            sub_county_id=self.plan.home.pk,
            places=places,
            opens_at=moment(self.today + timedelta(days=opens), 8),
            closes_at=moment(self.today + timedelta(days=closes), 23, 59),
        )
