"""What a person does on the way to an open season. Each act locks the exam, so that of two people
who do the same the second finds what the first has done."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from attendance.models import CentreReport, Register
from catalogue.models import CentreEntry, Exam, ExamDay, PositionTerms
from cp2.opening import last_year
from cp2.opening.last_year import Days
from cp2.opening.models import Carried, Opening
from cp2.rights import rates
from cp2.rules import Refused, digest, lock
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from deployments.models import Deployment

FRESH_FOR = timedelta(days=1)  # a dry run, before somebody says that the season is open


@transaction.atomic
def begin(exam: Exam, *, of: Exam | None, by: User) -> Exam:
    """A new exam. Of two people who begin the same one, the second is told."""
    try:
        with transaction.atomic():
            exam.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            _("Somebody has begun this exam just now. Look for it in the list.")
        ) from error
    Opening.objects.create(exam=exam, of=of, begun_by=by)
    record("exam.begun", exam, by=by, of=of.short if of else "")
    return exam


def opening_of(exam: Exam) -> Opening:
    """Locked. Exams that were typed in before there was this path get theirs now."""
    lock(exam)
    opening, _is_new = Opening.objects.get_or_create(exam=exam, defaults={"of": last_year.of(exam)})
    return opening


# Days


def seen_days(exam: Exam) -> str:
    return digest(sorted(last_year.days_of(exam).items()))


def _refuse_unseen(seen: str, now: str) -> None:
    if seen != now:
        raise Refused(
            _(
                "Somebody else has changed this since you opened the page. What you typed is kept "
                "below; open the page anew to see what is there now."
            )
        )


@transaction.atomic
def write_days(exam: Exam, wanted: Days, *, seen: str, by: User) -> dict[str, int]:
    """All days of an exam as they are to be."""
    exam = lock(exam)
    _refuse_unseen(seen, seen_days(exam))
    there = last_year.days_of(exam)
    gone = [day for day in there if day not in wanted]
    refuse_removal(exam, gone)
    ExamDay.objects.filter(exam=exam, day__in=gone).delete()
    ExamDay.objects.bulk_create(
        ExamDay(exam=exam, day=day, kind=kind, papers=papers)
        for day, (kind, papers) in sorted(wanted.items())
        if day not in there
    )
    changed = [day for day, row in wanted.items() if day in there and there[day] != row]
    for day in changed:
        kind, papers = wanted[day]
        ExamDay.objects.filter(exam=exam, day=day).update(kind=kind, papers=papers)
    done: dict[str, Any] = {"added": len(wanted.keys() - there.keys()), "changed": len(changed)}
    done["removed"] = len(gone)
    if any(done.values()):
        record("exam.days_written", exam, by=by, **done)
    return done


@transaction.atomic
def remove_day(day: ExamDay, *, by: User) -> None:
    exam = lock(day.exam)
    refuse_removal(exam, [day.day])
    day.delete()
    record("exam.days_written", exam, by=by, added=0, changed=0, removed=1, day=str(day.day))


def refuse_removal(exam: Exam, gone: list[date]) -> None:
    """What rests on a day: somebody who serves on it, or may be marked, and what its centre said.
    Posts and vacancies are of the whole exam."""
    if not gone:
        return
    of_a_centre = {"entry__exam": exam, "day__in": gone}
    if Register.objects.filter(**of_a_centre).exists():
        raise Refused(_("Registers of such a day are there, so the day stays."))
    if CentreReport.objects.filter(**of_a_centre).exists():
        raise Refused(_("A centre has reported something of such a day, so the day stays."))
    if Deployment.objects.filter(post__exam=exam).exists():
        raise Refused(
            _("Officers are deployed for this exam, so no day is taken away here. Change its kind.")
        )


# Terms

Figures = Mapping[int, Mapping[str, Any]]  # by position


def seen_terms(exam: Exam) -> str:
    return digest(
        [
            (position, [str(getattr(row, name)) for name in last_year.FIGURES])
            for position, row in sorted(last_year.terms_of(exam).items())
        ]
    )


@transaction.atomic
def write_terms(exam: Exam, wanted: Figures, *, seen: str, by: User) -> dict[str, int]:
    """The figures of each position; one that has no terms yet gets last year's with these in."""
    exam = lock(exam)
    _refuse_unseen(seen, seen_terms(exam))
    there = last_year.terms_of(exam)
    last = last_year.of(exam)
    before = last_year.terms_of(last) if last else {}
    fixed = rates.standing_still(exam)
    fresh, told = [], []
    for position, figures in wanted.items():
        row = there.get(position) or last_year.a_year_on(before[position], exam, figures)
        changed = {name: value for name, value in figures.items() if getattr(row, name) != value}
        if position in fixed and ("daily_rate" in changed or not row.pk):
            raise Refused(
                _("%(position)s: this rate is in use, or confirmed. Change it on its own page.")
                % {"position": row.position}
            )
        if not row.pk:
            fresh.append(row)
        elif changed:
            told.append({"position": row.position.code, **_in_words(row, changed)})
            PositionTerms.objects.filter(pk=row.pk).update(**changed)
    PositionTerms.objects.bulk_create(fresh)
    done: dict[str, Any] = {"added": len(fresh), "changed": len(told)}
    if any(done.values()):
        record("exam.terms_written", exam, by=by, **done, what=told)
    return done


def _in_words(row: PositionTerms, changed: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [str(getattr(row, name)), str(value)] for name, value in changed.items()}


# Centres


@transaction.atomic
def carry_entries(exam: Exam, *, by: User, page: str = "") -> Run:
    """Last year's centres with last year's candidates, which are to be confirmed."""
    opening = opening_of(exam)
    last = opening.of or last_year.of(exam)
    if last is None:
        raise Refused(_("There is no exam of before that the centres could come from."))
    there = last_year.entries(exam, last)
    if not (there.would_come or there.marking):
        raise Refused(_("All centres of %(last)s are entered already.") % {"last": last.short})
    title = _("Centres of %(last)s for %(exam)s") % {"last": last.short, "exam": exam.short}
    return _start(RunKind.CARRY, exam, title, by=by, page=page, last=last.pk)


def unconfirmed(exam: Exam) -> Any:
    """The entries whose number of candidates is still last year's."""
    return CentreEntry.objects.filter(exam=exam, carried__candidates=F("candidates"))


@transaction.atomic
def confirm_entries(exam: Exam, *, by: User) -> int:
    """Somebody says that the numbers that are still last year's are this year's as well."""
    lock(exam)
    left: int = unconfirmed(exam).count()
    Carried.objects.filter(entry__exam=exam).delete()
    if left:
        record("exam.entries_confirmed", exam, by=by, entries=left)
    return left


# Runs


def check(exam: Exam, *, by: User, page: str = "") -> Run:
    title = _("Dry run of %(exam)s") % {"exam": exam.short}
    return _start(RunKind.CHECK, exam, title, by=by, page=page)


def open_accounts(exam: Exam, *, by: User, page: str = "") -> Run:
    title = _("Centre accounts of %(exam)s") % {"exam": exam.short}
    return _start(RunKind.OPEN, exam, title, by=by, page=page)


def _start(kind: RunKind, exam: Exam, title: str, *, by: User, page: str, **asked: Any) -> Run:
    about = f"exam:{exam.pk}"
    return runs.start(kind, by=by, title=title, about=about, page=page, exam=exam.pk, **asked)


def runs_of(exam: Exam, kind: RunKind) -> QuerySet[Run]:
    """The newest first."""
    rows = Run.objects.filter(kind=kind, about=f"exam:{exam.pk}")
    return rows.select_related("started_by").order_by("-pk")


# Open


@transaction.atomic
def open_season(exam: Exam, *, note: str, reasons: list[str], by: User) -> Opening:
    """`reasons` is what speaks against it now; see steps.against."""
    opening = opening_of(exam)
    if opening.opened_at:
        raise Refused(
            _("%(who)s has said already that this season is open.") % {"who": opening.opened_by}
        )
    if reasons:
        raise Refused(*reasons)
    opening.opened_by, opening.opened_at, opening.note = by, timezone.now(), note
    opening.save(update_fields=["opened_by", "opened_at", "note"])
    record("season.opened", exam, by=by, note=note)
    return opening


@transaction.atomic
def take_back(exam: Exam, *, reason: str, by: User) -> Opening:
    """Twice is once."""
    opening = opening_of(exam)
    if opening.opened_at:
        opening.opened_by, opening.opened_at, opening.note = None, None, ""
        opening.save(update_fields=["opened_by", "opened_at", "note"])
        record("season.taken_back", exam, by=by, reason=reason)
    return opening
