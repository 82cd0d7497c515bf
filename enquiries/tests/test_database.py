"""The database itself refuses, whatever the code above it does."""

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase

from enquiries.models import Enquiry
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
