"""One phone, looked up by the helpdesk: all that helps, no secret, and a trace of the look."""

from datetime import timedelta

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import sms.services
from accounts.models import Entry
from accounts.services import ask_for_password
from cp2.limits.models import Limit
from cp2.rules import Role
from cp2.tests import make
from profiles import looks
from sms.backends import NoAnswer, OutOfService, Rejected, memory
from sms.models import Gateway, GatewayStatus, InboundMessage, Kind, Message, Receipt

URL = "/admin/sms/message/phone/"
PHONE = "254712345678"
SPELLINGS = [PHONE, f"+{PHONE}", "0712345678", "0712 345 678", "712345678", "00254712345678"]


class Helpdesk(WebTest):
    def setUp(self):
        self.staff = self.of("Helpdesk")
        self.officer = make.officer(phone=PHONE)
        self.user = self.officer.user

    def of(self, *names):
        user = make.user(Role.STAFF)
        user.groups.set(Group.objects.filter(name__in=names))
        return user

    def sign_in(self, user=None):
        self.app.reset()
        client = self.client_class()
        make.sign_in(client, user or self.staff)
        self.app.set_cookie("session", client.cookies["session"].value)

    def look_up(self, typed=PHONE):
        form = self.app.get(URL).forms["look-up"]
        form["phone"] = typed
        return form.submit()

    def events(self, page):
        return [
            " ".join(item.get_text(" ", strip=True).split())
            for item in page.html.select(".timeline > li")
        ]


class Looking(Helpdesk):
    def setUp(self):
        super().setUp()
        self.sign_in()

    def test_number_is_found_in_any_spelling_with_its_account(self):
        for typed in SPELLINGS:
            page = self.look_up(typed)
            facts = page.html.select_one(".facts").get_text(" ", strip=True)
            for fact in (PHONE, "Officer", self.officer.full_name, "Active", "English", "never"):
                assert fact in facts, (typed, fact)

    def test_what_is_no_mobile_number_is_said_and_stays(self):
        page = self.look_up("020 123456")

        assert "This is not a mobile number." in page
        assert page.forms["look-up"]["phone"].value == "020 123456"
        assert not Entry.objects.filter(verb="number.looked_up").exists()

    def test_number_without_an_account_is_said_to_have_none(self):
        Message.objects.create(to="254799999999", template="t", text="KNEC CP2: register")

        page = self.look_up("0799999999")

        assert "This number has no account." in page
        assert "KNEC CP2: register" in page
        assert "Text a new password" not in page

    def test_disabled_account_is_said_to_be_and_gets_no_button(self):
        self.user.is_active = False
        self.user.save(update_fields=["is_active"])

        page = self.look_up()

        assert "Switched off" in page
        assert "Text a new password" not in page

    def test_account_without_an_officer_is_shown_too(self):
        make.director(make.sub_county(), phone="254711111111")

        assert "Akinyi Director" in self.look_up("0711111111")

    def test_each_look_is_recorded_with_who_and_whom(self):
        self.look_up()
        self.look_up("0799999999")

        known, unknown = Entry.objects.filter(verb="number.looked_up").order_by("pk")
        assert (known.actor, known.subject_id, known.details) == (self.staff, self.user.pk, {})
        assert unknown.subject_id == self.staff.pk
        assert unknown.details == {"phone": "254799999999"}

    def test_so_many_officers_an_hour_are_looked_up_as_are_looked_at(self):
        Limit.objects.filter(name=looks.LIMIT).update(takes=1)
        assert "Texts from and to" in self.look_up()
        form = self.app.get(URL).forms["look-up"]
        form["phone"] = PHONE
        assert "Texts from and to" not in form.submit(status=429)
        assert Entry.objects.about(self.staff).filter(verb=looks.LIMITED).count() == 1

    def test_texts_out_and_in_and_reports_stand_on_one_line_of_time(self):
        sms.services.receive(
            provider_id="in1", sender=f"+{PHONE}", shortcode="22262", text="PASSWORD"
        )
        sms.services.read_inbox()
        memory.refusals[PHONE] = Rejected("UserInBlacklist (406)")
        sms.services.send_due(Kind.CREDENTIALS)
        memory.refusals.clear()
        sms.services.send(PHONE, "accounts/password_chosen", language="en")
        sms.services.send_due(Kind.NOTICE)
        sent = Message.objects.get(kind=Kind.NOTICE)
        sms.services.note_receipt(
            provider_id=sent.provider_id, status="Success", reason="", network="63902"
        )
        sms.services.match_receipts()

        report, notice, password, came = self.events(self.look_up())

        assert report.endswith("Delivery report Success · Safaricom")
        assert "KNEC CP2: the password" in notice
        assert "Delivered at" in notice
        assert "A password. Its words are kept nowhere." in password
        assert "Not delivered: the line blocks texts from companies" in password
        assert "Dial *456*9*5*5*1#" in password
        assert "Then ask for a new one." in password
        assert came.endswith("Text in PASSWORD A new password was promised.")

    def test_no_secret_is_shown(self):
        ask_for_password(PHONE, road="page")
        sms.services.send_due(Kind.CREDENTIALS)
        sms.services.receive(
            provider_id="in1", sender=f"+{PHONE}", shortcode="22262", text="Password my-own-Pass-9"
        )
        words = memory.outbox[-1].text.split()
        password = words[words.index("password") + 1].rstrip(".")
        self.user.refresh_from_db()
        assert check_password(password, self.user.issued_password)

        text = self.look_up().text

        for secret in (
            password,
            "my-own-Pass-9",
            self.user.password,
            self.user.issued_password,
            self.officer.national_id,
            self.officer.kra_pin,
        ):
            assert secret not in text
        assert self.officer.masked_id in text

    def test_password_is_told_to_be_good_until_used_and_then_no_more(self):
        assert "Password last issued never" in self.facts()
        ask_for_password(PHONE, road="page")
        sms.services.send_due(Kind.CREDENTIALS)
        assert "It works once, until" in self.facts()
        assert "Password last asked for never" not in self.facts()

        self.user.refresh_from_db()
        self.user.issued_password = ""
        self.user.save(update_fields=["issued_password"])
        assert "It was used or replaced: it works no more." in self.facts()

        self.user.issued_password, self.user.issued_at = "x", timezone.now() - timedelta(days=2)
        self.user.save(update_fields=["issued_password", "issued_at"])
        assert "Its day is over: it works no more." in self.facts()

    def facts(self):
        return " ".join(self.look_up().html.select_one(".facts").get_text(" ", strip=True).split())

    def test_while_no_text_can_leave_it_says_so(self):
        sms.services.send(PHONE, "sms/help", language="en")
        Gateway.objects.update_or_create(
            pk=1, defaults={"status": GatewayStatus.HELD, "reason": "no balance"}
        )

        assert "Waiting: texts cannot leave at the moment" in self.look_up()

    def test_many_texts_take_no_more_queries_than_one(self):
        counts = []
        for more in (1, 40):
            for _ in range(more):
                n = str(make.number())
                Message.objects.create(
                    to=PHONE, template="t", text="x", status="sent", provider_id=n
                )
                Receipt.objects.create(provider_id=n, status="Sent")
                InboundMessage.objects.create(
                    provider_id=n, sender=f"+{PHONE}", shortcode="22262", text="x"
                )
            with CaptureQueriesContext(connection) as queries:
                self.app.get(URL, {"phone": PHONE})
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_page_is_linked_from_the_texts_section(self):
        index = self.app.get(reverse("admin:index"))

        assert index.click("Look up a number", index=0).request.path == URL

    def test_garbage_breaks_nothing(self):
        for typed in ("%00", "9" * 300, "<b>", "%D9%A0%D9%A7"):
            assert self.app.get(f"{URL}?phone={typed}").status_code == 200
        self.app.get(f"{URL}?phone=%ED%A0%80", status=400)


class Helping(Helpdesk):
    def setUp(self):
        super().setUp()
        self.sign_in()

    def test_new_password_is_promised_and_the_trail_says_who_asked(self):
        page = self.look_up().forms["issue"].submit().follow()

        assert "A new password will be texted to this number." in page
        message = Message.objects.get()
        assert (message.to, message.kind, message.context) == (
            PHONE,
            Kind.CREDENTIALS,
            {"road": "helpdesk"},
        )
        entry = Entry.objects.get(verb="password.asked")
        assert entry.details["road"] == "helpdesk"
        assert (entry.actor, entry.subject_id) == (self.staff, self.user.pk)

    def test_account_that_was_switched_off_meanwhile_gets_none(self):
        page = self.look_up()
        self.user.is_active = False
        self.user.save(update_fields=["is_active"])

        assert "has no phone or is switched off" in page.forms["issue"].submit().follow()
        assert not Message.objects.exists()

    def test_number_without_an_account_gets_none(self):
        form = self.look_up().forms["issue"]
        form["phone"].force_value("254799999999")
        form.submit(status=404)
        form["phone"].force_value("x")
        form.submit(status=404)
        assert not Message.objects.exists()

    def test_held_or_doubtful_text_is_sent_again(self):
        for error in (OutOfService("no balance"), NoAnswer("time-out")):
            Message.objects.all().delete()
            Gateway.objects.update(status=GatewayStatus.WORKING, reason="")
            sms.services.send(PHONE, "sms/help", language="en")
            memory.failures.append(error)
            sms.services.send_due(Kind.NOTICE)
            message = Message.objects.get()

            page = self.look_up().forms[f"again-{message.pk}"].submit().follow()

            assert "The text will leave now." in page
            message.refresh_from_db()
            assert message.status == "queued"
            assert Entry.objects.filter(verb="text.sent_again", subject_id=message.pk).exists()

    def test_text_that_has_left_meanwhile_is_not_sent_again(self):
        sms.services.send(PHONE, "sms/help", language="en")
        message = Message.objects.get()
        Message.objects.update(status="unknown")
        page = self.look_up()
        Message.objects.update(status="delivered")

        answer = page.forms[f"again-{message.pk}"].submit().follow()

        assert "so it cannot be waiting" in answer
        assert not Entry.objects.filter(verb="text.sent_again").exists()

    def test_only_posts_change_anything(self):
        for name, args in (("sms_phone_password", []), ("sms_phone_send_again", [1])):
            self.app.get(reverse(f"admin:{name}", args=args), status=405)

    def test_a_text_that_is_not_there_is_not_found(self):
        for pk in ("0", "9" * 30):
            self.client.cookies.clear()
            make.sign_in(self.client, self.staff)
            assert self.client.post(f"{URL}again/{pk}/").status_code == 404


class KeptOut(Helpdesk):
    def answers(self, user):
        make.sign_in(self.client, user)
        Message.objects.all().delete()
        text = Message.objects.create(to=PHONE, template="t", text="x", status="unknown")
        return [
            self.client.get(f"{URL}?phone={PHONE}").status_code,
            self.client.post(f"{URL}password/", {"phone": PHONE}).status_code,
            self.client.post(f"{URL}again/{text.pk}/").status_code,
        ]

    def test_each_group_may_do_what_it_has_the_right_to(self):
        for names, answers in {
            ("Helpdesk",): [200, 302, 302],
            ("Auditor",): [200, 404, 404],
            ("Deployment",): [404, 404, 404],  # sees texts out, not texts in
            ("Finance preparer",): [404, 404, 404],
            ("Finance approver",): [404, 404, 404],
            (): [404, 404, 404],
        }.items():
            assert self.answers(self.of(*names)) == answers, names
        assert self.answers(make.user(is_superuser=True)) == [200, 302, 302]

    def test_auditors_are_offered_no_button(self):
        self.sign_in(self.of("Auditor"))
        Message.objects.create(to=PHONE, template="t", text="x", status="unknown")

        page = self.look_up()

        assert not page.html.select("main form[method=post], #content form[method=post]")

    def test_others_are_shown_no_link(self):
        self.sign_in(self.of("Deployment"))

        index = self.app.get(reverse("admin:index"))
        assert "Look up a number" not in index
        assert "How texts fare" in index

    def ends_at(self):
        page = self.client.get(f"{URL}?phone={PHONE}", follow=True)
        return page.redirect_chain[-1][0].partition("?")[0]

    def test_nobody_else_finds_the_page(self):
        for user in (self.user, make.centre(make.station()), make.director(make.sub_county())):
            make.sign_in(self.client, user)
            page = self.client.get(f"{URL}?phone={PHONE}", follow=True)
            assert page.status_code == 404
        self.client.logout()
        assert self.ends_at() == reverse("accounts:login")
        self.client.force_login(self.staff)  # without a one-time code
        assert self.ends_at() == reverse("accounts:code")
        assert not Entry.objects.filter(verb="number.looked_up").exists()
