"""HELP (MSAADA) by text: what may be sent, and a question that follows it opens an enquiry. The
roof's settings tie these words here."""

import re
from datetime import datetime

from django.utils import translation
from django.utils.text import Truncator

import attendance.keywords
from accounts.models import User
from accounts.services import tell
from catalogue.models import Exam
from cp2.limits.services import Limited, take
from cp2.rules import Refused
from deployments.keywords import owner
from enquiries import services
from enquiries.models import Category, Topic, Way
from profiles.fields import is_hidden, tidy
from profiles.models import Officer
from sms.services import send_once_a_day

LIMIT = "enquiry.text"
SHORTEST = 12  # characters, of two words or more: “me please” is no question
SUBJECT = 60


def help_(sender: str, words: str, at: datetime) -> str:
    """HELP alone says what may be texted. With a question it asks it, for an officer whose
    sub-county is known; a stranger hears how to text, and how to register."""
    question = _readable(words)
    if len(question) < SHORTEST or " " not in question:
        return attendance.keywords.help_(sender, words, at)
    user = owner(sender)
    officer = (
        Officer.objects.select_related("user", "sub_county").filter(user=user).first()
        if user
        else None
    )
    if user is None or officer is None:
        return attendance.keywords.help_(sender, words, at)
    if officer.sub_county is None:
        return send_once_a_day(sender, "enquiries/no_place", language=user.language)
    return _ask(user, officer, question)


def _ask(user: User, officer: Officer, question: str) -> str:
    try:
        take((LIMIT, str(user.phone)))
    except Limited as limited:
        send_once_a_day(str(user.phone), "enquiries/enough", language=user.language)
        return f"refused: {limited.name}"
    topic = topic_of(question)
    try:
        with translation.override(user.language):
            asked = services.ask(
                officer,
                by=user,
                sub_county=officer.sub_county,
                category=topic.category if topic else Category.OTHER,
                topic=topic,
                exam=exam_of(question),
                payee_phone=officer.payee_phone,
                subject=subject_of(question),
                text=question,
                way=Way.TEXT,
            )
    except Refused as refusal:
        tell(user, "enquiries/refused", why=str(refusal))
        return "answered: enquiries/refused"
    tell(user, "enquiries/noted", number=asked.pk, day=asked.answer_by)
    return f"enquiry {asked.pk}"


def _readable(words: str) -> str:
    """On one line, without what nobody can see."""
    spaced = " ".join(words.split())
    return tidy("".join(char for char in spaced if not is_hidden(char)))[:2000]


def subject_of(question: str) -> str:
    """Its first words."""
    return Truncator(question).chars(SUBJECT, truncate="…")


def topic_of(question: str) -> Topic | None:
    """The first, in the order of the list, one of whose words is among those of the question."""
    said = set(re.findall(r"\w+", question.lower()))
    for topic in Topic.objects.offered().exclude(words=""):
        if said & set(topic.words.lower().split()):
            return topic
    return None


def exam_of(question: str) -> Exam | None:
    """The newest of those that are named as everybody names them."""
    said = set(re.findall(r"[A-Z]+", question.upper()))
    exams = Exam.objects.filter(abbreviation__in=said)
    return exams.order_by("-ends_on", "-pk").first()
