"""The database itself refuses, whatever the code above it does."""

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.utils import timezone

from cp2.tests import make
from enquiries.models import (
    Attachment,
    CannedAnswer,
    Enquiry,
    EnquiryPromise,
    Note,
    Topic,
)
from enquiries.tests.test_appeal import make_appeal
from enquiries.tests.test_ask import ask


def refuses(name, act):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        act()


class Enquiries(TestCase):
    def test_unknown_status_category_or_way(self):
        ask()
        for fields, name in (
            ({"status": "lost"}, "enquiry_status"),
            ({"category": "gossip"}, "enquiry_category"),
            ({"way": "fax"}, "enquiry_way"),
        ):
            refuses(name, lambda fields=fields: Enquiry.objects.update(**fields))

    def test_an_appeal_is_for_headquarters_and_of_an_officer(self):
        appeal = make_appeal()
        for fields in ({"status": "open"}, {"officer": None}):
            refuses(
                "appeal_is_for_headquarters",
                lambda fields=fields: Enquiry.objects.filter(pk=appeal.pk).update(**fields),
            )

    def test_an_officer_has_one_appeal_at_a_time(self):
        appeal = make_appeal()
        other = ask(appeal.officer)
        Enquiry.objects.filter(pk=other.pk).update(status="answered")
        refuses(
            "one_appeal_at_a_time",
            lambda: Enquiry.objects.filter(pk=other.pk).update(category="appeal"),
        )
        Enquiry.objects.filter(pk=appeal.pk).update(status="closed")
        Enquiry.objects.filter(pk=other.pk).update(category="appeal")

    def test_whoever_took_one_took_it_at_some_time(self):
        ask()
        for fields in ({"taken_by": make.user()}, {"taken_at": timezone.now()}):
            refuses(
                "enquiry_says_since_when_it_is_taken",
                lambda fields=fields: Enquiry.objects.update(**fields),
            )

    def test_a_claim_is_disputed_in_one_live_enquiry(self):
        claim = make.claim()
        first, second = ask(claim.officer), ask(claim.officer)
        Enquiry.objects.filter(pk=first.pk).update(claim=claim, way="claim")
        refuses(
            "one_live_enquiry_per_disputed_claim",
            lambda: Enquiry.objects.filter(pk=second.pk).update(claim=claim, way="claim"),
        )
        Enquiry.objects.filter(pk=first.pk).update(status="closed")
        Enquiry.objects.filter(pk=second.pk).update(claim=claim, way="claim")


class WhatHeadquartersWrites(TestCase):
    def test_topics(self):
        good = {"category": "payment", "name_en": "Late", "name_sw": "Kuchelewa"}
        Topic.objects.create(**good)
        for fields, name in (
            ({"category": "appeal"}, "topic_is_of_a_category"),
            ({"category": "gossip"}, "topic_is_of_a_category"),
            ({"name_sw": ""}, "topic_has_a_name_in_each_language"),
            ({"promised_days": 0}, "topic_promises_some_days"),
            ({"promised_days": 91}, "topic_promises_some_days"),
            ({}, "one_topic_of_a_name_in_a_category"),
        ):
            fresh = {} if not fields else {"name_en": "Another"}
            refuses(
                name,
                lambda fields=fields, fresh=fresh: Topic.objects.create(**good | fresh | fields),
            )

    def test_promises(self):
        for fields, name in (
            ({"category": "gossip", "days": 3}, "promise_is_of_a_category"),
            ({"category": "other", "days": 0}, "promise_is_of_some_days"),
            ({"category": "other", "days": 91}, "promise_is_of_some_days"),
        ):
            refuses(name, lambda fields=fields: EnquiryPromise.objects.create(**fields))

    def test_ready_answers(self):
        good = {"title": "Soon", "text_en": "It comes.", "text_sw": "Inakuja."}
        for fields, name in (
            ({"category": "gossip"}, "ready_answer_is_of_a_category"),
            ({"text_sw": ""}, "ready_answer_is_in_each_language"),
            ({"title": ""}, "ready_answer_is_in_each_language"),
        ):
            refuses(name, lambda fields=fields: CannedAnswer.objects.create(**good | fields))

    def test_a_note_says_something(self):
        enquiry = ask()
        refuses(
            "note_says_something",
            lambda: Note.objects.create(enquiry=enquiry, by=make.user(), text=""),
        )

    def test_attachments(self):
        enquiry = ask()
        good = {
            "enquiry": enquiry,
            "by": enquiry.officer.user,
            "file": "enquiries/00/x",
            "name": "x.pdf",
            "type": "application/pdf",
            "status": "clean",
        }
        for fields, name in (
            ({"status": "eaten"}, "attachment_status"),
            ({"file": ""}, "only_a_deleted_attachment_has_no_file"),
            ({"status": "expired"}, "only_a_deleted_attachment_has_no_file"),
            ({"status": "quarantined"}, "only_a_deleted_attachment_has_no_file"),
            ({"name": ""}, "attachment_has_its_name_and_type"),
            ({"type": ""}, "attachment_has_its_name_and_type"),
        ):
            refuses(name, lambda fields=fields: Attachment.objects.create(**good | fields))
