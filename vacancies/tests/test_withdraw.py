"""Stepping back, and applying afresh."""

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import deployments.services
from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make
from cp2.tests.races import at_once, split
from deployments.models import Deployment
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
        assert self.application.reference in page
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


class Lives(WebTest):
    """What became of an application, on its own page and in the list."""

    def setUp(self):
        self.application = services.apply(
            make.vacancy(), officer=(officer := make.officer()), by=officer.user
        )
        self.officer = officer
        self.director = make.director(self.application.vacancy.sub_county)

    def get(self, name="application"):
        args = [self.application.pk] if name == "application" else []
        page = self.app.get(reverse(f"vacancies:{name}", args=args), user=self.officer.user)
        return page, " ".join(page.html.find("main").get_text(" ", strip=True).split())

    def test_each_step_is_told_with_its_time_in_both(self):
        services.nominate(self.application, by=self.director)
        services.mark_deployed(self.application, by=self.director)
        services.release(self.application, by=self.director)
        services.withdraw(self.application, by=self.officer.user)

        when = {
            entry.verb: f"{timezone.localtime(entry.at):%-d %b %Y, %H:%M}"
            for entry in Entry.objects.about(self.application)
        }
        life = [
            f"{words} {when[f'application.{verb}']}"
            for words, verb in (
                ("Submitted", "made"),
                ("Nominated", "nominated"),
                ("Deployed", "deployed"),
                ("Deployment ended, nominated again", "released"),
                ("Withdrawn", "withdrawn"),
            )
        ]
        assert " ".join(life) in self.get()[1]
        assert " → ".join(life) in self.get("applications")[1]

    def test_who_decided_is_not_told(self):
        services.nominate(self.application, by=self.director)

        assert self.director.name not in self.get()[1]

    def test_each_status_says_what_happens_next(self):
        place = self.application.vacancy.sub_county
        assert f"The office in {place} looks at all applications" in self.get()[1]
        services.nominate(self.application, by=self.director)
        assert "You are on the list for deployment." in self.get()[1]
        assert "Thank you for submitting" not in self.get()[1]
        services.mark_deployed(self.application, by=self.director)
        page, words = self.get()
        assert "You have a place." in words
        assert "Withdraw Application" not in words
        assert page.html.find("a", href=reverse("deployments:list"), class_="btn-primary")

    def test_unsuccessful_says_why(self):
        services.mark_unsuccessful(self.application, reason="Places are filled", by=self.director)

        for name in ("application", "applications"):
            assert "Places are filled" in self.get(name)[1]
        assert "You may apply for another vacancy that is open." in self.get()[1]

    def test_withdrawn_leads_back_to_the_vacancy_while_it_is_open(self):
        services.withdraw(self.application, by=self.officer.user)

        page, words = self.get()
        assert "It is no longer considered." in words
        assert "Submit Application" in page.click("Apply afresh")
        type(self.application.vacancy).objects.update(closes_at=timezone.now())
        assert "Apply afresh" not in self.get()[1]

    def test_one_without_a_trail_began_when_it_was_made(self):
        self.application = make.application(officer=self.officer)

        began = timezone.localtime(Application.objects.get(pk=self.application.pk).submitted_at)
        assert f"Submitted {began:%-d %b %Y, %H:%M}" in self.get()[1]


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
            page = reverse("vacancies:application", args=[application.pk])
            assert self.client.get(page).status_code == 404
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
def test_withdrawn_and_deployed_at_once_one_of_them_is_told_no():
    application = make.application(ApplicationStatus.SUBMITTED)
    director = make.director(application.vacancy.sub_county)

    _done, refused = split(
        at_once(
            lambda: services.mark_deployed(application, by=director),
            lambda: services.withdraw(application, by=application.officer.user),
        )
    )

    application.refresh_from_db()
    assert len(refused) == 1
    assert application.status in (ApplicationStatus.DEPLOYED, ApplicationStatus.WITHDRAWN)
    assert Entry.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("_again", range(3))
def test_withdrawn_nominated_and_deployed_at_once_ends_in_one_life(_again):
    """Whatever the order, what is written is what the order allows, and no more."""
    application = make.application()
    vacancy = application.vacancy
    officer, director = application.officer, make.director(vacancy.sub_county)
    make.terms(vacancy.exam, vacancy.position)
    post = make.post(
        exam=vacancy.exam,
        position=vacancy.position,
        station=make.station(sub_county=vacancy.sub_county),
    )

    withdrawn, nominated, deployed = at_once(
        lambda: services.withdraw(application, by=officer.user),
        lambda: services.nominate(application, by=director),
        lambda: deployments.services.deploy(
            post, officer=officer, application=application, by=director
        ),
    )

    application.refresh_from_db()
    verbs = list(
        Entry.objects.filter(subject_type="vacancies.application")
        .order_by("pk")
        .values_list("verb", flat=True)
    )
    live = Deployment.objects.live().count()
    if isinstance(withdrawn, Refused):
        assert application.status == ApplicationStatus.DEPLOYED
        assert verbs[-1] == "application.deployed"
        assert live == 1
        assert not isinstance(deployed, Refused)
    else:
        assert application.status == ApplicationStatus.WITHDRAWN
        assert verbs[-1] == "application.withdrawn"
        assert live == 0
        assert isinstance(deployed, Refused)
    assert ("application.nominated" in verbs) == (not isinstance(nominated, Refused))
