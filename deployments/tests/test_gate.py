"""Whoever stands at the gate is deployed today, papers to follow."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry, User
from attendance.serving import lines, listed
from claims.holds import check
from claims.models import Claim, Hold
from cp2.rules import Refused
from cp2.tests import make
from deployments import services
from deployments.models import Deployment, DeploymentStatus, Letter
from deployments.tests.test_answer import DAY, texts_to
from deployments.tests.test_change import Season
from profiles.models import Officer
from sms.models import Message

ACCEPTED, MOVED = DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED
TYPED = {"works_here": "no", "reason": "Did not turn up"}


class Gate(Season, WebTest):
    def setUp(self):
        super().setUp()
        make.sign_in(self.client, self.director)
        self.app.set_cookie("session", self.client.cookies["session"].value)
        self.entry = make.entry(exam=self.exam, station=self.here.station)

    def url(self, old=None):
        if old is None:
            return reverse("deployments:area_fill_now", args=[self.here.pk])
        return reverse("deployments:area_replace_now", args=[old.pk])

    def find(self, q, old=None):
        return self.app.get(self.url(old), {"q": q})

    def submit(self, page, **typed):
        form = next(form for form in page.forms.values() if "reason" in form.fields)
        for name, value in {**TYPED, **typed}.items():
            form[name] = value
        return form.submit()

    def stranger(self):
        return {
            "full_name": "Nekesa Wafula",
            "national_id": f"{30_000_000 + make.number()}",
            "phone": f"0{make.phone()[3:]}",
            "gender": "female",
        }


class FoundTests(Gate):
    def test_by_id_number_or_phone_wherever_they_work_in_place_of_another(self):
        for slot, q in enumerate(
            (lambda one: one.national_id, lambda one: f"0{one.phone[3:]}"), start=1
        ):
            old, officer = self.at_work(slot=slot), make.officer()
            page = self.submit(self.find(q(officer), old)).follow()
            assert "They are deployed for today" in page
            new = Deployment.objects.get(officer=officer)
            assert (new.status, new.starts_on, new.slot, new.replaces, new.papers_due) == (
                ACCEPTED,
                self.today,
                old.slot,
                old,
                False,
            )
            old.refresh_from_db()
            assert (old.status, old.ends_on) == (MOVED, self.today - DAY)
            assert Letter.objects.current().filter(deployment=new).exists()
            assert not self.current_letter_of(old)
            assert "from today you serve" in texts_to(officer)[0]
            assert "you no longer serve" in texts_to(old.officer)[-1]

    def test_the_centre_sees_them_at_once(self):
        officer = make.officer()
        self.submit(self.find(officer.national_id))
        assert officer.pk in [row.officer_id for row in listed(self.entry)]
        assert officer.pk in [line.officer_id for line in lines(self.entry, self.today)]

    def test_each_number_that_is_looked_up_is_written_down(self):
        officer = make.officer()
        self.find(officer.national_id)
        assert Entry.objects.about(officer).filter(verb="officer.viewed").count() == 1

    def test_half_a_number_and_a_name_find_nobody(self):
        officer = make.officer(full_name="Atieno Odhiambo")
        for q in (officer.national_id[:5], "Atieno Odhiambo", "Atieno"):
            assert "Nobody has this number yet" in self.find(q)

    def test_without_a_profile_or_vetting_the_papers_follow(self):
        officer = make.officer(submitted_at=None, vetting="pending")
        self.submit(self.find(officer.national_id))
        new = Deployment.objects.get(officer=officer)
        assert (new.status, new.papers_due) == (ACCEPTED, True)
        page = self.app.get(reverse("deployments:area_papers"))
        assert officer.full_name.split()[0] in page
        assert "The profile is not submitted" in page
        Officer.objects.filter(pk=officer.pk).update(submitted_at=timezone.now(), vetting="vetted")
        assert "Nobody's papers are missing" in self.app.get(reverse("deployments:area_papers"))

    def test_what_protects_the_exam_is_not_let_pass(self):
        mine = make.officer(submitted_at=None)
        make.work(mine, station=self.here.station)
        barred = make.officer(vetting="barred", vetting_reason="Fraud")
        elsewhere = make.deployment(post=self.there).officer
        for officer, said in {
            mine: "works at this school",
            barred: "has barred this officer",
            elsewhere: "Already deployed at",
        }.items():
            with self.subTest(said=said):
                page = self.submit(self.find(officer.national_id))
                assert said in page
                assert "Did not turn up" in page  # what was typed is kept
        assert not self.here.deployments.exists()

    def test_somebody_who_says_that_they_work_here_is_not_taken(self):
        page = self.submit(self.find(make.officer().national_id), works_here="yes")
        assert "Whoever works at this school may not serve here" in page

    def test_what_a_submitted_profile_says_against_stands(self):
        make.terms(self.exam, self.here.position, years_of_experience=3)
        page = self.submit(self.find(make.officer().national_id))
        assert "Years of experience" in page
        unknown = make.officer(submitted_at=None)
        self.submit(self.find(unknown.national_id))
        assert Deployment.objects.get(officer=unknown).papers_due

    def test_twice_is_as_good_as_once(self):
        old, officer = self.at_work(), make.officer()
        page = self.find(officer.national_id, old)
        for _press in range(2):
            assert "They are deployed for today" in self.submit(page).follow()
        assert Deployment.objects.live().filter(post=self.here).count() == 1
        assert len(texts_to(officer)) == 1

    def test_whoever_comes_second_reads_who_was_first(self):
        old, officer = self.at_work(), make.officer()
        page = self.find(officer.national_id, old)
        jane = make.director(self.area, name="Jane Wambui")
        services.redeploy(
            old, to=self.there.station, from_day=self.today, reason="Short of staff", by=jane
        )
        page = self.submit(page)
        assert "Changed by Jane Wambui at " in page
        assert f"redeployed to {self.there.station.code}. Look at it again." in page

    def test_not_before_and_not_after_the_exam(self):
        for begins, ends in ((5, 9), (-9, -1)):
            exam = make.exam(
                rehearsal_on=self.today + begins * DAY,
                starts_on=self.today + begins * DAY,
                ends_on=self.today + ends * DAY,
            )
            post = make.post(exam=exam, station=self.here.station)
            make.terms(exam, post.position)
            with pytest.raises(Refused):
                services.take_on(
                    post, officer=make.officer(), works_here=False, by=self.director, reason="x"
                )

    def test_no_place_is_free_today(self):
        for slot in (1, 2, 3):
            self.at_work(slot=slot)
        page = self.submit(self.find(make.officer().national_id))
        assert "All places of this position" in page


class RegisteredTests(Gate):
    def test_on_the_spot_with_a_password_by_text_and_a_profile_to_complete(self):
        typed = self.stranger()
        page = self.submit(self.find(typed["national_id"]), **typed).follow()
        assert "They are deployed for today" in page
        officer = Officer.objects.get(national_id=typed["national_id"])
        assert (officer.full_name, officer.gender, officer.submitted_at, officer.vetting) == (
            "Nekesa Wafula",
            "female",
            None,
            "pending",
        )
        new = Deployment.objects.get(officer=officer)
        assert (new.status, new.starts_on, new.papers_due, new.application) == (
            ACCEPTED,
            self.today,
            True,
            None,
        )
        texts = Message.objects.filter(to=officer.phone)
        assert sorted(text.template for text in texts) == [
            "accounts/registered",
            "deployments/taken_on",
        ]
        entry = Entry.objects.get(verb="officer.registered")
        assert (entry.actor, entry.details) == (self.director, {"road": "gate"})

    def test_the_number_that_was_searched_for_is_typed_already(self):
        page = self.find("31234567")
        form = next(form for form in page.forms.values() if "reason" in form.fields)
        assert form["national_id"].value == "31234567"
        phone = f"0{make.phone()[3:]}"
        form = next(form for form in self.find(phone).forms.values() if "reason" in form.fields)
        assert form["phone"].value == phone

    def test_what_is_refused_leaves_no_account_behind(self):
        typed = self.stranger()
        before = User.objects.count()
        page = self.submit(self.find(typed["national_id"]), **typed, works_here="yes")
        assert "Whoever works at this school may not serve here" in page
        assert typed["full_name"] in page
        assert User.objects.count() == before
        assert not Message.objects.exists()

    def test_numbers_that_are_known_already(self):
        known = make.officer()
        typed = self.stranger() | {"national_id": known.national_id}
        assert "has an account already" in self.submit(self.find("31234567"), **typed)
        typed = self.stranger() | {"phone": f"0{known.phone[3:]}"}
        assert "already registered" in self.submit(self.find("31234567"), **typed)

    def test_nothing_is_paid_before_the_profile_is_complete(self):
        typed = self.stranger()
        self.submit(self.find(typed["national_id"]), **typed)
        officer = Officer.objects.get(national_id=typed["national_id"])
        deployment = Deployment.objects.get(officer=officer)
        make.mark(deployment)
        claim = make.claim(deployment=deployment)
        check(Claim.objects.filter(pk=claim.pk))
        assert "not_submitted" in Hold.objects.filter(claim=claim).values_list("code", flat=True)


class OutsiderTests(Gate):
    def test_another_office_has_no_such_pages(self):
        old = self.at_work()
        for outsider in (
            make.director(make.sub_county()),
            make.director(self.area, office="scde"),
            old.officer.user,
        ):
            make.sign_in(self.client, outsider)
            for url in (self.url(), self.url(old)):
                assert self.client.get(url).status_code == 404
                assert self.client.post(url, TYPED).status_code == 404


def test_papers_of_one_and_of_many_cost_the_same(db, client, django_assert_num_queries):
    post = make.post(required=30)
    make.sign_in(client, make.director(post.station.sub_county))
    url = reverse("deployments:area_papers")
    for slots in (range(1, 2), range(2, 20)):
        for slot in slots:
            make.deployment(
                post=post, slot=slot, officer=make.officer(submitted_at=None), papers_due=True
            )
        with django_assert_num_queries(5):
            client.get(url)
