"""Nobody copies a county page by page: looks at other people are counted, and there is an end."""

from django.core.files.base import ContentFile
from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import Office
from cp2.limits.models import Limit
from cp2.rules import Role
from cp2.season_picture import alarms
from cp2.tests import make
from profiles.looks import LIMIT, LIMITED, VIEWED
from profiles.models import Paper, PaperKind, PaperStatus


def allow(most):
    Limit.objects.filter(name=LIMIT).update(takes=most)


def page(officer):
    return reverse("profiles:area_officer", args=[officer.pk])


def paper(qualification):
    return reverse("profiles:certificate", args=[qualification.pk])


class Looking(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.director = make.director(self.place)
        self.officer = make.officer(sub_county=self.place)
        make.sign_in(self.client, self.director)

    def with_paper(self):
        qualification = make.qualification(self.officer)
        Paper.objects.create(
            officer=self.officer,
            qualification=qualification,
            kind=PaperKind.CERTIFICATE,
            file=ContentFile(b"%PDF-", name="x"),
            name="diploma.pdf",
            type="application/pdf",
            status=PaperStatus.CLEAN,
        )
        return qualification

    def looked(self):
        return Entry.objects.filter(verb=VIEWED).count()

    def test_a_hundred_looks_an_hour_are_allowed_and_the_next_is_not(self):
        assert list(Limit.objects.filter(name=LIMIT).values_list("takes", "seconds")) == [
            (100, 3600)
        ]
        for _ in range(100):
            assert self.client.get(page(self.officer)).status_code == 200

        response = self.client.get(page(self.officer))

        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 3900
        assert "Headquarters sees that this limit was reached" in response.text
        assert self.officer.national_id not in response.text
        assert self.looked() == 100

    def test_it_opens_again_when_the_hour_is_over(self):
        allow(1)
        self.client.get(page(self.officer))
        assert self.client.get(page(self.officer)).status_code == 429

        make.time_passes(minutes=66)

        assert self.client.get(page(self.officer)).status_code == 200

    def test_each_person_has_a_limit_of_their_own(self):
        allow(1)
        self.client.get(page(self.officer))
        make.sign_in(self.client, make.director(self.place))

        assert self.client.get(page(self.officer)).status_code == 200

    def test_the_list_stays_open(self):
        allow(0)

        assert self.client.get(page(self.officer)).status_code == 429
        assert self.client.get(reverse("profiles:area_officers")).status_code == 200

    def test_a_paper_of_a_page_that_is_open_is_the_same_look_and_still_recorded(self):
        allow(1)
        row = self.with_paper()
        self.client.get(page(self.officer))

        assert self.client.get(paper(row)).status_code == 200
        assert self.looked() == 2

    def test_a_paper_without_its_page_is_a_look(self):
        allow(1)
        row = self.with_paper()

        assert self.client.get(paper(row)).status_code == 200
        assert self.client.get(page(self.officer)).status_code == 429

    def test_ones_own_paper_is_no_look_at_another(self):
        allow(0)
        row = self.with_paper()
        self.client.force_login(self.officer.user)

        assert self.client.get(paper(row)).status_code == 200

    def test_headquarters_pages_of_an_officer_take_from_the_same_limit(self):
        allow(2)
        account = make.bank_account(self.officer)
        make.sign_in(self.client, make.user(is_superuser=True))
        urls = [
            reverse("admin:profiles_officer_change", args=[self.officer.pk]),
            reverse("admin:profiles_bankaccount_change", args=[account.pk]),
        ]

        assert [self.client.get(url).status_code for url in urls * 2] == [200, 200, 429, 429]

    def test_the_two_sides_of_a_merger_are_two_looks(self):
        allow(1)
        other = make.officer()
        make.sign_in(self.client, make.user(is_superuser=True))

        response = self.client.get(reverse("admin:merge", args=[self.officer.pk, other.pk]))

        assert response.status_code == 429
        assert other.national_id not in response.text


class Deciding(TestCase):
    def test_the_page_that_follows_a_decision_is_no_look_of_its_own(self):
        allow(1)
        place = make.sub_county()
        officer = make.officer(sub_county=place, vetting="pending")
        director = make.director(place)
        make.sign_in(self.client, director)
        assert self.client.get(page(officer)).status_code == 200

        url = reverse("profiles:vet_officer", args=[officer.pk])
        response = self.client.post(url, follow=True)

        assert response.status_code == 200
        assert self.client.get(page(officer)).status_code == 429


class Alarms(TestCase):
    def setUp(self):
        place = make.sub_county("Bomet East")
        self.director = make.director(place, Office.TSC, name="Naliaka Director")
        self.officer = make.officer(sub_county=place)
        self.headquarters = make.user(is_superuser=True)

    def look(self, times=1):
        make.sign_in(self.client, self.director)
        for _ in range(times):
            self.client.get(page(self.officer))

    def test_headquarters_sees_who_looked_too_often(self):
        allow(3)
        self.look(3)
        assert alarms(self.headquarters) == []

        self.look()

        (alarm,) = alarms(self.headquarters)
        assert alarm.text == "Naliaka Director looked at more than 3 officers in an hour."
        make.sign_in(self.client, self.headquarters)
        index = self.client.get(reverse("admin:index"))
        assert alarm.text in index.text
        trail = self.client.get(alarm.url).text
        assert VIEWED in trail

    def test_trying_on_fills_no_trail(self):
        allow(0)

        self.look(5)

        entry = Entry.objects.get(verb=LIMITED)
        assert (entry.actor, entry.details) == (
            self.director,
            {"officer": self.officer.pk, "most": 0},
        )

    def test_whoever_may_not_read_the_trail_sees_no_alarm(self):
        allow(0)
        self.look()

        assert alarms(make.user(Role.STAFF)) == []
        make.sign_in(self.client, make.user(Role.STAFF))
        assert "looked at more than" not in self.client.get(reverse("admin:index")).text
