"""A rotation of a cluster: drawn, looked at, changed by exchanging two, confirmed as a whole."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.requests import SignedIn
from catalogue.models import DutyStation
from cp2.rules import Refused, Role
from deployments import rotation, services
from deployments.change_views import carry_out, number_in, posted
from deployments.models import Deployment
from deployments.rotate_forms import MOST_SEED, PlanForm, RotateForm, write
from deployments.rotation import MOST_OFFICERS, Place, Plan, Turning
from deployments.services.rotate import Scope, objections, ready, scope_of, turning
from deployments.views import for_role


class Cell(NamedTuple):
    name: str  # of its box: the officer's row and the week
    station: DutyStation
    against: str
    metres: int | None

    @property
    def km(self) -> int | None:
        return None if self.metres is None else round(self.metres / 1000)


class Drawn(NamedTuple):
    """A plan with all that its page says of it."""

    scope: Scope
    turners: list[Turning]
    plan: Plan

    @property
    def stations(self) -> dict[int, DutyStation]:
        return {each.deployment.post_id: each.deployment.post.station for each in self.turners}

    @property
    def deployments(self) -> list[int]:
        return [each.deployment.pk for each in self.turners]

    @property
    def rows(self) -> list[tuple[Turning, list[Cell]]]:
        return [
            (each, self._cells(number, each, row))
            for number, (each, row) in enumerate(zip(self.turners, self.plan.cells, strict=True))
        ]

    def _cells(self, number: int, each: Turning, row: Sequence[int]) -> list[Cell]:
        against = objections(self.plan, row, each, self.stations)
        places = [self.stations[self.plan.places[cell].post] for cell in row]
        return [
            Cell(f"{number}.{week}", place, said, rotation.way(each.home, place))
            for week, (place, said) in enumerate(zip(places, against, strict=True))
        ]

    @property
    def by_place(self) -> list[tuple[DutyStation, list[Any]]]:
        """The same the other way round: who comes to each place, week by week."""
        who = [each.deployment.officer for each in self.turners]
        return [
            (
                self.stations[place.post],
                [
                    next(who[row] for row, cells in enumerate(self.plan.cells) if cells[week] == at)
                    for week in range(len(self.plan.weeks))
                ],
            )
            for at, place in enumerate(self.plan.places)
        ]

    @property
    def is_short(self) -> bool:
        return len(self.plan.weeks) < len(self.scope.weeks)

    @property
    def km(self) -> int:
        ways = [cell.metres or 0 for _each, cells in self.rows for cell in cells]
        return round(sum(ways) / 1000)


@for_role(Role.DIRECTOR)
def rotate(request: SignedIn) -> HttpResponse:
    asked = RotateForm(request.GET or None, by=request.user)
    context: dict[str, Any] = {"asked": asked, "form": asked}
    if asked.is_valid():
        try:
            drawn = _drawn(request, asked.cleaned_data)
        except Refused as refusal:
            asked.add_error(None, str(refusal))
            drawn = None
        if drawn is not None:
            form, drawn, done = _worked(request, drawn)
            if done:
                return redirect("deployments:area_deployments")
            seed = asked.cleaned_data["seed"] or 0
            context |= {"form": form, "drawn": drawn, "again": (seed + 1) % MOST_SEED}
            context["written"] = write(drawn.deployments, drawn.plan)
    return render(request, "deployments/area_rotate.html", context)


def _drawn(request: SignedIn, asked: dict[str, Any]) -> Drawn:
    scope = scope_of(asked["exam"], asked["position"], asked["from_day"])
    rows = ready(request.user, scope)
    if asked["station"]:
        rows = rows.filter(post__station__in=asked["station"])
    found = list(rows[: MOST_OFFICERS + 1])
    if request.method != "POST" and not 2 <= len(found) <= MOST_OFFICERS:
        raise Refused(_how_many(len(found)))
    turners = turning(scope, found[:MOST_OFFICERS])
    if request.method == "POST":
        return Drawn(scope, turners, Plan([], [], []))
    places = [
        (Place(each.deployment.post_id, each.deployment.slot), each.deployment.post.station)
        for each in turners
    ]
    return Drawn(
        scope, turners, rotation.draw(turners, places, scope.weeks, seed=asked["seed"] or 0)
    )


def _how_many(found: int) -> str:
    if found < 2:
        return _(
            "Fewer than two officers can take turns here: those count who have accepted, serve to "
            "the end and are in no rotation yet."
        )
    return _("More than %(most)d officers would take turns. Tick the stations of one cluster.") % {
        "most": MOST_OFFICERS
    }


def _worked(request: SignedIn, drawn: Drawn) -> tuple[Any, Drawn, bool]:
    """The plan as it was sent, with two exchanged or carried out."""
    exchanging = request.POST.get("do") == "exchange"
    form = PlanForm(posted(request))
    if request.method != "POST":
        return form, drawn, False
    form.fields["reason"].required = not exchanging
    valid = form.is_valid()
    try:
        if "plan" not in form.cleaned_data:
            raise ValidationError(_("This plan cannot be read. Draw it again."))
        deployments, plan = form.written(drawn.scope.weeks)
        drawn = _as_sent(request, drawn.scope, deployments, plan)
    except ValidationError as error:
        form.add_error(None, error)
        return form, drawn._replace(turners=[]), False
    if exchanging:
        _exchange(request, form, drawn)
        return form, drawn, False
    if not valid:
        return form, drawn, False

    def act() -> None:
        count = services.rotate(
            drawn.scope, plan, deployments, by=request.user, reason=form.cleaned_data["reason"]
        )
        said = ngettext(
            "%(count)d officer takes turns by this plan, and is told it by text.",
            "%(count)d officers take turns by this plan, and each is told theirs by text.",
            count,
        )
        messages.success(request, said % {"count": count})

    return form, drawn, carry_out(form, act)


def _as_sent(request: SignedIn, scope: Scope, deployments: list[int], plan: Plan) -> Drawn:
    """Also of somebody who has been taken out of it meanwhile: the service says by whom."""
    ours = Deployment.objects.deployable_by(request.user).with_place().in_bulk(deployments)
    own = [ours[pk] for pk in deployments if pk in ours]
    if [(row.post_id, row.slot) for row in own] != [(each.post, each.slot) for each in plan.places]:
        raise ValidationError(_("This plan cannot be read. Draw it again."))
    for week in range(len(plan.weeks)):
        if len({row[week] for row in plan.cells}) < len(own):
            raise ValidationError(_("This plan sends two officers to one place. Draw it again."))
    return Drawn(scope, turning(scope, own), plan)


def _exchange(request: SignedIn, form: Any, drawn: Drawn) -> None:
    ticked = [cell.split(".") for cell in request.POST.getlist("cell")]
    cells = [(number_in(pair[0]), number_in(pair[1])) for pair in ticked if len(pair) == 2]
    within = all(
        row < len(drawn.plan.cells) and week < len(drawn.plan.weeks) for row, week in cells
    )
    if len(ticked) != 2 or len(cells) != 2 or not within or cells[0][1] != cells[1][1]:
        form.add_error(None, _("Tick two officers in one and the same week, then exchange them."))
        return
    (one, week), (other, _same) = cells
    drawn.plan.exchange(week, one, other)
