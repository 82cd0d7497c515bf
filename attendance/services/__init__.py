"""Marks, registers and the signed return: who was there, and who says so."""

from attendance.services.amending import amend
from attendance.services.centre_reports import (
    report_incident,
    report_no_shows,
    settle,
    settle_no_show,
)
from attendance.services.handing_over import hand_over, take_over
from attendance.services.marking import mark_all
from attendance.services.people import give_distance, name_person, note_list_taken
from attendance.services.reporting import write_report
from attendance.services.returns import code_of, receive, sign, stamp
from attendance.services.slips import hand_out

__all__ = [
    "amend",
    "code_of",
    "give_distance",
    "hand_out",
    "hand_over",
    "mark_all",
    "name_person",
    "note_list_taken",
    "receive",
    "report_incident",
    "report_no_shows",
    "settle",
    "settle_no_show",
    "sign",
    "stamp",
    "take_over",
    "write_report",
]
