"""What stops a claim from being paid, who lifts that, and what the officer can do about it."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from claims import services
from claims.models import Channel, Claim, ClaimStatus, Hold, HoldCode, Payment
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from profiles.models import BankAccount, Employer, PaidBy
from profiles.names import same_name


@pytest.mark.parametrize(
    ("payee", "name", "same"),
    [
        ("WANJIKU NGANGA", "Wanjikũ Ng'ang'a", True),
        ("Ng’ang’a, Wanjikũ", "wanjiku nganga kamau", True),
        ("NGUGI WA THIONGO", "Ngũgĩ wa Thiong`o", True),
        ("KAMAU JOHN MWANGI", "John Kamau", True),
        ("Otieno", "OTIENO", True),
        ("Otieno", "Otieno Achieng", False),
        ("JOHN KAMAU", "John Mwangi", False),
        ("MARY WAIRIMU", "Wanjikũ Ng'ang'a", False),
    ],
)
def test_names_are_compared_word_by_word(payee, name, same):
    assert same_name(payee, name) is same


def by_bank(officer):
    officer.paid_by = PaidBy.BANK
    officer.save()
    return make.bank_account(officer)


class ByRule(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.post = make.post(exam=self.exam)
        make.terms(self.exam, self.post.position)

    def held(self, **fields):
        """The holds of an officer with these fields, after a first preparation."""
        self.officer = make.officer(**fields)
        make.mark(make.deployment(post=self.post, officer=self.officer))
        return self.after_preparing()

    def after_preparing(self):
        services.prepare(self.exam)
        return sorted(Hold.objects.standing().values_list("code", flat=True))

    def test_complete_officer_is_free(self):
        assert self.held() == []

    def test_payee_of_another_name_is_held_until_corrected(self):
        assert self.held(payee_name="MARY WAIRIMU") == [HoldCode.PAYEE_NAME]
        assert Hold.objects.get().note == "MARY WAIRIMU"
        assert self.after_preparing() == [HoldCode.PAYEE_NAME]

        self.officer.payee_name = self.officer.full_name
        self.officer.save()
        assert self.after_preparing() == []
        assert Hold.objects.get().cleared_by is None

    def test_missing_numbers(self):
        assert self.held(tsc_number=None) == [HoldCode.MISSING_NUMBER]
        self.officer.pf_number = "PF/77"
        self.officer.save()
        assert self.after_preparing() == []

    def test_who_is_employed_nowhere_needs_no_number_of_an_employer(self):
        assert self.held(tsc_number=None) == [HoldCode.MISSING_NUMBER]
        make.work(self.officer, employer=Employer.NONE)
        assert self.after_preparing() == []

    def test_profile_not_submitted(self):
        assert self.held(submitted_at=None, national_id=None) == [
            HoldCode.MISSING_NUMBER,
            HoldCode.NOT_SUBMITTED,
        ]
        assert Hold.objects.get(code=HoldCode.MISSING_NUMBER).note == "ID"

    def test_what_a_person_cleared_stays_cleared_until_the_grounds_change(self):
        self.held(payee_name="MARY WAIRIMU")
        services.clear_hold(Hold.objects.get(), by=world.approver(), note="A married name")
        assert self.after_preparing() == []

        self.officer.payee_name = "PETER OTIENO"
        self.officer.save()
        assert self.after_preparing() == [HoldCode.PAYEE_NAME]

    def test_what_a_person_raised_no_rule_clears(self):
        self.held()
        claim = self.officer.claims.get()
        services.raise_hold(
            claim, code=HoldCode.INVESTIGATION, by=world.approver(), note="Leaked paper"
        )
        services.raise_hold(claim, code=HoldCode.PAYEE_NAME, by=world.approver(), note="Odd")
        assert self.after_preparing() == [HoldCode.INVESTIGATION, HoldCode.PAYEE_NAME]

    def test_changed_payee_waits_three_days(self):
        self.held()
        hold = Hold.objects.create(claim=self.officer.claims.get(), code=HoldCode.PAYEE_CHANGED)
        assert self.after_preparing() == [HoldCode.PAYEE_CHANGED]

        Hold.objects.filter(pk=hold.pk).update(raised_at=timezone.now() - timedelta(hours=73))
        assert self.after_preparing() == []

    def test_failed_payment_is_held_until_the_payee_is_corrected(self):
        [claim] = world.approved()
        batch = world.export(world.batch(claim))
        payment = batch.payments.get()
        services.reconcile(
            batch,
            world.results(f"CP2-{payment.pk},Failed,,", head="Reference,Status,Receipt,Reason"),
            by=batch.prepared_by,
        )
        services.prepare(claim.exam)
        assert claim.holds.standing().get().code == HoldCode.PAYMENT_FAILED

        claim.officer.payee_phone = make.phone()
        claim.officer.save()
        services.prepare(claim.exam)
        assert not claim.holds.standing().exists()

    def test_failed_transfer_is_held_until_the_account_is_corrected(self):
        [claim] = world.approved()
        account = by_bank(claim.officer)
        chosen = Claim.objects.filter(pk=claim.pk)
        batch = world.export(
            services.prepare_batch(chosen, by=world.preparer(), channel=Channel.EFT)
        )
        rows = world.results(f"CP2-{batch.payments.get().pk},Failed,")
        services.reconcile(batch, rows, by=batch.prepared_by)
        claim.officer.payee_phone = make.phone()  # which the bank has nothing to do with
        claim.officer.save()
        services.prepare(claim.exam)
        assert claim.holds.standing().get().code == HoldCode.PAYMENT_FAILED

        BankAccount.objects.filter(pk=account.pk).update(number="0099887766")
        services.prepare(claim.exam)
        assert not claim.holds.standing().exists()

    def test_whoever_is_paid_at_a_bank_is_not_held_for_the_name_at_mpesa(self):
        claim = world.claim()
        by_bank(claim.officer)
        claim.officer.payee_name = "MARY WAIRIMU"
        claim.officer.save()
        services.prepare(claim.exam)
        assert not claim.holds.standing().exists()

    def test_claims_being_paid_and_paid_are_left_alone(self):
        for status in (ClaimStatus.PAYING, ClaimStatus.PAID):
            claim = world.claim(status)
            claim.officer.payee_name = "MARY WAIRIMU"
            claim.officer.save()
            services.prepare(claim.exam)
            assert not claim.holds.exists()

    def test_every_code_has_a_remedy(self):
        for code in HoldCode:
            assert len(Hold(code=code).remedy) > 20


class ByPeople(TestCase):
    def setUp(self):
        self.user = world.approver()
        self.claim = make.claim()

    def raise_hold(self, **fields):
        given = {"code": HoldCode.INVESTIGATION, "by": self.user, "note": "Leaked paper", **fields}
        return services.raise_hold(fields.pop("claim", self.claim), **given)

    def test_raised_and_cleared_with_who_and_why(self):
        hold = self.raise_hold()
        services.clear_hold(hold, by=self.user, note="Nothing found")

        hold.refresh_from_db()
        assert (hold.raised_by, hold.cleared_by) == (self.user, self.user)
        assert list(Entry.objects.values_list("verb", "details__note")) == [
            ("hold.cleared", "Nothing found"),
            ("hold.raised", "Leaked paper"),
        ]

    def test_twice_for_the_same_reason_is_refused(self):
        self.raise_hold()
        with pytest.raises(Refused, match="already"):
            self.raise_hold()
        assert Hold.objects.count() == 1

    def test_cleared_twice_is_refused(self):
        hold = services.clear_hold(self.raise_hold(), by=self.user, note="x")
        with pytest.raises(Refused, match="cleared already"):
            services.clear_hold(hold, by=self.user, note="y")

    def test_paid_claim_is_not_held(self):
        self.claim = world.claim(ClaimStatus.PAID)
        with pytest.raises(Refused, match="is paid"):
            self.raise_hold()

    def test_nobody_lifts_the_hold_of_their_own_claim(self):
        own = make.officer(user=self.user)
        self.claim = make.claim(deployment=make.deployment(officer=own))
        hold = Hold.objects.create(claim=self.claim, code=HoldCode.INVESTIGATION)
        with pytest.raises(Refused, match="your own"):
            services.clear_hold(hold, by=self.user, note="x")
        assert Hold.objects.standing().count() == 1


class InAdmin(TestCase):
    def setUp(self):
        self.claim = make.claim()
        self.sign_in("Finance approver")

    def sign_in(self, group):
        self.user = world.staff(group)
        make.sign_in(self.client, self.user)

    def raise_hold(self, **fields):
        data = {"claim": self.claim.pk, "code": "investigation", "note": "Leaked paper", **fields}
        return self.client.post(reverse("admin:claims_hold_add"), data, follow=True)

    def clear(self, **fields):
        data = {
            "action": "clear",
            "_selected_action": list(Hold.objects.values_list("pk", flat=True)),
        }
        url = reverse("admin:claims_hold_changelist")
        return self.client.post(url, {**data, **fields}, follow=True)

    def test_raised_by_adding_one(self):
        assert self.raise_hold().status_code == 200
        assert Hold.objects.get().raised_by == self.user

        page = self.raise_hold()
        self.assertContains(page, "held for this reason already")
        assert Hold.objects.count() == 1

    def test_without_a_note_none_is_raised(self):
        self.raise_hold(note="")
        assert not Hold.objects.exists()

    def test_cleared_after_saying_what_was_found(self):
        self.raise_hold()
        assert self.clear().context["form"].fields.keys() == {"note"}
        assert Hold.objects.standing().exists()

        assert self.clear(note="").context["form"].errors
        self.clear(note="Nothing found")
        assert not Hold.objects.standing().exists()
        assert Hold.objects.get().cleared_by == self.user

    def test_refusal_is_shown_beside_its_row(self):
        own = make.officer(user=self.user)
        self.claim = make.claim(deployment=make.deployment(officer=own))
        Hold.objects.create(claim=self.claim, code=HoldCode.INVESTIGATION)

        self.assertContains(self.clear(note="Mine"), "This claim is your own")

    def test_helpdesk_and_auditor_only_look(self):
        Hold.objects.create(claim=self.claim, code=HoldCode.INVESTIGATION)
        for group in ("Helpdesk", "Auditor"):
            self.sign_in(group)
            assert self.raise_hold(code="duplicate").status_code == 404
            self.clear(note="x")
            assert Hold.objects.standing().count() == 1
            assert self.client.get(reverse("admin:claims_hold_changelist")).status_code == 200

    def test_profiles_are_looked_at_again_on_demand(self):
        self.sign_in("Finance preparer")
        self.claim.officer.payee_name = "MARY WAIRIMU"
        self.claim.officer.save()
        data = {"action": "check_holds", "_selected_action": [self.claim.pk]}
        page = self.client.post(reverse("admin:claims_claim_changelist"), data, follow=True)

        self.assertContains(page, "1 holds raised, 0 cleared.")
        assert Hold.objects.get().code == HoldCode.PAYEE_NAME
        assert Entry.objects.get(verb="holds.checked").actor == self.user

    def test_payments_of_a_failed_attempt_are_masked_on_the_claim(self):
        claim = world.claim(ClaimStatus.PAID)
        page = self.client.get(reverse("admin:claims_claim_change", args=[claim.pk]))

        number = Payment.objects.get(claim=claim).payee_phone
        self.assertContains(page, f"… {number[-3:]}")
        self.assertNotContains(page, number)
