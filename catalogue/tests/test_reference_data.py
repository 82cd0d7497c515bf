"""What ships with the portal: real places, banks and positions."""

import pytest
from django.test import TestCase

from catalogue.models import Activity, Bank, BankBranch, County, Office, Position, SubCounty

# by official code: how many constituencies each county has
COUNTS = {
    1: 6, 2: 4, 3: 7, 4: 3, 5: 2, 6: 4, 7: 6, 8: 6, 9: 6, 10: 4, 11: 2, 12: 9, 13: 3, 14: 4,
    15: 8, 16: 8, 17: 6, 18: 5, 19: 6, 20: 4, 21: 7, 22: 12, 23: 6, 24: 4, 25: 3, 26: 5, 27: 6,
    28: 4, 29: 6, 30: 6, 31: 3, 32: 11, 33: 6, 34: 5, 35: 6, 36: 5, 37: 12, 38: 5, 39: 9, 40: 7,
    41: 6, 42: 7, 43: 8, 44: 8, 45: 9, 46: 4, 47: 17,
}  # fmt: skip


class Places(TestCase):
    def test_all_47_counties_by_their_official_codes(self):
        counties = dict(County.objects.values_list("code", "name"))

        assert sorted(counties) == list(range(1, 48))
        assert {code: counties[code] for code in (1, 16, 22, 32, 37, 42, 45, 47)} == {
            1: "Mombasa",
            16: "Machakos",
            22: "Kiambu",
            32: "Nakuru",
            37: "Kakamega",
            42: "Kisumu",
            45: "Kisii",
            47: "Nairobi",
        }

    def test_all_290_sub_counties_in_their_counties(self):
        counts = {county.code: county.sub_counties.count() for county in County.objects.all()}

        assert SubCounty.objects.count() == sum(COUNTS.values()) == 290
        assert counts == COUNTS

    def test_some_are_where_they_belong(self):
        for name, county in {
            "Westlands": "Nairobi",
            "Bonchari": "Kisii",
            "Changamwe": "Mombasa",
            "Turkana South": "Turkana",
        }.items():
            assert SubCounty.objects.get(name=name).county.name == county


class Others(TestCase):
    def test_positions_in_their_order_and_who_deploys_them(self):
        rows = list(Position.objects.values_list("code", "deployed_by"))

        assert rows[:4] == [("CM", "tsc"), ("SUP", "tsc"), ("INV", "tsc"), ("SEC", "scde")]
        assert set(Position.objects.values_list("deployed_by", flat=True)) == {"", *Office.values}

    def test_activities_by_their_fixed_names(self):
        assert Activity.objects.filter(name="Supervision & Invigilation of exams").exists()

    def test_every_bank_has_a_branch_to_choose(self):
        assert Bank.objects.count() >= 30
        assert not Bank.objects.filter(branches=None).exists()
        assert BankBranch.objects.count() >= 250


@pytest.mark.parametrize("model", [County, SubCounty, Bank, BankBranch, Position])
@pytest.mark.django_db
def test_no_name_has_stray_spaces(model):
    for name in model.objects.values_list("name", flat=True):
        assert name == " ".join(name.split()) != ""
