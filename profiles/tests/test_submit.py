"""A profile counts once it is submitted, and it is submitted once nothing is missing."""

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from profiles import services
from profiles.completeness import checklist
from profiles.models import Officer
from sms.models import Message


def ready():
    """Everything is there, and nothing submitted."""
    officer = make.officer(submitted_at=None, vetting="pending")
    make.work(officer)
    make.qualification(officer)
    make.bank_account(officer)
    make.next_of_kin(officer)
    return Officer.objects.get(pk=officer.pk)


# Each thing that can be missing, with the field that its link leads to.
WITHOUT = {
    ("Full name", "personal#id_full_name"): lambda officer: setattr(officer, "full_name", ""),
    ("Year of birth", "personal#id_year_of_birth"): lambda officer: setattr(
        officer, "year_of_birth", None
    ),
    ("Gender", "personal#id_gender_0"): lambda officer: setattr(officer, "gender", ""),
    ("National ID number", "personal#id_national_id"): lambda officer: setattr(
        officer, "national_id", None
    ),
    ("KRA PIN", "personal#id_kra_pin"): lambda officer: setattr(officer, "kra_pin", None),
    ("TSC number", "personal#id_tsc_number"): lambda officer: setattr(officer, "tsc_number", None),
    ("Name that M-Pesa shows", "payee#id_name"): lambda officer: setattr(officer, "payee_name", ""),
    ("Number to be paid", "payee#id_phone"): lambda officer: setattr(officer, "payee_phone", ""),
    ("Bank", "bank#id_bank"): lambda officer: officer.bank_account.delete(),
    ("Branch", "bank#id_branch"): lambda officer: officer.bank_account.delete(),
    ("Account number", "bank#id_number"): lambda officer: officer.bank_account.delete(),
    ("Where you work now", "add_work#id_employer"): lambda officer: officer.work.update(
        ends_on=make.today()
    ),
    ("Highest qualification", "add_qualification#id_level"): lambda officer: (
        officer.qualifications.all().delete()
    ),
    ("Name of your next of kin", "next_of_kin#id_full_name"): lambda officer: (
        officer.next_of_kin.delete()
    ),
    ("Telephone of your next of kin", "next_of_kin#id_phone"): lambda officer: (
        officer.next_of_kin.delete()
    ),
    ("How you are related", "next_of_kin#id_relationship"): lambda officer: (
        officer.next_of_kin.delete()
    ),
}


class Submitting(TestCase):
    def test_a_whole_profile_is_submitted_and_the_officer_is_told(self):
        officer = ready()

        services.submit(officer, by=officer.user)

        officer.refresh_from_db()
        assert officer.submitted_at
        assert Entry.objects.about(officer).get().verb == "officer.submitted"
        assert Message.objects.get().template == "profiles/submitted"

    def test_submitting_again_changes_nothing(self):
        officer = ready()
        services.submit(officer, by=officer.user)
        officer.refresh_from_db()
        first = officer.submitted_at

        services.submit(officer, by=officer.user)

        officer.refresh_from_db()
        assert officer.submitted_at == first
        assert Message.objects.count() == Entry.objects.count() == 1

    def test_the_list_names_exactly_what_is_missing(self):
        missing = [item.text for item in checklist(make.bare_officer()) if not item.done]
        # nobody knows yet who employs them
        assert missing == [text.replace("TSC number", "TSC or PF number") for text, _ in WITHOUT]
        assert all(item.done for item in checklist(ready()))

    def test_whoever_tsc_employs_needs_a_tsc_number(self):
        officer = ready()
        officer.tsc_number, officer.pf_number = None, "12345"
        officer.save()

        with self.assertRaisesMessage(Refused, "TSC number"):
            services.submit(officer, by=officer.user)

    def test_a_police_officer_gives_a_pf_number_instead(self):
        officer = ready()
        officer.tsc_number, officer.pf_number = None, "12345"
        officer.save()
        officer.work.update(employer="police")

        assert services.submit(officer, by=officer.user).submitted_at

    def test_whoever_is_not_employed_needs_neither(self):
        officer = ready()
        officer.tsc_number = None
        officer.save()
        officer.work.update(employer="none")

        assert services.submit(officer, by=officer.user).submitted_at

    def test_the_page_asks_first_and_says_when_it_is_done(self):
        officer = ready()
        self.client.force_login(officer.user)
        url = reverse("profiles:submit")
        assert "By submitting you say" in self.client.get(url).text
        officer.refresh_from_db()
        assert officer.submitted_at is None

        page = self.client.post(url, follow=True)

        assert "Your profile is submitted" in page.text
        assert "submitted already" in self.client.get(url).text

    def test_the_page_lists_what_is_missing_and_a_post_is_refused_with_the_same_words(self):
        officer = make.bare_officer()
        self.client.force_login(officer.user)
        url = reverse("profiles:submit")
        assert "Next of kin" in self.client.get(url).text

        page = self.client.post(url, follow=True)

        missing = ", ".join(item.text for item in checklist(officer))
        assert f"add what is missing: {missing}." in page.text
        officer.refresh_from_db()
        assert officer.submitted_at is None

    def test_later_changes_keep_the_day_of_submission(self):
        officer = ready()
        services.submit(officer, by=officer.user)
        officer.refresh_from_db()
        before = officer.submitted_at

        services.save_personal(officer, by=officer.user, town="Meru")

        officer.refresh_from_db()
        assert officer.submitted_at == before <= timezone.now()


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "where"), WITHOUT, ids=lambda value: value)
def test_without_a_thing_it_is_refused_by_its_name_and_nothing_is_written(text, where):
    officer = ready()
    WITHOUT[text, where](officer)
    officer.save()
    officer = Officer.objects.get(pk=officer.pk)

    with pytest.raises(Refused, match=f"missing: .*{text}"):
        services.submit(officer, by=officer.user)

    officer.refresh_from_db()
    assert officer.submitted_at is None
    assert not Entry.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "where"), WITHOUT, ids=lambda value: value)
def test_each_missing_thing_is_a_link_to_its_very_field(client, text, where):
    officer = ready()
    WITHOUT[text, where](officer)
    officer.save()
    client.force_login(officer.user)
    page, _hash, field = where.partition("#")
    url = f"{reverse(f'profiles:{page}')}#{field}"

    for shows in ("home", "profiles:profile", "profiles:submit"):
        links = BeautifulSoup(client.get(reverse(shows)).text, "html.parser")
        link = links.find("a", href=url)
        assert link.text == text, shows
        assert not links.find("a", href=reverse("profiles:submit"))
    form = BeautifulSoup(client.get(url).text, "html.parser")
    assert form.find(id=field).name in ("input", "select")


class Standing(TestCase):
    def setUp(self):
        self.officer = ready()
        self.client.force_login(self.officer.user)

    def page(self, name):
        return BeautifulSoup(self.client.get(reverse(name)).text, "html.parser")

    def test_the_bar_counts_single_things(self):
        self.officer.next_of_kin.delete()

        for name in ("home", "profiles:profile"):
            bar = self.page(name).find("progress")
            assert (bar["value"], bar["max"]) == ("13", "16")

    def test_once_all_is_there_one_may_submit_from_either_page(self):
        for name in ("home", "profiles:profile"):
            page = self.page(name)
            assert page.find("a", href=reverse("profiles:submit")).text == "Submit"
            assert page.find("progress")["value"] == "16"

    def test_copies_of_the_id_card_are_wanted_and_nothing_waits_for_them(self):
        page = self.page("profiles:profile")
        front = page.find("a", href=reverse("profiles:id_front") + "#id_file")
        assert front.find_next("span").text == "Wanted"

        assert services.submit(self.officer, by=self.officer.user).submitted_at

    def test_what_goes_missing_later_shows_on_both_pages_until_it_is_there(self):
        services.submit(self.officer, by=self.officer.user)
        for name in ("home", "profiles:profile"):
            assert self.page(name).find("progress") is None
        self.officer.work.update(ends_on=make.today())

        for name in ("home", "profiles:profile"):
            page = self.page(name)
            assert page.find("progress")["value"] == "15"
            assert "Something is missing since" in page.text
            assert page.find("a", href=reverse("profiles:add_work") + "#id_employer")
            assert not page.find("a", href=reverse("profiles:submit"))

    def test_the_home_page_takes_few_queries_before_and_after(self):
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(reverse("home"))
            assert len(queries) <= 8, [query["sql"] for query in queries]
            services.submit(self.officer, by=self.officer.user)


class StaysWhole(WebTest):
    """A submitted profile keeps what pay needs."""

    def setUp(self):
        self.officer = make.officer(full_name="Atieno Ochieng")
        self.work = make.work(self.officer)

    def send(self, url, **values):
        page = self.app.get(url, user=self.officer.user)
        form = next(form for form in page.forms.values() if next(iter(values)) in form.fields)
        for field, value in values.items():
            form[field] = value
        return form.submit()

    def test_a_needed_number_is_corrected_but_not_taken_away(self):
        url = reverse("profiles:personal")
        page = self.send(url, tsc_number="", town="Meru")

        assert "do not leave it empty" in page.html.find(id="id_tsc_number_error").text
        assert next(f for f in page.forms.values() if "town" in f.fields)["town"].value == "Meru"
        self.officer.refresh_from_db()
        assert (self.officer.tsc_number is None, self.officer.town) == (False, "")
        self.send(url, tsc_number="765432").follow()
        self.officer.refresh_from_db()
        assert self.officer.tsc_number == "765432"

    def test_before_submission_it_may_go(self):
        Officer.objects.update(submitted_at=None)

        self.send(reverse("profiles:personal"), tsc_number="").follow()

        self.officer.refresh_from_db()
        assert self.officer.tsc_number is None

    def test_an_employer_that_pay_has_no_number_for_is_refused_with_what_to_do(self):
        self.work.employer = "police"
        self.work.save()
        Officer.objects.update(tsc_number=None, pf_number="2010/55")
        url = reverse("profiles:change_work", args=[self.work.pk])

        page = self.send(url, employer="tsc", designation="Sergeant")

        assert "Add it to your personal details" in page.html.find(id="id_employer_error").text
        form = next(f for f in page.forms.values() if "designation" in f.fields)
        assert form["designation"].value == "Sergeant"
        self.work.refresh_from_db()
        assert self.work.employer == "police"
        self.send(url, employer="county").follow()

    def test_whoever_was_employed_nowhere_gives_a_number_with_the_employer(self):
        self.work.employer = "none"
        self.work.save()
        Officer.objects.update(tsc_number=None)

        page = self.send(reverse("profiles:change_work", args=[self.work.pk]), employer="county")

        assert "Add your PF number" in page.html.find(id="id_employer_error").text


@pytest.mark.django_db
@pytest.mark.parametrize("field", services.KEPT)
def test_the_service_lets_nobody_empty_what_pay_needs(field):
    officer = make.officer()
    with pytest.raises(Refused, match="do not leave it empty") as refusal:
        services.save_personal(officer, by=officer.user, **{field: None})
    assert refusal.value.field == field
    assert not Entry.objects.exists()
