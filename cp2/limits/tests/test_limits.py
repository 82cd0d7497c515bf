"""Exactly what is allowed gets through, in every period, whoever else is trying."""

import threading
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from django.test import TestCase
from django.utils import timezone

from cp2.limits import services
from cp2.limits.models import SLOTS, WORDS, Bucket, Limit
from cp2.limits.services import Limited, forget, give_back, take, tidy
from cp2.tests import make


def allow(takes, seconds=60, name="text.number"):
    Limit.objects.filter(name=name, seconds=seconds).delete()
    return Limit.objects.create(name=name, seconds=seconds, takes=takes)


def admitted(tries, *wants):
    count = 0
    for _ in range(tries):
        try:
            take(*wants)
        except Limited:
            continue
        count += 1
    return count


class Taking(TestCase):
    def setUp(self):
        Limit.objects.all().delete()

    def test_as_many_as_allowed_get_through_and_each_key_has_its_own(self):
        allow(5)

        assert admitted(8, ("text.number", "a")) == 5
        assert admitted(8, ("text.number", "b")) == 5

    def test_a_use_counts_for_its_whole_period_and_no_longer_than_a_slot_more(self):
        allow(5, seconds=3600)
        admitted(5, ("text.number", "a"))

        make.time_passes(minutes=55)
        assert admitted(1, ("text.number", "a")) == 0
        make.time_passes(minutes=10)
        assert admitted(9, ("text.number", "a")) == 5

    def test_uses_leave_one_after_another(self):
        allow(3, seconds=3600)
        for _ in range(3):
            take(("text.number", "a"))
            make.time_passes(minutes=10)

        make.time_passes(minutes=36)
        assert admitted(3, ("text.number", "a")) == 1

    def test_short_and_long_limits_hold_together_and_a_refusal_uses_neither(self):
        allow(1, seconds=60)
        allow(3, seconds=3600)

        assert admitted(10, ("text.number", "a")) == 1
        for expected in (1, 1, 0):
            make.time_passes(minutes=2)
            assert admitted(10, ("text.number", "a")) == expected

    def test_what_is_wanted_together_is_taken_together_or_not_at_all(self):
        allow(1, name="text.number")
        allow(5, name="text.address")

        assert admitted(9, ("text.address", "x"), ("text.number", "a")) == 1
        assert admitted(9, ("text.address", "x")) == 4

    def test_refusal_says_how_long_to_wait_and_is_counted(self):
        limit = allow(1, seconds=3600)
        take(("text.number", "a"))

        with pytest.raises(Limited, match=r"Try again in 6\d minutes") as refusal:
            take(("text.number", "a"))
        assert timedelta(minutes=59) < refusal.value.wait <= timedelta(minutes=65)
        assert Bucket.objects.get(limit=limit).refused == 1

    def test_nothing_gets_through_a_limit_of_nothing(self):
        allow(0)

        assert admitted(3, ("text.number", "a")) == 0

    def test_a_limit_that_is_missing_or_cannot_be_read_lets_nothing_through(self):
        assert admitted(3, ("text.number", "a")) == 0

        with patch("cp2.limits.services.Limit.objects.filter", side_effect=DatabaseError):
            assert admitted(3, ("text.number", "a")) == 0

    def test_dear_things_use_more(self):
        allow(10)
        take(("text.number", "a"), cost=8)

        assert admitted(9, ("text.number", "a")) == 2

    def test_given_back_is_not_counted(self):
        allow(3)
        admitted(3, ("text.number", "a"))
        give_back("text.number", "a", times=2)

        assert admitted(5, ("text.number", "a")) == 2

    def test_forgotten_key_starts_afresh_and_others_do_not(self):
        allow(1)
        take(("text.number", "a"))
        take(("text.number", "b"))
        forget(("text.number", "a"))

        assert admitted(2, ("text.number", "a"), ("text.number", "b")) == 0
        assert admitted(2, ("text.number", "a")) == 1

    def test_no_number_and_no_address_rests_in_a_row(self):
        allow(1)
        take(("text.number", "254712345678"))

        assert "712345678" not in str(Bucket.objects.values())

    def test_rows_of_a_month_ago_are_dropped(self):
        allow(1)
        take(("text.number", "a"))
        take(("text.number", "b"))
        Bucket.objects.filter(key=services.digest("a")).update(at=timezone.now() - services.KEEP)

        assert tidy() == 1


class AtTheStart(TestCase):
    def test_every_limit_has_words_and_every_word_a_limit(self):
        assert set(Limit.objects.values_list("name", flat=True)) == set(WORDS)


class InTheDatabase(TestCase):
    def refuses(self, name, make_row):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            make_row()

    def test_two_rows_for_one_period_or_one_use(self):
        limit = allow(5)
        self.refuses(
            "one_limit_per_period",
            lambda: Limit.objects.create(name=limit.name, seconds=limit.seconds, takes=1),
        )
        use = {"limit": limit, "key": "k", "slot": 0, "counts": [0] * (SLOTS + 1)}
        Bucket.objects.create(**use)
        self.refuses("one_use_per_limit_and_key", lambda: Bucket.objects.create(**use))

    def test_a_limit_that_makes_no_sense(self):
        for fields in ({"seconds": 1, "takes": 1}, {"seconds": 60, "takes": 10**9}):
            self.refuses(
                "limit_is_a_sensible_one",
                lambda fields=fields: Limit.objects.create(name="x", **fields),
            )

    def test_a_use_without_its_slots(self):
        limit = allow(5)
        self.refuses(
            "use_has_its_slots",
            lambda: Bucket.objects.create(limit=limit, key="k", slot=0, counts=[1]),
        )


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_300_racing_for_5_exactly_5_get_through():
    Limit.objects.all().delete()
    allow(5)
    barrier = threading.Barrier(20)
    through = []

    def race():
        barrier.wait()
        through.append(admitted(15, ("text.number", "a")))
        connection.close()

    racers = [threading.Thread(target=race) for _ in range(20)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert sum(through) == 5
    assert Bucket.objects.annotate(used=F("refused")).get().used == 295
