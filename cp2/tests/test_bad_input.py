"""The table of bad input, by every road that needs no page: readers, headquarters, the database."""

import csv
import io
import time
from typing import Any

import pytest
import time_machine
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import DatabaseError, models, transaction
from django.test import RequestFactory, TestCase

from catalogue.models import MarkingEntry, StationKind, Subject
from claims.models import MarkingRate, RateChange, TaxRule
from cp2.admin_fields import SAID
from cp2.rules import Refused, Role
from cp2.tests import make
from cp2.tests.bad_input import CASES, LONG, READERS, Case
from deployments.models import AllocationWeights
from enquiries.models import EnquiryPromise, Topic
from profiles import register_lines
from profiles.models import RegisterImport

LONGEST = 0.05  # seconds of the processor, for any of them
ROADS = [
    pytest.param(read, case, id=f"{kind}-{road.replace(' ', '-')}-{case.id}")
    for kind, readers in READERS.items()
    for road, read in readers.items()
    for case in CASES[kind]
]


@pytest.fixture(autouse=True)
def autumn():
    with time_machine.travel("2025-11-21 12:00+03:00", tick=False):
        yield


def taken(read: Any, typed: str) -> Any:
    """What is kept; or the refusal, which is a sentence."""
    try:
        return read(typed)
    except ValidationError as refusal:
        return refusal


@pytest.mark.parametrize(("read", "case"), ROADS)
def test_what_is_typed_is_kept_in_one_form_or_refused_in_words(read, case):
    outcome = taken(read, case.typed)

    if case.is_good:
        assert outcome == case.kept
    else:
        assert isinstance(outcome, ValidationError), f"kept {outcome!r}"
        assert case.says in outcome.messages[0]
        assert outcome.messages[0].strip()


@pytest.mark.parametrize(
    ("read", "case"), [road for road in ROADS if len(road.values[1].typed) > 999]
)
def test_what_is_much_too_long_is_refused_at_once(read, case):
    began = time.process_time()
    taken(read, case.typed)
    assert time.process_time() - began < LONGEST


def test_every_kind_has_a_reader():
    assert CASES.keys() == READERS.keys()
    assert all(READERS.values())


# Headquarters

KINDS = [  # the first that fits
    (models.EmailField, "mail"),
    (models.CharField, "line"),
    (models.TextField, "prose"),
    (models.IntegerField, "whole_number"),
    (models.DecimalField, "amount"),
    (models.DateTimeField, ""),
    (models.DateField, "any_day"),
    (models.JSONField, "json"),
    (models.ForeignKey, "whole_number"),
]


def kind_of(column: Any) -> str:
    if column.choices:
        return ""
    return next((kind for of, kind in KINDS if isinstance(column, of)), "")


def is_bad_for(column: Any, case: Case) -> bool:
    """Some columns have room for more than most: a place on the map, a note without end."""
    if isinstance(column, models.DecimalField):
        roomy = {"half a cent"} if column.decimal_places > 2 else set()
        roomy |= {"ten thousand million"} if column.max_digits > 10 else set()
        return not case.is_good and case.what not in roomy
    notes = models.TextField | models.JSONField
    endless = isinstance(column, notes) and column.max_length is None
    return not case.is_good and not (endless and case in LONG)


class Headquarters(TestCase):
    def setUp(self):
        self.request = RequestFactory().get("/")
        self.request.user = make.user(Role.STAFF, is_superuser=True)

    def forms(self):
        """What may be typed to add a row, or beside it for its inlines."""
        for model, page in admin.site._registry.items():
            if page.has_add_permission(self.request):
                yield model, page.get_form(self.request)
            for inline in page.get_inline_instances(self.request):
                if inline.has_add_permission(self.request, None):
                    yield inline.model, inline.get_formset(self.request).form

    def test_every_box_of_every_form_refuses_what_is_bad(self):
        tried = 0
        for model, form in self.forms():
            for name, box in form.base_fields.items():
                column = next((each for each in model._meta.fields if each.name == name), None)
                if isinstance(box, forms.FileField) or column is None:
                    continue
                kind = kind_of(column)
                if kind == "json" and not isinstance(box, forms.JSONField):
                    kind = "prose"  # which becomes a list of paragraphs
                for case in CASES.get(kind, []):
                    if is_bad_for(column, case):
                        with self.subTest(model._meta.label, box=name, case=case.what):
                            tried += 1
                            outcome = taken(box.clean, case.typed)
                            assert isinstance(outcome, ValidationError) or outcome in (None, "")
                            assert outcome not in (None, "") or not box.required
        assert tried > 500

    def test_a_moment_is_two_boxes_and_each_is_looked_at(self):
        for model, form in self.forms():
            for name, box in form.base_fields.items():
                if isinstance(box, forms.SplitDateTimeField):
                    for day, at in (
                        ("2025-11-01", "٠٧:٣٠"),
                        ("٢٠٢٥-١١-٠١", "07:30"),
                        ("2025-11-01", "24:00"),
                        ("2025-11-01", "23:59:60"),
                        ("2025-02-30", "07:30"),
                        ("9999-01-01", "07:30"),
                        ("0001-01-01", "07:30"),
                    ):
                        with self.subTest(model._meta.label, box=name, day=day, at=at):
                            assert isinstance(taken(box.clean, [day, at]), ValidationError)


class Words(TestCase):
    """Of each rule of the database that a form of headquarters' can break."""

    BROKEN = {
        "bank_code": lambda: (make.branch().bank, {"code": "6"}),
        "branch_code": lambda: (make.branch(), {"code": "1"}),
        "county_code_is_official": lambda: (make.sub_county().county, {"code": "48"}),
        "registers_close_after_they_are_due": lambda: (
            make.exam(),
            {"registers_close_after": "0", "registers_close_at": "08:00"},
        ),
        "exam_runs_forward": lambda: (make.exam(), {"ends_on": "2001-01-01"}),
        "no_centre_hosts_itself": lambda: hosted(make.entry()),
        "marking_entry_takes_some": lambda: (marking(), {"officers": "0"}),
        "paper_is_of_the_subject": lambda: (
            make.position("EXM-101-1"),
            {"subject": english().pk, "paper": "102/1"},
        ),
        "subject_code": lambda: (english(), {"code": "1"}),
        "terms_age_limit_is_an_age": lambda: (terms(), {"oldest": "17"}),
        "role_has_its_place": lambda: (make.user(Role.STAFF), {"role": "director"}),
        "changed_rate_not_negative": lambda: (changed_rate(), {"daily_rate": "-1"}),
        "marking_rates_not_negative": lambda: (marking_rate(), {"coordination_fee": "-1"}),
        "tax_is_a_part_of_the_claim": lambda: (tax(), {"rate": "101"}),
        "tax_threshold_not_negative": lambda: (tax(), {"above": "-1"}),
        "terms_centres_ratio_is_positive": lambda: (terms(), {"centres_per_officer": "0"}),
        "terms_counted_with_another_exam": lambda: counted_with_itself(terms()),
        "terms_leave_time_to_respond": lambda: (terms(), {"days_to_respond": "0"}),
        "terms_rate_not_negative": lambda: (terms(), {"daily_rate": "-1"}),
        "terms_ratio_is_positive": lambda: (terms(), {"candidates_per_officer": "0"}),
        "promise_is_of_some_days": lambda: (
            EnquiryPromise.objects.create(category="payment", days=5),
            {"days": "0"},
        ),
        "topic_promises_some_days": lambda: (Topic.objects.first(), {"promised_days": "0"}),
        "weights_are_small_numbers": lambda: (weights(), {"per_year": "101"}),
        "weights_are_ways_within_kenya": lambda: (weights(), {"elsewhere_km": "1001"}),
        "vacancy_closes_after_it_opens": lambda: (
            make.vacancy(),
            {"closes_at_0": "2001-01-01", "closes_at_1": "07:30"},
        ),
    }

    def test_each_is_said_in_words_beside_its_box(self):
        request = RequestFactory().get("/")
        request.user = make.user(Role.STAFF, is_superuser=True)
        assert self.BROKEN.keys() == SAID.keys()
        for name, broken in self.BROKEN.items():
            with self.subTest(name):
                row, typed = broken()
                page = admin.site._registry[type(row)]
                form = page.get_form(request)  # as for a new one: all boxes are there
                filled = form(instance=row)
                data = {key: filled[key].value() for key in filled.fields}
                data = {key: value for key, value in data.items() if value is not None}
                for key in ("opens_at", "closes_at"):
                    if key in data:
                        data[f"{key}_0"] = f"{data[key]:%Y-%m-%d}"
                        data[f"{key}_1"] = f"{data[key]:%H:%M}"
                box, sentence = SAID[name]
                assert form({**data, **typed}, instance=row).errors.get(box) == [sentence]


def hosted(entry):
    return entry, {"host": entry.station_id}


def counted_with_itself(terms):
    return terms, {"counted_with": terms.exam_id}


def tax():
    return TaxRule.objects.create(exam=make.exam(), rate=3, above=24_000)


def changed_rate():
    return RateChange.objects.create(
        terms=terms(),
        from_day=make.today(),
        daily_rate=600,
        reason="A circular",
        by=make.user(),
    )


def marking_rate():
    return MarkingRate.objects.create(
        exam=make.exam(),
        position=make.position("EXM"),
        coordination_fee=150,
        basic_fee=1100,
        script_fee=55,
    )


def terms():
    return make.terms(make.exam(), make.position())


def english():
    return Subject.objects.get_or_create(code="101", defaults={"name": "English"})[0]


def marking():
    station = make.station(kind=StationKind.MARKING_CENTRE, level="")
    return MarkingEntry.objects.create(
        exam=make.exam(), station=station, position=make.position("EXM"), officers=5
    )


def weights():
    return AllocationWeights.objects.create(exam=make.exam())


# The import of registers

IMPORTED = {
    "national_id": ("id", "number"),
    "tsc_number": ("tsc", "number"),
    "name": ("id", "name"),
}


class Imports(TestCase):
    """A file of one line each, as an office would send it."""

    def test_a_line_is_kept_in_one_form_or_counted_as_bad(self):
        for kind, (register, column) in IMPORTED.items():
            for case in CASES[kind]:
                if case.can_be_posted:
                    with self.subTest(kind, case=case.what):
                        kept = self.imported(register, column, case.typed)
                        assert kept == ([case.kept] if case.is_good else [])

    def imported(self, register: str, column: str, typed: str) -> list[str]:
        text = io.StringIO()
        line = {"number": "345678" if register == "tsc" else "23456789", "name": "Atieno"}
        writer = csv.DictWriter(text, line)
        writer.writeheader()
        writer.writerow({**line, column: typed})
        coming = RegisterImport(
            register=register, file_name="r.csv", sha256="0" * 64, uploaded_by=make.user()
        )
        coming.file.save("r.csv", ContentFile(text.getvalue().encode()))
        try:
            outcome = register_lines.read(coming, coming.file.open(), on=lambda lines: None)
        except Refused:  # the file as a whole
            outcome = {"bad": 1}
        kept = list(coming.lines.values_list(column, flat=True))
        assert len(kept) + outcome["bad"] == 1
        coming.delete()
        return kept


# The database

COLUMNS = {
    "phone": [("user", "phone"), ("officer", "payee_phone"), ("next_of_kin", "phone")],
    "national_id": [("officer", "national_id")],
    "kra_pin": [("officer", "kra_pin")],
    "tsc_number": [("officer", "tsc_number")],
    "account_number": [("bank_account", "number")],
}
# Digits enough, and only a person sees that they are no number.
FOR_PEOPLE = {"one digit repeated", "noughts"}


class Database(TestCase):
    """Whatever road is forgotten, the last gate holds."""

    def test_no_column_keeps_what_the_forms_refuse(self):
        officer = make.officer()
        rows = {
            "user": officer.user,
            "officer": officer,
            "next_of_kin": make.next_of_kin(officer),
            "bank_account": make.bank_account(officer),
        }
        for kind, columns in COLUMNS.items():
            for (row, column), case in ((each, case) for each in columns for case in CASES[kind]):
                if not case.is_good and case.what not in FOR_PEOPLE:
                    with self.subTest(column, case=case.what):
                        assert not self.is_kept(rows[row], column, case.typed)

    def is_kept(self, row: Any, column: str, typed: str) -> bool:
        try:
            with transaction.atomic():
                type(row)._base_manager.filter(pk=row.pk).update(**{column: typed})
        except (DatabaseError, ValueError):  # a NUL or half a character never gets that far
            return False
        return True
