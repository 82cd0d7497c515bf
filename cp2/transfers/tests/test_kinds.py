"""What each kind of file may say, and what it writes."""

from decimal import Decimal

import pytest
from django.test import TestCase

from accounts.models import Entry, User
from catalogue.models import CentreEntry, DutyStation, PositionTerms, SubCounty
from claims.models import MarkingRate, RateChange, TaxRule
from cp2.opening.models import Carried
from cp2.opening.services import unconfirmed
from cp2.rights.models import RatesSeen
from cp2.rules import Refused, Role
from cp2.tests import make
from cp2.transfers.kinds import KINDS
from cp2.transfers.models import ImportStatus
from cp2.transfers.tests.files import applied, csv, imported, read, said, xlsx
from profiles.models import Officer
from sms.models import Message


class SubCounties(TestCase):
    def setUp(self):
        self.by = make.user()

    def test_new_ones_are_added_and_those_that_are_there_stay(self):
        there = make.sub_county("Bonchari", "Kisii")
        file = csv(["County", "Sub county"], ["kisii", "Bonchari"], ["17", "New Place"])

        coming = imported("subcounties", file, by=self.by)

        assert coming.status == ImportStatus.APPLIED
        done = {"lines": 2, "new": 1, "changed": 0, "unchanged": 1, "wrong": 0}
        assert coming.counts == done
        assert SubCounty.objects.filter(pk=there.pk, name="Bonchari").exists()
        assert SubCounty.objects.filter(name="New Place").count() == 1

    def test_a_line_that_is_wrong_is_named_and_nothing_is_applied(self):
        file = csv(
            ["county", "sub_county"],
            ["Kisii", "One"],
            ["Atlantis", "Two"],
            ["Kisii", "one"],
            ["Kisii", ""],
        )

        coming = read("subcounties", file, by=self.by)

        assert coming.counts["wrong"] == 3
        assert said(coming) == [
            (3, "“Atlantis” is none of the 47 counties."),
            (4, "The same stands in line 2."),
            (5, "sub_county: this is missing."),
        ]


class Stations(TestCase):
    HEADING = ["code", "name", "kind", "county", "sub_county"]

    def setUp(self):
        self.by = make.user()
        self.place = make.sub_county("Bonchari", "Kisii")

    def line(self, code, name="A school", kind="Examination Centre"):
        return [code, name, kind, "Kisii", "Bonchari"]

    def test_new_and_changed_are_told_apart_with_what_changes(self):
        make.station(code="40718101", name="Old name", sub_county=self.place, location="Hill")
        file = csv(self.HEADING, self.line("40718101", "New name"), self.line("40718102"))

        coming = read("stations", file, by=self.by)

        assert (coming.counts["new"], coming.counts["changed"]) == (1, 1)
        ((line, name, changes),) = coming.samples
        assert (line, name) == (2, "40718101 New name")
        assert ["name", "Old name", "New name"] in changes
        assert not DutyStation.objects.filter(code="40718102").exists()

        applied(coming, by=self.by)

        old = DutyStation.objects.get(code="40718101")
        assert (old.name, old.location) == ("New name", "Hill")
        new = DutyStation.objects.get(code="40718102")
        assert (new.sub_county, new.level, new.latitude) == (self.place, "", None)
        told = Entry.objects.filter(verb__startswith="station.").order_by("verb")
        assert list(told.values_list("verb", "subject_id")) == [
            ("station.added", new.pk),
            ("station.changed", old.pk),
        ]
        assert Entry.objects.about(coming).filter(verb="import.applied").exists()

    def test_a_station_that_serves_an_exam_keeps_its_kind(self):
        entry = make.entry()
        file = csv(self.HEADING, self.line(entry.station.code, kind="marking_centre"))

        coming = read("stations", file, by=self.by)

        assert "serves an exam already" in said(coming)[0][1]

    def test_a_workbook_reads_as_a_csv_file_does(self):
        file = xlsx([*self.HEADING, "latitude", "longitude"], [*self.line("A1B2"), -0.677, 34.771])

        imported("stations", file, by=self.by)

        assert DutyStation.objects.get(code="A1B2").latitude == Decimal("-0.67700")

    def test_half_a_place_on_the_map_is_none(self):
        file = csv([*self.HEADING, "latitude", "longitude"], [*self.line("A1B2"), "-0.6", ""])

        assert said(read("stations", file, by=self.by)) == [
            (2, "Give both the latitude and the longitude, or neither.")
        ]


class Entries(TestCase):
    def setUp(self):
        self.by = make.user()
        self.exam = make.exam()

    def test_entries_of_the_exam_are_written_and_distances_stay(self):
        entry = make.entry(exam=self.exam, candidates=10)
        other = make.station()
        file = csv(
            ["centre", "candidates", "host", "papers"],
            [entry.station.code, 250, "", "101/1; 121/2"],
            [other.code, 12, entry.station.code, ""],
        )

        coming = imported("entries", file, by=self.by, exam=self.exam)

        assert (coming.counts["new"], coming.counts["changed"]) == (1, 1), coming.failure
        entry.refresh_from_db()
        assert (entry.candidates, entry.papers) == (250, ["101/1", "121/2"])
        hosted = CentreEntry.objects.get(exam=self.exam, station=other)
        assert (hosted.host, hosted.needs) == (entry.station, [])

    def test_centres_and_hosts_must_be_what_they_are_said_to_be(self):
        centre, lonely = make.station(), make.station()
        depot = make.station(kind="distribution_centre")
        file = csv(
            ["centre", "candidates", "distribution_centre", "host"],
            ["NOSUCH", 1, "", ""],
            [depot.code, 1, "", ""],
            [centre.code, 1, lonely.code, ""],
            [lonely.code, "many", "", ""],
        )

        coming = read("entries", file, by=self.by, exam=self.exam)

        assert [line for line, _text in said(coming)] == [2, 3, 4, 5]

    def test_the_host_is_entered_too(self):
        centre, host = make.station(), make.station()
        file = csv(["centre", "candidates", "host"], [centre.code, 1, host.code])

        coming = read("entries", file, by=self.by, exam=self.exam)

        assert "is not entered for this exam" in said(coming)[0][1]

    def carried(self, candidates):
        """An entry with last year's number."""
        entry = make.entry(exam=self.exam, candidates=candidates)
        Carried.objects.create(entry=entry, candidates=candidates)
        return entry

    def test_a_number_of_last_year_that_stands_in_the_file_is_this_years(self):
        same, other, left = (self.carried(number) for number in (40, 50, 60))
        file = csv(["centre", "candidates"], [same.station.code, 40], [other.station.code, 55])

        coming = read("entries", file, by=self.by, exam=self.exam)
        told = {"lines": 2, "new": 0, "changed": 1, "unchanged": 0, "wrong": 0, "confirmed": 1}
        assert coming.counts == told
        assert Carried.objects.count() == 3

        assert applied(coming, by=self.by).counts == told
        assert list(unconfirmed(self.exam)) == [left]
        assert Carried.objects.get().entry == left
        confirmed = Entry.objects.about(self.exam).get(verb="exam.entries_confirmed")
        assert confirmed.details == {"entries": 1, "import": coming.pk}

    def test_a_file_that_does_nothing_but_confirm_is_applied(self):
        entry = self.carried(40)
        file = csv(["centre", "candidates"], [entry.station.code, 40])

        assert imported("entries", file, by=self.by, exam=self.exam).status == ImportStatus.APPLIED
        assert not Carried.objects.exists()
        with pytest.raises(Refused, match="nothing new"):
            imported("entries", file, by=self.by, exam=self.exam)

    def test_a_number_that_goes_back_to_last_years_stays_this_years(self):
        entry = self.carried(40)
        for number in (41, 40):
            file = csv(["centre", "candidates"], [entry.station.code, number])
            imported("entries", file, by=self.by, exam=self.exam)
        assert not unconfirmed(self.exam).exists()


class Terms(TestCase):
    HEADING = ["position", "daily_rate", "paid_days", "vetting_required"]

    def setUp(self):
        self.by = make.user()
        self.exam = make.exam()
        self.position = make.position("INV")

    def test_terms_are_written_with_what_the_model_says_of_the_rest(self):
        file = csv(self.HEADING, ["INV", "1250.50", "rehearsal, theory", "no"])

        imported("terms", file, by=self.by, exam=self.exam)

        terms = PositionTerms.objects.get(exam=self.exam, position=self.position)
        assert (terms.daily_rate, terms.paid_days) == (Decimal("1250.50"), ["rehearsal", "theory"])
        assert (terms.vetting_required, terms.days_to_respond) == (False, 3)

    def test_terms_that_officers_are_deployed_on_stay(self):
        post = make.post(exam=self.exam, position=self.position)
        make.deployment(post=post)
        terms = PositionTerms.objects.filter(exam=self.exam, position=self.position).first()
        terms = terms or make.terms(self.exam, self.position)
        same = [terms.daily_rate, ", ".join(terms.paid_days), terms.vetting_required]

        coming = read("terms", csv(self.HEADING, ["INV", *same]), by=self.by, exam=self.exam)
        assert coming.counts["unchanged"] == 1, said(coming)

        coming = read(
            "terms", csv(self.HEADING, ["INV", 9999, *same[1:]]), by=self.by, exam=self.exam
        )
        assert "cannot be changed by a file" in said(coming)[0][1]

    def test_a_rate_is_not_changed_by_a_file_once_somebody_is_deployed_at_it(self):
        make.terms(self.exam, self.position, daily_rate=Decimal(550))
        file = csv(self.HEADING, ["invigilator", 9999, "theory", "yes"])
        coming = read("terms", file, by=self.by, exam=self.exam)
        assert (coming.counts["changed"], coming.wrong) == (1, 0)
        make.deployment(post=make.post(exam=self.exam, position=self.position))

        coming = applied(coming, by=self.by)

        assert coming.status == ImportStatus.FAILED
        assert "Officers are deployed on the terms of invigilator" in coming.failure
        terms = PositionTerms.objects.get(exam=self.exam, position=self.position)
        assert terms.daily_rate == 550

    def test_deployed_officers_get_no_first_rate_by_a_file_either(self):
        make.deployment(post=make.post(exam=self.exam, position=self.position))
        PositionTerms.objects.filter(exam=self.exam).delete()
        file = csv(self.HEADING, ["INV", 9999, "theory", "yes"])

        coming = read("terms", file, by=self.by, exam=self.exam)

        assert "cannot be changed by a file" in said(coming)[0][1]

    def test_what_is_confirmed_is_not_changed_by_a_file_and_the_rest_is(self):
        make.terms(self.exam, self.position, daily_rate=Decimal(550), paid_days=["theory"])
        file = csv(self.HEADING, ["INV", 9999, "theory", "no"])
        coming = read("terms", file, by=self.by, exam=self.exam)
        RatesSeen.objects.create(exam=self.exam, seen_by=make.user())

        coming = applied(coming, by=self.by)

        assert "What INV is paid is confirmed" in coming.failure
        for line in (["INV", 550, "rehearsal", "no"], ["SUP", 9999, "theory", "no"]):
            make.position("SUP")
            coming = read("terms", csv(self.HEADING, line), by=self.by, exam=self.exam)
            assert "is paid is confirmed" in said(coming)[0][1], line
        imported(
            "terms", csv(self.HEADING, ["INV", 550, "theory", "no"]), by=self.by, exam=self.exam
        )
        terms = PositionTerms.objects.get(exam=self.exam)
        assert (terms.daily_rate, terms.vetting_required) == (550, False)

    def test_a_figure_that_the_database_would_refuse_is_a_fault_of_its_line(self):
        for name in ("centres_per_officer", "candidates_per_officer", "days_to_respond"):
            file = csv([*self.HEADING, name], ["INV", 600, "theory", "yes", 0])
            coming = read("terms", file, by=self.by, exam=self.exam)
            assert [line for line, _text in said(coming)] == [2], name

    def test_nothing_else_that_is_paid_by_comes_as_a_file(self):
        paid_by = {MarkingRate, RateChange, TaxRule}
        assert not paid_by & {kind.model for kind in KINDS.values()}


class Officers(TestCase):
    HEADING = ["phone", "national_id", "full_name"]

    def setUp(self):
        self.by = make.user()

    def test_accounts_are_opened_without_a_text(self):
        file = csv(self.HEADING, ["0712 345 678", "23456781", "Wanjikũ Ng’ang’a"])

        coming = imported("officers", file, by=self.by)

        assert coming.counts["new"] == 1, coming.failure
        user = User.objects.get(username="254712345678")
        assert (user.role, user.phone, user.is_active) == (Role.OFFICER, "254712345678", True)
        assert not user.has_usable_password()
        assert (user.officer.full_name, user.officer.national_id) == (
            "Wanjikũ Ng'ang'a",
            "23456781",
        )
        assert not Message.objects.exists()
        assert Entry.objects.about(user.officer).filter(verb="officer.registered").exists()

    def test_they_are_told_how_to_get_a_password_if_that_is_asked_for(self):
        file = csv([*self.HEADING, "language"], ["0712345678", "23456781", "Akinyi", "sw"])

        imported("officers", file, by=self.by, tells=True)

        text = Message.objects.get()
        assert (text.to, text.kind) == ("254712345678", "bulk")
        assert "PASSWORD" in text.text

    def test_nothing_that_an_officer_typed_is_written_over(self):
        there = make.officer(national_id="34567812", full_name="Their Own Spelling")
        file = csv(self.HEADING, [there.phone, "34567812", "Another Spelling"])

        coming = read("officers", file, by=self.by)

        assert (coming.counts["unchanged"], coming.wrong) == (1, 0), said(coming)
        assert Officer.objects.get(pk=there.pk).full_name == "Their Own Spelling"

    def test_numbers_of_others_are_faults(self):
        there = make.officer(national_id="34567812", tsc_number="765432")
        file = csv(
            [*self.HEADING, "tsc_number"],
            [there.phone, "23456781", "Another Person", ""],
            [make.phone(), "34567812", "Same Person", ""],
            [make.phone(), "23456782", "Third Person", "765432"],
            [make.phone(), "23456783", "Fourth", ""],
            [make.phone(), "23456783", "Fifth", ""],
        )

        coming = read("officers", file, by=self.by)

        assert [line for line, _text in said(coming)] == [2, 3, 4, 6]
        assert "another ID number" in said(coming)[0][1]
        assert "another phone number" in said(coming)[1][1]
