"""What the database refuses by itself, whoever asks."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Entry
from catalogue.models import Bank
from cp2.tests import make
from profiles import services
from profiles.models import (
    BankAccount,
    NextOfKin,
    NumberChange,
    Officer,
    Qualification,
    RegisterEntry,
    WorkExperience,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def refuses(constraint, change):
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        change()
    assert isinstance(refusal.value, IntegrityError)
    assert refusal.value.__cause__.diag.constraint_name.startswith(constraint)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("vetting_status", {"vetting": "maybe"}),
        ("changed_since_is_still_to_be_vetted", {"changed_since": "kra_pin"}),
        ("barred_with_a_reason", {"vetting": "barred", "vetting_reason": ""}),
        ("national_id_is_digits", {"national_id": "12345"}),
        ("national_id_is_digits", {"national_id": "1234567A"}),
        ("national_id_is_digits", {"national_id": "١٢٣٤٥٦٧"}),
        ("kra_pin_is_of_a_person", {"kra_pin": "P051365947M"}),
        ("kra_pin_is_of_a_person", {"kra_pin": "a004416331m"}),
        ("tsc_number_is_digits", {"tsc_number": "1234"}),
        ("tsc_number_is_digits", {"tsc_number": "TSC12345"}),
        ("payee_phone_is_a_kenyan_mobile", {"payee_phone": "0712345678"}),
        ("officer_gender", {"gender": "x"}),
        ("officer_is_paid_by", {"paid_by": "cash"}),
        ("year_of_birth_is_a_year", {"year_of_birth": 85}),
        ("submitted_profile_can_be_paid", {"national_id": None}),
        ("submitted_profile_can_be_paid", {"sub_county": None}),
        ("submitted_profile_can_be_paid", {"full_name": ""}),
        ("submitted_profile_can_be_paid", {"payee_phone": ""}),
        ("submitted_profile_can_be_paid", {"payee_name": ""}),
    ],
)
def test_an_officer_holds_together(constraint, fields):
    officer = make.officer()
    refuses(constraint, lambda: Officer.objects.filter(pk=officer.pk).update(**fields))


@pytest.mark.parametrize("field", ["national_id", "kra_pin", "tsc_number"])
def test_a_number_is_of_one_officer(field):
    one, other = make.officer(), make.officer()
    taken = {field: getattr(one, field)}
    refuses(
        f"profiles_officer_{field}",
        lambda: Officer.objects.filter(pk=other.pk).update(**taken),
    )


def test_many_officers_may_have_given_no_number_yet():
    assert make.bare_officer().national_id is make.bare_officer().national_id is None


def test_an_account_has_one_profile():
    officer = make.officer()
    refuses("profiles_officer_user_id", lambda: Officer.objects.create(user=officer.user))


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("work_runs_forward", {"ends_on": timezone.localdate() - 10_000 * DAY}),
        ("work_employer", {"employer": "x"}),
        ("work_level", {"level": "x"}),
    ],
)
def test_work_holds_together(constraint, fields):
    work = make.work(make.officer())
    refuses(constraint, lambda: WorkExperience.objects.filter(pk=work.pk).update(**fields))


def test_one_workstation_is_current():
    officer = make.officer()
    make.work(officer)
    make.work(officer, ends_on=make.today())
    refuses("one_current_workstation", lambda: make.work(officer))


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("study_runs_forward", {"ends_on": timezone.localdate() - 20_000 * DAY}),
        ("qualification_level", {"level": "x"}),
    ],
)
def test_a_qualification_holds_together(constraint, fields):
    study = make.qualification(make.officer())
    refuses(constraint, lambda: Qualification.objects.filter(pk=study.pk).update(**fields))


def test_an_account_number_is_digits():
    account = make.bank_account(make.officer())
    for number in ("1234", "1.23E+12"):
        refuses(
            "account_number_is_digits",
            lambda number=number: BankAccount.objects.filter(pk=account.pk).update(number=number),
        )


def test_a_branch_is_of_its_bank():
    account = make.bank_account(make.officer())
    other = Bank.objects.exclude(pk=account.bank_id).first() or Bank.objects.create(
        code="99", name="Another Bank"
    )
    refuses(
        "branch_is_of_the_bank",
        lambda: BankAccount.objects.filter(pk=account.pk).update(bank=other),
    )


def test_next_of_kin_has_a_kenyan_mobile():
    kin = make.next_of_kin(make.officer())
    refuses(
        "kin_has_a_kenyan_mobile",
        lambda: NextOfKin.objects.filter(pk=kin.pk).update(phone="447911123456"),
    )


def test_a_register_has_a_number_once_and_a_name_we_know():
    RegisterEntry.objects.create(register="tsc", number="123456", name="Atieno Ochieng")
    refuses(
        "one_line_of_a_number_per_register",
        lambda: RegisterEntry.objects.create(register="tsc", number="123456", name="Another"),
    )
    refuses(
        "known_register",
        lambda: RegisterEntry.objects.create(register="x", number="1", name="Another"),
    )


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_b_026_of_many_who_claim_one_id_number_at_once_one_gets_it():
    officers = [make.bare_officer() for _ in range(50)]
    barrier, outcomes = threading.Barrier(len(officers)), []

    def claim(officer):
        barrier.wait()
        try:
            services.save_personal(officer, by=officer.user, national_id="30000001")
            outcomes.append("")
        except services.Taken as refusal:
            outcomes.append(refusal.field)
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=[officer]) for officer in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [""] + ["national_id"] * 49
    assert Officer.objects.filter(national_id="30000001").count() == 1
    assert Entry.objects.filter(verb="identity.clashed").count() == 49


def change_of(officer, **fields):
    known = {"officer": officer, "old_phone": officer.phone} if officer else {}
    defaults = {"road": "lost", "new_phone": make.phone(), **known}
    return NumberChange.objects.create(**{**defaults, **fields})


def decided(**fields):
    return {
        "proven_at": timezone.now(),
        "decided_by": make.user(),
        "decided_at": timezone.now(),
        "decision": "Came with the ID card",
        **fields,
    }


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("number_change_status", {"status": "maybe", "proven_at": timezone.now()}),
        ("number_change_road", {"road": "up"}),
        ("numbers_changed_are_kenyan_mobiles", {"new_phone": "447911123456"}),
        ("numbers_changed_are_kenyan_mobiles", {"old_phone": "0712345678"}),
        ("change_for_nobody_keeps_little", {"old_phone": ""}),
        ("change_for_nobody_keeps_little", {"officer": None}),
        ("change_for_nobody_keeps_little", {"officer": None, "old_phone": "", "why": "Stolen"}),
        ("nothing_changes_without_its_code", {"status": "proven"}),
        ("lost_number_is_decided_by_somebody", {"decision": "Because"}),
        ("code_is_used_once", {"code_hash": "f" * 64}),
        ("few_tries_per_code", {"tries": 6}),
    ],
)
def test_a_change_of_number_holds_together(constraint, fields):
    change = change_of(make.officer())
    refuses(constraint, lambda: NumberChange.objects.filter(pk=change.pk).update(**fields))


def test_a_new_number_is_another_one():
    officer = make.officer()
    refuses("new_number_is_another_one", lambda: change_of(officer, new_phone=officer.phone))


def test_a_lost_number_is_decided_by_somebody_who_says_why():
    change = change_of(make.officer(), status="proven", proven_at=timezone.now())
    rows = NumberChange.objects.filter(pk=change.pk)
    for missing in ({"decided_by": None}, {"decided_at": None}, {"decision": ""}):
        for status in ("done", "refused"):
            refuses(
                "lost_number_is_decided_by_somebody",
                lambda missing=missing, status=status: rows.update(
                    **decided(status=status, **missing)
                ),
            )
    rows.update(**decided(status="done"))


def test_an_officers_own_change_waits_for_nobody():
    change = change_of(make.officer(), road="own")
    rows = NumberChange.objects.filter(pk=change.pk)
    refuses(
        "own_change_waits_for_nobody",
        lambda: rows.update(status="proven", proven_at=timezone.now()),
    )
    refuses(
        "lost_number_is_decided_by_somebody",
        lambda: rows.update(**decided(status="done")),
    )


def test_a_used_code_is_gone():
    change = change_of(make.officer(), code_hash="f" * 64, code_sent_at=timezone.now())
    rows = NumberChange.objects.filter(pk=change.pk)
    refuses("code_is_used_once", lambda: rows.update(status="proven", proven_at=timezone.now()))


def test_one_request_waits_per_officer_and_per_number():
    waits = {"status": "proven", "proven_at": timezone.now()}
    first = change_of(make.officer(), **waits)
    refuses("one_waiting_change_per_officer", lambda: change_of(first.officer, **waits))
    refuses(
        "one_waiting_change_per_number",
        lambda: change_of(make.officer(), new_phone=first.new_phone, **waits),
    )
    refuses(
        "one_waiting_change_per_number",
        lambda: change_of(None, new_phone=first.new_phone, **waits),
    )


def test_an_officer_asks_for_one_number_at_a_time():
    officer = make.officer()
    change_of(officer, road="own")
    refuses("one_own_change_at_a_time", lambda: change_of(officer, road="own"))
    change_of(officer)  # what a stranger asks does not stand in the way


@pytest.mark.parametrize("field", ["national_id", "kra_pin", "tsc_number", "submitted_at"])
def test_a_merged_officer_has_given_up_every_number(field):
    officer, into = make.officer(), make.officer()
    given_up = dict.fromkeys(["national_id", "kra_pin", "tsc_number", "submitted_at"])
    del given_up[field]
    rows = Officer.objects.filter(pk=officer.pk)
    constraint = "merged_officer_has_no_numbers"
    if field == "submitted_at":
        constraint = ("submitted_profile_can_be_paid", constraint)
    refuses(constraint, lambda: rows.update(merged_into=into, **given_up))


def test_nobody_is_merged_into_themselves():
    officer = make.bare_officer()
    refuses(
        "nobody_is_merged_into_themselves",
        lambda: Officer.objects.filter(pk=officer.pk).update(merged_into=officer),
    )
