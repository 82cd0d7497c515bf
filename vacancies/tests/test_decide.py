"""The office nominates, or says no with a reason; what deployments do to an application."""

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make
from sms.models import Kind, Message
from vacancies import services
from vacancies.models import Application, ApplicationStatus

LIST = reverse("vacancies:area_applications")


class Deciding(TestCase):
    def setUp(self):
        self.place = make.sub_county("Bonchari")
        self.exam = make.exam()
        self.vacancy = make.vacancy(exam=self.exam, sub_county=self.place)
        self.director = make.director(self.place)
        make.sign_in(self.client, self.director)

    def applications(self, count, **fields):
        return [make.application(vacancy=self.vacancy, **fields) for _ in range(count)]

    def get(self, **query):
        return self.client.get(LIST, query)

    def post(self, verb, ticked, query="", **fields):
        url = reverse(f"vacancies:{verb}") + query
        numbers = [getattr(each, "pk", each) for each in ticked]
        return self.client.post(url, {"application": numbers, **fields}, follow=True)

    def test_the_list_shows_what_an_office_chooses_by(self):
        officer = make.officer(national_id="31234567")
        make.work(officer, institution="Uhuru Primary School")
        make.qualification(officer, level="degree")
        application = make.application(vacancy=self.vacancy, officer=officer)

        page = self.get()

        for words in (
            "•••••567",
            officer.phone,
            application.reference,
            "Degree",
            ">5<",
            "Teacher, Uhuru Primary School",
            "Vetted",
            "Submitted",
            "Invigilator, KCSE 2025",
            "1 application",
        ):
            self.assertContains(page, words)
        self.assertNotContains(page, "31234567")

    def test_ticked_are_nominated_and_told(self):
        one, two, three = self.applications(3)

        page = self.post("nominate", [one, two], "?status=submitted")

        assert page.redirect_chain == [(f"{LIST}?status=submitted", 302)]
        assert "2 applicants nominated." in page.text
        statuses = dict(Application.objects.values_list("pk", "status"))
        assert statuses == {one.pk: "nominated", two.pk: "nominated", three.pk: "submitted"}
        assert Message.objects.filter(text__contains="Bonchari has nominated you").count() == 2
        assert [each.actor for each in Entry.objects.filter(verb="application.nominated")] == [
            self.director
        ] * 2

    def test_many_are_told_in_turn_and_one_at_once(self):
        for verb, fields in (("nominate", {}), ("unsuccessful", {"reason": "All are filled"})):
            for ticked, kind in ((1, Kind.NOTICE), (2, Kind.BULK)):
                Message.objects.all().delete()
                self.post(verb, self.applications(ticked), **fields)
                assert list(Message.objects.values_list("kind", flat=True)) == [kind] * ticked

    def test_one_that_is_refused_holds_up_no_other(self):
        gone, here = self.applications(2)
        Application.objects.filter(pk=gone.pk).update(status=ApplicationStatus.WITHDRAWN)

        page = self.post("nominate", [gone, here]).text

        assert "This application is withdrawn, so it cannot be nominated." in page
        assert "1 applicant nominated." in page

    def test_unsuccessful_asks_for_the_reason_first(self):
        one, two = self.applications(2)

        asked = self.post("unsuccessful", [one, two])
        assert asked.context["form"].is_bound is False
        assert "These applications are not successful" in asked.text
        missing = self.post("unsuccessful", [one, two], reason=" ")
        assert "Enter the reason" in missing.text
        assert missing.text.count('name="application"') == 2
        assert not Entry.objects.exists()

        page = self.post("unsuccessful", [one, two], reason="All places are filled")
        assert "2 applicants told that it was not successful." in page.text
        one.refresh_from_db()
        assert (one.status, one.reason) == ("unsuccessful", "All places are filled")
        assert Message.objects.filter(text__contains="All places are filled").count() == 2
        entry = Entry.objects.filter(verb="application.turned_down").first()
        assert entry.details == {"reason": "All places are filled"}

    def test_nothing_ticked_says_so(self):
        for verb in ("nominate", "unsuccessful"):
            assert "Tick the applicants who" in self.post(verb, []).text

    def test_rubbish_among_the_ticks_is_passed_over(self):
        (one,) = self.applications(1)
        rubbish = ["x", "", "-1", "0", str(2**63), "9" * 31, "٣", "\0"]

        assert "1 applicant nominated." in self.post("nominate", [*rubbish, one]).text

    def test_search_by_name_number_and_phone(self):
        officer = make.officer(full_name="Wanjikũ Ng'ang'a Atieno", national_id="31234567")
        make.application(vacancy=self.vacancy, officer=officer)
        make.application(vacancy=self.vacancy, officer=make.officer(full_name="Barasa 100% Wafula"))
        local = f"0{officer.phone[3:6]} {officer.phone[6:]}"
        for words, found in {
            "atieno": 1,
            "ng'ang'a  atieno": 1,
            "31234567": 1,
            "3123": 1,
            officer.phone: 1,
            local: 1,
            "wafula": 1,
            "%": 1,
            "_": 0,
            "\\": 0,
            "'": 1,
            '"': 0,
            "nobody": 0,
            "٣": 0,
        }.items():
            with self.subTest(words):
                assert self.get(q=words).context["page"].paginator.count == found

    def test_filters(self):
        make.application(ApplicationStatus.NOMINATED, vacancy=self.vacancy)
        other = make.vacancy(sub_county=self.place, position=make.position("SUP"))
        make.application(vacancy=other)

        def count(**query):
            return self.get(**query).context["page"].paginator.count

        assert count() == 2
        assert count(status="nominated") == 1
        assert count(exam=other.exam_id) == 1
        assert count(position=self.vacancy.position_id) == 1
        assert count(exam=other.exam_id, position=self.vacancy.position_id) == 0

    def test_rubbish_in_a_filter_is_answered_in_words(self):
        self.applications(1)
        for rubbish in ("x", "0", "-1", "9" * 31, "٣", "\0", "\u202e", "a" * 5000, "((((("):
            for name in ("exam", "position", "status", "q", "page"):
                with self.subTest(name=name, rubbish=rubbish[:20]):
                    assert self.get(**{name: rubbish}).status_code == 200

    def test_as_many_queries_for_25_as_for_one(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                self.get()
            return len(queries)

        def applicant():
            officer = make.officer()
            make.work(officer)
            make.qualification(officer)
            make.application(vacancy=self.vacancy, officer=officer)

        applicant()
        count()
        before = count()
        for _ in range(24):
            applicant()
        assert count() == before == 8

    def test_pages_hold_25(self):
        self.applications(27)

        assert len(self.get().context["rows"]) == 25
        assert len(self.get(page=2).context["rows"]) == 2
        assert len(self.get(page="9" * 31).context["rows"]) == 2


class KeptOut(TestCase):
    def setUp(self):
        self.application = make.application()
        self.place = self.application.vacancy.sub_county

    def assert_untouched(self):
        self.application.refresh_from_db()
        assert self.application.status == ApplicationStatus.SUBMITTED
        assert not Message.objects.exists()

    def test_no_director_no_page(self):
        urls = [LIST, reverse("vacancies:nominate"), reverse("vacancies:unsuccessful")]
        for url in urls:
            assert self.client.get(url).status_code == 302
        for user in (make.officer().user, make.centre(make.station()), make.user(Role.STAFF)):
            make.sign_in(self.client, user)
            for url in urls:
                assert self.client.get(url).status_code == 404
                data = {"application": [self.application.pk], "reason": "no"}
                assert self.client.post(url, data).status_code == 404
        self.assert_untouched()

    def test_other_sub_county_and_other_office_neither_see_nor_decide(self):
        for user in (make.director(make.sub_county()), make.director(self.place, Office.SCDE)):
            make.sign_in(self.client, user)
            assert self.application.reference not in self.client.get(LIST).text
            for verb in ("nominate", "unsuccessful"):
                self.client.post(
                    reverse(f"vacancies:{verb}"),
                    {"application": [self.application.pk], "reason": "no"},
                )
            for act in (
                lambda user=user: services.nominate(self.application, by=user),
                lambda user=user: services.mark_unsuccessful(
                    self.application, reason="no", by=user
                ),
            ):
                with pytest.raises(Refused, match="Only the office that deploys this position"):
                    act()
        self.assert_untouched()

    def test_the_office_of_the_position_sees_it(self):
        guard = make.application(
            vacancy=make.vacancy(position=make.position("SEC"), sub_county=self.place)
        )
        make.sign_in(self.client, make.director(self.place, Office.SCDE))

        page = self.client.get(LIST).text
        assert guard.reference in page
        assert self.application.reference not in page

    def test_headquarters_deploys_what_no_office_does(self):
        examiner = make.position("EXM")
        examiner.deployed_by = ""
        examiner.save()
        application = make.application(
            vacancy=make.vacancy(position=examiner, sub_county=self.place)
        )
        for office in Office:
            user = make.director(self.place, office)
            assert not Application.objects.decidable_by(user).filter(pk=application.pk).exists()
            with pytest.raises(Refused):
                services.nominate(application, by=user)
        assert services.nominate(application, by=make.user(Role.STAFF))

    def test_decisions_go_by_post_only(self):
        make.sign_in(self.client, make.director(self.place))
        for verb in ("nominate", "unsuccessful"):
            assert self.client.get(reverse(f"vacancies:{verb}")).status_code == 405


ACTS = {
    "nominate": lambda application, by: services.nominate(application, by=by),
    "mark_unsuccessful": lambda application, by: services.mark_unsuccessful(
        application, reason="All places are filled", by=by
    ),
    "mark_deployed": lambda application, by: services.mark_deployed(application, by=by),
    "release": lambda application, by: services.release(application, by=by),
}
OUTCOMES = {
    ("nominate", "submitted"): "nominated",
    ("mark_unsuccessful", "submitted"): "unsuccessful",
    ("mark_unsuccessful", "nominated"): "unsuccessful",
    ("mark_deployed", "submitted"): "deployed",
    ("mark_deployed", "nominated"): "deployed",
    ("release", "deployed"): "nominated",
}
TEXTS = {"nominate": 1, "mark_unsuccessful": 1, "mark_deployed": 0, "release": 0}


@pytest.mark.django_db
@pytest.mark.parametrize("status", ApplicationStatus)
@pytest.mark.parametrize("act", ACTS)
def test_each_status_is_allowed_or_refused(act, status):
    application = make.application(status)
    director = make.director(application.vacancy.sub_county)
    outcome = OUTCOMES.get((act, status))

    if outcome:
        ACTS[act](application, director)
        assert Entry.objects.about(application).count() == 1
        assert Message.objects.count() == TEXTS[act]
    else:
        with pytest.raises(Refused):
            ACTS[act](application, director)
        assert not Entry.objects.exists()
        assert not Message.objects.exists()
    application.refresh_from_db()
    assert application.status == (outcome or status)


@pytest.mark.django_db
def test_no_reason_no_refusal():
    application = make.application()
    with pytest.raises(Refused, match="Say why"):
        services.mark_unsuccessful(application, reason="  ", by=make.user(Role.STAFF))
