"""The database itself refuses, whatever the code above it does."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import TestCase

from accounts.models import Entry, User
from accounts.services import record
from catalogue.models import Office
from cp2.rules import Role
from cp2.tests import make


class Accounts(TestCase):
    def refuses(self, name, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            User.objects.create(username=f"u{make.number()}", password="x", **fields)

    def test_a_role_without_its_place_or_with_anothers(self):
        place = make.sub_county()
        station, exam = make.station(), make.exam()
        for fields in (
            {"role": Role.OFFICER},
            {"role": Role.OFFICER, "phone": make.phone(), "station": station},
            {"role": Role.OFFICER, "phone": make.phone(), "sub_county": place},
            {"role": Role.OFFICER, "phone": make.phone(), "exam": exam},
            {"role": Role.CENTRE},
            {"role": Role.CENTRE, "station": station},
            {"role": Role.CENTRE, "exam": exam},
            {"role": Role.CENTRE, "station": station, "exam": exam, "office": Office.TSC},
            {"role": Role.DIRECTOR, "sub_county": place},
            {"role": Role.DIRECTOR, "office": Office.TSC},
            {"role": Role.DIRECTOR, "office": "moi", "sub_county": place},
            {"role": Role.STAFF, "office": Office.SCDE},
            {"role": Role.DIRECTOR, "office": Office.TSC, "sub_county": place, "exam": exam},
            {"role": Role.STAFF, "station": station},
            {"role": Role.STAFF, "exam": exam},
            {"role": "king"},
        ):
            with self.subTest(fields):
                self.refuses("role_has_its_place", **fields)

    def test_a_number_that_is_no_kenyan_mobile(self):
        for phone in ("0712345678", "254202222222", "25471234567", "٢٥٤٧١٢٣٤٥٦٧٨"):
            with self.subTest(phone):
                self.refuses("phone_is_a_kenyan_mobile", role=Role.OFFICER, phone=phone)

    def test_turning_off_what_is_no_news(self):
        self.refuses("only_news_is_turned_off", role=Role.STAFF, news_off=["passwords"])

    def test_two_accounts_of_one_number_or_one_name(self):
        officer = make.officer()
        self.refuses("phone", role=Role.OFFICER, phone=officer.phone)
        with pytest.raises(IntegrityError, match="username"), transaction.atomic():
            make.user(username=officer.user.username)

    def test_two_accounts_of_a_centre_for_one_exam(self):
        first = make.centre(make.station())
        self.refuses(
            "one_account_of_a_centre_per_exam",
            role=Role.CENTRE,
            station=first.station,
            exam=first.exam,
        )

    def test_an_issued_password_without_its_time(self):
        self.refuses("issued_password_has_its_time", role=Role.STAFF, issued_password="x")
        self.refuses("earlier_password_has_its_time", role=Role.STAFF, issued_earlier="x")


def execute(*statements):
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class Trail(TestCase):
    def setUp(self):
        self.user = make.user()
        self.entry = record("account.opened", self.user, by=self.user)

    def refuses(self, statement):
        # with nothing pending, which would hide the answer
        with pytest.raises(DatabaseError, match="the audit trail only grows") as refusal:
            execute("SET CONSTRAINTS ALL IMMEDIATE", statement)
        assert refusal.value.__cause__.diag.constraint_name == "entries_only_grow"
        assert Entry.objects.filter(pk=self.entry.pk, verb="account.opened").exists()

    def test_entry_cannot_be_changed_removed_or_swept_away(self):
        self.refuses("UPDATE accounts_entry SET verb = 'account.closed'")
        self.refuses("DELETE FROM accounts_entry")
        self.refuses("TRUNCATE accounts_entry")

    def test_verb_is_a_noun_and_what_happened_to_it(self):
        for verb in ("opened", "Account.Opened", "account.opened.now", ""):
            with pytest.raises(IntegrityError, match="verb_is_noun_and_past"), transaction.atomic():
                record(verb, self.user, by=None)

    def test_person_with_entries_cannot_be_removed(self):
        with pytest.raises(IntegrityError):
            execute(
                f"DELETE FROM accounts_user WHERE id = {self.user.pk}",
                "SET CONSTRAINTS ALL IMMEDIATE",
            )
