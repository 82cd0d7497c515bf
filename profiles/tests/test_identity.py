"""What the registers say, shown to whom it concerns, and settled by whoever knows the officer."""

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from profiles import checks, identity, services
from profiles.models import Outcome, RegisterCheck, RegisterEntry

LIST = reverse("profiles:area_identity")


def officer_with(outcome="mismatch", **fields):
    officer = make.officer(**{"full_name": "Wanjikũ Ng'ang'a", **fields})
    match outcome:
        case "mismatch":
            make.register_entry(number=officer.tsc_number, name="Otieno Secretname")
        case "verified":
            make.register_entry(number=officer.tsc_number, name=officer.full_name)
        case "not_found":
            make.register_entry()
    with_check(officer)
    return officer


def with_check(officer):
    checks.compare_all("tsc")
    return RegisterCheck.objects.filter(officer=officer).first()


class Officers(TestCase):
    def text(self, officer, name):
        self.client.force_login(officer.user)
        return self.client.get(reverse(name)).text

    def test_officer_is_told_what_differs_and_never_what_the_register_says(self):
        officer = officer_with(tsc_number="345678")
        for name in ("home", "profiles:profile"):
            text = self.text(officer, name)
            assert "The TSC register has another name for TSC number 345678." in text
            assert "ask TSC to mend it, and tell us by an enquiry." in text
            assert f'href="{reverse("enquiries:new")}?category=profile"' in text
            assert "Secretname" not in text

    def test_officer_who_is_not_found_is_told_so(self):
        text = self.text(officer_with("not_found", tsc_number="345678"), "home")
        assert "The TSC register has no TSC number 345678." in text

    def test_register_of_persons_has_its_own_words(self):
        officer = make.officer(national_id="12345678")
        make.register_entry(register="id", number="12345678", name="Otieno Secretname")
        checks.compare_all("id")
        text = self.text(officer, "home")
        assert "The register of persons has another name for ID number 12345678." in text
        assert "ask the office that issues ID cards to mend it" in text

        RegisterEntry.objects.update(number="99999991")
        checks.compare_all("id")
        assert "The register of persons has no ID number 12345678." in self.text(officer, "home")

    def test_another_id_number_in_the_tsc_register_is_its_own_sentence(self):
        officer = make.officer(tsc_number="345678")
        make.register_entry(number="345678", name=officer.full_name, national_id="98765432")
        checks.compare_all("tsc")
        text = self.text(officer, "home")
        assert "The TSC register has another ID number for TSC number 345678." in text
        assert "98765432" not in text

    def test_teacher_without_a_number_is_told_that(self):
        officer = make.officer(tsc_number=None)
        make.work(officer)
        make.register_entry()
        checks.compare_all("tsc")
        assert "your profile has no TSC number" in self.text(officer, "home")

    def test_nothing_is_said_of_who_is_verified_accepted_or_not_checked(self):
        officers = [officer_with("verified"), make.officer(tsc_number=None), officer_with()]
        check = with_check(officers[2])
        director = make.director(officers[2].sub_county)
        identity.accept(check, reason="I know her", by=director)
        for officer in officers:
            for name in ("home", "profiles:profile"):
                assert "register" not in self.text(officer, name).split("<main")[1]

    def test_home_takes_one_query_more_for_all_that_differs(self):
        officer = make.officer()
        self.text(officer, "home")
        counted = []
        for register in ("tsc", "id"):
            make.register_entry(register=register)
            checks.compare_all(register)
            with CaptureQueriesContext(connection) as queries:
                self.text(officer, "home")
            counted.append(len(queries))
        assert counted[0] == counted[1]


class Directors(TestCase):
    def setUp(self):
        self.officer = officer_with()
        self.director = make.director(self.officer.sub_county)
        self.check = with_check(self.officer)

    def page(self, url=LIST, user=None):
        make.sign_in(self.client, user or self.director)
        return self.client.get(url)

    def accept_url(self):
        return reverse("profiles:accept_identity", args=[self.check.pk])

    def test_list_is_of_the_own_sub_county_and_leads_to_the_officer(self):
        elsewhere = officer_with(sub_county=make.sub_county("Elsewhere"), full_name="Far Away")
        with_check(elsewhere)
        page = self.page()
        assert "Far Away" not in page.text
        assert f'href="{reverse("profiles:area_officer", args=[self.officer.pk])}"' in page.text
        assert self.officer.masked_id in page.text
        assert self.officer.national_id not in page.text
        assert "Secretname" not in page.text

    def test_officers_who_have_not_submitted_are_nobodys_work_yet(self):
        type(self.officer).objects.update(submitted_at=None)
        assert "Nobody to look at" in self.page().text

    def test_filters(self):
        place = {"sub_county": self.officer.sub_county}
        gone = officer_with("not_found", full_name="Gone Away", **place)
        officer_with("verified", full_name="Quite Right", **place)
        names = {"Wanjikũ": self.officer, "Gone Away": gone, "Quite Right": None}
        for query, found in {
            "": {"Wanjikũ", "Gone Away"},
            "outcome=not_found": {"Gone Away"},
            "outcome=mismatch": {"Wanjikũ"},
            "field=full_name": {"Wanjikũ"},
            "field=tsc_number": {"Gone Away"},
            "register=id": set(),
            "register=tsc": {"Wanjikũ", "Gone Away"},
            "seen=yes": set(),
            "seen=all": {"Wanjikũ", "Gone Away"},
        }.items():
            text = self.page(f"{LIST}?{query}").text
            assert {name for name in names if name in text} == found, query
        assert self.page(f"{LIST}?register=nonsense").status_code == 200

    def test_list_costs_the_same_for_one_and_for_many(self):
        counted = []
        for many in (0, 24):
            for _ in range(many):
                officer_with(sub_county=self.officer.sub_county)
            self.page()
            with CaptureQueriesContext(connection) as queries:
                self.client.get(LIST)
            counted.append(len(queries))
        assert counted[0] == counted[1] <= 8

    def test_officers_page_shows_the_register_beside_the_profile(self):
        url = reverse("profiles:area_officer", args=[self.officer.pk])
        text = self.page(url).text
        assert "Otieno Secretname" in text
        assert self.accept_url() in text
        assert Entry.objects.filter(verb="officer.viewed", actor=self.director).exists()

    def test_officers_page_takes_one_query_for_the_registers(self):
        url = reverse("profiles:area_officer", args=[self.officer.pk])
        make.register_entry(register="id", number=self.officer.national_id)
        checks.compare_all("id")
        self.page(url)
        with CaptureQueriesContext(connection) as queries:
            text = self.client.get(url).text
        assert "Baraka Wanyama" in text
        of_registers = [each for each in queries if "registercheck" in each["sql"]]
        assert len(of_registers) == 1
        assert not [
            each for each in queries if 'FROM "profiles_registerentry"' in each["sql"][:200]
        ]

    def test_first_page_counts_what_waits(self):
        page = self.page(reverse("area"))
        assert page.context["waiting"]["identity"] == 1
        assert LIST in page.text
        identity.accept(self.check, reason="I know her", by=self.director)
        assert self.page(reverse("area")).context["waiting"]["identity"] == 0

    def test_director_says_that_it_is_the_same_person(self):
        page = self.page(self.accept_url())
        assert "Otieno Secretname" in page.text
        page = self.client.post(self.accept_url(), {"reason": ""})
        assert "Say how you know that it is the same person" in page.text

        reason = "Married since; I have seen the certificate"
        page = self.client.post(self.accept_url(), {"reason": reason}, follow=True)

        assert "Married since" in page.text
        assert self.accept_url() not in page.text
        self.check.refresh_from_db()
        assert self.check.accepted_by == self.director
        assert self.check.outcome == Outcome.MISMATCH
        told = Entry.objects.get(verb="identity.accepted")
        assert told.details["reason"].startswith("Married since")
        assert "Nobody to look at" in self.page().text
        assert "Accepted" in self.page(f"{LIST}?seen=yes").text

    def test_only_the_office_that_vets_in_the_own_sub_county_may_say_it(self):
        for user, status in [
            (make.director(self.officer.sub_county, Office.SCDE), 404),
            (make.director(make.sub_county("Elsewhere")), 404),
            (self.officer.user, 404),
            (make.user(is_superuser=True), 404),
        ]:
            page = self.page(self.accept_url(), user=user)
            assert page.status_code == status
            posted = self.client.post(self.accept_url(), {"reason": "I know her"})
            assert posted.status_code == status
        assert not RegisterCheck.objects.exclude(accepted_by=None).exists()
        other = make.director(make.sub_county("Elsewhere"))
        with pytest.raises(Refused, match="Only the TSC director"):
            identity.accept(self.check, reason="I know her", by=other)

    def test_other_office_sees_the_list_and_cannot_settle_it(self):
        scde = make.director(self.officer.sub_county, Office.SCDE)
        assert "Wanjikũ" in self.page(user=scde).text
        url = reverse("profiles:area_officer", args=[self.officer.pk])
        text = self.page(url, user=scde).text
        assert "Otieno Secretname" in text
        assert self.accept_url() not in text

    def test_what_changed_meanwhile_is_looked_at_again(self):
        seen = RegisterCheck.objects.get(pk=self.check.pk)
        services.save_personal(self.officer, by=self.officer.user, full_name="Atieno Achieng")
        with pytest.raises(Refused, match="has changed since"):
            identity.accept(seen, reason="I know her", by=self.director)

        services.save_personal(self.officer, by=self.officer.user, full_name="Otieno Secretname")
        with pytest.raises(Refused, match="Nothing differs any more"):
            identity.accept(seen, reason="I know her", by=self.director)
        assert self.page(self.accept_url()).status_code == 404

    def test_it_is_said_once(self):
        identity.accept(self.check, reason="I know her", by=self.director)
        with pytest.raises(Refused, match="accepted this already"):
            identity.accept(self.check, reason="Me too", by=self.director)
