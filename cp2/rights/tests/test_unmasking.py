"""Numbers are masked until somebody says why, and that is written down and listed."""

from datetime import timedelta
from unittest.mock import patch

from django.core.files.base import ContentFile
from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from accounts.services import record
from accounts.tests import people
from claims import services
from claims.models import Claim
from cp2.limits.models import Limit
from cp2.mydata.gather import Person
from cp2.mydata.seen import looks as seen_by
from cp2.rights import looks
from cp2.tests import make
from profiles import looks as profiles_looks
from profiles.looks import LIMIT, PAYEE, VIEWED
from profiles.models import Paper, PaperKind, PaperStatus

WHY = {"look_why": "vetting", "look_more": ""}
LOOKS = "/admin/rights/looks/"


def page_of(kind, row):
    return reverse(f"admin:{kind}_change", args=[row.pk])


class Unmasking(TestCase):
    def setUp(self):
        self.officer = make.officer(
            full_name="Barasa Wafula", national_id="29384756", kra_pin="A123456789Z"
        )
        self.account = make.bank_account(self.officer)
        self.staff = people.staff("Auditor")
        make.sign_in(self.client, self.staff)

    def pages(self):
        """A page, what it must not tell unasked, and under which verb a look is written down."""
        kin = make.next_of_kin(self.officer)
        change = make.number_change(self.officer)
        return [
            (page_of("profiles_officer", self.officer), self.officer.national_id, VIEWED),
            (page_of("profiles_bankaccount", self.account), self.account.number, VIEWED),
            (page_of("profiles_nextofkin", kin), kin.phone, VIEWED),
            (page_of("profiles_numberchange", change), change.old_phone, VIEWED),
        ]

    def test_each_page_is_masked_until_a_reason_is_given(self):
        for url, number, verb in self.pages():
            with self.subTest(url):
                page = self.client.get(url)
                self.assertContains(page, "Show the numbers in full")
                self.assertNotContains(page, number)
                self.assertContains(page, f"•••••{number[-3:]}")

                page = self.client.post(url, WHY, follow=True)
                self.assertContains(page, number)
                self.assertContains(page, "Numbers are shown in full until")
                entry = Entry.objects.filter(verb=verb, details__page=url).get()
                assert entry.actor == self.staff
                assert entry.details["why"] == "vetting"

    def test_it_stays_open_for_a_quarter_of_an_hour_on_this_page_alone(self):
        url, number, _verb = self.pages()[0]
        self.client.post(url, WHY)
        self.assertContains(self.client.get(url), number)
        other = page_of("profiles_bankaccount", self.account)
        self.assertNotContains(self.client.get(other), self.account.number)
        another = make.officer()
        self.assertNotContains(
            self.client.get(page_of("profiles_officer", another)), another.national_id
        )
        assert Entry.objects.filter(verb=VIEWED, details__has_key="why").count() == 1

        with patch.object(profiles_looks, "STILL_OPEN", timedelta(0)):  # a while later
            self.assertNotContains(self.client.get(url), number)

    def test_another_person_must_say_why_themselves(self):
        url, number, _verb = self.pages()[0]
        self.client.post(url, WHY)
        make.sign_in(self.client, people.staff("Deployment"))
        self.assertNotContains(self.client.get(url), number)

    def test_without_a_reason_or_without_words_for_another_one_nothing_is_shown(self):
        url, number, _verb = self.pages()[0]
        for typed, said in (
            ({"look_why": ""}, "Say why you need to see the numbers"),
            ({"look_why": "nonsense"}, "look_why"),
            ({"look_why": "other"}, "Say in your words what it is for."),
        ):
            page = self.client.post(url, typed)
            self.assertContains(page, said)
            self.assertNotContains(page, number)
        assert not Entry.objects.filter(details__has_key="why").exists()

    def test_it_needs_a_fresh_code(self):
        url, _number, _verb = self.pages()[0]
        make.sign_in(self.client, self.staff, minutes_ago=16)
        assert self.client.post(url, WHY).url.startswith("/accounts/code/")
        assert not Entry.objects.filter(details__has_key="why").exists()

    def test_there_is_an_end_to_it(self):
        Limit.objects.filter(name=LIMIT).update(takes=0)
        url, number, _verb = self.pages()[0]
        page = self.client.post(url, WHY)
        assert page.status_code == 429
        self.assertNotContains(page, number, status_code=429)

    def test_a_payees_number(self):
        payment = self.payment()
        url = page_of("claims_payment", payment)
        self.assertNotContains(self.client.get(url), payment.payee_phone)
        page = self.client.post(url, WHY, follow=True)
        self.assertContains(page, payment.payee_phone)
        assert Entry.objects.about(payment).get(verb=PAYEE).details["why"] == "vetting"
        told = " ".join(seen_by(Person(payment.claim.officer.user)))
        assert "looked at whom we pay for you" in told

    def payment(self):
        claim = make.claim()
        rows = Claim.objects.filter(pk=claim.pk)
        rows.update(status="approved", verified_by=make.user(), approved_by=make.user())
        return services.prepare_batch(rows, by=make.user()).payments.get()

    def test_a_claim_among_the_ghosts(self):
        claim = make.claim()
        url = reverse("admin:claims_ghostsignal_claim", args=[claim.pk])
        number = claim.officer.national_id
        for address in (url, f"{url}?full=1"):
            self.assertNotContains(self.client.get(address), number)
        self.assertContains(self.client.post(url, WHY, follow=True), number)
        told = " ".join(seen_by(Person(claim.officer.user)))
        assert "looked at whom we pay for you" in told

    def test_two_that_are_to_be_one(self):
        make.sign_in(self.client, people.staff("Administrator"))
        other = make.officer()
        url = reverse("admin:merge", args=[self.officer.pk, other.pk])
        page = self.client.get(url)
        for officer in (self.officer, other):
            self.assertNotContains(page, officer.national_id)
        page = self.client.post(url, {"look_why": "twice"}, follow=True)
        for officer in (self.officer, other):
            self.assertContains(page, officer.national_id)
            assert Entry.objects.about(officer).filter(details__why="twice").count() == 1

    def test_a_copy_of_the_card_is_opened_once_a_reason_is_given(self):
        paper = Paper.objects.create(
            officer=self.officer,
            kind=PaperKind.ID_FRONT,
            file=ContentFile(b"%PDF-", name="x"),
            name="id.pdf",
            type="application/pdf",
            status=PaperStatus.CLEAN,
        )
        url, officer = reverse("profiles:paper", args=[paper.pk]), self.pages()[0][0]
        page = self.client.get(url, follow=True)
        assert page.redirect_chain[-1][0] == officer
        self.assertContains(page, "Say here why you need to see this")
        self.client.post(officer, WHY)
        assert self.client.get(url)["Content-Disposition"].startswith("attachment")

    # The list of looks

    def test_the_list_says_who_saw_whom_and_why(self):
        url, _number, _verb = self.pages()[0]
        self.client.post(url, {"look_why": "other", "look_more": "Case 17"})
        page = self.client.get(LOOKS)
        self.assertContains(page, "Something else: Case 17")
        self.assertContains(page, self.officer.full_name)
        self.assertNotContains(page, self.officer.national_id)
        for asked, shown in (
            ({"who": self.staff.username}, True),
            ({"who": make.user(username="another.one").username}, False),
            ({"officer": self.officer.national_id}, True),
            ({"officer": make.officer().national_id}, False),
            ({"kind": PAYEE}, False),
            ({"why": "other"}, True),
            ({"why": "vetting"}, False),
            ({"why": "none"}, False),
            ({"since": str(make.today() + timedelta(days=1))}, False),
            ({"until": str(make.today())}, True),
        ):
            with self.subTest(asked):
                page = self.client.get(LOOKS, asked)
                assert ("Case 17" in page.text) == shown

    def test_what_is_typed_there_breaks_nothing(self):
        for asked in ({"who": "nobody"}, {"officer": "\x00"}, {"since": "x"}, {"before": "-1"}):
            assert self.client.get(LOOKS, asked).status_code == 200

    def test_the_list_goes_on_and_takes_few_queries(self):
        for _ in range(looks.ON_A_PAGE + 1):
            record(VIEWED, self.officer, by=self.staff, why="vetting", page="x", more="")
        with self.assertNumQueries(7):
            page = self.client.get(LOOKS)
        assert page.text.count(self.officer.full_name) == looks.ON_A_PAGE
        earlier = page.context["next"]
        assert self.client.get(f"{LOOKS}?{earlier}").text.count(self.officer.full_name) == 1

    def test_it_is_taken_away_by_auditors_and_administrators_alone(self):
        self.client.post(self.pages()[0][0], WHY)
        answer = self.client.post(f"{LOOKS}files/", {"as": "csv"})
        told = b"".join(answer.streaming_content).decode()
        assert self.officer.full_name in told
        assert self.officer.national_id not in told
        assert Entry.objects.filter(verb="looks.taken", actor=self.staff).exists()
        for group in ("Helpdesk", "Deployment", "Finance approver"):
            make.sign_in(self.client, people.staff(group))
            assert self.client.get(LOOKS).status_code == 404
            assert self.client.post(f"{LOOKS}files/", {"as": "csv"}).status_code == 404
