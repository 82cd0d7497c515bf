"""What the database refuses of investigations and of signals."""

from django.db.models.functions import Now
from django.test import TestCase

from claims.models import GhostSignal, Investigation
from claims.tests.test_database import refused
from cp2.tests import make


class Investigations(TestCase):
    def setUp(self):
        self.user = make.user()
        self.exam, self.station = make.exam(), make.station()
        self.open = self.make(reason="Leaked paper")

    def make(self, **fields):
        given = {"exam": self.exam, "station": self.station, "opened_by": self.user, **fields}
        return Investigation.objects.create(**given)

    def refuses(self, name, **fields):
        with refused(name):
            Investigation.objects.filter(pk=self.open.pk).update(**fields)

    def test_one_open_of_a_centre(self):
        with refused("one_open_investigation_of_a_centre"):
            self.make(reason="Again")

    def test_opened_with_a_reason(self):
        self.refuses("investigation_is_opened_with_a_reason", reason="")

    def test_closed_by_somebody_with_a_finding(self):
        name = "investigation_is_closed_with_a_finding"
        self.refuses(name, closed_at=Now())
        self.refuses(name, closed_at=Now(), closed_by=self.user)
        self.refuses(name, closed_by=self.user, finding="x")


class Signals(TestCase):
    def setUp(self):
        self.claim = make.claim()
        self.signal = self.make()

    def make(self, **fields):
        given = {"exam": self.claim.exam, "claim": self.claim, "code": "name_far", "weight": 20}
        return GhostSignal.objects.create(**{**given, **fields})

    def refuses(self, name, **fields):
        with refused(name):
            GhostSignal.objects.filter(pk=self.signal.pk).update(**fields)

    def test_one_of_a_kind_and_group(self):
        with refused("one_signal_of_a_kind_and_group"):
            self.make()

    def test_of_a_known_kind(self):
        self.refuses("known_ghost_signal", code="odd")

    def test_looked_at_by_somebody_with_a_finding(self):
        name = "signal_is_looked_at_with_a_finding"
        self.refuses(name, looked_at=Now())
        self.refuses(name, looked_at=Now(), looked_by=make.user())
        self.refuses(name, finding="x")
