"""What is texted to the short code about an account, and who is answered."""

from django.test import TestCase
from django.urls import reverse

import sms.services
from accounts.tests.test_password import send_texts
from cp2.tests import make
from sms.backends import memory
from sms.models import InboundMessage, Message


class Texting(TestCase):
    def text(self, sender, words, times=1):
        for _ in range(times):
            sms.services.receive(
                provider_id=f"in-{make.number()}",
                sender=f"+{sender}",
                shortcode="22262",
                text=words,
            )
            send_texts()

    def outcomes(self):
        return list(InboundMessage.objects.order_by("pk").values_list("outcome", flat=True))

    def test_password_acts_for_the_sender_whatever_else_is_written(self):
        officer, other = make.officer(), make.officer()

        self.text(officer.phone, f"PASSWORD {other.phone}")

        assert [text.to for text in memory.outbox] == [officer.phone]

    def test_password_again_within_a_minute_is_silent_since_one_is_on_its_way(self):
        officer = make.officer()

        self.text(officer.phone, "password", times=3)

        assert len(memory.outbox) == 1
        assert self.outcomes() == ["password promised", *["silent: text.again"] * 2]

    def test_a_stranger_at_the_page_does_not_make_the_owner_wait(self):
        officer = make.officer()
        self.client.post(reverse("accounts:forgot"), {"phone": officer.phone})
        send_texts()

        self.text(officer.phone, "PASSWORD")

        assert [text.to for text in memory.outbox] == [officer.phone] * 2

    def test_forged_texts_bring_their_owner_no_more_than_the_day_allows(self):
        officer = make.officer()
        for _ in range(100):
            self.text(officer.phone, "PASSWORD")
            make.time_passes(minutes=10)

        assert 3 <= len(memory.outbox) <= 5

    def test_an_account_that_is_switched_off_is_told_where_to_ask_once_a_day(self):
        officer = make.officer()
        type(officer.user).objects.filter(pk=officer.user.pk).update(is_active=False, language="sw")

        self.text(officer.phone, "PASSWORD", times=2)

        assert len(memory.outbox) == 1
        assert "imezimwa" in memory.outbox[0].text
        assert not Message.objects.filter(kind="credentials").exists()

    def test_help_comes_once_a_day_in_ones_own_language(self):
        officer = make.officer()
        type(officer.user).objects.filter(pk=officer.user.pk).update(language="sw")

        self.text(officer.phone, "help", times=2)
        self.text("254799999998", "HELP")

        (kiswahili, english) = memory.outbox
        assert (kiswahili.to, english.to) == (officer.phone, "254799999998")
        assert kiswahili.text != english.text
        assert "PASSWORD" in kiswahili.text
