"""The season's numbers on headquarters' first page: right, cheap, and only what one may list."""

import re
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from attendance.models import RegisterStatus
from catalogue.models import Exam
from claims.models import Claim, ClaimStatus
from claims.money import counting
from claims.money.pages import PER_PAGE
from cp2.rules import Role
from cp2.season.build import build
from cp2.season_picture import LINES, picture
from cp2.tests import make
from deployments.models import DeploymentStatus
from vacancies.models import ApplicationStatus

MOST_QUERIES = 10  # one for each line, one for the exams, one for the alarms


def superuser() -> User:
    return make.user(is_superuser=True)


def figures(user: User, title: str) -> dict[str, int]:
    """What a line says, without the statuses in which nothing stands."""
    (line,) = [line for line in picture(user)["picture"] if line.title == title]
    return {figure.label: figure.count for figure in line.figures if figure.count}


class NumberTests(TestCase):
    def test_officers_are_counted_by_how_far_they_came(self):
        make.officer()
        make.officer(vetting="pending")
        make.bare_officer()
        counted = figures(superuser(), "Officers")
        assert counted == {"Registered": 3, "Profile submitted": 2, "Vetted": 1}

    def test_applications_and_deployments_are_those_of_the_newest_years_exams(self):
        now, old = make.exam(year=2025), make.exam(year=2024)
        for exam in (now, now, old):
            make.application(vacancy=make.vacancy(exam=exam))
            make.deployment(DeploymentStatus.OFFERED, post=make.post(exam=exam))
        make.application(ApplicationStatus.UNSUCCESSFUL, vacancy=make.vacancy(exam=now))
        user = superuser()
        assert figures(user, "Applications") == {"Submitted": 2, "Unsuccessful": 1}
        assert figures(user, "Deployments") == {"Offered": 2}
        assert picture(user)["season"] == "KCSE 2025"

    def test_registers_are_those_that_centres_submitted_today_of_those_due(self):
        exam = make.exam()
        first, second, _third = (make.entry(exam=exam) for _ in range(3))
        once = make.moment("2025-11-03 08:00").date()
        make.entry(exam=make.exam(rehearsal_on=once, starts_on=once, ends_on=once))
        done = {"status": RegisterStatus.SUBMITTED, "submitted_at": timezone.now()}
        make.register(first, **done)
        make.register(first, day=exam.rehearsal_on, **done)
        make.register(second)
        assert figures(superuser(), "Registers of today") == {"Submitted": 1, "Due": 3}

    def test_claims_are_summed(self):
        exam = make.exam()
        for status in (ClaimStatus.PREPARED, ClaimStatus.PREPARED, ClaimStatus.DISPUTED):
            reason = "Three days" if status == ClaimStatus.DISPUTED else ""
            of = make.deployment(post=make.post(exam=exam))
            make.claim(deployment=of, status=status, dispute_reason=reason)
        counting.count_due()
        (line,) = [line for line in picture(superuser())["picture"] if line.title == "Claims"]
        told = {figure.label: (figure.count, figure.amount) for figure in line.figures}
        assert told["Prepared"] == (2, Decimal(2200))
        assert told["Disputed"] == (1, Decimal(1100))
        assert told["Paid"] == (0, Decimal(0))

    def test_the_money_of_the_newest_year_leads_to_its_claims(self):
        now, old = make.exam(year=2025), make.exam(year=2024)
        for exam in (now, old):
            make.claim(deployment=make.deployment(post=make.post(exam=exam)))
        counting.count_due()
        assert figures(superuser(), "Money") == {"Owed": 1}
        (line,) = [line for line in picture(superuser())["picture"] if line.title == "Money"]
        assert line.figures[0].amount == Decimal(1100)
        assert line.url.endswith("?year=2025")

    def test_without_a_season_all_is_nought(self):
        user = superuser()
        assert all(not figures(user, line.title) for line in picture(user)["picture"])
        assert picture(user)["season"] == ""


class SeasonTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        build("tiny", 1, timezone.localdate(), lambda what: None)

    def page(self, user: User) -> Any:
        make.sign_in(self.client, user)
        return self.client.get(reverse("admin:index"))

    def test_each_number_is_that_of_the_list_behind_it(self):
        page = self.page(User.objects.get(is_superuser=True))
        linked = [figure for line in page.context["picture"] for figure in line.figures]
        assert sum(figure.count > 0 for figure in linked) > 20
        for figure in linked:
            if figure.url:
                listed = self.client.get(figure.url, follow=True)
                assert not listed.redirect_chain, figure
                if "cl" in listed.context:
                    assert listed.context["cl"].result_count == figure.count, figure
                else:  # the claims behind a sum of money
                    counted = sum(part.is_counted for part in listed.context["parts"])
                    assert counted == min(figure.count, PER_PAGE), figure

    def test_it_takes_few_queries(self):
        user = User.objects.get(is_superuser=True)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            picture(user)
        assert len(queries) <= MOST_QUERIES

    def test_each_group_sees_the_lines_of_what_it_may_list(self):
        for group, titles in {
            "Deployment": [
                "Officers",
                "Applications",
                "Deployments",
                "Registers of today",
                "Enquiries",
                "Texts of today",
            ],
            "Finance preparer": ["Officers", "Registers of today", "Claims", "Money"],
            "Finance approver": ["Officers", "Registers of today", "Claims", "Money"],
            "Helpdesk": [
                "Officers",
                "Applications",
                "Deployments",
                "Claims",
                "Enquiries",
                "Texts of today",
            ],
        }.items():
            page = self.page(User.objects.get(groups__name=group))
            assert [line.title for line in page.context["picture"]] == titles, group
            for line in page.context["picture"]:
                for figure in line.figures:
                    assert not figure.url or self.client.get(figure.url).status_code == 200

    def test_auditors_see_all_and_staff_without_a_group_nothing(self):
        auditor = User.objects.get(groups=Group.objects.get(name="Auditor"))
        assert len(self.page(auditor).context["picture"]) == len(LINES)
        page = self.page(make.user(Role.STAFF))
        assert page.status_code == 200
        assert page.context["picture"] == []
        assert "How far" not in page.content.decode()

    def test_money_is_written_as_money(self):
        page = self.page(User.objects.get(groups__name="Finance approver"))
        assert re.search(r"KES \d[\d,]*\.\d\d", page.content.decode())
        assert Claim.objects.exists()
        assert Exam.objects.order_by("-year")[0].short in page.content.decode()
