"""How far places are filled: the nation by county, a county by sub-county."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from catalogue.models import County, SubCounty
from cp2.picture.links import to_list
from cp2.picture.models import Topic
from cp2.picture.season import Figures, Season
from deployments.models import Deployment, Post

POSTS = "deployments.view_post"
WIDTH = 1000  # of a bar, in parts
WORST = 10  # are shown at once
# By official code: three letters, and where the tile lies, from the north and from the west.
TILES: dict[int, tuple[str, int, int]] = {
    23: ("TUR", 1, 3), 10: ("MAR", 1, 5), 9: ("MAN", 1, 8),
    24: ("WPK", 2, 2), 28: ("EMK", 2, 3), 25: ("SAM", 2, 4), 11: ("ISI", 2, 5), 8: ("WAJ", 2, 7),
    39: ("BGM", 3, 1), 26: ("TNZ", 3, 2), 27: ("UGU", 3, 3), 30: ("BAR", 3, 4), 31: ("LAI", 3, 5),
    12: ("MER", 3, 6), 7: ("GAR", 3, 7),
    40: ("BSI", 4, 1), 37: ("KAK", 4, 2), 29: ("NDI", 4, 3), 32: ("NKU", 4, 4), 18: ("NYA", 4, 5),
    19: ("NYE", 4, 6), 13: ("THN", 4, 7),
    41: ("SYA", 5, 1), 38: ("VIH", 5, 2), 35: ("KRC", 5, 3), 36: ("BMT", 5, 4), 21: ("MUR", 5, 5),
    20: ("KIR", 5, 6), 14: ("EMB", 5, 7),
    42: ("KSM", 6, 1), 46: ("NYM", 6, 2), 45: ("KSI", 6, 3), 33: ("NRK", 6, 4), 22: ("KBU", 6, 5),
    16: ("MAC", 6, 6), 15: ("KTU", 6, 7), 4: ("TAN", 6, 8),
    43: ("HBY", 7, 1), 44: ("MIG", 7, 2), 34: ("KAJ", 7, 4), 47: ("NBI", 7, 5), 17: ("MKN", 7, 6),
    5: ("LAM", 7, 8),
    6: ("TVT", 8, 6), 3: ("KLF", 8, 7),
    2: ("KWL", 9, 6), 1: ("MSA", 9, 7),
}  # fmt: skip
# Of a hundred places: from so many filled on, the tile has the next colour.
STEPS = [50, 70, 85, 95, 99]


@dataclass
class Place:
    """A county or a sub-county, and how its places stand."""

    pk: int
    name: str
    required: int = 0
    accepted: int = 0
    held: int = 0
    free: int = 0
    open: int = 0  # posts with a free place
    inside: int | None = None  # how it is asked for, if it is made of others
    url: str = ""
    scale: int = 1  # places that fill the whole width

    def add(self, counted: Iterable[int]) -> None:
        required, accepted, held, free, open_posts = counted
        self.required += required
        self.accepted += accepted
        self.held += held
        self.free += free
        self.open += open_posts

    @property
    def numbers(self) -> tuple[int, ...]:
        return (self.required, self.accepted, self.held, self.free, self.open)

    @property
    def gap(self) -> int:
        return max(self.required - self.accepted, 0)

    @property
    def offered(self) -> int:
        return self.held - self.accepted

    @property
    def share(self) -> int | None:
        """Of a hundred places so many are filled; 100 only if all are."""
        return min(100 * self.accepted // self.required, 100) if self.required else None

    @property
    def step(self) -> str:
        if self.share is None:
            return "none"
        return str(sum(self.share >= step for step in STEPS))

    @property
    def parts(self) -> Iterator[tuple[str, int, int]]:
        """Kind, from where, how wide."""
        at = 0
        counts = {"accepted": self.accepted, "offered": self.offered, "free": self.free}
        for kind, count in counts.items():
            if count:
                start, at = at, at + count
                left = WIDTH * start // self.scale
                yield kind, left, max(WIDTH * at // self.scale - left, 4)


@dataclass
class Tile:
    place: Place
    letters: str
    row: int
    column: int
    is_chosen: bool = False


@dataclass
class Coverage:
    county: County | None  # which is looked into
    places: list[Place]  # where most is missing first
    tiles: list[Tile]
    total: Place
    has_posts: bool  # whether the lists are those of posts with a free place
    steps: list[tuple[str, str]]

    @property
    def worst(self) -> list[Place]:
        return self.places[:WORST]

    @property
    def others(self) -> list[Place]:
        return self.places[WORST:]


def coverage(user: User, season: Season, figures: Figures, county: str) -> Coverage:
    homes = list(SubCounty.objects.select_related("county").order_by("county__code"))
    small = {home.pk: Place(home.pk, home.name) for home in homes}
    for counted in figures.of(Topic.PLACES):
        for key, numbers in counted.items():
            if int(key) in small:
                small[int(key)].add(numbers)
    large: dict[int, Place] = {}
    total = Place(0, _("Kenya"))
    address = _address(user, season)
    for home in homes:
        place = large.setdefault(home.county_id, Place(home.county_id, home.county.name))
        place.add(small[home.pk].numbers)
        total.add(small[home.pk].numbers)
    for pk, place in large.items():
        place.inside = pk
        place.url = f"{address}&county={pk}"
    chosen = next((home.county for home in homes if str(home.county_id) == county), None)
    inside = [small[home.pk] for home in homes if home.county == chosen]
    for place in inside:
        place.url = f"{address}&county={county}&sub_county={place.pk}"
    tiles = [
        Tile(large[pk], *TILES[code], is_chosen=chosen is not None and chosen.pk == pk)
        for code, pk in {home.county.code: home.county_id for home in homes}.items()
    ]
    tiles.sort(key=lambda tile: (tile.row, tile.column))
    has_posts = user.has_perm(POSTS)
    return Coverage(
        chosen, _ordered(inside if chosen else large.values()), tiles, total, has_posts, _steps()
    )


def _address(user: User, season: Season) -> str:
    """Of the posts that have a free place, for whoever may list posts."""
    if user.has_perm(POSTS):
        return to_list(Post, gap="yes", exam__in=season.numbers)
    return to_list(Deployment, post__exam__in=season.numbers)


def _ordered(places: Iterable[Place]) -> list[Place]:
    """Bars of one scale; those that have no places say nothing."""
    shown = [place for place in places if place.required]
    scale = max((max(place.required, place.held) for place in shown), default=1)
    for place in shown:
        place.scale = scale
    return sorted(shown, key=lambda place: (-place.gap, place.name))


def _steps() -> list[tuple[str, str]]:
    """How each colour is called, from the worst on."""
    ends = [*STEPS, None]
    return [
        (str(number), _range(STEPS[number - 1] if number else 0, end))
        for number, end in enumerate(ends)
    ]


def _range(begin: int, end: int | None) -> str:
    if end is None:
        return _("%(begin)s–100%%") % {"begin": begin}
    return _("%(begin)s–%(end)s%%") % {"begin": begin, "end": end - 1}
