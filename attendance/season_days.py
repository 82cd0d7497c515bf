"""The season so far, from the lines of its days: by day for the picture, by centre for the list."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from attendance.owed import Line

HEIGHT = 100  # of the picture: of a hundred
STEP, BAR = 10, 8  # from one day's bar to the next
FEWEST = 20  # days that there is room for


@dataclass
class Tally:
    owed: int = 0
    on_time: int = 0
    late: int = 0
    amended: int = 0
    missed: int = 0
    expected: int = 0
    present: int = 0
    absent: int = 0

    def take(self, line: Line) -> None:
        self.owed += 1
        self.on_time += line.marked_at is not None and not line.is_late
        self.late += line.is_late
        self.amended += line.is_amended
        self.missed += line.is_missed
        self.expected += line.expected
        self.present += line.present
        self.absent += line.absent

    @property
    def marked(self) -> int:
        return self.on_time + self.late

    @property
    def still_open(self) -> int:
        """Not marked, and the centre still may."""
        return self.owed - self.marked - self.missed

    @property
    def share_on_time(self) -> int:
        return of_hundred(self.on_time, self.owed)

    @property
    def share_late(self) -> int:
        return of_hundred(self.late, self.owed)

    @property
    def share_amended(self) -> int:
        return of_hundred(self.amended, self.owed)

    @property
    def share_missed(self) -> int:
        return of_hundred(self.missed, self.owed)

    @property
    def share_present(self) -> int:
        """Of the officers who were expected."""
        return of_hundred(self.present, self.expected)


def of_hundred(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


# By day


@dataclass
class Exam:
    name: str
    days: list[tuple[date, Tally]]

    @property
    def chart_width(self) -> int:
        """Bars stay slim while there are few."""
        return max(len(self.days), FEWEST) * STEP

    @property
    def parts(self) -> Iterator[tuple[str, int, int, int]]:
        """Kind, from the left, from the top, height: each day's registers, of a hundred."""
        for place, (_day, tally) in enumerate(self.days):
            counts = {"on_time": tally.on_time, "late": tally.late, "missed": tally.missed}
            at = 0
            for kind, count in counts.items():
                if count:
                    ends = at + count
                    top = HEIGHT - HEIGHT * ends // tally.owed
                    height = HEIGHT - HEIGHT * at // tally.owed - top
                    yield kind, place * STEP, top, height
                    at = ends

    @property
    def line(self) -> str:
        """The share of officers who were there, as the points of a line; of days that are marked,
        since of a morning nobody knows yet."""
        return " ".join(
            f"{place * STEP + BAR // 2},{HEIGHT - tally.share_present}"
            for place, (_day, tally) in enumerate(self.days)
            if not tally.still_open
        )

    @property
    def labels(self) -> list[tuple[date, int]]:
        return [(day, place * STEP) for place, (day, _) in enumerate(self.days) if place % 5 == 0]


def exams(lines: Iterable[Line], names: dict[int, str]) -> list[Exam]:
    """Each exam's days, in their order; exams as they are listed elsewhere."""
    found: dict[int, dict[date, Tally]] = {}
    for line in lines:
        found.setdefault(line.exam_id, {}).setdefault(line.day, Tally()).take(line)
    return [Exam(names[pk], sorted(found[pk].items())) for pk in names if pk in found]


# By centre


@dataclass
class Centre:
    code: str
    name: str
    exam: str
    tally: Tally


def centres(lines: Iterable[Line], names: dict[int, str]) -> list[Centre]:
    """Who missed most, then who was late most, then whose officers were absent most."""
    found: dict[int, Centre] = {}
    for line in lines:
        centre = found.get(line.entry_id)
        if centre is None:
            exam = names.get(line.exam_id, "")
            centre = found[line.entry_id] = Centre(line.code, line.name, exam, Tally())
        centre.tally.take(line)
    return sorted(
        found.values(),
        key=lambda each: (
            -each.tally.missed, -each.tally.late, -each.tally.absent, each.code, each.exam
        ),
    )  # fmt: skip
