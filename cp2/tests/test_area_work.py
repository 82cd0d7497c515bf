"""A director's work list and picture: each number is that of the list behind it."""

from datetime import timedelta

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance.models import MarkStatus, RegisterStatus
from catalogue.models import Office
from cp2.area_picture import DAYS, MOST_CENTRES
from cp2.tests import make
from deployments.models import DeploymentStatus, Letter, LetterStatus
from profiles.models import Vetting

OFFERED, REJECTED = DeploymentStatus.OFFERED, DeploymentStatus.REJECTED


class Pictured(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.station = make.station(sub_county=self.place)
        self.exam = make.exam()
        self.entry = make.entry(exam=self.exam, station=self.station)
        self.post = make.post(exam=self.exam, station=self.station, required=6)
        self.director = make.director(self.place)
        make.sign_in(self.client, self.director)

    def page(self):
        return self.client.get(reverse("area"))

    def work(self):
        context = self.page().context
        return {item.label: item for item in [*context["work"], *context["quiet"]]}

    def listed(self, label):
        """How many rows the list behind a number has, beside the number itself."""
        item = self.work()[label]
        page = self.client.get(item.url).context["page"]
        return item.count, page.paginator.count

    def serving(self, **fields):
        return make.deployment(
            post=self.post,
            officer=make.officer(),
            **{"starts_on": self.exam.rehearsal_on, **fields},
        )

    def register(self, day, status=RegisterStatus.SUBMITTED):
        return make.register(
            self.entry,
            day=day,
            status=status,
            acting_name="Barasa Wafula",
            submitted_at=timezone.now(),
        )


class WorkTests(Pictured):
    def test_each_number_is_that_of_the_list_behind_it(self):
        now = timezone.now()
        make.deployment(OFFERED, post=self.post, slot=1, respond_by=now + timedelta(hours=3))
        make.deployment(OFFERED, post=self.post, slot=2, officer=make.officer())
        make.deployment(REJECTED, post=self.post, slot=3, officer=make.officer(), answered_at=now)
        failed = self.serving(slot=4)
        Letter.objects.create(deployment=failed, code="L", status=LetterStatus.FAILED)
        make.deployment(
            post=self.post,
            slot=5,
            officer=make.officer(vetting=Vetting.PENDING),
            papers_due=True,
        )
        guards = make.post(exam=self.exam, station=self.station, position=make.position("SEC"))
        make.deployment(OFFERED, post=guards, officer=make.officer())  # of the other office

        for label, count in (
            ("positions with free places", 1),
            ("offers that end within a day", 1),
            ("offers not answered yet", 2),
            ("turned down or not answered, place still free", 1),
            ("letters that could not be printed", 1),
            ("taken on at the gate, papers to follow", 1),
        ):
            assert self.listed(label) == (count, count), label

    def test_what_needs_nothing_is_said_last(self):
        context = self.page().context
        assert [item.label for item in context["work"]] == [
            "registers not marked today",
            "positions with free places",
            f"KCSE {self.exam.year}: centres without a slip",
        ]
        assert all(not item.count for item in context["quiet"])

    def test_as_many_queries_for_much_work_as_for_none(self):
        with CaptureQueriesContext(connection) as before:
            self.page()
        assert len(before) <= 8
        for slot in range(1, 6):
            self.serving(slot=slot)
            make.post(exam=self.exam, station=make.station(sub_county=self.place))
        with self.assertNumQueries(len(before)):
            self.page()


class AbsentTests(Pictured):
    def absent(self, mark=""):
        rows = self.client.get(reverse("attendance:area_absent"), {"mark": mark}).context["rows"]
        return [(row, day, is_absent) for row, day, is_absent in rows]

    def test_whom_the_last_register_does_not_name_as_present(self):
        today = make.today()
        away, unmarked, there = (self.serving(slot=slot) for slot in (1, 2, 3))
        self.register(today - timedelta(days=2))
        make.mark(there, today - timedelta(days=2), MarkStatus.ABSENT)  # but has come since
        self.register(today - timedelta(days=1))
        make.mark(away, today - timedelta(days=1), MarkStatus.ABSENT)
        make.mark(there, today - timedelta(days=1))
        yesterday = today - timedelta(days=1)
        assert self.absent("absent") == [(away, yesterday, True)]
        assert self.absent("none") == [(unmarked, yesterday, False)]
        assert len(self.absent()) == 2
        for label in ("marked absent in the last register", "not marked in the last register"):
            assert self.listed(label) == (1, 1)

    def test_a_register_that_is_open_names_nobody_as_missing(self):
        self.serving()
        make.register(self.entry)
        assert self.absent() == []

    def test_who_was_replaced_or_is_of_elsewhere_or_of_the_other_office_is_not_shown(self):
        today = make.today()
        self.register(today - timedelta(days=1))
        make.deployment(
            DeploymentStatus.MOVED,
            post=self.post,
            starts_on=self.exam.rehearsal_on,
            ends_on=today - timedelta(days=1),
        )
        self.serving(slot=2)
        assert len(self.absent()) == 1
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        assert self.absent() == []
        make.sign_in(self.client, make.director(make.sub_county()))
        assert self.absent() == []

    def test_rubbish_shows_all(self):
        for value in ("x", "\x00", "absent'--", "9" * 5000):
            assert self.absent(value) == []

    def test_as_many_queries_for_many_as_for_one(self):
        self.register(make.today() - timedelta(days=1))
        self.serving(slot=1)
        with CaptureQueriesContext(connection) as before:
            assert len(self.absent()) == 1
        assert len(before) <= 8
        for slot in range(2, 6):
            self.serving(slot=slot)
        with self.assertNumQueries(len(before)):
            assert len(self.absent()) == 5


class PictureTests(Pictured):
    def test_centres_stand_by_their_gaps_and_the_rest_is_one_link(self):
        for _each in range(MOST_CENTRES):
            make.post(exam=self.exam, station=make.station(sub_county=self.place), required=1)
        self.serving(slot=1)
        make.deployment(OFFERED, post=self.post, slot=2, officer=make.officer())

        centres = self.page().context["centres"]

        first = centres.worst[0]
        assert (first.code, first.required, first.accepted, first.offered, first.gap) == (
            self.station.code, 6, 1, 1, 4
        )  # fmt: skip
        assert list(first.parts) == [("accepted", 0, 16), ("offered", 16, 17), ("gap", 33, 67)]
        assert (len(centres.worst), centres.more) == (MOST_CENTRES, 1)

    def test_answers_are_counted_on_their_days(self):
        now = timezone.now()
        day = timedelta(days=1)
        self.serving(slot=1, offered_at=now - 3 * day, answered_at=now - 2 * day)
        self.serving(
            slot=2, status=REJECTED, offered_at=now - 3 * day, answered_at=now, reason="Unwell"
        )
        self.serving(
            slot=3,
            status=DeploymentStatus.EXPIRED,
            offered_at=now - 3 * day,
            respond_by=now - day,
        )
        make.deployment(offered_at=now)  # elsewhere

        answers = self.page().context["answers"]

        today = make.today()
        assert {
            (today - each.on).days: (each.offered, each.accepted, each.rejected, each.expired)
            for each in answers.days
            if each.offered or each.answers
        } == {3: (3, 0, 0, 0), 2: (0, 1, 0, 0), 1: (0, 0, 0, 1), 0: (0, 0, 1, 0)}
        assert answers.most == 3
        assert all(y >= 0 and y + height <= 100 for _kind, _x, y, height in answers.parts)
        self.assertContains(self.page(), "The same in numbers")

    def test_nothing_offered_is_no_picture(self):
        self.serving(
            offered_at=timezone.now() - timedelta(days=DAYS + 1),
            answered_at=timezone.now() - timedelta(days=DAYS),
        )
        assert self.page().context["answers"] is None
