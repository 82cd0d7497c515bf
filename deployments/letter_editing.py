"""Headquarters' own words for letters: begun from what there is, written, published, then kept."""

from django.db import IntegrityError, transaction
from django.db.models import Max, TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.services import record
from catalogue.models import Exam, Position
from cp2.rules import Refused, lock
from deployments import letter_texts
from deployments.letter_texts import Words
from deployments.models import LetterText


class Start(TextChoices):
    NEWEST = "newest", gettext_lazy("The newest words for this choice")
    LAST_YEAR = "last_year", gettext_lazy("The words of the same exam in an earlier year")
    OWN = "own", gettext_lazy("The portal's own words")


def begin(
    *, exam: Exam | None, position: Position, language: str, start: str, by: User
) -> LetterText:
    """A draft to be edited. Nothing is printed in its words before it is published."""
    words = _to_start_from(exam, position, language, start)
    there = LetterText.objects.of(exam=exam, position=position, language=language)
    if draft := there.filter(published_at=None).first():
        raise Refused(
            _("There is a draft for this already: %(draft)s. Edit or publish that one.")
            % {"draft": draft}
        )
    newest = there.aggregate(version=Max("version"))["version"] or 0
    try:
        with transaction.atomic():
            text = LetterText.objects.create(
                exam=exam,
                position=position,
                language=language,
                version=newest + 1,
                **words._asdict(),
            )
            record("letter_text.begun", text, by=by, start=start, version=text.version)
    except IntegrityError as error:
        raise Refused(_("Somebody else has just begun a draft for this. Look again.")) from error
    return text


def _to_start_from(exam: Exam | None, position: Position, language: str, start: str) -> Words:
    if start == Start.OWN:
        marks = letter_texts.marks(position, exam)
        return letter_texts.own_words(position, language, marks=marks)._replace(series="")
    found = LetterText.objects.filter(position=position, language=language)
    if start == Start.NEWEST:
        found = found.filter(exam=exam)
    elif exam is None:
        raise Refused(_("Words for every exam have no earlier year. Choose others to start from."))
    else:
        earlier = Exam.objects.filter(abbreviation=exam.abbreviation, year__lt=exam.year)
        found = found.published().filter(exam__in=earlier).order_by("-exam__year", "-version")
    text = found.order_by(*(found.query.order_by or ["-version"])).first()
    if text is None:
        raise Refused(_("There are no such words yet. Start from the portal's own."))
    return letter_texts.words_of(text)


@transaction.atomic
def write(text: LetterText, *, by: User) -> LetterText:
    """Keep what was typed into a draft."""
    stored = lock(text)
    if stored.published_at:
        raise Refused(_("This text was published, so it stays as it is. Start a new version."))
    text.save(update_fields=["series", "subject", "paragraphs", "closing"])
    record("letter_text.written", text, by=by, version=text.version)
    return text


@transaction.atomic
def publish(text: LetterText, *, by: User) -> LetterText:
    """From now on letters are printed in these words. Twice is the same as once."""
    text = lock(text)
    if text.published_at:
        return text
    if not letter_texts.as_list(text.paragraphs):
        raise Refused(_("This text has no paragraph yet."))
    text.published_at = timezone.now()
    text.save(update_fields=["published_at"])
    record("letter_text.published", text, by=by, version=text.version)
    return text
