"""A number may be a stranger's by now: a password by text opens nothing that has a name on it."""

from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from accounts.tests.test_password import send_texts, texted_password
from cp2.tests import make
from cp2.tests.test_doors import GUARDED

CONFIRM = reverse("accounts:confirm")


class Confirming(WebTest):
    def setUp(self):
        self.officer = make.officer(national_id="24680135")
        self.user = self.officer.user

    def sign_in(self, password):
        self.app.reset()
        form = self.app.get(reverse("accounts:login")).forms[0]
        form["username"], form["password"] = self.user.username, password
        return form.submit()

    def come_by_text(self):
        form = self.app.get(reverse("accounts:forgot")).forms[0]
        form["phone"] = self.user.phone
        form.submit()
        send_texts()
        self.password = texted_password()
        return self.sign_in(self.password)

    def confirm(self, national_id, **options):
        page = self.app.get(CONFIRM)
        form = next(form for form in page.forms.values() if "national_id" in form.fields)
        form["national_id"] = national_id
        return form.submit(**options)

    def test_every_page_leads_to_the_question_and_shows_nothing_of_the_owner(self):
        self.come_by_text()

        for name, path in GUARDED.items():
            if name not in {"accounts:confirm", "accounts:logout"}:
                with self.subTest(name):
                    answer = self.app.get(path, expect_errors=True)
                    # no such method, or no such page for an officer
                    if answer.status_code not in {404, 405}:
                        assert answer.location.startswith(CONFIRM)
        page = self.app.get(CONFIRM)
        assert "24680135" not in page
        assert self.officer.full_name not in page

    def test_the_right_number_leads_on_to_a_password_of_ones_own(self):
        self.come_by_text()

        page = self.confirm(" 2468 0135 ").follow().follow()

        assert page.request.path == reverse("accounts:change_password")
        form = next(form for form in page.forms.values() if "new_password1" in form.fields)
        form["new_password1"] = form["new_password2"] = "another-Pass-43"
        assert form.submit().location == reverse("home")
        assert self.app.get(reverse("profiles:profile")).status_code == 200
        assert self.sign_in(make.PASSWORD).status_code == 200
        assert self.sign_in("another-Pass-43").status_code == 302

    def test_a_wrong_number_opens_nothing_and_the_old_password_stays(self):
        self.come_by_text()

        page = self.confirm("13572468")

        assert "This is not the ID number of this account." in page
        assert self.app.get(reverse("home")).location.startswith(CONFIRM)
        assert Entry.objects.filter(verb="identity.doubted").count() == 1
        assert self.sign_in(make.PASSWORD).location == reverse("home")

    def test_after_five_wrong_numbers_even_the_right_one_waits_for_tomorrow(self):
        self.come_by_text()
        for n in range(5):
            self.confirm(f"1357246{n}")

        page = self.confirm("24680135", status=429)

        assert "Too many wrong ID numbers" in page
        assert "A password that you chose yourself goes on working" in page
        make.time_passes(hours=26)
        assert self.confirm("24680135").location == reverse("home")

    def test_what_is_no_number_is_told_so_and_costs_no_try(self):
        self.come_by_text()

        for typed in ("", "abc", "٢٤٦٨٠١٣٥", "2468-0135", "1" * 19 + "x"):
            page = self.confirm(typed)
            assert "digits" in page or "Enter your national ID number" in page
        assert self.confirm("24680135").location == reverse("home")

    def test_a_second_browser_must_confirm_as_well(self):
        self.come_by_text()
        self.sign_in(self.password)

        assert self.app.get(reverse("home")).location.startswith(CONFIRM)

    def test_whoever_knows_the_password_they_chose_is_not_asked(self):
        self.come_by_text()

        assert self.sign_in(make.PASSWORD).location == reverse("home")
        assert self.app.get(CONFIRM).location == reverse("home")

    def test_an_account_without_a_name_goes_straight_on(self):
        self.user = make.bare_officer().user
        self.come_by_text()

        assert self.app.get(reverse("home")).location.startswith(
            reverse("accounts:change_password")
        )
