"""Everything that looks random: the same for the same seed, on any machine."""

import csv
import random
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

SHIPPED = Path(settings.BASE_DIR) / "catalogue" / "data"
DATA = Path(__file__).parent / "data"
WORDS = [
    *("bahari", "bonde", "chai", "daraja", "dirisha", "embe", "farasi", "jiwe", "kahawa", "kikapu"),
    *("kisiwa", "mnazi", "mlima", "mpunga", "msitu", "mvua", "mwezi", "nazi", "ndege", "ndizi"),
    *("nyanya", "pwani", "samaki", "shamba", "soko", "taa", "tembo", "twiga", "upepo", "ziwa"),
]

Thing = TypeVar("Thing")


class Dice:
    """Throws of one purpose, all out of one hash: a generator for each of 300,000 officers would
    cost more than all their rows."""

    __slots__ = ("_left", "_name", "_round")

    FRESH = 64  # bytes
    ENOUGH = 1 << 128  # below it the throws would no longer be even

    def __init__(self, name: str) -> None:
        self._name, self._round, self._left = name, 0, 0

    def below(self, end: int) -> int:
        if self._left < self.ENOUGH:
            named = f"{self._name}/{self._round}".encode()
            self._left = int.from_bytes(blake2b(named, digest_size=self.FRESH).digest())
            self._round += 1
        self._left, thrown = divmod(self._left, end)
        return thrown

    def between(self, first: int, last: int) -> int:
        return first + self.below(last - first + 1)

    def choice(self, things: Sequence[Thing]) -> Thing:
        return things[self.below(len(things))]

    def happens(self, percent: int) -> bool:
        return self.below(100) < percent

    def shuffled(self, things: Sequence[Thing]) -> list[Thing]:
        left = list(things)
        return [left.pop(self.below(len(left))) for _each in things]


def dice(seed: int, *of: Any) -> Dice:
    """Its own for every purpose, so that one more throw here changes nothing there."""
    return Dice(f"{seed}/{'/'.join(map(str, of))}")


def digest(seed: int, *of: Any) -> bytes:
    return sha256(f"cp2-season/{seed}/{'/'.join(map(str, of))}".encode()).digest()


def spell(number: int, alphabet: str, length: int) -> str:
    """A number, written in letters of an alphabet."""
    found = ""
    for _each in range(length):
        number, rest = divmod(number, len(alphabet))
        found += alphabet[rest]
    return found


def letters(alphabet: str, length: int, seed: int, *of: Any) -> str:
    """So many letters of an alphabet; for what must be unique, take enough of them."""
    return spell(int.from_bytes(digest(seed, *of)), alphabet, length)


def password(seed: int, kind: str) -> str:
    """What all sample people of a kind sign in with, such as `mlima-twiga-4821`. Kept nowhere."""
    draw = random.Random(f"{seed}/password/{kind}")
    first, second = draw.sample(WORDS, 2)
    return f"{first}-{second}-{draw.randrange(1000, 10_000)}"


def code_key(seed: int, username: str) -> str:
    """The secret of somebody's one-time codes, in hexadecimal as django-otp keeps it."""
    return digest(seed, "code", username)[:20].hex()


@cache
def table(name: str, folder: Path = SHIPPED) -> list[dict[str, str]]:
    """A list that ships with the catalogue, or with the season."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def schools() -> list[str]:
    return [row["name"] for row in table("names/schools")]
