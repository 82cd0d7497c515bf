"""The gateway's replies, each held against what must become of the text. The gateway is a stub
on this machine that speaks real HTTP."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import httpx
import pytest
from django.test import override_settings

from sms.backends import NoAnswer, NotSent, OutOfService, Rejected, africastalking


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


def send():
    backend = africastalking.Backend()
    with backend.client:
        return backend.send("254712345678", "KNEC CP2: hello")


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
        *[(code, NotSent) for code in (500, 501, 502, 999)],
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
        (401, b"The supplied authentication is invalid", "text/plain", OutOfService),
        (429, b"slow down", "text/plain", NotSent),
        (500, b"oops", "text/plain", NotSent),
        (503, b"<html>maintenance</html>", "text/html", NotSent),
        (200, b"<html>maintenance</html>", "text/html", NoAnswer),
        (204, b"", "application/json", NoAnswer),
        (301, b"", "application/json", NoAnswer),
        (200, b"not json", "application/json", NoAnswer),
        (200, b"[1]", "application/json", NoAnswer),
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


def test_silence_is_no_answer(monkeypatch):
    monkeypatch.setattr(africastalking, "TIMEOUT", httpx.Timeout(0.2))
    silent = socket.create_server(("127.0.0.1", 0))
    with (
        silent,
        override_settings(AFRICASTALKING_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/"),
        pytest.raises(NoAnswer),
    ):
        send()


def test_no_error_holds_the_text_or_the_number():
    with gateway(201, said(403, "InvalidPhoneNumber")), pytest.raises(Rejected) as caught:
        send()

    assert "712345678" not in str(caught.value)
    assert "hello" not in str(caught.value)
