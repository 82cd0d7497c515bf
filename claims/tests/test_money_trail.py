"""From a payment back to the marks: every person in the chain is named, and every look recorded."""

import re
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from accounts.services import record
from attendance.models import Amendment, Mark, RegisterReturn
from catalogue.models import DayKind, ExamDay
from claims import services
from claims.models import HoldCode
from claims.money.gathering import LOOKS
from claims.money.words import VERBS
from claims.tests import money, world
from cp2.tests import make

FIND = reverse("admin:claims_money_find")


def trail(thing, kind="payment"):
    return reverse(f"admin:claims_{kind}_trail", args=[thing.pk])


class Chain(TestCase):
    """One claim, with everybody who can have had a hand in it."""

    @classmethod
    def setUpTestData(cls):
        cls.place = make.sub_county("Here", "Kisii")
        exam = make.exam()
        position = make.position("INV")
        make.terms(exam, position, daily_rate=550)
        station = make.station(sub_county=cls.place)
        cls.entry = make.entry(exam=exam, station=station)
        post = make.post(exam=exam, station=station, position=position)
        cls.deployment = make.deployment(post=post)
        cls.officer = cls.deployment.officer
        cls.account = make.centre(station, exam=exam)
        cls.director = make.director(cls.place, name="Director Achieng")
        cls.first_day = cls.deployment.starts_on
        cls.marked(cls.first_day)
        cls.amended(cls.first_day + timedelta(days=1))
        make.register(
            cls.entry,
            day=cls.first_day,
            status="submitted",
            acting_name="Register Chebet",
            submitted_at=make.moment("2025-11-03 09:00"),
        )
        RegisterReturn.objects.create(entry=cls.entry, code="R-1", status="signed")
        cls.claim = make.claim(deployment=cls.deployment)
        cls.holder = world.staff("Finance approver")
        cls.holder.name = "Holder Kimani"
        cls.holder.save()
        cls.paid(cls.claim)

    @classmethod
    def marked(cls, day):
        ExamDay.objects.get_or_create(
            exam=cls.entry.exam, day=day, defaults={"kind": DayKind.THEORY}
        )
        return Mark.objects.create(
            deployment=cls.deployment,
            officer=cls.officer,
            day=day,
            status="present",
            marked_by=cls.account,
            acting_name="Marker Barasa",
        )

    @classmethod
    def amended(cls, day):
        mark = cls.marked(day)
        amendment = Amendment.objects.create(
            entry=cls.entry,
            day=day,
            status="granted",
            reason="He came by the second bus",
            asked_by=cls.account,
            acting_name="Asker Otieno",
            decided_by=cls.director,
            decided_at=make.moment("2025-11-05 10:00"),
        )
        amendment.lines.create(deployment=cls.deployment, was="present", wanted="absent")
        Mark.objects.filter(pk=mark.pk).update(
            amendment=amendment, status="absent", acting_name="Amender Odhiambo", way="amendment"
        )

    @classmethod
    def paid(cls, claim):
        services.verify(claim, by=cls.director)
        cls.approver = world.approver()
        cls.approver.name = "Approver Wanjiru"
        cls.approver.save()
        hold = services.raise_hold(
            claim, code=HoldCode.INVESTIGATION, by=cls.holder, note="A caller said so"
        )
        services.clear_hold(hold, by=cls.holder, note="The caller was wrong")
        services.approve(claim, by=cls.approver)
        cls.preparer = world.preparer()
        cls.preparer.name = "Preparer Mutua"
        cls.preparer.save()
        world.cleared(claim)  # of the return, which is only signed
        cls.batch = world.export(world.batch(claim, by=cls.preparer))
        world.reconcile(cls.batch, claim)
        cls.batch.refresh_from_db()
        cls.payment = cls.batch.payments.get()

    def setUp(self):
        self.auditor = world.staff("Auditor")
        make.sign_in(self.client, self.auditor)

    def test_every_person_of_the_chain_is_named(self):
        page = self.client.get(trail(self.payment))
        for words in (
            "Preparer Mutua",
            self.batch.approved_by.username,
            self.batch.sha256,
            self.payment.reference,
            "Director Achieng",
            "Approver Wanjiru",
            "Holder Kimani",
            "A caller said so",
            "The caller was wrong",
            "Marker Barasa",
            "Amender Odhiambo",
            "Asker Otieno",
            "He came by the second bus",
            "Was P, by Marker Barasa",
            "Register Chebet",
            "2 × KES 550.00",
            "Rate of the exam&#x27;s terms for this position.",
            self.deployment.post.station.code,
            str(self.deployment.serial),
            "Vetted",
            "R-1",
        ):
            self.assertContains(page, words)

    def test_numbers_are_masked(self):
        for page in (
            self.client.get(trail(self.payment)),
            self.client.post(trail(self.payment) + "files/", {"as": "csv"}),
        ):
            text = page.getvalue().decode()
            for number in (self.payment.payee_phone, self.officer.user.phone):
                assert number not in text
                assert number[3:] not in text
            assert self.officer.national_id not in text

    def test_who_looked_is_written_down(self):
        self.client.head(trail(self.payment))
        assert not Entry.objects.filter(verb="payment.traced").exists()
        self.client.get(trail(self.payment))
        entry = Entry.objects.get(verb="payment.traced")
        assert (entry.actor, entry.subject_id) == (self.auditor, self.payment.pk)
        # and is no part of the trail itself
        self.assertNotContains(self.client.get(trail(self.payment)), self.auditor.username + ")")

    def test_a_claim_that_is_not_paid_has_a_trail_too(self):
        claim = make.claim()
        page = self.client.get(trail(claim, "claim"))
        self.assertContains(page, "Computed from marks and rates")
        self.assertContains(page, "nobody yet")
        assert Entry.objects.get(verb="claim.traced").subject_id == claim.pk

    def test_adjustments_and_the_first_claim_lead_to_each_other(self):
        made = money.adjustment(self.claim, -1)
        self.assertContains(self.client.get(trail(self.payment)), trail(made, "claim"))
        self.assertContains(self.client.get(trail(made, "claim")), trail(self.claim, "claim"))

    def test_as_many_queries_however_many_days_and_deployments(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(trail(self.payment)).status_code == 200
            return len(queries)

        few = count()
        days = (self.deployment.ends_on - self.first_day).days
        for number in range(2, days):
            self.marked(self.first_day + timedelta(days=number))
        self.amended(self.deployment.ends_on)
        assert days > 5
        assert count() == few <= 20

    def test_it_is_taken_along_in_every_kind(self):
        for kind in ("csv", "xlsx", "pdf"):
            answer = self.client.post(trail(self.payment) + "files/", {"as": kind})
            assert answer.status_code == 200
            assert answer.getvalue()
        assert Entry.objects.filter(verb="payment.trace_taken").count() == 3

    def test_it_is_found_by_each_number_in_full_and_by_no_part(self):
        phone, card = self.officer.user.phone, self.officer.national_id
        for term in (
            f"CP2-{self.payment.pk}",
            f"cp2-{self.payment.pk}",
            self.payment.reference,
            self.payment.reference.lower(),
            f"claim {self.claim.pk}",
            phone,
            f"0{phone[3:]}",
            card,
        ):
            with self.subTest(term):
                self.assertContains(self.client.get(FIND, {"q": term}), trail(self.payment))
        for term in (
            phone[:-1],
            card[:-1],
            self.payment.reference[:-1],
            "%",
            "CP2-0",
            "9" * 40,
            "\0",
        ):
            with self.subTest(term):
                page = self.client.get(FIND, {"q": term})
                assert page.status_code == 200
                self.assertNotContains(page, trail(self.payment))

    def test_nothing_typed_is_asked_for(self):
        self.assertContains(self.client.get(FIND, {"q": ""}), "Enter what you look for")

    def test_who_is_kept_out(self):
        pages = [FIND, trail(self.payment), trail(self.claim, "claim")]
        for group in ("Helpdesk", "Deployment"):
            make.sign_in(self.client, world.staff(group))
            for page in pages:
                assert self.client.get(page).status_code == 404
            assert (
                self.client.post(trail(self.payment) + "files/", {"as": "csv"}).status_code == 404
            )
        for group in ("Finance preparer", "Finance approver"):
            make.sign_in(self.client, world.staff(group))
            for page in pages:
                assert self.client.get(page).status_code == 200

    def test_what_is_not_there_is_not_found(self):
        for path in ("/admin/claims/payment/0/trail/", "/admin/claims/claim/999999999/trail/"):
            assert self.client.get(path).status_code == 404
        assert self.client.get(f"/admin/claims/claim/{10**30}/trail/").status_code == 404


class Computed(TestCase):
    """By a run, of which each portion is a transaction of its own."""

    def test_whoever_had_it_computed_is_named_whichever_portion_it_was_in(self):
        post = make.post()
        earlier, by, later = (world.preparer() for _ in range(3))
        record("claims.prepared", post.exam, by=earlier)
        claim = make.claim(deployment=make.deployment(post=post))
        record("claims.prepared", post.exam, by=by)
        record("claims.prepared", post.exam, by=later)  # which changed nothing of it
        make.sign_in(self.client, world.staff("Auditor"))
        page = self.client.get(trail(claim, "claim"))
        self.assertContains(page, by.username)
        for other in (earlier, later):
            self.assertNotContains(page, other.username)


TOLD = re.compile(r'"((?:amendment|application|batch|claim|deployment|payment|return)\.[a-z_]+)"')


def test_what_services_record_of_these_is_said_in_words_and_nothing_else_is():
    apps = ("accounts", "attendance", "claims", "cp2", "deployments", "profiles", "vacancies")
    files = [
        path
        for app in apps
        for path in (settings.BASE_DIR / app).rglob("*.py")
        if not {"tests", "migrations", "season", "money"}.intersection(path.parts)
    ]
    recorded = {verb for path in files for verb in TOLD.findall(path.read_text())}
    of_what_is_gone = {"claim.removed"}
    assert recorded - set(LOOKS) - of_what_is_gone - set(VERBS) == set()
    of_these = {verb for verb in VERBS if TOLD.fullmatch(f'"{verb}"')}
    assert of_these - recorded == set()


class Failed(TestCase):
    def test_an_attempt_that_failed_stays_in_the_trail(self):
        made = money.build()
        payment = made.failed.payments.get()
        make.sign_in(self.client, world.staff("Auditor"))
        page = self.client.get(trail(payment))
        self.assertContains(page, "No such number")
        self.assertContains(page, "Result line read: failed")
