"""What may be written to many: the alphabet of texts, two places for what differs, and how many
segments it takes at worst."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cp2.broadcasts.models import Broadcast
from sms import gsm

MOST_SEGMENTS = 3
MOST_NAME = 20
PLACES = ("name", "exam")
NAMELESS = {"en": "officer", "sw": "afisa"}
PLACE = re.compile(r"\{(name|exam)\}")


def faults(text: str, *, exam: str) -> Iterator[str]:
    """What speaks against a text, each in a sentence that says what to do."""
    bare = PLACE.sub("", text)
    yield from _foreign(bare)
    if "{" in bare or "}" in bare:
        yield _("Use { and } for {name} and {exam} alone. Nothing else can be filled in.")
        return
    if "{exam}" in text and not exam:
        yield _("{exam} stands for the exam of the audience. Choose one, or take it out.")
    taken = segments(text, exam=exam)
    if taken > MOST_SEGMENTS:
        said = ngettext(
            "At worst this takes %(n)s segment; %(most)s are the most. Make it shorter.",
            "At worst this takes %(n)s segments; %(most)s are the most. Make it shorter.",
            taken,
        )
        yield said % {"n": taken, "most": MOST_SEGMENTS}


def _foreign(text: str) -> Iterator[str]:
    """Each character that the alphabet of texts has not, once, with the nearest that it has."""
    strange = dict.fromkeys(
        char for char in text if char not in gsm.BASIC and char not in gsm.EXTENDED
    )
    for char in list(strange)[:5]:
        nearest = gsm.plain(char).strip()
        named = {
            "char": char,
            "name": unicodedata.name(char, f"U+{ord(char):04X}").lower(),
            "nearest": nearest,
        }
        if nearest:
            yield (
                _(
                    "“%(char)s” (%(name)s) is not in the alphabet of texts. Write “%(nearest)s” "
                    "instead."
                )
                % named
            )
        else:
            yield _("“%(char)s” (%(name)s) is not in the alphabet of texts. Take it out.") % named


def fill(text: str, *, name: str, exam: str) -> str:
    """In one go, so that nothing in a name is taken for a place."""
    filled = {"name": name, "exam": gsm.plain(exam)}
    return PLACE.sub(lambda place: filled[place[1]], text)


def first_name(full_name: str, language: str) -> str:
    """As much of a name as a text has room for, in its alphabet."""
    words = "".join(c for c in gsm.plain(full_name) if c not in gsm.EXTENDED).split()
    return words[0][:MOST_NAME] if words else NAMELESS.get(language, NAMELESS["en"])


def segments(text: str, *, exam: str) -> int:
    """With the longest name that there can be."""
    return gsm.segments(fill(text, name="M" * MOST_NAME, exam=exam))


def places_taken(text: str, *, exam: str) -> int:
    filled = fill(text, name="M" * MOST_NAME, exam=exam)
    return sum(2 if char in gsm.EXTENDED else 1 for char in filled)


def exam_of(broadcast: Broadcast) -> str:
    return broadcast.exam.short if broadcast.exam else ""


def segments_of(broadcast: Broadcast) -> dict[str, int]:
    exam = exam_of(broadcast)
    return {each: segments(text, exam=exam) for each, text in broadcast.texts.items()}


def on_a_phone(text: str, language: str, *, exam: str) -> dict[str, Any]:
    """As its reader sees it, with a made-up name; and what it takes."""
    taken = segments(text, exam=exam)
    return {
        "words": fill(text, name="Wanjiku" if language == "en" else "Baraka", exam=exam),
        "segments": taken,
        "places": places_taken(text, exam=exam),
        "room": 160 if taken == 1 else 153 * taken,
    }
