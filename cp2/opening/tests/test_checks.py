"""Each check finds what it is there for, and nothing in a season that is in order."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tests.people import staff
from catalogue.models import CentreEntry, DutyStation, ExamDay, PositionTerms, StationKind
from claims.tests.test_database import refused
from cp2.opening import checking, services
from cp2.opening.checks import BY_CODE, CHECKS
from cp2.opening.models import Carried, Finding, Holiday, Opening
from cp2.opening.tests import world
from cp2.rules import Refused, Role
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from cp2.tests import make
from deployments.models import LetterText, Post
from deployments.services import recount_due
from vacancies.models import Vacancy


def found(code, exam):
    return BY_CODE[code].find(exam)


class Checks(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.by = staff("Deployment")
        cls.last = world.last(centres=2)
        cls.exam = world.copied(cls.last, cls.by)
        recount_due()
        cls.entries = list(CentreEntry.objects.filter(exam=cls.exam).order_by("pk"))
        cls.home = cls.entries[0].station.sub_county
        for office in ("tsc", "scde"):
            make.director(cls.home, office)
        for code in ("INV", "SUP"):
            make.vacancy(exam=cls.exam, position=make.position(code), sub_county=cls.home, places=8)
        for entry in cls.entries:
            make.centre(entry.station, exam=cls.exam)
        DutyStation.objects.update(latitude=-1, longitude=36)
        officer = make.officer(sub_county=cls.home)
        make.work(officer)

    def only(self, *codes):
        """All that is found, and that each of it can be shown."""
        hit = {check.code for check in CHECKS if check.find(self.exam).count}
        assert hit == {*codes}
        for code in hit:
            check = BY_CODE[code]
            result = check.find(self.exam)
            assert check.mend(self.exam).startswith("/admin/")
            assert check.said(result.count)
            for words, page, number in result.first:
                assert words
                assert not page or reverse(page, args=[number])

    def entry(self, **fields):
        CentreEntry.objects.filter(pk=self.entries[0].pk).update(**fields)

    def test_a_season_in_order_has_no_finding(self):
        self.only()

    def test_dates(self):
        self.exam.days.filter(day=self.exam.ends_on).delete()
        self.only("ends_without_day")
        self.exam.days.all().delete()
        self.only("no_days")

    def test_days_outside_at_weekends_and_on_holidays(self):
        sunday = self.exam.ends_on + timedelta(days=2)
        ExamDay.objects.create(exam=self.exam, day=sunday, kind="theory", papers=["101/1"])
        self.only("days_outside", "weekends")
        ExamDay.objects.filter(day=sunday).delete()
        Holiday.objects.create(day=self.exam.starts_on, name="Idd-ul-Fitr")
        self.only("holidays")

    def test_papers(self):
        self.exam.days.filter(day=self.exam.ends_on).update(papers=[])
        self.only("days_without_papers")
        self.entry(papers=["999/1"])
        self.only("days_without_papers", "papers_of_no_day")

    def test_an_exam_that_is_over(self):
        self.exam.days.all().delete()
        type(self.exam).objects.filter(pk=self.exam.pk).update(
            rehearsal_on="2020-01-01", starts_on="2020-01-01", ends_on="2020-01-01"
        )
        self.exam.refresh_from_db()
        assert found("over", self.exam).count == 1

    def test_terms(self):
        terms = PositionTerms.objects.filter(exam=self.exam, position__code="INV")
        terms.update(daily_rate=0)
        self.only("rate_zero", "terms_moved_far")
        terms.update(daily_rate=600, paid_days=[])
        self.only("no_paid_days")
        terms.update(daily_rate=720, paid_days=["theory"])
        self.only("terms_moved_far")
        terms.update(daily_rate=550, counted_with=make.exam(year=2020))
        self.only("counted_with_other_year", "recounting")
        terms.delete()
        self.only("terms_left_out", "posts_without_terms", "recounting")
        PositionTerms.objects.filter(exam=self.exam).delete()
        assert found("no_terms", self.exam).count == 1

    def test_needs_that_no_position_meets(self):
        self.entry(needs=["braille"])
        self.only("needs_unmet")

    def test_candidates(self):
        self.entry(candidates=0)
        self.only("no_candidates", "recounting")
        self.entry(candidates=9)
        Carried.objects.create(entry=self.entries[0], candidates=9)
        self.only("candidates_of_last_year", "too_small", "recounting")

    def test_stations(self):
        self.entry(distribution_centre=None)
        assert found("no_distribution", self.exam).count == 1
        self.entry(distribution_centre=self.entries[1].station)
        assert found("odd_distribution", self.exam).count == 1
        DutyStation.objects.filter(pk=self.entries[0].station_id).update(
            latitude=None, longitude=None, kind=StationKind.MARKING_CENTRE
        )
        assert found("nowhere", self.exam).count == 1
        assert found("no_centre", self.exam).count == 1

    def test_one_school_under_two_codes(self):
        names = [entry.station_id for entry in self.entries]
        DutyStation.objects.filter(pk__in=names).update(name="Tumaini Secondary School")
        self.only("twice")

    def test_hosts(self):
        self.entry(host=make.station())
        assert found("host_not_entered", self.exam).count == 1
        self.entry(host=self.entries[1].station)
        CentreEntry.objects.filter(pk=self.entries[1].pk).update(
            host=self.entries[0].station, distribution_centre=make.station()
        )
        assert found("host_is_hosted", self.exam).count == 2
        assert found("host_elsewhere", self.exam).count == 2

    def test_posts(self):
        Post.objects.filter(exam=self.exam, position__code="INV").delete()
        self.only("terms_without_posts", "for_nobody")
        Post.objects.filter(exam=self.exam).delete()
        assert found("no_posts", self.exam).count == 2

    def test_vacancies(self):
        mine = Vacancy.objects.filter(exam=self.exam, position__code="INV")
        mine.update(closes_at=timezone.now() + timedelta(days=400))
        self.only("close_late", "answers_late")
        past = timezone.now() - timedelta(days=5)
        mine.update(opens_at=past, closes_at=past + timedelta(days=1))
        self.only("closed")
        mine.delete()
        self.only("not_advertised")

    def test_letters(self):
        inv = make.position("INV")
        words = {"paragraphs": ["Be at {station}."], "published_at": timezone.now()}
        LetterText.objects.create(position=inv, language="en", **words)
        self.only("letter_one_language")
        LetterText.objects.create(position=inv, language="sw", **words)
        self.only()
        words["paragraphs"] = ["Be at {school}."]
        LetterText.objects.create(position=inv, language="en", version=2, **words)
        self.only("letter_fields")

    def test_accounts(self):
        accounts = User.objects.filter(role=Role.CENTRE, exam=self.exam)
        accounts.filter(station=self.entries[0].station).update(is_active=False)
        self.only("accounts_off")
        accounts.filter(station=self.entries[0].station).update(
            station=make.station(), is_active=True
        )
        self.only("accounts_not_entered", "centres_without_account")
        User.objects.filter(role=Role.DIRECTOR, office="scde").delete()
        assert found("no_director", self.exam).count == 1

    def test_nobody_whose_profile_fits(self):
        inv = PositionTerms.objects.filter(exam=self.exam, position__code="INV")
        for fields in (
            {"lowest_qualification": "degree"},
            {"school_levels": ["primary"]},
            {"years_of_experience": 20},
            {"oldest": 30},
            {"subject_required": True},
            {"training_required": True},
        ):
            with self.subTest(fields):
                was = inv.values(*fields)[0]
                inv.update(**fields)
                assert found("nobody_fits", self.exam).count == 1
                inv.update(**was)
        assert found("nobody_fits", self.exam).count == 0

    # The run

    def check(self):
        return runs.finish(services.check(self.exam, by=self.by))

    def test_a_dry_run_keeps_what_it_found_and_the_next_says_what_is_new_and_gone(self):
        self.entry(candidates=0)
        self.check()
        self.entry(candidates=60)
        recount_due()
        Vacancy.objects.filter(exam=self.exam).delete()
        run = self.check()

        assert run.outcome == {"checks": len(CHECKS), "blocks": 0, "to_be_looked_at": 1}
        result = checking.result(self.exam)
        assert [line.finding.code for line in result.lines] == ["not_advertised"]
        assert result.lines[0].is_new
        assert "1 centre has no candidates." in result.gone

        make.sign_in(self.client, self.by)
        page = self.client.get(reverse("admin:opening_check", args=[self.exam.pk])).text
        assert "Mended since the dry run before" in page
        assert "2 positions of sub-counties have posts and no vacancy" in page
        file = self.client.post(
            reverse("admin:opening_check_files", args=[self.exam.pk]), {"as": "csv"}
        )
        assert b"have posts and no vacancy" in b"".join(file.streaming_content)

    def test_it_is_started_from_its_page_once(self):
        make.sign_in(self.client, self.by)
        url = reverse("admin:opening_check", args=[self.exam.pk])
        self.client.post(url)
        answer = self.client.post(url, follow=True)
        assert "being done already" in answer.text
        run = Run.objects.get(kind=RunKind.CHECK)
        page = self.client.get(url)
        assert f"/admin/runs/run/{run.pk}/change/" in page.text
        assert (page["Refresh"], "Make another" in page.text) == ("3", False)
        runs.finish(run)
        assert "Nothing is inconsistent" in self.client.get(url).text

    def test_the_database_keeps_findings_and_openings_whole(self):
        run = self.check()
        fields = {"run": run, "code": "x", "severity": "look", "count": 1}
        Finding.objects.create(**fields)
        with refused("one_finding_of_a_check"):
            Finding.objects.create(**fields)
        with refused("finding_is_of_something"):
            Finding.objects.create(**{**fields, "code": "y", "count": 0})
        with refused("severity_of_a_finding"):
            Finding.objects.create(**{**fields, "code": "y", "severity": "bad"})
        opening = Opening.objects.filter(exam=self.exam)
        with refused("season_is_opened_by_somebody"):
            opening.update(opened_at=timezone.now())
        with refused("season_is_copied_from_another"):
            opening.update(of=self.exam)
        with refused("holiday_has_a_name"):
            Holiday.objects.create(day="2031-01-01", name="")

    def test_a_second_person_finds_that_it_is_said(self):
        services.open_season(self.exam, note="", reasons=[], by=self.by)
        with pytest.raises(Refused, match="has said already"):
            services.open_season(self.exam, note="", reasons=[], by=self.by)
