"""Has letters printed by a program of their own, under limits of time and memory.

A letter that loops, swallows memory or brings down a library ends that program and no worker: it
fails by itself, and the next one gets a new program. That one knows no secret, for it is started
without our environment, and it ends when its worker does.
"""

import atexit
import os
import select
import subprocess
import sys
import threading
import time
from typing import IO

from deployments import press

SECONDS = 10.0  # for one letter, which takes a twentieth of one
START = 30.0  # for the program to load what it needs
MOST_LETTERS = 500  # for one program


class PrintingFailed(Exception):
    """The letter could not be made; the message says why."""


class Printer:
    """One program, started when it is needed and replaced when it is worn out."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.program: subprocess.Popen[bytes] | None = None
        self.owner = 0
        self.printed = 0

    def print(self, html: str, *, within: float | None = None) -> bytes:
        with self.lock:
            program = self._program()
            try:
                return self._ask(program, html.encode(), within or SECONDS)
            except (OSError, EOFError, TimeoutError) as error:
                self.stop()
                said = str(error) or "its program ended"
                raise PrintingFailed(f"not printed: {said}") from error

    def stop(self) -> None:
        program, self.program = self.program, None
        if program is None or self.owner != os.getpid():
            return
        program.kill()
        program.wait()
        for pipe in (program.stdin, program.stdout):
            if pipe:
                pipe.close()

    def _program(self) -> "subprocess.Popen[bytes]":
        if self.owner != os.getpid():  # a fork has its own
            self.program = None
        if self.program and self.program.poll() is not None:
            self.stop()
        if self.program is None:
            self._start()
        assert self.program is not None
        return self.program

    def _start(self) -> None:
        self.owner, self.printed = os.getpid(), 0
        self.program = subprocess.Popen(
            [sys.executable, "-I", press.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        )
        try:
            self._answer(self.program, time.monotonic() + START)
        except (OSError, EOFError, TimeoutError) as error:
            self.stop()
            raise PrintingFailed("the program that prints letters did not start") from error

    def _ask(self, program: "subprocess.Popen[bytes]", page: bytes, within: float) -> bytes:
        assert program.stdin
        deadline = time.monotonic() + within
        rest = memoryview(len(page).to_bytes(8, "big") + page)
        while rest:
            _wait(program.stdin, deadline, writing=True)
            rest = rest[os.write(program.stdin.fileno(), rest[: select.PIPE_BUF]) :]
        kind, content = self._answer(program, deadline)
        self.printed += 1
        if kind in (press.DONE_LAST, press.BAD_LAST) or self.printed >= MOST_LETTERS:
            self.stop()
        if kind in (press.BAD, press.BAD_LAST):
            raise PrintingFailed(content.decode(errors="replace"))
        return content

    def _answer(self, program: "subprocess.Popen[bytes]", deadline: float) -> tuple[bytes, bytes]:
        assert program.stdout
        head = _read(program.stdout, 9, deadline)
        return head[:1], _read(program.stdout, int.from_bytes(head[1:], "big"), deadline)


def _wait(pipe: IO[bytes], deadline: float, *, writing: bool = False) -> None:
    left = max(deadline - time.monotonic(), 0)
    wanted = ([], [pipe]) if writing else ([pipe], [])
    if not any(select.select(*wanted, [], left)):
        raise TimeoutError("it took longer than any letter should")


def _read(pipe: IO[bytes], size: int, deadline: float) -> bytes:
    parts = []
    while size:
        _wait(pipe, deadline)
        part = os.read(pipe.fileno(), min(size, 1 << 16))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


printer = Printer()
atexit.register(printer.stop)
