"""A disputed claim asks a question, and a settled one answers it."""

import pytest
from django.conf import settings
from django.test import TestCase
from django.utils.module_loading import import_string

import claims.services
from accounts.models import Entry
from claims.models import Claim
from cp2.rules import Refused
from cp2.tests import make
from enquiries import services
from enquiries.models import Enquiry, EnquiryStatus
from enquiries.tests.test_ask import ask
from sms.models import Message

disputed = import_string(settings.CLAIM_DISPUTED)
settled = import_string(settings.CLAIM_SETTLED)


class Claims(TestCase):
    def setUp(self):
        self.use(make.officer())

    def use(self, officer):
        self.officer = officer
        self.claim = make.claim(deployment=make.deployment(officer=officer))

    def dispute(self, reason="I was there on one day more."):
        number = disputed(self.claim, by=self.officer.user, reason=reason)
        return Enquiry.objects.get(pk=number)

    def test_a_dispute_is_a_question_of_its_officer(self):
        enquiry = self.dispute()
        assert (enquiry.claim, enquiry.exam) == (self.claim, self.claim.exam)
        assert (enquiry.category, enquiry.way, enquiry.status) == ("payment", "claim", "open")
        assert enquiry.sub_county == self.officer.sub_county
        assert enquiry.text == "I was there on one day more."
        assert self.claim.exam.short in enquiry.subject
        assert enquiry.full_name == self.officer.full_name
        entry = Entry.objects.get(verb="enquiry.opened")
        assert entry.details == {"category": "payment", "way": "claim"}

    def test_ten_that_wait_do_not_stop_it(self):
        for _each in range(services.MOST_WAITING):
            ask(self.officer)
        assert self.dispute().pk

    def test_without_a_workstation_where_the_days_were_served(self):
        self.use(make.bare_officer())
        station = self.claim.lines.get().deployment.post.station
        assert self.dispute().sub_county == station.sub_county

    def test_nowhere_to_send_it_is_said(self):
        self.use(make.bare_officer())
        self.claim.lines.all().delete()
        with pytest.raises(Refused, match="where you work"):
            self.dispute()

    def test_the_settlement_is_the_answer_and_closes_it_without_a_text_of_its_own(self):
        enquiry, by = self.dispute(), make.user()
        settled(self.claim, by=by, note="A day was added.")
        enquiry.refresh_from_db()
        assert enquiry.status == EnquiryStatus.CLOSED
        assert enquiry.first_answered_at
        assert enquiry.closed_at
        said = enquiry.replies.get()
        assert (said.by, said.text) == (by, "A day was added.")
        assert not Message.objects.exists()
        settled(self.claim, by=by, note="Again")  # changes nothing
        assert enquiry.replies.count() == 1
        assert self.dispute("Still wrong").pk != enquiry.pk

    def test_who_withdraws_a_dispute_closes_it_and_has_answered_nothing(self):
        claims.services.dispute(self.claim, by=self.officer.user, reason="I was there.")
        enquiry = Enquiry.objects.get()
        claims.services.withdraw_dispute(self.claim, by=self.officer.user)
        enquiry.refresh_from_db()
        assert enquiry.status == EnquiryStatus.CLOSED
        assert enquiry.closed_at
        assert enquiry.first_answered_at is None
        assert enquiry.replies.get().text == "The officer withdrew the dispute."
        verbs = Entry.objects.about(enquiry).order_by("pk").values_list("verb", flat=True)
        assert list(verbs) == ["enquiry.opened", "enquiry.closed"]

    def test_one_that_was_answered_taken_or_closed_meanwhile(self):
        enquiry, by = self.dispute(), make.user()
        services.take(enquiry, by=make.user())
        settled(self.claim, by=by, note="A day was added.")
        enquiry.refresh_from_db()
        assert (enquiry.status, enquiry.taken_by) == (EnquiryStatus.CLOSED, None)
        other = self.dispute()
        services.close(other, by=self.officer.user)
        settled(self.claim, by=by, note="x")
        assert not other.replies.exists()

    def test_a_claim_of_which_no_day_is_left_goes_and_its_question_stays(self):
        enquiry = self.dispute()
        self.claim.lines.all().delete()
        Claim.objects.filter(pk=self.claim.pk).delete()
        enquiry.refresh_from_db()
        assert enquiry.claim is None
