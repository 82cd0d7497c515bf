"""Stepping back, and applying afresh."""

import threading

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make
from sms.models import Message
from vacancies import services
from vacancies.models import Application, ApplicationStatus

ALLOWED = {ApplicationStatus.SUBMITTED, ApplicationStatus.NOMINATED}


def url(application):
    return reverse("vacancies:withdraw", args=[application.pk])


class Withdrawing(WebTest):
    def setUp(self):
        self.application = make.application()
        self.officer = self.application.officer

    def withdraw(self):
        listed = self.app.get(reverse("vacancies:applications"), user=self.officer.user)
        page = listed.click("Withdraw Application")
        form = next(f for f in page.forms.values() if "Withdraw Application" in f.text)
        return form.submit().follow()

    def test_withdrawn_from_the_list_and_told(self):
        page = self.withdraw()

        self.application.refresh_from_db()
        assert self.application.status == ApplicationStatus.WITHDRAWN
        assert "Your application is withdrawn. You may apply afresh at any time." in page
        assert "Withdraw Application" not in page
        entry = Entry.objects.get()
        assert (entry.verb, entry.actor) == ("application.withdrawn", self.officer.user)
        assert self.application.reference in Message.objects.get().text

    def test_the_button_is_red(self):
        page = self.app.get(reverse("vacancies:applications"), user=self.officer.user)

        assert page.html.find("a", class_="btn-danger", string="Withdraw Application")

    def test_afterwards_one_may_apply_afresh(self):
        self.withdraw()

        again = services.apply(self.application.vacancy, officer=self.officer, by=self.officer.user)
        assert again.pk != self.application.pk
        assert again.status == ApplicationStatus.SUBMITTED

    def test_twice_is_once(self):
        services.withdraw(self.application, by=self.officer.user)
        services.withdraw(self.application, by=self.officer.user)

        assert Message.objects.count() == Entry.objects.count() == 1

    def test_deployed_officer_is_refused_and_nothing_is_written(self):
        Application.objects.update(status=ApplicationStatus.DEPLOYED)

        self.client.force_login(self.officer.user)
        page = self.client.post(url(self.application), follow=True).text

        assert "This application is deployed, so it cannot be withdrawn." in page
        assert not Entry.objects.exists()
        assert not Message.objects.exists()
        page = self.client.get(url(self.application)).text
        assert "This application is deployed, so it cannot be withdrawn." in page

    def test_list_takes_as_many_queries_for_30_as_for_one(self):
        self.client.force_login(self.officer.user)

        def count():
            with CaptureQueriesContext(connection) as queries:
                self.client.get(reverse("vacancies:applications"))
            return len(queries)

        count()
        before = count()
        for _ in range(30):
            make.application(ApplicationStatus.WITHDRAWN, officer=self.officer)
        assert count() == before <= 8

    def test_an_empty_list_says_what_to_do(self):
        page = self.app.get(reverse("vacancies:applications"), user=make.officer().user)

        assert "You have not applied yet" in page
        assert page.click("Search vacancies").status_code == 200


class EachStatus(TestCase):
    def test_each_is_allowed_or_refused(self):
        for status in ApplicationStatus:
            application = make.application(status)
            with self.subTest(status):
                if status in ALLOWED or status == ApplicationStatus.WITHDRAWN:
                    services.withdraw(application, by=application.officer.user)
                    now = ApplicationStatus.WITHDRAWN
                else:
                    with pytest.raises(Refused, match="cannot be withdrawn"):
                        services.withdraw(application, by=application.officer.user)
                    now = status
                application.refresh_from_db()
                assert application.status == now
                assert application.may_be_withdrawn is False


class KeptOut(TestCase):
    def test_nobody_but_the_applicant(self):
        application = make.application()
        place = application.vacancy.sub_county
        assert self.client.post(url(application)).status_code == 302
        for user in (
            make.officer().user,
            make.user(Role.STAFF),
            make.centre(make.station()),
            make.director(place, Office.TSC),
            make.director(place, Office.SCDE),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(url(application)).status_code == 404
            assert self.client.post(url(application)).status_code == 404
        application.refresh_from_db()
        assert application.status == ApplicationStatus.SUBMITTED

    def test_the_list_is_for_officers_and_shows_their_own(self):
        make.application()
        for user in (make.user(Role.STAFF), make.centre(make.station())):
            make.sign_in(self.client, user)
            assert self.client.get(reverse("vacancies:applications")).status_code == 404
        make.sign_in(self.client, make.officer().user)
        assert "You have not applied yet" in self.client.get(reverse("vacancies:applications")).text

    def test_looking_withdraws_nothing(self):
        application = make.application()
        self.client.force_login(application.officer.user)
        self.client.get(url(application))

        application.refresh_from_db()
        assert application.status == ApplicationStatus.SUBMITTED
        for number in ("0", str(2**63), "9" * 31):
            assert self.client.get(f"/applications/{number}/withdraw/").status_code == 404


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_withdrawn_and_nominated_at_once_one_of_them_is_told_no():
    application = make.application(ApplicationStatus.SUBMITTED)
    director = make.director(application.vacancy.sub_county)
    start = threading.Barrier(2)
    refusals = []

    def one(act):
        start.wait()
        try:
            act()
        except Refused as refusal:
            refusals.append(str(refusal))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=one, args=[act])
        for act in (
            lambda: services.mark_deployed(application, by=director),
            lambda: services.withdraw(application, by=application.officer.user),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    application.refresh_from_db()
    assert len(refusals) == 1
    assert application.status in (ApplicationStatus.DEPLOYED, ApplicationStatus.WITHDRAWN)
    assert Entry.objects.count() == 1
