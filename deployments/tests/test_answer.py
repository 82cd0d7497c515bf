"""The officer reads, accepts or rejects; unanswered offers lapse."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office, StationKind
from cp2.rules import Refused
from cp2.tests import make
from deployments import services
from deployments.models import Deployment, DeploymentStatus, Letter, LetterStatus
from sms.models import Kind, Message
from vacancies.models import Application, ApplicationStatus

DAY = timedelta(days=1)
FORM = 1  # after the one that signs out


def offered(status=DeploymentStatus.OFFERED, *, application=True, **fields):
    """A deployment that answers an application, before its exam has begun."""
    if "post" not in fields:
        today = timezone.localdate()
        exam = make.exam(
            rehearsal_on=today + 5 * DAY, starts_on=today + 6 * DAY, ends_on=today + 20 * DAY
        )
        fields["post"] = make.post(exam=exam)
    post = fields["post"]
    make.terms(post.exam, post.position)
    if application:
        vacancy = make.vacancy(
            exam=post.exam, position=post.position, sub_county=post.station.sub_county
        )
        officer = fields.setdefault("officer", make.officer())
        fields["application"] = make.application(
            ApplicationStatus.DEPLOYED, vacancy=vacancy, officer=officer
        )
    return make.deployment(status, **fields)


def texts_to(officer):
    return [message.text for message in Message.objects.filter(to=officer.phone).order_by("pk")]


class AcceptTests(TestCase):
    def accept(self, deployment):
        return services.accept(deployment, by=deployment.officer.user)

    def test_the_letter_is_promised_and_the_officer_told(self):
        deployment = self.accept(offered())
        assert deployment.status == DeploymentStatus.ACCEPTED
        assert deployment.answered_at is not None
        assert Letter.objects.current().filter(deployment=deployment).count() == 1
        (text,) = texts_to(deployment.officer)
        assert "you accepted" in text
        assert Entry.objects.get(verb="deployment.accepted").actor == deployment.officer.user

    def test_twice_is_as_good_as_once(self):
        deployment = self.accept(offered())
        self.accept(deployment)
        assert Letter.objects.count() == 1
        assert len(texts_to(deployment.officer)) == 1

    def test_not_after_the_time_to_answer(self):
        deployment = offered(respond_by=timezone.now() - timedelta(minutes=1))
        with pytest.raises(Refused, match="The time to answer ended on"):
            self.accept(deployment)
        assert not Letter.objects.exists()
        assert not Message.objects.exists()

    def test_each_status_may_be_accepted_or_not(self):
        fine = {DeploymentStatus.OFFERED, DeploymentStatus.ACCEPTED}
        for status in DeploymentStatus:
            with self.subTest(status=status):
                deployment = offered(status)
                if status in fine:
                    assert self.accept(deployment).status == DeploymentStatus.ACCEPTED
                    continue
                with pytest.raises(Refused, match="cannot be accepted"):
                    self.accept(deployment)
                deployment.refresh_from_db()
                assert deployment.status == status


class RejectTests(TestCase):
    def reject(self, deployment, reason="I am unwell"):
        return services.reject(deployment, by=deployment.officer.user, reason=reason)

    def test_the_place_and_the_applicant_are_free_again(self):
        deployment = self.reject(offered())
        deployment.refresh_from_db()
        assert (deployment.status, deployment.reason) == (DeploymentStatus.REJECTED, "I am unwell")
        assert Application.objects.get().status == ApplicationStatus.NOMINATED
        assert make.deployment(post=deployment.post, slot=deployment.slot).pk

    def test_the_office_with_the_gap_is_told(self):
        deployment = offered()
        area = deployment.post.station.sub_county
        told = make.director(area, phone=make.phone())
        others = [
            make.director(area, office=Office.SCDE, phone=make.phone()),
            make.director(make.sub_county(), phone=make.phone()),
        ]
        self.reject(deployment)
        assert "I am unwell" in Message.objects.get(to=told.phone).text
        assert not Message.objects.filter(to__in=[other.phone for other in others]).exists()

    def test_a_reason_must_be_given(self):
        deployment = offered()
        with pytest.raises(Refused, match="Give the reason"):
            self.reject(deployment, reason="  ")
        deployment.refresh_from_db()
        assert deployment.status == DeploymentStatus.OFFERED

    def test_accepted_before_it_starts_and_the_letter_is_void(self):
        deployment = services.accept(offered(), by=None)
        self.reject(deployment)
        assert not Letter.objects.current().exists()

    def test_not_once_it_has_begun(self):
        deployment = offered(DeploymentStatus.ACCEPTED, post=make.post())
        with pytest.raises(Refused, match="has begun"):
            self.reject(deployment)
        deployment.refresh_from_db()
        assert deployment.status == DeploymentStatus.ACCEPTED

    def test_twice_is_as_good_as_once(self):
        deployment = self.reject(offered())
        assert self.reject(deployment, reason="Another").reason == "I am unwell"
        assert Entry.objects.filter(verb="deployment.rejected").count() == 1

    def test_each_status_may_be_rejected_or_not(self):
        fine = {
            DeploymentStatus.OFFERED,
            DeploymentStatus.ACCEPTED,
            DeploymentStatus.REJECTED,
        }
        for status in DeploymentStatus:
            with self.subTest(status=status):
                deployment = offered(status)
                if status in fine:
                    assert self.reject(deployment).status == DeploymentStatus.REJECTED
                    continue
                with pytest.raises(Refused, match="cannot be rejected"):
                    self.reject(deployment)


class ExpireTests(TestCase):
    def test_only_unanswered_offers_whose_time_is_over_lapse(self):
        over = timezone.now() - timedelta(minutes=1)
        late = offered(respond_by=over)
        kept = [
            offered(),
            offered(DeploymentStatus.ACCEPTED, respond_by=over),
            offered(DeploymentStatus.REJECTED, respond_by=over),
        ]
        before = [(row.pk, row.status) for row in kept]
        assert services.expire_due() == 1
        late.refresh_from_db()
        assert late.status == DeploymentStatus.EXPIRED
        late.application.refresh_from_db()
        assert late.application.status == ApplicationStatus.NOMINATED
        assert "has lapsed" in texts_to(late.officer)[0]
        assert Message.objects.get(to=late.officer.phone).kind == Kind.BULK
        assert Entry.objects.get(verb="deployment.expired").actor is None
        for pk, status in before:
            assert Deployment.objects.get(pk=pk).status == status

    def test_a_second_sweep_finds_nothing(self):
        offered(respond_by=timezone.now() - DAY)
        services.expire_due()
        assert services.expire_due() == 0
        assert Message.objects.count() == 1

    def test_some_at_a_time(self):
        for _each in range(3):
            offered(respond_by=timezone.now() - DAY, application=False)
        assert services.expire_due(most=2) == 2
        assert services.expire_due(most=2) == 1

    def test_a_missing_application_is_no_trouble(self):
        offered(respond_by=timezone.now() - DAY, application=False)
        assert services.expire_due() == 1

    def test_one_that_cannot_lapse_holds_up_no_other(self):
        first = offered(respond_by=timezone.now() - 2 * DAY)
        Application.objects.update(status=ApplicationStatus.WITHDRAWN)  # so it cannot be released
        offered(respond_by=timezone.now() - DAY)
        assert services.expire_due() == 1
        first.refresh_from_db()
        assert first.status == DeploymentStatus.OFFERED


class PageTests(WebTest):
    def setUp(self):
        self.deployment = offered()
        self.officer = self.deployment.officer
        self.app.set_user(self.officer.user)

    def url(self, name, deployment=None):
        return reverse(f"deployments:{name}", args=[(deployment or self.deployment).pk])

    def test_from_the_table_to_the_letter(self):
        page = self.app.get(reverse("deployments:list"))
        for heading in ("Exam", "Duty Station", "Position", "Actions"):
            assert heading in page
        assert str(self.deployment.post.exam) in page
        assert self.deployment.post.station.code in page
        assert "Download Appointment Letter" not in page

        page = page.click("^Accept$").forms[FORM].submit().follow()

        assert "You accepted." in page
        assert "Download Appointment Letter" in page
        self.deployment.refresh_from_db()
        assert self.deployment.status == DeploymentStatus.ACCEPTED

    def test_the_last_question_names_the_place_and_the_days(self):
        page = self.app.get(self.url("accept"))
        assert self.deployment.post.station.name in page
        assert self.deployment.post.exam.name in page
        self.deployment.refresh_from_db()
        assert self.deployment.status == DeploymentStatus.OFFERED

    def test_rejecting_asks_for_the_reason(self):
        page = self.app.get(reverse("deployments:list")).click("^Reject$")
        form = page.forms[FORM]
        page = form.submit()
        assert "Enter the reason" in page
        form = page.forms[FORM]
        form["reason"] = "I am expecting a child"
        page = form.submit().follow()
        assert "You rejected this deployment." in page
        assert "I am expecting a child" in page

    def test_a_refusal_loses_nothing_of_what_was_typed(self):
        page = self.app.get(self.url("reject"))
        services.cancel(self.deployment, by=make.user(), reason="A mistake")
        form = page.forms[FORM]
        form["reason"] = "I am unwell"
        page = form.submit()
        assert "This deployment is cancelled, so it cannot be rejected." in page
        assert "I am unwell" in page

    def test_accepting_too_late_is_said(self):
        page = self.app.get(self.url("accept"))
        Deployment.objects.update(respond_by=timezone.now() - DAY)
        page = page.forms[FORM].submit().follow()
        assert "The time to answer ended on" in page

    def test_the_detail_page_says_what_an_officer_wants_to_know(self):
        post = self.deployment.post
        make.entry(
            exam=post.exam,
            station=post.station,
            distance_km=12.5,
            distance_given_at=timezone.now(),
        )
        manager = make.deployment(
            post=make.post(exam=post.exam, station=post.station, position=make.position("CM")),
            officer=make.officer(full_name="Nekesa Wekesa"),
        )
        page = self.app.get(self.url("detail"))
        for fact in (
            str(post.exam),
            post.station.location,
            post.station.sub_county.name,
            "12.5 km",
            "KES 550.00 a day",
            manager.officer.full_name,
            str(self.deployment.serial),
            "16",  # the rehearsal and fifteen days
        ):
            assert fact in page, fact

    def test_nobody_else_gets_in(self):
        area = self.deployment.post.station.sub_county
        strangers = [
            make.officer().user,
            make.director(area),
            make.director(area, office=Office.SCDE),
            make.centre(self.deployment.post.station),
            make.user(),
        ]
        for name in ("detail", "accept", "reject"):
            for stranger in strangers:
                make.sign_in(self.client, stranger)
                for answer in (
                    self.client.get(self.url(name)),
                    self.client.post(self.url(name), {"reason": "x"}),
                ):
                    assert answer.status_code == 404, (name, stranger)
            self.client.logout()
            answer = self.client.get(self.url(name))
            assert answer.status_code == 302
            assert answer.url.startswith(reverse("accounts:login"))
        self.deployment.refresh_from_db()
        assert self.deployment.status == DeploymentStatus.OFFERED

    def test_numbers_that_are_no_ones(self):
        make.sign_in(self.client, self.officer.user)
        for path in ("0", "9" * 18, "1" + "0" * 30, "-1", "%00", "x"):
            for page in ("", "accept/", "reject/"):
                assert self.client.get(f"/deployments/{path}/{page}").status_code == 404, path

    def test_a_bad_reason_is_refused_in_words(self):
        make.sign_in(self.client, self.officer.user)
        for reason in ("", "   ", "x" * 301, "x" * 10_000, "a\x00b", "a\u202eb", "\u200b"):
            answer = self.client.post(self.url("reject"), {"reason": reason})
            assert answer.status_code == 200
            assert "There is a problem" in answer.text, repr(reason)
        self.deployment.refresh_from_db()
        assert self.deployment.status == DeploymentStatus.OFFERED

    def test_extra_fields_change_nothing_else(self):
        make.sign_in(self.client, self.officer.user)
        extra = {"status": "moved", "slot": 9, "officer": 1, "ends_on": "2030-01-01"}
        self.client.post(self.url("accept"), extra)
        after = Deployment.objects.get(pk=self.deployment.pk)
        assert (after.status, after.slot, after.ends_on) == (
            DeploymentStatus.ACCEPTED,
            self.deployment.slot,
            self.deployment.ends_on,
        )

    def test_the_list_takes_as_many_queries_for_many_as_for_one(self):
        make.sign_in(self.client, self.officer.user)
        with self.assertNumQueries(3):
            self.client.get(reverse("deployments:list"))
        for _each in range(4):
            make.deployment(DeploymentStatus.CANCELLED, officer=self.officer)
        with self.assertNumQueries(3):
            self.client.get(reverse("deployments:list"))

    def test_the_pages_take_few_queries(self):
        make.sign_in(self.client, self.officer.user)
        with self.assertNumQueries(7):
            self.client.get(self.url("detail"))
        with self.assertNumQueries(12):  # two of them savepoints
            self.client.post(self.url("accept"))


class DetailTests(TestCase):
    """What the page of a deployment says before anything is asked of the officer."""

    def page(self, deployment):
        self.client.force_login(deployment.officer.user)
        return self.client.get(reverse("deployments:detail", args=[deployment.pk]))

    def test_an_offer_says_what_happens_if_it_is_not_answered(self):
        deployment = make.deployment(DeploymentStatus.OFFERED)
        page = self.page(deployment)
        self.assertContains(page, "Answer by")
        self.assertContains(page, "If you do not answer in time, the offer ends")
        listed = self.client.get(reverse("deployments:list"))
        self.assertContains(listed, "If you do not answer, the place goes to somebody else.")

    def test_the_way_there_is_a_plain_link_where_the_place_is_known(self):
        station = make.station(latitude=Decimal("-0.51"), longitude=Decimal("35.27"))
        page = self.page(make.deployment(post=make.post(station=station)))
        self.assertContains(page, "https://www.google.com/maps/search/?api=1&amp;query=-0.51")
        unknown = make.station(latitude=None, longitude=None)
        page = self.page(make.deployment(post=make.post(station=unknown)))
        self.assertNotContains(page, "Show on a map")

    def test_a_letter_that_is_not_there_yet_is_said_to_be(self):
        deployment = make.deployment()
        self.assertContains(self.page(deployment), "Your letter is being prepared.")
        letter = Letter.objects.create(
            deployment=deployment, code="A" * 20, status=LetterStatus.FAILED
        )
        self.assertContains(self.page(deployment), "Your letter could not be printed.")
        letter.status, letter.file, letter.size, letter.sha256 = "ready", "a.pdf", 1, "0" * 64
        letter.save()
        page = self.page(deployment)
        self.assertNotContains(page, "Your letter")
        self.assertContains(page, "Download Appointment Letter")

    def test_an_expired_offer_says_what_to_do(self):
        page = self.page(make.deployment(DeploymentStatus.EXPIRED))
        self.assertContains(page, "Ask your sub-county director whether there is another place.")


class ReferenceTests(TestCase):
    def page_of(self, station):
        deployment = make.deployment(post=make.post(station=station))
        make.sign_in(self.client, deployment.officer.user)
        page = self.client.get(reverse("deployments:detail", args=[deployment.pk]))
        return deployment, page.text

    def test_an_examiner_reads_the_serial_that_the_letter_has_in_a_series_of_its_own(self):
        marking = make.station(kind=StationKind.MARKING_CENTRE, level="")
        deployment, text = self.page_of(marking)
        assert str(deployment.serial) in text
        assert "KNEC/GEN" not in text

    def test_everybody_else_reads_the_whole_reference(self):
        deployment, text = self.page_of(make.station())
        assert "KNEC/" in text
        assert str(deployment.serial) in text
