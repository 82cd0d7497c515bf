"""How big a season is: which sub-counties, and how many centres in each."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.models import Level, SubCounty


@dataclass(frozen=True)
class Scale:
    """Numbers are per sub-county. `counties` maps a county's official code to how many of its
    sub-counties take part; None means all of the nation. `schools` says for each level how many
    centres there are, and how many candidates the largest of them has."""

    counties: Mapping[int, int] | None
    schools: Mapping[Level, tuple[int, int]]
    distribution: int
    spare: int  # officers who hold no post: registered, applied, nominated, barred …

    def sub_counties(self) -> list[SubCounty]:
        rows = SubCounty.objects.select_related("county").order_by("county__code", "name")
        if self.counties is None:
            return list(rows)
        return [
            row
            for code, number in self.counties.items()
            for row in rows.filter(county__code=code)[:number]
        ]


KISII, KISUMU, KIAMBU, NAIROBI = 45, 42, 22, 47

SCALES = {
    "tiny": Scale(
        counties={KISII: 2, KISUMU: 1, KIAMBU: 1},
        schools={Level.SECONDARY: (4, 60), Level.JUNIOR: (1, 60), Level.PRIMARY: (2, 60)},
        distribution=1,
        spare=10,
    ),
    "small": Scale(
        counties={KISII: 2, KISUMU: 2, KIAMBU: 2},
        schools={Level.SECONDARY: (32, 150), Level.JUNIOR: (25, 90), Level.PRIMARY: (65, 45)},
        distribution=2,
        spare=60,
    ),
    "county": Scale(
        counties={NAIROBI: 17},
        schools={Level.SECONDARY: (45, 150), Level.JUNIOR: (40, 90), Level.PRIMARY: (100, 45)},
        distribution=2,
        spare=60,
    ),
    "national": Scale(
        counties=None,
        schools={Level.SECONDARY: (37, 150), Level.JUNIOR: (30, 90), Level.PRIMARY: (84, 45)},
        distribution=2,
        spare=40,
    ),
}
