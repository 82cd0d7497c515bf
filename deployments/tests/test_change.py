"""Cancel, redeploy, replace, swap: what was worked stays, and everybody is told."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from deployments import letters, services
from deployments.models import Deployment, DeploymentStatus, Letter
from deployments.tests.test_answer import DAY, FORM, offered, texts_to
from sms.models import Message
from vacancies.models import ApplicationStatus

OFFERED, ACCEPTED = DeploymentStatus.OFFERED, DeploymentStatus.ACCEPTED
CANCELLED, MOVED = DeploymentStatus.CANCELLED, DeploymentStatus.MOVED


class Season(TestCase):
    """An exam that began last week, two stations, an officer at work at the first."""

    @classmethod
    def setUpTestData(cls):
        cls.area = make.sub_county()
        cls.director = make.director(cls.area)
        cls.exam = make.exam()
        cls.here = make.post(exam=cls.exam, station=make.station(sub_county=cls.area))
        cls.there = make.post(exam=cls.exam, station=make.station(sub_county=cls.area))
        make.terms(cls.exam, cls.here.position)
        cls.today = timezone.localdate()

    def at_work(self, status=ACCEPTED, **fields):
        deployment = offered(status, **{"post": self.here, "application": False, **fields})
        if status == ACCEPTED:
            letters.issue(deployment)
        return deployment

    def current_letter_of(self, deployment):
        return Letter.objects.current().filter(deployment=deployment).exists()


class CancelTests(Season):
    def cancel(self, deployment, **fields):
        return services.cancel(
            deployment, **{"by": self.director, "reason": "Came drunk", **fields}
        )

    def test_an_offer_is_called_off(self):
        deployment = offered()
        self.cancel(deployment)
        deployment.refresh_from_db()
        assert (deployment.status, deployment.reason) == (CANCELLED, "Came drunk")
        deployment.application.refresh_from_db()
        assert deployment.application.status == ApplicationStatus.NOMINATED
        assert "you no longer serve" in texts_to(deployment.officer)[0]

    def test_days_that_were_worked_stay(self):
        deployment = self.at_work()
        self.cancel(deployment)
        deployment.refresh_from_db()
        assert (deployment.status, deployment.starts_on, deployment.ends_on) == (
            MOVED,
            self.exam.rehearsal_on,
            self.today - DAY,
        )
        assert not self.current_letter_of(deployment)

    def test_on_the_first_day_nothing_is_left_of_it(self):
        deployment = self.at_work(starts_on=self.today)
        self.cancel(deployment)
        deployment.refresh_from_db()
        assert (deployment.status, deployment.ends_on) == (CANCELLED, self.exam.ends_on)

    def test_an_offer_was_never_worked(self):
        deployment = self.at_work(OFFERED)
        self.cancel(deployment)
        deployment.refresh_from_db()
        assert (deployment.status, deployment.ends_on) == (CANCELLED, self.exam.ends_on)

    def test_not_what_is_over(self):
        deployment = self.at_work(ends_on=self.today - DAY)
        with pytest.raises(Refused, match="is over"):
            self.cancel(deployment)

    def test_not_without_a_reason(self):
        with pytest.raises(Refused, match="reason"):
            self.cancel(self.at_work(), reason="")

    def test_each_status_may_be_cancelled_or_not(self):
        for status in DeploymentStatus:
            with self.subTest(status=status):
                deployment = offered(status, application=False)
                if status in (OFFERED, ACCEPTED):
                    assert self.cancel(deployment).status == CANCELLED
                else:
                    with pytest.raises(Refused):
                        self.cancel(deployment)
                    deployment.refresh_from_db()
                    assert deployment.status == status


class RedeployTests(Season):
    def redeploy(self, deployment, **fields):
        defaults = {
            "to": self.there.station,
            "from_day": self.today,
            "reason": "Short of staff",
            "by": self.director,
        }
        return services.redeploy(deployment, **{**defaults, **fields})

    def test_the_old_row_is_cut_and_a_new_one_points_back(self):
        old = self.at_work(application=True)
        new = self.redeploy(old)
        old.refresh_from_db()
        assert (old.status, old.starts_on, old.ends_on) == (
            MOVED,
            self.exam.rehearsal_on,
            self.today - DAY,
        )
        assert (new.status, new.post, new.starts_on, new.ends_on, new.replaces) == (
            ACCEPTED,
            self.there,
            self.today,
            self.exam.ends_on,
            old,
        )
        assert new.application == old.application
        assert new.application.status == ApplicationStatus.DEPLOYED

    def test_the_old_letter_is_void_and_a_new_one_promised(self):
        old = self.at_work()
        new = self.redeploy(old)
        assert not self.current_letter_of(old)
        assert self.current_letter_of(new)

    def test_everybody_is_told(self):
        manager = make.officer()
        make.terms(self.exam, make.position("CM"))
        make.deployment(
            post=make.post(exam=self.exam, station=self.here.station, position=make.position("CM")),
            officer=manager,
        )
        centre = make.centre(self.there.station, phone=make.phone())
        old = self.at_work()
        self.redeploy(old)
        assert "Your old letter is void" in texts_to(old.officer)[0]
        assert "no longer serves as Invigilator" in texts_to(manager)[0]
        assert "serves as Invigilator" in Message.objects.get(to=centre.phone).text
        assert Message.objects.count() == 3
        entry = Entry.objects.get(verb="deployment.moved")
        assert (entry.details["was"], entry.details["reason"]) == (old.pk, "Short of staff")

    def test_planned_ahead_the_days_till_then_are_still_served_here(self):
        old = self.at_work()
        day = self.today + 3 * DAY
        new = self.redeploy(old, from_day=day)
        assert list(Deployment.objects.serving_on(day - DAY)) == [old]
        assert list(Deployment.objects.serving_on(day)) == [new]

    def test_what_has_not_begun_is_cancelled_and_begins_elsewhere(self):
        old = self.at_work(starts_on=self.today + 2 * DAY)
        new = self.redeploy(old)
        old.refresh_from_db()
        assert old.status == CANCELLED
        assert (new.status, new.starts_on) == (ACCEPTED, self.today + 2 * DAY)

    def test_an_unanswered_offer_is_offered_anew(self):
        old = self.at_work(OFFERED, respond_by=timezone.now() + timedelta(hours=1))
        new = self.redeploy(old)
        old.refresh_from_db()
        assert (old.status, new.status) == (CANCELLED, OFFERED)
        assert new.respond_by > timezone.now() + timedelta(days=2)
        assert not Letter.objects.exists()

    def test_twice_is_as_good_as_once(self):
        old = self.at_work()
        assert self.redeploy(old) == self.redeploy(old)
        assert Deployment.objects.count() == 2

    def test_refusals_write_nothing(self):
        elsewhere = make.station(sub_county=self.area)
        make.deployment(post=self.there, slot=1, officer=make.officer())
        full = make.post(exam=self.exam, station=make.station(sub_county=self.area), required=1)
        make.deployment(post=full)
        officer = make.officer()
        own = make.post(exam=self.exam, station=make.station(sub_county=self.area))
        make.work(officer, station=own.station)
        old = self.at_work(officer=officer)
        entries, texts = Entry.objects.count(), Message.objects.count()
        for fields, sentence in (
            ({"to": self.here.station}, "is at .* already"),
            ({"to": elsewhere}, "is not entitled to this position"),
            ({"to": full.station}, "All places of this position"),
            ({"to": own.station}, "works at this school"),
            ({"from_day": self.today - DAY}, "Choose a day from"),
            ({"from_day": self.exam.ends_on + DAY}, "Choose a day from"),
            ({"from_day": self.today.replace(year=1)}, "Choose a day from"),
            ({"reason": " "}, "Give the reason"),
        ):
            with self.subTest(sentence=sentence), pytest.raises(Refused, match=sentence):
                self.redeploy(old, **fields)
        old.refresh_from_db()
        assert (old.status, old.ends_on) == (ACCEPTED, self.exam.ends_on)
        assert self.current_letter_of(old)
        assert (Entry.objects.count(), Message.objects.count()) == (entries, texts)

    def test_each_status_may_be_moved_or_not(self):
        for status in DeploymentStatus:
            with self.subTest(status=status):
                old = offered(status, application=False)
                to = make.post(exam=old.post.exam).station
                if status in (OFFERED, ACCEPTED):
                    assert self.redeploy(old, to=to, from_day=old.starts_on).post.station == to
                else:
                    with pytest.raises(Refused, match="is over"):
                        self.redeploy(old, to=to, from_day=old.starts_on)
                    old.refresh_from_db()
                    assert old.status == status

    def test_back_again_later(self):
        old = self.at_work()
        away = self.redeploy(old, from_day=self.today + DAY)
        back = self.redeploy(away, to=self.here.station, from_day=self.today + 2 * DAY)
        assert (back.post, back.slot) == (self.here, 1)
        assert Deployment.objects.filter(officer=old.officer).count() == 3


class ReplaceTests(Season):
    def replace(self, deployment, **fields):
        defaults = {
            "officer": make.officer() if "officer" not in fields else None,
            "from_day": self.today,
            "reason": "Did not turn up",
            "by": self.director,
        }
        return services.replace(deployment, **{**defaults, **fields})

    def test_another_officer_takes_the_same_place_today(self):
        old = self.at_work(application=True)
        new = self.replace(old)
        old.refresh_from_db()
        assert (old.status, old.ends_on) == (MOVED, self.today - DAY)
        assert (new.status, new.post, new.slot, new.starts_on, new.replaces) == (
            OFFERED,
            old.post,
            old.slot,
            self.today,
            old,
        )
        old.application.refresh_from_db()
        assert old.application.status == ApplicationStatus.NOMINATED
        assert not self.current_letter_of(old)

    def test_all_three_are_told(self):
        old = self.at_work()
        centre = make.centre(self.here.station, phone=make.phone())
        new = self.replace(old)
        assert "you no longer serve" in texts_to(old.officer)[0]
        assert "ACCEPT" in texts_to(new.officer)[0]
        assert "takes the place of" in Message.objects.get(to=centre.phone).text
        assert Entry.objects.get(verb="deployment.replaced").details["was"] == old.pk

    def test_the_new_officers_application_counts(self):
        officer = make.officer()
        vacancy = make.vacancy(exam=self.exam, position=self.here.position, sub_county=self.area)
        application = make.application(vacancy=vacancy, officer=officer)
        assert self.replace(self.at_work(), officer=officer).application == application

    def test_twice_is_as_good_as_once(self):
        old, officer = self.at_work(), make.officer()
        first = self.replace(old, officer=officer)
        assert self.replace(old, officer=officer) == first
        assert Deployment.objects.count() == 2

    def test_refusals_write_nothing(self):
        old = self.at_work()
        busy = make.deployment().officer
        for fields, sentence in (
            ({"officer": old.officer}, "another officer"),
            ({"officer": busy}, "Already deployed"),
            ({"officer": make.bare_officer()}, "not submitted"),
            ({"from_day": self.today - DAY}, "Choose a day"),
            ({"reason": ""}, "reason"),
        ):
            with self.subTest(sentence=sentence), pytest.raises(Refused, match=sentence):
                self.replace(old, **fields)
        old.refresh_from_db()
        assert old.status == ACCEPTED
        assert not Message.objects.exists()

    def test_each_status_may_be_replaced_or_not(self):
        for status in DeploymentStatus:
            with self.subTest(status=status):
                old = offered(status, application=False)
                if status in (OFFERED, ACCEPTED):
                    assert self.replace(old, from_day=old.starts_on).slot == old.slot
                else:
                    with pytest.raises(Refused, match="is over"):
                        self.replace(old, from_day=old.starts_on)


class SwapTests(Season):
    def pair(self, **fields):
        return self.at_work(**fields), self.at_work(post=self.there, slot=2)

    def swap(self, first, second, **fields):
        defaults = {"from_day": self.today, "reason": "Rotation", "by": self.director}
        return services.swap(first, second, **{**defaults, **fields})

    def test_two_officers_change_places(self):
        one, two = self.pair()
        new_one, new_two = self.swap(one, two)
        assert (new_one.officer, new_one.post, new_one.slot) == (one.officer, two.post, two.slot)
        assert (new_two.officer, new_two.post, new_two.slot) == (two.officer, one.post, one.slot)
        for old, new in ((one, new_one), (two, new_two)):
            old.refresh_from_db()
            assert (old.status, old.ends_on) == (MOVED, self.today - DAY)
            assert (new.status, new.starts_on, new.replaces) == (ACCEPTED, self.today, old)
            assert self.current_letter_of(new)
            assert not self.current_letter_of(old)
            assert len(texts_to(old.officer)) == 1
        assert Entry.objects.filter(verb="deployment.swapped").count() == 2

    def test_before_it_began_both_are_cancelled_and_begin_elsewhere(self):
        starts_on = self.today + DAY
        one = self.at_work(starts_on=starts_on)
        two = self.at_work(OFFERED, post=self.there, starts_on=starts_on)
        new_one, new_two = self.swap(one, two)
        assert (new_one.status, new_two.status) == (ACCEPTED, OFFERED)
        assert {new_one.starts_on, new_two.starts_on} == {starts_on}
        assert set(
            Deployment.objects.filter(pk__in=[one.pk, two.pk]).values_list("status", flat=True)
        ) == {CANCELLED}

    def test_twice_is_as_good_as_once(self):
        one, two = self.pair()
        assert self.swap(one, two) == self.swap(one, two)
        assert Deployment.objects.count() == 4

    def test_refusals_write_nothing(self):
        one, two = self.pair()
        beside = self.at_work(slot=2)
        other_position = make.post(
            exam=self.exam, station=self.there.station, position=make.position("SUP")
        )
        supervisor = self.at_work(post=other_position)
        own_school = self.at_work(post=self.there, slot=3)
        make.work(own_school.officer, station=self.here.station)
        for pair, fields, sentence in (
            ((one, beside), {}, "at the same station"),
            ((one, one), {}, "at the same station"),
            ((one, supervisor), {}, "same exam and the same position"),
            ((one, own_school), {}, "works at this school"),
            ((one, two), {"from_day": self.today - DAY}, "Choose a day"),
            ((one, two), {"reason": ""}, "reason"),
        ):
            with self.subTest(sentence=sentence), pytest.raises(Refused, match=sentence):
                self.swap(*pair, **fields)
        assert not Deployment.objects.exclude(status=ACCEPTED).exists()
        assert not Message.objects.exists()


class PageTests(Season, WebTest):
    def setUp(self):
        super().setUp()
        make.sign_in(self.client, self.director)
        self.app.set_cookie("session", self.client.cookies["session"].value)
        self.old = self.at_work()

    def url(self, name, deployment=None):
        return reverse(f"deployments:area_{name}", args=[(deployment or self.old).pk])

    def submit(self, page, form=FORM, **fields):
        filled = page.forms[form]
        for name, value in fields.items():
            filled[name] = value
        return filled.submit()

    def test_redeploy(self):
        page = self.app.get(self.url("redeploy"))
        assert [value for value, *_rest in page.forms[FORM]["station"].options] == [
            "",
            str(self.there.station_id),
        ]
        page = self.submit(page, station=self.there.station_id, reason="Short of staff").follow()
        assert "The officer is redeployed" in page
        assert self.old.officer.full_name.split()[0] in page

    def test_replace_from_the_applicants_or_by_search(self):
        vacancy = make.vacancy(exam=self.exam, position=self.here.position, sub_county=self.area)
        applicant = make.application(vacancy=vacancy).officer
        page = self.app.get(self.url("replace"))
        forms = [form for form in page.forms.values() if "officer" in form.fields]
        assert str(applicant.pk) in [value for value, *_rest in forms[0]["officer"].options]
        found = make.officer(sub_county=self.area, full_name="Chebet Korir")
        page = self.app.get(self.url("replace"), {"q": "chebet"})
        form = next(form for form in page.forms.values() if "officer" in form.fields)
        form["officer"], form["reason"] = str(found.pk), "Did not turn up"
        page = form.submit().follow()
        assert "The officer is replaced" in page
        assert "Chebet Korir" in page

    def test_replace_keeps_whom_one_chose_when_something_else_is_wrong(self):
        found = make.officer(sub_county=self.area, full_name="Chebet Korir")
        page = self.client.post(self.url("replace"), {"officer": found.pk, "reason": ""}).text
        assert "Enter the reason" in page
        assert f'<option value="{found.pk}" selected>' in page

    def test_swap_from_the_first_officers_row(self):
        other = self.at_work(post=self.there)
        page = self.app.get(reverse("deployments:area_swap"), {"first": self.old.pk})
        form = next(form for form in page.forms.values() if "second" in form.fields)
        assert form["first"].value == str(self.old.pk)
        assert [value for value, *_rest in form["second"].options] == ["", str(other.pk)]
        form["second"], form["reason"] = str(other.pk), "Rotation"
        assert "The officers change places" in form.submit().follow()

    def test_swap_with_oneself(self):
        fields = {"first": self.old.pk, "second": self.old.pk, "from_day": self.today}
        page = self.client.post(reverse("deployments:area_swap"), {**fields, "reason": "x"}).text
        assert "Choose two different officers." in page

    def test_cancel(self):
        page = self.submit(self.app.get(self.url("cancel")), reason="Came drunk").follow()
        assert "The deployment is cancelled" in page

    def test_a_refusal_is_said_on_the_page_and_loses_nothing(self):
        page = self.app.get(self.url("redeploy"))
        services.cancel(self.old, by=self.director, reason="Came drunk")
        page = self.submit(page, station=self.there.station_id, reason="Short of staff")
        assert f"Changed by {self.director} at " in page
        assert "was called off from" in page
        assert "Short of staff" in page

    def test_days_that_nobody_can_mean(self):
        for day in ("", "x", "2025-02-30", "٢٠٢٥-٠١-٠١", "0001-01-01", "9999-12-31", "1/2/20251"):
            page = self.client.post(
                self.url("redeploy"),
                {"station": self.there.station_id, "from_day": day, "reason": "x"},
            )
            assert page.status_code == 200
            assert "There is a problem" in page.text, day
        self.old.refresh_from_db()
        assert self.old.status == ACCEPTED

    def test_choices_that_were_not_offered(self):
        strange = make.post(exam=self.exam)
        officer = make.officer()
        theirs = make.deployment(post=strange)
        for value in (strange.station_id, "x", "10" * 15, "-1", "١"):
            fields = {"station": value, "from_day": self.today, "reason": "x"}
            assert "There is a problem" in self.client.post(self.url("redeploy"), fields).text
        for value in (officer.pk, "x", "10" * 15, "\x00"):
            fields = {"officer": value, "from_day": self.today, "reason": "x"}
            assert "There is a problem" in self.client.post(self.url("replace"), fields).text
        for value in (theirs.pk, "x", "10" * 15):
            fields = {"first": self.old.pk, "second": value, "from_day": self.today, "reason": "x"}
            page = self.client.post(reverse("deployments:area_swap"), fields)
            assert "There is a problem" in page.text
            assert self.client.get(reverse("deployments:area_swap"), {"first": value})
        assert not Deployment.objects.exclude(status=ACCEPTED).exists()

    def test_who_is_kept_out(self):
        strangers = [
            make.director(make.sub_county()),
            make.director(self.area, office=Office.SCDE),
            self.old.officer.user,
            make.centre(self.here.station),
            make.user(),
        ]
        fields = {
            "station": self.there.station_id,
            "officer": make.officer(sub_county=self.area).pk,
            "from_day": self.today,
            "reason": "x",
        }
        for name in ("cancel", "redeploy", "replace"):
            for stranger in strangers:
                make.sign_in(self.client, stranger)
                assert self.client.get(self.url(name)).status_code == 404, (name, stranger)
                assert self.client.post(self.url(name), fields).status_code == 404
            self.client.logout()
            assert self.client.get(self.url(name)).status_code == 302
            assert self.client.post(self.url(name), fields).status_code == 302
        self.old.refresh_from_db()
        assert self.old.status == ACCEPTED
        assert Deployment.objects.count() == 1

    def test_strangers_cannot_swap(self):
        other = self.at_work(post=self.there)
        fields = {
            "first": self.old.pk,
            "second": other.pk,
            "from_day": self.today,
            "reason": "x",
        }
        for stranger in (make.director(make.sub_county()), make.director(self.area, Office.SCDE)):
            make.sign_in(self.client, stranger)
            page = self.client.post(reverse("deployments:area_swap"), fields)
            assert "Choose one of those that the page offers." in page.text
        assert Deployment.objects.count() == 2
