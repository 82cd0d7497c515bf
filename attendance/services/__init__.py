"""Marks, registers and the signed return: who was there, and who says so."""

from attendance.services.amending import amend
from attendance.services.marking import mark_all
from attendance.services.people import give_distance, name_person, note_list_taken
from attendance.services.phones import ask_code, confirm_phone, managers, remove_phone
from attendance.services.returns import (
    code_of,
    codes_of,
    receive,
    receive_all,
    sign,
    stamp,
    stamp_all,
    with_changes,
)
from attendance.services.slips import hand_out

__all__ = [
    "amend",
    "ask_code",
    "code_of",
    "codes_of",
    "confirm_phone",
    "give_distance",
    "hand_out",
    "managers",
    "mark_all",
    "name_person",
    "note_list_taken",
    "receive",
    "receive_all",
    "remove_phone",
    "sign",
    "stamp",
    "stamp_all",
    "with_changes",
]
