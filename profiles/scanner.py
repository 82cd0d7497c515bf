"""ClamAV's daemon, asked over a socket whether a file holds a virus.

`CLAMD` is where it listens: host:port, or the path of a Unix socket. The protocol is clamd's
INSTREAM: pieces with their length in front, an empty one at the end, and one line for an answer.
"""

import re
import socket
from contextlib import closing
from typing import IO

from django.conf import settings

SECONDS = 30.0  # without a word from it
PIECE = 64 * 1024
LONGEST_ANSWER = 4096


class NoAnswer(OSError):
    """The scanner said something, but not whether there is a virus."""


def virus_in(file: "IO[bytes]") -> str:
    """The name of the virus in it, or nothing. Raises OSError if the scanner cannot say."""
    with closing(_connected()) as clamd:
        clamd.sendall(b"zINSTREAM\0")
        while piece := file.read(PIECE):
            clamd.sendall(len(piece).to_bytes(4, "big") + piece)
        clamd.sendall(bytes(4))
        answer = _answer(clamd)
    if answer == "stream: OK":
        return ""
    if found := re.fullmatch(r"stream: (.+) FOUND", answer):
        return found[1]
    raise NoAnswer(answer[:200])


def _connected() -> socket.socket:
    if settings.CLAMD.startswith("/"):
        clamd = socket.socket(socket.AF_UNIX)
        clamd.settimeout(SECONDS)
        clamd.connect(settings.CLAMD)
        return clamd
    host, _colon, port = settings.CLAMD.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)


def _answer(clamd: socket.socket) -> str:
    heard = b""
    while not heard.endswith(b"\0") and len(heard) < LONGEST_ANSWER:
        more = clamd.recv(LONGEST_ANSWER)
        if not more:
            break
        heard += more
    return heard.rstrip(b"\0").decode(errors="replace")
