"""The phone in the browser, the gateway that fails when told to, and where neither exists."""

import json
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import TestCase, override_settings
from django.urls import reverse
from django_webtest import WebTest

from cp2.tests import make
from sms import services
from sms.backends import simulator
from sms.backends.simulator import Faults, GatewayFault, ReportFault
from sms.models import InboundMessage, Kind, Message, MessageStatus, Receipt

TO = "254712345678"
URLS = ["/sms/simulator/", "/sms/simulator/faults/", f"/sms/simulator/{TO}/"]
here = override_settings(SMS_BACKEND="sms.backends.simulator")


@pytest.fixture(autouse=True)
def empty_phones(tmp_path):
    with override_settings(SMS_SIMULATOR_DIR=tmp_path):
        yield


class Absence(TestCase):
    def assert_nothing_is_here(self):
        for url in URLS:
            assert self.client.get(url).status_code == 404, url
            assert self.client.post(url, {"text": "PASSWORD"}).status_code == 404, url
        for name in ("accounts:login", "accounts:forgot", "profiles:register"):
            assert "simulator" not in self.client.get(reverse(name)).content.decode()
        assert not InboundMessage.objects.exists()

    def test_there_is_none_unless_configured(self):
        self.assert_nothing_is_here()

    @here
    @override_settings(PRODUCTION=True)
    def test_there_is_none_in_production_whatever_is_configured(self):
        self.assert_nothing_is_here()


@here
class Phone(WebTest):
    csrf_checks = True

    def send(self, template="accounts/password_chosen"):
        services.send(TO, template, language="en")
        services.send_due(Kind.NOTICE)
        services.match_receipts()

    def test_it_shows_its_texts_newest_first_and_can_text_back(self):
        page = self.app.get("/sms/simulator/0712345678/")
        form = page.forms[0] if "text" in page.forms[0].fields else page.forms[1]
        form["text"] = "HELLO"
        back = form.submit()
        assert back.location == f"/sms/simulator/{TO}/"
        services.read_inbox()
        services.send_due(Kind.NOTICE)
        self.send()

        url = f"/sms/simulator/{TO}/"
        texts = self.app.get(url, headers={"Accept": "application/json"}).json
        page = self.app.get(url)

        assert [text["text"][:20] for text in texts] == [
            "KNEC CP2: the passwo",
            "KNEC CP2: send PASSW",
        ]
        assert {text["status"] for text in texts} == {"delivered"}
        assert set(texts[0]) == {"at", "text", "status"}
        shown = [bubble.text for bubble in page.html.select(".bubble > p:first-of-type")]
        assert [words[:10] for words in shown] == ["KNEC CP2: ", "KNEC CP2: ", "HELLO"]

    def test_a_phone_has_no_cookies_and_needs_none_to_text(self):
        client = self.client_class(enforce_csrf_checks=True)

        assert client.post(f"/sms/simulator/{TO}/", {"text": "STATUS"}).status_code == 302
        assert InboundMessage.objects.get().sender == f"+{TO}"

    def test_what_is_no_kenyan_mobile_is_no_phone(self):
        for phone in ("x", "0201234567", "+447911123456", "9" * 40, "..%2f..%2fetc"):
            self.app.get(f"/sms/simulator/{phone}/", status=404)

    def test_it_loads_itself_only_where_nothing_can_be_typed(self):
        page = self.app.get(f"/sms/simulator/{TO}/")
        assert 'http-equiv="refresh"' not in page
        assert page.html.select_one("#thread")["hx-get"] == f"/sms/simulator/{TO}/"

        live = page.click("Let the page load itself")
        assert 'http-equiv="refresh"' in live
        assert not live.html.select("main input:not([type=hidden])")
        assert live.forms["keys"].submit("text", value="STATUS").location.endswith("?live=1")

    def test_the_thread_takes_few_queries_however_long_it_is(self):
        for number in range(2):
            for _ in range(number * 30 + 1):
                services.send(TO, "sms/help", language="en")
                services.receive(
                    provider_id=str(make.number()), sender=f"+{TO}", shortcode="22262", text="x"
                )
            services.send_while_due(Kind.NOTICE)
            with self.assertNumQueries(2):
                self.client.get(f"/sms/simulator/{TO}/")


@here
class Phones(WebTest):
    def test_sample_people_are_listed_the_newest_texts_first(self):
        owners = [("254711111111", "officer, an offer"), ("254722222222", "officer, paid")]
        simulator.keep("254722222222", {"id": "1", "at": "2026-11-03T10:00:00+03:00", "text": "x"})
        with patch("cp2.season.people.phones", return_value=owners):
            page = self.app.get("/sms/simulator/")

        listed = [item.get_text(" ", strip=True) for item in page.html.select(".phone-list li")]
        assert listed[0].startswith("0722 222 222 officer, paid last text")
        assert listed[1] == "0711 111 111 officer, an offer no text yet"

    def test_only_the_newest_of_other_numbers_are_listed(self):
        for number in range(30):
            text = {"id": str(number), "at": "2026-11-03T10:00:00+03:00", "text": "x"}
            simulator.keep(f"2547{number:08d}", text)

        assert len(self.app.get("/sms/simulator/").html.select(".phone-list li")) == 20

    def test_any_number_can_be_typed_and_a_wrong_one_stays(self):
        form = self.app.get("/sms/simulator/").forms["open"]
        form["phone"] = "0712 345 678"
        assert form.submit().location == f"/sms/simulator/{TO}/"

        form["phone"] = "020 1234567"
        page = form.submit()
        assert page.forms["open"]["phone"].value == "020 1234567"
        assert "This is not a mobile number." in page

    def test_pages_of_people_without_a_password_lead_here(self):
        for name in ("accounts:login", "accounts:forgot", "profiles:register"):
            page = self.app.get(reverse(name))
            assert "This is a trial portal" in page
            assert page.click("Open the phone").request.path == "/sms/simulator/"


@here
class Switching(WebTest):
    csrf_checks = True

    def switch(self, **chosen):
        form = self.app.get("/sms/simulator/").forms["switches"]
        for name, value in chosen.items():
            form[name] = value
        return form.submit()

    def test_faults_show_on_every_page_until_one_button_ends_them(self):
        self.switch(gateway="lost", reports="twice").follow()
        for url in ("/sms/simulator/", f"/sms/simulator/{TO}/"):
            assert "Lost answer, Twice." in self.app.get(url)

        page = self.app.get(f"/sms/simulator/{TO}/").forms["off"].submit("off").follow()
        assert "All faults are off." in page
        assert "no fault is on" in page
        assert simulator.faults() == Faults()

    def test_each_choice_says_what_it_does(self):
        page = self.app.get("/sms/simulator/")
        for does in [*simulator.GATEWAY_DOES.values(), *simulator.REPORTS_DO.values()]:
            assert str(does) in page

    def test_nonsense_is_refused_and_switches_nothing(self):
        for wrong in ({"seconds": "0"}, {"seconds": "99"}, {"seconds": "x"}, {"seconds": ""}):
            page = self.switch(gateway="slow", **wrong)
            assert page.status_code == 200
            assert page.forms["switches"]["gateway"].value == "slow"
            assert "There is a problem" in page
        form = self.app.get("/sms/simulator/").forms["switches"]
        form["gateway"].force_value("burnt")
        assert form.submit().status_code == 200
        assert simulator.faults() == Faults()

    def test_spoilt_file_is_no_fault(self):
        for spoilt in ("", "{", "[]", '{"x": 1}', "\xff"):
            (Path(settings.SMS_SIMULATOR_DIR) / "faults.json").write_text(spoilt)
            assert simulator.faults() == Faults()
            assert self.app.get("/sms/simulator/").status_code == 200


@here
class Faulty(TestCase):
    def send(self, **chosen):
        simulator.switch(Faults(**chosen))
        message = Message.objects.create(to=TO, template="t", text="KNEC CP2: x")
        services.send_due(Kind.NOTICE)
        services.match_receipts()
        message.refresh_from_db()
        return message

    def on_the_phone(self):
        return len(simulator.texts_of(TO))

    def test_without_a_fault_it_is_delivered_with_its_network_and_cost(self):
        message = self.send()

        assert (message.status, message.network) == (MessageStatus.DELIVERED, "63903")
        assert message.cost == simulator.COST
        assert self.on_the_phone() == 1

    def test_500_leaves_it_waiting_for_another_try(self):
        message = self.send(gateway=GatewayFault.BROKEN)

        assert (message.status, message.attempts) == (MessageStatus.QUEUED, 1)
        assert message.failure == "the gateway answered 500"
        assert self.on_the_phone() == 0

    def test_blocked_line_is_final(self):
        message = self.send(gateway=GatewayFault.BLOCKED)

        assert (message.status, message.failure) == ("failed", "UserInBlacklist (406)")
        assert self.on_the_phone() == 0

    def test_no_balance_holds_it(self):
        message = self.send(gateway=GatewayFault.NO_BALANCE)

        assert (message.status, message.failure) == ("held", "InsufficientBalance (405)")
        assert self.on_the_phone() == 0

    def test_lost_answer_leaves_it_in_doubt_though_it_came(self):
        message = self.send(gateway=GatewayFault.LOST)

        assert message.status == MessageStatus.UNKNOWN
        assert self.on_the_phone() == 1

    def test_slow_gateway_is_waited_for_but_not_for_ever(self):
        with patch("time.sleep") as slept:
            assert self.send(gateway=GatewayFault.SLOW, seconds=3).status == "delivered"
            slept.assert_called_once_with(3)
            message = self.send(gateway=GatewayFault.SLOW, seconds=30)
            slept.assert_called_with(settings.SMS_TIMEOUT)

        assert message.status == MessageStatus.UNKNOWN
        assert self.on_the_phone() == 2

    def test_missing_report_leaves_it_sent(self):
        assert self.send(reports=ReportFault.MISSING).status == MessageStatus.SENT
        assert not Receipt.objects.exists()

    def test_late_report_comes_later(self):
        with patch("sms.backends.simulator.later") as later:
            message = self.send(reports=ReportFault.LATE)
        assert message.status == MessageStatus.SENT

        [(seconds, act), _] = later.call_args
        assert seconds == simulator.LATE
        act()
        services.match_receipts()
        message.refresh_from_db()
        assert message.status == MessageStatus.DELIVERED

    def test_same_report_twice_has_one_effect(self):
        assert self.send(reports=ReportFault.TWICE).status == MessageStatus.DELIVERED
        assert Receipt.objects.count() == 1

    def test_reports_in_the_wrong_order_do_not_take_it_back(self):
        message = self.send(reports=ReportFault.REVERSED)

        assert message.status == MessageStatus.DELIVERED
        assert list(Receipt.objects.order_by("pk").values_list("status", flat=True)) == [
            "Success",
            "Sent",
        ]

    def test_phone_that_is_off_gets_nothing_and_says_so(self):
        message = self.send(reports=ReportFault.ABSENT)

        assert (message.status, message.failure) == ("failed", "AbsentSubscriber")
        assert self.on_the_phone() == 0

    def test_each_number_of_one_call_has_its_answer(self):
        numbers = [TO, "254712345679"]
        answers = simulator.Backend().send(numbers, "KNEC CP2: x")

        assert len({answer.provider_id for answer in answers}) == 2
        assert [len(simulator.texts_of(number)) for number in numbers] == [1, 1]

    def test_worker_hears_of_a_switch_from_a_file(self):
        simulator.switch(Faults(gateway="500", reports="late", seconds=7))

        file = Path(settings.SMS_SIMULATOR_DIR) / "faults.json"
        assert json.loads(file.read_text()) == {"gateway": "500", "reports": "late", "seconds": 7}
        assert simulator.phones() == {}


@pytest.mark.django_db
def test_later_means_on_a_thread_of_its_own():
    from threading import Event

    done = Event()
    simulator.later(0.01, done.set)

    assert done.wait(5)
