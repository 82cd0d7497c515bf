"""Many applications decided at once. One that is refused says why and holds up no other."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_each, tell, tell_each
from cp2.rules import Refused, refuse_move
from vacancies.models import LIVE, Application, ApplicationStatus, Vacancy
from vacancies.services import refuse_nomination, refuse_others

MOST_AT_ONCE = 1000  # what takes no longer than somebody waits for a page


@dataclass
class Decided:
    done: list[Application] = field(default_factory=list)
    refused: list[tuple[Application, str]] = field(default_factory=list)


@transaction.atomic
def nominate_all(applications: Iterable[int], *, by: User, within_places: bool = False) -> Decided:
    """Put these on the office's list; with `within_places` no more than there are places for."""
    rows = _locked_with_vacancies(applications) if within_places else _locked(applications)
    left = places_left({row.vacancy_id for row in rows}) if within_places else None

    def check(application: Application) -> None:
        refuse_nomination(application, by)
        if left is not None:
            if left[application.vacancy_id] <= 0:
                raise Refused(_("All places of this position are taken."))
            left[application.vacancy_id] -= 1

    decided = _sorted_out(rows, check)
    _write(decided, ApplicationStatus.NOMINATED)
    record_each("application.nominated", [(each, {}) for each in decided.done], by=by)
    _tell(decided, "vacancies/nominated")
    return decided


@transaction.atomic
def turn_down_all(applications: Iterable[int], *, reason: str, by: User) -> Decided:
    """None of these is successful, for one reason."""
    reason = reason.strip()
    if not reason:
        raise Refused(_("Say why this application is not successful."))

    def check(application: Application) -> None:
        refuse_others(application, by)
        refuse_move(application, ApplicationStatus.UNSUCCESSFUL)

    decided = _sorted_out(_locked(applications), check)
    _write(decided, ApplicationStatus.UNSUCCESSFUL, reason=reason)
    told = [(each, {"reason": reason}) for each in decided.done]
    record_each("application.turned_down", told, by=by)
    _tell(decided, "vacancies/unsuccessful")
    return decided


# Deployments call these: the same as `services.mark_deployed`, for many whose officers are locked


def lock_live(
    applications: Iterable[int], *, officers: Iterable[int], exam: int
) -> dict[int, Application]:
    """Those named, and whatever live ones these officers have for the exam."""
    rows = (
        Application.objects.filter(
            Q(pk__in=list(applications)) | Q(officer__in=list(officers), exam=exam, status__in=LIVE)
        )
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    return {application.pk: application for application in rows}


def refuse_deployment(application: Application) -> None:
    """Whoever was not nominated yet is so by being deployed."""
    if application.status != ApplicationStatus.SUBMITTED:
        refuse_move(application, ApplicationStatus.DEPLOYED)


def mark_deployed_all(applications: Iterable[Application], *, by: User) -> None:
    """Of locked rows that were not refused."""
    decided = Decided(done=list(applications))
    _write(decided, ApplicationStatus.DEPLOYED)
    record_each("application.deployed", [(each, {}) for each in decided.done], by=by)


def places_left(vacancies: Iterable[int]) -> Counter[int]:
    """By vacancy: what is neither promised to an applicant nor held by an officer who was deployed
    without having applied."""
    rows: QuerySet[Any] = (  # with counts
        Vacancy.objects.filter(pk__in=vacancies)
        .with_counts()
        .annotate(unasked=import_string(settings.VACANCY_COUNTS["deployed_unasked"])())
    )
    return Counter(
        {row.pk: row.places - row.nominated - row.deployed - row.unasked for row in rows}
    )


def _locked(applications: Iterable[int]) -> list[Application]:
    """In one order, so that two who decide on the same meet without a deadlock."""
    return list(
        Application.objects.filter(pk__in=list(applications)[:MOST_AT_ONCE])
        .select_for_update(of=("self",))
        .select_related(
            "vacancy__exam", "vacancy__position", "vacancy__sub_county", "officer__user"
        )
        .order_by("pk")
    )


def _locked_with_vacancies(applications: Iterable[int]) -> list[Application]:
    """Their vacancies first: two who fill the same places wait for one another."""
    numbers = list(applications)
    of_these = Vacancy.objects.filter(applications__in=numbers).values("pk")
    vacancies = Vacancy.objects.filter(pk__in=of_these).order_by("pk")
    list(vacancies.select_for_update(no_key=True).values_list("pk"))
    return _locked(numbers)


def _sorted_out(rows: Iterable[Application], check: Callable[[Application], None]) -> Decided:
    decided = Decided()
    for application in rows:
        try:
            check(application)
        except Refused as refusal:
            decided.refused.append((application, str(refusal)))
        else:
            decided.done.append(application)
    return decided


def _write(decided: Decided, status: ApplicationStatus, **fields: Any) -> None:
    values = {"status": status, **fields}
    Application.objects.filter(pk__in=[each.pk for each in decided.done]).update(**values)
    for application in decided.done:
        for name, value in values.items():
            setattr(application, name, value)


def _tell(decided: Decided, template: str) -> None:
    told: list[tuple[User, dict[str, Any]]] = [
        (each.officer.user, {"application": each, "vacancy": each.vacancy}) for each in decided.done
    ]
    if len(told) == 1:
        tell(told[0][0], template, **told[0][1])
    else:
        tell_each(template, [(user, None, words) for user, words in told])
