"""A TSC director looks at the officers of the own sub-county and says who is fit."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from profiles import services
from profiles.models import Officer, Vetting
from sms.models import Message

LIST = reverse("profiles:area_officers")
REASONS = {Vetting.BARRED: "Leaked a paper"}


def names(page):
    return [officer.full_name for officer in page.context["page"].object_list]


class TheList(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.place = make.sub_county()
        cls.director = make.director(cls.place)
        cls.one = make.officer(
            sub_county=cls.place,
            full_name="Atieno Ochieng",
            national_id="30000001",
            tsc_number="555111",
            phone="254711000111",
            vetting=Vetting.PENDING,
        )
        cls.two = make.officer(sub_county=cls.place, full_name="Barasa Wafula")
        make.officer(sub_county=cls.place, full_name="Not Submitted", submitted_at=None)
        make.officer(full_name="From Elsewhere")

    def setUp(self):
        make.sign_in(self.client, self.director)

    def test_it_shows_the_submitted_officers_of_the_own_sub_county_by_name(self):
        assert names(self.client.get(LIST)) == ["Atieno Ochieng", "Barasa Wafula"]

    def test_who_waits_comes_first_with_what_changed_since_they_were_vetted(self):
        vetted_at = make.moment("2025-05-03 09:00")
        Officer.objects.filter(pk=self.two.pk).update(
            vetting=Vetting.PENDING, vetted_at=vetted_at, changed_since="full_name,kra_pin"
        )
        Officer.objects.filter(pk=self.one.pk).update(vetting=Vetting.VETTED)

        page = self.client.get(LIST)

        assert names(page) == ["Barasa Wafula", "Atieno Ochieng"]
        said = "Was vetted on 3 May 2025; changed since: Full name, KRA PIN"
        assert said in page.text
        assert said in self.client.get(reverse("profiles:area_officer", args=[self.two.pk])).text

    def test_id_numbers_are_masked(self):
        text = self.client.get(LIST).text

        assert "•••••001" in text
        assert "30000001" not in text

    def test_one_finds_by_part_of_the_name_or_a_whole_number(self):
        for q in ("tieno", "30000001", "300 00 001", "555111", "0711 000 111", "254711000111"):
            assert names(self.client.get(LIST, {"q": q})) == ["Atieno Ochieng"], q
        for q in ("3000000", "55511", "From", "%", "_", "\\", "'", '"', "((((("):
            assert names(self.client.get(LIST, {"q": q})) == [], q

    def test_one_finds_by_vetting(self):
        assert names(self.client.get(LIST, {"vetting": "vetted"})) == ["Barasa Wafula"]
        assert names(self.client.get(LIST, {"vetting": "pending"})) == ["Atieno Ochieng"]

    def test_rubbish_in_the_search_finds_nothing_and_fails_nowhere(self):
        for q in ("\x00", "\u202e", "x" * 5000, "9" * 5000):
            assert names(self.client.get(LIST, {"q": q})) == []
        assert names(self.client.get(LIST, {"vetting": "x"})) == []
        for page in ("0", "-1", "x", "9" * 5000, "٣"):
            assert self.client.get(LIST, {"page": page}).status_code == 200
        assert self.client.get(LIST, {"_connector": "OR", "password": "a"}).status_code == 200

    def test_it_takes_as_many_queries_with_many_officers_as_with_one(self):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                self.client.get(LIST)
            return len(captured)

        few = queries()
        for _ in range(40):
            make.officer(sub_county=self.place)
        assert queries() == few <= 8

    def test_it_has_pages(self):
        for _ in range(30):
            make.officer(sub_county=self.place)

        assert len(names(self.client.get(LIST))) == 25
        assert len(names(self.client.get(LIST, {"page": 2}))) == 7

    def test_b_022_numbers_that_differ_only_by_a_nought_are_pointed_out(self):
        make.officer(national_id="030000001")

        assert "Perhaps two accounts" in self.client.get(LIST).text
        url = reverse("profiles:area_officer", args=[self.one.pk])
        assert "It may be the same person" in self.client.get(url).text

    def test_a_name_in_another_direction_stands_by_itself(self):
        make.officer(sub_county=self.place, full_name="فاطمة علي")

        assert "<bdi>فاطمة علي</bdi>" in self.client.get(LIST).text

    def test_ticking_many_vets_those_that_wait(self):
        page = self.client.post(
            reverse("profiles:vet_officers"), {"officer": [self.one.pk, self.two.pk]}, follow=True
        )

        self.one.refresh_from_db()
        assert "1 officer is vetted" in page.text
        assert self.one.vetting == Vetting.VETTED
        assert (timezone.now() - self.one.vetted_at).total_seconds() < 60
        entry = Entry.objects.get(verb="officer.vetted")
        assert (entry.subject_id, entry.actor) == (self.one.pk, self.director)

    def test_ticking_none_or_a_stranger_vets_nobody(self):
        stranger = make.officer(vetting=Vetting.PENDING)
        for ticked in ([], [stranger.pk], ["x"], ["9" * 30], ["9" * 5000], [self.one.pk, "\x00"]):
            page = self.client.post(
                reverse("profiles:vet_officers"), {"officer": ticked}, follow=True
            )
            assert "alert-error" in page.text, ticked
        assert not Entry.objects.exists()
        assert Officer.objects.filter(vetting=Vetting.PENDING).count() == 2

    def test_the_education_office_sees_the_list_but_vets_nobody(self):
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        page = self.client.get(LIST)
        assert names(page) == ["Atieno Ochieng", "Barasa Wafula"]
        assert 'name="officer"' not in page.text

        self.client.post(reverse("profiles:vet_officers"), {"officer": [self.one.pk]})
        self.client.post(reverse("profiles:vet_officer", args=[self.one.pk]))

        self.one.refresh_from_db()
        assert self.one.vetting == Vetting.PENDING


class OneOfficer(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.director = make.director(self.place)
        self.officer = make.officer(sub_county=self.place, vetting=Vetting.PENDING)
        make.sign_in(self.client, self.director)

    def url(self, name, officer=None):
        return reverse(f"profiles:{name}", args=[(officer or self.officer).pk])

    def test_the_page_shows_the_numbers_and_writes_down_who_looked(self):
        page = self.client.get(self.url("area_officer"))

        assert self.officer.national_id in page.text
        entry = Entry.objects.get()
        assert (entry.verb, entry.actor) == ("officer.viewed", self.director)

    def test_the_page_takes_few_queries(self):
        make.work(self.officer)
        make.qualification(self.officer)
        with CaptureQueriesContext(connection) as queries:
            self.client.get(self.url("area_officer"))
        of_the_limit = ("SAVEPOINT", "limits_")
        asked = [each for each in queries if not any(word in each["sql"] for word in of_the_limit)]
        # and who looked, what the registers say, and where they have an interest
        assert len(asked) <= 8 + 3

    def test_vetting(self):
        page = self.client.post(self.url("vet_officer"), follow=True)

        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.VETTED
        assert "is vetted" in page.text
        assert not Message.objects.exists()

    def test_barring_needs_a_reason_which_the_officer_gets_by_text(self):
        url = self.url("bar_officer")
        assert "Say why" in self.client.post(url, {"reason": ""}).text

        self.client.post(url, {"reason": "Leaked a paper in 2023"})

        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.BARRED
        assert self.officer.vetting_reason == "Leaked a paper in 2023"
        message = Message.objects.get()
        assert message.to == self.officer.phone
        assert "Leaked a paper in 2023" in message.text
        assert Entry.objects.filter(verb="officer.barred").exists()

    def test_a_bar_is_lifted_and_the_officer_told(self):
        Officer.objects.update(vetting=Vetting.BARRED, vetting_reason="Leaked a paper")

        self.client.post(self.url("vet_officer"))

        self.officer.refresh_from_db()
        assert (self.officer.vetting, self.officer.vetting_reason) == (Vetting.VETTED, "")
        assert Message.objects.get().template == "profiles/bar_lifted"

    def test_officers_of_other_places_or_not_submitted_are_not_there(self):
        for other in (make.officer(), make.officer(sub_county=self.place, submitted_at=None)):
            assert self.client.get(self.url("area_officer", other)).status_code == 404
            assert self.client.post(self.url("vet_officer", other)).status_code == 404
            assert self.client.post(self.url("bar_officer", other)).status_code == 404

    def test_numbers_beyond_the_database_are_not_found(self):
        for name in ("area_officer", "bar_officer"):
            url = self.url(name).replace(f"/{self.officer.pk}/", f"/{10**30}/")
            assert self.client.get(url).status_code == 404

    def test_nothing_is_decided_by_a_get(self):
        assert self.client.get(self.url("vet_officer")).status_code == 405
        assert self.client.get(reverse("profiles:vet_officers")).status_code == 405


class Doors(TestCase):
    def test_only_directors_have_an_area(self):
        officer = make.officer()
        urls = [LIST] + [
            reverse(f"profiles:{name}", args=[officer.pk])
            for name in ("area_officer", "bar_officer")
        ]
        station = make.station(sub_county=officer.sub_county)
        for user in (officer.user, make.centre(station), make.user(is_superuser=True)):
            make.sign_in(self.client, user)
            for url in urls:
                assert self.client.get(url).status_code == 404
            assert self.client.post(urls[-1], {"reason": "x"}).status_code == 404
        self.client.logout()
        for url in urls:
            assert self.client.get(url).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("status", Vetting)
@pytest.mark.parametrize("before", Vetting)
def test_each_move_is_allowed_or_refused(before, status):
    officer = make.officer(vetting=before, vetting_reason=REASONS.get(before, ""))
    director = make.director(officer.sub_county)
    if status in Officer.MOVES[before] or status == before:
        services.vet(officer, status=status, reason=REASONS.get(status, ""), by=director)
        officer.refresh_from_db()
        assert officer.vetting == status
        assert Entry.objects.count() == (status != before)
    else:
        with pytest.raises(Refused):
            services.vet(officer, status=status, by=director)
        assert not Entry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["tsc elsewhere", "scde", "centre", "self", "staff", "finance"])
def test_nobody_else_vets_and_nothing_is_written(who):
    officer = make.officer(vetting=Vetting.PENDING)
    by = {
        "tsc elsewhere": lambda: make.director(make.sub_county()),
        "scde": lambda: make.director(officer.sub_county, Office.SCDE),
        "centre": lambda: make.centre(make.station(sub_county=officer.sub_county)),
        "self": lambda: officer.user,
        "staff": make.user,
        "finance": lambda: of_group("Finance approver"),
    }[who]()

    with pytest.raises(Refused):
        services.vet(officer, status=Vetting.VETTED, by=by)
    assert services.vet_many(Officer.objects.all(), by=by) == 0

    officer.refresh_from_db()
    assert officer.vetting == Vetting.PENDING
    assert not Entry.objects.exists()


def of_group(name):
    user = make.user()
    user.groups.add(Group.objects.get_or_create(name=name)[0])
    return user


@pytest.mark.django_db
def test_headquarters_vets_anywhere():
    officer = make.officer(vetting=Vetting.PENDING)

    services.vet(officer, status=Vetting.VETTED, by=make.user(is_superuser=True))

    officer.refresh_from_db()
    assert officer.vetting == Vetting.VETTED


@pytest.mark.django_db
def test_a_profile_that_is_not_submitted_is_not_vetted():
    officer = make.officer(vetting=Vetting.PENDING, submitted_at=None)

    with pytest.raises(Refused, match="not submitted"):
        services.vet(officer, status=Vetting.VETTED, by=make.director(officer.sub_county))
