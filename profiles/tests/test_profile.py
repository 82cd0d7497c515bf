"""Filling in the profile, page by page, as an officer does."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_webtest import WebTest
from webtest import Upload

from accounts.models import Entry
from catalogue.models import Bank
from cp2.tests import make
from profiles import services
from profiles.forms import (
    BankForm,
    CopyForm,
    NextOfKinForm,
    PayeeForm,
    PersonalForm,
    QualificationForm,
    WorkForm,
)
from profiles.models import (
    PAYEE_WAITS,
    BankAccount,
    Employer,
    Officer,
    Vetting,
    WorkExperience,
)
from profiles.tests.test_uploads import jpeg
from sms.models import Message


def form_with(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def error_by(page, field):
    return page.html.find(id=f"id_{field}_error").text


class TheWholeProfile(WebTest):
    def setUp(self):
        self.officer = make.bare_officer(phone="254712345678")
        self.sub_county = make.sub_county()
        self.county = self.sub_county.county
        self.bank = make.branch().bank

    def page(self, name, *args):
        return self.app.get(reverse(f"profiles:{name}", args=args), user=self.officer.user)

    def fill(self, view, page=None, **values):
        page = page or self.page(view)
        form = form_with(page, next(iter(values)))
        for field, value in values.items():
            form[field] = value
        return form.submit().follow()

    def test_from_nothing_to_submitted(self):
        page = self.page("profile")
        assert page.html.find("progress")["value"] == "0"
        assert "Submit" not in [a.text for a in page.html.find("main").find_all("a")]

        self.fill(
            "personal",
            full_name="Wanjikũ  Ng’ang’a",
            year_of_birth="1985",
            gender="female",
            national_id="12 345 678",
            kra_pin="a004416331m",
            tsc_number="TSC/345678",
            email="wanjiku@example.com",
            town="Nyeri",
        )
        self.fill("payee", name="WANJIKU NGANGA", phone="0722 000 111")
        page = form_with(self.page("bank"), "bank")
        page["bank"] = str(self.bank.pk)
        page = page.submit("refresh")
        branch = self.bank.branches.first()
        self.fill("bank", page, branch=str(branch.pk), number="0012345678901")
        self.fill(
            "next_of_kin", full_name="Atieno Ochieng", phone="0733000222", relationship="Sister"
        )
        page = form_with(self.page("add_work"), "county")
        page["institution"] = "Mwangaza Primary School"
        page["county"] = str(self.county.pk)
        page = page.submit("refresh")
        self.fill(
            "add_work",
            page,
            employer="tsc",
            level="primary",
            designation="Teacher",
            sub_county=str(self.sub_county.pk),
            starts_on="2019-01-07",
        )
        self.fill(
            "add_qualification",
            level="diploma",
            institution="Uhuru Hill Teachers College",
            course="Education (Arts)",
            starts_on="2005-01-01",
            ends_on="30/11/2008",
            certificate=Upload("diploma.jpg", jpeg(), "image/jpeg"),
        )
        page = self.page("profile")
        assert page.html.find("progress")["value"] == page.html.find("progress")["max"]
        page = page.click("^Submit$", href=reverse("profiles:submit"))
        page = form_of(page, "Submit").submit().follow()

        self.officer.refresh_from_db()
        assert "Your profile is submitted" in page.html.find(id="messages").text
        assert self.officer.submitted_at
        assert self.officer.full_name == "Wanjikũ Ng'ang'a"
        assert self.officer.national_id == "12345678"
        assert self.officer.kra_pin == "A004416331M"
        assert self.officer.tsc_number == "345678"
        assert self.officer.payee_phone == "254722000111"
        assert self.officer.sub_county == self.sub_county
        assert self.officer.bank_account.number == "0012345678901"
        assert self.officer.next_of_kin.phone == "254733000222"
        work = self.officer.work.get()
        assert (work.institution, work.ends_on) == ("Mwangaza Primary School", None)
        assert self.officer.qualifications.get().certificate.name == "diploma.jpg"
        assert Message.objects.get().template == "profiles/submitted"
        verbs = set(Entry.objects.filter(actor=self.officer.user).values_list("verb", flat=True))
        assert verbs == {
            "officer.changed",
            "payee.changed",
            "bank_account.saved",
            "next_of_kin.saved",
            "work.added",
            "qualification.added",
            "officer.submitted",
        }

    def test_every_group_shows_what_was_given(self):
        officer = make.officer(town="Nyeri", email="w@example.com")
        make.work(officer, institution="Mwangaza Primary School")
        make.qualification(officer, course="Mathematics")
        make.bank_account(officer)
        make.next_of_kin(officer)

        text = self.app.get(reverse("profiles:profile"), user=officer.user).html.text

        for given in [
            officer.national_id,
            officer.kra_pin,
            "Nyeri",
            "Mwangaza Primary School",
            "Mathematics",
            "0012345678901",
            "Equity Bank",
            "Atieno Ochieng",
        ]:
            assert given in text


def form_of(page, button):
    """The form in the middle of the page that has this button."""
    return next(
        form
        for form in page.forms.values()
        if any(b.text.strip() == button for b in form.html.find_all("button"))
    )


class Personal(WebTest):
    def setUp(self):
        self.officer = make.officer(full_name="Wanjikũ Ng'ang'a")
        self.url = reverse("profiles:personal")

    def change(self, **values):
        page = self.app.get(self.url, user=self.officer.user)
        form = form_with(page, "national_id")
        for field, value in values.items():
            form[field] = value
        return form.submit()

    def test_bad_input_is_refused_by_the_field_and_nothing_typed_is_lost(self):
        page = self.change(national_id="12AB", town="Meru", kra_pin="P051365947M")

        assert "6 to 9 digits" in error_by(page, "national_id")
        assert "company" in error_by(page, "kra_pin")
        assert form_with(page, "town")["town"].value == "Meru"
        assert form_with(page, "town")["national_id"].value == "12AB"
        assert page.html.title.text.strip().startswith("Error:")
        assert not Entry.objects.exists()

    def test_b_026_a_number_of_another_account_is_refused_without_saying_whose(self):
        for field, value in {
            "national_id": "87654321",
            "kra_pin": "A111111111B",
            "tsc_number": "777777",
        }.items():
            other = make.officer(**{field: value})

            page = self.change(**{field: value})

            error = error_by(page, field)
            assert "is in another account. If that account is yours, sign in with its" in error
            link = page.html.find(id=f"id_{field}_error").find("a")
            assert link["href"] == reverse("profiles:lost_number")
            assert other.full_name not in page.text
            assert other.phone not in page.text
            clash = Entry.objects.filter(verb="identity.clashed").first()
            assert (clash.subject_id, clash.actor) == (self.officer.pk, self.officer.user)
            assert clash.details == {
                "field": field,
                "number": f"•••••{value[-3:]}",
                "other": other.pk,
            }
        self.officer.refresh_from_db()
        assert self.officer.national_id != "87654321"
        assert not Entry.objects.exclude(verb="identity.clashed").exists()

    def test_a_vetted_officer_is_warned_and_vetted_again_after_a_new_name(self):
        page = self.app.get(self.url, user=self.officer.user)
        assert "your TSC director must vet you again" in page.html.text
        before = self.officer.submitted_at
        deployment = make.deployment(officer=self.officer)

        page = self.change(full_name="Wanjikũ Mũthoni").follow()

        assert "You changed: Full name" in page.html.find(id="messages").text
        assert "you changed: Full name" in self.app.get(reverse("home")).html.find("main").text
        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.PENDING
        assert self.officer.changed_since == "full_name"
        was = deployment.status
        deployment.refresh_from_db()
        assert deployment.status == was
        assert self.officer.submitted_at == before
        entry = Entry.objects.about(self.officer).get()
        assert "vetting" in entry.details["fields"]

    def test_all_that_changed_since_the_vetting_is_kept_until_the_next(self):
        self.change(full_name="Wanjikũ Mũthoni")
        self.change(kra_pin="A123456789B", town="Meru")
        self.officer.refresh_from_db()
        assert self.officer.changed_words == "Full name, KRA PIN"

        director = make.director(self.officer.sub_county)
        services.vet(self.officer, status=Vetting.VETTED, by=director)

        self.officer.refresh_from_db()
        assert self.officer.changed_since == ""
        assert self.officer.vetted_at

    def test_who_was_never_vetted_changes_what_they_like_without_a_word(self):
        Officer.objects.update(vetting=Vetting.PENDING)

        page = self.change(full_name="Wanjikũ Mũthoni").follow()

        assert "You changed" not in page.text
        self.officer.refresh_from_db()
        assert self.officer.changed_since == ""

    def test_a_vetted_officer_stays_so_after_a_new_town(self):
        self.change(town="Meru")

        self.officer.refresh_from_db()
        assert (self.officer.town, self.officer.vetting) == ("Meru", Vetting.VETTED)

    def test_nobody_lifts_their_own_bar_by_changing_a_name(self):
        Officer.objects.update(vetting=Vetting.BARRED, vetting_reason="Leaked a paper")

        self.change(full_name="Wanjikũ Mũthoni")

        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.BARRED

    def test_the_trail_holds_the_old_number_masked(self):
        old = self.officer.national_id

        self.change(national_id="87654321")

        details = Entry.objects.about(self.officer).get().details
        assert details["was"] == {"national_id": f"•••••{old[-3:]}"}
        assert "87654321" not in str(details)

    def test_saving_what_is_there_already_writes_nothing(self):
        self.change()

        assert not Entry.objects.exists()


class Payee(WebTest):
    def setUp(self):
        self.officer = make.officer(payee_phone="254722000111", payee_name="WANJIKU NGANGA")
        self.url = reverse("profiles:payee")

    def change(self, **values):
        form = form_with(self.app.get(self.url, user=self.officer.user), "phone")
        for field, value in values.items():
            form[field] = value
        return form.submit()

    def test_a_changed_number_waits_and_is_told_to_the_old_one_and_to_the_account(self):
        self.change(phone="0733 000 222")

        self.officer.refresh_from_db()
        assert self.officer.payee_phone == "254733000222"
        assert self.officer.payee_settles_at - self.officer.payee_changed_at == PAYEE_WAITS
        texts = Message.objects.filter(template="profiles/payee_changed")
        assert set(texts.values_list("to", flat=True)) == {"254722000111", self.officer.phone}
        assert "222" in texts[0].text
        assert "254733000222" not in texts[0].text

    def test_how_long_it_waits_is_said_before_after_and_for_as_long_as_it_lasts(self):
        page = self.app.get(self.url, user=self.officer.user)
        assert "it waits three days" in page.html.text
        home = reverse("home")
        assert "Nothing is paid to it before" not in self.app.get(home).text

        self.change(phone="0733 000 222")

        self.officer.refresh_from_db()
        until = timezone.localtime(self.officer.payee_settles_at)
        when = date_format(until, "j F Y, H:i")
        for url in (home, self.url, reverse("profiles:profile")):
            assert f"Nothing is paid to it before {when}" in self.app.get(url).text
        with time_machine.travel(until + timedelta(minutes=1)):
            self.app.set_user(self.officer.user)
            for url in (home, self.url, reverse("profiles:profile")):
                assert "Nothing is paid to it before" not in self.app.get(url).text

    def test_the_first_number_waits_for_nothing_and_tells_nobody(self):
        bare = make.bare_officer()

        services.save_payee(bare, name="A NAME", phone="254733000222", by=bare.user)

        bare.refresh_from_db()
        assert bare.payee_changed_at is None
        assert not Message.objects.exists()

    def test_the_page_shows_the_number_that_signs_in(self):
        page = self.app.get(self.url, user=self.officer.user)

        assert f"0{self.officer.phone[3:6]} {self.officer.phone[6:9]}" in page.html.text


class BankDetails(WebTest):
    def setUp(self):
        self.officer = make.bare_officer()
        self.url = reverse("profiles:bank")
        self.one = make.branch().bank
        self.other, _ = Bank.objects.get_or_create(code="01", defaults={"name": "KCB Bank"})
        self.other.branches.get_or_create(code="100", defaults={"name": "Moi Avenue"})

    def get(self):
        return form_with(self.app.get(self.url, user=self.officer.user), "bank")

    def test_branches_follow_the_bank_at_the_press_of_a_button_without_losing_what_was_typed(self):
        form = self.get()
        assert [value for value, *_ in form["branch"].options] == [""]
        form["bank"], form["number"] = str(self.one.pk), "12AB"

        page = form.submit("refresh")

        form = form_with(page, "bank")
        offered = {value for value, *_ in form["branch"].options} - {""}
        assert offered == {str(pk) for pk in self.one.branches.values_list("pk", flat=True)}
        assert form["number"].value == "12AB"
        assert page.html.find(class_="field-error") is None
        assert not BankAccount.objects.exists()

    def test_without_a_branch_the_answer_offers_those_of_the_bank_and_keeps_the_rest(self):
        form = self.get()
        assert "required" not in form["branch"].attrs
        form["bank"], form["number"] = str(self.one.pk), "0012345678901"

        page = form.submit()

        assert "Choose your branch." in error_by(page, "branch")
        form = form_with(page, "bank")
        assert (form["bank"].value, form["number"].value) == (str(self.one.pk), "0012345678901")
        offered = {value for value, *_ in form["branch"].options} - {""}
        assert offered == {str(pk) for pk in self.one.branches.values_list("pk", flat=True)}

    def test_b_040_a_branch_of_another_bank_is_refused(self):
        form = self.get()
        form["bank"], form["number"] = str(self.one.pk), "0012345678901"
        form["branch"].force_value(str(self.other.branches.first().pk))

        page = form.submit()

        assert "branch of this bank" in error_by(page, "branch")
        assert not BankAccount.objects.exists()

    def test_excel_s_number_is_refused_in_words(self):
        form = self.get()
        form["bank"], form["number"] = str(self.one.pk), "1.23E+12"

        assert "Excel changed this number" in error_by(form.submit(), "number")

    def test_a_second_account_takes_the_place_of_the_first(self):
        for number in ("0012345678901", "0099999999999"):
            form = form_with(self.get_with(self.one), "branch")
            form["branch"] = str(self.one.branches.first().pk)
            form["number"] = number
            form.submit()

        assert BankAccount.objects.get().number == "0099999999999"

    def get_with(self, bank):
        form = self.get()
        form["bank"] = str(bank.pk)
        return form.submit("refresh")


class ThePartThatFollows(TestCase):
    def setUp(self):
        self.officer = make.bare_officer()
        self.client.force_login(self.officer.user)

    def test_htmx_gets_only_the_drop_down_that_followed(self):
        make.sub_county(county="Nyeri")
        county = make.sub_county().county
        make.sub_county()

        page = self.client.post(
            reverse("profiles:add_work"),
            {"refresh": "1", "county": county.pk},
            headers={"HX-Request": "true"},
        )

        text = page.content.decode()
        assert 'id="div_id_sub_county"' in text
        assert "<html" not in text
        assert text.count("<option") == 1 + county.sub_counties.count()

    def test_what_no_county_is_offers_no_sub_county(self):
        for county in ("", "x", "\x00", "9" * 30, "9" * 5000, "1' OR '1'='1"):
            page = self.client.post(
                reverse("profiles:add_work"),
                {"refresh": "1", "county": county},
                headers={"HX-Request": "true"},
            )
            assert page.status_code == 200
            assert page.content.decode().count("<option") == 1


class Queries(TestCase):
    def queries(self, url):
        with CaptureQueriesContext(connection) as queries:
            assert self.client.get(url).status_code == 200
        return len(queries)

    def test_the_profile_takes_as_many_queries_with_many_rows_as_with_one(self):
        officer = make.officer()
        make.bank_account(officer)
        make.next_of_kin(officer)
        make.work(officer)
        make.qualification(officer)
        self.client.force_login(officer.user)
        url = reverse("profiles:profile")
        few = self.queries(url)
        for n in range(10):
            make.qualification(officer, course=f"Course {n}")
            make.work(officer, ends_on=make.today())

        assert self.queries(url) == few <= 8
        for name in ("work", "qualifications"):
            assert self.queries(reverse(f"profiles:{name}")) <= 8

    def test_saving_takes_few_queries(self):
        officer = make.officer()
        self.client.force_login(officer.user)
        branch = make.branch()
        posts = {
            "personal": PersonalForm.of(officer) | {"full_name": "Wanjikũ Nganga", "town": "Meru"},
            "payee": {"name": "WANJIKU NGANGA", "phone": "0733000222"},
            "bank": {"bank": branch.bank_id, "branch": branch.pk, "number": "0012345678901"},
            "next_of_kin": {"full_name": "Atieno", "phone": "0733000222", "relationship": "Sister"},
        }
        for name, values in posts.items():
            with CaptureQueriesContext(connection) as queries:
                page = self.client.post(reverse(f"profiles:{name}"), values)
            assert page.status_code == 302, name
            saving = [q for q in queries if "SAVEPOINT" not in q["sql"]]
            assert len(saving) <= 12, name


PAGES = ["profile", "personal", "payee", "bank", "next_of_kin", "work", "add_work"]
PAGES += ["qualifications", "add_qualification", "submit"]
ROWS = ["change_work", "delete_work"]
STUDIES = ["change_qualification", "delete_qualification", "certificate"]


class Doors(TestCase):
    def test_a_stranger_is_sent_to_sign_in(self):
        for url in [reverse(f"profiles:{name}") for name in PAGES]:
            assert self.client.get(url).status_code == 302
            assert self.client.post(url).status_code in (302, 405)

    def test_those_without_a_profile_find_no_page(self):
        station = make.station()
        for user in (make.centre(station), make.director(station.sub_county), make.user()):
            make.sign_in(self.client, user)
            for url in [reverse(f"profiles:{name}") for name in PAGES]:
                assert self.client.get(url).status_code == 404

    def test_another_officer_s_rows_are_not_there_however_asked_for(self):
        owner, other = make.officer(), make.officer()
        work, study = make.work(owner), make.qualification(owner)
        self.client.force_login(other.user)

        for names, pk in ((ROWS, work.pk), (STUDIES, study.pk)):
            for url in [reverse(f"profiles:{name}", args=[pk]) for name in names]:
                assert self.client.get(url).status_code == 404
                assert self.client.post(url).status_code in (404, 405)
        assert WorkExperience.objects.filter(pk=work.pk).exists()

    def test_numbers_beyond_the_database_are_not_found_rather_than_a_failure(self):
        self.client.force_login(make.officer().user)
        for huge in (10**30, int("9" * 4000)):
            for name in ROWS + STUDIES:
                url = reverse(f"profiles:{name}", args=[1]).replace("/1/", f"/{huge}/")
                assert self.client.get(url).status_code == 404

    def test_posting_rubbish_to_any_form_never_fails(self):
        officer = make.officer()
        work, study = make.work(officer), make.qualification(officer)
        self.client.force_login(officer.user)
        urls = [reverse(f"profiles:{name}") for name in PAGES if name not in ("submit",)]
        urls += [reverse("profiles:change_work", args=[work.pk])]
        urls += [reverse("profiles:change_qualification", args=[study.pk])]
        fields = ["full_name", "name", "phone", "year_of_birth", "national_id", "bank", "branch"]
        fields += ["number", "county", "sub_county", "starts_on", "ends_on", "level", "station"]
        fields += ["employer", "email", "institution", "course", "designation", "relationship"]
        for rubbish in ("\x00", "\u202e", "9" * 30, "٣", "\ud800", "a" * 10_000, "💥", "-1"):
            body = urlencode(dict.fromkeys(fields, rubbish.encode("utf-8", "surrogatepass")))
            for url in urls:
                page = self.client.post(url, body, "application/x-www-form-urlencoded")
                assert page.status_code in (200, 400, 405), (url, rubbish)
        assert not Entry.objects.exists()


@pytest.mark.parametrize("employer", Employer)
def test_each_employer_is_offered(employer):
    assert employer.value in dict(WorkForm.base_fields["employer"].choices)


@pytest.mark.parametrize(
    "form",
    [PersonalForm, PayeeForm, BankForm, NextOfKinForm, WorkForm, QualificationForm, CopyForm],
)
def test_what_is_left_out_is_asked_for_in_a_sentence_that_says_what_is_wanted(form):
    for name, field in form.base_fields.items():
        if field.required:
            said = str(field.error_messages["required"])
            assert said.endswith("."), name
            shows = ("for example", "from the list", "press Show", "Female or Male", "PDF")
            assert any(words in said for words in shows), name
