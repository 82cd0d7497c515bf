"""How big a season is: which sub-counties, and how many centres and people there are in all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalogue.models import Level, SubCounty
from cp2.season.dates import NEARLY_OVER, TIMETABLES, Timetable


@dataclass(frozen=True)
class Scale:
    """`counties` maps a county's official code to how many of its sub-counties take part; None
    means all of the nation. `schools` says for each level how many centres there are, which are
    spread evenly, and how many candidates the largest of them has."""

    about: str
    takes: str
    counties: Mapping[int, int] | None
    schools: Mapping[Level, tuple[int, int]]
    spare: int  # officers of a sub-county who hold no post: registered, applied, barred …
    distribution: int = 2  # centres of a sub-county
    # In a hundred: primary schools that are entered for KJSEA as well, those who serve there again
    # after KPSEA, and those who apply for one more exam than they serve in.
    both: int = 0
    again: int = 0
    elsewhere: int = 0
    institutes: int = 0  # of a sub-county, for the exam that is still to come
    further: bool = False  # vacancies of further kinds than posts are computed for
    enquiries: int = 0  # further ones, besides some in each sub-county
    timetables: Sequence[Timetable] = TIMETABLES
    marks_today: bool = True  # some centres have; else the whole morning is still to come
    promises: Mapping[str, int] = field(default_factory=dict)  # see counts.py

    def sub_counties(self) -> list[SubCounty]:
        rows = SubCounty.objects.select_related("county").order_by("county__code", "name")
        if self.counties is None:
            return list(rows)
        return [
            row
            for code, number in self.counties.items()
            for row in rows.filter(county__code=code)[:number]
        ]


KISII, KISUMU, KIAMBU, UASIN_GISHU = 45, 42, 22, 27

SCALES = {
    "tiny": Scale(
        about="200 officers in 4 sub-counties, to look at and to test with",
        takes="2 s",
        counties={KISII: 2, KISUMU: 1, KIAMBU: 1},
        schools={Level.SECONDARY: (16, 60), Level.JUNIOR: (4, 60), Level.PRIMARY: (8, 60)},
        distribution=1,
        spare=10,
        institutes=2,
    ),
    "small": Scale(
        about="5,000 officers in 6 sub-counties",
        takes="10 s",
        counties={KISII: 2, KISUMU: 2, KIAMBU: 2},
        schools={Level.SECONDARY: (192, 150), Level.JUNIOR: (150, 90), Level.PRIMARY: (390, 45)},
        spare=60,
        institutes=2,
    ),
    "county": Scale(
        about="one county of the nation: 6,000 officers, 6 sub-counties, 736 centres",
        takes="15 s",
        counties={UASIN_GISHU: 6},
        schools={Level.SECONDARY: (223, 154), Level.JUNIOR: (60, 102), Level.PRIMARY: (441, 92)},
        spare=40,
        both=67,
        again=53,
        elsewhere=69,
        institutes=2,
        further=True,
        promises={"sub-counties": 6, "centres": 736},
    ),
    "national": Scale(
        about="306,000 officers, 290 sub-counties, 35,000 centres, 12,000 vacancies, 414,000"
        " applications, 3,080,000 marks",
        takes="6 minutes, of which 2 until the applications",
        counties=None,
        schools={
            Level.SECONDARY: (10_800, 154),
            Level.JUNIOR: (2_900, 102),
            Level.PRIMARY: (21_300, 92),
        },
        spare=40,
        both=67,
        again=53,
        elsewhere=68,
        further=True,
        enquiries=20_000,
        timetables=NEARLY_OVER,
        marks_today=False,
        promises={
            "sub-counties": 290,
            "centres": 35_000,
            "officers": 306_000,
            "vacancies": 12_000,
            "applications": 414_000,
            "marks": 3_080_000,
            "claims": 117_600,
            "enquiries": 22_320,
        },
    ),
}


def share(whole: int, number: int, among: int) -> int:
    """What the n-th gets when a whole is spread evenly."""
    return whole * (number + 1) // among - whole * number // among
