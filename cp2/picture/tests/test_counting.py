"""What is kept counted is what the rows come to, and is counted anew when they change."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count as CountOf
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from catalogue.models import County, Exam
from claims.models import Claim, ClaimStatus
from cp2.picture import counting
from cp2.picture.coverage import TILES
from cp2.picture.models import Count, Counted, Topic
from cp2.picture.season import Figures, Season
from cp2.picture.stages import at, funnel
from cp2.season.build import build
from cp2.tests import make
from deployments.admin_lists import counted
from deployments.models import Deployment, DeploymentStatus, Post
from enquiries.models import Enquiry
from profiles.models import Officer, Vetting
from sms.models import Message
from vacancies.models import Application


def by_status(rows: Any) -> dict[str, int]:
    return dict(rows.order_by().values_list("status").annotate(n=CountOf("pk")))


def people(topic: Topic, of: str = "") -> dict[str, int]:
    season = Season({"of": of})
    return Figures(season).people(topic)


class EqualTests(TestCase):
    """A whole season's counts, as it was made with them, beside its rows."""

    @classmethod
    def setUpTestData(cls) -> None:
        build("tiny", 1, timezone.localdate(), lambda what: None)

    def seasons(self) -> list[Season]:
        return [Season({"of": choice.value}) for choice in Season({}).choices("%(year)s")]

    def test_people_are_those_of_the_list_at_each_stage_of_each_season(self):
        user = make.user(is_superuser=True)
        seasons = self.seasons()
        assert len(seasons) > 3
        for season in seasons:
            for step in funnel(user, season, Figures(season)):
                listed = Officer.objects.filter(at(step.stage, season))
                assert step.count == listed.count(), (season.key, step)

    def test_a_year_counts_everybody_once(self):
        exams = [season for season in self.seasons() if season.exam]
        one_by_one = sum(
            Figures(season).people(Topic.APPLIED).get("applied", 0) for season in exams
        )
        assert one_by_one > people(Topic.APPLIED)["applied"]

    def test_statuses_are_those_of_the_rows(self):
        for season in self.seasons():
            figures = Figures(season)
            applications = Application.objects.filter(exam__in=season.exams)
            deployments = Deployment.objects.filter(post__exam__in=season.exams)
            assert figures.summed(Topic.APPLICATIONS) == by_status(applications)
            assert figures.summed(Topic.DEPLOYMENTS) == by_status(deployments)
            assert figures.nation(Topic.ENQUIRIES) == by_status(Enquiry.objects)

    def test_places_are_those_of_the_list_of_posts(self):
        for season in self.seasons():
            wanted: dict[str, list[int]] = {}
            posts = counted(Post.objects.filter(exam__in=season.exams))
            for post in posts.select_related("station"):
                place = wanted.setdefault(str(post.station.sub_county_id), [0] * 5)
                free = max(post.required - post.live, 0)
                found = [post.required, post.accepted, post.live, free, int(free > 0)]
                place[:] = [sum(each) for each in zip(place, found, strict=True)]
            places: dict[str, list[int]] = {}
            for figures in Figures(season).of(Topic.PLACES):
                for key, numbers in figures.items():
                    place = places.setdefault(key, [0] * 5)
                    place[:] = [sum(each) for each in zip(place, numbers, strict=True)]
            assert places == wanted

    def test_texts_are_those_of_the_last_seven_days(self):
        today = timezone.localdate()
        wanted: dict[str, dict[str, int]] = {}
        for text in Message.objects.all():
            on = timezone.localdate(text.created_at)
            if on > today - timedelta(days=7):
                day = wanted.setdefault(on.isoformat(), {})
                day[text.status] = day.get(text.status, 0) + 1
        assert wanted
        assert Figures(Season({})).nation(Topic.TEXTS) == wanted

    def test_to_count_again_changes_nothing(self):
        def all_counts() -> list[Any]:
            rows = Count.objects.order_by("topic", "exam", "year")
            return list(rows.values_list("topic", "exam", "year", "figures"))

        before = all_counts()
        counting.count_all()
        assert all_counts() == before


class ChangeTests(TestCase):
    def test_an_empty_portal_is_counted_too(self):
        counting.count_all()
        assert people(Topic.OFFICERS) == {"registered": 0, "submitted": 0, "vetted": 0}
        assert Counted.objects.count() == len(Topic)
        assert all(not step.count for step in funnel(make.user(), Season({}), Figures(Season({}))))

    def test_who_was_nominated_without_applying_counts_as_applied(self):
        exam = make.exam()
        make.application(vacancy=make.vacancy(exam=exam))
        make.deployment(DeploymentStatus.REJECTED, post=make.post(exam=exam), reason="Ill")
        counting.count_all()
        assert people(Topic.APPLIED) == {"applied": 2}

    def test_deployed_are_those_who_hold_a_place_and_accepted_those_who_said_yes(self):
        exam = make.exam()
        for status in (DeploymentStatus.OFFERED, DeploymentStatus.ACCEPTED):
            make.deployment(status, post=make.post(exam=exam))
        make.deployment(DeploymentStatus.EXPIRED, post=make.post(exam=exam))
        counting.count_all()
        assert people(Topic.DEPLOYED) == {"deployed": 2, "accepted": 1}

    def test_who_was_marked_on_many_days_or_has_many_claims_counts_once(self):
        exam = make.exam()
        deployment = make.deployment(post=make.post(exam=exam))
        for day in (exam.rehearsal_on, exam.starts_on):
            make.mark(deployment, day=day)
        make.claim(deployment=deployment)
        counting.count_all()
        assert people(Topic.MARKED) == {"marked": 1}
        assert people(Topic.PAID) == {}
        assert not Claim.objects.filter(status=ClaimStatus.PAID).exists()

    def test_places_of_an_exam_that_is_over_are_those_of_its_last_day(self):
        over = timezone.localdate() - timedelta(days=30)
        exam = make.exam(rehearsal_on=over, starts_on=over, ends_on=over)
        post = make.post(exam=exam, required=3)
        make.deployment(post=post, starts_on=over, ends_on=over)
        counting.count_all()
        (figures,) = Figures(Season({})).of(Topic.PLACES)
        assert figures == {str(post.station.sub_county_id): [3, 1, 1, 2, 1]}

    def test_older_years_are_left_alone(self):
        for year in (2023, 2024, 2025):
            make.application(vacancy=make.vacancy(exam=make.exam(year=year)))
        counting.count_all()
        assert {exam.year for exam in Season({}).offered} == {2024, 2025}
        assert people(Topic.APPLIED, "all-2024") == {"applied": 1}
        assert not Count.objects.filter(exam__year=2023).exists()

    def test_the_year_that_is_being_sat_comes_before_the_next_one(self):
        today = timezone.localdate()
        for year, days in ((2025, 0), (2026, 365)):
            day = today + timedelta(days=days)
            make.exam(year=year, rehearsal_on=day, starts_on=day, ends_on=day)
        assert Season({}).year == 2025
        Exam.objects.filter(year=2025).update(
            **dict.fromkeys(("rehearsal_on", "starts_on", "ends_on"), today - timedelta(days=1))
        )
        assert Season({}).year == 2026

    def test_an_exam_that_is_removed_takes_its_counts_along(self):
        exam = make.exam(year=2025)
        Count.objects.create(topic=Topic.PAID, exam=exam, figures={"paid": 1})
        exam.delete()
        assert not Count.objects.exists()


class DueTests(TransactionTestCase):
    """With real commits, since the database tells of writes only after those."""

    serialized_rollback = True

    def told(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
        assert Exam.objects.count() >= 0  # with the end of the next statement

    def look(self) -> dict[str, Any]:
        self.told()
        counting.count_due()
        return dict(Counted.objects.values_list("topic", "counted_at"))

    def test_only_what_changed_is_counted_anew(self):
        officer = make.officer(vetting=Vetting.PENDING)
        first = self.look()
        assert set(first) == set(Topic.values)
        assert self.look() == first
        looked_at = Counted.objects.get(topic=Topic.OFFICERS).looked_at
        assert looked_at > first[Topic.OFFICERS]

        Officer.objects.filter(pk=officer.pk).update(vetting=Vetting.VETTED)
        Counted.objects.update(took=timedelta())
        second = self.look()
        changed = {topic for topic in Topic.values if second[topic] != first[topic]}
        assert changed == {Topic.OFFICERS}
        assert Figures(Season({})).nation(Topic.OFFICERS)["vetted"] == 1

    def test_what_takes_long_is_counted_less_often(self):
        make.officer()
        first = self.look()
        Counted.objects.filter(topic=Topic.OFFICERS).update(took=timedelta(minutes=1))
        make.officer()
        assert self.look()[Topic.OFFICERS] == first[Topic.OFFICERS]
        Counted.objects.filter(topic=Topic.OFFICERS).update(
            counted_at=timezone.now() - timedelta(minutes=21)
        )
        assert self.look()[Topic.OFFICERS] > first[Topic.OFFICERS]

    def test_on_the_next_day_all_is_counted(self):
        make.officer()
        first = self.look()
        yesterday = timezone.now() - timedelta(days=1)
        Counted.objects.update(counted_at=yesterday)
        second = self.look()
        assert all(second[topic] >= first[topic] for topic in Topic.values)


class DatabaseTests(TestCase):
    def refused(self, name: str, **row: Any) -> None:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Count.objects.create(figures={}, **row)

    def test_there_is_one_count_of_a_kind(self):
        Count.objects.create(topic=Topic.TEXTS, figures={})
        self.refused("one_count_of_a_topic", topic=Topic.TEXTS)

    def test_a_count_is_of_an_exam_or_of_a_year(self):
        exam = make.exam()
        self.refused("count_is_of_an_exam_or_a_year", topic=Topic.PAID, exam=exam, year=2025)

    def test_topics_are_those_that_are_counted(self):
        self.refused("count_topic", topic="weather")
        now = timezone.now()
        times = {"counted_at": now, "looked_at": now, "took": timedelta()}
        with pytest.raises(IntegrityError, match="counted_topic"), transaction.atomic():
            Counted.objects.create(topic="weather", writes=0, **times)


def test_every_county_has_a_tile_of_its_own(db):
    assert set(County.objects.values_list("code", flat=True)) == set(TILES)
    assert len({(row, column) for _letters, row, column in TILES.values()}) == 47
    assert len({letters for letters, _row, _column in TILES.values()}) == 47
