"""What happens to a profile: opened, filled in, submitted, vetted.

Every service locks the officer first, so two tabs, or an officer and a director, take turns.
"""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import accounts.services
import sms.services
from accounts.models import User
from accounts.services import record, tell
from catalogue.models import Bank, BankBranch, Office
from cp2.rules import Refused, Role, lock
from profiles import checks, papers
from profiles.completeness import has_staff_number, staff_number, standing
from profiles.doubts import payee_differs
from profiles.models import (
    IDENTITY,
    BankAccount,
    Employer,
    NextOfKin,
    NumberChange,
    Officer,
    OfficerQuerySet,
    PaidBy,
    PaperKind,
    Qualification,
    Vetting,
    WorkExperience,
    masked,
)
from profiles.owners import numbers_alike
from profiles.uploads import PaperFile

# Each on one account only.
NUMBERS = {
    "national_id": gettext_lazy("ID number"),
    "kra_pin": gettext_lazy("KRA PIN"),
    "tsc_number": gettext_lazy("TSC number"),
}
# What pay needs to know of somebody; a profile that is submitted keeps each of them.
KEPT = ["full_name", "year_of_birth", "gender", "national_id", "kra_pin"]
CLASHED = "identity.clashed"
# What the agencies' registers are asked about.
REGISTERED = {"full_name", "national_id", "tsc_number"}
MOST_ROWS = 20


class Elsewhere(Refused):
    """What was typed in this field is of another account, perhaps of the same person: the page
    shows the way to move that account to this number."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class Taken(Elsewhere):
    """A number that must be of one account is on another."""

    def __init__(self, field: str) -> None:
        said = _(
            "This %(number)s is in another account. If that account is yours, sign in with its "
            "number, or move it to this number."
        )
        super().__init__(said % {"number": NUMBERS[field]}, field=field)


class Kept(Refused):
    """What pay needs of a submitted profile may be corrected, and not taken away."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


# The account


def register(phone: str, *, language: str, address: str = "") -> Officer:
    """An account and its empty profile; the password follows by text. Raises Limited when too many
    are opened from one address, among neighbouring numbers, or in all."""
    accounts.services.refuse_known(phone)
    accounts.services.take_a_text(phone, address=address, road="register")
    return open_for(phone, language=language)


@transaction.atomic
def open_for(phone: str, *, language: str, by: User | None = None, **noted: str) -> Officer:
    """Their own account, or one that somebody opens for a person who stands before them and has the
    phone that the password is texted to. Whoever calls has taken the right to a text."""
    try:
        with transaction.atomic():
            user = accounts.services.open_account(phone, language=language)
    except IntegrityError:  # the same number from two phones at once: the other was first
        user = accounts.services.open_account(phone, language=language)
    officer = Officer.objects.create(user=user)
    record("officer.registered", officer, by=by or user, **noted)
    return officer


def identity_on_file(user: User) -> str:
    """What accounts asks before a password by text opens anything: the ID number, if given."""
    known = Officer.objects.filter(user=user).values_list("national_id", flat=True).first()
    return known or ""


# The groups of the profile


def save_personal(officer: Officer, *, by: User, **details: Any) -> Officer:
    """Who this is. A vetted officer who becomes somebody else on paper is vetted again.

    A number of another account is refused, and left on record for the helpdesk: it may be one
    person with two accounts.
    """
    try:
        return _save_personal(officer, by=by, **details)
    except Taken as taken:
        _note_clash(officer, taken.field, str(details[taken.field]), by=by)
        raise


@transaction.atomic
def _save_personal(officer: Officer, *, by: User, **details: Any) -> Officer:
    officer = lock(officer)
    changed = _differences(officer, details)
    if not changed:
        return officer
    _refuse_to_lose(officer, changed)
    was = {
        name: masked(old) if name in NUMBERS else old
        for name in sorted(IDENTITY.keys() & changed.keys())
        if (old := getattr(officer, name))
    }
    if was and (officer.vetting == Vetting.VETTED or officer.changed_since):
        since = {*was, *filter(None, officer.changed_since.split(","))}
        names = ",".join(name for name in IDENTITY if name in since)
        changed |= {"vetting": Vetting.PENDING, "changed_since": names}
    try:
        with transaction.atomic():
            _write(officer, changed)
    except IntegrityError as error:
        raise _taken(error) from error
    record("officer.changed", officer, by=by, fields=sorted(changed), was=was)
    if REGISTERED & changed.keys():
        checks.refresh(officer)
    return officer


def _refuse_to_lose(officer: Officer, changed: dict[str, Any]) -> None:
    if officer.submitted_at is None:
        return
    said = _(
        "Your profile is submitted, and pay needs this. Correct it, but do not leave it empty."
    )
    for name in KEPT:
        if not changed.get(name, True):
            raise Kept(said, field=name)
    employer = _employer_now(officer)
    before, after = (
        has_staff_number(
            of.get("tsc_number", officer.tsc_number),
            of.get("pf_number", officer.pf_number),
            employer,
        )
        for of in ({}, changed)
    )
    if before and not after:
        raise Kept(said, field=staff_number(employer))


def _employer_now(officer: Officer) -> str | None:
    return officer.work.filter(ends_on=None).values_list("employer", flat=True).first()


def _note_clash(officer: Officer, field: str, number: str, *, by: User) -> None:
    other = Officer.objects.filter(**{field: number}).values_list("pk", flat=True).first()
    record(CLASHED, officer, by=by, field=field, number=masked(number), other=other)


@transaction.atomic
def save_payee(
    officer: Officer, *, name: str, phone: str, by: User, paid_by: PaidBy | str = ""
) -> Officer:
    """Whom to pay, and where. A change waits three days, and whoever was paid before is told."""
    officer = lock(officer)
    old = officer.payee_phone
    wanted = PaidBy(paid_by or officer.paid_by)
    account = BankAccount.objects.filter(officer=officer).first()
    if wanted == PaidBy.BANK and account is None:
        raise Refused(_("Add your bank account first, then choose to be paid there."))
    details = {"payee_name": name, "payee_phone": phone, "paid_by": wanted}
    changed = _differences(officer, details)
    if not changed:
        return officer
    if old:
        changed["payee_changed_at"] = timezone.now()
    _write(officer, changed)
    noted: dict[str, Any] = {"in_other_name": True} if payee_differs(officer) else {}
    moved = "paid_by" in changed
    if moved:
        noted["paid_by"] = wanted
    record("payee.changed", officer, by=by, was=masked(old), now=masked(phone), **noted)
    if moved and account and wanted == PaidBy.BANK:
        _tell_of_account(officer, account, also=old)
    elif old and (old != phone or moved):
        for told in sorted({old, officer.phone}):
            sms.services.send(
                told,
                "profiles/payee_changed",
                language=officer.user.language,
                last_digits=phone[-3:],
            )
    return officer


def _tell_of_account(officer: Officer, account: BankAccount, *, also: str) -> None:
    for told in sorted({officer.phone, also} - {""}):
        sms.services.send(
            told,
            "profiles/paid_to_account",
            language=officer.user.language,
            last_digits=account.number[-3:],
        )


@transaction.atomic
def save_bank_account(
    officer: Officer, *, bank: Bank, branch: BankBranch, number: str, by: User
) -> BankAccount:
    """An account that is paid is a payee: another one waits three days, and its owner is told."""
    officer = lock(officer)
    account = BankAccount.objects.filter(officer=officer).first()
    was = masked(account.number) if account else ""
    account = account or BankAccount(officer=officer)
    changed = _differences(account, {"bank_id": bank.pk, "branch_id": branch.pk, "number": number})
    account.bank, account.branch, account.number = bank, branch, number
    account.save()
    record("bank_account.saved", account, by=by, was=was, now=masked(number))
    shared = BankAccount.objects.filter(bank=bank, number=number).exclude(pk=account.pk)
    if others := sorted(shared.values_list("officer", flat=True)[:MOST_ROWS]):
        record("bank_account.shared", account, by=by, officer=officer.pk, others=others)
    if changed and officer.paid_by == PaidBy.BANK:
        _write(officer, {"payee_changed_at": timezone.now()})
        record("payee.changed", officer, by=by, was=was, now=masked(number), paid_by=PaidBy.BANK)
        _tell_of_account(officer, account, also=officer.payee_phone)
    return account


@transaction.atomic
def save_next_of_kin(
    officer: Officer, *, full_name: str, phone: str, relationship: str, by: User
) -> NextOfKin:
    officer = lock(officer)
    kin, _made = NextOfKin.objects.update_or_create(
        officer=officer,
        defaults={"full_name": full_name, "phone": phone, "relationship": relationship},
    )
    record("next_of_kin.saved", kin, by=by)
    return kin


@transaction.atomic
def save_work(
    officer: Officer, *, by: User, work: WorkExperience | None = None, **details: Any
) -> WorkExperience:
    """Where they work or worked. The one without a last day is the current workstation."""
    officer = lock(officer)
    row: WorkExperience = _again(officer.work, work) if work else _one_more(officer.work)
    others = officer.work.exclude(pk=row.pk)
    current = others.filter(ends_on=None).first()
    if details["ends_on"] is None and current:
        raise Refused(
            _(
                "You still work at %(institution)s, by what you gave. Give that work its last day "
                "first."
            )
            % {"institution": current.institution}
        )
    row.officer = officer
    changed = _differences(row, details)
    if details["ends_on"] is None and officer.submitted_at:
        _refuse_an_employer_without_number(officer, details["employer"])
    if changed:
        _write(row, changed)
        _keep_in_step(officer)
        record("work.changed" if work else "work.added", row, by=by, fields=sorted(changed))
        checks.refresh(officer)
    return row


def _refuse_an_employer_without_number(officer: Officer, employer: str) -> None:
    numbers = (officer.tsc_number, officer.pf_number)
    if has_staff_number(*numbers, employer) or not has_staff_number(
        *numbers, _employer_now(officer)
    ):
        return
    if employer == Employer.TSC:
        said = _(
            "Pay needs your TSC number for this employer. Add it to your personal details first."
        )
    else:
        said = _(
            "Pay needs the number by which this employer knows you. Add your PF number to your "
            "personal details first."
        )
    raise Kept(said, field="employer")


@transaction.atomic
def remove_work(work: WorkExperience, *, by: User) -> None:
    officer = lock(work.officer)
    row = _again(officer.work, work)
    if officer.submitted_at and row.ends_on is None:
        raise Refused(
            _(
                "Your profile is submitted, so it keeps your workstation. If you left it, give it "
                "its last day instead, then add the new one."
            )
        )
    record("work.removed", row, by=by, institution=row.institution)
    row.delete()
    _keep_in_step(officer)
    checks.refresh(officer)


def save_qualification(
    officer: Officer,
    *,
    by: User,
    qualification: Qualification | None = None,
    certificate: PaperFile | None = None,
    **details: Any,
) -> Qualification:
    """What they studied. A new certificate takes the place of the old one."""
    with papers.put_away(certificate) as path, transaction.atomic():
        officer = lock(officer)
        studies = officer.qualifications
        row: Qualification = _again(studies, qualification) if qualification else _one_more(studies)
        row.officer = officer
        changed = _differences(row, details)
        if changed:
            _write(row, changed)
        if certificate:
            papers.attach(
                officer, certificate, path=path, kind=PaperKind.CERTIFICATE, qualification=row
            )
        fields = sorted([*changed, *(["certificate"] if certificate else [])])
        if fields:
            verb = "qualification.changed" if qualification else "qualification.added"
            record(verb, row, by=by, fields=fields)
    return row


@transaction.atomic
def remove_qualification(qualification: Qualification, *, by: User) -> None:
    officer = lock(qualification.officer)
    row = _again(officer.qualifications, qualification)
    if officer.submitted_at and officer.qualifications.count() == 1:
        raise Refused(
            _("Your profile is submitted, so it keeps one qualification. Add another one first.")
        )
    record("qualification.removed", row, by=by, course=row.course)
    for paper in officer.papers.filter(qualification=row):
        papers.discard(paper)
    row.delete()


# Submitting and vetting


@transaction.atomic
def submit(officer: Officer, *, by: User) -> Officer:
    """The profile counts from now on. Submitting again changes nothing."""
    officer = lock(officer)
    if officer.submitted_at:
        return officer
    if missing := standing(officer).missing:
        raise Refused(
            _("Before you submit your profile, add what is missing: %(missing)s.")
            % {"missing": ", ".join(item.text for item in missing)}
        )
    _write(officer, {"submitted_at": timezone.now()})
    record("officer.submitted", officer, by=by)
    checks.refresh(officer)
    tell(officer.user, "profiles/submitted")
    return officer


def is_vetter(by: User) -> bool:
    """TSC directors, and headquarters' Deployment group."""
    if by.role == Role.DIRECTOR:
        return by.office == Office.TSC
    return by.role == Role.STAFF and by.has_perm("profiles.change_officer")


def may_vet(officer: Officer, by: User) -> bool:
    """A director vets only those who work in the own sub-county."""
    away = by.role == Role.DIRECTOR and by.sub_county_id != officer.sub_county_id
    return is_vetter(by) and not away


@transaction.atomic
def vet(officer: Officer, *, status: Vetting, reason: str = "", by: User) -> Officer:
    """Somebody who knows them says that this is a fit person, or is not, and why."""
    officer = lock(officer)
    before = Vetting(officer.vetting)
    if before == status:
        return officer
    if not may_vet(officer, by):
        raise Refused(_("Only the TSC director of the officer's own sub-county may vet them."))
    if officer.submitted_at is None:
        raise Refused(_("This profile is not submitted yet, so there is nothing to vet."))
    if status not in Officer.MOVES[before]:
        raise Refused(_("This officer cannot be vetted that way."))
    if status == Vetting.BARRED and not reason:
        raise Refused(_("Say why this officer is barred: they will read it."))

    kept = reason if status == Vetting.BARRED else ""
    changed: dict[str, Any] = {"vetting": status, "vetting_reason": kept, "changed_since": ""}
    if status == Vetting.VETTED:
        changed["vetted_at"] = timezone.now()
    _write(officer, changed)
    record(f"officer.{status}", officer, by=by, was=before, reason=reason)
    if status == Vetting.BARRED:
        tell(officer.user, "profiles/barred", reason=reason)
    elif before == Vetting.BARRED:
        tell(officer.user, "profiles/bar_lifted")
    return officer


@transaction.atomic
def vet_many(officers: OfficerQuerySet, *, by: User) -> int:
    """Vet those of them that wait for it; how many there were."""
    waiting = officers.submitted().filter(vetting=Vetting.PENDING).order_by("pk")
    fit = [one for one in waiting.select_for_update(of=("self",)) if may_vet(one, by)]
    Officer.objects.filter(pk__in=[one.pk for one in fit]).update(
        vetting=Vetting.VETTED, vetted_at=timezone.now(), changed_since=""
    )
    for officer in fit:
        record("officer.vetted", officer, by=by, was=Vetting.PENDING)
    return len(fit)


def alike(officers: Iterable[Officer]) -> set[int]:
    """Which of them have an ID number that differs from another account's only by noughts in
    front: perhaps one person with two accounts."""
    wanted: dict[str, int] = {}
    for officer in officers:
        if officer.national_id:
            same = numbers_alike(officer.national_id) - {officer.national_id}
            wanted |= dict.fromkeys(same, officer.pk)
    found = Officer.objects.filter(national_id__in=wanted).values_list("national_id", flat=True)
    return {wanted[number] for number in found if number}


# Two accounts of one person


def has_history(officer: Officer) -> bool:
    """Whether anything stands on this profile that must never be lost: a submission, numbers, or
    rows of the apps above, which the database would not let it be deleted for."""
    if officer.submitted_at or officer.national_id:
        return True
    protected = (
        relation
        for relation in Officer._meta.related_objects
        if relation.on_delete is models.PROTECT and relation.related_model is not NumberChange
    )
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: officer}).exists()
        for relation in protected
    )


@transaction.atomic
def close(officer: Officer, *, into: Officer, by: User, reason: str) -> Officer:
    """One person, one account: this one ends, gives up its numbers and points to the other."""
    officer = lock(officer)
    was = {name: masked(old) for name in NUMBERS if (old := getattr(officer, name))}
    given_up = {**dict.fromkeys(NUMBERS), "submitted_at": None, "merged_into": into}
    phone = officer.phone
    accounts.services.close_account(officer.user)
    _write(officer, given_up)
    checks.refresh(officer)
    record(
        "officer.closed",
        officer,
        by=by,
        into=into.pk,
        reason=reason,
        phone=masked(phone),
        was=was,
    )
    return officer


# What they share


def _differences(row: models.Model, details: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if getattr(row, name, None) != value}


def _write(row: models.Model, changed: dict[str, Any]) -> None:
    """Save only what changed; a new row, all of it."""
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed) if row.pk else None)


def _again(rows: Any, row: Any) -> Any:
    """The row as it is now, of the locked officer."""
    found = rows.filter(pk=row.pk).first()
    if found is None:
        raise Refused(_("This entry was removed meanwhile."))
    return found


def _one_more(rows: Any) -> Any:
    if rows.count() >= MOST_ROWS:
        raise Refused(_("Twenty entries are enough. Change or remove one of them."))
    return rows.model()


def _keep_in_step(officer: Officer) -> None:
    """An officer belongs to where they work. Between two workstations, a submitted profile stays
    with the last one, so that a director still answers for it."""
    current = officer.work.filter(ends_on=None).first()
    if current is None and officer.submitted_at:
        return
    sub_county = current.sub_county if current else None
    _write(officer, _differences(officer, {"sub_county": sub_county}))


def _taken(error: IntegrityError) -> Refused | IntegrityError:
    """The refusal behind a broken unique constraint."""
    broken = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", ""))
    for field in NUMBERS:
        if field in broken:
            return Taken(field)
    return error
