"""Entitlements follow what they are computed from, whoever changes that and by whatever means."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import TestCase

from accounts.models import Entry
from catalogue.models import CentreEntry, DutyStation, MarkingEntry, PositionTerms, StationKind
from cp2.tests import make
from deployments import services
from deployments.models import Post, Recount
from deployments.services import recounts

DAY = timedelta(days=1)


def asked():
    return set(Recount.objects.values_list("exam", "sub_county"))


def required(entry):
    return Post.objects.get(exam=entry.exam, station=entry.station).required


class FollowTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.exam = make.exam()
        cls.terms = make.terms(cls.exam, make.position("INV"))
        cls.entry = make.entry(exam=cls.exam, candidates=40)
        cls.place = cls.entry.station.sub_county_id
        services.recount_due()

    def test_new_candidates_bring_more_officers_without_anybody_asking(self):
        assert required(self.entry) == 2
        CentreEntry.objects.filter(pk=self.entry.pk).update(candidates=41)
        assert services.recount_due() == 1
        assert required(self.entry) == 3
        assert not asked()

    def test_a_row_changed_by_hand_in_the_database_counts_too(self):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE catalogue_centreentry SET candidates = 100")
        services.recount_due()
        assert required(self.entry) == 5

    def test_many_rows_at_once_ask_once_for_each_sub_county(self):
        stations = [make.station(sub_county=self.entry.station.sub_county) for _each in range(5)]
        CentreEntry.objects.bulk_create(
            CentreEntry(exam=self.exam, station=station, candidates=20) for station in stations
        )
        assert Recount.objects.count() == 1
        services.recount_due()
        assert Post.objects.filter(station__in=stations, required=1).count() == 5

    def test_what_does_not_count_asks_for_nothing(self):
        CentreEntry.objects.update(candidates=40)
        PositionTerms.objects.update(daily_rate=700)
        DutyStation.objects.update(name="Another name")
        assert not asked()

    def test_new_terms_ask_for_every_sub_county_of_the_exam_and_for_no_other_exam(self):
        other = make.entry(exam=self.exam)
        make.entry()
        Recount.objects.all().delete()
        PositionTerms.objects.update(candidates_per_officer=10)
        assert asked() == {
            (self.exam.pk, self.place),
            (self.exam.pk, other.station.sub_county_id),
        }
        services.recount_due()
        assert required(self.entry) == 4

    def test_a_distribution_centre_in_another_sub_county_is_asked_for_too(self):
        depot = make.station(kind=StationKind.DISTRIBUTION_CENTRE, level="")
        self.entry.distribution_centre = depot
        self.entry.save()
        assert asked() == {(self.exam.pk, self.place), (self.exam.pk, depot.sub_county_id)}

    def test_an_exam_that_counts_the_candidates_of_this_one_is_asked_for_too(self):
        junior = make.exam()
        make.terms(junior, self.terms.position)
        PositionTerms.objects.filter(pk=self.terms.pk).update(counted_with=junior)
        Recount.objects.all().delete()
        CentreEntry.objects.filter(pk=self.entry.pk).update(candidates=1)
        assert asked() == {(self.exam.pk, self.place), (junior.pk, self.place)}

    def test_a_centre_that_moves_is_asked_for_where_it_was_and_where_it_is(self):
        there = make.sub_county()
        DutyStation.objects.filter(pk=self.entry.station_id).update(sub_county=there)
        assert asked() == {(self.exam.pk, self.place), (self.exam.pk, there.pk)}

    def test_a_centre_that_is_taken_out_leaves_no_post(self):
        self.entry.delete()
        services.recount_due()
        assert not Post.objects.filter(station=self.entry.station).exists()

    def test_how_many_examiners_a_marking_centre_takes_counts_at_once(self):
        station = make.station(kind=StationKind.MARKING_CENTRE, level="")
        position = make.position("EXM")
        entry = MarkingEntry.objects.create(
            exam=self.exam, station=station, position=position, officers=12
        )
        assert asked() == {(self.exam.pk, station.sub_county_id)}
        services.recount_due()
        assert Post.objects.get(station=station).required == 12
        entry.officers = 20
        entry.save()
        services.recount_due()
        assert Post.objects.get(station=station).required == 20
        entry.delete()
        services.recount_due()
        assert not Post.objects.filter(station=station).exists()

    def test_the_trail_says_what_changed_and_nothing_of_what_did_not(self):
        before = Entry.objects.filter(verb="posts.computed").count()
        Recount.objects.create(exam=self.exam, sub_county_id=self.place)
        services.recount_due()
        assert Entry.objects.filter(verb="posts.computed").count() == before
        CentreEntry.objects.update(candidates=400)
        services.recount_due()
        entry = Entry.objects.filter(verb="posts.computed").latest("pk")
        assert (entry.actor, entry.details["changed"]) == (None, 1)

    def test_an_exam_that_is_over_stays_as_it_was_served(self):
        self.exam.rehearsal_on = self.exam.starts_on = self.exam.ends_on = make.today() - DAY
        self.exam.save()
        CentreEntry.objects.update(candidates=400)
        services.recount_due()
        assert (required(self.entry), asked()) == (2, set())

    def test_one_that_fails_waits_and_lets_the_others_go_first(self):
        other = make.entry(exam=self.exam, candidates=400)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recounts, "compute_posts", stumble_at(self.place))
            CentreEntry.objects.update(candidates=400)
            services.recount_due()
        assert (required(self.entry), required(other)) == (2, 20)
        services.recount_due()
        assert required(self.entry) == 2  # not yet
        Recount.objects.update(not_before=make.moment("2020-01-01 00:00"))
        services.recount_due()
        assert (required(self.entry), asked()) == (20, set())


def stumble_at(place):
    def compute(exam, *, by, sub_county):
        if sub_county.pk == place:
            raise ZeroDivisionError
        return services.compute_posts(exam, by=by, sub_county=sub_county)

    return compute
