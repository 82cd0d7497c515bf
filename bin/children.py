"""Programs that run beside this one, and end with it whatever ends it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

GRACE = 10.0  # seconds that a child has to finish what it is doing
LOOK_EVERY = 0.5  # seconds


class Failed(Exception):
    """Something did not work. The message is for whoever typed the command."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(f"{message}\n{tail(log)}" if log else message)


def tail(log: Path, lines: int = 20) -> str:
    written = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in written[-lines:])])


def end_with_parent(signum: int) -> Callable[[], None]:
    """For preexec_fn: the kernel sends the child this signal when we die, even of kill -9."""
    parent, libc = os.getpid(), ctypes.CDLL(None)
    PR_SET_PDEATHSIG = 1

    def ask_the_kernel() -> None:
        if sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, signum)
            if os.getppid() != parent:  # it died just before we asked
                os.kill(os.getpid(), signum)

    return ask_the_kernel


class Child:
    """One program, with a log of its own.

    It has a session of its own too, so that Ctrl-C in a terminal reaches us alone, and we stop
    our children in order.
    """

    stop_signal = signal.SIGTERM

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: int | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self.name, self.command, self.log = name, command, log
        self.env, self.user, self.keep_open = env, user, keep_open
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.keep_open,
                start_new_session=True,
                preexec_fn=end_with_parent(self.stop_signal),
            )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait(self) -> int | None:
        return self.process.wait() if self.process else None

    def ask_to_stop(self) -> None:
        if self.process and self.alive():
            self.process.send_signal(self.stop_signal)

    def stop(self, grace: float = GRACE) -> None:
        """Ask, wait, and then leave nothing of it behind."""
        if not self.process:
            return
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        kill_group(self.process.pid)
        self.process.wait()


def kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):  # nobody left
        os.killpg(leader, signal.SIGKILL)


def stop_together(children: Sequence[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + GRACE
    for child in children:
        child.stop(max(0.0, deadline - time.monotonic()))


def run_in_foreground(
    command: Sequence[str], env: Mapping[str, str], *, meanwhile: Callable[[], None] | None = None
) -> int:
    """Run a command that has the terminal, and say how it ended as a shell would.

    `meanwhile` is called twice a second until then.
    """
    process = subprocess.Popen(command, env=env, preexec_fn=end_with_parent(signal.SIGTERM))
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal sends Ctrl-C to it as well
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda signum, _: process.send_signal(signum))
    while (status := process.poll()) is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY)
        if meanwhile:
            meanwhile()
    return status if status >= 0 else 128 - status
