"""The same rows as two files: JSON that a machine can read, and a PDF that a person can."""

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language

from accounts.models import User
from cp2.mydata.gather import Person, collect
from cp2.mydata.parts import handed_out
from cp2.mydata.seen import looks
from cp2.mydata.words import Section, Teller, sections
from deployments.pdf import press

STYLESHEET = Path(settings.BASE_DIR) / "templates" / "pdf" / "cp2" / "own_data.css"
# On paper. A cell of a table costs ten times as much time as its words in a line.
MOST_COLUMNS = 7
MOST_TABLE = 20
MOST_LINES = 1000

if TYPE_CHECKING:
    from weasyprint import CSS


@lru_cache(maxsize=1)
def stylesheet() -> "CSS":
    """Read once, since the fonts that it names are slow to unpack."""
    ours = press()

    from weasyprint import CSS

    return CSS(string=STYLESHEET.read_text(), url_fetcher=ours.fetcher, font_config=ours.fonts)


class OwnData:
    """Gathered once, for a file of it."""

    def __init__(self, user: User) -> None:
        self.person = Person(user)
        self.sections = sections(collect(self.person))
        self.teller = Teller(self.person.accounts)
        self.at = timezone.localtime()

    @property
    def count(self) -> int:
        return sum(len(section.rows) for section in self.sections)

    def as_json(self) -> bytes:
        told = {
            "made_at": self.at.isoformat(),
            "made_by": settings.SITE_URL,
            "language": get_language(),
            "of": self.person.user.username,
            "looked_at_by": looks(self.person),
            "sections": {section.key: self._for_machines(section) for section in self.sections},
        }
        return json.dumps(told, ensure_ascii=False, indent=1).encode()

    def _for_machines(self, section: Section) -> dict[str, Any]:
        return {
            "title": section.title,
            "why": str(section.group.why),
            "kept": str(section.group.kept),
            "labels": {
                field.name: str(capfirst(str(field.verbose_name)))
                for field in handed_out(section.model)
            },
            "rows": [self.teller.row(row) for row in section.rows],
        }

    def as_pdf(self) -> bytes:
        from weasyprint import HTML  # slow to load, and few processes need it

        context = {
            "user": self.person.user,
            "at": self.at,
            "site": settings.SITE_URL,
            "looks": looks(self.person),
            "groups": self._for_people(),
        }
        html = render_to_string("pdf/cp2/own_data.html", context)
        ours = press()
        printed: bytes = HTML(string=html, url_fetcher=ours.fetcher).write_pdf(
            stylesheets=[stylesheet()], font_config=ours.fonts
        )
        return printed

    def _for_people(self) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = []
        for section in self.sections:
            if not groups or groups[-1]["group"] is not section.group:
                groups.append({"group": section.group, "tables": []})
            groups[-1]["tables"].append(self._table(section))
        return groups

    def _table(self, section: Section) -> dict[str, Any]:
        """A table if it is a small one; a line for each row if there are many; else lists."""
        rows = [list(self.teller.cells(row)) for row in section.rows[-MOST_LINES:]]
        labels = {name: label for row in rows for name, label, words in row if words}
        if len(labels) > 1:
            labels.pop("id", None)
        said = [{name: words for name, _label, words in row} for row in rows]
        told: dict[str, Any] = {"title": section.title, "all": len(section.rows)}
        if len(rows) < len(section.rows):
            told["newest"] = len(rows)
        if len(rows) > MOST_TABLE:
            told["lines"] = [_line(row, labels) for row in said]
        elif len(rows) > 1 and len(labels) <= MOST_COLUMNS:
            told["labels"] = list(labels.values())
            told["rows"] = [[row.get(name, "") for name in labels] for row in said]
        else:
            told["lists"] = [_filled(row, labels) for row in said]
        return told


def _line(row: dict[str, str], labels: dict[str, str]) -> str:
    return " · ".join(f"{label}: {words}" for label, words in _filled(row, labels))


def _filled(row: dict[str, str], labels: dict[str, str]) -> list[tuple[str, str]]:
    return [(label, row[name]) for name, label in labels.items() if row.get(name)]
