"""The gateway's replies, each held against what must become of the text. The gateway is a stub
on this machine that speaks real HTTP."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from django.test import override_settings

from sms.backends import (
    Accepted,
    GatewayError,
    NoAnswer,
    NotSent,
    OutOfService,
    Rejected,
    _backend,
)


class Gateway(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.calls.append((self.headers, parse_qs(self.rfile.read(length).decode())))
        status, kind, body = self.server.reply
        if status is None:  # take it and hang up
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def gateway(status, body=b"", kind="application/json") -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    server.calls, server.reply = [], (status, kind, body)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    settings = override_settings(
        AFRICASTALKING_URL=f"http://127.0.0.1:{server.server_port}/version1/messaging",
        AFRICASTALKING_USERNAME="knec",
        AFRICASTALKING_API_KEY="the-key",
        AFRICASTALKING_SENDER="KNEC",
    )
    try:
        with settings:
            yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send_all(*numbers):
    return _backend("sms.backends.africastalking").send(numbers, "KNEC CP2: hello")


def send():
    [outcome] = send_all("254712345678")
    if isinstance(outcome, GatewayError):
        raise outcome
    return outcome


def said(code, status="Success", **more):
    recipient = {
        "statusCode": code,
        "number": "+254712345678",
        "status": status,
        "cost": "KES 0.8000",
        "messageId": "ATXid_1",
        **more,
    }
    return json.dumps({"SMSMessageData": {"Message": "Sent", "Recipients": [recipient]}}).encode()


@pytest.mark.parametrize("code", [100, 101, 102])
def test_accepted_text_gives_its_id_and_cost(code):
    with gateway(201, said(code)) as server:
        accepted = send()

    assert (accepted.provider_id, str(accepted.cost)) == ("ATXid_1", "0.8000")
    headers, form = server.calls[0]
    assert headers["apiKey"] == "the-key"
    assert form == {
        "username": ["knec"],
        "to": ["+254712345678"],
        "message": ["KNEC CP2: hello"],
        "bulkSMSMode": ["1"],
        "from": ["KNEC"],
    }


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        *[(code, OutOfService) for code in (401, 402, 405)],
        *[(code, Rejected) for code in (403, 404, 406, 407, 409)],
        *[(code, NotSent) for code in (500, 501, 502, 999, "odd", None)],
    ],
)
def test_code_of_the_recipient_decides(code, outcome):
    with gateway(201, said(code, "Refused")), pytest.raises(outcome, match=str(code)):
        send()


@pytest.mark.parametrize(
    ("status", "body", "kind", "outcome"),
    [
        (
            201,
            b'{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]}}',
            "application/json",
            OutOfService,
        ),
        (201, b'{"SMSMessageData":{"Message":"","Recipients":[]}}', "text/html", OutOfService),
        (
            201,
            b'{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: KES 0.8","Recipients":[]}}',
            "application/json",
            NoAnswer,
        ),
        (
            201,
            b'{"SMSMessageData":{"Message":"Sent to 0/1 Total Cost: 0","Recipients":[]}}',
            "application/json",
            NotSent,
        ),
        (401, b"The supplied authentication is invalid", "text/plain", OutOfService),
        (400, b"Must have username in your request", "text/plain", NotSent),
        (429, b"slow down", "text/plain", NotSent),
        (500, b"oops", "text/plain", NotSent),
        (503, b"<html>maintenance</html>", "text/html", NotSent),
        (504, b"<html>the sender did not answer me</html>", "text/html", NoAnswer),
        (200, b"<html>maintenance</html>", "text/html", NoAnswer),
        (204, b"", "application/json", NoAnswer),
        (301, b"", "application/json", NoAnswer),
        (200, b"not json", "application/json", NoAnswer),
        (200, b"[1]", "application/json", NoAnswer),
        (200, b"\xff\xfe", "application/json", NoAnswer),
        (200, b"[" * 60_000, "application/json", NoAnswer),
        (200, b'{"SMSMessageData": {"Recipients": 7}}', "application/json", NoAnswer),
        (200, b'{"SMSMessageData": {"Recipients": [7]}}', "application/json", NoAnswer),
        (
            200,
            b'{"SMSMessageData": {"Recipients": [' + b" " * 100_000,
            "application/json",
            NoAnswer,
        ),
        (None, b"", "", NoAnswer),
    ],
)
def test_other_replies(status, body, kind, outcome):
    with gateway(status, body, kind), pytest.raises(outcome):
        send()


def test_charset_after_the_content_type_changes_nothing():
    with gateway(201, said(101), "application/json; charset=utf-8"):
        assert send().provider_id == "ATXid_1"


def test_refused_connection_surely_sent_nothing():
    with gateway(201) as server:
        port = server.server_port
    with (
        override_settings(AFRICASTALKING_URL=f"http://127.0.0.1:{port}/"),
        pytest.raises(NotSent),
    ):
        send()


def test_address_that_cannot_be_one_is_for_a_person_to_put_right():
    for address in ("", "gateway", "ftp://127.0.0.1/"):
        with override_settings(AFRICASTALKING_URL=address), pytest.raises(OutOfService):
            send()


def test_silence_is_no_answer():
    silent = socket.create_server(("127.0.0.1", 0))
    with (
        silent,
        override_settings(
            AFRICASTALKING_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/", SMS_TIMEOUT=0.2
        ),
        pytest.raises(NoAnswer),
    ):
        send()


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 201 Created\r\nX-Patience: ", b"HTTP/1.1 201 OK\r\n\r\n"]
)
def test_server_that_drips_has_no_more_time_than_a_silent_one(said):
    """In its headers or in its body: each byte would start a time-out per read afresh."""
    server = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.sendall(said)
            while True:
                connection.sendall(b".")
                time.sleep(0.05)

    dripping = threading.Thread(target=drip)
    dripping.start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    began = time.monotonic()
    with (
        server,
        override_settings(AFRICASTALKING_URL=url, SMS_TIMEOUT=0.4),
        pytest.raises(NoAnswer),
    ):
        send()
    assert time.monotonic() - began < 2
    dripping.join()


# Many in one call


NUMBERS = [f"2547000000{n:02}" for n in range(100)]


def named(number, code=101, **more):
    recipient = {"statusCode": code, "number": number, "status": "Said", "cost": "KES 0.8000"}
    return recipient | {"messageId": f"id-{number}"} | more


def replied(*recipients):
    return json.dumps({"SMSMessageData": {"Message": "Sent", "Recipients": recipients}}).encode()


def test_a_hundred_numbers_go_in_one_call():
    with gateway(201, replied(*[named(f"+{number}") for number in NUMBERS])) as server:
        outcomes = send_all(*NUMBERS)

    assert [outcome.provider_id for outcome in outcomes] == [f"id-+{number}" for number in NUMBERS]
    [(_, form)] = server.calls
    assert form["to"] == [",".join(f"+{number}" for number in NUMBERS)]
    assert form["enqueue"] == ["1"]


def test_more_than_a_call_may_hold_is_a_mistake_of_ours():
    with gateway(201) as server, pytest.raises(ValueError, match="too many"):
        send_all(*NUMBERS, "254711111111")

    assert server.calls == []


def test_each_number_gets_its_own_outcome_whatever_the_order_of_the_reply():
    one, two, three, four = NUMBERS[:4]
    reply = replied(
        named(three, 406), named(f"+{one}"), {"number": None}, named(f"0{two[3:]}", 500)
    )
    with gateway(201, reply):
        outcomes = send_all(one, two, three, four)

    assert [type(outcome) for outcome in outcomes] == [Accepted, NotSent, Rejected, NoAnswer]


def test_accepted_text_without_an_id_or_a_cost_is_accepted_all_the_same():
    odd = {"messageId": None, "cost": "free"}
    with gateway(201, replied(named(NUMBERS[0], **odd), named(NUMBERS[1], cost="KES NaN"))):
        [first, second] = send_all(*NUMBERS[:2])

    assert (first.provider_id, first.cost, second.cost) == ("", None, None)


def test_helpdesk_reads_what_is_wrong_with_a_number():
    with gateway(201, said(406, "UserInBlacklist")), pytest.raises(Rejected) as caught:
        send()

    assert str(caught.value) == (
        "UserInBlacklist (406): the phone's owner has blocked texts of this kind"
    )


def test_no_error_holds_the_text_or_the_number():
    with gateway(201, said(403, "InvalidPhoneNumber")), pytest.raises(Rejected) as caught:
        send()

    assert "712345678" not in str(caught.value)
    assert "hello" not in str(caught.value)
