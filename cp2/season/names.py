"""Names of people, combined at random from those of one community: no real person is meant."""

from collections.abc import Sequence
from functools import cache

from cp2.season import draws
from cp2.season.draws import Dice

CHRISTIAN, MUSLIM = "christian", "muslim"
COMMUNITIES = {  # of a hundred people about so many, and where their first names come from
    "kikuyu": (19, CHRISTIAN),
    "luhya": (15, CHRISTIAN),
    "kalenjin": (14, CHRISTIAN),
    "luo": (12, CHRISTIAN),
    "kamba": (10, CHRISTIAN),
    "kisii": (7, CHRISTIAN),
    "meru": (6, CHRISTIAN),
    "somali": (4, MUSLIM),
    "maasai": (4, CHRISTIAN),
    "coast": (4, CHRISTIAN),
    "swahili": (2, MUSLIM),
    "borana": (2, MUSLIM),
    "turkana": (2, CHRISTIAN),
    "teso": (1, CHRISTIAN),
}
WHO = [name for name, (share, _faith) in COMMUNITIES.items() for _each in range(share)]
PARTS = (2, 2, 2, 3, 3, 3, 3, 3, 3, 4)
MARRIED_ACROSS = 6  # in a hundred bear the family name of another community


def full_name(draw: Dice, gender: str) -> str:
    """Two to four parts, as people write them on forms."""
    home = draw.choice(WHO)
    faith = COMMUNITIES[home][1]
    parts = draw.choice(PARTS)
    name = [draw.choice(listed(faith, gender))]
    if parts == 4:
        name.append(draw.choice(listed(faith, gender)))
    if parts > 2:
        name.append(draw.choice(listed(home, gender)))
    name.append(draw.choice(listed(draw.choice(WHO) if draw.happens(MARRIED_ACROSS) else home)))
    if len(set(name)) < parts:  # nobody is called the same twice
        return full_name(draw, gender)
    return " ".join(name)


@cache
def listed(of: str, kind: str = "family") -> Sequence[str]:
    (row,) = [row for row in draws.table("names/people") if (row["of"], row["kind"]) == (of, kind)]
    return row["names"].split(";")
