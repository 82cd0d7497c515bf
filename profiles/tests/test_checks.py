"""Officers held against the agencies' registers."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from cp2.tests import make
from profiles import checks, services
from profiles.models import Employer, Officer, Outcome, RegisterCheck, RegisterEntry

pytestmark = pytest.mark.django_db


def outcomes(officer):
    rows = RegisterCheck.objects.filter(officer=officer)
    return {row.register: (row.outcome, row.fields) for row in rows}


def listed(officer, *registers, **fields):
    """As the officer says, but for what is named."""
    for register in registers or ["tsc", "id"]:
        number = officer.tsc_number if register == "tsc" else officer.national_id
        said = {"number": number, "national_id": officer.national_id, "name": officer.full_name}
        make.register_entry(register=register, **{**said, **fields})


VERIFIED = ("verified", [])


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ({}, VERIFIED),
        ({"name": "NGANGA WANJIKU"}, VERIFIED),
        ({"national_id": ""}, VERIFIED),  # the extract has no such column
        ({"national_id": "0012345678"[-9:]}, VERIFIED),  # noughts in front
        ({"name": "Otieno Ochieng"}, ("mismatch", ["full_name"])),
        ({"national_id": "87654321"}, ("mismatch", ["national_id"])),
        (
            {"national_id": "87654321", "name": "Otieno Ochieng"},
            ("mismatch", ["national_id", "full_name"]),
        ),
        ({"number": "999999"}, ("not_found", ["tsc_number"])),
    ],
)
def test_officer_is_held_against_the_line_of_the_same_number(line, outcome):
    officer = make.officer(full_name="Wanjikũ Ng'ang'a", national_id="12345678")
    listed(officer, "tsc", **line)

    assert checks.compare_all("tsc") == 1
    assert outcomes(officer) == {"tsc": outcome}


def test_register_without_lines_checks_nobody():
    make.officer()

    assert checks.compare_all("tsc") == 0
    assert not RegisterCheck.objects.exists()


def test_only_who_has_a_number_or_is_a_teacher_is_expected_in_the_tsc_register():
    make.register_entry()
    without = make.officer(tsc_number=None)
    teacher = make.officer(tsc_number=None)
    make.work(without, employer=Employer.POLICE)
    make.work(teacher, employer=Employer.TSC)
    unfinished = make.bare_officer()
    make.work(unfinished, employer=Employer.TSC, sub_county=make.sub_county())

    checks.compare_all("tsc")

    assert outcomes(teacher) == {"tsc": ("not_found", ["tsc_number"])}
    assert outcomes(without) == outcomes(unfinished) == {}


def test_only_who_changed_is_compared_anew():
    same, moved, listed_anew = (make.officer() for _ in range(3))
    for officer in (same, moved, listed_anew):
        listed(officer)
    assert checks.compare_all("tsc") == 3
    before = RegisterCheck.objects.get(officer=same, register="tsc").checked_at

    Officer.objects.filter(pk=moved.pk).update(full_name="Otieno Ochieng")
    RegisterEntry.objects.filter(number=listed_anew.tsc_number).update(name="Otieno Ochieng")

    assert checks.compare_all("tsc") == 2
    assert checks.compare_all("tsc") == 0
    assert outcomes(moved)["tsc"] == outcomes(listed_anew)["tsc"] == ("mismatch", ["full_name"])
    assert RegisterCheck.objects.get(officer=same, register="tsc").checked_at == before


def test_many_are_compared_in_chunks_with_progress(monkeypatch):
    monkeypatch.setattr(checks, "CHUNK", 2)
    for _ in range(5):
        listed(make.officer(), "tsc")
    heard = []

    assert checks.compare_all("tsc", on=heard.append) == 5
    assert heard == [2, 4, 5]


# As a profile changes


def test_officer_is_compared_at_once_as_the_profile_changes():
    officer = make.officer(full_name="Wanjikũ Ng'ang'a")
    listed(officer)

    services.save_personal(officer, by=officer.user, town="Nyeri")
    assert outcomes(officer) == {}
    services.save_personal(officer, by=officer.user, full_name="Wanjiku Nganga")
    assert outcomes(officer) == {"tsc": VERIFIED, "id": VERIFIED}
    services.save_personal(officer, by=officer.user, full_name="Otieno Ochieng")
    assert outcomes(officer)["id"] == ("mismatch", ["full_name"])
    services.save_personal(officer, by=officer.user, full_name="Wanjiku Nganga")
    assert outcomes(officer) == {"tsc": VERIFIED, "id": VERIFIED}


def test_who_has_no_number_of_a_register_any_more_is_not_compared_with_it():
    officer = make.officer(full_name="Wanjikũ Ng'ang'a", submitted_at=None)
    listed(officer)
    services.save_personal(officer, by=officer.user, full_name="Wanjiku Nganga")
    assert outcomes(officer) == {"tsc": VERIFIED, "id": VERIFIED}

    services.save_personal(officer, by=officer.user, tsc_number=None)

    assert outcomes(officer) == {"id": VERIFIED}


def test_teacher_without_a_number_is_missed_from_the_day_they_are_one():
    officer = make.officer(tsc_number=None)
    make.register_entry()
    details = {
        "institution": "Mwangaza Primary School",
        "level": "primary",
        "designation": "Teacher",
        "sub_county": officer.sub_county,
        "starts_on": make.today(),
        "ends_on": None,
        "station": None,
    }
    work = services.save_work(officer, employer=Employer.TSC, by=officer.user, **details)
    assert outcomes(officer) == {"tsc": ("not_found", ["tsc_number"])}

    services.save_work(officer, work=work, employer=Employer.POLICE, by=officer.user, **details)
    assert outcomes(officer) == {}


def test_officer_is_compared_as_the_profile_is_submitted():
    officer = make.officer(submitted_at=None, tsc_number=None)
    make.work(officer)
    make.bank_account(officer)
    make.qualification(officer)
    make.next_of_kin(officer)
    Officer.objects.filter(pk=officer.pk).update(tsc_number="345678")
    make.register_entry()

    services.submit(officer, by=officer.user)

    assert outcomes(officer) == {"tsc": ("not_found", ["tsc_number"])}


def test_line_that_is_written_by_hand_reaches_its_officer():
    officer = make.officer()
    listed(officer, "tsc")

    checks.refresh_line("tsc", officer.tsc_number)

    assert outcomes(officer) == {"tsc": VERIFIED}


def test_closed_account_is_held_against_nothing():
    kept, closed = make.officer(), make.officer()
    listed(closed)
    checks.compare_all("tsc")

    services.close(closed, into=kept, by=make.user(), reason="twice")

    assert outcomes(closed) == {}


def accept(officer, register="tsc"):
    check = RegisterCheck.objects.get(officer=officer, register=register)
    check.accepted_by, check.accepted_at, check.reason = make.user(), make.moment("2025-11-03"), "x"
    check.save()


@pytest.mark.parametrize(
    "change",
    [
        lambda officer: services.save_personal(
            officer, by=officer.user, full_name="Atieno Achieng"
        ),
        lambda officer: (
            RegisterEntry.objects.update(name="Somebody Other"),
            checks.compare_all("tsc"),
        ),
    ],
)
def test_what_was_accepted_falls_when_either_side_changes(change):
    officer = make.officer()
    listed(officer, "tsc", name="Otieno Ochieng")
    checks.compare_all("tsc")
    accept(officer)
    checks.compare_all("tsc")
    assert RegisterCheck.objects.get().accepted_by

    change(officer)

    check = RegisterCheck.objects.get()
    assert (check.accepted_by, check.accepted_at, check.reason) == (None, None, "")
    assert check.outcome == Outcome.MISMATCH


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_run_never_writes_over_what_an_officer_has_changed_meanwhile():
    officers = [make.officer() for _ in range(40)]
    for officer in officers:
        listed(officer, "tsc", name="Otieno Ochieng")
    barrier = threading.Barrier(2)

    def run():
        barrier.wait()
        try:
            for _ in range(5):
                RegisterCheck.objects.all().delete()
                checks.compare_all("tsc")
        finally:
            connection.close()

    def change():
        barrier.wait()
        try:
            for officer in officers:
                services.save_personal(officer, by=officer.user, full_name="Otieno Ochieng")
        finally:
            connection.close()

    threads = [threading.Thread(target=target) for target in (run, change)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = set(RegisterCheck.objects.values_list("outcome", flat=True))
    assert found == {Outcome.VERIFIED}
    assert checks.compare_all("tsc") == 0


# The database


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("check_against_a_known_register", {"register": "x"}),
        ("check_outcome", {"outcome": "x"}),
        ("check_of_known_facts", {"fields": ["kra_pin"]}),
        ("facts_differ_unless_verified", {"outcome": "verified"}),
        ("facts_differ_unless_verified", {"fields": []}),
        ("accepted_with_a_reason", {"reason": "because"}),
        ("accepted_with_a_reason", {"accepted_at": make.moment("2025-11-03")}),
    ],
)
def test_a_check_holds_together(constraint, fields):
    check = RegisterCheck.objects.create(
        officer=make.officer(), register="tsc", outcome="mismatch", fields=["full_name"], seen="x"
    )
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        RegisterCheck.objects.filter(pk=check.pk).update(**fields)
    assert refusal.value.__cause__.diag.constraint_name == constraint


def test_an_officer_is_checked_once_per_register():
    check = {"officer": make.officer(), "register": "id", "outcome": "verified", "seen": "x"}
    RegisterCheck.objects.create(**check)

    with pytest.raises(IntegrityError, match="one_check_of_an_officer_per_register"):
        RegisterCheck.objects.create(**check)
