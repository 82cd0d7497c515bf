"""What decides where somebody may serve: what they teach and can do, trainings, interests."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import DutyStation
from cp2.rules import Refused, Role, lock
from profiles.models import ExaminerTraining, Interest, Nature, Officer

MOST_ROWS = 20


@transaction.atomic
def save_teaching(officer: Officer, *, subjects: list[str], skills: list[str], by: User) -> Officer:
    officer = lock(officer)
    now = {"subjects": sorted(subjects), "skills": sorted(skills)}
    changed = [name for name, value in now.items() if getattr(officer, name) != value]
    if changed:
        officer.subjects, officer.skills = now["subjects"], now["skills"]
        officer.save(update_fields=changed)
        record("officer.changed", officer, by=by, fields=changed, was={})
    return officer


# Trainings


@transaction.atomic
def add_training(
    officer: Officer, *, paper: str, year: int, certificate_number: str, by: User
) -> ExaminerTraining:
    officer = lock(officer)
    _refuse_more(officer.trainings.count())
    if officer.trainings.filter(paper=paper).exists():
        raise Refused(_("You have given your training for this paper already."))
    row = ExaminerTraining.objects.create(
        officer=officer, paper=paper, year=year, certificate_number=certificate_number
    )
    keep_in_step(officer)
    record("training.added", row, by=by, paper=paper)
    return row


@transaction.atomic
def remove_training(training: ExaminerTraining, *, by: User) -> None:
    officer = lock(training.officer)
    row = officer.trainings.filter(pk=training.pk).first()
    if row is None:
        raise Refused(_("This entry was removed meanwhile."))
    record("training.removed", row, by=by, paper=row.paper)
    row.delete()
    keep_in_step(officer)


def keep_in_step(officer: Officer) -> None:
    """The rules read off the officer which papers they are trained for."""
    officer.trained_in = sorted(officer.trainings.values_list("paper", flat=True))
    officer.save(update_fields=["trained_in"])


# Interests


@transaction.atomic
def declare_interest(
    officer: Officer, *, station: DutyStation, nature: str, words: str = "", by: User
) -> Interest:
    """By the officer; or by an office that learned of it, which says how."""
    officer = lock(officer)
    own = by.role == Role.OFFICER
    words = words.strip()
    if not words and (not own or nature == Nature.OTHER):
        raise Refused(_("Say in a few words what it is.") if own else _("Say how this is known."))
    _refuse_more(officer.interests.count())
    if officer.interests.filter(station=station).exists():
        raise Refused(_("An interest in this station is on record already."))
    row = Interest.objects.create(
        officer=officer,
        station=station,
        nature=nature,
        words=words,
        recorded_by=None if own else by,
    )
    verb = "interest.declared" if own else "interest.recorded"
    record(verb, row, by=by, officer=officer.pk, station=station.code, nature=nature)
    return row


@transaction.atomic
def remove_interest(interest: Interest, *, by: User) -> None:
    """Officers take back what they declared themselves; what an office recorded, headquarters."""
    officer = lock(interest.officer)
    row = officer.interests.select_related("station").filter(pk=interest.pk).first()
    if row is None:
        raise Refused(_("This entry was removed meanwhile."))
    if by.role != Role.STAFF and not row.is_declared:
        raise Refused(_("An office has recorded this. Only headquarters removes it."))
    record(
        "interest.removed",
        row,
        by=by,
        officer=officer.pk,
        station=row.station.code,
        nature=row.nature,
        words=row.words,
    )
    row.delete()


def _refuse_more(there: int) -> None:
    if there >= MOST_ROWS:
        raise Refused(_("Twenty entries are enough. Remove one of them first."))
