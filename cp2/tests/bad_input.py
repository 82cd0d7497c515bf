"""What people, spreadsheets and attackers type, kind by kind, and what is to become of it.

Every road by which something is typed in goes through the same cases: the fields of the forms, the
pages, headquarters' forms, the columns of the database, and whatever READERS names besides. An
import is one more reader of each kind it reads. A reader returns what is kept, or raises
ValidationError with a sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cp2.admin_fields import PlainDateField, PlainJSONField
from profiles import fields
from profiles.fields import ProseField
from sms.phones import MobileField


@dataclass(frozen=True)
class Case:
    what: str
    typed: str
    kept: Any = None
    says: str = ""  # a part of the sentence
    is_good: bool = False

    @property
    def id(self) -> str:
        return self.what.replace(" ", "-")

    @property
    def can_be_posted(self) -> bool:
        """Half a character has no bytes, so no browser can send it; a program can pass it on."""
        return not any("\ud800" <= char <= "\udfff" for char in self.typed)


def good(what: str, typed: str, kept: Any) -> Case:
    return Case(what, typed, kept, is_good=True)


def bad(what: str, typed: str, says: str = "") -> Case:
    return Case(what, typed, says=says)


# What nobody sees, and what is in nobody's alphabet
HIDDEN = [
    bad("a NUL", "Wan\x00jiku"),
    bad("half a character", "Wan\ud800jiku"),
    bad("what could not be read", "Wan\ufffdjiku"),
    bad("turned round", "Wan\u202ejiku"),
    bad("isolated in the other direction", "\u2067Wanjiku\u2069"),
    bad("zero width inside", "Wan\u200bjiku"),
    bad("nothing but zero width", "\u200b"),
    bad("nothing but a Hangul filler", "\u3164"),
    bad("nothing but a blank of Braille", "\u2800"),
    bad("for private use", "Wan\ue000jiku"),
    bad("escape", "Wan\x1b[31mjiku"),
]
LINES = [
    bad("two lines", "Wanjiku\nNganga"),
    bad("a line and a header", "Wanjiku\r\nBcc: x@example.com"),
    bad("a tab", "Wanjiku\tNganga"),
    bad("a line of another kind", "Wanjiku\u2028Nganga"),
]
LONG = [bad("ten thousand letters", "a" * 10_000, "at most")]
NUMBERS = [
    bad("Arabic digits", "١٢٣٤٥٦٧٨"),
    bad("wide digits", "１２３４５６７８"),
    bad("digits in bold", "𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖"),
    bad("as Python writes it", "1_234_567"),
    bad("a power", "1e7"),
    bad("hexadecimal", "0x1000"),
    bad("below nothing", "-1"),
    bad("thirty noughts", str(10**30)),
    bad("five thousand digits", "9" * 5000),
    bad("a formula", "=1+1"),
    bad("a query", "12345678' OR '1'='1"),
    bad("a NUL", "1234\x005678"),
    bad("half a character", "1234\ud8005678"),
    bad("zero width inside", "1234\u200b5678"),
]

CASES: dict[str, list[Case]] = {
    "phone": [
        good("as people say it", "0712345678", "254712345678"),
        good("with a plus", "+254712345678", "254712345678"),
        good("with the country", "254712345678", "254712345678"),
        good("without a nought", "712345678", "254712345678"),
        good("of the newer range", "0112345678", "254112345678"),
        good("of the newer range with the country", "254112345678", "254112345678"),
        good("with spaces and a dash", "07 12-345 678", "254712345678"),
        good("with brackets", "+254 (0)712 345678", "254712345678"),
        good("with a nought too many", "+2540712345678", "254712345678"),
        good("dialled from abroad", "00254712345678", "254712345678"),
        good("dialled from Uganda", "000254712345678", "254712345678"),
        good("with a line's end", "0712345678\n", "254712345678"),
        good("after a hard space", "\u00a00712 345 678", "254712345678"),
        bad("Arabic digits", "٠٧١٢٣٤٥٦٧٨", "only the digits 0 to 9"),
        bad("one wide digit", "071234567８", "only the digits 0 to 9"),
        bad("an extension", "0712345678 ext 5", "only the digits 0 to 9"),
        bad("a link", "tel:+254712345678", "only the digits 0 to 9"),
        bad("zero width inside", "0712\u200b345678", "only the digits 0 to 9"),
        bad("two numbers", "0712345678,0722000000", "only the digits 0 to 9"),
        bad("one digit short", "071234567", "Kenyan mobile number"),
        bad("one digit long", "07123456789", "Kenyan mobile number"),
        bad("a landline", "+254202222222", "not a mobile number"),
        bad("a landline at home", "0202222222", "not a mobile number"),
        bad("of Britain", "+447911123456", "Kenyan mobile number"),
        bad("of America", "+12025550123", "Kenyan mobile number"),
        bad("of Uganda", "+256712345678", "Kenyan mobile number"),
        bad("of a satellite", "+881612345678", "Kenyan mobile number"),
        bad("of premium rate", "+19001234567", "Kenyan mobile number"),
        bad("a short code", "22262", "too short"),
        bad("customer care", "100", "too short"),
        bad("a service code", "*100*100#", "only the digits 0 to 9"),
        bad("a query", "254712345678' OR '1'='1", "only the digits 0 to 9"),
        bad("ten thousand digits", "1" * 10_000, "one mobile number"),
        bad("a NUL", "07\x0012345678"),
        bad("half a character", "0712\ud800345678", "only the digits 0 to 9"),
    ],
    "national_id": [
        good("eight digits", "12345678", "12345678"),
        good("seven digits", "1234567", "1234567"),
        good("nine digits", "123456789", "123456789"),
        good("a nought in front", "012345678", "012345678"),
        good("spaces", "12 345 678", "12345678"),
        good("a line's end", "12345678\n", "12345678"),
        bad("a letter", "1234567A", "for example 12345678"),
        bad("one digit repeated", "11111111", "Copy it off the ID card"),
        bad("noughts", "00000000", "Copy it off the ID card"),
        bad("five digits", "12345", "6 to 9 digits"),
        bad("ten digits", "1234567890", "6 to 9 digits"),
        *NUMBERS,
    ],
    "kra_pin": [
        good("as on the certificate", "A004416331M", "A004416331M"),
        good("small letters", "a004416331m", "A004416331M"),
        good("a line's end", "A004416331M\n", "A004416331M"),
        good("any check letter", "A004416331Q", "A004416331Q"),
        bad("Arabic digits", "A٠٠٤٤١٦٣٣١M"),
        bad("a Greek Z", "A004416331Ζ"),
        bad("a Cyrillic A", "А004416331M"),
        bad("a long s", "A004416331ſ"),
        bad("a company's", "P051365947M", "company's"),
        bad("one digit short", "A00441633M"),
        bad("another first letter", "B004416331M", "for example A012345678Z"),
        bad("one digit long", "A0044163311M"),
        bad("five thousand digits", "A" + "9" * 5000),
        bad("a NUL", "A0044\x0016331M"),
        bad("half a character", "A0044\ud80016331M"),
    ],
    "tsc_number": [
        good("digits", "123456", "123456"),
        good("a nought in front", "0123456", "0123456"),
        good("as on a payslip", "TSC/123456", "123456"),
        good("in words", "tsc no. 123456", "123456"),
        bad("four digits", "1234", "5 to 8 digits"),
        bad("nine digits", "123456789", "for example 345678"),
        bad("a long s", "Tſc123456"),
        *[case for case in NUMBERS if case.what != "below nothing"],
    ],
    "account_number": [
        good("noughts in front", "0012345678901", "0012345678901"),
        good("spaces and a dash", "0012 3456-78901", "0012345678901"),
        bad("what Excel made of it", "1.23457E+12", "Excel changed this number"),
        bad("thirty-five digits", "1" * 35, "5 to 20 digits"),
        bad("letters", "12345ABC"),
        bad("an emoji", "12345🙂"),
        bad("four digits", "1234", "5 to 20 digits"),
        *[case for case in NUMBERS if case.what != "below nothing"],
    ],
    "name": [
        good("of Ireland", "O'Brien", "O'Brien"),
        good("of Murang'a", "N'Gang'a", "N'Gang'a"),
        good("a curly quote", "Ng’ang’a", "Ng'ang'a"),
        good("a dash", "Anne-Marie", "Anne-Marie"),
        good("a wa", "Wa Thiong'o", "Wa Thiong'o"),
        good("tildes", "Ngũgĩ", "Ngũgĩ"),
        good("initials", "J. K. Kamau", "J. K. Kamau"),
        good("accents apart", "Ngu\u0303gi\u0303", "Ngũgĩ"),
        good("one letter", "A", "A"),
        good("one name", "Wanjiku", "Wanjiku"),
        good("a mark of byte order", "\ufeffAtieno", "Atieno"),
        good("hard spaces", " Atieno\u00a0\u00a0 Ochieng ", "Atieno Ochieng"),
        good("two accents", "A\u0323\u0330", "Ạ\u0330"),
        good("in Arabic", "فاطمة علي", "فاطمة علي"),
        good("in Ethiopic", "አበበ", "አበበ"),
        good("Null", "Null", "Null"),
        good("None", "None", "None"),
        bad("an emoji", "Wanjiku 🙂"),
        bad("three hundred accents", "a" + "\u0301" * 300),
        bad("three accents", "A\u0323\u0330\u0331", "too many accents"),
        bad("an accent on nothing", "\u0301a"),
        bad("a Cyrillic A among Latin", "Аlice", "one alphabet"),
        bad("a wide letter", "Ａlice"),
        bad("markup", "<script>alert(1)</script>", "Use only letters"),
        bad("braces", "{{7*7}}", "Use only letters"),
        bad("a format", "%s%n{0}", "Use only letters"),
        bad("nothing but spaces", "   "),
        bad("a formula", '=HYPERLINK("http://x")', "Use only letters"),
        bad("digits", "12345", "Use only letters"),
        bad("signs", "-.'", "with letters in it"),
        bad("a long run of accents", "Ngũgĩ " * 2000, "at most"),
        *HIDDEN,
        *LINES,
        *LONG,
    ],
    "line": [
        good("an emoji", "Head teacher 🎓", "Head teacher 🎓"),
        good("markup", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        good("braces", "{{7*7}}{% load x %}${7*7}", "{{7*7}}{% load x %}${7*7}"),
        good("a format", "%s%n{0}{self.__class__}", "%s%n{0}{self.__class__}"),
        good("a query", "'; DROP TABLE x; --", "'; DROP TABLE x; --"),
        good("null", "null", "null"),
        bad("nothing but spaces", " \u00a0 "),
        *HIDDEN,
        *LINES,
        *LONG,
    ],
    "prose": [
        good("two lines", "One\r\ntwo", "One\ntwo"),
        good("a family in one sign", "👩\u200d👧", "👩\u200d👧"),
        good("markup", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        good("braces", "{{7*7}}{% load x %}", "{{7*7}}{% load x %}"),
        bad("nothing but spaces", " \n\u00a0\n "),
        *HIDDEN,
        *LONG,
    ],
    "code": [
        good("spaces", "ps 12/34-a", "PS12/34-A"),
        bad("a query", "12;DROP"),
        bad("Arabic digits", "١٢٣٤٥٦"),
        bad("a NUL", "12\x0034"),
        bad("half a character", "12\ud80034"),
        bad("five thousand digits", "9" * 5000, "at most"),
    ],
    "mail": [
        good("spaces around", " wanjiku@example.com ", "wanjiku@example.com"),
        bad("another header", "a@b.co\r\nBcc:x@y.co"),
        bad("a number for a host", "a@[127.0.0.1]"),
        bad("too long", "a@" + "b" * 255 + ".co"),
        bad("a foreign letter", "a@bücher.example"),
        bad("quotes", '"a b"@c.co'),
        bad("no host", "wanjiku"),
        bad("a NUL", "a\x00@b.co"),
        bad("half a character", "a\ud800@b.co"),
        bad("ten thousand letters", "a" * 10_000 + "@b.co"),
    ],
    "day": [
        good("day first", "1/2/2025", date(2025, 2, 1)),
        good("as machines write it", "2025-02-01", date(2025, 2, 1)),
        good("a leap day", "29/02/2024", date(2024, 2, 29)),
        bad("the thirtieth of February", "2025-02-30", "such as 31/01/2020"),
        bad("a thirteenth month", "2025-13-01"),
        bad("the thirty-first of April", "31/04/2025", "such as 31/01/2020"),
        bad("month first", "12/31/2024"),
        bad("the year 1", "0001-01-01"),
        bad("the year 9999", "9999-01-01"),
        bad("the year 10000", "10000-01-01"),
        bad("Arabic digits", "٢٠٢٥-٠١-٠١"),
        bad("a moment", "2024-12-31T23:59:59+03:00"),
        bad("a number", "45658"),
        bad("five thousand digits", "9" * 5000),
        bad("a NUL", "2025-01-01\x00"),
        bad("half a character", "2025-01-01\ud800"),
    ],
    "year_of_birth": [
        good("four digits", "1985", 1985),
        bad("two digits", "85", "four digits"),
        bad("to come", "2100", "18 or older"),
        bad("long ago", "1850", "90 years"),
        *NUMBERS,
    ],
    "whole_number": [
        good("digits", "12", 12),
        good("spaces around", " 12 ", 12),
        bad("a point", "0.5"),
        bad("a comma", "1,000"),
        bad("not a number", "NaN"),
        bad("without end", "Infinity"),
        *[case for case in NUMBERS if case.what != "below nothing"],
    ],
    "amount": [
        good("shillings", "550", Decimal(550)),
        good("cents", "550.50", Decimal("550.50")),
        bad("half a cent", "0.005"),
        bad("nothing, below", "-0"),
        bad("a comma", "1,000"),
        bad("not a number", "NaN"),
        bad("without end", "Infinity"),
        bad("ten thousand million", "9999999999.99"),
        *[case for case in NUMBERS if case.what != "below nothing"],
    ],
    "any_day": [
        good("day first", "1/2/2025", date(2025, 2, 1)),
        good("to come", "2027-10-31", date(2027, 10, 31)),
        bad("the thirtieth of February", "2025-02-30"),
        bad("the year 1", "0001-01-01"),
        bad("the year 9999", "9999-01-01"),
        bad("Arabic digits", "٢٠٢٥-٠١-٠١"),
        bad("a NUL", "2025-01-01\x00"),
        bad("half a character", "2025-01-01\ud800"),
        bad("five thousand digits", "9" * 5000),
    ],
    "json": [
        good("a list", '["Be there."]', ["Be there."]),
        bad("no JSON", "{"),
        bad("a NUL", '["\\u0000"]'),
        bad("half a character", '["\\ud800"]'),
        bad("turned round", '["\\u202e"]'),
        bad("not a number", "[NaN]"),
        bad("nested without end", "[" * 9000),
        bad("too much", '["' + "a" * 30_000 + '"]'),
    ],
}

Reader = Callable[[str], Any]
READERS: dict[str, dict[str, Reader]] = {
    "phone": {"the form": MobileField().clean},
    "national_id": {"the form": fields.NationalIdField().clean},
    "kra_pin": {"the form": fields.KraPinField().clean},
    "tsc_number": {"the form": fields.TscNumberField().clean},
    "account_number": {"the form": fields.AccountNumberField().clean},
    "name": {"the form": fields.NameField().clean},
    "line": {"the form": fields.LineField(max_length=100).clean},
    "prose": {"the form": ProseField(max_length=2000).clean},
    "code": {"the form": fields.CodeField().clean},
    "mail": {"the form": fields.MailField().clean},
    "day": {"the form": fields.DayField().clean},
    "year_of_birth": {"the form": fields.YearOfBirthField().clean},
    "whole_number": {"the form": fields.WholeNumberField().clean},
    "amount": {"the form": fields.AmountField(max_digits=10, decimal_places=2).clean},
    "any_day": {"headquarters": PlainDateField().clean},
    "json": {"headquarters": PlainJSONField().clean},
}
