"""A director's first page: what waits, counted right, for the own office and sub-county alone."""

from datetime import timedelta

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance.models import RegisterReturn
from catalogue.models import Office
from claims.money import counting
from cp2.tests import make
from deployments.models import DeploymentStatus
from enquiries.models import Enquiry
from profiles.models import Vetting


class Area(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.tsc = make.director(self.place, Office.TSC)
        self.scde = make.director(self.place, Office.SCDE)

    def open(self, director):
        make.sign_in(self.client, director)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = self.client.get(reverse("area"))
        assert len(queries) <= 8
        return response.context

    def some_of_everything(self, place):
        """One row of each kind that waits for one of the two offices."""
        station = make.station(sub_county=place)
        entry = make.entry(station=station)
        officer = make.officer(sub_county=place, vetting=Vetting.PENDING)
        make.application(vacancy=make.vacancy(exam=entry.exam, sub_county=place), officer=officer)
        post = make.post(exam=entry.exam, station=station, required=5)
        make.deployment(DeploymentStatus.OFFERED, post=post, officer=make.officer(sub_county=place))
        make.register_check(officer)
        make.number_change(officer)
        make.claim(deployment=make.deployment(post=post, slot=2))
        RegisterReturn.objects.create(entry=entry, code=f"R{make.number()}")
        Enquiry.objects.create(
            officer=officer, sub_county=place, category="other", subject="s", text="t"
        )
        make.register(entry)

    def test_the_tsc_sees_where_the_money_of_its_sub_county_is(self):
        self.some_of_everything(self.place)
        self.some_of_everything(make.sub_county())
        counting.count_due()
        assert self.open(self.tsc)["money"] == [("Owed", 1100)]
        assert self.open(self.scde)["money"] == []

    def test_each_office_counts_what_waits_for_it(self):
        self.some_of_everything(self.place)

        assert self.open(self.tsc)["waiting"] == {
            "applications": 1,
            "due": 0,
            "offers": 1,
            "free": 0,
            "absent": 0,
            "unmarked": 0,
            "letters": 0,
            "papers": 0,
            "no_shows": 0,
            "incidents": 0,
            "centres": 1,
            "marked": 0,
            "officers": 1,
            "identity": 1,
            "amendments": 0,
            "looks": 0,
            "numbers": 1,
            "claims": 1,
        }
        assert self.open(self.scde)["waiting"] == {
            "applications": 0,
            "due": 0,
            "offers": 0,
            "free": 0,
            "absent": 0,
            "unmarked": 0,
            "letters": 0,
            "papers": 0,
            "no_shows": 0,
            "centres": 1,
            "marked": 0,
            "enquiries": 1,
            "returns": 1,
        }

    def test_nothing_of_another_sub_county_is_counted(self):
        self.some_of_everything(make.sub_county())

        for director in (self.tsc, self.scde):
            context = self.open(director)
            assert set(context["waiting"].values()) == {0}
            assert context["positions"] == []

    def test_centres_without_a_slip_are_counted_for_each_exam_that_is_not_over(self):
        here = [make.entry(station=make.station(sub_county=self.place)) for _ in range(2)]
        make.centre(here[0].station, exam=here[0].exam, issued_at=timezone.now())
        more = make.entry(exam=here[0].exam, station=make.station(sub_county=self.place))
        make.centre(more.station, exam=more.exam)  # has a password, but never had a slip
        over = make.exam(ends_on=make.today() - timedelta(days=1))
        make.entry(exam=over, station=here[0].station)
        make.entry(exam=here[0].exam)  # elsewhere

        for director in (self.tsc, self.scde):
            counted = {row["exam"]: row["missing"] for row in self.open(director)["slips"]}
            assert counted == {here[0].exam_id: 1, here[1].exam_id: 1}

    def test_the_count_leads_to_the_page_where_they_are_printed(self):
        entry = make.entry(station=make.station(sub_county=self.place))
        self.open(self.tsc)

        link = f"{reverse('attendance:centre_passwords')}?exam={entry.exam_id}"
        self.assertContains(self.client.get(reverse("area")), f'href="{link}"')
        assert self.client.get(link).context["exam"] == entry.exam

    def test_gaps_stand_first(self):
        exam = make.exam()
        for code, required in (("CM", 1), ("INV", 4)):
            post = make.post(
                exam=exam,
                station=make.station(sub_county=self.place),
                position=make.position(code),
                required=required,
            )
            make.deployment(post=post)

        rows = self.open(self.tsc)["positions"]

        assert [(row["required"], row["live"], row["accepted"], row["gap"]) for row in rows] == [
            (4, 1, 1, 3),
            (1, 1, 1, 0),
        ]
