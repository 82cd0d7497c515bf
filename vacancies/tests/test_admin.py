"""Headquarters looks, nominates, and cannot type a status over."""

from django.contrib.auth.models import Group
from django.test import TestCase
from django.urls import reverse

from cp2.rules import Role
from cp2.tests import make
from vacancies.models import ApplicationStatus

APPLICATIONS = reverse("admin:vacancies_application_changelist")


class Headquarters(TestCase):
    def setUp(self):
        self.application = make.application(officer=make.officer(national_id="31234567"))
        self.sign_in("Deployment")

    def sign_in(self, group):
        self.user = make.user(Role.STAFF)
        self.user.groups.add(Group.objects.get(name=group))
        make.sign_in(self.client, self.user)

    def nominate(self):
        return make.act(self.client, APPLICATIONS, "nominate", self.application)

    def test_lists_show_ids_masked_and_are_searched_by_whole_numbers(self):
        make.application()
        page = self.client.get(APPLICATIONS, {"q": "31234567"})

        assert page.context["cl"].result_count == 1
        self.assertContains(page, "…567")
        assert self.client.get(APPLICATIONS, {"q": "3123"}).context["cl"].result_count == 0

    def test_nominates_through_the_service(self):
        assert "1 applicant nominated." in self.nominate().text
        assert "cannot be nominated" in self.nominate().text
        self.application.refresh_from_db()
        assert self.application.status == ApplicationStatus.NOMINATED

    def test_helpdesk_may_look_but_not_nominate(self):
        self.sign_in("Helpdesk")
        self.nominate()

        assert self.client.get(APPLICATIONS).status_code == 200
        self.application.refresh_from_db()
        assert self.application.status == ApplicationStatus.SUBMITTED

    def test_nothing_of_an_application_can_be_typed_over(self):
        url = reverse("admin:vacancies_application_change", args=[self.application.pk])
        self.client.post(url, {"status": "deployed", "reference": "x", "reason": "x"})

        self.application.refresh_from_db()
        assert self.application.status == ApplicationStatus.SUBMITTED
        for verb in ("add", "delete"):
            args = [] if verb == "add" else [self.application.pk]
            url = reverse(f"admin:vacancies_application_{verb}", args=args)
            assert self.client.get(url).status_code == 404

    def test_vacancies_are_listed_with_their_applicants_and_never_deleted(self):
        page = self.client.get(reverse("admin:vacancies_vacancy_changelist"))
        assert [vacancy.live for vacancy in page.context["cl"].result_list] == [1]
        args = [self.application.vacancy_id]
        assert (
            self.client.get(reverse("admin:vacancies_vacancy_change", args=args)).status_code == 200
        )
        url = reverse("admin:vacancies_vacancy_delete", args=args)
        assert self.client.get(url).status_code == 404
