"""What may be typed, case by case, by the numbers of the list of bad input."""

import time
from datetime import date

import pytest
import time_machine
from django import forms
from django.core.exceptions import ValidationError

from profiles import fields
from sms.phones import MobileField

MOST = "0712345678" * 1000
ARABIC = "٠٧١٢٣٤٥٦٧٨"


@pytest.fixture(autouse=True)
def autumn():
    with time_machine.travel("2025-11-21 12:00+03:00", tick=False):
        yield


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("0712345678", "254712345678", id="B-001"),
        pytest.param("+254712345678", "254712345678", id="B-002-plus"),
        pytest.param("254712345678", "254712345678", id="B-002-bare"),
        pytest.param("712345678", "254712345678", id="B-002-short"),
        pytest.param("0112345678", "254112345678", id="B-003"),
        pytest.param("07 12-345 678", "254712345678", id="B-004-spaces"),
        pytest.param("+254 (0)712 345678", "254712345678", id="B-004-brackets"),
        pytest.param("+2540712345678", "254712345678", id="B-004-nought"),
        pytest.param("00254712345678", "254712345678", id="B-005"),
        pytest.param("000254712345678", "254712345678", id="B-006"),
        pytest.param("0712345678\n", "254712345678", id="B-010-newline"),
        pytest.param("\u00a00712345678", "254712345678", id="B-010-nbsp"),
    ],
)
def test_mobile_number_is_kept_in_one_form(typed, kept):
    assert MobileField().clean(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(ARABIC, id="B-007-arabic"),
        pytest.param("071234567８", id="B-007-wide"),
        pytest.param("0712345678 ext 5", id="B-008"),
        pytest.param("tel:+254712345678", id="B-009"),
        pytest.param("07123\u200b45678", id="B-010-inside"),
        pytest.param("0712345678,0722000000", id="B-011"),
        pytest.param("071234567", id="B-012-short"),
        pytest.param("07123456789", id="B-012-long"),
        pytest.param("+254202222222", id="B-013"),
        pytest.param("+447911123456", id="B-014-uk"),
        pytest.param("+12025550123", id="B-014-us"),
        pytest.param("+256712345678", id="B-014-ug"),
        pytest.param("+881612345678", id="B-015-satellite"),
        pytest.param("+19005550123", id="B-015-premium"),
        pytest.param("22262", id="B-016-code"),
        pytest.param("*100*100#", id="B-016-ussd"),
        pytest.param("100", id="B-016-care"),
        pytest.param("254712345678' OR '1'='1", id="B-017"),
        pytest.param(MOST, id="B-018"),
        pytest.param("0712\x00345678", id="nul"),
        pytest.param("0712\ud800345678", id="surrogate"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_kenyan_mobile_is_refused_in_words(typed):
    with pytest.raises(ValidationError) as refusal:
        MobileField().clean(typed)
    assert refusal.value.messages[0].strip()


def test_ten_thousand_digits_are_refused_at_once():
    began = time.process_time()
    with pytest.raises(ValidationError):
        MobileField().clean(MOST)
    assert time.process_time() - began < 0.005


GOOD = [
    ("B-021", fields.NationalIdField, "12345678", "12345678"),
    ("B-021-seven", fields.NationalIdField, "1234567", "1234567"),
    ("B-021-nine", fields.NationalIdField, "123456789", "123456789"),
    ("B-022", fields.NationalIdField, "012345678", "012345678"),
    ("B-023-spaces", fields.NationalIdField, "12 345 678", "12345678"),
    ("B-028", fields.KraPinField, "A004416331M", "A004416331M"),
    ("B-028-small", fields.KraPinField, "a004416331m", "A004416331M"),
    ("B-029", fields.KraPinField, "A004416331M\n", "A004416331M"),
    ("B-034", fields.KraPinField, "A004416331Q", "A004416331Q"),
    ("B-036", fields.TscNumberField, "123456", "123456"),
    ("B-036-nought", fields.TscNumberField, "0123456", "0123456"),
    ("B-036-prefix", fields.TscNumberField, "TSC/123456", "123456"),
    ("B-036-no", fields.TscNumberField, "tsc no. 123456", "123456"),
    ("B-037", fields.AccountNumberField, "0012345678901", "0012345678901"),
    ("B-037-spaces", fields.AccountNumberField, "0012 3456-78901", "0012345678901"),
    ("B-043-irish", fields.NameField, "O'Brien", "O'Brien"),
    ("B-043-ng", fields.NameField, "N'Gang'a", "N'Gang'a"),
    ("B-043-curly", fields.NameField, "Ng’ang’a", "Ng'ang'a"),
    ("B-043-dash", fields.NameField, "Anne-Marie", "Anne-Marie"),
    ("B-043-wa", fields.NameField, "Wa Thiong'o", "Wa Thiong'o"),
    ("B-043-tilde", fields.NameField, "Ngũgĩ", "Ngũgĩ"),
    ("B-043-initials", fields.NameField, "J. K. Kamau", "J. K. Kamau"),
    ("B-044", fields.NameField, "Ngu\u0303gi\u0303", "Ngũgĩ"),
    ("B-045-letter", fields.NameField, "A", "A"),
    ("B-045-single", fields.NameField, "Wanjiku", "Wanjiku"),
    ("B-050-bom", fields.NameField, "\ufeffAtieno", "Atieno"),
    ("B-050-nbsp", fields.NameField, " Atieno\u00a0\u00a0 Ochieng ", "Atieno Ochieng"),
    ("B-051-line", fields.LineField, "Head teacher 🎓", "Head teacher 🎓"),
    ("B-053-two", fields.NameField, "A\u0323\u0330", "Ạ\u0330"),
    ("B-054-arabic", fields.NameField, "فاطمة علي", "فاطمة علي"),
    ("B-054-ethiopic", fields.NameField, "አበበ", "አበበ"),
    ("B-056-line", fields.LineField, "<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("B-057-line", fields.LineField, "%s%n{0}{self}", "%s%n{0}{self}"),
    ("B-059-null", fields.NameField, "Null", "Null"),
    ("B-059-none", fields.NameField, "None", "None"),
    ("B-066", fields.DayField, "1/2/2025", date(2025, 2, 1)),
    ("B-066-iso", fields.DayField, "2025-02-01", date(2025, 2, 1)),
    ("B-073-leap", fields.DayField, "29/02/2024", date(2024, 2, 29)),
    ("B-070-18", fields.YearOfBirthField, "2007", 2007),
    ("B-070-90", fields.YearOfBirthField, "1935", 1935),
    ("mail", fields.MailField, " wanjiku@example.com ", "wanjiku@example.com"),
    ("code", fields.CodeField, "ps 12/34-a", "PS12/34-A"),
]


@pytest.mark.parametrize(
    ("field", "typed", "kept"), [pytest.param(*case[1:], id=case[0]) for case in GOOD]
)
def test_what_people_write_is_kept_in_one_form(field, typed, kept):
    assert field(**longest(field)).clean(typed) == kept


def longest(field: type[forms.Field]) -> dict[str, int]:
    return {"max_length": 100} if field is fields.LineField else {}


BAD = [
    ("B-023-letter", fields.NationalIdField, "1234567A"),
    ("B-023-minus", fields.NationalIdField, "-1"),
    ("B-024", fields.NationalIdField, "١٢٣٤٥٦٧٨"),
    ("B-025-line", fields.NationalIdField, "1_234_567"),
    ("B-025-e", fields.NationalIdField, "1e7"),
    ("B-025-hex", fields.NationalIdField, "0x1000"),
    ("B-027-same", fields.NationalIdField, "11111111"),
    ("B-027-noughts", fields.NationalIdField, "00000000"),
    ("B-021-five", fields.NationalIdField, "12345"),
    ("B-021-ten", fields.NationalIdField, "1234567890"),
    ("B-078", fields.NationalIdField, str(10**30)),
    ("B-079", fields.NationalIdField, "9" * 5000),
    ("B-030", fields.KraPinField, "A٠٠٤٤١٦٣٣١M"),
    ("B-031-greek", fields.KraPinField, "A004416331Ζ"),
    ("B-031-cyrillic", fields.KraPinField, "А004416331M"),
    ("B-031-long-s", fields.KraPinField, "A004416331ſ"),
    ("B-032", fields.KraPinField, "P051365947M"),
    ("B-033-short", fields.KraPinField, "A00441633M"),
    ("B-033-b", fields.KraPinField, "B004416331M"),
    ("B-033-long", fields.KraPinField, "A0044163311M"),
    ("B-036-short", fields.TscNumberField, "1234"),
    ("B-036-long", fields.TscNumberField, "123456789"),
    ("B-036-arabic", fields.TscNumberField, "١٢٣٤٥٦"),
    ("B-036-long-s", fields.TscNumberField, "Tſc123456"),
    ("B-038", fields.AccountNumberField, "1.23457E+12"),
    ("B-039-35", fields.AccountNumberField, "1" * 35),
    ("B-039-letters", fields.AccountNumberField, "12345ABC"),
    ("B-039-emoji", fields.AccountNumberField, "12345🙂"),
    ("B-039-short", fields.AccountNumberField, "1234"),
    ("B-046", fields.NameField, "Wan\x00jiku"),
    ("B-046-line", fields.LineField, "Wan\x00jiku"),
    ("B-047", fields.NameField, "Wan\ud800jiku"),
    ("B-047-line", fields.LineField, "Wan\ud800jiku"),
    ("B-048", fields.NameField, "Wan\u202ejiku"),
    ("B-048-line", fields.LineField, "Wan\u202ejiku"),
    ("B-049-zero", fields.NameField, "\u200b"),
    ("B-049-hangul", fields.NameField, "\u3164"),
    ("B-049-hangul-line", fields.LineField, "\u3164"),
    ("B-049-braille", fields.NameField, "\u2800"),
    ("B-049-braille-line", fields.LineField, "\u2800"),
    ("B-051", fields.NameField, "Wanjiku 🙂"),
    ("B-052-newline", fields.NameField, "Wanjiku\nNganga"),
    ("B-052-tab", fields.NameField, "Wanjiku\tNganga"),
    ("B-053", fields.NameField, "a" + "\u0301" * 300),
    ("B-053-three", fields.NameField, "A\u0323\u0330\u0331"),
    ("B-053-no-base", fields.NameField, "\u0301a"),
    ("B-055", fields.NameField, "Аlice"),
    ("B-055-wide", fields.NameField, "Ａlice"),
    ("B-056", fields.NameField, "<script>alert(1)</script>"),
    ("B-056-braces", fields.NameField, "{{7*7}}"),
    ("B-057", fields.NameField, "%s%n{0}"),
    ("B-058", fields.NameField, "a" * 10_000),
    ("B-058-line", fields.LineField, "a" * 10_000),
    ("B-060", fields.NameField, "   "),
    ("B-061", fields.NameField, '=HYPERLINK("http://x")'),
    ("name-digits", fields.NameField, "12345"),
    ("name-signs", fields.NameField, "-.'"),
    ("B-064", fields.MailField, "a@b.co\r\nBcc:x@y.co"),
    ("B-065-ip", fields.MailField, "a@[127.0.0.1]"),
    ("B-065-long", fields.MailField, "a@" + "b" * 255 + ".co"),
    ("B-065-idn", fields.MailField, "a@bücher.example"),
    ("B-065-quoted", fields.MailField, '"a b"@c.co'),
    ("mail-nul", fields.MailField, "a\x00@b.co"),
    ("mail-surrogate", fields.MailField, "a\ud800@b.co"),
    ("B-067-february", fields.DayField, "2025-02-30"),
    ("B-067-month", fields.DayField, "2025-13-01"),
    ("B-067-april", fields.DayField, "31/04/2025"),
    ("B-068-1", fields.DayField, "0001-01-01"),
    ("B-068-9999", fields.DayField, "9999-01-01"),
    ("B-068-10000", fields.DayField, "10000-01-01"),
    ("B-069", fields.DayField, "٢٠٢٥-٠١-٠١"),
    ("day-tomorrow", fields.DayField, "2025-11-22"),
    ("day-nul", fields.DayField, "2025-01-01\x00"),
    ("B-070-young", fields.YearOfBirthField, "2008"),
    ("B-070-future", fields.YearOfBirthField, "2030"),
    ("B-070-old", fields.YearOfBirthField, "1934"),
    ("year-arabic", fields.YearOfBirthField, "١٩٨٥"),
    ("year-short", fields.YearOfBirthField, "85"),
    ("year-huge", fields.YearOfBirthField, str(10**30)),
    ("code-signs", fields.CodeField, "12;DROP"),
]


@pytest.mark.parametrize(("field", "typed"), [pytest.param(*case[1:], id=case[0]) for case in BAD])
def test_bad_input_is_refused_in_words(field, typed):
    with pytest.raises(ValidationError) as refusal:
        field(**longest(field)).clean(typed)
    assert refusal.value.messages[0].strip()


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        (fields.AccountNumberField, "1.23457E+12", "Excel changed this number"),
        (fields.KraPinField, "P051365947M", "company's"),
        (fields.NationalIdField, "12345", "for example 12345678"),
        (fields.TscNumberField, "1", "for example 345678"),
        (fields.DayField, "31/04/2025", "such as 31/01/2020"),
    ],
)
def test_the_sentence_says_what_is_wrong_and_shows_an_example(field, typed, words):
    with pytest.raises(ValidationError) as refusal:
        field().clean(typed)
    assert words in refusal.value.messages[0]


def test_a_name_of_ten_thousand_letters_is_refused_at_once():
    began = time.process_time()
    with pytest.raises(ValidationError):
        fields.NameField().clean("Ngũgĩ " * 2000)
    assert time.process_time() - began < 0.05
