"""Two people who open the same season at the same moment."""

import pytest

from accounts.models import Entry
from catalogue.models import CentreEntry, ExamDay
from cp2.opening import carrying, last_year, services
from cp2.opening.models import Carried, Opening
from cp2.opening.tests import world
from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.tests import make
from cp2.tests.races import at_once, split

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


def test_of_two_who_begin_the_same_exam_the_second_is_told():
    last, by = world.last(), make.user()

    done, refused = split(at_once(*[lambda: world.begun(last, by)] * 4))

    assert (len(done), len(refused)) == (1, 3)
    assert "Somebody has begun this exam just now" in str(refused[0])
    assert Opening.objects.count() == 1


def test_the_centres_of_last_year_come_over_once(monkeypatch):
    monkeypatch.setattr(carrying, "AT_ONCE", 6)
    last, by = world.last(centres=20), make.user()
    exam = world.begun(last, by)

    started, refused = split(at_once(*[lambda: services.carry_entries(exam, by=by)] * 4))
    assert (len(started), len(refused)) == (1, 3)
    assert "This is being done already" in str(refused[0])
    at_once(*[lambda: runs.work(seconds=5, run=started[0])] * 3)

    run = Run.objects.get(pk=started[0].pk)
    assert (run.status, run.outcome) == ("done", {"centres": 20})
    assert CentreEntry.objects.filter(exam=exam).count() == 20
    assert Carried.objects.count() == 20
    told = Entry.objects.filter(verb="exam.entries_carried")
    assert [entry.details["centres"] for entry in told.order_by("pk")] == [6, 6, 6, 2]


def test_of_two_who_save_the_days_the_second_looks_again():
    last, by = world.last(), make.user()
    exam = world.begun(last, by)
    days, seen = last_year.shifted(last, exam), services.seen_days(exam)

    done, refused = split(at_once(*[lambda: services.write_days(exam, days, seen=seen, by=by)] * 4))

    assert len(done) == 1
    assert len(refused) == 3
    assert ExamDay.objects.filter(exam=exam).count() == 5


def test_of_two_who_save_the_terms_the_second_looks_again():
    last, by = world.last(), make.user()
    exam = world.begun(last, by)
    figures = {
        position: {name: getattr(row, name) for name in last_year.FIGURES}
        for position, row in last_year.terms_of(last).items()
    }
    seen = services.seen_terms(exam)

    done, refused = split(
        at_once(*[lambda: services.write_terms(exam, figures, seen=seen, by=by)] * 4)
    )

    assert (len(done), len(refused)) == (1, 3)
    assert exam.terms.count() == 2


def test_one_of_several_says_that_the_season_is_open():
    by = make.user()
    exam = make.exam()
    done, refused = split(
        at_once(*[lambda: services.open_season(exam, note="", reasons=[], by=by)] * 4)
    )
    assert (len(done), len(refused)) == (1, 3)
    assert Opening.objects.get().opened_by == by
    assert Entry.objects.filter(verb="season.opened").count() == 1
