"""A gateway to test against: a process of its own on this machine that speaks the documented HTTP
interface, misbehaves as it is told, and keeps its own ledger of what it took.

    python sms/tests/stub_gateway.py [LEDGER]

prints its address, and answers

    POST /version1/messaging   as the gateway does, by the next word of the script
    POST /play                 JSON: script, then, pause, reports, callback
    GET  /ledger               JSON: calls, texts, and what its delivery reports were answered
    POST /forget               an empty ledger and good manners again

The script is a list of words, one for each call, `then` the word for all later calls:

    ok  slow  hang  drip  reset  drop  missing  500  502-html  429  204  301  not-json  html
    empty REASON     201 that names no recipient
    codes 101 405    201 with these codes for the recipients in turn

`drop` takes the texts and hangs up, so that nobody can tell. `missing` takes all and leaves the
last number out of its answer. `pause` is how many seconds `ok` and the like take, and `slow` ten
times as many. `reports` is how delivery reports are sent to `callback`:

    none  once  twice  many  early  reversed  failed-first  wrong-id  late
"""

import ctypes
import json
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

HANG = 60.0  # seconds
STATUS = {
    100: "Processed",
    101: "Success",
    102: "Queued",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
PAGES = {
    "500": (500, "text/plain", b"oops"),
    "502-html": (502, "text/html", b"<html><h1>Bad Gateway</h1></html>"),
    "429": (429, "text/plain", b"slow down"),
    "204": (204, "application/json", b""),
    "301": (301, "text/html", b""),
    "not-json": (200, "application/json", b"Sent to 1/1"),
    "html": (200, "text/html", b"<html>maintenance</html>"),
}
REPORTS = {
    "none": [],
    "once": ["Success"],
    "twice": ["Success", "Success"],
    "many": ["Success"] * 50,
    "early": ["Success"],
    "reversed": ["Success", "Buffered", "Sent"],
    "failed-first": ["Failed", "Success"],
    "wrong-id": ["Success"],
    "late": ["Success"],
}


class Gateway(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ledger: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.file = ledger.open("a") if ledger else None
        self.lock = threading.Lock()
        self.ids = count(1)
        self.forget()

    def forget(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []
        self.reported: list[int] = []
        self.play({})

    def play(self, orders: dict[str, Any]) -> None:
        self.script = list(orders.get("script", []))
        self.then = orders.get("then", "ok")
        self.pause = orders.get("pause", 0)
        self.reports = orders.get("reports", "none")
        self.callback = orders.get("callback", "")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has gone: that is part of the game."""

    def next_word(self) -> str:
        with self.lock:
            return str(self.script.pop(0) if self.script else self.then)

    def note_call(self, played: str, form: dict[str, str], numbers: list[str]) -> None:
        with self.lock:
            self.calls.append({"at": time.time(), "played": played, "form": form, "to": numbers})

    def take(self, number: str, text: str) -> str:
        """It is the network's now."""
        with self.lock:
            taken: dict[str, Any] = {
                "id": f"ATXid_{next(self.ids)}_{time.time_ns()}",
                "number": number,
                "text": text,
                "at": time.time(),
            }
            self.texts.append(taken)
            if self.file:
                self.file.write(json.dumps(taken) + "\n")
                self.file.flush()
        return str(taken["id"])

    def report(self, ids: list[str]) -> None:
        """What the phones said of these texts: one after the other, or all at the same moment."""
        if self.reports == "late":
            time.sleep(1)
        words = REPORTS[self.reports]
        for together in [words] if self.reports == "many" else [[word] for word in words]:
            posts = [
                threading.Thread(target=self.post_report, args=(one, word))
                for one in ids
                for word in together
            ]
            for post in posts:
                post.start()
            for post in posts:
                post.join()

    def post_report(self, provider_id: str, status: str) -> None:
        form = {"id": provider_id, "status": status, "phoneNumber": "+254700000000"}
        if self.reports == "wrong-id":
            form["id"] += "-of-another"
        if status == "Failed":
            form["failureReason"] = "AbsentSubscriber"
        request = urllib.request.Request(self.callback, urlencode(form).encode(), method="POST")
        for _ in range(5):  # who cannot be reached is asked again
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    status_code = answer.status
            except urllib.error.HTTPError as error:
                status_code = error.code
            except OSError:
                status_code = 0
                time.sleep(0.1)
                continue
            break
        with self.lock:
            self.reported.append(status_code)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Gateway

    def do_GET(self) -> None:
        with self.server.lock:
            ledger = {
                "calls": self.server.calls,
                "texts": self.server.texts,
                "reported": self.server.reported,
            }
            body = json.dumps(ledger).encode()
        self.answer(200, "application/json", body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        if self.path == "/play":
            self.server.play(json.loads(body))
            self.answer(200, "application/json", b"{}")
        elif self.path == "/forget":
            with self.server.lock:
                self.server.forget()
            self.answer(200, "application/json", b"{}")
        else:
            self.message({name: values[0] for name, values in parse_qs(body).items()})

    def message(self, form: dict[str, str]) -> None:
        numbers = form.get("to", "").split(",")
        word, _, rest = self.server.next_word().partition(" ")
        self.server.note_call(f"{word} {rest}".strip(), form, numbers)
        time.sleep(self.server.pause * (10 if word == "slow" else 1))
        if word in PAGES:
            self.answer(*PAGES[word])
        elif word in ("hang", "drip", "reset", "drop"):
            getattr(self, word)(form, numbers)
        elif word == "empty":
            self.said(rest or "InvalidSenderId", [])
        else:
            codes = [int(code) for code in rest.split()] or [101]
            self.take_all(form, numbers, codes, named=len(numbers) - (word == "missing"))

    def take_all(
        self, form: dict[str, str], numbers: list[str], codes: list[int], named: int
    ) -> None:
        recipients = [
            self.recipient(number, form["message"], code)
            for number, code in zip(numbers, cycle(codes), strict=False)
        ]
        ids = [each["messageId"] for each in recipients if each["messageId"] != "None"]
        if self.server.reports == "early":
            self.server.report(ids)
        self.said(f"Sent to {len(ids)}/{len(numbers)}", recipients[::-1][len(numbers) - named :])
        if self.server.reports != "early" and ids:
            threading.Thread(target=self.server.report, args=(ids,), daemon=True).start()

    def recipient(self, number: str, text: str, code: int) -> dict[str, Any]:
        took = code in (100, 101, 102)
        return {
            "statusCode": code,
            "number": number,
            "status": STATUS.get(code, "Refused"),
            "cost": "KES 0.8000" if took else "0",
            "messageId": self.server.take(number, text) if took else "None",
        }

    def said(self, message: str, recipients: list[dict[str, Any]]) -> None:
        body = {"SMSMessageData": {"Message": message, "Recipients": recipients}}
        self.answer(201, "application/json", json.dumps(body).encode())

    def answer(self, status: int, kind: str, body: bytes) -> None:
        with suppress(OSError):  # whoever asked may have been killed
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 301:
                self.send_header("Location", "/version1/messaging")
            self.end_headers()
            self.wfile.write(body)

    def hang(self, form: dict[str, str], numbers: list[str]) -> None:
        time.sleep(HANG)
        self.close_connection = True

    def drip(self, form: dict[str, str], numbers: list[str]) -> None:
        """A byte now and then, in the headers too: never silent, never done."""
        self.close_connection = True
        with suppress(OSError):
            for byte in b"HTTP/1.1 201 Created\r\nX-Patience: " + b"." * 1000:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)

    def reset(self, form: dict[str, str], numbers: list[str]) -> None:
        self.close_connection = True
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.connection.close()

    def drop(self, form: dict[str, str], numbers: list[str]) -> None:
        for number in numbers:
            self.server.take(number, form["message"])
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: Any) -> None:
        pass


class Stub:
    """The other end, for those who start one."""

    def __init__(self, ledger: Path | None = None) -> None:
        command = [sys.executable, __file__, *([str(ledger)] if ledger else [])]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        self.url = f"{self.address}/version1/messaging"

    def play(self, *script: str, **orders: Any) -> None:
        self._ask("/play", {"script": script, **orders})

    def forget(self) -> None:
        self._ask("/forget", {})

    @property
    def ledger(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}/ledger", timeout=30) as answer:
            ledger: dict[str, Any] = json.load(answer)
            return ledger

    @property
    def calls(self) -> list[dict[str, Any]]:
        return list(self.ledger["calls"])

    @property
    def texts(self) -> list[dict[str, Any]]:
        return list(self.ledger["texts"])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

    def _ask(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(self.address + path, json.dumps(body).encode())
        urllib.request.urlopen(request, timeout=30).close()


def main() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # ends with whoever started it
    gateway = Gateway(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(f"http://127.0.0.1:{gateway.server_port}", flush=True)
    gateway.serve_forever(0.05)


if __name__ == "__main__":
    main()
