from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from accounts.models import Entry, User
from accounts.promises import RunStatus
from accounts.tests.people import staff
from claims.models import Claim
from claims.tests.test_database import refused
from cp2.protection import retention
from cp2.protection.models import RequestKind, RetentionRule, Rule
from cp2.protection.services import ask
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.tests import make
from enquiries.models import Enquiry
from profiles.models import NextOfKin, Officer, Paper, PaperKind, RegisterEntry
from sms.models import InboundMessage, Message, MessageStatus

LONG_AGO = timezone.now() - timedelta(days=6 * 365)
LATELY = timezone.now() - timedelta(days=10)


def text(at, status=MessageStatus.DELIVERED):
    return Message.objects.create(
        to="254711000111", template="x", text="Hello", status=status, created_at=at
    )


def someone(*, seen, **fields):
    officer = make.officer(**fields)
    User.objects.filter(pk=officer.user_id).update(last_login=seen, date_joined=LONG_AGO)
    make.next_of_kin(officer)
    for kind in (PaperKind.ID_FRONT, PaperKind.ID_BACK):
        paper = Paper(officer=officer, kind=kind, name="id", type="image/jpeg", status="unscanned")
        paper.file.save("id", ContentFile(b"x"))
        Paper.objects.filter(pk=paper.pk).update(sent_at=LONG_AGO)
    return officer


def all_on():
    RetentionRule.objects.update(is_on=True)


def removed():
    return runs.finish(retention.start(by=None, dry=False)).outcome


class Schedule(TestCase):
    def test_nothing_is_removed_before_somebody_turns_a_rule_on(self):
        text(LONG_AGO)
        assert set(RetentionRule.objects.values_list("rule", "is_on")) == {
            (rule.value, False) for rule in Rule
        }
        assert retention.each_night() is False
        with pytest.raises(Refused):
            retention.start(by=None, dry=False)
        assert Message.objects.count() == 1

    def test_the_database_knows_the_rules(self):
        with refused("known_retention_rule"):
            RetentionRule.objects.filter(rule=Rule.TEXTS).update(rule="x")
        with refused("kept_for_a_month_to_20_years"):
            RetentionRule.objects.update(days=29)


class Removing(TestCase):
    def test_a_dry_run_counts_what_a_real_one_removes_and_removes_nothing(self):
        text(LONG_AGO)
        someone(seen=LONG_AGO)
        all_on()
        dry = runs.finish(retention.start(by=None, dry=True))
        assert (Message.objects.count(), NextOfKin.objects.count()) == (1, 1)
        expected = {"texts": 1, "kin": 1, "copies": 2}
        assert {name: n for name, n in dry.outcome.items() if n} == expected
        assert {name: n for name, n in removed().items() if n} == expected
        assert (Message.objects.count(), NextOfKin.objects.count()) == (0, 0)

    def test_exactly_what_is_due_goes(self):
        old, new, waiting = text(LONG_AGO), text(LATELY), text(LONG_AGO, MessageStatus.QUEUED)
        lost = text(LONG_AGO, MessageStatus.UNKNOWN)  # on its way, of which nobody ever heard
        for at in (LONG_AGO, LATELY):
            InboundMessage.objects.create(
                sender="254711000111", text="HELP", received_at=at, provider_id=str(at)
            )
            RegisterEntry.objects.create(
                register="tsc", number=f"{at:%Y%j}", name="Asha Made-up", imported_at=at
            )
        gone, here, served = (
            someone(seen=LONG_AGO),
            someone(seen=LATELY),
            someone(seen=LONG_AGO),
        )
        make.deployment(officer=served)
        all_on()
        removed()

        assert set(Message.objects.all()) == {new, waiting}
        assert {old, lost}.isdisjoint(Message.objects.all())
        assert InboundMessage.objects.count() == RegisterEntry.objects.count() == 1
        assert set(NextOfKin.objects.values_list("officer", flat=True)) == {here.pk, served.pk}
        assert not gone.papers.exists()
        assert here.papers.count() == served.papers.count() == 2

    def test_money_attendance_and_the_trail_stay(self):
        claim = make.claim()
        mark = make.mark(
            claim.officer.deployments.first() or make.deployment(officer=claim.officer)
        )
        User.objects.update(last_login=LONG_AGO, date_joined=LONG_AGO)
        before = Entry.objects.count()
        RetentionRule.objects.update(is_on=True, days=30)
        removed()

        assert Claim.objects.filter(pk=claim.pk).exists()
        mark.refresh_from_db()
        officer = Officer.objects.get(pk=claim.officer_id)
        assert officer.full_name
        assert officer.national_id
        assert Entry.objects.count() >= before

    def test_an_account_that_never_had_a_profile_says_no_more_whose_it_was(self):
        officer = make.bare_officer()
        busy = make.bare_officer()
        User.objects.filter(pk=officer.user_id).update(date_joined=LONG_AGO, last_login=None)
        User.objects.filter(pk=busy.user_id).update(date_joined=LONG_AGO, last_login=LATELY)
        phone = officer.user.phone
        all_on()
        removed()

        user = User.objects.get(pk=officer.user_id)
        assert (user.phone, user.name, user.is_active) == (None, "", False)
        assert phone not in user.username
        assert Officer.objects.get(pk=officer.pk).national_id is None
        assert User.objects.get(pk=busy.user_id).is_active
        assert Entry.objects.filter(verb="account.emptied", subject_id=user.pk).exists()
        assert User.objects.filter(phone=phone).count() == 0

    def test_nothing_of_whoever_is_removed_is_left_in_another_table(self):
        officer = make.officer(
            submitted_at=None, email="a@example.org", vetting_reason="x", skills=["braille"]
        )
        make.bank_account(officer)
        make.next_of_kin(officer)
        make.qualification(officer)
        make.number_change(officer)
        User.objects.filter(pk=officer.user_id).update(date_joined=LONG_AGO, last_login=None)
        all_on()
        assert removed()["unused"] == 1

        emptied = Officer.objects.get(pk=officer.pk)
        for field in Officer._meta.concrete_fields:
            if field.name not in retention.OF_NOBODY:
                assert getattr(emptied, field.attname) == field.get_default(), field.name
        for relation in Officer._meta.related_objects:
            rows = relation.related_model._base_manager
            assert not rows.filter(**{relation.field.name: officer}).exists(), relation

    def test_whoever_asks_something_is_not_removed_before_the_answer(self):
        asks, enquires = make.bare_officer(), make.bare_officer()
        ask(asks.user, kind=RequestKind.CORRECT, text="My name", written_by=None)
        Enquiry.objects.create(
            officer=enquires,
            sub_county=make.sub_county(),
            category="other",
            subject="Days",
            text="When is it?",
        )
        User.objects.update(date_joined=LONG_AGO, last_login=None)
        all_on()
        assert removed()["unused"] == 0
        assert User.objects.get(pk=asks.user_id).is_active

    def test_the_copies_of_whoever_is_owed_money_stay_until_it_is_paid(self):
        officer = someone(seen=LONG_AGO)
        claim = make.claim(deployment=make.deployment(officer=officer))
        all_on()
        years_on = timezone.now() + timedelta(days=3 * 365)
        with travel(years_on, tick=True):
            assert removed()["copies"] == 0
        Claim.objects.filter(pk=claim.pk).update(
            status="paid",
            verified_by=make.user(),
            approved_by=make.user(),
            paid_at=timezone.now(),
            payment_reference="X1",
        )
        with travel(years_on, tick=True):
            assert removed()["copies"] == 2

    def test_many_go_in_portions(self):
        for _n in range(5):
            text(LONG_AGO)
        RetentionRule.objects.filter(rule=Rule.TEXTS).update(is_on=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(retention, "PORTION", 2)
            run = runs.finish(retention.start(by=None, dry=False))
        assert (run.portions, run.outcome) == (3, {"texts": 5})
        rule = RetentionRule.objects.get(rule=Rule.TEXTS)
        assert (rule.removed, rule.last_run_at is not None) == (5, True)

    def test_the_night_begins_what_is_due_and_once(self):
        text(LONG_AGO)
        RetentionRule.objects.filter(rule=Rule.TEXTS).update(is_on=True)
        assert retention.each_night() is True
        assert retention.each_night() is False
        runs.finish(Run.objects.get())
        assert retention.each_night() is False

    def test_the_command_says_that_every_rule_is_off(self):
        with pytest.raises(CommandError, match="Every rule is off"):
            call_command("retention", remove=True)

    def test_the_command_counts_and_removes_when_it_is_told_to(self):
        text(LONG_AGO)
        RetentionRule.objects.filter(rule=Rule.TEXTS).update(is_on=True)
        said = StringIO()
        call_command("retention", stdout=said)
        assert "1  texts" in said.getvalue()
        assert Message.objects.count() == 1
        call_command("retention", remove=True, stdout=StringIO())
        assert Message.objects.count() == 0


class Pages(TestCase):
    def setUp(self):
        self.list = reverse("admin:protection_retentionrule_changelist")

    def test_a_dry_run_is_begun_from_the_schedule(self):
        make.sign_in(self.client, staff("Administrator"))
        text(LONG_AGO)
        page = self.client.get(self.list).content.decode()
        assert "Dry run: only count" in page
        answer = self.client.post(
            reverse("admin:protection_retentionrule_run"), {"act": "dry"}, follow=True
        )
        assert "Retention, dry run" in answer.content.decode()
        run = runs.finish(Run.objects.get())
        assert (run.status, run.outcome["texts"]) == (RunStatus.DONE, 1)

    def test_a_changed_rule_is_in_the_trail_with_what_it_said(self):
        make.sign_in(self.client, staff("Administrator"))
        rule = RetentionRule.objects.get(rule=Rule.TEXTS)
        url = reverse("admin:protection_retentionrule_change", args=[rule.pk])
        self.client.post(url, {"days": 900, "is_on": "on", "why": "Counsel says so."})
        rule.refresh_from_db()
        assert (rule.days, rule.is_on) == (900, True)
        entry = Entry.objects.about(rule).get(verb="retention.changed")
        assert entry.details["was"] == {
            "days": 730,
            "is_on": False,
            "why": entry.details["was"]["why"],
        }

    def test_too_short_a_time_is_refused_by_the_field(self):
        make.sign_in(self.client, staff("Administrator"))
        rule = RetentionRule.objects.get(rule=Rule.TEXTS)
        url = reverse("admin:protection_retentionrule_change", args=[rule.pk])
        answer = self.client.post(url, {"days": 3, "why": "x"})
        assert "greater than or equal to 30" in answer.content.decode()

    def test_the_auditor_looks_and_begins_nothing(self):
        make.sign_in(self.client, staff("Auditor"))
        assert "Dry run" not in self.client.get(self.list).content.decode()
        url = reverse("admin:protection_retentionrule_run")
        assert self.client.post(url, {"act": "dry"}).status_code == 404
        assert not Run.objects.exists()

    def test_the_privacy_page_says_what_the_schedule_says(self):
        page = self.client.get(reverse("privacy")).content.decode()
        assert "730 days" not in page
        RetentionRule.objects.filter(rule=Rule.TEXTS).update(is_on=True)
        page = self.client.get(reverse("privacy")).content.decode()
        assert "730 days" in page
        assert "Safaricom PLC" in page
