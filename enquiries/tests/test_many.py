"""One answer to many who ask alike, many that are closed, and what all of them come to."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once
from enquiries import services
from enquiries.models import Enquiry, EnquiryStatus, Reply
from enquiries.statistics import statistics
from enquiries.tests.test_ask import ask
from enquiries.tests.test_desk import of_group, ready
from sms.models import Message

LIST = reverse("admin:enquiries_enquiry_changelist")


class Alike(TestCase):
    def setUp(self):
        self.helper = of_group("Helpdesk")
        make.sign_in(self.client, self.helper)
        self.canned = ready()
        self.asked = [ask() for _each in range(3)]

    def post(self, *chosen, **fields):
        data = {"action": "answer_alike", "_selected_action": [row.pk for row in chosen]}
        return self.client.post(LIST, {**data, **fields}, follow=True)

    def send(self, page, **fields):
        data = {"confirmed": "yes", "as_of": page.context["as_of"], "canned": self.canned.pk}
        return self.client.post(
            LIST,
            {
                "action": "answer_alike",
                "_selected_action": page.context["chosen"],
                **data,
                **fields,
            },
            follow=True,
        )

    def test_chosen_shown_and_sent_to_each_in_their_language(self):
        user = self.asked[0].officer.user
        user.language = "sw"
        user.save()
        page = self.post(*self.asked)
        self.assertContains(page, "3 of the chosen enquiries wait")
        self.assertNotContains(page, "Send to")
        page = self.post(*self.asked, canned=self.canned.pk)
        self.assertContains(page, "Inakuja mwezi wa Machi.")
        self.assertContains(page, "Send to 3 officers")
        assert not Reply.objects.exists()

        self.assertContains(self.send(page), "3 answered.")

        assert set(Enquiry.objects.values_list("status", flat=True)) == {"answered"}
        assert not Enquiry.objects.filter(first_answered_at=None).exists()
        said = dict(Reply.objects.values_list("enquiry", "text"))
        assert said[self.asked[0].pk] == "Inakuja mwezi wa Machi."
        assert said[self.asked[1].pk] == "It comes in March."
        assert Message.objects.filter(template="enquiries/answered").count() == 3
        entries = Entry.objects.filter(verb="enquiry.answered", actor=self.helper)
        assert [entry.details for entry in entries] == [{"ready_answer": "Soon"}] * 3

    def test_what_moved_on_meanwhile_is_left_out_and_said(self):
        page = self.post(*self.asked, canned=self.canned.pk)
        one, other, _last = self.asked
        services.reply(one, by=one.officer.user, text="And more")
        services.take(other, by=of_group("Helpdesk", name="Nekesa"))

        page = self.send(page)

        self.assertContains(page, "1 answered.")
        self.assertContains(page, "Somebody has written to it meanwhile.")
        self.assertContains(page, "Nekesa at headquarters has taken")
        self.assertContains(
            self.send(self.post(self.asked[2], canned=self.canned.pk)), "0 answered"
        )

    def test_no_choice_and_rubbish_send_nothing(self):
        self.assertContains(self.post(*self.asked, canned=""), "Choose a ready answer first")
        page = self.post(*self.asked, canned=self.canned.pk)
        for fields in (
            {"as_of": "x"},
            {"as_of": "9" * 30},
            {"canned": "9" * 30},
            {"confirmed": ""},
        ):
            assert self.send(page, **fields).status_code == 200
        assert not Reply.objects.exists()

    def test_who_only_reads_is_not_offered_it(self):
        make.sign_in(self.client, of_group("Auditor"))
        self.assertNotContains(self.client.get(LIST), "answer_alike")
        self.post(*self.asked, canned=self.canned.pk, confirmed="yes", as_of="0")
        assert not Reply.objects.exists()

    def test_as_many_statements_for_many_as_for_one_and_never_too_many(self):
        def count(rows):
            pks = [row.pk for row in rows]
            with CaptureQueriesContext(connection) as queries:
                services.answer_many(pks, by=self.helper, canned=self.canned, as_of=0)
            return len(queries)

        assert count(self.asked[:1]) == count([ask() for _each in range(10)])
        with pytest.raises(Refused, match="At most 500"):
            services.close_many(range(501), by=self.helper)

    def test_closing_many_tells_each(self):
        self.assertContains(make.act(self.client, LIST, "close", *self.asked), "3 closed.")
        assert Message.objects.filter(template="enquiries/closed").count() == 3
        assert not Enquiry.objects.filter(closed_at=None).exists()

    def test_what_a_colleague_has_taken_is_not_closed_and_said(self):
        services.take(self.asked[0], by=of_group("Helpdesk", name="Nekesa"))
        page = make.act(self.client, LIST, "close", *self.asked)
        self.assertContains(page, "2 closed.")
        self.assertContains(page, "Nekesa at headquarters has taken")
        assert Enquiry.objects.get(closed_at=None) == self.asked[0]


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_answered_twice_at_once_get_one_answer_each():
    pks = [ask().pk for _each in range(5)]
    canned, helpers = ready(), [of_group("Helpdesk") for _each in range(2)]

    tallies = at_once(
        *(lambda by=by: services.answer_many(pks, by=by, canned=canned, as_of=0) for by in helpers)
    )

    assert sorted(tally.done for tally in tallies) == [0, 5]
    assert Reply.objects.count() == 5


class Statistics(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.officer = make.officer(sub_county=self.place)
        self.exam = make.exam()
        now = timezone.now()
        for ago, late, status in (
            (0, False, "open"),
            (5, False, "open"),
            (10, True, "open"),
            (40, True, "escalated"),
            (40, False, "answered"),
            (40, False, "closed"),
        ):
            enquiry = ask(self.officer, exam=self.exam)
            fields = {"status": status, "opened_at": now - timedelta(days=ago)}
            if late:
                fields["answer_by"] = make.today() - timedelta(days=1)
            if status in ("answered", "closed"):
                fields["first_answered_at"] = now - timedelta(days=ago - 2)
            Enquiry.objects.filter(pk=enquiry.pk).update(**fields)

    def test_what_waits_how_long_about_what_and_where(self):
        found = statistics(Enquiry.objects.all(), by_county=True)
        assert (found.all, found.overdue, found.hours) == (6, 2, 48)
        assert [count for _name, count in found.by_status] == [3, 1, 1, 1]
        assert [(age.on_time, age.overdue) for age in found.ages] == [
            (1, 0), (1, 0), (0, 1), (0, 0), (0, 1)
        ]  # fmt: skip
        assert [(line.all, line.waiting, line.overdue) for line in found.subjects] == [(6, 4, 2)]
        assert [(line.name, line.all) for line in found.places] == [("Kisii", 6)]

    def test_the_office_sees_its_own_and_headquarters_all_and_by_exam(self):
        ask()
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        page = self.client.get(reverse("enquiries:area_statistics"))
        assert page.context["found"].all == 6
        self.assertContains(page, "<svg")
        for user in (make.director(self.place), self.officer.user):
            make.sign_in(self.client, user)
            assert self.client.get(reverse("enquiries:area_statistics")).status_code == 404
        make.sign_in(self.client, of_group("Auditor"))
        url = reverse("admin:enquiries_enquiry_statistics")
        assert self.client.get(url).context["found"].all == 7
        assert self.client.get(url, {"exam": self.exam.pk}).context["found"].all == 6
        for rubbish in ("x", "\0", "9" * 40):
            assert self.client.get(url, {"exam": rubbish}).status_code == 200
        make.sign_in(self.client, of_group("Finance preparer"))
        assert self.client.get(url).status_code == 404

    def test_taken_away(self):
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        for name in ("area_files", "area_statistics_files"):
            page = self.client.post(reverse(f"enquiries:{name}"), {"as": "csv"})
            text = b"".join(page.streaming_content).decode()
            assert "Overdue" in text, name
        make.sign_in(self.client, of_group("Helpdesk"))
        for name in ("files", "statistics_files"):
            for kind in ("csv", "xlsx", "pdf"):
                url = reverse(f"admin:enquiries_enquiry_{name}")
                page = self.client.post(url, {"as": kind})
                assert page.status_code == 200, (name, kind)
                assert f".{kind}" in page["Content-Disposition"]

    def test_as_many_queries_for_one_as_for_many(self):
        make.sign_in(self.client, of_group("Helpdesk"))

        def count(url):
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(url).status_code == 200
            return len(queries)

        urls = [reverse("admin:enquiries_enquiry_statistics"), LIST]
        before = {url: count(url) for url in urls}
        for _each in range(4):
            ask(exam=make.exam())
        assert {url: count(url) for url in urls} == before
        assert before[urls[0]] <= 10

    def test_nothing_yet(self):
        found = statistics(Enquiry.objects.none(), by_county=True)
        assert (found.all, found.hours, found.most, found.bars) == (0, None, 0, [])
        assert EnquiryStatus.OPEN
