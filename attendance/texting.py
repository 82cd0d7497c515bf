"""A day's register in one text: whose it is, what it says, and the answer to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from attendance import services
from attendance.eligibility import Moment
from attendance.models import CentrePhone, Mark, MarkStatus, Way
from attendance.services.marking import Marks, earlier_marks, lock_day
from attendance.serving import numbers
from catalogue.models import CentreEntry
from cp2.rules import Refused, Role
from deployments.models import MANAGES_THE_CENTRE, Deployment
from sms.phones import local

PRESENT, ABSENT = MarkStatus.PRESENT, MarkStatus.ABSENT
FRESH = timedelta(minutes=10)  # what the page has just saved, a text changes when it says AGAIN
ROOM, LESS_ROOM = 88, 42  # characters that an answer has for its details
FILLING = {"AND", "&", "NA", "ALL", "WOTE"}
AGAIN = {"AGAIN", "TENA"}

Answer = tuple[str, dict[str, Any]]  # the text's template, and what it names


@dataclass(frozen=True)
class Marker:
    """Whoever may mark by text, and for which centres."""

    entries: list[CentreEntry]
    name: str
    language: str


@dataclass
class Said:
    """What a text asks for."""

    exam: str = ""
    numbers: list[int] = field(default_factory=list)
    again: bool = False


@dataclass(frozen=True)
class Day:
    """A register as it is held still: who serves, by number; what is marked; what time it is."""

    entry: CentreEntry
    day: date
    serving: Mapping[int, Deployment]
    number: Mapping[int, int]  # by officer
    earlier: Mapping[int, Mark]
    now: Moment

    @property
    def elsewhere(self) -> set[int]:
        return {
            officer
            for officer, mark in self.earlier.items()
            if mark.deployment_id != self.serving[officer].pk
        }

    @property
    def named(self) -> dict[str, Any]:
        """What each answer begins with."""
        return {"exam": self.entry.exam.abbreviation, "day": self.day}


# Whose


def marker_of(sender: str, day: date) -> Marker | None:
    """The manager of a centre on this day, or a phone that a centre has registered."""
    managed = list(
        Deployment.objects.serving_on(day)
        .filter(
            officer__user__phone=sender,
            officer__user__is_active=True,
            post__position__code=MANAGES_THE_CENTRE,
        )
        .select_related("post", "officer__user")
    )
    wanted = Q(pk__in=CentrePhone.objects.filter(phone=sender).values("entry"))
    for deployment in managed:
        wanted |= Q(exam=deployment.post.exam_id, station=deployment.post.station_id)
    entries = list(CentreEntry.objects.filter(wanted).select_related("exam", "station"))
    if not entries:
        return None
    if managed:
        manager = managed[0].officer
        return Marker(entries, manager.full_name, manager.user.language)
    account = _account(entries[0])
    return Marker(entries, local(sender), account.language if account else "en")


def _account(entry: CentreEntry) -> User | None:
    accounts = User.objects.filter(role=Role.CENTRE, station=entry.station_id, exam=entry.exam_id)
    return accounts.filter(is_active=True).first()


# What


def read(words: str, exams: set[str], *, absent: bool) -> Said:
    """`KCSE 3, 7 and 9 again`, in capitals or not."""
    said = Said()
    for word in re.split(r"[\s,;.:]+", words.upper()):
        word = word.strip("#()\"'")
        if re.fullmatch(r"[0-9]{1,4}", word, re.ASCII):
            said.numbers.append(int(word))
        elif word in exams:
            said.exam = word
        elif word in AGAIN:
            said.again = True
        elif word and word not in FILLING:
            raise Refused(
                _("I do not understand %(word)s. Text PRESENT, or ABSENT and the numbers, as 3 7.")
                % {"word": word[:12]}
            )
    if absent and not said.numbers:
        raise Refused(_("ABSENT needs numbers of the printed list, as in ABSENT 3 7."))
    if said.numbers and not absent:
        raise Refused(
            _("PRESENT takes no numbers. Text ABSENT and the numbers of those who are absent.")
        )
    return said


def mark(marker: Marker, words: str, *, at: datetime, absent: bool) -> Answer:
    """Everybody of one register, and what was understood."""
    day = timezone.localdate(at)
    exams = {entry.exam.abbreviation.upper() for entry in marker.entries}
    said = read(words, exams, absent=absent)
    entry = _entry(marker, said.exam, day, word="ABSENT" if absent else "PRESENT")
    account = _account(entry)
    if account is None:
        raise Refused(_("Your centre has no account for this exam yet. Ask your director for it."))
    with transaction.atomic():
        return _mark(_hold(entry, day), said, at=at, by=account, name=marker.name)


def _entry(marker: Marker, exam: str, day: date, *, word: str) -> CentreEntry:
    """The one register that is meant."""
    of = [each for each in marker.entries if exam in ("", each.exam.abbreviation.upper())]
    working = CentreEntry.objects.working_on(day).filter(pk__in=[each.pk for each in of])
    pks = set(working.values_list("pk", flat=True))
    meant = [entry for entry in of if entry.pk in pks]
    names = sorted({entry.exam.abbreviation for entry in meant})
    if not meant:
        raise Refused(
            _("Your centre has no register of %(day)s.") % {"day": date_format(day, "j M")}
        )
    if len(names) > 1:
        raise Refused(
            _("Which exam? Put its name behind the first word: %(example)s.")
            % {"example": _(" or ").join(f"{word} {name}" for name in names[:3])}
        )
    if len(meant) > 1:
        raise Refused(
            _("This phone is of more than one centre. Mark on the page, or remove it at one.")
        )
    return meant[0]


def _hold(entry: CentreEntry, day: date) -> Day:
    serving, _register, now = lock_day(entry, day)
    of = {deployment.pk: officer for officer, deployment in serving.items()}
    numbered = Deployment.objects.filter(pk__in=of).annotate(number=numbers(entry))
    number = {of[pk]: place for pk, place in numbered.values_list("pk", "number")}
    return Day(entry, day, serving, number, earlier_marks(serving, day), now)


def _mark(held: Day, said: Said, *, at: datetime, by: User, name: str) -> Answer:
    absent = _absent(held, said.numbers)
    marks: Marks = {
        officer: ABSENT if officer in absent else PRESENT
        for officer in held.serving
        if officer not in held.elsewhere
    }
    if held.now.is_closed:
        return "text_closed", held.named
    if _is_newer(held, marks, at, again=said.again):
        return "text_conflict", held.named | _as_it_stands(held)
    saved_at = services.mark_all(
        held.entry,
        day=held.day,
        marks=marks,
        by=by,
        acting_name=name,
        late_reason=_late(at) if held.now.is_late(held.day) else "",
        way=Way.TEXT,
    )
    was = {officer: mark.status for officer, mark in held.earlier.items()}
    return "text_saved", held.named | {
        "saved_at": saved_at,
        "present": sum(status == PRESENT for status in marks.values()),
        "details": details(held, marks, was),
    }


def _absent(held: Day, wanted: list[int]) -> set[int]:
    by_number = {number: officer for officer, number in held.number.items()}
    unknown = sorted({number for number in wanted if number not in by_number})
    if unknown:
        raise Refused(
            _("Not on the list of %(day)s: %(numbers)s. Look at the printed list.")
            % {
                "day": date_format(held.day, "j M"),
                "numbers": ", ".join(str(number) for number in unknown[:6]),
            }
        )
    return {by_number[number] for number in wanted}


def _late(at: datetime) -> str:
    sent = timezone.localtime(at)
    said = {"day": date_format(sent, "j F Y"), "time": date_format(sent, "H:i")}
    return _("Texted at %(time)s on %(day)s, and came later.") % said


def _is_newer(held: Day, marks: Marks, at: datetime, *, again: bool) -> bool:
    """Whether a person has marked otherwise on the page since this was texted, or a moment before:
    texts are slow, and whoever sent one may not have seen the page."""
    since = at if again else min(at, held.now.now - FRESH)
    return any(
        mark.received_at > since and mark.way != Way.TEXT and mark.status != marks[officer]
        for officer, mark in held.earlier.items()
        if officer in marks
    )


# The answer


def _as_it_stands(held: Day) -> dict[str, Any]:
    here = {o: MarkStatus(m.status) for o, m in held.earlier.items() if o not in held.elsewhere}
    latest = max(held.earlier.values(), key=lambda mark: mark.received_at)
    return {
        "saved_at": latest.received_at,
        "present": sum(status == PRESENT for status in here.values()),
        "details": details(held, here, {}, LESS_ROOM),
    }


def details(held: Day, marks: Marks, was: Mapping[int, str], room: int = ROOM) -> str:
    """Who is absent, and of whom that is new: by number and short name, cut to numbers where many
    are. It fits the place that the text has for it."""
    order = sorted(marks, key=lambda officer: held.number[officer])
    absent = [officer for officer in order if marks[officer] == ABSENT]
    back = [
        officer for officer in order if marks[officer] == PRESENT and was.get(officer) == ABSENT
    ]
    elsewhere = sorted(held.number[officer] for officer in held.elsewhere)
    for names, most in ((True, 99), (False, 99), (False, 12), (False, 6), (False, 3)):

        def listed(
            officers: list[int], before: str = "", names: bool = names, most: int = most
        ) -> str:
            return _listed([_one(held, each, names, before, was) for each in officers], most)

        parts = [_("Ab: %(who)s.") % {"who": listed(absent, PRESENT) if absent else _("none")}]
        if back:
            parts.append(_("Now P: %(who)s.") % {"who": listed(back, ABSENT)})
        if elsewhere:
            who = _listed([str(number) for number in elsewhere], most)
            parts.append(_("Marked elsewhere: %(who)s.") % {"who": who})
        said = " ".join(parts)
        if len(said) <= room:
            break
    return said


def _listed(each: list[str], most: int) -> str:
    rest = len(each) - most
    return ", ".join(each[:most]) + (f" +{rest}" if rest > 0 else "")


def _one(held: Day, officer: int, names: bool, before: str, was: Mapping[int, str]) -> str:
    said = str(held.number[officer])
    if names:
        said += f" {short(held.serving[officer].officer.full_name)}"
    if before and was.get(officer) == before:
        said += _(" (was %(mark)s)") % {"mark": MarkStatus(before).label}
    return said


def short(name: str) -> str:
    """Wafula Barasa Juma → Wafula B."""
    first, *others = name.split() or ["–"]
    return f"{first[:12]} {others[0][0]}" if others else first[:12]
