"""The papers that are marked at one marking centre, and who is asked to mark them. The others have
examiners of no named paper."""

from catalogue.models import DutyStation, Exam, MarkingEntry, Position, PositionTerms, StationKind
from cp2.season import draws

OLDEST = 50


def make_papers(exam: Exam) -> None:
    """A position for each paper, on the terms of examiners at large but trained, of the subject,
    and not too old."""
    for row in draws.table("papers", draws.DATA):
        position, _made = Position.objects.get_or_create(
            code=row["code"],
            defaults={
                "name": row["name"],
                "rank": row["rank"],
                "subject_id": row["subject"],
                "paper": row["paper"],
            },
        )
        terms = PositionTerms.objects.get(exam=exam, position__code="EXM")
        terms.pk, terms._state.adding = None, True
        terms.position = position
        terms.subject_required = terms.training_required = True
        terms.oldest = OLDEST
        terms.save()


def open_centre(exam: Exam) -> None:
    """The first marking centre takes so many examiners of each."""
    centres = DutyStation.objects.filter(kind=StationKind.MARKING_CENTRE).order_by("pk")
    positions = Position.objects.in_bulk(field_name="code")
    MarkingEntry.objects.bulk_create(
        MarkingEntry(
            exam=exam,
            station=station,
            position=positions[row["code"]],
            officers=row["officers"],
        )
        for station in centres[:1]
        for row in draws.table("papers", draws.DATA)
    )
