"""Whoever gets past the triggers is found out by the seals."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import TestCase, TransactionTestCase
from django.urls import reverse

from accounts.models import Entry
from accounts.services import record
from cp2.audit import sealing, verifying, work
from cp2.audit.models import Change, Seal
from cp2.rules import Role
from cp2.runs import services as runs
from cp2.runs.models import RunKind
from cp2.tests import make


def past_the_triggers(statement, *values):
    """As a superuser of the database may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def seal(most=sealing.BLOCK):
    return sealing.seal(patience=0, most=most)


def gaps():
    return verifying.verify().gaps


class SealTests(TestCase):
    def setUp(self):
        self.exam, self.clerk = make.exam(), make.user(Role.STAFF)
        self.entries = [
            record("exam.changed", self.exam, by=self.clerk, n=number) for number in range(7)
        ]
        seal(most=3)

    def seal_over(self, entry):
        return Seal.objects.get(table="accounts_entry", after__lt=entry.pk, upto__gte=entry.pk)

    def test_what_was_not_touched_is_whole(self):
        assert gaps() == []
        assert Seal.objects.filter(table="accounts_entry").count() == 3
        assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == list(
            range(1, Seal.objects.count() + 1)
        )

    def test_everything_is_sealed_once(self):
        assert seal() == 0
        record("exam.changed", self.exam, by=self.clerk)
        assert seal() == 1
        assert gaps() == []

    def test_changes_of_rows_and_of_marks_are_sealed_too(self):
        self.clerk.name = "Akinyi Otieno"
        self.clerk.save()
        seal()
        change = Change.objects.about(self.clerk).get()
        past_the_triggers("UPDATE audit_change SET actor_id = 4711 WHERE id = %s", change.pk)
        (gap,) = gaps()
        assert gap.startswith("audit_change: rows were changed")
        assert gap.endswith(f": {change.pk}.")

    def test_the_list_says_from_the_beginning_where_nothing_lies_before(self):
        make.sign_in(self.client, make.user(Role.STAFF, is_superuser=True))
        first, later = Seal.objects.filter(table="accounts_entry").order_by("number")[:2]
        page = self.client.get(reverse("admin:audit_seal_changelist")).content.decode()
        assert str(sealing.FIRST) not in page
        assert "the beginning" in page
        assert f">{later.after}<" in page
        page = self.client.get(reverse("admin:audit_seal_change", args=[first.pk]))
        self.assertContains(page, "the beginning")
        self.assertNotContains(page, str(sealing.FIRST))

    def test_a_row_that_is_taken_away_is_named(self):
        entry = self.entries[3]
        past_the_triggers("DELETE FROM accounts_entry WHERE id = %s", entry.pk)
        number = self.seal_over(entry).number
        assert gaps() == [f"accounts_entry: rows are missing under seal {number}: {entry.pk}."]

    def test_a_row_that_is_changed_is_named_whichever_of_its_columns_it_is(self):
        entry = self.entries[4]
        number = self.seal_over(entry).number
        said = f"accounts_entry: rows were changed under seal {number}: {entry.pk}."
        for change in (
            "at = at - interval '1 microsecond'",
            "actor_id = NULL",
            "acting_name = 'x'",
            "verb = 'exam.opened'",
            "subject_type = 'x'",
            "subject_id = subject_id + 1",
            "details = '{}'",
        ):
            with transaction.atomic():
                past_the_triggers(f"UPDATE accounts_entry SET {change} WHERE id = %s", entry.pk)
                assert gaps() == [said], change
                transaction.set_rollback(True)
        assert gaps() == []

    def test_a_row_that_is_put_in_between_is_named(self):
        entry = self.entries[2]
        past_the_triggers("DELETE FROM accounts_entry WHERE id = %s", entry.pk)
        Seal.objects.all()
        past_the_triggers(
            "UPDATE accounts_entry SET id = %s WHERE id = %s", entry.pk, self.entries[5].pk
        )
        found = " ".join(gaps())
        assert f"rows were changed under seal {self.seal_over(entry).number}: {entry.pk}." in found
        assert "rows are missing" in found

    def test_a_block_that_is_taken_away_with_its_seal_is_named(self):
        gone = self.seal_over(self.entries[3])
        past_the_triggers(
            "DELETE FROM accounts_entry WHERE id > %s AND id <= %s", gone.after, gone.upto
        )
        past_the_triggers("DELETE FROM audit_seal WHERE id = %s", gone.pk)
        assert gaps() == [
            f"Seal {gone.number} is gone.",
            f"accounts_entry: no seal is over the rows from {gone.after + 1} to {gone.upto}.",
        ]

    def test_a_seal_that_is_rewritten_to_fit_breaks_the_chain(self):
        entry = self.entries[0]
        seal_of_it = self.seal_over(entry)
        past_the_triggers("UPDATE accounts_entry SET actor_id = NULL WHERE id = %s", entry.pk)
        block = sealing.read("accounts_entry", after=seal_of_it.after, upto=seal_of_it.upto)
        past_the_triggers(
            "UPDATE audit_seal SET digest = %s, marks = %s WHERE id = %s",
            block.digest,
            block.marks,
            seal_of_it.pk,
        )
        assert gaps() == [f"Seal {seal_of_it.number} was rewritten."]
        seal_of_it.refresh_from_db()
        past_the_triggers(
            "UPDATE audit_seal SET hash = %s WHERE id = %s",
            sealing.hash_of(seal_of_it),
            seal_of_it.pk,
        )
        said = f"Seal {seal_of_it.number + 1} does not follow from the one before it."
        assert gaps() == [said]

    def test_a_chain_that_is_rewritten_whole_is_noticed_by_the_anchor(self):
        kept = json.dumps(verifying.anchor())
        assert verifying.against(kept) == []
        past_the_triggers("DELETE FROM audit_seal")
        past_the_triggers(
            "UPDATE accounts_entry SET actor_id = NULL WHERE id = %s", self.entries[0].pk
        )
        seal(most=3)
        assert gaps() == []
        (said,) = verifying.against(kept)
        assert "was rewritten" in said
        past_the_triggers("DELETE FROM audit_seal")
        (said,) = verifying.against(kept)
        assert "is gone" in said

    def test_seals_only_grow(self):
        for statement in (
            "UPDATE audit_seal SET hash = ''",
            "DELETE FROM audit_seal",
            "TRUNCATE audit_seal",
        ):
            with (
                pytest.raises(IntegrityError, match="a seal stays") as refusal,
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
            assert refusal.value.__cause__.diag.constraint_name == "seals_only_grow"

    def test_rows_are_sealed_once_and_a_seal_is_of_some(self):
        last = Seal.objects.order_by("-number").first()
        for values, name in (
            ({"after": last.after}, "rows_are_sealed_once"),
            ({"after": last.upto, "upto": last.upto}, "seal_is_of_some_rows"),
        ):
            fresh = Seal.objects.get(pk=last.pk)
            fresh.pk, fresh.number = None, last.number + 1
            for attribute, value in values.items():
                setattr(fresh, attribute, value)
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                fresh.save()

    def test_the_columns_of_a_sealed_table_are_all_hashed(self):
        with connection.cursor() as cursor:
            for table, columns in sealing.COLUMNS.items():
                cursor.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
                    [table],
                )
                hashed = " ".join(columns)
                assert {name for (name,) in cursor.fetchall() if name not in hashed} == set()

    def test_a_trigger_that_is_switched_off_is_named(self):
        assert verifying.guards() == []
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE accounts_entry DISABLE TRIGGER entries_only_grow")
        (said,) = verifying.guards()
        assert "entries_only_grow" in said
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE claims_claim DISABLE TRIGGER USER")
        assert any(
            "claims_claim: the trigger pgtrigger_watch_update" in g for g in verifying.guards()
        )

    def test_the_command_prints_the_anchor_and_notes_that_it_looked(self):
        out, err = StringIO(), StringIO()
        call_command("audit", "verify", "--export", stdout=out, stderr=err)
        last = Seal.objects.order_by("-number").first()
        assert json.loads(out.getvalue())["seal"] == last.hash
        assert "0 gaps" in err.getvalue()
        entry = Entry.objects.filter(verb="trail.verified").get()
        assert entry.details["last"] == last.hash

    def test_the_command_names_the_gap_and_fails(self):
        past_the_triggers("DELETE FROM accounts_entry WHERE id = %s", self.entries[1].pk)
        out = StringIO()
        with pytest.raises(CommandError) as failure:
            call_command("audit", "verify", stdout=out)
        assert failure.value.returncode == 1
        assert f"{self.entries[1].pk}." in out.getvalue()
        assert Entry.objects.filter(verb="trail.broken").exists()

    def test_an_end_that_was_cut_off_and_grown_anew_is_found_by_what_the_trail_noted(self):
        call_command("audit", "verify", stdout=StringIO())
        last = Seal.objects.order_by("-number").first()
        past_the_triggers("DELETE FROM audit_seal WHERE number = %s", last.number)
        sealing.seal(patience=0)
        assert verifying.verify().gaps == []  # each seal follows from the one before it
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("audit", "verify", stdout=out)
        assert "The seal that was the last one on" in out.getvalue()

    def test_a_file_that_is_no_anchor_is_refused(self):
        for content in ("", "[]", "{}", '{"number": "x", "seal": ""}'):
            with pytest.raises(ValueError, match=r"anchor|Expecting|invalid literal"):
                verifying.against(content)

    def test_a_run_verifies_portion_by_portion(self):
        run = runs.start(RunKind.VERIFY, by=self.clerk, title="Verify", about="trail")
        assert work.plan(run)[-1] is None
        past_the_triggers("DELETE FROM accounts_entry WHERE id = %s", self.entries[1].pk)
        run = runs.finish(run)
        assert run.status == "done", run.failure
        assert run.outcome["gaps"] == 1
        assert f"{self.entries[1].pk}." in run.outcome["named"][0]
        assert Entry.objects.get(verb="trail.broken").actor == self.clerk


@pytest.mark.race
class LateTests(TransactionTestCase):
    """A row whose number is lower may appear after one that is higher."""

    serialized_rollback = True

    def test_what_is_written_late_is_no_gap(self):
        exam, written, go_on = make.exam(), threading.Event(), threading.Event()

        def late():
            try:
                with transaction.atomic():
                    record("exam.changed", exam, by=None, who="late")
                    written.set()
                    go_on.wait(20)
            finally:
                connection.close()

        thread = threading.Thread(target=late)
        thread.start()
        written.wait(20)
        higher = record("exam.changed", exam, by=None, who="early")
        assert sealing.settled("accounts_entry", patience=0.3) is None
        sealing.seal(patience=0)
        assert not Seal.objects.filter(table="accounts_entry").exists()

        sealer: list[int] = []

        def patient():
            try:
                sealer.append(sealing.seal(patience=20))
            finally:
                connection.close()

        waiting = threading.Thread(target=patient)
        waiting.start()
        go_on.set()
        thread.join()
        waiting.join()
        assert sealer
        (made,) = Seal.objects.filter(table="accounts_entry")
        assert made.count == 2
        assert made.upto == higher.pk
        assert verifying.verify().gaps == []

    def test_many_write_while_it_is_sealed(self):
        exam, over = make.exam(), threading.Event()

        def write(number):
            try:
                for turn in range(15):
                    with transaction.atomic():
                        record("exam.changed", exam, by=None, n=number, turn=turn)
                        if turn % 5 == 4:
                            transaction.set_rollback(True)  # a number that nobody has
            finally:
                connection.close()

        def seal_on():
            try:
                while not over.is_set():
                    sealing.seal(patience=5, most=7)
            finally:
                connection.close()

        writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
        sealers = [threading.Thread(target=seal_on) for _each in range(2)]
        for thread in (*writers, *sealers):
            thread.start()
        for thread in writers:
            thread.join()
        over.set()
        for thread in sealers:
            thread.join()
        sealing.seal(patience=5)

        assert verifying.verify().gaps == []
        sealed = Seal.objects.filter(table="accounts_entry").values_list("count", flat=True)
        assert sum(sealed) == Entry.objects.count() == 4 * 12
        assert not Seal.objects.filter(upto__lte=F("after")).exists()
