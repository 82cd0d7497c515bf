"""Whoever is barred may have it looked at again, and not by those who barred them."""

import pytest
from django.contrib.auth.models import Group
from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make
from cp2.tests.races import at_once, split
from enquiries import services
from enquiries.models import Category, Enquiry, EnquiryStatus
from enquiries.tests.test_ask import ask
from profiles.models import Vetting
from sms.models import Message

NEW = reverse("enquiries:new")
APPEAL = f"{NEW}?category=appeal"


def barred(**fields):
    reason = "Leaked a paper in 2023"
    return make.officer(vetting=Vetting.BARRED, vetting_reason=reason, **fields)


def make_appeal(officer=None):
    return ask(officer or barred(), category=Category.APPEAL)


def of_group(name):
    user = make.user(Role.STAFF)
    user.groups.add(Group.objects.get(name=name))
    return user


class Appealing(WebTest):
    def setUp(self):
        self.officer = barred()
        self.app.set_user(self.officer.user)

    def appeal(self):
        form = next(f for f in self.app.get(APPEAL).forms.values() if "text" in f.fields)
        form["subject"], form["text"] = "It was not me", "I was in hospital on that day."
        return form.submit()

    def test_the_way_there_is_on_every_page_that_speaks_of_the_bar(self):
        vacancy = make.vacancy()
        pages = [
            reverse("home"),
            reverse("profiles:profile"),
            reverse("vacancies:apply", args=[vacancy.pk]),
        ]
        for url in pages:
            page = self.app.get(url)
            assert "Leaked a paper in 2023" in page.text
            form = page.click(href="category=appeal").forms[1]
            assert form["category"].value == "appeal"

    def test_it_asks_for_no_more_than_why_and_goes_to_headquarters(self):
        page = self.app.get(APPEAL)
        assert "not whoever barred you" in page.text
        assert not {"exam", "centre_code", "position", "payee_phone"} & page.forms[1].fields.keys()

        page = self.appeal().follow()

        appeal = Enquiry.objects.get()
        assert (appeal.category, appeal.status) == ("appeal", "escalated")
        assert "With headquarters" in page.text
        entry = Entry.objects.get(verb="officer.appealed")
        assert (entry.subject_id, entry.details) == (self.officer.pk, {"enquiry": appeal.pk})

    def test_nothing_typed_is_lost_on_an_error(self):
        form = self.app.get(APPEAL).forms[1]
        form["text"] = "I was in hospital on that day."

        page = form.submit()

        assert "Enter a subject" in page.text
        assert page.forms[1]["text"].value == "I was in hospital on that day."
        assert page.forms[1]["category"].value == "appeal"

    def test_there_is_one_at_a_time_and_the_pages_lead_to_it(self):
        self.appeal()
        appeal = Enquiry.objects.get()
        thread = reverse("enquiries:enquiry", args=[appeal.pk])

        for url in (reverse("home"), reverse("profiles:profile")):
            page = self.app.get(url)
            assert "You appealed on" in page.text
            assert thread in page.text
            assert "category=appeal" not in page.text
        assert self.app.get(APPEAL).location == thread
        with pytest.raises(Refused, match="appealed already"):
            make_appeal(self.officer)

    def test_whoever_is_not_barred_is_not_offered_it_and_is_refused(self):
        fit = make.officer()
        page = self.app.get(APPEAL, user=fit.user)
        offered = [value for value, *_ in page.forms[1]["category"].options]
        assert "appeal" not in offered
        assert "payee_phone" in page.forms[1].fields

        with pytest.raises(Refused, match="not barred"):
            make_appeal(fit)
        assert not Enquiry.objects.exists()


class Answering(TestCase):
    def setUp(self):
        self.officer = barred()
        self.appeal = make_appeal(self.officer)
        self.place = self.officer.sub_county

    def test_no_director_of_the_place_sees_or_answers_it(self):
        ask(self.officer)
        for office in Office:
            director = make.director(self.place, office)
            make.sign_in(self.client, director)
            url = reverse("enquiries:area_enquiry", args=[self.appeal.pk])
            assert self.client.get(url).status_code == 404
            for name in ("answer", "escalate"):
                url = reverse(f"enquiries:{name}", args=[self.appeal.pk])
                assert self.client.post(url, {"text": "No", "reason": "No"}).status_code == 404
            with pytest.raises(Refused, match="Headquarters answers an appeal"):
                services.answer(self.appeal, by=director, text="No")
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        page = self.client.get(reverse("enquiries:area_enquiries"))
        assert [each.category for each in page.context["page"]] == ["payment"]
        self.appeal.refresh_from_db()
        assert self.appeal.status == EnquiryStatus.ESCALATED

    def test_even_after_an_answer_it_comes_back_to_headquarters(self):
        services.answer(self.appeal, by=make.user(is_superuser=True), text="The bar stays.")

        services.reply(self.appeal, by=self.officer.user, text="Here is the hospital's letter.")

        self.appeal.refresh_from_db()
        assert self.appeal.status == EnquiryStatus.ESCALATED
        with pytest.raises(Refused):
            services.answer(
                self.appeal, by=make.director(self.place, Office.SCDE), text="The bar stays."
            )

    def test_whoever_barred_them_at_headquarters_does_not_answer(self):
        judge = make.user(is_superuser=True)
        Entry.objects.create(
            verb="officer.barred",
            actor=judge,
            subject_type="profiles.officer",
            subject_id=self.officer.pk,
        )

        with pytest.raises(Refused, match="You barred this officer"):
            services.answer(self.appeal, by=judge, text="The bar stays.")
        with pytest.raises(Refused, match="You barred this officer"):
            services.close(self.appeal, by=judge)
        tally = services.close_many([self.appeal.pk], by=judge)
        assert (tally.done, sum(tally.left_out.values())) == (0, 1)
        self.appeal.refresh_from_db()
        assert self.appeal.status == EnquiryStatus.ESCALATED

        services.answer(self.appeal, by=make.user(is_superuser=True), text="The bar is lifted.")

    def test_those_who_lift_bars_and_the_helpdesk_answer_it_in_the_admin(self):
        for group in ("Deployment", "Helpdesk"):
            staff = of_group(group)
            make.sign_in(self.client, staff)
            appeal = make_appeal()
            url = reverse("admin:enquiries_enquiry_answer", args=[appeal.pk])
            self.client.post(url, {"text": "We look into it."})
            appeal.refresh_from_db()
            assert appeal.status == EnquiryStatus.ANSWERED, group
            entry = Entry.objects.about(appeal.officer).get(verb="officer.appeal_answered")
            assert (entry.actor, entry.details) == (staff, {"enquiry": appeal.pk})

    def test_it_stands_on_the_officers_page_for_directors_and_headquarters(self):
        make.sign_in(self.client, make.director(self.place))
        area = reverse("profiles:area_officer", args=[self.officer.pk])
        assert "appealed against the bar" in self.client.get(area).text
        make.sign_in(self.client, of_group("Deployment"))
        page = self.client.get(reverse("admin:profiles_officer_change", args=[self.officer.pk]))
        assert reverse("admin:enquiries_enquiry_change", args=[self.appeal.pk]) in page.text

        services.close(self.appeal, by=make.user())

        make.sign_in(self.client, make.director(self.place))
        assert "appealed against the bar" not in self.client.get(area).text

    def test_answer_and_lifting_are_found_in_the_trail_of_the_officer(self):
        staff = of_group("Deployment")
        make.sign_in(self.client, staff)
        services.answer(self.appeal, by=staff, text="The bar is lifted.")
        make.act(self.client, reverse("admin:profiles_officer_changelist"), "vet", self.officer)

        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.VETTED
        told = Entry.objects.about(self.officer).order_by("pk").values_list("verb", flat=True)
        assert list(told) == ["officer.appealed", "officer.appeal_answered", "officer.vetted"]
        lifted = Entry.objects.get(verb="officer.vetted")
        assert (lifted.actor, lifted.details["was"]) == (staff, "barred")
        assert set(Message.objects.values_list("template", flat=True)) == {
            "enquiries/answered",
            "profiles/bar_lifted",
        }


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_appeal_sent_twice_at_once_is_one():
    officer = barred()

    done, refused = split(at_once(*[lambda: make_appeal(officer)] * 2))

    assert (len(done), len(refused)) == (1, 1)
    assert Enquiry.objects.live_appeals().count() == 1
