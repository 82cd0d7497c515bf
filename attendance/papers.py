"""The register on paper: the return of a whole exam, and the blank sheet of a day."""

from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Mark, MarkStatus, Way
from attendance.paper import Column, Paper
from attendance.serving import Line, lines, sheet
from catalogue.models import CentreEntry

# Of a mark that came otherwise than on the page, on the day: the weightiest one. The legend says
# what each is.
AMENDED, LATE = "*", "‡"
SIGNS = {Way.PAGE: "", Way.COPY: "°", Way.TEXT: "†", Way.AMENDMENT: AMENDED}
FOR_DAYS, WIDEST = 150, 9.0  # millimetres that the days may take, and that one of them likes
CLOSE = 58  # millimetres for legend, words and stamps


def print_return(entry: CentreEntry, code: str) -> bytes:
    """The register to be signed and stamped; its code leads the SCDE to the row to be ticked."""
    register = sheet(entry)
    paper = Paper(297, 210)
    address = f"{settings.SITE_URL}{reverse('attendance:area_registers')}?code={code}"

    def next_page() -> float:
        paper.page()
        paper.qr(address, 264, 7, 18)
        paper.text(273, 28, code, 7.5, bold=True, at=0.5)
        paper.text(9, 203, f"{entry.exam.short} · {entry.station.code} · {code}", 7.5)
        paper.text(
            9, 27, ", ".join([_("Attendance register"), str(entry.station)])[:110], 8, bold=True
        )
        return 30.5

    next_page()
    paper.pages[-1].pop()  # the first page has a head of its own
    y = _heading(paper, entry, _("Attendance register"), 245)
    columns = _columns(register["days"])
    y = paper.table(
        max(y, 30.5), columns, _rows(register), row=7, bottom=197, next_page=next_page
    )  # fmt: skip
    if y + CLOSE > 197:
        y = next_page()
    _close(paper, y + 4)
    return _finished(paper, _("Attendance register"), code)


def _heading(paper: Paper, entry: CentreEntry, title: str, width: float) -> float:
    """Whose paper this is; returns where the table may begin."""
    paper.text(9, 14, title, 13, bold=True)
    y = paper.paragraph(9, 19.5, width, str(entry.exam), 8.5, bold=True)
    place = f"{entry.station}, {entry.station.sub_county}, {entry.station.sub_county.county}"
    y = paper.paragraph(9, y, width, ": ".join([_("Centre"), place]), 8.5)
    said = {
        "count": entry.candidates,
        "at": date_format(timezone.localtime(), "j F Y, H:i"),
    }
    return paper.paragraph(9, y, width, _("%(count)s candidates. Printed %(at)s.") % said, 8.5)


def _columns(days: list[date]) -> list[Column]:
    wide = min(FOR_DAYS / max(len(days), 1), WIDEST)
    size = min(7.5, wide * 1.25)  # so that “Ab‡” fits
    rest = 279 - 7 - 17 - 12 - 9 - wide * len(days)
    name = rest * 0.62
    return [
        Column("#", 7),
        Column(_("Name"), name, left=True),
        Column(_("ID number"), 17),
        Column(_("Pos."), 12, size=7),
        *(Column(_title(day, wide), wide, size=size) for day in days),
        Column(_("Days P"), 9, bold=True),
        Column(_("Signature"), rest - name),
    ]


def _title(day: date, wide: float) -> str:
    parts = [date_format(day, "D")[:2], date_format(day, "j"), date_format(day, "M")[:3]]
    return "\n".join(parts if wide >= 5 else [*parts[:2], f"{day.month}"])


def _rows(register: dict[str, Any]) -> list[list[str]]:
    days, found = register["days"], []
    for row in register["rows"]:
        deployment = row["deployment"]
        marks = zip(row["cells"], row["marks"], strict=True)
        found.append(
            [
                str(deployment.number),
                deployment.officer.full_name,
                deployment.officer.national_id or "",
                deployment.post.position.code,
                *(cell + (_sign(mark) if mark else "") for cell, mark in marks),
                str(row["present"]),
                "",
            ]
        )
    present = [
        sum(_is_present(row["marks"][place]) for row in register["rows"])
        for place in range(len(days))
    ]
    total = ["", _("Present, of all"), "", "", *map(str, present), str(sum(present)), ""]
    return [*found, total]


def _is_present(mark: Mark | None) -> bool:
    return mark is not None and mark.status == MarkStatus.PRESENT


def _sign(mark: Mark) -> str:
    if mark.amendment_id or mark.way == Way.AMENDMENT:
        return AMENDED
    return LATE if timezone.localdate(mark.marked_at) > mark.day else SIGNS[Way(mark.way)]


def _close(paper: Paper, y: float) -> None:
    legend = _(
        "P present, Ab absent, – not serving here on that day, empty: not marked. ° marked without "
        "a network, † marked by text, ‡ marked after the day, * amended after the register closed."
    )
    words = _(
        "Each of us signs for the days that are marked in our row. The marks above are what the "
        "portal holds under the code of this paper; paper with another code does not count."
    )
    y = paper.paragraph(9, y, 279, legend, 7.5) + 1
    y = paper.paragraph(9, y, 279, words, 8) - 1
    titles = [
        _("Centre Manager"),
        _("Stamp of the centre"),
        _("Sub-County Director of Education"),
        _("Stamp of the Sub-County Director of Education"),
    ]
    for place, title in enumerate(titles):
        _stamp(paper, 9 + place * 279 / 4, y, 279 / 4, title, signs=place % 2 == 0)


def _stamp(paper: Paper, x: float, y: float, width: float, title: str, *, signs: bool) -> None:
    paper.frame(x, y, width, 34)
    paper.paragraph(x + 1.5, y + 4, width - 3, title, 8, bold=True)
    for place, word in enumerate([_("Name"), _("Signature"), _("Date")] if signs else []):
        base = y + 14 + place * 8.5
        paper.text(x + 1.5, base, word, 7)
        paper.rule(x + 16, base + 0.5, x + width - 2, base + 0.5, dotted=True)


def print_sheet(entry: CentreEntry, day: date) -> bytes:
    """A day's list with empty boxes, to be marked by hand and texted or typed later."""
    paper = Paper(210, 297)
    title = _("Day sheet: %(day)s") % {"day": date_format(day, "l j F Y")}

    def next_page() -> float:
        paper.page()
        paper.text(9, 290, f"{entry.exam.short} · {entry.station.code} · {day:%Y-%m-%d}", 7.5)
        paper.text(9, 14, f"{title}, {entry.station}"[:110], 8, bold=True)
        return 18

    next_page()
    paper.pages[-1].pop()  # the first page has a head of its own
    y = _heading(paper, entry, title, 192)
    y = paper.paragraph(9, y + 1, 192, by_text(), 8)
    rows = [
        [str(line.number), _said(line), line.position, "", "", ""] for line in lines(entry, day)
    ]
    besides = _("Came instead, or besides (ID number):")
    rows += [["", besides, "", "", "", ""] for _n in range(2)]
    columns = [
        Column("#", 9, bold=True, size=9),
        Column(_("Name"), 80, left=True, size=8.5),
        Column(_("Position"), 35, left=True, size=8),
        Column("P", 12, box=True),
        Column("Ab", 12, box=True),
        Column(_("Signature"), 44),
    ]
    y = paper.table(y, columns, rows, row=8, bottom=282, next_page=next_page)
    if y + 40 > 282:
        y = next_page()
    _stamp(paper, 9, y + 4, 96, _("Centre Manager"), signs=True)
    return _finished(paper, title, "")


def _said(line: Line) -> str:
    if not line.elsewhere:
        return line.officer
    elsewhere = _("Marked at %(station)s") % {"station": line.elsewhere}
    return f"{line.officer} ({elsewhere})"


def by_text() -> str:
    """How a register is marked where there is no network; it stands on every list."""
    return _(
        "No network? Text to %(shortcode)s from the Centre Manager's phone, or from a phone that "
        "the centre has registered: PRESENT if all came, or ABSENT 3 7 with the numbers of those "
        "who did not. With two exams on one day put the exam behind the first word: ABSENT KCSE 3 "
        "7. The answer says what was understood; text again to correct it."
    ) % {"shortcode": settings.SMS_SHORTCODE}


def _finished(paper: Paper, title: str, code: str) -> bytes:
    """With the number of each page, and of how many."""
    pages = paper.pages[:]
    for number, page in enumerate(pages, 1):
        paper.pages.append(page)
        said = _("Page %(number)s of %(all)s") % {"number": number, "all": len(pages)}
        paper.text(paper.width - 9, paper.height - 7, said, 7.5, at=1)
        paper.pages.pop()
    return paper.to_bytes(title=f"{title} {code}".strip(), language=translation.get_language())
