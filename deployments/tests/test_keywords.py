"""STATUS, ACCEPT and REJECT by text, through the webhook's inbox."""

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

import sms.services
from cp2.tests import make
from deployments import services
from deployments.models import Deployment, DeploymentStatus
from deployments.tests.test_answer import offered, texts_to
from sms.models import InboundMessage, Message


class KeywordTests(TestCase):
    def setUp(self):
        self.deployment = offered()
        self.officer = self.deployment.officer

    def text(self, words, sender=None):
        """What is answered last to the sender."""
        sender = sender or self.officer.phone
        sms.services.receive(
            provider_id=f"t{make.number()}", sender=f"+{sender}", shortcode="22262", text=words
        )
        sms.services.read_inbox()
        self.outcome = InboundMessage.objects.latest("pk").outcome
        last = Message.objects.filter(to=sender).order_by("-pk").first()
        return last.text if last else ""

    def status(self):
        self.deployment.refresh_from_db()
        return self.deployment.status

    def test_accept(self):
        for words in ("ACCEPT", "accept please"):
            with self.subTest(words=words):
                Deployment.objects.update(status=DeploymentStatus.OFFERED)
                assert "you accepted to serve as Invigilator" in self.text(words)
                assert self.status() == DeploymentStatus.ACCEPTED

    def test_accept_a_second_time(self):
        self.text("ACCEPT")
        assert "you accepted to serve as Invigilator" in self.text("ACCEPT")
        assert self.status() == DeploymentStatus.ACCEPTED

    def test_reject_a_second_time(self):
        self.text("REJECT I am unwell")
        assert "noted: you will not serve" in self.text("REJECT I am unwell")
        assert "no deployment is waiting" in self.text("ACCEPT")
        assert self.status() == DeploymentStatus.REJECTED

    def test_who_stopped_the_news_still_hears_of_this(self):
        self.text("STOP")
        assert "you accepted to serve as Invigilator" in self.text("ACCEPT")

    def test_accept_too_late(self):
        Deployment.objects.update(respond_by=timezone.now() - timedelta(hours=1))
        assert "The time to answer ended on" in self.text("ACCEPT")
        assert self.status() == DeploymentStatus.OFFERED

    def test_several_offers_are_answered_on_the_page(self):
        begins = self.deployment.ends_on + timedelta(days=1)
        offered(officer=self.officer, starts_on=begins, ends_on=begins)
        assert "more than one deployment" in self.text("ACCEPT")
        assert "more than one deployment" in self.text("REJECT I am unwell")
        assert self.status() == DeploymentStatus.OFFERED

    def test_reject_with_the_reason(self):
        assert "noted: you will not serve" in self.text("REJECT I am  expecting a child")
        assert self.status() == DeploymentStatus.REJECTED
        assert self.deployment.reason == "I am expecting a child"

    def test_reject_without_a_reason(self):
        for words in ("REJECT", "Reject   "):
            assert "give the reason" in self.text(words)
        assert self.status() == DeploymentStatus.OFFERED

    def test_a_very_long_reason_is_clipped(self):
        self.text("REJECT " + "x" * 480)
        assert self.status() == DeploymentStatus.REJECTED
        assert len(self.deployment.reason) == 300

    def test_status(self):
        answer = self.text("STATUS")
        assert "Invigilator" in answer
        assert "offered" in answer

    def test_status_without_a_deployment(self):
        assert "no deployment at present" in self.text("STATUS", make.officer().phone)

    def test_only_the_senders_own(self):
        other = make.officer()
        assert "no deployment is waiting" in self.text("ACCEPT", other.phone)
        assert "no deployment is waiting" in self.text("REJECT unwell", other.phone)
        assert self.status() == DeploymentStatus.OFFERED

    def test_unknown_senders_hear_once_a_day_how_to_register(self):
        stranger = make.phone()
        for words in ("STATUS", "ACCEPT", "REJECT unwell", "REJECT", "status"):
            self.text(words, stranger)
        assert "this number has no account" in Message.objects.get(to=stranger).text

    def test_what_is_over_is_not_offered(self):
        services.cancel(self.deployment, by=make.user(), reason="A mistake")
        yesterday = timezone.localdate() - timedelta(days=1)
        exam = make.exam(rehearsal_on=yesterday, starts_on=yesterday, ends_on=yesterday)
        offered(officer=self.officer, post=make.post(exam=exam), application=False)
        assert "no deployment is waiting" in self.text("ACCEPT")

    def test_every_answer_is_one_text(self):
        for words in ("STATUS", "REJECT", "ACCEPT", "ACCEPT"):
            self.text(words)
        assert all(len(text) <= 160 for text in texts_to(self.officer))
