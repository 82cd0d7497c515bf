"""What a claim was earned by: the lines of each deployment, and under them its days."""

from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Mark, MarkHistory, MarkStatus, Register
from catalogue.models import DayKind
from claims.models import ClaimLine, LineKind
from claims.money.gathering import Found
from claims.money.shapes import Day, Section, Step, moment
from claims.money.words import who
from claims.templatetags.shillings import shillings
from deployments.models import Deployment


def by_deployment(lines: Iterable[ClaimLine]) -> list[tuple[Deployment, list[ClaimLine]]]:
    found: dict[int, tuple[Deployment, list[ClaimLine]]] = {}
    for line in lines:
        found.setdefault(line.deployment_id, (line.deployment, []))[1].append(line)
    return list(found.values())


def earned(found: Found, deployment: Deployment, lines: list[ClaimLine]) -> Section:
    post = deployment.post
    facts = []
    for line in lines:
        sum_ = f"{line.quantity} × {shillings(line.rate)} = {shillings(line.amount)}"
        facts.append((str(LineKind(line.kind).label), f"{sum_}. {_origin(found, line)}"))
    marks = found.marks.get(deployment.pk, [])
    return Section(
        _("%(position)s at %(code)s %(station)s")
        % {"position": post.position, "code": post.station.code, "station": post.station.name},
        facts,
        days=[_day(found, mark) for mark in marks],
    )


def _origin(found: Found, line: ClaimLine) -> str:
    """Where a rate comes from."""
    post = line.deployment.post
    terms = found.terms.get(post.position_id)
    if line.kind != LineKind.DAYS:
        record = getattr(line.deployment, "marking_record", None)
        if record is None:
            return _("From the rates of marking.")
        return _("From the marking return that %(who)s sent on %(day)s.") % {
            "who": who(record.by),
            "day": moment(record.at),
        }
    for change in found.rates.get(terms.pk, []) if terms else []:
        if change.daily_rate == line.rate:
            said = _("Rate in force from %(day)s, set by %(who)s on %(at)s: %(reason)s")
            return said % {
                "day": date_format(change.from_day, "j M Y"),
                "who": who(change.by),
                "at": moment(change.at),
                "reason": change.reason,
            }
    if terms and terms.daily_rate == line.rate:
        return _("Rate of the exam's terms for this position.")
    return _("No rate of the terms is this one today.")


def _day(found: Found, mark: Mark) -> Day:
    line = next(each for each in found.lines if each.deployment_id == mark.deployment_id)
    post = line.deployment.post
    terms = found.terms.get(post.position_id)
    kind = found.kinds.get(mark.day)
    register = found.registers.get((post.station_id, mark.day))
    return Day(
        day=mark.day,
        kind=str(DayKind(kind).label) if kind else "",
        is_paid=bool(terms and kind in terms.paid_days and mark.status == MarkStatus.PRESENT),
        status=mark.get_status_display(),
        made=_made(mark),
        received_at=mark.received_at,
        was=[_made(each) for each in found.earlier.get(mark.pk, [])],
        amended=_amended(mark),
        register=_submitted(register),
        late_reason=register.late_reason if register else "",
    )


def _made(mark: Mark | MarkHistory) -> Step:
    return Step(
        mark.marked_at,
        who(mark.marked_by, mark.acting_name),
        mark.get_status_display(),
        mark.get_way_display(),
    )


def _amended(mark: Mark) -> Step | None:
    amendment = mark.amendment
    if amendment is None:
        return None
    asked = _("asked by %(who)s") % {"who": who(amendment.asked_by, amendment.acting_name)}
    by = who(amendment.decided_by) if amendment.decided_by else _("nobody yet")
    return Step(amendment.decided_at, by, asked, amendment.reason)


def _submitted(register: Register | None) -> Step | None:
    if register is None or register.submitted_at is None:
        return None
    return Step(register.submitted_at, register.acting_name, register.get_status_display())
