"""Who can sign in to the sample season: each really can, and no password is kept anywhere."""

import json
from base64 import b32decode
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

import accounts.services
from accounts.models import Entry, User
from catalogue.models import CentreEntry, Office
from cp2.rules import Role
from cp2.season.build import build
from deployments.models import Deployment, DeploymentStatus
from profiles.models import Officer
from sms.models import Message


def people(*words: str) -> str:
    out = StringIO()
    call_command("people", *words, stdout=out)
    return out.getvalue()


def listed() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(people("--json"))
    return found


class PeopleTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        build("tiny", 1, timezone.localdate(), lambda what: None)

    def user(self, person: dict[str, str]) -> User:
        return User.objects.get(username=person["username"])

    def of(self, role: str) -> list[dict[str, str]]:
        return [person for person in listed() if person["role"] == role]

    def sign_in(self, person: dict[str, str]) -> Any:
        self.client.logout()
        return self.client.post(
            reverse("accounts:login"),
            {"username": person["username"], "password": person["password"]},
        )

    # Who they are

    def test_each_is_told_with_the_same_columns(self):
        for person in listed():
            assert list(person) == ["role", "username", "password", "totp_secret", "scope"]
            assert all(person[column] for column in ("role", "username", "password", "scope"))

    def test_every_front_door_has_somebody(self):
        roles = [person["role"] for person in listed()]
        assert roles == [
            *["officer"] * 3,
            *["centre"] * 2,
            "TSC director",
            "SCDE director",
            *["headquarters"] * 7,
        ]

    def test_the_first_officer_has_an_offer_to_accept_and_a_complete_profile(self):
        officer = self.user(self.of("officer")[0]).officer
        assert officer.submitted_at is not None
        offer = Deployment.objects.get(officer=officer, status=DeploymentStatus.OFFERED)
        assert f"KCSE{offer.post.station.code}" == self.of("centre")[0]["username"]

    def test_the_second_officer_has_just_registered(self):
        officer = self.user(self.of("officer")[1]).officer
        assert (officer.full_name, officer.national_id) == ("", None)

    def test_the_first_centre_has_its_distance_to_give_and_the_second_has_not(self):
        first, second = (self.user(person).station for person in self.of("centre"))
        assert CentreEntry.objects.get(station=first).distance_km is None
        assert CentreEntry.objects.get(station=second).distance_km is not None

    def test_both_centres_have_officers_to_mark_today(self):
        for person in self.of("centre"):
            here = Deployment.objects.filter(post__station=self.user(person).station)
            assert here.serving_on(timezone.localdate()).count() >= 3

    def test_the_directors_share_the_sub_county_of_the_centres(self):
        tsc, scde = self.user(self.of("TSC director")[0]), self.user(self.of("SCDE director")[0])
        assert (tsc.office, scde.office) == (Office.TSC, Office.SCDE)
        centre = self.user(self.of("centre")[0]).station
        assert tsc.sub_county == scde.sub_county == centre.sub_county

    def test_headquarters_has_one_of_each_group_two_administrators_and_no_superuser(self):
        users = [self.user(person) for person in self.of("headquarters")]
        groups = [",".join(user.groups.values_list("name", flat=True)) for user in users]
        assert groups == [
            "Deployment",
            "Finance preparer",
            "Finance approver",
            "Helpdesk",
            "Auditor",
            "Administrator",
            "Administrator",
        ]
        assert not User.objects.filter(is_superuser=True).exists()

    # Signing in

    def test_each_signs_in_and_reaches_their_own_front_door(self):
        doors = {
            Role.CENTRE: reverse("centre"),
            Role.DIRECTOR: reverse("area"),
            Role.STAFF: reverse("admin:index"),
        }
        for person in listed():
            assert self.sign_in(person).status_code == 302, person
            home = self.client.get(reverse("home"))
            if person["totp_secret"]:
                assert home.url.startswith(reverse("accounts:code"))
                code = f"{totp(b32decode(person['totp_secret'])):06d}"
                self.client.post(reverse("accounts:code"), {"code": code})
                home = self.client.get(reverse("home"))
            door = doors.get(Role(self.user(person).role))
            assert (home.status_code, getattr(home, "url", None)) == (
                (302, door) if door else (200, None)
            ), person

    def test_only_those_with_power_over_others_need_a_code(self):
        for person in listed():
            assert bool(person["totp_secret"]) == self.user(person).has_power

    def test_the_passwords_are_good_ones(self):
        for person in listed():
            validate_password(person["password"], self.user(person))

    def test_all_others_of_a_kind_have_the_same_password(self):
        for person in listed():
            role = self.user(person).role
            assert set(User.objects.filter(role=role).values_list("password", flat=True)) == {
                self.user(person).password
            }

    def test_no_password_is_kept(self):
        kept = json.dumps(
            [
                *Entry.objects.values_list("details", flat=True),
                *Message.objects.values_list("text", flat=True),
                *Message.objects.values_list("context", flat=True),
                *User.objects.values_list("password", flat=True),
            ]
        )
        for person in listed():
            assert person["password"] not in kept

    # What changed since is not shown

    def test_whoever_chose_another_password_is_left_out(self):
        first = listed()[0]
        accounts.services.choose_password(self.user(first), "mine-Alone-4711")
        assert first["username"] not in [person["username"] for person in listed()]

    def test_whoever_has_another_one_time_code_is_left_out(self):
        director = self.of("TSC director")[0]
        TOTPDevice.objects.filter(user=self.user(director)).update(key="00" * 20)
        assert self.of("TSC director") == []

    def test_whoever_may_not_sign_in_is_left_out(self):
        User.objects.filter(username="auditor").update(is_active=False)
        assert "auditor" not in [person["username"] for person in listed()]

    # For people to read

    def test_the_table_fits_a_terminal(self):
        lines = people().splitlines()
        assert max(map(len, lines)) <= 100
        assert lines[0].split() == ["role", "user", "name", "password", "for"]

    def test_the_table_has_the_code_that_is_good_now(self):
        told = people()
        for person in self.of("headquarters"):
            assert person["totp_secret"] in told

    def test_production_refuses(self):
        with override_settings(PRODUCTION=True), pytest.raises(CommandError, match="production"):
            people()


class EmptyTests(TestCase):
    def test_without_a_season_it_says_what_to_do(self):
        assert people() == "No sample people. Run: manage.py season\n"
        assert listed() == []

    def test_others_who_have_accounts_are_not_told(self):
        user = User.objects.create_superuser("somebody", "chosen-Pass-42")
        assert str(user) not in people()
        assert not Officer.objects.exists()
