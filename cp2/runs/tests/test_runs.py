from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.promises import RunStatus
from accounts.tests.people import staff
from claims.models import MoneyRun
from claims.tests.test_database import refused
from cp2.rules import Refused
from cp2.runs import services
from cp2.runs.kinds import AT_ONCE, SOURCES
from cp2.runs.models import Run, RunKind
from cp2.runs.services import Work
from cp2.tests import make
from deployments.models import AllocationRun


def two_portions(run):
    return [1, 2]


def one(run, portion):
    if portion == run.asked.get("breaks_at"):
        raise ZeroDivisionError("a line was odd")
    run.count(lines=portion)
    run.note(f"Portion {portion} is written.")


WORK = Work(plan=two_portions, step=one)


@pytest.fixture(autouse=True)
def _works(monkeypatch):
    monkeypatch.setitem(services.WORKS, RunKind.EXPORT, f"{__name__}.WORK")


class Runs(TestCase):
    def test_it_is_done_portion_by_portion_and_its_log_tells_how(self):
        run = services.start(RunKind.EXPORT, by=None, title="Officers")
        run = services.finish(run)

        assert (run.status, run.percent, run.outcome) == (RunStatus.DONE, 100, {"lines": 3})
        said = [line for _at, line in run.log]
        assert said == [
            "Begun: 2 portions left.",
            *map("Portion {} is written.".format, (1, 2)),
            "Done.",
        ]

    def test_one_of_a_kind_is_open_about_a_thing(self):
        services.start(RunKind.EXPORT, by=None, title="Officers", about="x")
        with pytest.raises(Refused, match="being done already"):
            services.start(RunKind.EXPORT, by=None, title="Officers", about="x")
        services.start(RunKind.EXPORT, by=None, title="Officers")
        services.start(RunKind.EXPORT, by=None, title="Officers")
        with refused("one_open_run_about_a_thing"):
            Run.objects.create(kind=RunKind.EXPORT, title="x", about="x")

    def test_the_database_knows_kinds_and_statuses(self):
        services.start(RunKind.EXPORT, by=None, title="Officers")
        with refused("kind_of_a_run"):
            Run.objects.update(kind="x")
        with refused("status_of_a_run", "run_ends_after_it_was_asked_for"):
            Run.objects.update(status="x")
        with refused("run_ends_after_it_was_asked_for"):
            Run.objects.update(status="done", ended_at=timezone.now() - timedelta(days=1))

    def test_what_broke_it_is_told_without_the_row_that_the_database_quotes(self):
        officer = make.officer()

        def doubles(run, portion):
            make.user(username=make.phone(), phone=officer.phone)

        work = Work(plan=two_portions, step=doubles)
        self.enterContext(mock.patch.object(services.RUNS, "work_of", return_value=work))
        run = services.finish(services.start(RunKind.EXPORT, by=None, title="Officers"))
        assert run.status == RunStatus.FAILED
        assert "IntegrityError (cp2/tests/make" in run.failure
        assert officer.phone not in f"{run.failure} {run.log}"


class Pages(TestCase):
    def setUp(self):
        self.deployment = staff("Deployment")
        self.helpdesk = staff("Helpdesk")

    def page_of(self, run, user):
        make.sign_in(self.client, user)
        return self.client.get(reverse("admin:runs_run_change", args=[run.pk])).content.decode()

    def act(self, run, user, act):
        make.sign_in(self.client, user)
        return self.client.post(reverse("admin:runs_run_act", args=[run.pk]), {"act": act})

    def rows(self, **asked):
        page = html.fromstring(self.client.get(reverse("admin:runs"), asked).content)
        return [link.text_content() for link in page.xpath("//div[@class='results']//tbody//th/a")]

    def test_a_run_that_fails_says_why_and_goes_on_when_somebody_says_so(self):
        run = services.start(RunKind.EXPORT, by=None, title="Officers", breaks_at=2)
        for _attempt in range(5):
            Run.objects.update(not_before=timezone.now())
            services.work(seconds=1)
        make.sign_in(self.client, self.deployment)
        page = self.client.get(reverse("admin:runs")).content.decode()
        assert "ZeroDivisionError (cp2/runs/tests/test_runs.py, line " in page
        assert "a line was odd" not in page  # it may be somebody's
        assert self.rows() == self.rows(state="failed") == ["Writing a file: Officers"]
        assert self.rows(state="working") == []
        assert "Try again" in self.page_of(run, self.deployment)

        Run.objects.update(asked={})
        self.act(run, self.deployment, "try_again")
        run = services.finish(run)
        assert (run.status, run.outcome) == (RunStatus.DONE, {"lines": 3})
        assert any("Tried again by" in said for _at, said in run.log)

    def test_how_far_it_is_stands_there_in_percent(self):
        run = services.start(RunKind.EXPORT, by=None, title="Officers")
        Run.objects.update(status=RunStatus.WAITING, portions=3, left=[2, 3])
        page = self.page_of(run, self.deployment)
        assert "<span>33 %</span>" in page
        assert '<progress id="progress" value="33" max="100">' in page
        assert ">Done</label>" in page

    def test_who_started_it_may_call_it_off_and_a_colleague_may_not(self):
        mine = services.start(RunKind.EXPORT, by=self.helpdesk, title="Mine")
        other = services.start(RunKind.EXPORT, by=self.deployment, title="Theirs")
        assert "Call it off" not in self.page_of(other, self.helpdesk)
        assert self.act(other, self.helpdesk, "cancel").status_code == 404
        assert "Call it off" in self.page_of(mine, self.helpdesk)
        self.act(mine, self.helpdesk, "cancel")

        mine.refresh_from_db()
        other.refresh_from_db()
        assert (mine.status, other.status) == (RunStatus.CANCELLED, RunStatus.WAITING)
        assert "Called off by" in mine.log[-1][1]
        assert services.finish(mine).outcome == {}

    def test_the_list_is_narrowed_to_what_one_started(self):
        services.start(RunKind.EXPORT, by=self.helpdesk, title="Mine")
        services.start(RunKind.EXPORT, by=self.deployment, title="Theirs")
        make.sign_in(self.client, self.helpdesk)
        assert self.rows(mine="on") == ["Writing a file: Mine"]
        assert len(self.rows()) == len(self.rows(source="runs.run")) == 2
        assert len(self.rows(source="nonsense")) == 2

    def test_what_has_been_at_work_for_long_is_not_pushed_out_by_what_is_over(self):
        services.start(RunKind.SEND, by=self.helpdesk, title="All day")
        for _n in range(AT_ONCE):
            services.finish(services.start(RunKind.EXPORT, by=self.helpdesk, title="A file"))
        make.sign_in(self.client, self.helpdesk)
        assert self.rows()[0] == "Sending a broadcast: All day"

    def test_every_status_of_every_source_is_of_one_state(self):
        for source in SOURCES:
            known = {status for status, _label in source.model._meta.get_field("status").choices}
            sorted_ = [status for each in source.states.values() for status in each]
            assert set(sorted_) == known, source.name
            assert len(sorted_) == len(known), source.name

    def test_each_sees_the_runs_of_what_they_may_look_at(self):
        MoneyRun.objects.create(kind="prepare", exam=make.exam())
        make.sign_in(self.client, self.helpdesk)
        assert self.rows() == []
        make.sign_in(self.client, staff("Finance preparer"))
        assert len(self.rows()) == 1

    def test_as_many_queries_with_many_runs(self):
        auditor = staff("Auditor")
        exam = make.exam()
        make.sign_in(self.client, auditor)
        services.start(RunKind.EXPORT, by=self.helpdesk, title="Mine")
        self.rows()
        with CaptureQueriesContext(connection) as one:
            self.rows()
        for n in range(60):
            services.start(RunKind.EXPORT, by=self.helpdesk, title=f"Run {n}")
            AllocationRun.objects.create(exam=exam, scope=make.sub_county(), started_by=auditor)
        with CaptureQueriesContext(connection) as many:
            assert len(self.rows()) == 100
        assert len(many) == len(one)
