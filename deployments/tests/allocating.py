"""A sub-county with posts and applicants, for what is tested about its allocation."""

from datetime import timedelta

from django.utils import timezone

from cp2.tests import make
from deployments.allocation import runs
from deployments.allocation.worker import work
from deployments.models import AllocationRun, Whose
from vacancies.models import ApplicationStatus


class Place:
    """Two schools some way apart, an exam to come, and whoever is named to apply."""

    def __init__(self, *, required=(2, 2), exam=None, name="", county="Kisii"):
        self.exam = exam or make.exam(
            rehearsal_on=make.today() + timedelta(days=20),
            starts_on=make.today() + timedelta(days=21),
            ends_on=make.today() + timedelta(days=40),
        )
        self.area = make.sub_county(name, county)
        self.position = make.position("INV")
        make.terms(self.exam, self.position)
        self.stations = [
            make.station(sub_county=self.area, latitude=-0.7 - 0.1 * n, longitude=34.8)
            for n in range(len(required))
        ]
        self.posts = [
            make.post(exam=self.exam, station=station, position=self.position, required=places)
            for station, places in zip(self.stations, required, strict=True)
        ]
        self.vacancy = make.vacancy(exam=self.exam, position=self.position, sub_county=self.area)
        self.director = make.director(self.area)

    def applicant(self, *, years=6, near=None, status=ApplicationStatus.SUBMITTED, **fields):
        """With so many years at a school, which is next to a station if one is named."""
        officer = make.officer(sub_county=fields.pop("sub_county", self.area), **fields)
        at = {}
        if near is not None:
            at["station"] = make.station(
                sub_county=self.area, latitude=near.latitude, longitude=near.longitude
            )
        since = timezone.localdate() - timedelta(days=366 * years)
        make.work(officer, starts_on=since, **at)
        make.qualification(officer)
        return make.application(status, vacancy=self.vacancy, officer=officer)

    def guards(self, places=1):
        """What the other office deploys."""
        position = make.position("SEC")
        make.terms(self.exam, position)
        make.vacancy(exam=self.exam, position=position, sub_county=self.area)
        return make.post(
            exam=self.exam, station=self.stations[0], position=position, required=places
        )

    def run(self, **fields) -> AllocationRun:
        fields = {"by": self.director, "scope": self.area, "whose": Whose.TSC} | fields
        return runs.start(self.exam, **fields)

    def proposed(self, **fields) -> AllocationRun:
        run = self.run(**fields)
        work(run=run)
        run.refresh_from_db()
        return run
