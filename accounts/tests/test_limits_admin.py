"""Headquarters sees how often each limit stops somebody, and tunes it; nobody else does."""

from contextlib import suppress

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from accounts.services import take_a_text
from cp2.limits.models import Limit
from cp2.limits.services import Limited
from cp2.tests import make

LIST = reverse("admin:limits_limit_changelist")


class Tuning(WebTest):
    def sign_in(self, group):
        user = make.user()
        user.groups.add(Group.objects.get(name=group))
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.session.session_key)
        return user

    def test_a_hit_is_counted_and_shown(self):
        for _ in range(7):
            with suppress(Limited):
                take_a_text("254712345678", address="192.0.2.1", road="page")
        self.sign_in("Deployment")

        page = self.app.get(LIST)

        [row] = [row for row in page.html.find_all("tr") if "text.again" in row.text]
        assert row.find(class_="field-full").text == "1"
        assert row.find(class_="field-refused").text == "6"

    def test_it_is_tuned_from_the_next_try_on_and_the_trail_says_by_whom(self):
        user = self.sign_in("Deployment")
        limit = Limit.objects.get(name="text.address")
        form = self.app.get(reverse("admin:limits_limit_change", args=[limit.pk])).forms[
            "limit_form"
        ]
        assert "seconds" not in form.fields
        form["takes"] = "1"
        form.submit()

        entry = Entry.objects.get(verb="limit.changed")
        assert (entry.actor, entry.details) == (user, {"was": 100, "now": 1})
        take_a_text("254712345678", address="192.0.2.1", road="page")
        with pytest.raises(Limited):
            take_a_text("254712345679", address="192.0.2.1", road="page")

    def test_the_helpdesk_sees_them_and_changes_nothing(self):
        self.sign_in("Helpdesk")
        limit = Limit.objects.get(name="text.address")

        assert self.app.get(LIST).status_code == 200
        page = self.app.get(reverse("admin:limits_limit_change", args=[limit.pk]))
        assert not page.html.find("input", {"name": "takes"})

    def test_those_who_pay_do_not_see_them(self):
        self.sign_in("Finance preparer")

        self.app.get(LIST, status=404)
