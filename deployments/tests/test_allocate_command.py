"""`manage.py allocate`: what it does, what it says, and with which code it leaves."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase

from cp2.tests import make
from deployments.models import AllocationRun, Deployment, RunStatus
from deployments.tests.allocating import Place


class CommandTests(TestCase):
    def setUp(self):
        self.place = Place(required=(1, 1), name="Westlands", county="Nairobi")
        self.exam = f"{self.place.exam.year}/{self.place.exam.code}"
        self.staff = make.user(is_superuser=True)

    def allocate(self, *args, exam=None):
        """What it says, and its exit code."""
        out, named = StringIO(), ["--exam", exam or self.exam]
        try:
            call_command("allocate", *named, *args, stdout=out, stderr=StringIO())
        except SystemExit as left:
            return out.getvalue(), left.code
        return out.getvalue(), 0

    def test_a_proposal_that_leaves_places_empty(self):
        self.place.applicant(near=self.place.stations[0])
        said, code = self.allocate("--sub-county", "Nairobi/westlands")
        assert code == 3
        assert "1 applicants, 1 of them eligible, 2 free places" in said
        assert "proposal: 1 filled (50.0 %), mean way 0.00 km, mean standing 22.0" in said
        assert "first come: 1 filled" in said
        assert AllocationRun.objects.get().status == RunStatus.DONE
        assert not Deployment.objects.exists()

    def test_confirmed_for_the_nation(self):
        for _each in range(2):
            self.place.applicant()
        said, code = self.allocate("--all", "--confirm", "--by", self.staff.username, "--seed", "7")
        assert code == 0
        assert "2 deployed, 0 refused" in said
        assert "seed 7" in said
        assert Deployment.objects.count() == 2
        run = AllocationRun.objects.get()
        assert (run.status, run.confirmed_by) == (RunStatus.CONFIRMED, self.staff)

    def test_a_county_with_a_second_round(self):
        other = Place(required=(1,), name="Starehe", county="Nairobi", exam=self.place.exam)
        other.applicant()
        other.applicant()
        said, code = self.allocate("--county", "Nairobi", "--spill", "county")
        assert "of which 1 in the second round" in said
        assert code == 3

    def test_what_is_not_there_is_said(self):
        Place(name="Central", county="Nairobi", exam=self.place.exam)
        Place(name="Central", county="Kisii", exam=self.place.exam)
        director = make.director(self.place.area)
        for args, words in (
            (["--all", "--confirm"], "Say with --by who confirms."),
            (["--all", "--by", director.username], "may not deploy at headquarters"),
            (["--all", "--by", "nobody"], "may not deploy at headquarters"),
            (["--all", "--seed", "-1"], "A seed is 0 or more."),
            (["--sub-county", "Atlantis"], "There is no sub-county Atlantis."),
            (["--sub-county", "Central"], "There are several: "),
            (["--county", "99"], "There is no county 99."),
            (["--all", "--whose", "scde"], "No station here is entitled"),
        ):
            with pytest.raises(CommandError, match=words):
                self.allocate(*args)
        for exam in ("2025", "x/y", "1999/1"):
            with pytest.raises(CommandError, match="There is no exam"):
                self.allocate("--all", exam=exam)
