"""The season's picture on headquarters' first page: right, cheap, and only what one may list."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import attendance.counting
from accounts import sessions
from accounts.models import User
from attendance.models import DayCount, RegisterStatus
from catalogue.models import Exam
from claims.models import ClaimStatus
from claims.money import counting as money_counting
from claims.money.pages import PER_PAGE
from cp2.picture import counting
from cp2.rules import Role
from cp2.season.build import build
from cp2.season_picture import picture
from cp2.tests import make
from deployments.models import DeploymentStatus
from vacancies.models import ApplicationStatus

MOST_QUERIES = 13  # of the picture; its page asks for who signed in as well


def superuser() -> User:
    return make.user(is_superuser=True)


def count() -> None:
    counting.count_all()
    money_counting.count_due()
    attendance.counting.count_due()


def shown(user: User, **asked: str) -> dict[str, Any]:
    count()
    found: dict[str, Any] = picture(user, asked)["picture"]
    return found


def figures(user: User, title: str) -> dict[str, int]:
    """What a line says, without the statuses in which nothing stands."""
    (line,) = [line for line in shown(user)["lines"] if line.title == title]
    return {figure.label: figure.count for figure in line.figures if figure.count}


def funnel(user: User, **asked: str) -> dict[str, int]:
    return {step.label: step.count for step in shown(user, **asked)["funnel"]}


class NumberTests(TestCase):
    def test_officers_are_counted_by_how_far_they_came(self):
        make.officer()
        make.officer(vetting="pending")
        make.bare_officer()
        counted = funnel(superuser())
        assert (counted["Registered"], counted["Profile submitted"], counted["Vetted"]) == (3, 2, 1)

    def test_each_step_tells_what_was_lost_since_the_one_before(self):
        make.officer()
        make.officer(vetting="pending")
        make.bare_officer()
        steps = shown(superuser())["funnel"]
        assert [(step.share, step.lost, step.dropped) for step in steps[:3]] == [
            ("", 0, ""),
            ("67%", 1, "33%"),
            ("50%", 1, "50%"),
        ]

    def test_the_season_is_the_newest_years_unless_another_is_asked_for(self):
        now, other, old = make.exam(year=2025), make.exam(year=2025), make.exam(year=2024)
        for exam in (now, now, other, old):
            make.application(vacancy=make.vacancy(exam=exam))
            make.deployment(DeploymentStatus.OFFERED, post=make.post(exam=exam))
        make.application(ApplicationStatus.UNSUCCESSFUL, vacancy=make.vacancy(exam=now))
        user = superuser()
        assert figures(user, "Applications") == {"Submitted": 3, "Unsuccessful": 1}
        assert figures(user, "Deployments") == {"Offered": 3}
        assert funnel(user)["Deployed"] == 3
        assert funnel(user, of=str(other.pk))["Deployed"] == 1
        assert funnel(user, of="all-2024")["Deployed"] == 1
        for nonsense in ("all-1999", "0", "x", "-1", "9" * 30):
            assert funnel(user, of=nonsense)["Deployed"] == 3

    def test_registers_are_those_that_centres_submitted_today_of_those_due(self):
        exam = make.exam()
        first, second, _third = (make.entry(exam=exam) for _ in range(3))
        once = make.moment("2025-11-03 08:00").date()
        make.entry(exam=make.exam(rehearsal_on=once, starts_on=once, ends_on=once))
        done = {"status": RegisterStatus.SUBMITTED, "submitted_at": timezone.now()}
        make.register(first, **done)
        make.register(first, day=exam.rehearsal_on, **done)
        make.register(second)
        attendance.counting.count(timezone.localdate())
        registers = shown(superuser())["registers"]
        assert (registers.submitted, registers.due) == (1, 3)
        assert registers.hours[-1].due == 3

    def test_hours_that_have_not_come_have_no_number(self):
        exam = make.exam()
        place, day = make.sub_county(), timezone.localdate()
        slots = [0] * 31
        slots[4] = 2  # from 07:00 on
        DayCount.objects.create(
            exam=exam, day=day, sub_county=place, due=4, never=0, amended=0, expected=0, present=0,
            absent=0, on_time=slots, late=[0] * 31, counted_at=timezone.now(),
        )  # fmt: skip
        with time_machine.travel(make.moment(f"{day} 12:10")):
            registers = picture(superuser())["picture"]["registers"]
        by_hour = {hour.at: (hour.due, hour.submitted) for hour in registers.hours}
        assert by_hour["07:00"] == (0, 0)
        assert by_hour["08:00"] == (0, 2)
        assert by_hour["12:00"] == (4, 2)
        assert by_hour["13:00"] == (4, None)

    def test_claims_are_summed(self):
        exam = make.exam()
        for status in (ClaimStatus.PREPARED, ClaimStatus.PREPARED, ClaimStatus.DISPUTED):
            reason = "Three days" if status == ClaimStatus.DISPUTED else ""
            of = make.deployment(post=make.post(exam=exam))
            make.claim(deployment=of, status=status, dispute_reason=reason)
        (line,) = [line for line in shown(superuser())["lines"] if line.title == "Claims"]
        told = {figure.label: (figure.count, figure.amount) for figure in line.figures}
        assert told["Prepared"] == (2, Decimal(2200))
        assert told["Disputed"] == (1, Decimal(1100))
        assert told["Paid"] == (0, Decimal(0))

    def test_the_money_of_the_newest_year_leads_to_its_claims(self):
        now, old = make.exam(year=2025), make.exam(year=2024)
        for exam in (now, old):
            make.claim(deployment=make.deployment(post=make.post(exam=exam)))
        money = shown(superuser())["money"]
        assert {state.label: state.claims for state in money.states if state.claims} == {"Owed": 1}
        assert money.net == Decimal(1100)
        assert money.url.endswith("?year=2025")

    def test_a_county_is_made_of_its_sub_counties(self):
        exam = make.exam()
        first, second = make.sub_county("Bobasi"), make.sub_county("Bonchari")
        for place, required in ((first, 3), (second, 2)):
            post = make.post(exam=exam, station=make.station(sub_county=place), required=required)
            make.deployment(post=post)
        user = superuser()
        (whole,) = shown(user)["coverage"].places
        assert (whole.name, whole.required, whole.accepted, whole.free) == ("Kisii", 5, 2, 3)
        assert (whole.share, whole.step, whole.open) == (40, "0", 2)
        inside = shown(user, county=str(whole.pk))["coverage"]
        assert str(inside.county) == "Kisii"
        assert [(place.name, place.required, place.share) for place in inside.places] == [
            ("Bobasi", 3, 33),
            ("Bonchari", 2, 50),
        ]
        for nonsense in ("0", "x", "9" * 30):
            assert shown(user, county=nonsense)["coverage"].county is None

    def test_all_places_filled_are_all_of_a_hundred_and_no_fewer_are(self):
        exam = make.exam()
        post = make.post(exam=exam, required=1)
        make.deployment(post=post)
        user = superuser()
        assert shown(user)["coverage"].places[0].share == 100
        make.post(exam=exam, station=post.station, position=make.position("SUP"), required=400)
        assert shown(user)["coverage"].places[0].share == 0

    def test_without_a_season_all_is_nought(self):
        user = superuser()
        found = shown(user)
        assert not any(step.count for step in found["funnel"])
        assert found["coverage"].places == []
        assert len(found["coverage"].tiles) == 47
        assert found["money"].net == 0
        assert picture(user)["season"].name == ""


class PageTests(TestCase):
    def test_it_takes_as_many_queries_for_many_exams_and_counties_as_for_one(self):
        user = superuser()

        def season(county: str) -> None:
            exam = make.exam()
            home = make.sub_county(f"{county} Central", county)
            entry = make.entry(exam=exam, station=make.station(sub_county=home))
            post = make.post(exam=exam, station=entry.station)
            make.claim(deployment=make.deployment(post=post))
            make.application(vacancy=make.vacancy(exam=exam))

        def queries() -> int:
            count()
            with CaptureQueriesContext(connection) as captured:
                picture(user)
            return len(captured)

        season("Kisii")
        few = queries()
        for county in ("Nairobi", "Kwale", "Turkana", "Busia"):
            season(county)
        assert queries() == few <= MOST_QUERIES

    def test_before_anything_is_counted_it_says_so(self):
        make.sign_in(self.client, superuser())
        page = self.client.get(reverse("admin:index")).content.decode()
        assert "Nothing has been counted yet." in page
        counting.count_all()
        page = self.client.get(reverse("admin:index")).content.decode()
        assert re.search(r"As of \d+ \w+, \d\d:\d\d:\d\d\.", page)

    def test_figures_that_nobody_has_counted_for_long_are_called_old(self):
        counting.count_all()
        user, said = superuser(), "These figures are old"
        for minutes, is_said in ((9, False), (11, True)):
            with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
                make.sign_in(self.client, user)
                page = self.client.get(reverse("admin:index")).content.decode()
            assert (said in page) == is_said, minutes


class SeasonTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        build("tiny", 1, timezone.localdate(), lambda what: None)

    def page(self, user: User, query: str = "") -> Any:
        make.sign_in(self.client, user)
        return self.client.get(reverse("admin:index") + query)

    def linked(self, parts: dict[str, Any]) -> list[tuple[str, int]]:
        found = [(step.url, step.count) for step in parts["funnel"]]
        found += [(fig.url, fig.count) for line in parts["lines"] for fig in line.figures]
        coverage = parts["coverage"]
        if coverage and coverage.has_posts:
            found += [(place.url, place.open) for place in coverage.places]
        if registers := parts["registers"]:
            found.append((registers.submitted_url, registers.submitted))
        if texts := parts["texts"]:
            found += [(fate.today_url, fate.today) for fate in texts.fates]
            found += [(fate.week_url, fate.week) for fate in texts.fates]
        if money := parts["money"]:
            found += [(state.url, state.claims) for state in money.states]
        return [(url, number) for url, number in found if url]

    def test_each_number_is_that_of_the_list_behind_it(self):
        user = make.user(is_superuser=True)
        exam = Exam.objects.get(abbreviation="KCSE")
        for query in ("", f"?of={exam.pk}", f"?county={make.sub_county().county_id}"):
            linked = self.linked(self.page(user, query).context["picture"])
            assert sum(number > 0 for _url, number in linked) > 20
            for url, number in linked:
                listed = self.client.get(url, follow=True)
                assert not listed.redirect_chain, url
                if "cl" in listed.context:
                    assert listed.context["cl"].result_count == number, url
                else:  # the claims behind a sum of money
                    counted = sum(part.is_counted for part in listed.context["parts"])
                    assert counted == min(number, PER_PAGE), url

    def test_it_takes_few_queries(self):
        user = make.user(is_superuser=True)
        make.sign_in(self.client, user)
        with CaptureQueriesContext(connection) as queries:
            self.client.get(reverse("admin:index"))
        assert len(queries) <= 25
        with CaptureQueriesContext(connection) as queries:
            picture(user)
        assert len(queries) <= MOST_QUERIES

    def test_each_group_sees_what_it_may_list(self):
        officers = ["Registered", "Profile submitted", "Vetted"]
        deployed = ["Applied or nominated", "Deployed", "Accepted"]
        finance = (
            [*officers, "Marked in a register", "Paid"],
            ["money", "registers"],
            ["Claims"],
        )
        for group, (steps, cards, lines) in {
            "Deployment": (
                [*officers, *deployed, "Marked in a register"],
                ["coverage", "registers", "texts"],
                ["Applications", "Deployments", "Enquiries"],
            ),
            "Finance preparer": finance,
            "Finance approver": finance,
            "Helpdesk": (
                [*officers, *deployed, "Paid"],
                ["coverage", "texts"],
                ["Applications", "Deployments", "Claims", "Enquiries"],
            ),
        }.items():
            parts = self.page(User.objects.get(groups__name=group)).context["picture"]
            assert [step.label for step in parts["funnel"]] == steps, group
            found = {name for name in ("coverage", "registers", "texts", "money") if parts[name]}
            assert sorted(found) == cards, group
            assert [line.title for line in parts["lines"]] == lines, group
            for url, _number in self.linked(parts):
                assert self.client.get(url).status_code == 200, (group, url)
            if parts["coverage"]:
                for tile in parts["coverage"].tiles[:2]:
                    assert self.client.get(tile.place.url).status_code == 200, group

    def test_auditors_see_all_and_staff_without_a_group_nothing(self):
        auditor = User.objects.get(groups=Group.objects.get(name="Auditor"))
        assert all(self.page(auditor).context["picture"].values())
        page = self.page(make.user(Role.STAFF))
        assert page.status_code == 200
        assert page.context["picture"] is None
        assert "How far" not in page.content.decode()

    def test_nobody_lists_a_stage_of_what_they_may_not_read(self):
        clerk = User.objects.get(groups__name="Deployment")
        officers = reverse("admin:profiles_officer_changelist")
        make.sign_in(self.client, clerk)
        listed = self.client.get(officers, {"stage": "deployed.all-2025"})
        assert listed.context["cl"].result_count > 0
        for stage in ("paid.all-2025", "paid", "nonsense", ".", "\x00"):
            listed = self.client.get(officers, {"stage": stage})
            assert listed.status_code == 200
            assert listed.context["cl"].result_count == 0, stage

    def test_money_is_written_as_money(self):
        page = self.page(User.objects.get(groups__name="Finance approver")).content.decode()
        assert re.search(r"KES \d[\d,]*\.\d\d", page)
        assert Exam.objects.order_by("-year")[0].short in page

    def test_charts_have_nothing_that_our_policy_forbids_and_a_table_each(self):
        page = self.page(make.user(is_superuser=True)).content.decode()
        drawn = re.findall(r'<svg class="pygal-chart".*?</svg>', page, re.DOTALL)
        assert len(drawn) == 3
        for chart in drawn:
            assert not re.search(r"<style|<script|style=|onclick|xlink|javascript", chart)
        assert page.count("<table") >= 7

    # The part that renews itself

    def test_it_renews_itself_and_has_a_link_where_it_cannot(self):
        page = self.page(make.user(is_superuser=True), "?of=all-2025").content.decode()
        renewed = re.search(r'<div id="picture" hx-get="([^"]+)"', page)
        assert renewed
        part = self.client.get(
            renewed[1].replace("&amp;", "&"), headers={"HX-Request": "true"}
        ).content.decode()
        assert part.lstrip().startswith('<div id="picture"')
        assert "<html" not in part
        link = re.search(r'<a href="([^"]+)">Refresh</a>', part)
        assert link
        assert 'id="picture"' in self.client.get(link[1]).content.decode()

    def test_its_part_alone_is_no_page(self):
        make.sign_in(self.client, make.user(is_superuser=True))
        answer = self.client.get(reverse("admin:picture"), {"of": "all-2025"})
        assert (answer.status_code, answer.url) == (302, reverse("admin:index") + "?of=all-2025")
        assert self.client.post(reverse("admin:picture")).status_code in (403, 405)

    def test_its_part_is_guarded_as_the_page_is(self):
        asked = {"headers": {"HX-Request": "true"}}
        answer = self.client.get(reverse("admin:picture"), **asked)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("accounts:login"))
        for role in (Role.OFFICER, Role.CENTRE, Role.DIRECTOR):
            make.sign_in(self.client, User.objects.filter(role=role).order_by("pk")[0])
            answer = self.client.get(reverse("admin:picture"), follow=True, **asked)
            assert answer.status_code == 404, role
        make.sign_in(self.client, make.user(Role.STAFF))
        answer = self.client.get(reverse("admin:picture"), **asked)
        assert answer.content.decode().split() == ["<div", 'id="picture">', "</div>"]

    def test_a_page_that_is_left_open_does_not_keep_anybody_signed_in(self):
        part = {"path": reverse("admin:picture"), "headers": {"HX-Request": "true"}}
        with time_machine.travel(timezone.now(), tick=False) as clock:
            make.sign_in(self.client, make.user(is_superuser=True))
            session = self.client.session
            sessions.begin(session, role=Role.STAFF, browser="")
            session.save()
            for _ in range(4):
                assert self.client.get(**part).status_code == 200
                clock.shift(timedelta(minutes=7))
            clock.shift(timedelta(minutes=3))
            answer = self.client.get(**part)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("accounts:login"))
