"""A payee in another name than the officer's: said while the officer looks at it, not months later
when the payment does not come."""

from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from cp2.tests import make
from profiles import services
from profiles.models import Officer
from profiles.tests.test_profile import error_by, form_with

WAITS = "M-Pesa shows MARY WAIRIMU, and your profile says Wanjikũ Ng'ang'a"
SHARED = "also on the profile of another officer"


def warnings_on(page):
    return [alert.text for alert in page.html.find("main").select(".alert-warning")]


class Payee(WebTest):
    def setUp(self):
        self.officer = make.officer(full_name="Wanjikũ Ng'ang'a", payee_name="WANJIKU NGANGA")
        self.url = reverse("profiles:payee")

    def page(self, name="payee"):
        url = reverse("home") if name == "home" else reverse(f"profiles:{name}")
        return self.app.get(url, user=self.officer.user)

    def fill(self, name, phone="0722 000 111", page=None):
        form = form_with(page or self.page(), "phone")
        form["name"], form["phone"] = name, phone
        return form.submit()

    def test_who_is_paid_in_the_own_name_is_asked_and_told_nothing(self):
        assert "differs" not in form_with(self.page(), "phone").fields

        page = self.fill("NGANGA WANJIKU K").follow()

        assert not any("another name" in text for text in warnings_on(page))
        assert "differs" not in Entry.objects.get(verb="payee.changed").details

    def test_other_name_asks_for_a_tick_and_loses_nothing_typed(self):
        page = self.fill("MARY WAIRIMU")

        assert page.status_code == 200
        assert WAITS in error_by(page, "differs")
        form = form_with(page, "differs")
        assert (form["name"].value, form["phone"].value) == ("MARY WAIRIMU", "0722 000 111")
        assert not form["differs"].checked
        self.officer.refresh_from_db()
        assert self.officer.payee_name == "WANJIKU NGANGA"

        form["differs"] = True
        page = form.submit().follow()
        self.officer.refresh_from_db()
        assert self.officer.payee_name == "MARY WAIRIMU"
        assert Entry.objects.get(verb="payee.changed").details["in_other_name"] is True

    def test_name_that_is_put_right_needs_no_tick(self):
        page = self.fill("WANJIKU NGANGA", page=self.fill("MARY WAIRIMU"))

        assert page.status_code == 302

    def test_warning_stands_wherever_the_officer_looks_until_it_is_settled(self):
        Officer.objects.filter(pk=self.officer.pk).update(payee_name="MARY WAIRIMU")

        for name in ("payee", "profile", "home"):
            page = self.page(name)
            (said,) = (text for text in warnings_on(page) if "another name" in text)
            assert WAITS in said
            assert "Payments are held until that is settled." in said
            links = [a["href"] for a in page.html.select(".alert-warning a")]
            assert (self.url in links) is (name != "payee")
            assert reverse("profiles:personal") in links
            assert f"{reverse('enquiries:new')}?category=profile" in links

        self.fill("Wanjiku Nganga")
        for name in ("payee", "profile", "home"):
            assert not any("another name" in text for text in warnings_on(self.page(name)))

    def test_officer_who_takes_another_name_is_told_the_same(self):
        form = form_with(self.page("personal"), "full_name")
        form["full_name"] = "Mary Wairimu"

        page = form.submit().follow()

        (said,) = (text for text in warnings_on(page) if "another name" in text)
        assert "M-Pesa shows WANJIKU NGANGA, and your profile says Mary Wairimu" in said

    def test_nothing_is_compared_before_there_are_both_names(self):
        self.officer = make.bare_officer()

        assert "differs" not in form_with(self.page(), "phone").fields
        assert self.fill("MARY WAIRIMU").status_code == 302
        assert warnings_on(self.page("home")) == []

    def test_household_may_share_a_number_and_is_told(self):
        other = make.officer(full_name="Otieno Ochieng", payee_phone="254722000111")

        page = self.fill("WANJIKU NGANGA", "0722 000 111").follow()

        assert any(SHARED in text for text in warnings_on(page))
        assert "Otieno" not in page.text
        assert any(SHARED in text for text in warnings_on(self.page()))
        assert not any(SHARED in text for text in warnings_on(self.page("home")))
        assert other.payee_phone == "254722000111"


class Directors(TestCase):
    def test_director_sees_whose_payee_is_in_another_name_or_shared(self):
        phone = make.phone()
        officer = make.officer(
            full_name="Wanjikũ Ng'ang'a", payee_name="MARY WAIRIMU", payee_phone=phone
        )
        make.sign_in(self.client, make.director(officer.sub_county))
        url = reverse("profiles:area_officer", args=[officer.pk])

        text = self.client.get(url).text
        assert "in another name: M-Pesa shows MARY WAIRIMU" in text
        assert "also on the profile" not in text

        for count, said in {1: "the profile of 1 other officer", 2: "2 other officers"}.items():
            make.officer(payee_phone=phone)
            assert said in self.client.get(url).text, count
        services.save_payee(officer, name="WANJIKU NGANGA", phone=make.phone(), by=officer.user)
        text = self.client.get(url).text
        assert "in another name" not in text
        assert "also on the profile" not in text
