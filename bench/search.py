"""What the search for vacancies costs in the season that is loaded: queries, CPU, bytes.

    .venv/bin/python bench/search.py [RUNS]

Each page as an officer sees it who is judged line by line, as one sees it whose profile is not
submitted, as headquarters sees it, whom nobody judges, and as htmx asks for its drop-downs; beside
each the ratio to a bare page of 25 rows. It only reads.
"""

import sys
from collections.abc import Iterator

from bare import browser, cost
from django.test import Client
from django.test.utils import override_settings

from accounts.models import User
from cp2.rules import Role
from profiles.models import Officer
from vacancies.models import Vacancy

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 40


def somebody(*, submitted: bool) -> User:
    """From a sub-county where much is open, with as long a history as there is."""
    officers = Officer.objects.filter(submitted_at__isnull=not submitted, merged_into=None)
    here = Vacancy.objects.open().values("sub_county").order_by("sub_county")
    found = officers.filter(sub_county__in=here, deployments__isnull=False).first()
    found = found or officers.filter(sub_county__in=here).first() or officers.first()
    if found is None:
        raise SystemExit("There is no such officer: load a season first.")
    return found.user


def headquarters() -> User:
    return User.objects.filter(role=Role.STAFF, is_active=True).latest("pk")


def pages() -> Iterator[tuple[str, str]]:
    vacancy = Vacancy.objects.open().select_related("sub_county").order_by("-pk").first()
    if vacancy is None:
        raise SystemExit("No vacancy is open in the season that is loaded.")
    place = f"county={vacancy.sub_county.county_id}"
    yield "start", ""
    yield "everything", "?exam="
    yield "page 5", "?exam=&page=5"
    yield "one exam", f"?exam={vacancy.exam_id}"
    yield "one county", f"?{place}"
    yield (
        "all six",
        (
            f"?exam={vacancy.exam_id}&activity={vacancy.activity_id}"
            f"&duty_station={vacancy.station_kind}&position={vacancy.position_id}"
            f"&{place}&sub_county={vacancy.sub_county_id}"
        ),
    )


def main() -> None:
    print(f"{Officer.objects.count()} officers, {Vacancy.objects.open().count()} vacancies open")
    row = "{:14} {:13} {:>7} {:>7} {:>7} {:>6} {:>7} {:>6}".format
    print(row("page", "who", "queries", "web ms", "db ms", "ratio", "bytes", "gzip"))

    def show(name: str, who: str, client: Client, address: str, **headers: str) -> float:
        spent = cost([lambda: client.get(address, headers=headers)] * (RUNS + 2))
        ratio = f"{spent.cpu / base:.2f}" if base else ""
        figures = (f"{spent.web:.1f}", f"{spent.database:.1f}", ratio, spent.size, spent.packed)
        print(row(name, who, spent.queries, *figures))
        return spent.cpu

    base = 0.0
    judged, unsubmitted = (browser(somebody(submitted=flag)) for flag in (True, False))
    base = show("bare, 25 rows", "judged", judged, "/bare/")
    for name, query in pages():
        show(name, "judged", judged, f"/vacancies/{query}")
    show("everything", "not submitted", unsubmitted, "/vacancies/?exam=")
    show("everything", "headquarters", browser(headquarters()), "/vacancies/?exam=")
    show("drop-downs", "judged", judged, "/vacancies/?exam=", **{"hx-request": "true"})


if __name__ == "__main__":
    with override_settings(ROOT_URLCONF="bare"):
        main()
