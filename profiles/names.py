"""When two ways of writing a name are of one person.

Registers, M-Pesa and people themselves write names in other orders, leave some out, put letters for
others, and spell by ear. That much is forgiven. What tells a brother from a brother is not: a name
that stands in one and contradicts the other.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from rapidfuzz.distance import OSA

APOSTROPHES = re.compile("['`´‘’ʻʼ]")
# Nobody is told apart by these.
BETWEEN = {"wa", "ole", "ola", "arap", "bin", "binti", "bint", "al", "el", "de", "van"}
BEFORE = {"mr", "mrs", "ms", "miss", "dr", "prof", "rev", "fr", "sr", "eng"}
SMALL_WORDS = BETWEEN | BEFORE
VOWELS = re.compile("[aeiou]")
LONG = 8  # letters; one of them may be mistyped
SPELT = 5  # letters; a shorter name is too near to others


def tokens(name: str) -> list[str]:
    """Ngũgĩ wa Thiong'o → ngugi, wa, thiongo."""
    bare = unicodedata.normalize("NFKD", APOSTROPHES.sub("", name)).casefold()
    letters = "".join(char for char in bare if not unicodedata.combining(char))
    return re.findall(r"[^\W_]+", letters)


@lru_cache(maxsize=65_536)
def sound(token: str) -> str:
    """One spelling for those that sound the same: Stephen and Steven, Catherine and Katherine."""
    heard = token
    for written, spoken in (
        ("ph", "f"),
        ("gh", "g"),
        ("ck", "k"),
        ("ch", "ç"),
        ("c", "k"),
        ("v", "f"),
        ("z", "s"),
        ("y", "i"),
        ("l", "r"),  # many languages of Kenya have one of the two
    ):
        heard = heard.replace(written, spoken)
    heard = re.sub(r"(.)\1+", r"\1", heard)
    heard = re.sub(r"(?<=.)h(?=[^aeiou]|$)", "", heard).replace("th", "t")
    return re.sub(r"(?<=..)e$", "", heard)


def _spelt_alike(one: str, other: str) -> bool:
    """The same consonants between the same ends, or one slip in a long name. No more: a letter
    apart are Otieno and Atieno, Wanjiku and Wanjiru, Njeri and Njeru."""
    if one[0] != other[0] or one[-1] != other[-1] or min(len(one), len(other)) < SPELT:
        return False
    apart = OSA.distance(one, other, score_cutoff=2)
    if VOWELS.sub("", one) == VOWELS.sub("", other):
        return apart <= 2
    return apart <= 1 and max(len(one), len(other)) >= LONG and one[:3] == other[:3]


def _initial(one: str, other: str) -> bool:
    return 1 in (len(one), len(other)) and one[0] == other[0]


class _Pairs:
    """The names of two people as they are taken off against one another."""

    def __init__(self, one: list[str], other: list[str]) -> None:
        self.one, self.other = one, other

    def take(self, alike: Callable[[str, str], bool]) -> int:
        """How many go together, of those that are left."""
        found = 0
        for name in list(self.one):
            match = next((mate for mate in self.other if alike(name, mate)), None)
            if match is not None:
                self.one.remove(name)
                self.other.remove(match)
                found += 1
        return found


def _joined(names: list[str], known: set[str]) -> list[str]:
    """Mary Ann, where the other has Maryann; Ng ang a, where the other has Nganga."""
    done: list[str] = []
    rest = list(names)
    while rest:
        for length in (3, 2, 1):
            whole = "".join(rest[:length])
            if length == 1 or (len(rest) >= length and whole in known):
                done.append(whole)
                del rest[:length]
                break
    return done


def _names(one: list[str], other: list[str]) -> list[str]:
    whole = _joined(one, set(other))
    return [sound(name) for name in whole if name not in SMALL_WORDS] or [*map(sound, whole)]


def same_name(one: str, other: str) -> bool:
    """Two names in common and none against it; an initial counts half. Who has one name only is
    known by it alone."""
    first, second = tokens(one), tokens(other)
    if not first or not second:
        return first == second
    if first == second:
        return True
    pairs = _Pairs(_names(first, second), _names(second, first))
    only = max(len(pairs.one), len(pairs.other)) == 1
    common = float(pairs.take(str.__eq__))
    certain = common > 0
    common += pairs.take(_spelt_alike)
    common += pairs.take(_initial) / 2
    if pairs.one and pairs.other:
        return False
    return certain and (only or common >= 2)
