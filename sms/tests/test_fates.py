"""What is said of each text, in every state and for every reason that gateways give."""

from datetime import timedelta
from itertools import product

import pytest
import time_machine
from django.utils import timezone, translation

from cp2.tests.make import moment
from sms import fates
from sms.fates import Reason, because, fate, outcome, reason_of, remedy
from sms.models import Kind, Message, MessageStatus

CODE = "*456*9*5*5*1#"
NOW = "2026-11-03 10:10"

# As the gateway's documents, its replies and our own services word them.
KNOWN = {
    "UserInBlacklist (406)": Reason.BLOCKED,
    "UserInBlacklist (406): the phone's owner has blocked texts of this kind": Reason.BLOCKED,
    "UserInBlackList": Reason.BLOCKED,
    "refused (406)": Reason.BLOCKED,
    "DoNotDisturbRejection (409)": Reason.BLOCKED,
    "DoNotDisturbRejection": Reason.BLOCKED,
    "Blacklisted": Reason.BLOCKED,
    "AbsentSubscriber": Reason.OUT_OF_REACH,
    "absent subscriber": Reason.OUT_OF_REACH,
    "Unreachable": Reason.OUT_OF_REACH,
    "Expired": Reason.OUT_OF_REACH,
    "UserIsInactive": Reason.LINE_CLOSED,
    "UserAccountSuspended": Reason.LINE_CLOSED,
    "InvalidPhoneNumber (403): not a number that exists": Reason.WRONG_NUMBER,
    "UnsupportedNumberType (404): not a mobile number": Reason.WRONG_NUMBER,
    "CouldNotRoute (407): no network takes texts for this number": Reason.WRONG_NUMBER,
    "UserDoesNotExist": Reason.WRONG_NUMBER,
    "NotNetworkSubscriber": Reason.WRONG_NUMBER,
    "InsufficientBalance (405)": Reason.OURS,
    "InvalidSenderId (402): bad sender": Reason.OURS,
    "RiskHold (401): risk hold": Reason.OURS,
    "the gateway refused our account (403)": Reason.OURS,
    "the gateway's address or key cannot be right": Reason.OURS,
    "it cannot be sent: see the worker's log": Reason.NOT_WRITTEN,
    "no account has this number": Reason.NO_ACCOUNT,
    "the account has another number now": Reason.NOT_WANTED,
    "nobody waits for this code any more": Reason.NOT_WANTED,
    "DeliveryFailure": Reason.UNCLEAR,
    "InternalServerError (500)": Reason.UNCLEAR,
    "RejectedByGateway (502)": Reason.UNCLEAR,
    "no connection to the gateway": Reason.UNCLEAR,
    "the gateway answered 503": Reason.UNCLEAR,
    "something that nobody has seen before": Reason.UNCLEAR,
    "": Reason.UNCLEAR,
}


@pytest.fixture(autouse=True)
def ten_past_ten():
    with time_machine.travel(moment(NOW), tick=False):
        yield


def text(status, **fields):
    at = moment("2026-11-03 10:00")
    defaults = {
        "to": "254712345678",
        "kind": Kind.NOTICE,
        "text": "KNEC CP2: x",
        "not_before": at,
        "created_at": at,
    }
    if status == MessageStatus.DELIVERED:
        defaults["delivered_at"] = moment("2026-11-03 10:02")
    return Message(status=status, **{**defaults, **fields})


def password(status, **fields):
    return text(status, **{"kind": Kind.CREDENTIALS, "text": "", **fields})


@pytest.mark.parametrize(("failure", "reason"), KNOWN.items())
def test_each_known_reason_is_understood(failure, reason):
    assert reason_of(failure) == reason


def test_every_reason_occurs():
    assert set(KNOWN.values()) == set(Reason)


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("status", MessageStatus)
def test_every_text_has_words_and_whatever_did_not_arrive_says_what_to_do(status, language):
    for failure, kind in product(KNOWN, Kind):
        with translation.override(language):
            told = fate(text(status, failure=failure, kind=kind))

        assert told.status == status
        assert told.words
        assert bool(told.advice) == (status != MessageStatus.DELIVERED)
        assert "%(" not in told.words + told.advice


@pytest.mark.parametrize(
    ("message", "words", "advice"),
    [
        (text("queued"), "Waiting", "It leaves by itself, mostly within seconds."),
        (
            text("queued", not_before=moment("2026-11-04 07:00")),
            "Waiting for its time",
            "It leaves by itself on 4 Nov at 07:00.",
        ),
        (
            text("queued", not_before=moment("2026-11-03 10:15"), attempts=2),
            "Waiting: the gateway could not take it",
            "It leaves by itself at 10:15.",
        ),
        (text("sending"), "Being sent", "It leaves by itself, mostly within seconds."),
        (
            text("sent", sent_at=moment("2026-11-03 10:09")),
            "Sent at 10:09, waiting for the phone",
            "Keep the phone switched on, where it has signal.",
        ),
        (
            password("sent", sent_at=moment("2026-11-03 09:00")),
            "Sent at 09:00; the network has not said whether it came",
            "Keep the phone switched on, where it has signal. "
            "If it has not come, ask for a new one.",
        ),
        (text("delivered"), "Delivered at 10:02", ""),
        (
            text("delivered", delivered_at=moment("2026-11-01 08:30")),
            "Delivered on 1 Nov at 08:30",
            "",
        ),
        (
            password("failed", failure="UserInBlacklist (406)"),
            "Not delivered: the line blocks texts from companies",
            f"Dial {CODE} on this line and wait a minute. Then ask for a new one.",
        ),
        (
            text("failed", failure="DoNotDisturbRejection (409)"),
            "Not delivered: the line blocks texts from companies",
            f"Dial {CODE} on this line and wait a minute.",
        ),
        (
            password("failed", failure="AbsentSubscriber"),
            "Not delivered: the phone was off or out of reach",
            "Switch the phone on where it has signal. Then ask for a new one.",
        ),
        (
            password("failed", failure="no account has this number"),
            "Not delivered: no account has this number",
            "Ask with the number that the account was opened with, or create an account.",
        ),
        (
            password("unknown"),
            "Not known whether it left",
            "It may still come. If it has not come after 10 minutes, ask for a new one.",
        ),
        (
            text("unknown"),
            "Not known whether it left",
            "It may have come all the same. Its words stand here.",
        ),
        (
            text("held", failure="InsufficientBalance (405)"),
            "Held: texts cannot leave at the moment",
            "The fault is ours and we are on it. It will leave by itself.",
        ),
    ],
)
def test_it_is_said_in_these_words(message, words, advice):
    told = fate(message)

    assert (told.words, told.advice) == (words, advice)


def test_while_no_text_can_leave_what_waits_says_so():
    told = fate(text("queued"), stopped=True)

    assert told.words == "Waiting: texts cannot leave at the moment"
    assert told.advice == "The fault is ours and we are on it. It will leave by itself."


def test_code_that_opens_a_line_is_for_the_network_that_has_it():
    assert CODE in remedy(Reason.BLOCKED)
    assert CODE in remedy(Reason.BLOCKED, "63902")
    assert CODE in remedy(Reason.BLOCKED, "63999999")
    airtel = remedy(Reason.BLOCKED, "63903")
    assert CODE not in airtel
    assert airtel.startswith("Ask Airtel's customer care")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason):
    assert because(reason)
    assert remedy(reason)


def test_networks_go_by_name_and_an_unknown_one_by_its_number():
    assert fates.network_name("63902") == "Safaricom"
    assert fates.network_name("12345") == "12345"
    assert fates.network_name("") == "Not known yet"


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        ("", "Not read yet."),
        ("done", "Done."),
        ("password promised", "A new password was promised."),
        ("answered: accounts/unknown_number", "Answered that this number has no account."),
        ("answered: sms/help", "Answered."),
        ("silent: answered today already", "Not answered: it was once today already."),
        ("ignored: another short code", "Ignored: sent to another short code."),
        ("ignored: not a Kenyan mobile", "Ignored: not from a Kenyan mobile."),
        ("failed: see the worker's log", "It could not be answered: the fault is ours."),
        ("something new", "something new"),
    ],
)
def test_what_was_done_about_a_text_in_is_said_in_words(noted, said):
    assert outcome(noted) == said


def test_report_may_take_its_time_before_it_is_missed():
    at = timezone.now() - fates.REPORT_COMES_WITHIN

    assert "waiting for the phone" in fate(text("sent", sent_at=at + timedelta(seconds=1))).words
    assert "has not said" in fate(text("sent", sent_at=at)).words
