import pytest
from django.core.exceptions import ValidationError

from sms import gsm
from sms.phones import local, mobile


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0712345678", "254712345678"),
        ("+254712345678", "254712345678"),
        ("254712345678", "254712345678"),
        ("712345678", "254712345678"),
        ("0112345678", "254112345678"),
        ("254112345678", "254112345678"),
        ("07 12-345 678", "254712345678"),
        ("+254 (0)712 345678", "254712345678"),
        ("+2540712345678", "254712345678"),
        ("00254712345678", "254712345678"),
        ("000254712345678", "254712345678"),
        ("0712345678\n", "254712345678"),
        ("\u00a00712 345 678", "254712345678"),
    ],
)
def test_a_mobile_is_taken_however_it_is_written(typed, kept):
    assert mobile(typed) == kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("٠٧١٢٣٤٥٦٧٨", "only the digits 0 to 9"),
        ("071234567８", "only the digits 0 to 9"),
        ("0712345678 ext 5", "only the digits 0 to 9"),
        ("tel:+254712345678", "only the digits 0 to 9"),
        ("0712\u200b345678", "only the digits 0 to 9"),
        ("0712345678,0722000000", "only the digits 0 to 9"),
        ("254712345678' OR '1'='1", "only the digits 0 to 9"),
        ("*100*100#", "only the digits 0 to 9"),
        ("071234567", "Kenyan mobile number"),
        ("07123456789", "Kenyan mobile number"),
        ("+254202222222", "not a mobile number"),
        ("0202222222", "not a mobile number"),
        ("+447911123456", "Kenyan mobile number"),
        ("+256712345678", "Kenyan mobile number"),
        ("+881612345678", "Kenyan mobile number"),
        ("+19001234567", "Kenyan mobile number"),
        ("22262", "too short"),
        ("100", "too short"),
        ("1" * 10_000, "one mobile number"),
        ("07\x0012345678", "only the digits 0 to 9"),
        ("\ud800", "only the digits 0 to 9"),
    ],
)
def test_anything_else_is_refused_in_words(typed, said):
    with pytest.raises(ValidationError, match=said):
        mobile(typed)


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
    assert gsm.segments("€" * (length // 2)) == (
        1 if length // 2 <= 80 else -(-(length // 2 * 2) // 153)
    )
