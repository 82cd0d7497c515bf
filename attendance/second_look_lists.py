"""Second looks in words, as a list and as a file."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from attendance.models import LookKind, SecondLook, SecondLookQuerySet
from cp2.exports import Table
from deployments.area_files import in_blocks
from deployments.models import DeploymentStatus


def found(user: User, asked: dict[str, Any]) -> SecondLookQuerySet:
    """By kind, the latest day of each first; those that nobody has looked at, unless asked."""
    rows = _which(user, asked.get("shows", "")).select_related(
        "entry__station", "entry__exam", "deployment__officer", "amendment", "looked_by"
    )
    if asked.get("kind"):
        rows = rows.filter(kind=asked["kind"])
    if asked.get("exam"):
        rows = rows.filter(entry__exam=asked["exam"])
    if asked.get("q"):
        typed = " ".join(asked["q"].split())
        rows = rows.filter(
            Q(entry__station__code=typed.upper()) | Q(entry__station__name__icontains=typed)
        )
    return rows.order_by("kind", "-day", "entry__station__code", "pk")


def _which(user: User, shows: str) -> SecondLookQuerySet:
    match shows:
        case "all":
            return SecondLook.objects.visible_to(user)
        case "had":
            return SecondLook.objects.visible_to(user).exclude(looked_at=None)
        case _:
            return SecondLook.objects.waiting_for(user)


def said(look: SecondLook) -> str:
    """What was found, in a sentence."""
    detail: dict[str, Any] = look.detail
    match look.kind:
        case LookKind.OWN_MARK if detail.get("changed"):
            return _("The centre manager was marked absent, and present afterwards.")
        case LookKind.OWN_MARK:
            return ngettext(
                "The centre manager alone was present; %(count)d other was absent.",
                "The centre manager alone was present; %(count)d others were absent.",
                detail.get("absent", 0),
            ) % {"count": detail.get("absent", 0)}
        case LookKind.HOUR:
            return _hour(detail)
        case LookKind.ALL_PRESENT:
            return _(
                "All of %(marks)s marks on %(days)s days are present; around here %(absent)s in a "
                "hundred are absent."
            ) % {name: detail.get(name, "") for name in ("marks", "days", "absent")}
        case LookKind.LEFT:
            return _left(detail)
        case LookKind.CLOCK:
            return _("By the phone's clock made on %(phone)s; received on %(received)s.") % {
                "phone": _moment(detail.get("phone")),
                "received": _moment(detail.get("received")),
            }
        case _:
            return _("Marks changed: %(marks)s. Reason: %(reason)s") % {
                name: detail.get(name, "") for name in ("marks", "reason")
            }


def _hour(detail: dict[str, Any]) -> str:
    when = _("Marked on %(at)s; most days about %(usual)s.") % {
        "at": _moment(detail.get("at")),
        "usual": detail.get("usual", ""),
    }
    if not detail.get("late"):
        return when
    return " ".join([when, _("The reason given:"), str(detail["late"])])


def _left(detail: dict[str, Any]) -> str:
    status = detail.get("status", "")
    here = _("Served here from %(from)s to %(to)s (%(status)s), and is marked present.") % {
        "from": _day(detail.get("from")),
        "to": _day(detail.get("to")),
        "status": DeploymentStatus(status).label if status in DeploymentStatus.values else "",
    }
    if not detail.get("elsewhere"):
        return here
    there = _("On that day they were to serve at %(station)s.") % {"station": detail["elsewhere"]}
    return f"{here} {there}"


def _moment(text: Any) -> str:
    if not text:
        return ""
    return date_format(timezone.localtime(datetime.fromisoformat(text)), "j M, H:i")


def _day(text: Any) -> str:
    return date_format(date.fromisoformat(text), "j M") if text else ""


def table(rows: QuerySet[SecondLook], *, by: User, about: str) -> Table:
    return Table(
        name="second-looks",
        title=_("Second looks, %(sub_county)s") % {"sub_county": by.sub_county},
        heading=[
            _("Kind"),
            _("Code"),
            _("Duty station"),
            _("Exam"),
            _("Day"),
            _("Officer"),
            _("What was found"),
            _("Found"),
            _("Looked at by"),
            _("Looked at"),
            _("Note"),
        ],
        rows=_rows(rows),
        count=rows.count(),
        by=str(by),
        about=about,
    )


def _rows(rows: QuerySet[SecondLook]) -> Iterator[list[Any]]:
    for look in in_blocks(rows):
        station = look.entry.station
        yield [
            look.get_kind_display(),
            station.code,
            station.name,
            look.entry.exam.short,
            look.day,
            look.deployment.officer.full_name if look.deployment else "",
            said(look),
            look.found_at,
            str(look.looked_by or ""),
            look.looked_at,
            look.note,
        ]
