"""The words of a letter: which are in force, and how they are written.

A letter is a subject, paragraphs that are numbered 1.0, 2.0 …, and a last one. A line that begins
with a hyphen is numbered below its paragraph: 4.1, 4.2 … Where headquarters has published nothing
(`LetterText`), the portal has words of its own.
"""

from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

from catalogue.models import DutyStation, Exam, Position, PositionTerms, StationKind
from deployments import letter_english, letter_kiswahili
from deployments.models import LetterText

APPOINTMENT_SERIES = "KNEC/GEN/EA/FA/SI/APP/{exam}/{position_code}/{year}/{serial}"
INVITATION_SERIES = "KNEC/CONF/EA/FA/SE/EXMS/{exam}/{position_code}/{year}/{serial}"
HYPHEN = "- "


class Words(NamedTuple):
    series: str
    subject: str
    paragraphs: list[str]
    closing: str


def language_of(code: str) -> ModuleType:
    return letter_kiswahili if code == "sw" else letter_english


def in_force(
    exam: Exam, position: Position, station: DutyStation, language: str
) -> tuple[LetterText | None, Words]:
    """What headquarters has published, if anything, and the words themselves."""
    own = own_words(position, language, marks=station.kind == StationKind.MARKING_CENTRE)
    text = LetterText.objects.in_force(exam=exam, position=position, language=language)
    return (text, with_own(words_of(text), own)) if text else (None, own)


def words_of(text: LetterText) -> Words:
    return Words(text.series, text.subject, as_list(text.paragraphs), text.closing)


def with_own(said: Words, own: Words) -> Words:
    """What was left empty is said in the portal's own words."""
    return Words(
        said.series or own.series,
        said.subject or own.subject,
        said.paragraphs or own.paragraphs,
        said.closing or own.closing,
    )


def as_list(paragraphs: Any) -> list[str]:
    """The column holds JSON, which may be anything; only words can be numbered."""
    if not isinstance(paragraphs, list):
        return []
    return [each.strip() for each in paragraphs if isinstance(each, str) and each.strip()]


def marks(position: Position, exam: Exam | None) -> bool:
    """Whether a position is an examiner's, who is invited; by its terms, if it has any."""
    terms = PositionTerms.objects.filter(position=position)
    found = terms.filter(exam=exam).first() if exam else terms.order_by("-exam__year").first()
    return found is not None and found.station_kind == StationKind.MARKING_CENTRE


def kind_of(position: Position) -> str:
    """Examiners of one paper, EXM-101-1, are examiners."""
    return position.code.partition("-")[0]


def own_words(position: Position, language: str, *, marks: bool) -> Words:
    said, kind = language_of(language), kind_of(position)
    if marks:
        return _invitation(said, kind)
    policy = said.POLICIES.get(kind, said.OTHER_POLICY)
    duties = said.DUTIES.get(kind, said.ANY_OTHER)
    return Words(
        APPOINTMENT_SERIES,
        said.SUBJECT,
        [said.APPOINTMENT, policy, said.PORTAL, numbered(said.YOU_WILL, duties)],
        said.CLOSING,
    )


def _invitation(said: ModuleType, kind: str) -> Words:
    return Words(
        INVITATION_SERIES,
        said.INVITATION_SUBJECT,
        [
            said.INVITATION,
            said.CONDITIONS,
            numbered(said.ROLE, said.MARKERS.get(kind, said.MARKER)),
            numbered(said.ETHICS, said.MARKER_ETHICS),
            said.PORTAL,
        ],
        said.INVITATION_CLOSING,
    )


def numbered(lead: str, lines: Iterable[str]) -> str:
    return "\n".join([lead, *(f"{HYPHEN}{line}" for line in lines)])


# As they are typed: paragraphs parted by empty lines


def typed(paragraphs: Iterable[str]) -> str:
    return "\n\n".join(paragraphs)


def read(text: str) -> list[str]:
    """The paragraphs of what was typed."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            blocks[-1].append(line.strip())
        elif blocks[-1]:
            blocks.append([])
    return ["\n".join(block) for block in blocks if block]


class Paragraph(NamedTuple):
    lead: str
    lines: list[str]


def parted(paragraph: str) -> Paragraph:
    """A paragraph's own words, and what is numbered below them, as a list is punctuated."""
    lead: list[str] = []
    lines: list[str] = []
    for line in paragraph.splitlines():
        if line.startswith(HYPHEN):
            lines.append(line.removeprefix(HYPHEN).strip().rstrip(".;"))
        elif lines:
            lines[-1] = f"{lines[-1]} {line}".rstrip(".;")
        else:
            lead.append(line)
    ends = [";"] * (len(lines) - 1) + ["."]
    return Paragraph(" ".join(lead), [line + end for line, end in zip(lines, ends, strict=False)])
