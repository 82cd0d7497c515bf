"""Two accounts of one person become one, with the history of both.

One account stays; all that hangs on the other goes over to it, and the other is closed and points
to it. Nothing is deleted. What the database holds fixed (marks, approved claims) may go this one
way, from an officer to the one they were merged into, and no other.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

import claims.services
import sms.services
from accounts.models import Entry, User
from accounts.services import record
from attendance.models import Mark, MarkStatus
from claims.models import Claim, ClaimStatus
from cp2.protection.models import Affected
from cp2.rules import Refused, move
from deployments.models import HOLDS_ITS_DAYS, Deployment, Proposal, Unplaced, Waiver
from enquiries.models import Enquiry
from profiles import checks, services, serving
from profiles.models import (
    IDENTITY,
    BankAccount,
    ChangeStatus,
    ExaminerTraining,
    Interest,
    NextOfKin,
    NumberChange,
    Officer,
    Paper,
    Qualification,
    RegisterCheck,
    Vetting,
    WorkExperience,
    masked,
)
from profiles.owners import accounts_of
from sms.models import Message
from sms.phones import hinted, local
from vacancies.models import Application, VacancyAlert

# What somebody says of themselves; where the account that stays says nothing, the other's counts.
PROFILE = [
    "full_name",
    "year_of_birth",
    "gender",
    "national_id",
    "kra_pin",
    "tsc_number",
    "pf_number",
    "nssf_number",
    "sha_number",
    "email",
    "town",
    "sub_county",
    "subjects",
    "skills",
]
EMPTY: tuple[Any, ...] = (None, "", [])
PAYEE = ["payee_name", "payee_phone", "paid_by", "payee_changed_at"]


# What hangs on an officer, and how it goes over


def _all(kept: Officer, closed: Officer, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    return rows


def _but_a_second_workstation(
    kept: Officer, closed: Officer, rows: models.QuerySet[Any]
) -> models.QuerySet[Any]:
    """One is current at a time; the other's stays behind, as what was said there."""
    return rows.filter(ends_on__isnull=False) if _has_current_work(kept) else rows


def _has_current_work(officer: Officer) -> bool:
    return WorkExperience.objects.filter(officer=officer, ends_on=None).exists()


def _if_there_is_none(
    kept: Officer, closed: Officer, rows: models.QuerySet[Any]
) -> models.QuerySet[Any]:
    return rows.none() if rows.model._base_manager.filter(officer=kept).exists() else rows


def _but_a_second_copy(
    kept: Officer, closed: Officer, rows: models.QuerySet[Any]
) -> models.QuerySet[Any]:
    """Certificates go with their qualifications; of a side of the ID card there is one copy."""
    return rows.exclude(kind__in=Paper.objects.copies_of_id().filter(officer=kept).values("kind"))


def _but_a_second_of_a_paper(
    kept: Officer, closed: Officer, rows: models.QuerySet[Any]
) -> models.QuerySet[Any]:
    papers = ExaminerTraining.objects.filter(officer=kept).values("paper")
    return rows.exclude(paper__in=papers)


def _but_a_second_in_a_station(
    kept: Officer, closed: Officer, rows: models.QuerySet[Any]
) -> models.QuerySet[Any]:
    return rows.exclude(station__in=Interest.objects.filter(officer=kept).values("station"))


def _but_a_second_waiver(
    kept: Officer, closed: Officer, rows: models.QuerySet[Any]
) -> models.QuerySet[Any]:
    """Of one rule, exam and station one stands; the other's stays behind."""
    here = Waiver.objects.standing().filter(officer=kept)
    stand = set(here.values_list("exam", "rule", "station"))
    theirs = rows.filter(withdrawn_at=None).values_list("exam", "rule", "station", "pk")
    return rows.exclude(pk__in=[pk for *what, pk in theirs if tuple(what) in stand])


def _but_a_second_appeal(
    kept: Officer, closed: Officer, rows: models.QuerySet[Any]
) -> models.QuerySet[Any]:
    """One is open at a time; the other's stays behind, with headquarters."""
    appeals = Enquiry.objects.live_appeals()
    if not appeals.filter(officer=kept).exists():
        return rows
    return rows.exclude(pk__in=appeals.filter(officer=closed).values("pk"))


def _along(kept: Officer, closed: Officer, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """The database takes them along with what they belong to."""
    return rows.none()


Choice = Callable[[Officer, Officer, "models.QuerySet[Any]"], "models.QuerySet[Any]"]

# Each with its field, lowest app first, which is the order in which they are locked and moved. A
# claim's lines, holds and payments hang on the claim, a letter on its deployment.
GOES_OVER: dict[tuple[type[models.Model], str], Choice] = {
    (Officer, "merged_into"): _all,
    (WorkExperience, "officer"): _but_a_second_workstation,
    (Qualification, "officer"): _all,
    (ExaminerTraining, "officer"): _but_a_second_of_a_paper,
    (Interest, "officer"): _but_a_second_in_a_station,
    (Paper, "officer"): _but_a_second_copy,
    (BankAccount, "officer"): _if_there_is_none,
    (NextOfKin, "officer"): _if_there_is_none,
    (VacancyAlert, "officer"): _if_there_is_none,
    (Application, "officer"): _all,
    (Deployment, "officer"): _all,
    (Waiver, "officer"): _but_a_second_waiver,
    (Mark, "officer"): _along,
    (Claim, "officer"): _all,
    (Enquiry, "officer"): _but_a_second_appeal,
}
# What is told of the closed account itself stays with it. The one that stays is held against the
# registers anew.
STAYS: set[tuple[type[models.Model], str]] = {
    (Affected, "officer"),
    (NumberChange, "officer"),
    (RegisterCheck, "officer"),
    (Proposal, "officer"),
    (Unplaced, "officer"),
}


# What is there, and what would happen


def compare(one: Officer, other: Officer, *, full: bool = False) -> list[tuple[str, str, str]]:
    """Name, here, there: each fact of the two side by side; numbers in full where it is said."""
    here, there = _facts(one, full), _facts(other, full)
    return [(label, here[label], there[label]) for label in here]


def _facts(officer: Officer, full: bool) -> dict[str, str]:
    user = officer.user

    def number(value: str | None) -> str:
        return (value if full else masked(value)) if value else ""

    counted: dict[str, models.QuerySet[Any]] = {
        _("Work experience"): WorkExperience.objects.filter(officer=officer),
        _("Qualifications"): Qualification.objects.filter(officer=officer),
        _("Bank account"): BankAccount.objects.filter(officer=officer),
        _("Next of kin"): NextOfKin.objects.filter(officer=officer),
        _("Applications"): Application.objects.filter(officer=officer),
        _("Deployments"): Deployment.objects.filter(officer=officer),
        _("Marks"): Mark.objects.filter(officer=officer),
        _("Claims"): Claim.objects.filter(officer=officer),
        _("Enquiries"): Enquiry.objects.filter(officer=officer),
        _("Texts to this number"): Message.objects.filter(to=officer.phone),
    }
    return {
        _("Signs in with"): local(officer.phone) if full else masked(officer.phone),
        _("Full name"): officer.full_name,
        _("Year of birth"): str(officer.year_of_birth or ""),
        _("ID number"): number(officer.national_id),
        _("KRA PIN"): number(officer.kra_pin),
        _("TSC number"): number(officer.tsc_number),
        _("Paid to"): f"{number(officer.payee_phone)} {officer.payee_name}".strip(),
        _("Sub-county"): str(officer.sub_county or ""),
        _("Joined"): _day(user.date_joined),
        _("Last signed in"): _day(user.last_login),
        _("Submitted"): _day(officer.submitted_at),
        _("Vetting"): str(officer.get_vetting_display()),
        **{label: str(rows.count()) for label, rows in counted.items()},
    }


def _day(at: Any) -> str:
    return date_format(timezone.localtime(at), "j M Y") if at else ""


def suspects(officer: Officer) -> models.QuerySet[Officer]:
    """With whom this officer's numbers have met, either way round."""
    clashes = Entry.objects.filter(verb=services.CLASHED, subject_type="profiles.officer")
    here = clashes.filter(subject_id=officer.pk).values_list("details__other", flat=True)
    there = clashes.filter(details__other=officer.pk).values_list("subject_id", flat=True)
    met = {*here, *there} - {None, officer.pk}
    return Officer.objects.filter(pk__in=met, merged_into=None).select_related("user")


def reasons_against(kept: Officer, closed: Officer, *, by: User) -> Iterator[str]:
    """Why these two may not become one now, and what must happen first."""
    if kept.pk == closed.pk:
        yield _("This is one and the same account.")
        return
    own = accounts_of(by)
    for officer in (kept, closed):
        if officer.merged_into_id or not officer.user.is_active:
            yield _("The account of %(officer)s is closed or switched off.") % {"officer": officer}
        if officer.pk in own:
            yield _("One of these accounts is your own, so somebody else must decide about it.")
    yield from _two_places(kept, closed)
    yield from _two_marks(kept, closed)
    yield from _two_claims(kept, closed)
    yield from _days_left_out(kept, closed)
    yield from _days_left_out(closed, kept)
    yield from _two_applications(kept, closed)


def _two_places(kept: Officer, closed: Officer) -> Iterator[str]:
    held = Deployment.objects.filter(status__in=HOLDS_ITS_DAYS).with_place()
    there = list(held.filter(officer=closed))
    for one in held.filter(officer=kept):
        for other in there:
            if one.starts_on <= other.ends_on and other.starts_on <= one.ends_on:
                yield _(
                    "Both hold a deployment on the same days: %(one)s, and %(other)s. Have the "
                    "director cancel one of the two first."
                ) % {"one": _in_words(one), "other": _in_words(other)}


def _in_words(deployment: Deployment) -> str:
    first, last = deployment.starts_on, deployment.ends_on
    return f"{deployment.post} ({date_format(first, 'j M')} – {date_format(last, 'j M Y')})"


def _two_marks(kept: Officer, closed: Officer) -> Iterator[str]:
    days = Mark.objects.filter(officer=kept).values("day")
    both = Mark.objects.filter(officer=closed, day__in=days).order_by("day")
    if found := [date_format(day, "j M Y") for day in both.values_list("day", flat=True)]:
        yield _(
            "Both are marked on the same days: %(days)s. Nobody is in two places at once, and a "
            "mark is never taken away: find out with the directors which register is wrong and "
            "have its claim held. Keep the two accounts, and bar the one that must not be used."
        ) % {"days": ", ".join(found)}


def _two_claims(kept: Officer, closed: Officer) -> Iterator[str]:
    theirs = {claim.exam_id: claim for claim in Claim.objects.filter(officer=closed)}
    for one in Claim.objects.filter(officer=kept).select_related("exam"):
        if other := theirs.get(one.exam_id):
            yield _(
                "Both have a claim in %(exam)s: number %(one)s (%(one_status)s), and number "
                "%(other)s (%(other_status)s). If one is wrong, have the director amend its "
                "registers and finance prepare the claims again: it goes away. If both are right, "
                "they are paid as they are, and the two accounts stay two."
            ) % {
                "exam": one.exam.short,
                "one": one.pk,
                "one_status": one.get_status_display(),
                "other": other.pk,
                "other_status": other.get_status_display(),
            }


def _days_left_out(one: Officer, other: Officer) -> Iterator[str]:
    """What was verified is not computed again, so days that came over would never be paid."""
    worked = Mark.objects.filter(officer=other, status=MarkStatus.PRESENT)
    exams = worked.values("deployment__post__exam")
    looked_at = Claim.objects.filter(officer=one).exclude(status=ClaimStatus.PREPARED)
    apart = looked_at.exclude(exam__in=Claim.objects.filter(officer=other).values("exam"))
    for claim in apart.filter(exam__in=exams).select_related("exam"):
        yield _(
            "Claim number %(claim)s in %(exam)s is %(status)s, without the days that the other "
            "account was marked present. Have finance prepare the claims of that exam, so that "
            "these days are paid under their own account."
        ) % {
            "claim": claim.pk,
            "exam": claim.exam.short,
            "status": str(claim.get_status_display()).lower(),
        }


def _two_applications(kept: Officer, closed: Officer) -> Iterator[str]:
    live = Application.objects.live().select_related("exam")
    theirs = {application.exam_id: application for application in live.filter(officer=closed)}
    for one in live.filter(officer=kept):
        if other := theirs.get(one.exam_id):
            yield _(
                "Both have applied in %(exam)s: %(one)s, and %(other)s. Have the officer withdraw "
                "one of the two first, or the director turn it down."
            ) % {"exam": one.exam.short, "one": one.reference, "other": other.reference}


# The merger


@transaction.atomic
def merge(kept: Officer, closed: Officer, *, reason: str, by: User) -> Officer:
    """All of it, or nothing. The audit trail keeps the ids of whatever went over."""
    if not by.has_perm("profiles.merge_officer"):
        raise Refused(_("You may not make two accounts one."))
    kept, closed = _lock(kept, closed)
    for against in reasons_against(kept, closed, by=by):
        raise Refused(against)

    numbers = [phone for phone in (kept.phone, closed.phone) if phone]
    before = {name: getattr(closed, name) for name in (*PROFILE, *PAYEE)}
    was = {"submitted_at": closed.submitted_at, "vetting": Vetting(closed.vetting)}
    barred = closed.vetting_reason if closed.vetting == Vetting.BARRED else ""
    for change in closed.number_changes.live().select_for_update().order_by("pk"):
        move(change, ChangeStatus.EXPIRED, code_hash="")
    services.close(closed, into=kept, by=by, reason=reason)
    moved = _carry_over(kept, closed)
    serving.keep_in_step(kept)
    filled = _fill(kept, before, was, barred)
    checks.refresh(kept)
    record(
        "officer.merged",
        kept,
        by=by,
        reason=reason,
        closed=closed.pk,
        moved=moved,
        filled=sorted(filled),
    )
    of_these = Claim.objects.filter(pk__in=moved.get("claims.claim", []))
    claims.services.check_holds(of_these, by=by)
    _tell(kept, numbers, before)
    return kept


def _lock(kept: Officer, closed: Officer) -> tuple[Officer, Officer]:
    """Officers by id, their accounts, then what hangs on them, lowest app first and by id."""
    rows = Officer.objects.select_for_update().filter(pk__in=[kept.pk, closed.pk])
    found = {row.pk: row for row in rows.order_by("pk")}
    people = [officer.user_id for officer in found.values()]
    list(User.objects.select_for_update().filter(pk__in=people).order_by("pk").values_list("pk"))
    for model, name in GOES_OVER:
        if model is not Officer:
            hanging = model._base_manager.filter(**{f"{name}__in": [*found]})
            list(hanging.select_for_update().order_by("pk").values_list("pk"))
    return found[kept.pk], found[closed.pk]


def _carry_over(kept: Officer, closed: Officer) -> dict[str, list[int]]:
    """The ids of what went over, by kind."""
    moved: dict[str, list[int]] = {}
    for (model, name), choose in GOES_OVER.items():
        rows = model._base_manager.filter(**{name: closed})
        if model is Deployment:
            marks = Mark.objects.filter(officer=closed).order_by("pk")
            _note(moved, Mark, list(marks.values_list("pk", flat=True)))
        pks = list(choose(kept, closed, rows).order_by("pk").values_list("pk", flat=True))
        if pks:
            model._base_manager.filter(pk__in=pks).update(**{name: kept})
            _note(moved, model, pks)
    return moved


def _note(moved: dict[str, list[int]], model: type[models.Model], pks: list[int]) -> None:
    if pks:
        moved[model._meta.label_lower] = pks


def _fill(
    kept: Officer, before: dict[str, Any], was: dict[str, Any], barred: str
) -> dict[str, Any]:
    """What the account that stays had not said, in the other's words; and its vetting."""
    filled = {
        name: before[name]
        for name in PROFILE
        if before[name] not in EMPTY and getattr(kept, name) in EMPTY
    }
    if not kept.payee_phone and before["payee_phone"]:
        filled |= {name: before[name] for name in PAYEE}
    elif before["payee_phone"] and _paid_otherwise(kept, before):
        filled["payee_changed_at"] = timezone.now()  # for the claims that came over
    for name, value in filled.items():
        setattr(kept, name, value)
    filled |= _standing(kept, before, was, barred)
    for name, value in filled.items():
        setattr(kept, name, value)
    if filled:
        kept.save(update_fields=list(filled))
    return filled


def _paid_otherwise(kept: Officer, before: dict[str, Any]) -> bool:
    return (kept.payee_phone, kept.payee_name) != (before["payee_phone"], before["payee_name"])


def _standing(
    kept: Officer, before: dict[str, Any], was: dict[str, Any], barred: str
) -> dict[str, Any]:
    """A bar is not shaken off. A submission counts on; what was vetted stays so only if it is
    still the same person on paper."""
    standing: dict[str, Any] = {}
    submits = kept.submitted_at is None and was["submitted_at"] is not None
    if submits:
        standing["submitted_at"] = was["submitted_at"]
    if kept.vetting == Vetting.BARRED:
        return standing
    if barred:
        standing |= {"vetting": Vetting.BARRED, "vetting_reason": barred}
    elif submits:
        same = all(before[name] == getattr(kept, name) for name in IDENTITY)
        standing["vetting"] = was["vetting"] if same else Vetting.PENDING
    if "vetting" in standing:
        standing["changed_since"] = ""
    return standing


def _tell(kept: Officer, numbers: list[str], before: dict[str, Any]) -> None:
    language = kept.user.language
    for phone in numbers:
        sms.services.send(phone, "profiles/merged", language=language, number=hinted(kept.phone))
    old = before["payee_phone"]
    if old and old != kept.payee_phone:
        for phone in sorted({old, kept.phone}):
            sms.services.send(
                phone,
                "profiles/payee_changed",
                language=language,
                last_digits=kept.payee_phone[-3:],
            )
