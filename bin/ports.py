"""Takes a TCP port of this machine, or says who has it."""

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from children import Failed

LEAVE_WITHIN = 10.0  # seconds that the programs of a killed run have to leave its port


def listen(port: int) -> socket.socket:
    """Take the port, and keep it: of two runs started together, one fails here and at once.

    Port 0 means any free one.
    """
    deadline = time.monotonic() + LEAVE_WITHIN
    while True:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
            return listener
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                raise Failed(f"Port {port} cannot be taken: {error.strerror}.") from None
        owners = [command_line(pid) for pid in listeners(port)]
        orphaned = owners and all("cp2.wsgi" in owner for owner in owners)
        if not orphaned or time.monotonic() > deadline:
            raise Failed(taken(port))
        time.sleep(0.2)


def taken(port: int) -> str:
    for pid in listeners(port):
        command, folder = command_line(pid), working_folder(pid)
        if folder == os.getcwd():
            whose, advice = "this very portal", ""
        else:
            cp2 = "bin/serve.py" in command or "cp2.wsgi" in command
            whose = f"another CP2, in {folder}" if cp2 else "not a CP2"
            advice = f" Or take another port: PORT={port + 1} bin/run"
        return (
            f"Port {port} is taken by process {pid} ({whose}): {command}\n"
            f"Stop it with Ctrl-C where it runs, or with: kill {pid}.{advice}"
        )
    return f"Port {port} is taken, by another user's process. Try PORT={port + 1} bin/run"


def listeners(port: int) -> Iterator[int]:
    """The processes that listen on a port, as far as we may look into them; parents first."""
    sockets = {f"socket:[{inode}]" for inode in listening_inodes(port)}
    for pid in sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*")):
        with suppress(OSError):  # not ours to look into, or gone
            if any(os.readlink(file) in sockets for file in Path(f"/proc/{pid}/fd").iterdir()):
                yield pid


def listening_inodes(port: int) -> Iterator[str]:
    LISTEN = "0A"
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else []:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTEN and int(local.rpartition(":")[2], 16) == port:
                yield inode


def command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return ""


def working_folder(pid: int) -> str:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd")
    return "a folder of another user's"
