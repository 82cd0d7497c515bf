"""A rotation: drawn so that nobody returns, looked at, confirmed as a whole, and sane when somebody
leaves it."""

import itertools
from datetime import date, timedelta
from random import Random

import pytest
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from deployments import letters, rotation, services
from deployments.models import Deployment, DeploymentStatus, Letter, Post
from deployments.rotation import CLOSED, assign, weeks_of
from deployments.services.rotate import scope_of, turning
from deployments.tests.test_answer import texts_to
from sms.models import Message

DAY = timedelta(days=1)
MOVED, ACCEPTED, OFFERED = (
    DeploymentStatus.MOVED,
    DeploymentStatus.ACCEPTED,
    DeploymentStatus.OFFERED,
)


def test_assigning_against_every_possibility():
    chance = Random(5)
    for size in (1, 2, 3, 4, 5, 6):
        for _round in range(40):
            costs = [
                [chance.choice([CLOSED, *range(1, 60)]) for _ in range(size)] for _ in range(size)
            ]
            best = min(
                sum(costs[row][column] for row, column in enumerate(each))
                for each in itertools.permutations(range(size))
            )
            chosen = assign(costs)
            if best >= CLOSED:
                assert chosen is None
            else:
                assert sorted(chosen) == list(range(size))
                assert sum(costs[row][column] for row, column in enumerate(chosen)) == best


def test_an_end_of_a_day_or_two_belongs_to_the_week_before_it():
    first = date(2025, 11, 3)
    sits = [first + number * DAY for number in range(60)]
    assert [week.ends_on for week in weeks_of(first, first + 16 * DAY, 7, sits)] == [
        first + 6 * DAY,
        first + 16 * DAY,
    ]
    assert len(weeks_of(first, first + 17 * DAY, 7, sits)) == 3


def test_weeks_of_equal_length_and_an_end_without_an_exam_day_joined_to_the_last():
    first = date(2025, 11, 3)
    sits = [first + number * DAY for number in range(12)]
    assert weeks_of(first, date(2025, 11, 19), 7, sits) == [
        (date(2025, 11, 3), date(2025, 11, 9)),
        (date(2025, 11, 10), date(2025, 11, 19)),
    ]


class Cluster(WebTest):
    """Five supervisors at five stations, of an exam that began last week."""

    size = 5

    def setUp(self):
        self.area = make.sub_county()
        self.director = make.director(self.area, name="Jane Wambui")
        self.exam = make.exam()
        self.position = make.position("SUP")
        make.terms(self.exam, self.position, rotation_days=7)
        self.today = timezone.localdate()
        self.at_work = [self.deploy() for _each in range(self.size)]
        make.sign_in(self.client, self.director)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def deploy(self, status=ACCEPTED, **fields):
        post = fields.pop("post", None) or make.post(
            exam=self.exam,
            position=self.position,
            station=make.station(sub_county=self.area),
            required=1,
        )
        deployment = make.deployment(status, post=post, **fields)
        letters.issue(deployment)
        return deployment

    def page(self, **asked):
        return self.app.get(
            reverse("deployments:area_rotate"),
            {
                "exam": self.exam.pk,
                "position": self.position.pk,
                "from_day": self.today.isoformat(),
                **asked,
            },
        )

    def form(self, page):
        return next(form for form in page.forms.values() if "plan" in form.fields)

    def confirm(self, page):
        form = self.form(page)
        form["reason"] = "Weekly rotation"
        return form.submit("do", value="confirm")

    def legs(self, officer):
        return list(officer.deployments.order_by("starts_on").select_related("post"))


class PlanTests(Cluster):
    def test_nobody_returns_and_no_place_is_left_or_filled_twice(self):
        self.confirm(self.page()).follow()
        weeks = {}
        for was in self.at_work:
            first, *legs = self.legs(was.officer)
            assert (first.status, first.ends_on) == (ACCEPTED, self.today - DAY)
            stations = [leg.post.station_id for leg in (first, *legs)]
            assert len(set(stations)) == len(stations)
            for leg in legs:
                assert leg.status == ACCEPTED
                weeks.setdefault((leg.starts_on, leg.ends_on), []).append(leg.post_id)
        assert list(weeks) == [
            (self.today, self.today + 6 * DAY),
            (self.today + 7 * DAY, self.exam.ends_on),
        ]
        for posts in weeks.values():
            assert sorted(posts) == sorted(was.post_id for was in self.at_work)
        assert list(Post.objects.with_counts().values_list("gap", flat=True)) == [0] * self.size

    def test_one_text_each_with_the_whole_plan_and_a_letter_for_each_leg(self):
        self.confirm(self.page())
        for was in self.at_work:
            (text,) = texts_to(was.officer)
            legs = self.legs(was.officer)
            for leg in legs[1:]:
                assert f"{leg.starts_on:%-d/%-m} {leg.post.station.code}" in text
            for leg in legs:
                assert Letter.objects.current().filter(deployment=leg).count() == 1
            assert was.letters.count() == 2  # the one that said until the end is void
        assert Entry.objects.filter(verb="deployment.rotated").count() == 2 * self.size

    def test_own_school_and_cooling_off_are_closed(self):
        one, other = self.at_work[:2]
        make.work(one.officer, station=other.post.station)
        self.confirm(self.page())
        stations = [leg.post.station_id for leg in self.legs(one.officer)]
        assert other.post.station_id not in stations

    def test_the_same_draw_for_the_same_seed(self):
        plans = [self.form(self.page(seed=seed))["plan"].value for seed in (0, 0, 1, 2, 3)]
        assert plans[0] == plans[1]
        assert len(set(plans)) > 1

    def test_the_nearest_of_all_plans_of_one_week(self):
        for number, was in enumerate(self.at_work):
            station = was.post.station
            station.latitude, station.longitude = f"-0.{60 + 3 * number}", "34.77"
            station.save()
        turners = turning(
            scope_of(self.exam, self.position, self.today),
            list(Deployment.objects.with_place().order_by("pk")),
        )
        stations = [each.deployment.post.station for each in turners]
        places = [
            (rotation.Place(each.deployment.post_id, 1), station)
            for each, station in zip(turners, stations, strict=True)
        ]
        week = [rotation.Week(self.today, self.today + 6 * DAY)]
        plan = rotation.draw(turners, places, week, seed=0)
        best = min(
            sum(
                rotation.way(each.home, stations[at])
                for each, at in zip(turners, order, strict=True)
            )
            for order in itertools.permutations(range(self.size))
            if all(row != at for row, at in enumerate(order))
        )
        assert plan.metres == best

    def test_two_are_exchanged(self):
        page = self.page()
        before = self.form(page)["plan"].value
        form = self.form(page)
        for box in form.fields["cell"]:
            box.checked = box._value in ("0.0", "1.0")
        page = form.submit("do", value="exchange")
        after = self.form(page)["plan"].value
        rows = [
            [line.split(":")[2].split(",") for line in text.split(";")] for text in (before, after)
        ]
        assert (rows[0][0][0], rows[0][1][0]) == (rows[1][1][0], rows[1][0][0])
        assert rows[0][2:] == rows[1][2:]

    def test_an_exchange_that_breaks_a_rule_is_said_and_not_carried_out(self):
        page = self.page()
        form = self.form(page)
        rows = [line.split(":")[2].split(",") for line in form["plan"].value.split(";")]
        # whoever comes in the second week to where the first officer was in the first
        other = next(number for number, row in enumerate(rows) if row[1] == rows[0][0])
        for box in form.fields["cell"]:
            box.checked = box._value in ("0.1", f"{other}.1")
        page = form.submit("do", value="exchange")
        assert "already." in page
        page = self.confirm(page)
        assert "Has been at" in page
        assert Deployment.objects.count() == self.size

    def test_two_ticks_in_one_week_are_asked_for(self):
        for ticked in ([], ["0.0"], ["0.0", "1.1"], ["0.0", "1.0", "2.0"]):
            form = self.form(self.page())
            for box in form.fields["cell"]:
                box.checked = box._value in ticked
            assert "Tick two officers in one and the same week" in form.submit(
                "do", value="exchange"
            )

    def test_a_cluster_of_some_stations(self):
        stations = [was.post.station_id for was in self.at_work[:3]]
        self.confirm(self.page(station=stations))
        assert [len(self.legs(was.officer)) for was in self.at_work] == [3, 3, 3, 1, 1]

    def test_as_far_as_it_goes_where_there_are_too_few_stations(self):
        page = self.page(station=[was.post.station_id for was in self.at_work[:2]])
        assert "There is no plan to the end" in page
        self.confirm(page)
        first, second = self.legs(self.at_work[0].officer)
        assert (second.starts_on, second.ends_on) == (self.today, self.exam.ends_on)
        assert first.post_id != second.post_id

    def test_confirmed_twice_says_the_same(self):
        page = self.page()
        for _press in range(2):
            assert "5 officers take turns by this plan" in self.confirm(page).follow()
        assert Deployment.objects.count() == 3 * self.size
        assert Message.objects.filter(template="deployments/rotated").count() == self.size

    def test_whoever_comes_second_reads_who_was_first(self):
        page = self.page()
        other = make.director(self.area, name="Otieno Ouma")
        services.cancel(self.at_work[0], by=other, reason="Came drunk")
        page = self.confirm(page)
        assert "Changed by Otieno Ouma at " in page
        assert Deployment.objects.count() == self.size
        assert not Letter.objects.filter(deployment__in=self.at_work[1:], voided_at__isnull=False)

    def test_plans_of_somebody_s_making(self):
        good = self.form(self.page())["plan"].value
        first = good.split(";")[0]
        stranger = self.deploy(post=make.post(exam=self.exam, position=self.position))
        theirs = f"{stranger.pk}:{stranger.post_id}.1"
        for plan in (
            "",
            "x",
            ";",
            "1:1.1:0",
            first,
            good.replace(":0", ":99"),
            f"{good};{first}",
            f"{theirs}:0,0",
            good.replace(first, f"{theirs}:{first.split(':')[2]}"),
            "9" * 19_000,
        ):
            form = self.form(self.page())
            form["plan"].force_value(plan)
            form["reason"] = "x"
            answer = form.submit("do", value="confirm")
            assert answer.status_code == 200, plan[:80]
            assert "There is a problem" in answer
        assert Deployment.objects.count() == self.size + 1

    def test_without_terms_for_it_or_on_no_day_of_the_exam(self):
        for day in (self.today - DAY, self.exam.ends_on + DAY):
            assert "Choose a day of the exam" in self.page(from_day=day.isoformat())
        make.terms(self.exam, self.position, rotation_days=None)
        assert "Choose one of those that the page offers" in self.page()

    def test_another_office_sees_none_of_them(self):
        make.sign_in(self.client, make.director(make.sub_county()))
        self.app.set_cookie("session", self.client.cookies["session"].value)
        assert "Choose one of those that the page offers" in self.page()
        make.sign_in(self.client, self.at_work[0].officer.user)
        assert self.client.get(reverse("deployments:area_rotate")).status_code == 404


class InMidPlanTests(Cluster):
    """In the first week of a plan of two."""

    def setUp(self):
        super().setUp()
        self.confirm(self.page())
        Message.objects.all().delete()
        self.officer = self.at_work[0].officer
        self.past, self.now, self.later = self.legs(self.officer)

    def again(self):
        return self.legs(self.officer)

    def gaps(self):
        return dict(Post.objects.with_counts().filter(gap__gt=0).values_list("pk", "gap"))

    def test_called_off_is_called_off_for_good_and_both_weeks_are_free(self):
        services.cancel(self.now, by=self.director, reason="Came drunk")
        past, now, later = self.again()
        assert (past.status, past.ends_on) == (ACCEPTED, self.today - DAY)
        assert {now.status, later.status} == {DeploymentStatus.CANCELLED}
        assert len(texts_to(self.officer)) == 1
        assert self.gaps() == {self.now.post_id: 1, self.later.post_id: 1}

    def test_the_days_that_are_free_are_offered_to_another(self):
        services.cancel(self.now, by=self.director, reason="Came drunk")
        for post, week in ((self.now.post, self.now), (self.later.post, self.later)):
            new = services.deploy(post, officer=make.officer(), by=self.director)
            assert (new.slot, new.starts_on, new.ends_on) == (1, week.starts_on, week.ends_on)
        assert self.gaps() == {}
        with pytest.raises(Refused, match="All places of this position"):
            services.deploy(self.now.post, officer=make.officer(), by=self.director)

    def test_redeployed_for_the_week_and_back_in_the_plan_after_it(self):
        extra = self.deploy()
        services.cancel(extra, by=self.director, reason="Fell ill")
        new = services.redeploy(
            self.now,
            to=extra.post.station,
            from_day=self.today + DAY,
            by=self.director,
            reason="Short of staff",
        )
        self.now.refresh_from_db()
        assert (self.now.status, self.now.ends_on) == (MOVED, self.today)
        assert (new.starts_on, new.ends_on) == (self.today + DAY, self.later.starts_on - DAY)
        self.later.refresh_from_db()
        assert self.later.status == ACCEPTED

    def test_replaced_by_somebody_who_takes_over_the_rest_of_the_plan(self):
        officer = make.officer()
        new = services.replace(
            self.now, officer=officer, from_day=self.today, by=self.director, reason="Fell ill"
        )
        legs = self.legs(officer)
        assert [(leg.post_id, leg.starts_on, leg.ends_on, leg.status) for leg in legs] == [
            (leg.post_id, leg.starts_on, leg.ends_on, OFFERED) for leg in (self.now, self.later)
        ]
        assert self.gaps() == {}
        assert len(texts_to(officer)) == 1
        services.accept(new, by=officer.user)  # one answer to one offer
        assert {leg.status for leg in self.legs(officer)} == {ACCEPTED}
        assert Letter.objects.current().filter(deployment__officer=officer).count() == 2

    def test_and_where_the_rules_keep_them_away_that_week_stays_free(self):
        officer = make.officer()
        make.work(officer, station=self.later.post.station)
        services.replace(
            self.now, officer=officer, from_day=self.today, by=self.director, reason="Fell ill"
        )
        assert [leg.post_id for leg in self.legs(officer)] == [self.now.post_id]
        assert self.gaps() == {self.later.post_id: 1}
        assert Entry.objects.get(verb="deployment.replaced").details["left"] == [self.later.pk]

    def test_turned_down_as_one(self):
        officer = make.officer()
        new = services.replace(
            self.now, officer=officer, from_day=self.today, by=self.director, reason="Fell ill"
        )
        services.reject(new, by=officer.user, reason="Far")
        assert {leg.status for leg in self.legs(officer)} == {DeploymentStatus.REJECTED}
        assert self.gaps() == {self.now.post_id: 1, self.later.post_id: 1}

    def test_who_takes_turns_already_is_in_no_second_plan(self):
        assert "Fewer than two officers can take turns" in self.page()
