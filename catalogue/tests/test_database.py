"""What the database itself refuses, past all of Python."""

from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from catalogue.models import (
    Activity,
    Bank,
    BankBranch,
    CentreEntry,
    County,
    DutyStation,
    ExamDay,
    MarkingEntry,
    Position,
    PositionTerms,
    SubCounty,
    Subject,
)
from cp2.tests import make


class Refuses(TestCase):
    def refuses(self, constraint, call, *args, **kwargs):
        with connection.cursor() as cursor:  # what would be checked at the end is checked at once
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            call(*args, **kwargs)
        name = refusal.value.__cause__.diag.constraint_name
        assert name == constraint or name.startswith(constraint)

    def refuses_change(self, constraint, row, **fields):
        """In one statement of plain SQL, with no model in between."""
        columns = ", ".join(f"{column} = %s" for column in fields)

        def change():
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {row._meta.db_table} SET {columns} WHERE id = %s",
                    [*fields.values(), row.pk],
                )

        self.refuses(constraint, change)


class Places(Refuses):
    def test_county_codes_are_the_official_ones(self):
        county = County.objects.first()
        for code in (0, 48):
            self.refuses_change("county_code_is_official", county, code=code)

    def test_one_county_of_a_code_and_of_a_name(self):
        one, two = County.objects.all()[:2]
        self.refuses_change("catalogue_county_code_key", two, code=one.code)
        self.refuses_change("catalogue_county_name_key", two, name=one.name)

    def test_one_sub_county_of_a_name_in_a_county(self):
        one = SubCounty.objects.first()
        self.refuses(
            "one_sub_county_of_a_name", SubCounty.objects.create, county=one.county, name=one.name
        )

    def test_a_county_with_sub_counties_does_not_go_away(self):
        county = County.objects.first()
        self.refuses(
            "catalogue_subcounty_county_id",
            County.objects.filter(pk=county.pk)._raw_delete,
            "default",
        )


class Stations(Refuses):
    def setUp(self):
        self.station = make.station()

    def test_known_kinds_and_levels_only(self):
        self.refuses_change("station_kind", self.station, kind="school")
        self.refuses_change("station_level", self.station, level="tertiary")

    def test_one_station_of_a_code(self):
        self.refuses("catalogue_dutystation_code_key", make.station, code=self.station.code)

    def test_codes_are_capitals_and_digits(self):
        for code in ("", "1", "12 34", "kisii", "1234-5", "1234567\n", "١٢٣٤"):
            self.refuses_change("station_code_is_plain", self.station, code=code)

    def test_stations_lie_in_kenya_or_nowhere(self):
        for latitude, longitude in ((51, 0), (0, 0), (7, 37), (-6, 37)):
            self.refuses_change(
                "station_lies_in_kenya", self.station, latitude=latitude, longitude=longitude
            )
        DutyStation.objects.update(latitude=Decimal("-1.28333"), longitude=Decimal("36.81667"))


class Exams(Refuses):
    def setUp(self):
        self.exam = make.exam()

    def test_one_exam_of_a_number_a_year(self):
        self.refuses(
            "one_exam_of_a_number_a_year", make.exam, year=self.exam.year, code=self.exam.code
        )

    def test_exams_run_forward(self):
        day = self.exam.starts_on
        self.refuses_change("exam_runs_forward", self.exam, ends_on=day - timedelta(days=1))
        self.refuses_change("exam_runs_forward", self.exam, rehearsal_on=day + timedelta(days=1))

    def test_registers_close_after_they_are_due_and_within_sixty_days(self):
        constraint = "registers_close_after_they_are_due"
        early = {"registers_close_after": 0, "registers_close_at": time(8)}
        self.refuses_change(constraint, self.exam, **early)
        self.refuses_change(constraint, self.exam, registers_close_after=61)

    def test_one_kind_a_day_and_known_kinds_only(self):
        day = self.exam.days.first()
        self.refuses(
            "one_kind_a_day_of_an_exam",
            ExamDay.objects.create,
            exam=self.exam,
            day=day.day,
            kind="practical",
        )
        self.refuses_change("day_kind", day, kind="holiday")

    def test_positions_have_their_own_code_and_a_known_office(self):
        position = make.position("INV")
        self.refuses_change("position_deployed_by", position, deployed_by="knec")
        self.refuses(
            "catalogue_position_code_key",
            Position.objects.create,
            code="INV",
            name="Another",
            rank=1,
        )

    def test_activities_have_their_own_name(self):
        activity = Activity.objects.first()
        self.refuses("catalogue_activity_name_key", Activity.objects.create, name=activity.name)


class Terms(Refuses):
    def setUp(self):
        self.terms = make.terms(make.exam(), make.position("INV"))

    def test_one_set_for_a_position(self):
        self.refuses(
            "one_set_of_terms_per_position",
            PositionTerms.objects.create,
            exam=self.terms.exam,
            position=self.terms.position,
            daily_rate=1,
        )

    def test_figures_make_sense(self):
        for constraint, fields in {
            "terms_ratio_is_positive": {"candidates_per_officer": 0},
            "terms_centres_ratio_is_positive": {"centres_per_officer": 0},
            "terms_counted_with_another_exam": {"counted_with_id": self.terms.exam_id},
            "terms_rate_not_negative": {"daily_rate": Decimal("-0.01")},
            "terms_leave_time_to_respond": {"days_to_respond": 0},
            "terms_station_kind": {"station_kind": "school"},
            "terms_qualification": {"lowest_qualification": "some"},
            "terms_school_levels": {"school_levels": ["secondary", "tertiary"]},
            "terms_paid_days": {"paid_days": ["theory", "holiday"]},
            "terms_own_school": {"at_own_school": "perhaps"},
            "terms_age_limit_is_an_age": {"oldest": 17},
        }.items():
            with self.subTest(constraint):
                self.refuses_change(constraint, self.terms, **fields)
        PositionTerms.objects.update(candidates_per_officer=None, daily_rate=0)


class Entries(Refuses):
    def setUp(self):
        self.entry = make.entry()

    def test_one_entry_of_a_centre_for_an_exam(self):
        self.refuses(
            "one_entry_per_exam",
            CentreEntry.objects.create,
            exam=self.entry.exam,
            station=self.entry.station,
            candidates=1,
        )

    def test_distance_and_its_time_come_together_and_within_reason(self):
        now = timezone.now()
        for distance, given in (
            (12, None),
            (Decimal("-0.1"), now),
            (Decimal("999.1"), now),
        ):
            self.refuses_change(
                "distance_has_its_time", self.entry, distance_km=distance, distance_given_at=given
            )
        CentreEntry.objects.update(distance_km=0, distance_given_at=now)

    def test_no_centre_hosts_itself(self):
        self.refuses_change("no_centre_hosts_itself", self.entry, host_id=self.entry.station_id)

    def test_candidates_are_not_negative(self):
        self.refuses_change("catalogue_centreentry_candidates_check", self.entry, candidates=-1)

    def test_what_candidates_need_is_known(self):
        self.refuses_change("entry_needs_are_known", self.entry, needs=["juggling"])


class Marking(Refuses):
    def test_a_subjects_code_is_three_digits(self):
        self.refuses("subject_code", Subject.objects.create, code="1A1", name="Juggling")

    def test_a_paper_is_of_its_subject(self):
        position = make.position("EXM-1")
        for fields in (
            {"paper": "101/1"},
            {"paper": "102/1", "subject_id": "101"},
            {"paper": "101", "subject_id": "101"},
        ):
            self.refuses_change("paper_is_of_the_subject", position, **fields)

    def test_a_marking_centre_takes_some_of_a_position_once(self):
        fields = {
            "exam": make.exam(),
            "station": make.station(kind="marking_centre"),
            "position": make.position("EXM-1"),
        }
        self.refuses("marking_entry_takes_some", MarkingEntry.objects.create, officers=0, **fields)
        MarkingEntry.objects.create(officers=1, **fields)
        self.refuses(
            "one_marking_entry_per_position", MarkingEntry.objects.create, officers=2, **fields
        )


class Banks(Refuses):
    def test_codes_have_two_and_three_digits(self):
        for code in ("1", "1A", "", "١٢"):
            self.refuses_change("bank_code", Bank.objects.first(), code=code)
        for code in ("1", "12", "12A", ""):
            self.refuses_change("branch_code", BankBranch.objects.first(), code=code)

    def test_one_bank_of_a_code_and_one_branch_of_a_code_in_it(self):
        bank = Bank.objects.first()
        self.refuses("catalogue_bank_code_key", Bank.objects.create, code=bank.code, name="Other")
        branch = bank.branches.first()
        self.refuses(
            "one_branch_of_a_code",
            BankBranch.objects.create,
            bank=bank,
            code=branch.code,
            name="Other",
        )
