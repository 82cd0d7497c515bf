"""A question, what is said about it, and who must answer it now."""

from enquiries.services.answering import answer, close, escalate, note, reply
from enquiries.services.asking import MOST_WAITING, appeal_of, ask
from enquiries.services.many import MOST_AT_ONCE, Tally, answer_many, close_many
from enquiries.services.rules import latest_reply
from enquiries.services.taking import give_back, take

__all__ = [
    "MOST_AT_ONCE",
    "MOST_WAITING",
    "Tally",
    "answer",
    "answer_many",
    "appeal_of",
    "ask",
    "close",
    "close_many",
    "escalate",
    "give_back",
    "latest_reply",
    "note",
    "reply",
    "take",
]
