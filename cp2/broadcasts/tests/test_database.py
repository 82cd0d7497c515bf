"""The database itself refuses, whatever the code above it does."""

from django.db import connection
from django.test import TestCase
from django.utils import timezone

from claims.tests.test_database import refused
from cp2.broadcasts.models import Broadcast, Recipient
from cp2.broadcasts.tests import steps
from cp2.tests import make


class Rules(TestCase):
    def setUp(self):
        self.writer, self.other = steps.writer(), steps.writer()
        make.officer()

    def refuses(self, *names, **fields):
        with refused(*names):
            Broadcast.objects.update(**fields)

    def test_what_a_draft_may_be(self):
        steps.draft(self.writer)
        self.refuses("broadcast_status", "nobody_is_no_audience", status="x")
        self.refuses(
            "broadcast_goes_to_those_we_know", "officers_have_come_to_a_stage", who="parents"
        )
        self.refuses("broadcast_goes_to_those_we_know", office="x")
        self.refuses("officers_have_come_to_a_stage", stage="")
        self.refuses("officers_have_come_to_a_stage", who="directors")
        self.refuses("stage_is_of_an_exam", stage="accepted")
        self.refuses("nobody_is_no_audience", status="proposed")
        self.refuses("broadcast_ends_at_its_time", ended_at=timezone.now())

    def test_approval_names_another_person_than_wrote_it(self):
        steps.proposed(self.writer)
        self.refuses("broadcast_names_who_approved_it", status="approved")
        now = timezone.now()
        self.refuses(
            "nobody_approves_what_they_wrote",
            status="approved",
            approved_by=self.writer,
            approved_at=now,
        )
        self.refuses("broadcast_names_who_approved_it", approved_by=self.other, approved_at=now)

    def test_text_and_audience_are_typed_in_a_draft_alone(self):
        steps.counted(self.writer)
        for fields in (
            {"text_en": "Other words"},
            {"text_sw": "Maneno mengine"},
            {"who": "directors", "stage": ""},
            {"exam": make.exam()},
            {"counties": [1]},
            {"stations": [1]},
        ):
            self.refuses("only_drafts_are_typed_in", **fields)
        Broadcast.objects.update(title="Another title")

    def test_nobody_joins_an_audience_once_it_is_counted(self):
        broadcast = steps.counted(self.writer)
        late = make.officer()
        with refused("nobody_joins_a_counted_audience"):
            Recipient.objects.create(broadcast=broadcast, user=late.user, language="en")

    def test_nobody_is_in_it_twice(self):
        steps.counted(self.writer)
        with refused("nobody_is_sent_a_broadcast_twice"), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO broadcasts_recipient (broadcast_id, user_id, language, state, failure)"
                " SELECT broadcast_id, user_id, language, state, '' FROM broadcasts_recipient"
            )
        with refused("recipient_state"):
            Recipient.objects.update(state="x")
