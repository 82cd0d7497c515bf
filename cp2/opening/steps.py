"""The path from a new exam to an open season: what each step still lacks, and who last went it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Entry, User
from catalogue.models import CentreEntry, Exam, ExamDay, MarkingEntry, PositionTerms
from cp2.opening.checking import Result
from cp2.opening.checks import CHECKS, Check
from cp2.opening.checks.base import exam_page, here, open_vacancies
from cp2.opening.models import Opening
from deployments.models import Post
from vacancies.models import Vacancy


@dataclass(frozen=True)
class Kind:
    """`verbs` are those of the trail, about the exam, that say that somebody went this step."""

    name: str
    title: object
    url: Callable[[Exam], str]
    verbs: tuple[str, ...] = ()
    has: Callable[[Exam], int] | None = None  # how many of it there are


def vacancies_open(exam: Exam) -> int:
    return Vacancy.objects.filter(exam=exam).count()


KINDS = [
    Kind("exam", gettext_lazy("Exam"), exam_page, ("exam.begun",)),
    Kind(
        "days",
        gettext_lazy("Days and papers"),
        here("days"),
        ("exam.days_written",),
        lambda exam: exam.days.count(),
    ),
    Kind(
        "terms",
        gettext_lazy("Terms and rates"),
        here("terms"),
        ("exam.terms_written",),
        lambda exam: exam.terms.count(),
    ),
    Kind(
        "entries",
        gettext_lazy("Centres and candidates"),
        here("entries"),
        ("exam.entries_carried", "exam.entries_confirmed"),
        lambda exam: exam.entries.count(),
    ),
    Kind(
        "posts",
        gettext_lazy("Posts"),
        here("posts"),
        ("posts.computed",),
        lambda exam: exam.posts.count(),
    ),
    Kind(
        "vacancies",
        gettext_lazy("Vacancies"),
        open_vacancies,
        ("vacancies.opened",),
        vacancies_open,
    ),
    Kind("letters", gettext_lazy("Words of the letters"), here("letters")),
    Kind(
        "accounts",
        gettext_lazy("Accounts of centres and directors"),
        here("accounts"),
        ("exam.accounts_opened",),
    ),
    Kind("check", gettext_lazy("Dry run"), here("check")),
    Kind("open", gettext_lazy("The season is open"), here("open"), ("season.opened",)),
]
VERBS = [verb for kind in KINDS for verb in kind.verbs]


@dataclass
class Step:
    kind: Kind
    number: int
    url: str
    count: int | None = None
    blocks: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    last: Entry | None = None
    is_done: bool = False

    @property
    def state(self) -> str:
        if self.blocks or not self.is_done:
            return "missing"
        return "look" if self.looks else "done"


def path(exam: Exam, result: Result | None) -> list[Step]:
    """What is quick to count is counted now; the rest is as the last dry run found it."""
    told = last_told(exam)
    steps = {
        kind.name: Step(kind, number, kind.url(exam)) for number, kind in enumerate(KINDS, start=1)
    }
    for step in steps.values():
        known = [told[verb] for verb in step.kind.verbs if verb in told]
        step.last = max(known, key=lambda entry: entry.pk, default=None)
        step.count = step.kind.has(exam) if step.kind.has else None
        step.is_done = step.count != 0
    for check, said in _said(exam, result):
        (steps[check.step].blocks if check.blocks else steps[check.step].looks).append(said)
    if not steps["vacancies"].count:
        # directors may also put people forward who never applied
        steps["vacancies"].looks.append(_("No vacancy is opened."))
        steps["vacancies"].is_done = True
    _of_the_check(steps["check"], result)
    opening = Opening.objects.filter(exam=exam).first()
    steps["open"].is_done = bool(opening and opening.opened_at)
    return [*steps.values()]


def _said(exam: Exam, result: Result | None) -> list[tuple[Check, str]]:
    found = {line.finding.code: line.words for line in result.lines} if result else {}
    said = []
    for check in CHECKS:
        if check.shown:
            if count := check.find(exam).count:
                said.append((check, check.said(count)))
        elif check.code in found:
            said.append((check, found[check.code]))
    return said


def _of_the_check(step: Step, result: Result | None) -> None:
    step.is_done = result is not None
    if result is None:
        step.blocks.append(_("Nobody has made a dry run yet."))
        return
    number = len(result.blocks)
    if number:
        step.blocks.append(
            ngettext(
                "The last one found %(n)d thing that blocks the opening.",
                "The last one found %(n)d things that block the opening.",
                number,
            )
            % {"n": number}
        )
    if not result.is_fresh:
        step.looks.append(_("The last one is more than a day old."))


def last_told(exam: Exam) -> dict[str, Entry]:
    """By verb, the last line of the trail about the exam."""
    rows = (
        Entry.objects.about(exam)
        .filter(verb__in=VERBS)
        .order_by("verb", "-pk")
        .distinct("verb")
        .select_related("actor")
    )
    return {row.verb: row for row in rows}


def against(steps: list[Step], result: Result | None) -> list[str]:
    """Why nobody may say yet that the season is open."""
    reasons = [said for step in steps for said in step.blocks]
    if result and not result.is_fresh:
        reasons.append(_("Make a new dry run first: the last one is more than a day old."))
    return reasons


# All exams


def exams() -> QuerySet[Exam]:
    """The newest first, with how far each is: the same few questions however many there are."""

    def there(model: type) -> Exists:
        return Exists(model.objects.filter(exam=OuterRef("pk")))  # type: ignore[attr-defined]  # each has a manager

    return (
        Exam.objects.select_related("opening__opened_by", "opening__of")
        .annotate(
            has_days=there(ExamDay),
            has_terms=there(PositionTerms),
            has_entries=there(CentreEntry) | there(MarkingEntry),
            has_posts=there(Post),
            has_vacancies=there(Vacancy),
            has_accounts=there(User),
        )
        .order_by("-year", "code")
    )


HAS = {
    "days": gettext_lazy("Days"),
    "terms": gettext_lazy("Terms"),
    "entries": gettext_lazy("Centres"),
    "posts": gettext_lazy("Posts"),
    "vacancies": gettext_lazy("Vacancies"),
    "accounts": gettext_lazy("Accounts"),
}
