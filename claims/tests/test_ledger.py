"""Where the money of a batch is: entries for what happens, held against the payments."""

import csv
import importlib
import logging
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from claims import ledger, services, tasks
from claims.models import LedgerEntry, Payment
from claims.tests import world
from claims.tests.test_database import sql
from cp2.tests import make

LIST = reverse("admin:claims_ledgerentry_changelist")


def posted(batch):
    rows = LedgerEntry.objects.filter(batch=batch).order_by("pk")
    return [(row.debit, row.credit, row.amount) for row in rows]


class Posting(TestCase):
    def test_a_batch_from_approval_to_the_last_result(self):
        claims = world.approved(3)
        world.owing(claims[0])  # kept back from the first payment
        batch = world.batch(*claims)
        assert ledger.accounts(batch) is None  # nobody approved it
        services.approve_batch(batch, by=world.approver())

        assert posted(batch) == [
            ("owed", "channel", 800),
            ("owed", "channel", 1100),
            ("owed", "channel", 1100),
            ("owed", "kept", 300),
        ]
        officer = claims[2].officer
        officer.payee_name = "SOMEBODY ELSE"
        officer.save()
        services.export_batch(batch, by=batch.prepared_by)
        assert posted(batch)[4:] == [("channel", "owed", 1100)]
        payments = list(batch.payments.order_by("pk"))
        rows = [f"CP2-{payments[0].pk},Paid,SGH0001", f"CP2-{payments[1].pk},Failed,"]
        services.reconcile(batch, world.results(*rows), by=batch.prepared_by)
        assert posted(batch)[5:] == [("channel", "paid", 800), ("channel", "owed", 1100)]

        seen = ledger.accounts(batch)
        assert (seen.owed, seen.channel, seen.paid, seen.kept) == (-1100, 0, 800, 300)
        assert (seen.together, seen.balances) == (0, True)

    def test_a_draft_that_is_called_off_leaves_no_entry(self):
        batch = world.batch(*world.approved())
        services.cancel_batch(batch, by=world.preparer())
        assert posted(batch) == []
        assert not ledger.check()

    def test_batches_from_before_there_was_a_ledger_are_opened(self):
        claims = world.approved(3)
        batch = world.export(world.batch(*claims))
        world.reconcile(batch, claims[0])
        failed = batch.payments.get(claim=claims[1])
        services.reconcile(batch, world.results(f"CP2-{failed.pk},Failed,"), by=batch.prepared_by)
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql("ALTER TABLE claims_ledgerentry DISABLE TRIGGER USER")
        sql("DELETE FROM claims_ledgerentry")
        sql("ALTER TABLE claims_ledgerentry ENABLE TRIGGER USER")
        assert ledger.check()
        opening = importlib.import_module("claims.migrations.0016_opening_of_the_ledger")
        for _twice in range(2):
            sql(opening.OPEN)
            assert LedgerEntry.objects.count() == 5
            assert not ledger.check()


class Checking(TestCase):
    """Whatever somebody does behind the portal's back is found."""

    def setUp(self):
        self.claims = world.approved(3)
        self.batch = world.export(world.batch(*self.claims))
        self.other = world.export(world.batch(*world.approved()))
        world.reconcile(self.batch, self.claims[0])
        self.payments = list(self.batch.payments.order_by("pk"))
        assert not ledger.check()

    def insert(self, debit, credit, payment, batch=None, amount=5):
        sql(
            """INSERT INTO claims_ledgerentry (batch_id, payment_id, debit, credit, amount, note)
               VALUES (%s, %s, %s, %s, %s, '')""",
            (batch or self.batch).pk,
            payment.pk,
            debit,
            credit,
            amount,
        )

    def found(self):
        return {(each.batch, each.account): each.posted - each.due for each in ledger.check()}

    def test_an_entry_that_nothing_stands_behind(self):
        self.insert("channel", "paid", self.payments[1])
        assert self.found() == {(self.batch.pk, "channel"): -5, (self.batch.pk, "paid"): 5}
        assert ledger.check(self.other) == []

    def test_entries_that_cancel_each_other_out(self):
        self.insert("owed", "channel", self.payments[1])
        self.insert("channel", "owed", self.payments[1])
        assert set(self.found()) == {(self.batch.pk, "owed_out"), (self.batch.pk, "owed_back")}

    def test_an_entry_of_another_batch(self):
        self.insert("channel", "paid", self.payments[1], batch=self.other)
        assert self.found() == {(self.other.pk, "channel"): -5, (self.other.pk, "paid"): 5}

    def test_an_entry_of_a_batch_that_nobody_approved(self):
        draft = world.batch(*world.approved())
        self.insert("owed", "paid", draft.payments.get(), batch=draft)
        assert self.found() == {(draft.pk, "paid"): 5, (draft.pk, "owed_out"): 5}

    def test_a_payment_whose_status_was_changed(self):
        sql("UPDATE claims_payment SET status = 'failed' WHERE id = %s", self.payments[1].pk)
        assert self.found() == {
            (self.batch.pk, "channel"): 1100,
            (self.batch.pk, "owed_back"): -1100,
        }

    def test_two_payments_that_changed_places(self):
        """The sums of the batch stay the same, and each of the two is found."""
        first, second = self.payments[:2]
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql("ALTER TABLE claims_payment DISABLE TRIGGER USER")
        Payment.objects.filter(pk=first.pk).update(status="waiting", reference=None)
        Payment.objects.filter(pk=second.pk).update(status="paid", reference="SGHSWAP1")
        sql("ALTER TABLE claims_payment ENABLE TRIGGER USER")
        assert self.found() == {(self.batch.pk, "channel"): 0, (self.batch.pk, "paid"): 0}
        assert {each.payments for each in ledger.check()} == {2}

    def test_each_night_it_is_logged_and_shown_to_headquarters(self):
        assert tasks.check_ledger() == 0
        assert not Entry.objects.filter(verb=ledger.UNBALANCED).exists()
        self.insert("channel", "paid", self.payments[1])
        with self.assertLogs("claims.ledger", logging.ERROR) as logs:
            assert tasks.check_ledger() == 2
        assert [record.batch for record in logs.records] == [self.batch.pk]
        entry = Entry.objects.get(verb=ledger.UNBALANCED)
        assert entry.details["accounts"]["paid"] == {"due": "1100.00", "posted": "1105.00"}

        said = f"The ledger of payment batch {self.batch.pk} does not balance."
        for group, shown in (
            ("Finance preparer", True),
            ("Finance approver", True),
            ("Auditor", True),
            ("Help desk", False),
        ):
            client = self.client_class()
            make.sign_in(client, world.staff(group))
            page = client.get(reverse("admin:index"))
            assert (said in page.text) == shown, group

    def test_from_the_command_line(self):
        out = StringIO()
        call_command("ledger", "check", stdout=out)
        assert out.getvalue() == "Everything balances.\n"
        self.insert("channel", "paid", self.payments[1])
        with pytest.raises(CommandError) as failed:
            call_command("ledger", "check", stdout=out)
        assert failed.value.returncode == 3
        assert f"batch {self.batch.pk}: Paid out: KES 1,105.00 posted" in out.getvalue()
        call_command("ledger", "check", f"--batch={self.other.pk}", stdout=out)
        with pytest.raises(CommandError, match="no such batch"):
            call_command("ledger", "check", "--batch=0", stdout=out)


class Pages(TestCase):
    def setUp(self):
        self.batch = world.export(world.batch(*world.approved(2)))
        self.auditor = world.staff("Auditor")
        make.sign_in(self.client, self.auditor)

    def test_a_batch_shows_its_accounts(self):
        url = reverse("admin:claims_paymentbatch_change", args=[self.batch.pk])
        page = self.client.get(url)
        self.assertContains(page, "It balances")
        self.assertContains(page, "KES 2,200.00")
        payment = self.batch.payments.order_by("pk")[0]
        sql("UPDATE claims_payment SET status = 'failed' WHERE id = %s", payment.pk)
        page = self.client.get(url)
        self.assertContains(page, "It does not balance")
        self.assertContains(page, "1 payment differs")

    def test_the_list_is_narrowed_searched_and_taken_away(self):
        payment = self.batch.payments.order_by("pk")[1]
        for asked, count in (
            ({"q": str(payment.pk)}, 1),
            ({"batch__id__exact": self.batch.pk}, 2),
            ({"debit__exact": "paid"}, 0),
            ({"q": "x"}, 0),
        ):
            assert len(self.client.get(LIST, asked).context["cl"].result_list) == count
        for kind in ("csv", "xlsx", "pdf"):
            url = reverse("admin:claims_ledgerentry_files")
            taken = self.client.post(f"{url}?debit__exact=owed", {"as": kind})
            assert taken.status_code == 200
            if kind == "csv":
                rows = list(csv.reader(taken.getvalue().decode("utf-8-sig").splitlines()))
                assert [row[6] for row in rows[1:]] == ["1100.00"] * 2
        assert Entry.objects.filter(verb="ledger.taken").count() == 3

    def test_as_many_queries_for_many_entries_as_for_few(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(LIST).status_code == 200
            return len(queries)

        before = count()
        world.export(world.batch(*world.approved(20)))
        assert count() == before <= 10  # with the views of the list that are kept

    def test_nobody_writes_into_it(self):
        make.sign_in(self.client, make.user(is_superuser=True))
        entry = LedgerEntry.objects.first()
        assert self.client.get(reverse("admin:claims_ledgerentry_add")).status_code == 404
        change = reverse("admin:claims_ledgerentry_change", args=[entry.pk])
        assert self.client.get(change).status_code == 200
        assert self.client.post(change, {"amount": 1}).status_code == 404
        make.sign_in(self.client, world.staff("Help desk"))
        assert self.client.get(LIST).status_code == 404
