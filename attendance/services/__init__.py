"""Marks, registers and the signed return: who was there, and who says so."""

from attendance.services.amending import amend
from attendance.services.copies import Sent, deliver, settle
from attendance.services.marking import mark_all
from attendance.services.people import give_distance, name_person, note_list_taken
from attendance.services.returns import code_of, receive, sign, stamp
from attendance.services.slips import hand_out

__all__ = [
    "Sent",
    "amend",
    "code_of",
    "deliver",
    "give_distance",
    "hand_out",
    "mark_all",
    "name_person",
    "note_list_taken",
    "receive",
    "settle",
    "sign",
    "stamp",
]
