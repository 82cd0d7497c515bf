"""Everything that looks random: the same for the same seed, on any machine."""

import csv
import random
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings

DATA = Path(settings.BASE_DIR) / "catalogue" / "data"
WORDS = [
    *("bahari", "bonde", "chai", "daraja", "dirisha", "embe", "farasi", "jiwe", "kahawa", "kikapu"),
    *("kisiwa", "mnazi", "mlima", "mpunga", "msitu", "mvua", "mwezi", "nazi", "ndege", "ndizi"),
    *("nyanya", "pwani", "samaki", "shamba", "soko", "taa", "tembo", "twiga", "upepo", "ziwa"),
]


def dice(seed: int, *of: Any) -> random.Random:
    """Its own for every purpose, so that one more draw here changes nothing there."""
    return random.Random(f"{seed}/{'/'.join(map(str, of))}")


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
    draw = dice(seed, "password", kind)
    first, second = draw.sample(WORDS, 2)
    return f"{first}-{second}-{draw.randrange(1000, 10_000)}"


def code_key(seed: int, username: str) -> str:
    """The secret of somebody's one-time codes, in hexadecimal as django-otp keeps it."""
    return digest(seed, "code", username)[:20].hex()


@cache
def table(name: str) -> list[dict[str, str]]:
    """A list that ships with the catalogue."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def names(of: str) -> list[str]:
    return [row["name"] for row in table(f"names/{of}")]


def full_name(draw: random.Random, gender: str) -> str:
    """Combined at random: no real person is meant."""
    first = draw.choice(names(f"first_names_{gender}"))
    return f"{first} {' '.join(draw.sample(names('surnames'), draw.choice((1, 2, 2))))}"
