"""What wants a second look is found by night, listed for the director, and looked at once."""

from datetime import date, datetime, timedelta

import time_machine
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.models import (
    LookedThrough,
    LookKind,
    Mark,
    RegisterStatus,
    SecondLook,
    SecondLookRules,
)
from attendance.second_looks import find
from attendance.tests import world
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import Office
from cp2.rules import Role
from cp2.tests import make
from deployments.models import DeploymentStatus

LIST = "/area/second-looks/"


def yesterday() -> date:
    day: date = make.today() - timedelta(days=1)
    return day


def day(n: int) -> date:
    found: date = make.today() - timedelta(days=n)
    return found


def look_through(centre):
    return find(centre.entry.exam, centre.entry.station.sub_county, until=yesterday())


def at(of: date, hour: int) -> datetime:
    return make.moment(f"{of.isoformat()} {hour:02d}:10")


def submitted(centre, of: date, hour: int):
    make.register(
        centre.entry,
        of,
        status=RegisterStatus.SUBMITTED,
        submitted_at=at(of, hour),
        acting_name="A",
    )


class Finding(TestCase):
    def kinds(self):
        return list(SecondLook.objects.order_by("pk").values_list("kind", "day"))

    def test_ordinary_days_are_passed_over(self):
        centre = world.centre(officers=4)
        for n in range(1, 7):
            for deployment in centre.deployments:
                absent = deployment == centre.deployments[n % 4]
                make.mark(deployment, day(n), ABSENT if absent else PRESENT)
            submitted(centre, day(n), 7)

        assert look_through(centre) == 0

    def test_centre_manager_who_was_absent_and_then_present(self):
        centre = world.centre(officers=2)
        mark = make.mark(centre.deployments[0], yesterday(), ABSENT)
        make.mark(centre.deployments[1], yesterday())
        Mark.objects.filter(pk=mark.pk).update(status=PRESENT)

        assert look_through(centre) == 1
        look = SecondLook.objects.get()
        assert (look.kind, look.deployment) == (LookKind.OWN_MARK, centre.deployments[0])
        assert look_through(centre) == 0  # once more finds nothing more

    def test_centre_manager_who_alone_was_present(self):
        centre = world.centre(officers=3)
        for deployment, status in zip(centre.deployments, (PRESENT, ABSENT, ABSENT), strict=True):
            make.mark(deployment, yesterday(), status)

        look_through(centre)

        assert self.kinds() == [(LookKind.OWN_MARK, yesterday())]

    def test_register_far_from_the_usual_hour_of_its_centre(self):
        centre = world.centre(officers=1)
        for n in range(2, 7):
            submitted(centre, day(n), 7)
        submitted(centre, yesterday(), 22)

        look_through(centre)

        assert self.kinds() == [(LookKind.HOUR, yesterday())]
        assert SecondLook.objects.get().detail["usual"] == "07:10"

    def test_what_is_usual_is_data(self):
        centre = world.centre(officers=1)
        SecondLookRules.objects.create(exam=centre.entry.exam, hours_from_usual=20)
        for n in range(2, 7):
            submitted(centre, day(n), 7)
        submitted(centre, yesterday(), 22)

        assert look_through(centre) == 0

    def test_everybody_present_every_day_where_others_are_absent(self):
        spotless = world.centre(officers=30)
        place, exam = spotless.entry.station.sub_county, spotless.entry.exam
        plain = world.centre(officers=10, exam=exam, station=make.station(sub_county=place))
        for n in range(1, 7):
            for deployment in spotless.deployments:
                make.mark(deployment, day(n))
            for number, deployment in enumerate(plain.deployments):
                make.mark(deployment, day(n), ABSENT if number in (n, n + 1) else PRESENT)

        look_through(spotless)

        look = SecondLook.objects.get()
        assert (look.entry, look.kind, look.day) == (spotless.entry, LookKind.ALL_PRESENT, None)
        assert (look.detail["marks"], look.detail["days"]) == (180, 6)

    def test_present_where_they_no_longer_served_and_where_they_should_have(self):
        centre = world.centre(officers=2)
        mark = make.mark(centre.deployments[1], yesterday())
        gone = centre.deployments[1]
        gone.status, gone.ends_on = DeploymentStatus.MOVED, day(3)
        gone.save()
        there = world.centre(officers=0, exam=centre.entry.exam)
        make.deployment(post=there.invigilators, officer=gone.officer, starts_on=day(2))

        look_through(centre)

        look = SecondLook.objects.get()
        assert (look.kind, look.day, look.deployment) == (LookKind.LEFT, mark.day, gone)
        assert look.detail["elsewhere"] == there.entry.station.name

    def test_phone_that_thinks_it_is_another_day(self):
        centre = world.centre(officers=1)
        mark = make.mark(centre.deployments[0], yesterday())
        Mark.objects.filter(pk=mark.pk).update(way="copy", marked_at=at(day(5), 7))

        look_through(centre)

        assert self.kinds() == [(LookKind.CLOCK, yesterday())]

    def test_change_that_no_centre_asked_for_and_not_the_one_it_asked_for(self):
        centre = world.centre(officers=1)
        director = make.director(centre.entry.station.sub_county)
        given = {"day": day(3), "marks": centre.marks(), "reason": "Paper"}
        asked = services.ask(centre.entry, by=centre.user, acting_name="Barasa", **given)
        services.grant(asked, by=director)
        unasked = services.amend(
            centre.entry, by=director, **given | {"marks": centre.marks(ABSENT)}
        )

        look_through(centre)

        look = SecondLook.objects.get()
        assert (look.kind, look.amendment) == (LookKind.UNASKED, unasked)
        # and who made it is not the one who looks at it
        assert services.look_at([look], by=director, note="Fine") == 0
        assert services.look_at([look], by=make.user(), note="Asked the centre") == 1

    def test_another_sub_county_is_not_looked_through(self):
        centre = world.centre(officers=2)
        mark = make.mark(centre.deployments[0], yesterday(), ABSENT)
        Mark.objects.filter(pk=mark.pk).update(status=PRESENT)

        elsewhere = make.sub_county("Elsewhere")
        assert find(centre.entry.exam, elsewhere, until=yesterday()) == 0


class Nights(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=2)
        mark = make.mark(self.centre.deployments[0], yesterday(), ABSENT)
        Mark.objects.filter(pk=mark.pk).update(status=PRESENT)

    def tick(self, hour):
        with time_machine.travel(at(make.today(), hour), tick=False):
            return services.find_due()

    def test_each_sub_county_of_an_exam_is_looked_through_once_a_night(self):
        assert self.tick(hour=2) == 1
        assert LookedThrough.objects.get().until == yesterday()
        assert SecondLook.objects.count() == 1
        assert self.tick(hour=3) == 0

    def test_the_mornings_belong_to_the_registers(self):
        assert self.tick(hour=7) == 0
        assert not SecondLook.objects.exists()

    def test_exam_whose_centres_sign_in_no_more_is_over(self):
        exam = self.centre.entry.exam
        exam.rehearsal_on = exam.starts_on = exam.ends_on = date(2020, 1, 6)
        exam.save()
        assert self.tick(hour=2) == 0


class Listing(WebTest):
    def setUp(self):
        self.place = make.sub_county("Bonchari")
        self.exam = make.exam()
        self.tsc = make.director(self.place)
        self.sign_in(self.tsc)

    def sign_in(self, user):
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def look(self, n=1, **fields):
        entry = make.entry(exam=self.exam, station=make.station(sub_county=self.place))
        return SecondLook.objects.create(
            **{
                "entry": entry,
                "kind": LookKind.HOUR,
                "day": day(n),
                "detail": {"at": timezone.now().isoformat(), "usual": "07:10"},
                **fields,
            }
        )

    def test_those_ticked_are_looked_at_with_a_note_and_leave_the_list(self):
        first, second = self.look(), self.look(2)
        page = self.app.get(LIST)
        assert "most days about 07:10" in page.text
        form = next(form for form in page.forms.values() if "note" in form.fields)
        form.fields["look"][0].checked = True

        page = form.submit()
        assert "Say what you saw" in page.text
        form = next(form for form in page.forms.values() if "note" in form.fields)
        assert form.fields["look"][0].checked  # nothing ticked is lost
        form["note"] = "Asked the centre"
        page = form.submit().follow()

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.looked_by, first.note) == (self.tsc, "Asked the centre")
        assert second.looked_at is None
        assert len(page.context["rows"]) == 1
        assert Entry.objects.get(verb="second_look.had").subject_id == first.pk
        had = self.app.get(f"{LIST}?shows=had")
        assert "Asked the centre" in had.text

    def test_list_is_narrowed_by_kind_and_centre(self):
        first = self.look()
        self.look(kind=LookKind.ALL_PRESENT, day=None, detail={"marks": 9})
        code = first.entry.station.code
        for asked in ("kind=hour", f"q={code}", f"q={first.entry.station.name}"):
            [(look, *_rest)] = self.app.get(f"{LIST}?{asked}").context["rows"]
            assert look == first

    def test_what_is_waiting_is_counted_on_the_first_page(self):
        self.look()
        page = self.app.get("/area/")
        [work] = [item for item in page.context["work"] if item.url == LIST]
        assert work.count == 1

    def test_file_holds_the_list_as_it_is_narrowed(self):
        self.look()
        file = self.client.post(f"{LIST}files/?kind=hour", {"as": "csv"})
        assert "most days about 07:10" in b"".join(file.streaming_content).decode()
        assert Entry.objects.get(verb="second_looks.taken").details["rows"] == 1

    def test_others_find_nothing(self):
        look = self.look()
        for user in (
            make.director(self.place, Office.SCDE),
            make.user(Role.STAFF, is_superuser=True),
            make.officer().user,
        ):
            self.sign_in(user)
            assert self.client.get(LIST).status_code == 404
        self.sign_in(make.director(make.sub_county("Elsewhere")))
        page = self.client.post(f"{LIST}looked/", {"look": look.pk, "note": "x"})
        self.assertContains(page, "no longer in your list")
        for odd in ("x", "\0", "9" * 30):
            assert self.client.post(f"{LIST}looked/", {"look": odd, "note": "x"}).status_code == 200
        look.refresh_from_db()
        assert look.looked_at is None

    def test_headquarters_notes_it_in_admin(self):
        look = self.look()
        self.sign_in(make.user(Role.STAFF, is_superuser=True))
        url = reverse("admin:attendance_secondlook_changelist")
        make.act(self.client, url, "looked", look, reason="Rang them")
        look.refresh_from_db()
        assert look.note == "Rang them"

    def test_thirty_cost_as_many_queries_as_one(self):
        self.look()
        with CaptureQueriesContext(connection) as one:
            self.client.get(LIST)
        for _each in range(29):
            self.look()
        with CaptureQueriesContext(connection) as many:
            page = self.client.get(LIST)
        assert len(page.context["rows"]) == 25
        assert len(one) == len(many) <= 8
