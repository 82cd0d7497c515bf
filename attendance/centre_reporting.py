"""What centres reported, and what became of it: what pages and files read."""

from typing import Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from attendance.models import (
    CentreReport,
    CentreReportQuerySet,
    CentreReportStatus,
    MarkStatus,
)
from cp2.exports import Table
from deployments.area_files import in_blocks
from deployments.models import DeploymentStatus


def listed(user: User, asked: dict[str, Any]) -> CentreReportQuerySet:
    """Open ones first, of these whoever did not come, and the newest first."""
    known = CentreReport.objects
    rows = known.answerable_by(user) if asked.get("ours") else known.visible_to(user)
    for name in ("kind", "status"):
        if asked.get(name):
            rows = rows.filter(**{name: asked[name]})
    if asked.get("exam"):
        rows = rows.filter(entry__exam=asked["exam"])
    return (
        rows.with_place()
        .with_outcome()
        .annotate(is_settled=Q(status=CentreReportStatus.SETTLED))
        .order_by("is_settled", F("kind").desc(), "-reported_at", "-pk")
    )


def outcome(report: Any) -> str:
    """What became of it, in words; nothing while it is open. Of one `with_outcome`."""
    if report.is_open:
        return ""
    if report.answer:
        return str(report.answer)
    if report.instead:
        return _("%(officer)s came instead, from %(day)s on.") % {
            "officer": report.instead,
            "day": date_format(report.instead_from, "j F Y"),
        }
    if report.went_to:
        return _("Redeployed to %(station)s.") % {"station": report.went_to}
    return _("Called off; nobody has the place yet.")


def came_after_all(report: Any) -> bool:
    """Marked P since, on the very day. Of one `with_outcome`."""
    return bool(report.mark == MarkStatus.PRESENT)


def ways_out(report: CentreReport) -> dict[str, str]:
    """Where a director replaces whoever did not come, with all that is known filled in."""
    deployment = report.deployment
    if deployment is None or not report.is_open or deployment.status != DeploymentStatus.ACCEPTED:
        return {}
    reason = _("Did not come on %(day)s, reported by the centre.") % {
        "day": date_format(report.day, "j F Y")
    }
    from_day = max(report.day, timezone.localdate()).isoformat()
    given, at_gate = (
        urlencode({"from_day": from_day, "reason": reason}),
        urlencode({"reason": reason}),
    )
    return {
        "replace": f"{reverse('deployments:area_replace', args=[deployment.pk])}?{given}",
        "gate": f"{reverse('deployments:area_replace_now', args=[deployment.pk])}?{at_gate}",
        "reserve": reverse("deployments:area_post", args=[deployment.post_id]),
    }


def table(rows: Any, *, by: str, about: str) -> Table:
    return Table(
        name="centres-reports",
        title=_("What centres reported"),
        heading=[
            _("Day"),
            _("Exam"),
            _("Code"),
            _("Centre"),
            _("Kind"),
            _("Officer"),
            _("Position"),
            _("What happened"),
            _("Reported"),
            _("By"),
            _("Status"),
            _("What became of it"),
            _("Settled"),
        ],
        rows=map(line, in_blocks(rows.with_place().with_outcome())),
        count=rows.count(),
        by=by,
        about=about,
    )


def line(report: CentreReport) -> list[object]:
    entry, who = report.entry, report.deployment
    return [
        report.day,
        entry.exam.short,
        entry.station.code,
        entry.station.name,
        report.get_kind_display(),
        who.officer.full_name if who else "",
        who.post.position.name if who else "",
        report.text,
        report.reported_at,
        report.acting_name,
        report.get_status_display(),
        outcome(report),
        report.settled_at,
    ]
