"""Where an officer is paid: to their number, or to an account of their own."""

import pytest
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from profiles import services
from profiles.tests.test_profile import form_with
from sms.models import Message


class PaidBy(WebTest):
    def setUp(self):
        self.officer = make.officer(payee_phone="254722000111", payee_name="WANJIKU NGANGA")
        self.officer.full_name = "Wanjiku Nganga"
        self.officer.save()
        self.url = reverse("profiles:payee")

    def page(self, url=None):
        return self.app.get(url or self.url, user=self.officer.user)

    def choose(self, where):
        form = form_with(self.page(), "phone")
        form["paid_by"] = where
        return form.submit()

    def told(self, template):
        return set(Message.objects.filter(template=template).values_list("to", flat=True))

    def test_only_with_an_account_on_file(self):
        assert "Add the account first" in self.page().html.text
        assert "paid_by" not in form_with(self.page(), "phone").fields
        with pytest.raises(Refused, match="Add your bank account first"):
            services.save_payee(
                self.officer,
                name=self.officer.payee_name,
                phone=self.officer.payee_phone,
                paid_by="bank",
                by=self.officer.user,
            )
        self.officer.refresh_from_db()
        assert (self.officer.paid_by, self.officer.payee_changed_at) == ("mpesa", None)

    def test_another_choice_waits_and_is_told(self):
        make.bank_account(self.officer)
        self.choose("bank").follow()

        self.officer.refresh_from_db()
        assert self.officer.paid_by == "bank"
        assert self.officer.payee_waits_until
        assert self.told("profiles/paid_to_account") == {"254722000111", self.officer.phone}
        assert "901" in Message.objects.first().text
        assert Entry.objects.get(verb="payee.changed").details["paid_by"] == "bank"

        Message.objects.all().delete()
        self.choose("mpesa").follow()
        assert self.told("profiles/payee_changed") == {"254722000111", self.officer.phone}

    def test_the_same_choice_again_changes_nothing(self):
        make.bank_account(self.officer)
        self.choose("mpesa")
        self.officer.refresh_from_db()
        assert self.officer.payee_changed_at is None
        assert not Message.objects.exists()

    def test_another_account_waits_only_while_it_is_paid(self):
        account = make.bank_account(self.officer)
        given = {"bank": account.bank, "branch": account.branch, "by": self.officer.user}
        services.save_bank_account(self.officer, number="0012345678902", **given)
        self.officer.refresh_from_db()
        assert self.officer.payee_changed_at is None

        self.officer.paid_by = "bank"
        self.officer.save()
        services.save_bank_account(self.officer, number="0012345678902", **given)
        assert not Message.objects.exists()  # it is the same
        services.save_bank_account(self.officer, number="0012345678903", **given)
        self.officer.refresh_from_db()
        assert self.officer.payee_waits_until
        assert self.told("profiles/paid_to_account") == {"254722000111", self.officer.phone}
        assert "it waits three days" in self.page(reverse("profiles:bank")).html.text

    def test_the_profile_says_where(self):
        assert "M-Pesa" in self.page(reverse("profiles:profile")).html.text
