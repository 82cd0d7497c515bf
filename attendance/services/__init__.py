"""Marks, registers and the signed return: who was there, and who says so."""

from attendance.services.amending import amend, ask, grant, grant_all, refuse, withdraw
from attendance.services.centre_reports import (
    report_incident,
    report_no_shows,
    settle_no_show,
    settle_report,
)
from attendance.services.copies import Sent, deliver, settle_copy
from attendance.services.handing_over import hand_over, take_over
from attendance.services.marking import mark_all
from attendance.services.people import give_distance, name_person, note_list_taken
from attendance.services.phones import ask_code, confirm_phone, managers, remove_phone
from attendance.services.reporting import write_report
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
from attendance.services.second_looks import find_due, look_at
from attendance.services.slips import hand_out

__all__ = [
    "Sent",
    "amend",
    "ask",
    "ask_code",
    "code_of",
    "codes_of",
    "confirm_phone",
    "deliver",
    "find_due",
    "give_distance",
    "grant",
    "grant_all",
    "hand_out",
    "hand_over",
    "look_at",
    "managers",
    "mark_all",
    "name_person",
    "note_list_taken",
    "receive",
    "receive_all",
    "refuse",
    "remove_phone",
    "report_incident",
    "report_no_shows",
    "settle_copy",
    "settle_no_show",
    "settle_report",
    "sign",
    "stamp",
    "stamp_all",
    "take_over",
    "with_changes",
    "withdraw",
    "write_report",
]
