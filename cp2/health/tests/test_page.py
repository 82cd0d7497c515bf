"""How the portal is, for the auditor and administrators."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import sms.services
from cp2.health import pulse
from cp2.rules import Role
from cp2.tests import make
from sms.models import Gateway, GatewayStatus, Heartbeat, Message

URL = "/admin/health/"
MOST_QUERIES = 24


class Page(TestCase):
    def setUp(self):
        self.staff = make.user(Role.STAFF)
        self.staff.groups.add(Group.objects.get(name="Auditor"))
        make.sign_in(self.client, self.staff)
        for name in pulse.SILENCE:
            sms.services.beat(name)

    def page(self, query=""):
        return self.client.get(URL + query)

    def test_all_is_well(self):
        words = self.page().content.decode()
        assert "All parts of the portal work." in words
        assert "Broken" not in words

    def test_others_find_no_such_page(self):
        for group in ("Helpdesk", "Deployment", "Finance preparer", "Finance approver"):
            other = make.user(Role.STAFF)
            other.groups.add(Group.objects.get(name=group))
            make.sign_in(self.client, other)
            assert self.page().status_code == 404

    def test_it_is_found_on_the_index(self):
        assert URL in self.client.get("/admin/").content.decode()

    def test_what_is_broken_is_said_with_what_to_do(self):
        Heartbeat.objects.filter(name="beat").update(at=timezone.now() - timedelta(minutes=3))
        Gateway.objects.update_or_create(
            pk=1, defaults={"status": GatewayStatus.HELD, "reason": "no balance"}
        )
        words = self.page().content.decode()
        assert "2 parts are broken." in words
        assert "Beat, the clock has given no sign of life for 3 minutes." in words
        assert "See: systemctl status cp2-beat" in words
        assert "The gateway takes no texts from us." in words

    def test_what_waits_long_is_said(self):
        long_ago = timezone.now() - timedelta(minutes=12)
        Message.objects.create(to="254712345678", template="t", text="x", not_before=long_ago)
        words = self.page().content.decode()
        assert "Texts to one person: the longest due has waited for 12 minutes." in words
        assert "254712345678" not in words
        assert "1 part should be looked at." in words

    def test_it_looks_again_unless_it_is_told_to_stand_still(self):
        assert self.page()["Refresh"] == "30"
        assert "Refresh" not in self.page("?still")

    def test_its_cost_does_not_grow(self):
        asked = []
        for n in (1, 30):
            Message.objects.bulk_create(
                Message(to="254712345678", template="t", text="x") for _ in range(n)
            )
            with CaptureQueriesContext(connection) as queries:
                self.page()
            asked.append(len(queries))
        assert asked[0] == asked[1] <= MOST_QUERIES
