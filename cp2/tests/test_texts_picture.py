"""How texts fare, for headquarters: what is wrong in red, a picture and the same in numbers."""

import re
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import sms.services
from accounts.services import ask_for_password
from cp2.rules import Role
from cp2.tests import make
from cp2.texts_picture import asked
from sms.models import Gateway, GatewayStatus, Kind, Message

URL = "/admin/sms/message/picture/"
MOST_QUERIES = 10


class Picture(TestCase):
    def setUp(self):
        self.staff = make.user(Role.STAFF)
        self.staff.groups.add(Group.objects.get(name="Helpdesk"))
        make.sign_in(self.client, self.staff)

    def page(self):
        return self.client.get(URL).content.decode()

    def words(self):
        return " ".join(re.sub(r"<[^>]*>", " ", self.page()).split())

    def write(self, **fields):
        defaults = {"to": "254712345678", "template": "t", "text": "x", "status": "delivered"}
        return Message.objects.create(**{**defaults, **fields})

    def test_without_texts_it_says_so(self):
        words = self.words()
        for said in (
            "The gateway takes our texts.",
            "No text is held.",
            "No text was written in the last 24 hours.",
            "All arrived, or are on their way.",
        ):
            assert said in words

    def test_numbers_of_the_day_are_told(self):
        now = timezone.now()
        self.write(network="63902", sent_at=now, cost=Decimal("0.80"))
        self.write(network="63902", sent_at=now, status="failed", failure="AbsentSubscriber")
        self.write(status="queued")
        Message.objects.filter(status="queued").update(created_at=now - timedelta(minutes=12))

        words = self.words()
        assert "Notice 1 12 min 0" in words
        assert "Safaricom: 50 of 100 arrived" in words
        assert "Safaricom: 2 handed over, 1 delivered, 1 not delivered." in words
        assert "The phone was off or out of reach" in words
        assert "In all KES 0.80 KES 0.80" in words

    def test_gateway_that_is_not_well_is_in_red_with_since_when_and_why(self):
        since = timezone.now() - timedelta(hours=2)
        for status, said in {
            GatewayStatus.HELD: "Somebody must put our account with the gateway right",
            GatewayStatus.DOWN: "The gateway is tried once a minute.",
        }.items():
            Gateway.objects.update_or_create(
                pk=1, defaults={"status": status, "reason": "no balance", "since": since}
            )
            assert 'class="module stopped" role="alert"' in self.page()
            words = self.words()
            assert f"since {timezone.localtime(since):%-d %b, %H:%M}." in words
            assert f"{status.label}: no balance" in words
            assert said in words

    def test_drawing_has_words_and_a_table_and_no_style_of_its_own(self):
        self.write(network="63902")
        page = self.page()
        drawing = re.search(r"<figure.*?</figure>", page, re.DOTALL)[0]
        assert 'role="img" aria-labelledby="chart-1"' in drawing
        assert '<title id="chart-1">' in drawing
        assert re.search(r'<rect class="bar-delivered" x="\d+" y="\d+" width="16"', drawing)
        assert "The same in numbers" in page
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)

    def test_many_texts_take_no_more_queries_than_few_and_at_most_ten(self):
        counts = []
        for more in (1, 60):
            for n in range(more):
                kind = Kind.CREDENTIALS if n % 3 == 0 else Kind.NOTICE
                status = ("delivered", "failed", "held", "queued")[n % 4]
                self.write(
                    kind=kind,
                    text="" if kind == Kind.CREDENTIALS else "x",
                    status=status,
                    failure=f"reason {n}",
                    network=f"6390{n % 9}",
                )
            sms.services.gateway_state()  # its row is made once
            with CaptureQueriesContext(connection) as queries:
                self.client.get(URL)
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert counts[1] <= MOST_QUERIES

    def test_it_is_reached_from_the_season_and_from_the_texts_section(self):
        index = self.client.get(reverse("admin:index")).content.decode()

        assert index.count(f'href="{URL}"') == 2
        assert "How texts fare" in index

    def test_no_secret_is_on_it(self):
        officer = make.officer()
        ask_for_password(officer.phone, road="page")
        sms.services.send_due(Kind.CREDENTIALS)
        officer.user.refresh_from_db()

        page = self.page()
        for secret in (officer.phone, officer.user.issued_password, officer.national_id):
            assert secret not in page


class Asked(TestCase):
    def test_people_are_counted_who_asked_and_who_signed_in_since(self):
        now = timezone.now()
        came, stayed, used_the_old, earlier = (make.officer().user for _ in range(4))
        for user in (came, stayed, used_the_old, came):
            ask_for_password(user.phone, road="page")
            sms.services.send_due(Kind.CREDENTIALS)
            make.time_passes(minutes=2)
        for user, at in ((came, now + timedelta(minutes=1)), (used_the_old, now)):
            user.refresh_from_db()
            user.last_login = at if user == came else user.issued_at - timedelta(minutes=1)
            user.save(update_fields=["last_login"])
        ask_for_password(earlier.phone, road="page")
        Message.objects.filter(to=earlier.phone).update(created_at=now - timedelta(days=2))

        assert (asked().people, asked().came_in) == (3, 1)


class KeptOut(TestCase):
    def test_each_group_sees_it_if_it_may_see_texts(self):
        for name, status in {
            "Helpdesk": 200,
            "Deployment": 200,
            "Auditor": 200,
            "Finance preparer": 404,
            "Finance approver": 404,
            "": 404,
        }.items():
            user = make.user(Role.STAFF)
            user.groups.set(Group.objects.filter(name=name))
            make.sign_in(self.client, user)
            assert self.client.get(URL).status_code == status, name
            assert self.client.post(URL).status_code == 405

    def test_nobody_else_finds_it(self):
        for user in (
            make.officer().user,
            make.centre(make.station()),
            make.director(make.sub_county()),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(URL, follow=True).status_code == 404
        self.client.logout()
        chain = self.client.get(URL, follow=True).redirect_chain
        assert chain[-1][0].startswith(reverse("accounts:login"))
