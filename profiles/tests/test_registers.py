"""An extract of a register on its way in, from the file to the lines that officers are held
against."""

import io
import threading
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from profiles import checks, register_lines, registers, tasks
from profiles.models import (
    ImportLine,
    ImportStatus,
    Outcome,
    RegisterCheck,
    RegisterEntry,
    RegisterImport,
)

pytestmark = pytest.mark.django_db
TSC = b"""TSC No,ID No,Full name
345678,12345678,Wanjiku Nganga
345679,,Otieno Ochieng
"""


@pytest.fixture
def clerk():
    return make.user(language="en")


@pytest.fixture(autouse=True)
def _empty_store():
    for name in stored():
        default_storage.delete(f"registers/{name}")


def stored():
    return default_storage.listdir("registers")[1] if default_storage.exists("registers") else []


def uploaded(content=TSC, *, by, register="tsc", name="extract.csv"):
    return registers.upload(register, ContentFile(content, name=name), by=by)[0]


def previewed(content=TSC, *, by, **options):
    coming = uploaded(content, by=by, **options)
    assert registers.work()
    coming.refresh_from_db()
    return coming


def imported(content=TSC, *, by, **options):
    coming = previewed(content, by=by, **options)
    registers.begin(coming, saw_the_bad=True, by=by)
    assert registers.work()
    coming.refresh_from_db()
    assert coming.status == ImportStatus.DONE
    return coming


def lines():
    rows = RegisterEntry.objects.order_by("register", "number")
    return [tuple(row) for row in rows.values_list("number", "national_id", "name")]


def counts(coming):
    return {name: n for name, n in coming.outcome.items() if isinstance(n, int) and n}


# Read


def test_file_is_read_and_nothing_is_written_before_somebody_says_so(clerk):
    coming = previewed(by=clerk)

    assert coming.status == ImportStatus.PREVIEWED
    assert counts(coming) == {"lines": 2, "new": 2}
    assert list(coming.lines.values_list("line", "number", "national_id", "name")) == [
        (2, "345678", "12345678", "Wanjiku Nganga"),
        (3, "345679", "", "Otieno Ochieng"),
    ]
    assert lines() == []
    assert not registers.work()


def test_workbook_says_the_same(clerk):
    book = openpyxl.Workbook()
    for row in (["TSC number", "National ID", "Name"], [345678, 12345678, "Wanjiku Nganga"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)

    coming = previewed(file.getvalue(), by=clerk, name="extract.xlsx")

    assert list(coming.lines.values_list("number", "national_id", "name")) == [
        ("345678", "12345678", "Wanjiku Nganga")
    ]


def test_register_of_persons_goes_by_the_id_number(clerk):
    imported(b"id_number;name\n12345678;Wanjiku\n", by=clerk, register="id")

    assert lines() == [("12345678", "12345678", "Wanjiku")]


def test_bad_lines_are_told_by_their_number_and_counted(clerk):
    content = b"""number,national_id,name
12,,Too Short
345678,1234,Wanjiku
345679,,
345680,,Ot1eno
1.23457E+12,,Excel
345681,,Good One,more
345682,12345678,Achieng Atieno
"""
    coming = previewed(content, by=clerk)

    assert counts(coming) == {"lines": 7, "bad": 6, "new": 1}
    assert [line for line, _said in coming.outcome["faults"]] == [2, 3, 4, 5, 6, 7]
    said = dict(coming.outcome["faults"])
    assert said[2].startswith("A TSC number is 5 to 8 digits")
    assert said[3].startswith("An ID number is 6 to 9 digits")
    assert said[4] == "The name is missing."
    assert said[5].startswith("Use only letters")
    assert said[6].startswith("Excel changed this number: 1.23457E+12.")
    assert said[7] == "this row has 4 cells, the heading has 3."


def test_of_very_many_bad_lines_the_first_fifty_are_shown(clerk):
    coming = previewed(b"number,name\n" + b"x,y\n" * 80, by=clerk)

    assert coming.counted("bad") == 80
    assert [line for line, _said in coming.outcome["faults"]] == list(range(2, 52))


def test_b_104_repeated_lines_are_counted_and_applied_once(clerk):
    coming = previewed(TSC + TSC.split(b"\n", 1)[1] * 2, by=clerk)

    assert counts(coming) == {"lines": 6, "repeated": 4, "new": 2}


def test_lines_that_contradict_one_another_are_bad_both(clerk):
    coming = previewed(TSC + b"345678,12345678,Somebody Else\n345679,,Otieno Ochieng\n", by=clerk)

    assert counts(coming) == {"lines": 4, "bad": 2, "repeated": 1, "new": 1}
    said = "345678 stands in this file more than once, with different names or ID numbers."
    assert coming.outcome["faults"] == [[2, said], [4, said]]


def test_preview_says_what_changes_and_what_stays(clerk):
    for number, name in {"345678": "Wanjiku", "345679": "Otieno Ochieng", "9" * 6: "Gone"}.items():
        make.register_entry(number=number, name=name)
    make.register_entry(register="id", number="12345678")

    coming = previewed(by=clerk)

    assert counts(coming) == {"lines": 2, "changed": 1, "unchanged": 1, "kept": 1}
    assert coming.outcome["samples"] == [[2, "345678", "Wanjiku", "Wanjiku Nganga", "", "12345678"]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"wage\n12\n", "“wage” is none of the columns"),
        ("number,name\n1,Café\n".encode("cp1252"), "Line 2 has letters that cannot be read"),
        (b"PK\x03\x04nonsense", "This Excel file is damaged"),
    ],
)
def test_file_that_cannot_be_read_fails_and_says_why(clerk, content, why):
    coming = previewed(content, by=clerk)

    assert coming.status == ImportStatus.FAILED
    assert why in coming.failure


def test_reasons_are_in_the_language_of_whoever_sent_it():
    coming = previewed(b"number,name\n12,A\n", by=make.user(language="sw"))

    assert "A TSC number" not in dict(coming.outcome["faults"])[2]


# The same file, and none


def test_same_file_again_is_the_import_that_is_open(clerk):
    first = previewed(by=clerk)

    again, is_new = registers.upload("tsc", ContentFile(TSC, name="copy.csv"), by=make.user())

    assert (again, is_new) == (first, False)
    assert len(stored()) == 1
    assert uploaded(by=clerk, register="id") != first
    registers.discard(first, by=clerk)
    assert uploaded(by=clerk) != first


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_same_file_from_two_windows_at_once_is_one_import(clerk):
    barrier, found = threading.Barrier(4), []

    def send():
        barrier.wait()
        try:
            found.append(uploaded(by=clerk).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(stored()) == 1


def test_file_lies_under_a_name_that_nobody_can_guess(clerk):
    coming = uploaded(by=clerk, name="../../TSC ‮list.csv")

    assert len(coming.file.name) > 40
    assert "TSC" not in coming.file.name
    assert coming.file_name == "TSC list.csv"


def test_discarded_import_leaves_nothing_but_its_counts(clerk):
    coming = previewed(TSC + b"x,y,z\n", by=clerk)

    registers.discard(coming, by=clerk)
    registers.discard(coming, by=clerk)

    coming.refresh_from_db()
    assert coming.status == ImportStatus.DISCARDED
    assert counts(coming) == {"lines": 3, "bad": 1, "new": 2}
    assert not {"faults", "samples"} & coming.outcome.keys()
    assert not ImportLine.objects.exists()
    assert Entry.objects.filter(verb="register.discarded").count() == 1


def test_file_is_removed_from_the_store_when_it_is_over(clerk, django_capture_on_commit_callbacks):
    coming = previewed(by=clerk)
    path = coming.file.name
    registers.begin(coming, saw_the_bad=False, by=clerk)

    with django_capture_on_commit_callbacks(execute=True):
        registers.work()

    assert not default_storage.exists(path)


def test_preview_that_nobody_decides_about_is_discarded_after_a_week(clerk):
    coming = previewed(by=clerk)

    assert tasks.tidy_register_imports() == 0
    RegisterImport.objects.update(uploaded_at=timezone.now() - timedelta(days=8))
    assert tasks.tidy_register_imports() == 1
    coming.refresh_from_db()
    assert coming.status == ImportStatus.DISCARDED


# Imported


def test_import_writes_new_lines_over_old_ones_and_keeps_the_rest(clerk):
    make.register_entry(number="345678", name="Wanjiku", national_id="11111112")
    make.register_entry(number="345679", name="Otieno Ochieng", national_id="22222223")
    make.register_entry(number="999999", name="Kept")

    coming = imported(TSC + b"345680,,New One\n", by=clerk)

    assert lines() == [
        ("345678", "12345678", "Wanjiku Nganga"),
        ("345679", "22222223", "Otieno Ochieng"),  # an empty cell leaves what is there
        ("345680", "", "New One"),
        ("999999", "", "Kept"),
    ]
    assert counts(coming) == {"lines": 3, "new": 1, "changed": 1, "unchanged": 1, "kept": 1}
    told = Entry.objects.get(verb="register.imported")
    assert told.actor == clerk
    assert told.details == {"register": "tsc", "new": 1, "changed": 1, "unchanged": 1}


def test_bad_lines_must_have_been_seen(clerk):
    coming = previewed(TSC + b"x,y,z\n", by=clerk)

    with pytest.raises(Refused, match="Say that you have seen which lines are bad"):
        registers.begin(coming, saw_the_bad=False, by=clerk)
    registers.begin(coming, saw_the_bad=True, by=clerk)
    registers.begin(coming, saw_the_bad=True, by=clerk)  # pressed twice

    assert Entry.objects.filter(verb="register.begun").count() == 1


def test_file_without_one_good_line_is_not_imported(clerk):
    coming = previewed(b"number,name\nx,y\n", by=clerk)

    with pytest.raises(Refused, match="not one good line"):
        registers.begin(coming, saw_the_bad=True, by=clerk)


@pytest.mark.parametrize("status", ImportStatus)
def test_each_status_is_decided_about(clerk, status):
    """What may be begun and what discarded, and nothing else."""
    coming = made(status, by=clerk)
    ImportLine.objects.create(of=coming, line=2, number="345678", name="Wanjiku")
    may = {
        registers.begin: {ImportStatus.PREVIEWED, ImportStatus.IMPORTING, ImportStatus.DONE},
        registers.discard: {
            ImportStatus.UPLOADED,
            ImportStatus.READING,
            ImportStatus.PREVIEWED,
            ImportStatus.DISCARDED,
        },
    }
    for act, allowed in may.items():
        options = {"saw_the_bad": True} if act is registers.begin else {}
        if status in allowed:
            with transaction.atomic():
                act(coming, by=clerk, **options)
                transaction.set_rollback(True)
        else:
            with pytest.raises(Refused):
                act(coming, by=clerk, **options)


def made(status, *, by, **fields):
    over = status not in registers.OPEN_IMPORTS
    now = timezone.now()
    defaults = {
        "register": "tsc",
        "status": status,
        "file": "" if over else f"registers/{make.number()}",
        "file_name": "x.csv",
        "sha256": f"{make.number()}",
        "uploaded_by": by,
        "finished_at": now if over else None,
        "applied_at": now if status == ImportStatus.DONE else None,
        "failure": "why" if status == ImportStatus.FAILED else "",
    }
    return RegisterImport.objects.create(**{**defaults, **fields})


# Workers


def test_worker_takes_one_import_at_a_time(clerk):
    first, second = uploaded(by=clerk), uploaded(by=clerk, register="id")

    assert registers.take() == first
    assert registers.take() is None
    RegisterImport.objects.filter(pk=first.pk).update(lease_until=None, status="previewed")
    assert registers.take() == second


def test_what_a_dead_worker_had_is_taken_again_and_given_up_in_the_end(clerk):
    coming = uploaded(by=clerk)
    for _attempt in range(3):
        assert registers.take() == coming
        RegisterImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert registers.take() is None
    coming.refresh_from_db()
    assert (coming.status, coming.failure) == (ImportStatus.FAILED, "the worker died of it")


def test_error_is_tried_again_and_then_told(clerk, monkeypatch):
    monkeypatch.setattr(register_lines, "read", lambda *args, **options: 1 / 0)
    coming = uploaded(by=clerk)

    for _attempt in range(3):
        assert registers.work()

    coming.refresh_from_db()
    assert coming.status == ImportStatus.FAILED
    assert "ZeroDivisionError" in coming.failure
    assert not registers.work()


def test_import_that_is_discarded_while_it_is_read_leaves_no_line(clerk, monkeypatch):
    monkeypatch.setattr(register_lines, "BLOCK", 1)
    coming = uploaded(by=clerk)
    note = registers._note

    def discard_then_note(of, count):
        registers.discard(of, by=clerk)
        note(of, count)

    monkeypatch.setattr(registers, "_note", discard_then_note)
    assert registers.work()

    coming.refresh_from_db()
    assert coming.status == ImportStatus.DISCARDED
    assert not ImportLine.objects.exists()


def test_worker_that_died_between_writing_and_comparing_is_followed_by_another(clerk, monkeypatch):
    officer = make.officer(tsc_number="345678", national_id="12345678")
    coming = previewed(by=clerk)
    registers.begin(coming, saw_the_bad=False, by=clerk)
    with monkeypatch.context() as patched:
        patched.setattr(checks, "compare_all", lambda *args, **options: 1 / 0)
        registers.work()
    RegisterEntry.objects.filter(number="345679").delete()  # to see that it is not written twice

    registers.work()

    coming.refresh_from_db()
    assert coming.status == ImportStatus.DONE
    assert RegisterEntry.objects.count() == 1
    assert RegisterCheck.objects.get(officer=officer).outcome == Outcome.VERIFIED


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_imports_of_one_register_take_turns(clerk):
    """Two that write the same lines at once would wait for one another in a circle."""
    pks = []
    for order in (1, -1):
        rows = [f"{n},A B{'x' if order > 0 else 'y'}\n" for n in range(100_000, 100_500)]
        content = "number,name\n" + "".join(rows[::order])
        pks.append(previewed(content.encode(), by=clerk).pk)
    barrier, errors = threading.Barrier(2), []

    def write(pk):
        try:
            with transaction.atomic():
                barrier.wait()
                register_lines.apply(RegisterImport.objects.get(pk=pk))
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[pk]) for pk in pks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert RegisterEntry.objects.values("name").distinct().count() == 1


# The database


@pytest.mark.parametrize(
    ("constraint", "status", "fields"),
    [
        ("import_of_a_known_register", "uploaded", {"register": "x"}),
        ("import_status", "uploaded", {"status": "x", "file": "", "finished_at": timezone.now()}),
        ("import_keeps_its_file_until_it_is_over", "previewed", {"file": ""}),
        ("import_keeps_its_file_until_it_is_over", "discarded", {"file": "registers/x"}),
        ("import_keeps_its_file_until_it_is_over", "discarded", {"finished_at": None}),
        ("failed_import_says_why", "failed", {"failure": ""}),
        ("failed_import_says_why", "discarded", {"failure": "why"}),
        ("done_import_was_applied", "done", {"applied_at": None}),
    ],
)
def test_an_import_holds_together(clerk, constraint, status, fields):
    coming = made(status, by=clerk)

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        RegisterImport.objects.filter(pk=coming.pk).update(**fields)
    assert refusal.value.__cause__.diag.constraint_name == constraint


def test_the_database_holds_one_open_import_of_a_file(clerk):
    made("previewed", by=clerk, sha256="a")
    made("done", by=clerk, sha256="a")

    with pytest.raises(IntegrityError, match="a_file_is_imported_once_at_a_time"):
        made("uploaded", by=clerk, sha256="a")


def test_the_database_holds_each_line_once(clerk):
    line = {"of": made("reading", by=clerk), "line": 2, "number": "345678", "name": "A"}
    ImportLine.objects.create(**line)

    with pytest.raises(IntegrityError, match="a_line_is_read_once"):
        ImportLine.objects.create(**line)
