"""A centre's account is issued for one exam, shows that exam alone, and ends with it."""

from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry, User
from attendance.models import Mark, Register, RegisterReturn
from catalogue.models import CentreEntry
from cp2.rules import Role
from cp2.tests import make
from deployments.models import Deployment, Post

ORDINARY = "do not go together"
DAY = timedelta(days=1)


def noon(day: date):
    """The clock at noon of a day, as it is in Kenya."""
    return time_machine.travel(make.moment(f"{day} 12:00"), tick=False)


class Ending(WebTest):
    def setUp(self):
        exam = make.exam(ends_on=make.today() + 10 * DAY, centres_sign_in_for=5)
        self.user = make.centre(make.station(), exam=exam)
        self.last = make.today() + 15 * DAY

    def sign_in(self, password=make.PASSWORD):
        self.app.reset()
        form = self.app.get(reverse("accounts:login")).forms[0]
        form["username"], form["password"] = self.user.username, password
        return form.submit()

    def test_it_lives_on_after_the_exam_for_the_returns_to_be_signed(self):
        with noon(self.last):
            assert self.sign_in().status_code == 302

    def test_after_that_the_right_password_is_told_why_not(self):
        with noon(self.last + DAY):
            page = self.sign_in()

        assert f"This account ended with the exam on {self.last:%-d %B %Y}." in page
        assert "Your sub-county director prints a new one for the next exam." in page
        assert not Entry.objects.filter(verb="session.began").exists()

    def test_a_wrong_one_gets_the_ordinary_answer(self):
        with noon(self.last + DAY):
            page = self.sign_in("wrong")

        assert ORDINARY in page
        assert "ended" not in page

    def test_a_running_session_ends_at_the_next_request(self):
        midnight = make.moment(f"{self.last + DAY} 00:00")
        with time_machine.travel(midnight - timedelta(minutes=5)):
            self.sign_in()
            assert self.app.get(reverse("centre")).status_code == 200
        with time_machine.travel(midnight + timedelta(minutes=5)):
            page = self.app.get(reverse("centre"))
        assert page.location.startswith(reverse("accounts:login"))

    def test_how_long_it_lives_on_is_said_by_the_exam(self):
        self.user.exam.centres_sign_in_for = 6
        self.user.exam.save()

        with noon(self.last + DAY):
            assert self.sign_in().status_code == 302

    def test_accounts_of_persons_have_no_end(self):
        for user in (make.user(), make.officer().user, make.director(make.sub_county())):
            assert user.ends_on is None
            assert not user.has_ended


class TwoExams(TestCase):
    """A centre of two exams has two accounts, and neither sees what is the other's."""

    @classmethod
    def setUpTestData(cls):
        cls.station = make.station()
        cls.pairs = [cls.one(abbreviation) for abbreviation in ("KCSE", "KPSEA")]

    @classmethod
    def one(cls, abbreviation):
        exam = make.exam(abbreviation=abbreviation)
        entry = make.entry(station=cls.station, exam=exam)
        deployment = make.deployment(post=make.post(exam=exam, station=cls.station))
        rows = {
            CentreEntry: entry,
            Post: deployment.post,
            Deployment: deployment,
            Mark: make.mark(deployment),
            Register: make.register(entry),
            RegisterReturn: RegisterReturn.objects.create(entry=entry, code=f"R{entry.pk}"),
        }
        return make.centre(cls.station, exam=exam), rows

    def test_each_is_named_after_its_exam(self):
        assert [user.username for user, _ in self.pairs] == [
            f"KCSE{self.station.code}",
            f"KPSEA{self.station.code}",
        ]

    def test_each_sees_the_rows_of_its_own_exam_alone(self):
        for user, rows in self.pairs:
            for model, row in rows.items():
                with self.subTest(user=user.username, model=model.__name__):
                    assert list(model.objects.visible_to(user)) == [row]

    def test_pages_of_the_other_exam_are_not_there(self):
        (user, _), (other, rows) = self.pairs
        self.client.force_login(user)

        for name in ("distance", "officers", "officers_csv", "officers_pdf", "days", "sign"):
            url = reverse(f"attendance:{name}", args=[rows[CentreEntry].exam_id])
            assert self.client.get(url).status_code == 404, name
        page = self.client.get(reverse("centre"))
        self.assertNotContains(page, f"exam_{other.exam_id}")

    def test_a_centre_elsewhere_in_the_same_exam_sees_nothing_of_it(self):
        user, rows = self.pairs[0]
        stranger = make.centre(make.station(), exam=user.exam)

        for model in rows:
            assert not model.objects.visible_to(stranger).exists()


class AccountsThatWereThereBefore(TestCase):
    """The migration gives each the newest exam that its centre is entered for."""

    def setUp(self):
        with connection.cursor() as cursor:  # as the table was before; rolled back with the test
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE accounts_user DROP CONSTRAINT role_has_its_place")

    def given(self, username, station):
        return User.objects.create(
            username=username, role=Role.CENTRE, station=station, password=make.HASHED
        )

    def give(self):
        folder = Path(import_module("accounts.migrations").__path__[0])
        [path] = folder.glob("*_exam_of_a_centre.py")
        import_module(f"accounts.migrations.{path.stem}").give_exams(apps, None)

    def exam(self, abbreviation, year):
        ends_on = date(year, 11, 20)
        return make.exam(
            abbreviation=abbreviation,
            year=year,
            rehearsal_on=ends_on - 3 * DAY,
            starts_on=ends_on,
            ends_on=ends_on,
        )

    def test_each_gets_its_own(self):
        station = make.station()
        old, kcse, kpsea = (
            self.exam(*which) for which in (("KCSE", 2024), ("KCSE", 2025), ("KPSEA", 2025))
        )
        for exam in (old, kcse, kpsea):
            make.entry(station=station, exam=exam)
        before = self.given(f"KCSE{station.code}", station), self.given("KPSEA-x", station)
        nowhere = self.given("KCSE-y", make.station())
        person = make.user()

        self.give()

        assert [User.objects.get(pk=user.pk).exam for user in before] == [kcse, kpsea]
        assert User.objects.get(pk=nowhere.pk).exam is not None
        assert User.objects.get(pk=person.pk).exam is None


@pytest.mark.django_db
def test_nobody_is_kept_from_going_on_by_the_hour_of_night_in_london():
    """The last day ends at midnight in Kenya."""
    exam = make.exam(ends_on=make.today(), centres_sign_in_for=0)
    user = make.centre(make.station(), exam=exam)
    midnight = make.moment(f"{make.today() + DAY} 00:00")

    with time_machine.travel(midnight - timedelta(minutes=1), tick=False):
        assert user.may_go_on
    with time_machine.travel(midnight, tick=False):
        assert timezone.localdate() > exam.ends_on
        assert not user.may_go_on
