"""The alphabet of a text. One character outside it doubles what the text costs."""

import unicodedata

BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = set("^{}\\[~]|€")  # each takes two places
KNOWN = frozenset(BASIC | EXTENDED)
ALIKE = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


def plain(text: str) -> str:
    """Ngũgĩ → Ngugi; what has no like in the alphabet (emoji, controls) is left out."""
    text = unicodedata.normalize("NFC", text).translate(ALIKE)
    if KNOWN.issuperset(text):  # as nearly all are
        return text
    kept = []
    for char in text:
        if char in KNOWN:
            kept.append(char)
        elif char.isspace():
            kept.append(" ")
        else:
            base = unicodedata.normalize("NFKD", char)[0]
            kept.append(base if base in BASIC else "")
    return "".join(kept)


def segments(text: str) -> int:
    """How many texts the network will charge for."""
    places = [2 if char in EXTENDED else 1 for char in text]
    if sum(places) <= 160:
        return 1
    count, room = 1, 153
    for place in places:
        if place > room:  # the two places of one character are not put asunder
            count, room = count + 1, 153
        room -= place
    return count
