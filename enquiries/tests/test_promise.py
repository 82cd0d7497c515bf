"""An answer is promised by a day; what is open past it goes to headquarters by rule."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once, split
from enquiries import escalating, services, tasks
from enquiries.models import Category, Enquiry, EnquiryPromise, EnquiryStatus, Reply, Topic
from enquiries.tests.test_appeal import make_appeal
from enquiries.tests.test_ask import ask
from sms.models import Message

LATE = "The promised day has passed"


def days(number):
    return make.today() + timedelta(days=number)


def pass_by(enquiry, ago=1):
    Enquiry.objects.filter(pk=enquiry.pk).update(answer_by=days(-ago))
    enquiry.refresh_from_db()
    return enquiry


class Promising(TestCase):
    def test_a_week_unless_headquarters_promised_otherwise(self):
        assert ask().answer_by == days(7)
        EnquiryPromise.objects.create(category="payment", days=5)
        assert ask().answer_by == days(5)
        assert ask(category=Category.PROFILE).answer_by == days(7)
        topic = Topic.objects.create(
            category="payment", name_en="Late", name_sw="Kuchelewa", promised_days=2
        )
        assert ask(topic=topic).answer_by == days(2)

    def test_who_asks_again_and_who_is_sent_on_gets_a_new_day(self):
        enquiry = pass_by(ask())
        scde = make.director(enquiry.sub_county, Office.SCDE)
        services.answer(enquiry, by=scde, text="Soon")
        services.reply(enquiry, by=enquiry.officer.user, text="When?")
        enquiry.refresh_from_db()
        assert enquiry.answer_by == days(7)
        pass_by(enquiry)
        services.escalate(enquiry, by=scde, reason="x")
        enquiry.refresh_from_db()
        assert enquiry.answer_by == days(7)

    def test_officer_and_desk_read_the_day_and_the_desk_has_overdue_ones_first(self):
        place = make.sub_county()
        officer = make.officer(sub_county=place)
        first, second = ask(officer), pass_by(ask(officer))
        self.client.force_login(officer.user)
        page = self.client.get(reverse("enquiries:enquiry", args=[first.pk]))
        self.assertContains(page, f"An answer is promised by {days(7).day} ")
        self.assertNotContains(page, "Overdue")
        make.sign_in(self.client, make.director(place, Office.SCDE))
        url = reverse("enquiries:area_enquiries")
        assert list(self.client.get(url).context["page"]) == [second, first]
        self.assertContains(self.client.get(url), "Overdue", count=1)
        assert list(self.client.get(url, {"overdue": "on"}).context["page"]) == [second]


class Topics(WebTest):
    def test_officers_choose_what_headquarters_offers_in_their_language(self):
        officer = make.officer()
        assert Topic.objects.filter(name_en="I worked but was not deployed in CP2").exists()
        hidden = Topic.objects.create(
            category="other", name_en="Old", name_sw="Zamani", active=False
        )
        form = self.app.get(reverse("enquiries:new"), user=officer.user).forms[1]
        offered = {text for _value, _chosen, text in form["topic"].options}
        assert "I worked but was not deployed in CP2" in offered
        assert str(hidden) not in offered
        form["category"] = "other"
        form["topic"].select(text="I worked but was not deployed in CP2")
        form["subject"], form["text"] = "Not deployed", "I replaced a colleague."
        assert form["full_name"].value == officer.full_name
        page = form.submit().follow()
        enquiry = Enquiry.objects.get()
        assert (enquiry.category, enquiry.topic.category) == ("payment", "payment")
        assert enquiry.full_name == officer.full_name
        assert "I worked but was not deployed in CP2" in page.text
        self.app.set_cookie("language", "sw")
        assert "Nilifanya kazi lakini" in self.app.get(page.request.url).text


class ByRule(TestCase):
    def test_open_ones_past_their_day_and_no_others(self):
        officer = make.officer()
        due = pass_by(ask(officer))
        others = [ask(officer), pass_by(ask(officer)), pass_by(ask(officer))]
        for other, status in zip(others[1:], ("answered", "closed"), strict=True):
            Enquiry.objects.filter(pk=other.pk).update(status=status)
        appeal = pass_by(make_appeal())
        today = ask(officer)
        Enquiry.objects.filter(pk=today.pk).update(answer_by=days(0))

        assert tasks.escalate() == 1

        due.refresh_from_db()
        assert (due.status, due.answer_by) == (EnquiryStatus.ESCALATED, days(7))
        said = Reply.objects.get()
        assert (said.enquiry, said.by) == (due, None)
        assert said.text.startswith(LATE)
        entry = Entry.objects.get(verb="enquiry.escalated")
        assert (entry.actor, entry.subject_id) == (None, due.pk)
        assert entry.details == {"promised": days(-1).isoformat()}
        text = Message.objects.get()
        assert (text.to, text.template) == (officer.phone, "enquiries/escalated")
        appeal.refresh_from_db()
        assert appeal.answer_by == days(-1)

    def test_a_second_beat_does_nothing(self):
        pass_by(ask())
        assert [escalating.escalate_due() for _beat in range(3)] == [1, 0, 0]
        assert (Reply.objects.count(), Message.objects.count()) == (1, 1)

    def test_what_was_missed_is_made_up_for_in_a_few_statements(self):
        officer = make.officer()
        for ago in range(1, 8):
            pass_by(ask(officer), ago)
        assert escalating.escalate_due(most=3) == 7
        assert Message.objects.count() == 7

        def statements():
            with self.assertNumQueries(8):
                escalating.escalate_due()

        pass_by(ask())
        statements()
        for _more in range(5):
            pass_by(ask())
        statements()

    def test_the_officer_reads_why_in_their_own_language(self):
        enquiry = pass_by(ask())
        user = enquiry.officer.user
        user.language = "sw"
        user.save()
        escalating.escalate_due()
        self.client.force_login(user)
        page = self.client.get(reverse("enquiries:enquiry", args=[enquiry.pk]))
        self.assertContains(page, "CP2, by rule")


RACE = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.mark.race
@RACE
def test_two_beats_at_once_escalate_each_once():
    officer = make.officer()
    for _each in range(6):
        pass_by(ask(officer))

    done = at_once(*[lambda: escalating.escalate_due(most=2)] * 3)

    assert sum(done) == 6
    assert Reply.objects.count() == Message.objects.count() == 6


@pytest.mark.race
@RACE
def test_an_answer_at_the_moment_of_escalation_is_one_or_the_other():
    for _round in range(4):
        enquiry = pass_by(ask())
        scde = make.director(enquiry.sub_county, Office.SCDE)

        def answer(enquiry=enquiry, scde=scde):
            return services.answer(enquiry, by=scde, text="Paid on Monday")

        answered, escalated = at_once(answer, escalating.escalate_due)

        enquiry.refresh_from_db()
        if isinstance(answered, Refused):
            assert "with headquarters now" in str(answered)
            assert (enquiry.status, escalated) == ("escalated", 1)
        else:
            assert (enquiry.status, escalated) == ("answered", 0)
        assert enquiry.replies.count() == 1


@pytest.mark.race
@RACE
def test_of_two_answers_at_once_the_second_is_shown_the_first():
    enquiry = ask()
    scdes = [make.director(enquiry.sub_county, Office.SCDE) for _each in range(2)]

    done, refused = split(
        at_once(
            *(
                lambda by=by: services.answer(enquiry, by=by, text="Paid on Monday", seen=0)
                for by in scdes
            )
        )
    )

    assert (len(done), len(refused)) == (1, 1)
    assert "Somebody wrote while you did" in str(refused[0])
    assert enquiry.replies.count() == Message.objects.count() == 1
