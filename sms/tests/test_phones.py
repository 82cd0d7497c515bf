import pytest
from django.core.exceptions import ValidationError

from cp2.tests.bad_input import CASES
from sms import gsm
from sms.phones import local, mobile

PHONES = [pytest.param(case, id=case.id) for case in CASES["phone"]]


@pytest.mark.parametrize("case", PHONES)
def test_a_mobile_is_taken_however_it_is_written_and_nothing_else_is(case):
    if case.is_good:
        assert mobile(case.typed) == case.kept
    else:
        with pytest.raises(ValidationError, match=case.says or "."):
            mobile(case.typed)


def test_a_number_is_shown_as_people_say_it():
    assert local("254712345678") == "0712 345 678"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Ngũgĩ wa Thiong’o", "Ngugi wa Thiong'o"),
        ("well “done” – now…", 'well "done" - now...'),
        ("café 😀", "café "),
        ("a\u00a0b\tc", "a b c"),
    ],
)
def test_text_is_written_in_the_networks_alphabet(written, sent):
    assert gsm.plain(written) == sent


@pytest.mark.parametrize(("length", "parts"), [(0, 1), (160, 1), (161, 2), (306, 2), (307, 3)])
def test_segments_are_counted_as_the_network_charges(length, parts):
    assert gsm.segments("a" * length) == parts


def test_the_two_places_of_one_character_are_in_one_segment():
    assert (gsm.segments("€" * 80), gsm.segments("€" * 81)) == (1, 2)
    assert (gsm.segments("€" * 152), gsm.segments("€" * 153)) == (2, 3)  # 76 in each
    assert gsm.segments("a" * 152 + "€" + "a" * 152) == 3  # 306 places, one of each lost
