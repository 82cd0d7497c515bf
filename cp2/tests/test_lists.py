"""Long lists of the admin: found by an index each, counted no further than anybody leafs."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from accounts.services import record
from claims.models import Claim, ClaimLine, ClaimStatus, Payment
from claims.tests import world as money
from cp2.lists import LongList
from cp2.rules import Role
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus
from profiles.models import Officer
from vacancies.models import Application, Vacancy

LONG = [
    model
    for model, shown in admin.site._registry.items()
    if isinstance(shown, LongList) and shown.search_fields
]


class ListTests(TestCase):
    def setUp(self):
        make.sign_in(self.client, make.user(Role.STAFF, is_superuser=True))

    def found(self, model, typed):
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        page = self.client.get(url, {"q": typed})
        assert page.status_code == 200
        return list(page.context["cl"].result_list)

    def test_an_application_is_found_by_each_of_its_numbers_and_by_no_part_of_one(self):
        made, _other = make.application(), make.application()
        officer = made.officer
        for typed in (made.reference, made.reference.lower(), officer.national_id, officer.phone):
            assert self.found(Application, f" {typed} ") == [made], typed
            assert self.found(Application, typed[:-1]) == [], typed

    def test_an_officer_is_found_by_how_the_name_begins_too(self):
        officer = make.officer(full_name="Achieng Ng'ang'a")
        make.officer(full_name="Barasa Wafula")
        for typed in ("Achieng Ng", "\"Achieng Ng'ang'a\"", officer.national_id, officer.phone):
            assert self.found(Officer, typed) == [officer], typed
        assert self.found(Officer, "Ng'ang'a") == []

    def test_a_deployment_is_found_by_its_serial(self):
        made = make.deployment(DeploymentStatus.OFFERED)
        made.refresh_from_db()
        assert self.found(Deployment, str(made.serial)) == [made]

    def test_the_trail_is_found_by_who_and_by_the_number_of_the_thing(self):
        clerk, exam = make.user(Role.STAFF, username="a-clerk"), make.exam()
        record("exam.changed", exam, by=clerk)
        for typed in ("a-cl", str(exam.pk)):
            assert [entry.verb for entry in self.found(Entry, typed)] == ["exam.changed"], typed
        assert self.found(Entry, "nobody") == []

    def test_a_claim_and_what_belongs_to_it_is_found_by_whose_it_is_and_by_its_reference(self):
        claim, _other = money.claim(ClaimStatus.PAID), money.claim()
        officer, payment = claim.officer, claim.payments.get()
        Officer.objects.filter(pk=officer.pk).update(full_name="Achieng Ng'ang'a")
        reference = claim.payment_reference
        for typed in (officer.phone, officer.national_id, "Achieng Ng", reference.lower()):
            assert self.found(Claim, typed) == [claim], typed
        assert [line.claim for line in self.found(ClaimLine, officer.phone)] == [claim]
        for typed in (payment.payee_phone, payment.reference.lower()):
            assert self.found(Payment, typed) == [payment], typed

    def test_whatever_is_typed_every_list_answers(self):
        for model in LONG:
            for typed in ('"', "'", "%", "٣", "9" * 40, "-1", "1.5", "\\", "a b", "\x00"):
                self.found(model, typed)

    def test_whatever_a_list_is_narrowed_to_by_hand_it_answers(self):
        for model, shown in admin.site._registry.items():
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            for name in [name for name in shown.list_filter if isinstance(name, str)]:
                page = self.client.get(url, {f"{name}__exact": "a\x00"})
                assert page.status_code in {200, 302, 404}, (model, name)

    def test_no_search_asks_for_one_number_or_another_in_one_condition(self):
        for model in LONG:
            with CaptureQueriesContext(connection) as queries:
                self.found(model, "98061252")
            table = model._meta.db_table
            searches = [q["sql"] for q in queries if "98061252" in q["sql"] and table in q["sql"]]
            assert searches
            assert not [sql for sql in searches if " OR " in sql], model

    def test_the_filter_of_the_trail_names_what_there_is(self):
        exam, clerk = make.exam(), make.user(Role.STAFF)
        for verb in ("exam.changed", "exam.changed", "exam.opened"):
            record(verb, exam, by=clerk)
        with CaptureQueriesContext(connection) as queries:
            page = self.client.get(reverse("admin:accounts_entry_changelist"))
        assert not [query for query in queries if "DISTINCT" in query["sql"]]
        (shown,) = page.context["cl"].filter_specs
        assert {"exam.changed", "exam.opened"} <= {verb for verb, _label in shown.lookup_choices}
        page = self.client.get(reverse("admin:accounts_entry_changelist"), {"verb": "exam.opened"})
        assert [entry.verb for entry in page.context["cl"].result_list] == ["exam.opened"]

    def test_vacancies_tell_their_live_applicants_and_can_be_ordered_by_them(self):
        few, many = make.vacancy(), make.vacancy()
        make.application(vacancy=few)
        for _each in range(2):
            make.application(vacancy=many)
        make.application("withdrawn", vacancy=few)
        url = reverse("admin:vacancies_vacancy_changelist")
        place = 1 + 1 + admin.site._registry[Vacancy].list_display.index("applicants")
        page = self.client.get(url, {"o": f"-{place - 1}"})
        assert [(row, row.live) for row in page.context["cl"].result_list] == [(many, 2), (few, 1)]

    def test_the_list_says_how_far_it_counts(self):
        page = self.client.get(reverse("admin:vacancies_application_changelist"))
        self.assertContains(page, "No more than 10,000 are counted.")


@pytest.mark.parametrize(
    "name",
    [
        "Officer",
        "Application",
        "Deployment",
        "Entry",
        "RegisterEntry",
        "Claim",
        "ClaimLine",
        "Payment",
    ],
)
def test_what_grows_with_the_nation_is_a_long_list(name):
    (model,) = [model for model in apps.get_models() if model.__name__ == name]
    assert isinstance(admin.site._registry[model], LongList)
