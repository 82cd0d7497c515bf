"""A day's register by text: PRESENT, or ABSENT and the numbers of the printed list."""

from datetime import datetime, time, timedelta

import pytest
from django.conf import settings
from django.test import TestCase
from django.utils import timezone

from accounts.models import Entry
from attendance import services, texting
from attendance.models import Mark, RegisterStatus, Way
from attendance.tests import world
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import Exam
from cp2.tests import make
from cp2.tests.races import at_once
from deployments.models import DeploymentStatus
from sms import gsm
from sms.models import InboundMessage, Message
from sms.services import read, read_inbox, receive


def text(sender, words, **more):
    """To the short code; the answer's words."""
    before = set(Message.objects.values_list("pk", flat=True))
    provider_id = more.pop("id", f"t{make.number()}")
    receive(provider_id=provider_id, sender=sender, shortcode="22262", text=words, **more)
    read_inbox()
    answers = Message.objects.exclude(pk__in=before).filter(to=sender)
    return " | ".join(answers.values_list("text", flat=True))


class Case(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=4)
        self.manager = self.centre.deployments[0].officer
        self.phone = self.manager.phone

    def marks(self):
        """By number, as P or Ab, on every day."""
        place = {d.pk: n for n, d in enumerate(self.centre.deployments, 1)}
        return {place[mark.deployment_id]: mark.get_status_display() for mark in Mark.objects.all()}

    def name(self, number, full_name):
        officer = self.centre.deployments[number - 1].officer
        officer.full_name = full_name
        officer.save(update_fields=["full_name"])


class Marking(Case):
    def test_present_marks_all_who_are_expected_in_the_manager_s_name(self):
        answer = text(self.phone, "PRESENT")

        assert self.marks() == {1: "P", 2: "P", 3: "P", 4: "P"}
        mark = Mark.objects.first()
        assert (mark.way, mark.marked_by, mark.acting_name) == (
            Way.TEXT,
            self.centre.user,
            self.manager.full_name,
        )
        assert self.centre.entry.registers.get().status == RegisterStatus.SUBMITTED
        assert ": 4 P. Ab: none. Wrong? Text again." in answer
        assert f"KCSE {timezone.localdate():%-d %b} saved" in answer

    def test_absent_names_those_who_did_not_come_however_it_is_written(self):
        self.name(3, "Wafula Juma")
        self.name(4, "Otieno")
        for words in [
            "ABSENT 3 4",
            "absent 3,4",
            "Absent 3 AND 4.",
            "ABSENT,3\n4",
            " absent: 3 na 4",
            "ABSENT KCSE 3 4",
            "absent kcse 4, 3",
            "ABSENT #3 #4",
        ]:
            Message.objects.all().delete()
            make.time_passes(hours=2)
            answer = text(self.phone, words)
            assert self.marks() == {1: "P", 2: "P", 3: "Ab", 4: "Ab"}, words
            assert "2 P. Ab: 3 Wafula J, 4 Otieno. Wrong?" in answer, words

    def test_repeat_corrects_and_says_what_it_was(self):
        self.name(2, "Barasa Simiyu")
        text(self.phone, "ABSENT 3")

        answer = text(self.phone, "ABSENT 2")

        assert self.marks() == {1: "P", 2: "Ab", 3: "P", 4: "P"}
        assert "Ab: 2 Barasa S (was P)" in answer
        assert "Now P: 3" in answer
        assert "(was Ab)" in answer
        entry = Entry.objects.filter(verb="mark.corrected").first()
        assert entry.acting_name == self.manager.full_name

    def test_missing_distance_does_not_hinder_a_text(self):
        self.centre.entry.distance_km = self.centre.entry.distance_given_at = None
        self.centre.entry.save()

        text(self.phone, "PRESENT")

        assert len(self.marks()) == 4

    def test_who_is_marked_elsewhere_is_left_out_and_named(self):
        guest = self.centre.deployments[3]
        other = make.deployment(
            DeploymentStatus.CANCELLED, officer=guest.officer, post=make.post(exam=guest.post.exam)
        )
        make.mark(other)

        answer = text(self.phone, "PRESENT")

        assert "3 P. Ab: none. Marked elsewhere: 4." in answer
        assert Mark.objects.get(officer=guest.officer).deployment == other

    def test_number_goes_by_all_who_ever_were_deployed_here(self):
        gone = make.deployment(DeploymentStatus.REJECTED, post=self.centre.invigilators, slot=7)
        late = make.deployment(post=self.centre.invigilators, slot=8)

        assert "Not on the list" in text(self.phone, "ABSENT 5")
        text(self.phone, "ABSENT 6")

        assert Mark.objects.get(deployment=late).status == ABSENT
        assert not Mark.objects.filter(deployment=gone).exists()

    def test_kiswahili_for_whoever_chose_it(self):
        self.manager.user.language = "sw"
        self.manager.user.save()

        text(self.phone, "PRESENT")

        assert len(self.marks()) == 4


class Fitting(TestCase):
    def test_many_absent_are_cut_to_numbers_and_the_answer_stays_one_text(self):
        centre = world.centre(officers=40)
        for deployment in centre.deployments:
            deployment.officer.full_name = "Wanyonyikhaemba Nang'andu Mukhwana"
            deployment.officer.save()
        numbers = " ".join(str(n) for n in range(2, 41))

        for words in ["ABSENT 2 3", "ABSENT 2 3 4 5 6 7 8 9 10 11", f"ABSENT {numbers}", "PRESENT"]:
            answer = text(centre.deployments[0].officer.phone, words)
            assert gsm.segments(answer) == 1, answer
            assert "Text again." in answer

        assert Mark.objects.filter(status=PRESENT).count() == 40


class Refusing(Case):
    def refused(self, words, said, sender=None):
        answer = text(sender or self.phone, words)
        assert said in answer, answer
        assert gsm.segments(answer) == 1
        assert not Mark.objects.exists()

    def test_stranger_is_told_so_once_a_day(self):
        stranger = make.phone()
        self.refused("PRESENT", "this phone marks no register", sender=stranger)
        assert text(stranger, "PRESENT") == ""

    def test_officer_of_the_centre_who_is_not_its_manager(self):
        other = self.centre.deployments[1].officer.phone
        self.refused("PRESENT", "this phone marks no register", sender=other)

    def test_manager_who_only_was_offered_or_serves_on_other_days(self):
        deployment = self.centre.deployments[0]
        deployment.status = DeploymentStatus.OFFERED
        deployment.save()
        self.refused("PRESENT", "this phone marks no register")

    def test_number_that_is_not_on_the_list(self):
        self.refused("ABSENT 3 9", "Not on the list of")

    def test_words_that_nobody_understands(self):
        self.refused("ABSENT Wafula", "I do not understand WAFULA")
        for words in ["PRESENT 3", "ABSENT", "ABSENT 3-7", "PRESENT 🙂", "ABSENT KCPE 3"]:
            self.refused(words, "KNEC CP2: not saved. ")

    def test_day_on_which_the_centre_does_not_work(self):
        self.centre.entry.exam.days.filter(day=make.today()).delete()
        self.refused("PRESENT", "has no register of")

    def test_register_that_a_director_has_amended(self):
        make.register(self.centre.entry, status=RegisterStatus.AMENDED, submitted_at=timezone.now())
        self.refused("PRESENT", "It stays as it is")

    def test_day_that_is_closed(self):
        yesterday = timezone.now() - timedelta(days=1, minutes=5)
        Exam.objects.update(
            registers_close_after=0, registers_due_at=time(0, 0), registers_close_at=time(23, 59)
        )
        assert "is closed" in text(self.phone, "PRESENT", sent_at=yesterday)
        assert not Mark.objects.exists()

    def test_centre_without_an_account(self):
        self.centre.user.delete()
        self.refused("PRESENT", "Your centre has no account")

    def test_two_exams_today_want_the_name_of_one(self):
        entry = self.centre.entry
        exam = make.exam(abbreviation="KPSEA")
        second = world.centre(officers=2, exam=exam, station=entry.station)
        for each in (entry, second.entry):
            each.phones.create(phone=make.phone(), confirmed_at=timezone.now())
        both = make.phone()
        for each in (entry, second.entry):
            each.phones.create(phone=both, confirmed_at=timezone.now())

        self.refused("ABSENT 1", "Which exam? Put its name behind the first word", sender=both)

        text(both, "ABSENT KPSEA 1")
        assert {mark.deployment for mark in Mark.objects.all()} == {*second.deployments}


class Lateness(Case):
    def test_text_that_was_sent_yesterday_marks_yesterday_and_says_why(self):
        sent = timezone.make_aware(datetime.combine(make.today() - timedelta(days=1), time(7, 12)))
        answer = text(self.phone, "PRESENT", sent_at=sent)

        assert {mark.day for mark in Mark.objects.all()} == {sent.date()}
        register = self.centre.entry.registers.get()
        assert "Texted at 07:12" in register.late_reason
        assert f"{sent:%-d %b}" in answer

    def test_mark_of_the_page_is_newer_than_a_text_that_comes_late(self):
        services.mark_all(
            self.centre.entry,
            day=make.today(),
            marks=self.centre.marks(PRESENT, ABSENT, PRESENT, PRESENT),
            by=self.centre.user,
            acting_name="Barasa Wafula",
        )
        for words in ["PRESENT", "PRESENT AGAIN"]:
            answer = text(self.phone, words, sent_at=timezone.now() - timedelta(minutes=1))
            assert "not saved. KCSE" in answer
            assert "was marked on the page" in answer
            assert "3 P. Ab: 2" in answer
        assert self.marks()[2] == "Ab"

    def test_what_the_page_has_just_saved_a_text_changes_when_it_says_again(self):
        services.mark_all(
            self.centre.entry,
            day=make.today(),
            marks=self.centre.marks(PRESENT, ABSENT, PRESENT, PRESENT),
            by=self.centre.user,
            acting_name="Barasa Wafula",
        )
        assert "text the same and AGAIN" in text(self.phone, "ABSENT 3")

        answer = text(self.phone, "ABSENT 3 AGAIN")

        assert self.marks() == {1: "P", 2: "P", 3: "Ab", 4: "P"}
        assert "(was P)" in answer
        assert "(was Ab)" in answer


class Reading(TestCase):
    def test_gateway_s_time_is_kept_where_it_says_its_zone(self):
        now = timezone.now()
        good = (now - timedelta(minutes=3)).isoformat()
        for number, (date, kept) in enumerate(
            [
                (good, True),
                (now.replace(tzinfo=None).isoformat(), False),
                ((now + timedelta(hours=1)).isoformat(), False),
                ((now - timedelta(days=9)).isoformat(), False),
                ("yesterday", False),
                ("0001-01-01T00:00:00+14:00", False),
            ]
        ):
            form = {"from": "254712345678", "to": "22262", "text": "X", "id": f"d{number}"}
            url = f"/sms/inbound/{settings.SMS_INBOUND_SECRET}/"
            assert self.client.post(url, form | {"date": date}).status_code == 200
            found = InboundMessage.objects.get(provider_id=f"d{number}")
            assert (found.sent_at is not None) == kept, date
            assert (found.at == found.received_at) != kept

    def test_short_names(self):
        assert texting.short("Wafula Barasa Juma") == "Wafula B"
        assert texting.short("Ali") == "Ali"
        assert texting.short("") == "–"


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestAtOnce:
    def test_text_that_is_delivered_twice_is_read_once(self):
        centre = world.centre(officers=5)
        phone = centre.deployments[0].officer.phone
        for _n in range(2):
            receive(provider_id="same", sender=phone, shortcode="22262", text="ABSENT 3")
        inbound = InboundMessage.objects.get()

        at_once(*[lambda: read(inbound)] * 8)

        assert Mark.objects.count() == 5
        assert Message.objects.filter(to=phone).count() == 1

    def test_text_and_post_leave_one_mark_per_person_and_day(self):
        centre = world.centre(officers=5)
        phone = centre.deployments[0].officer.phone
        for number in range(3):
            receive(provider_id=f"n{number}", sender=phone, shortcode="22262", text="ABSENT 3")
        texts = [lambda each=each: read(each) for each in InboundMessage.objects.all()]

        def post():
            services.mark_all(
                centre.entry,
                day=make.today(),
                marks=centre.marks(),
                by=centre.user,
                acting_name="Barasa Wafula",
            )

        at_once(post, *texts, post)

        assert Mark.objects.count() == 5
        statuses = [m.status for m in Mark.objects.order_by("deployment")]
        assert statuses in ([PRESENT] * 5, [PRESENT, PRESENT, ABSENT, PRESENT, PRESENT])
        assert Message.objects.filter(to=phone).count() == 3
