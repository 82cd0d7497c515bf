"""When two ways of writing a name may be of one person."""

import re
import unicodedata

APOSTROPHES = re.compile("['`´‘’ʻʼ]")


def words(name: str) -> set[str]:
    """Ngũgĩ wa Thiong'o → {ngugi, wa, thiongo}."""
    bare = unicodedata.normalize("NFKD", APOSTROPHES.sub("", name)).casefold()
    letters = "".join(char for char in bare if not unicodedata.combining(char))
    return set(re.findall(r"\w+", letters))


def same_name(one: str, other: str) -> bool:
    """People leave names out and change their order; two in common are the same person."""
    first, second = words(one), words(other)
    return first == second or len(first & second) >= 2
