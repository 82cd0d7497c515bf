"""The database itself refuses, whatever the code above it does."""

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase

from enquiries.models import Enquiry
from enquiries.tests.test_appeal import make_appeal
from enquiries.tests.test_ask import ask


class Enquiries(TestCase):
    def test_unknown_status_or_category(self):
        ask()
        for fields, name in (
            ({"status": "lost"}, "enquiry_status"),
            ({"category": "gossip"}, "enquiry_category"),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                Enquiry.objects.update(**fields)

    def test_an_appeal_is_for_headquarters_and_of_an_officer(self):
        appeal = make_appeal()
        for fields in ({"status": "open"}, {"officer": None}):
            with (
                pytest.raises(IntegrityError, match="appeal_is_for_headquarters"),
                transaction.atomic(),
            ):
                Enquiry.objects.filter(pk=appeal.pk).update(**fields)

    def test_an_officer_has_one_appeal_at_a_time(self):
        appeal = make_appeal()
        other = ask(appeal.officer)
        Enquiry.objects.filter(pk=other.pk).update(status="answered")
        with pytest.raises(IntegrityError, match="one_appeal_at_a_time"), transaction.atomic():
            Enquiry.objects.filter(pk=other.pk).update(category="appeal")
        Enquiry.objects.filter(pk=appeal.pk).update(status="closed")
        Enquiry.objects.filter(pk=other.pk).update(category="appeal")
