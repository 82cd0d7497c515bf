"""Who may do what, in words: read from the groups themselves, so that no page can say otherwise."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from cp2.exports import Table
from cp2.rules import Role

# Whose form nobody fills in: who may change these acts on them, through a service.
ACTED_ON = {
    "profiles.officer",
    "deployments.post",
    "deployments.waiver",
    "attendance.amendment",
    "attendance.secondlook",
    "claims.investigation",
    "claims.markingrecord",
    "deployments.deployment",
    "attendance.registerreturn",
    "claims.hold",
    "claims.ghostsignal",
    "enquiries.enquiry",
    "runs.run",
    "broadcasts.broadcast",
}
VERBS = {
    "view": gettext_lazy("sees"),
    "add": gettext_lazy("adds"),
    "change": gettext_lazy("changes"),
    "act": gettext_lazy("acts on"),
    "delete": gettext_lazy("removes"),
}


@dataclass(frozen=True)
class Line:
    """What one kind of row, or one act, is to each group, in their order."""

    name: str
    cells: list[str]


@dataclass(frozen=True)
class Part:
    name: str
    lines: list[Line]


@dataclass(frozen=True)
class Member:
    user: User
    has_app: bool


@dataclass(frozen=True)
class Team:
    name: str
    members: list[Member]


def groups() -> list[Group]:
    """With their rights, in one order everywhere."""
    rights = Permission.objects.select_related("content_type").order_by("pk")
    return list(Group.objects.order_by("name").prefetch_related(Prefetch("permissions", rights)))


def parts(found: list[Group]) -> list[Part]:
    """By app, as the index orders them; each kind of row on a line, and each act on one."""
    held: dict[tuple[str, str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for group in found:
        for permission in group.permissions.all():
            kind = permission.content_type
            verb, what = _split(permission.codename, kind.model)
            key = (kind.app_label, kind.model if verb else "", what)
            held[key][group.name].append(verb)
    by_app: dict[str, list[Line]] = defaultdict(list)
    for (label, model, what), cells in held.items():
        name = _of_model(label, model) if model else _of_act(label, what)
        words = [_words(f"{label}.{model}", cells.get(group.name, [])) for group in found]
        by_app[label].append(Line(name, words))
    return [
        Part(str(apps.get_app_config(label).verbose_name), sorted(lines, key=lambda li: li.name))
        for label, lines in sorted(by_app.items(), key=lambda item: _place(item[0]))
    ]


def _place(label: str) -> int:
    order = [config.label for config in apps.get_app_configs()]
    return -order.index(label)  # the settings name the highest first


def _split(codename: str, model: str) -> tuple[str, str]:
    """`view`, or an act of the portal's own."""
    verb, _underscore, rest = codename.partition("_")
    return (verb, "") if rest == model and verb in VERBS else ("", codename)


def _of_model(label: str, model: str) -> str:
    try:
        name = apps.get_model(label, model)._meta.verbose_name_plural
    except LookupError:  # a model that is gone; its right is still there
        return model
    return str(name).capitalize() if str(name).islower() else str(name)


def _of_act(label: str, codename: str) -> str:
    for model in apps.get_app_config(label).get_models():
        for name, said in model._meta.permissions:
            if name == codename:
                return str(said)
    return codename


def _words(model: str, verbs: list[str]) -> str:
    if verbs == [""]:
        return _("may")
    told = ["act" if verb == "change" and model in ACTED_ON else verb for verb in verbs]
    return ", ".join(str(VERBS[verb]) for verb in VERBS if verb in told)


def teams(found: list[Group]) -> list[Team]:
    """Who is in each group; whoever no rule stops first, and those in none last."""
    has_app = Exists(TOTPDevice.objects.filter(confirmed=True, user=OuterRef("pk")))
    staff = (
        User.objects.filter(role=Role.STAFF)
        .annotate(has_app=has_app)
        .prefetch_related(Prefetch("groups", Group.objects.order_by("name")))
        .order_by("-is_active", "username")
    )
    by_group: dict[str, list[Member]] = {group.name: [] for group in found}
    lords, alone = [], []
    for user in staff:
        member = Member(user, user.has_app)
        for group in user.groups.all():
            by_group[group.name].append(member)
        if user.is_superuser:
            lords.append(member)
        elif not user.groups.all():
            alone.append(member)
    return [
        *([Team(_("Superusers"), lords)] if lords else []),
        *(Team(name, members) for name, members in by_group.items()),
        *([Team(_("In no group"), alone)] if alone else []),
    ]


def who_may_all(found: list[Team]) -> list[User]:
    """Superusers who can sign in, of the teams that have been read."""
    return [
        member.user
        for team in found[:1]  # theirs, if there are any
        for member in team.members
        if member.user.is_superuser and member.user.is_active
    ]


def superusers() -> list[User]:
    """Those who can sign in."""
    return list(User.objects.filter(is_superuser=True, is_active=True).order_by("username"))


def directors() -> dict[str, int]:
    rows = User.objects.filter(role=Role.DIRECTOR, is_active=True).values("office")
    return dict(rows.order_by("office").annotate(n=models.Count("pk")).values_list("office", "n"))


# As files


def rights_table(by: User) -> Table:
    found = groups()
    rows = [[part.name, line.name, *line.cells] for part in parts(found) for line in part.lines]
    return Table(
        name="rights",
        title=_("Who may do what"),
        heading=[_("Part"), _("What"), *(group.name for group in found)],
        rows=rows,
        count=len(rows),
        by=str(by),
    )


def people_table(by: User) -> Table:
    rows = list(_people())
    return Table(
        name="headquarters",
        title=_("Who is in which group"),
        heading=[
            _("Group"),
            _("User name"),
            _("Name"),
            _("May sign in"),
            _("Last signed in"),
            _("One-time code"),
        ],
        rows=rows,
        count=len(rows),
        by=str(by),
    )


def _people() -> Iterator[list[Any]]:
    for team in teams(list(Group.objects.order_by("name"))):
        for member in team.members:
            user = member.user
            yield [
                team.name,
                user.username,
                user.name,
                _("Yes") if user.is_active else _("No"),
                user.last_login or _("never"),
                _("Set up") if member.has_app else _("Not set up"),
            ]
