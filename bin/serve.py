"""The whole portal on this machine, for development and trial: started, watched over, stopped.

    bin/serve.py              on PORT (8000), with its data under var/, until Ctrl-C
    bin/serve.py COMMAND…     a new and empty portal on a free port, for as long as COMMAND runs,
                              which finds the address in CP2_BASE_URL

The first takes DATABASE_URL and REDIS_URL, where they are set, instead of starting servers of its
own. The second does not: it must have servers that nobody minds losing.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

from children import (
    LOOK_EVERY,
    Child,
    Failed,
    end_with_parent,
    run_in_foreground,
    stop_together,
    tail,
)
from embedded import Broker, Postgres, lock
from ports import listen

PROJECT = Path(__file__).resolve().parent.parent
VAR = PROJECT / "var"
READY_WITHIN = 60.0  # seconds
RESTARTS = 5  # in a row, each after a longer pause
LIVED_WELL = 60.0  # a child that ran for so many seconds starts with a clean record
SECRETS = ("SECRET_KEY", "SMS_INBOUND_SECRET", "SMS_DELIVERY_SECRET")
SETTINGS = (
    *SECRETS,
    "ALLOWED_HOSTS",
    "CP2_ENV",
    "DATABASE_URL",
    "PAYER_ACCOUNT",
    "PAYER_BANK",
    "PAYER_NAME",
    "REDIS_URL",
    "SITE_URL",
    "SMS_BACKEND",
    "VAR_DIR",
)


class Portal:
    """The servers, unless they are given, and the three programs on top of them."""

    def __init__(self, var: Path, listener: socket.socket, env: dict[str, str]) -> None:
        self.var, self.listener = var, listener
        self.var.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.env = development_settings(var, self.url) | env
        self.servers: list[Child] = []
        self.programs: list[Child] = []
        self.keepers: list[Keeper] = []

    def start(self) -> None:
        self.keep_last_logs()
        self.start_servers()
        say("preparing the database")
        self.manage("migrate")
        if not self.static_files_are_collected():
            say("collecting static files")
            self.manage("collectstatic", "--noinput", "--clear")
        self.remember_environment()
        say("loading the sample season, unless there is one")
        self.manage("season", "--scale", "tiny", "--if-empty")
        say("starting web, worker and beat")
        self.start_programs()
        self.wait_until_ready()
        self.keepers = [Keeper(child) for child in self.servers + self.programs]

    def keep_last_logs(self) -> None:
        for log in (self.var / "log").glob("*.log"):
            log.replace(log.with_suffix(".log.1"))

    def start_servers(self) -> None:
        if not self.env.get("DATABASE_URL"):
            postgres = Postgres(self.var)
            say(f"starting {postgres.name}")
            self.servers.append(postgres)
            postgres.start()
            self.env["DATABASE_URL"] = postgres.url
        if not self.env.get("REDIS_URL"):
            broker = Broker(self.var)
            say(f"starting {broker.name}")
            self.servers.append(broker)
            broker.start()
            self.env["REDIS_URL"] = broker.url

    def remember_environment(self) -> None:
        """For manage.py, which looks here when it is told nothing else."""
        lines = [f"{name}={self.env[name]}\n" for name in sorted(SETTINGS)]
        write_private(self.var / "run.env", "".join(lines))

    def start_programs(self) -> None:
        port = self.listener.fileno()
        shutil.rmtree(self.var / "metrics", ignore_errors=True)
        (self.var / "metrics").mkdir()
        # where web processes count together; only they do
        counting = {"PROMETHEUS_MULTIPROC_DIR": str(self.var / "metrics")}
        celery = (sys.executable, "-m", "celery", "--app", "cp2")

        def worker(queue: str, *, processes: int) -> tuple[str, ...]:
            named = ("--queues", queue, "--hostname", f"{queue}@%h")
            return (*celery, "worker", *named, "--concurrency", str(processes))

        commands = {
            "web": (
                *(sys.executable, "-m", "gunicorn", "cp2.wsgi", "--bind", f"fd://{port}"),
                *("--workers", "2", "--graceful-timeout", "5", "--no-control-socket"),
            ),
            # as in production: passwords wait behind no letter
            "credentials": worker("credentials", processes=1),
            "worker": worker("work", processes=2),
            "beat": (*celery, "beat", "--pidfile", ""),
        }
        for name, command in commands.items():
            log = self.var / "log" / f"{name}.log"
            keep_open = [port] if name == "web" else []
            env = self.env | counting if name == "web" else self.env
            self.programs.append(Child(name, command, log, env=env, keep_open=keep_open))
            self.programs[-1].start()

    def manage(self, *words: str) -> str:
        """Run one of Django's commands and give back what it printed."""
        ran = subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGTERM),
        )
        if ran.returncode:
            raise Failed(f"manage.py {words[0]} failed:\n{ran.stdout[-2000:]}{ran.stderr[-4000:]}")
        return ran.stdout

    def static_files_are_collected(self) -> bool:
        """Nothing of ours, and no package, has changed since; a folder changes with its list."""
        static, manifest = PROJECT / "static", self.var / "static" / "staticfiles.json"
        sources = (PROJECT / "requirements.txt", static, *static.rglob("*"))
        newest = max(source.stat().st_mtime for source in sources)
        return manifest.exists() and manifest.stat().st_mtime > newest

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while answer := self.what_is_not_ready():
            for child in self.programs:
                if not child.alive():
                    raise Failed(f"{child.name} ended as soon as it was started.", child.log)
            if time.monotonic() > deadline:
                logs = "\n".join(tail(child.log) for child in self.programs)
                raise Failed(f"Not ready after {READY_WITHIN:.0f} s. /readyz: {answer}\n{logs}")
            time.sleep(0.2)

    def what_is_not_ready(self) -> str:
        """What /readyz complains of; nothing when all is well."""
        host, port = self.listener.getsockname()
        connection = HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            said = response.read().decode(errors="replace")
            return "" if response.status == 200 else f"{response.status} {said[:1000]}"
        except (OSError, HTTPException) as error:
            return f"no answer ({error})"
        finally:
            connection.close()

    def look(self) -> None:
        """Start again whatever has ended."""
        for keeper in self.keepers:
            keeper.look()

    def stop(self) -> None:
        stop_together(self.programs)
        stop_together(self.servers)


class Keeper:
    """Starts one child again, each time after a longer pause, and gives up in the end."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.failures = 0
        self.started = time.monotonic()
        self.restart_at: float | None = None

    def look(self) -> None:
        now = time.monotonic()
        if self.child.alive():
            if now - self.started > LIVED_WELL:
                self.failures = 0
        elif self.restart_at is None:
            self.failures += 1
            if self.failures > RESTARTS:
                raise Failed(f"{self.child.name} does not stay up.", self.child.log)
            pause = 2 ** (self.failures - 1)
            self.restart_at = now + pause
            say(f"{self.child.name} ended; starting it again in {pause} s. See {self.child.log}")
        elif now >= self.restart_at:
            self.restart_at = None
            self.child.start()
            self.started = time.monotonic()


def development_settings(var: Path, url: str) -> dict[str, str]:
    return {
        "CP2_ENV": "development",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SITE_URL": url,
        "SMS_BACKEND": "sms.backends.simulator",
        "PAYER_NAME": "Examinations Council of Example",
        "PAYER_ACCOUNT": "0100200300400",
        "PAYER_BANK": "01094",
        "VAR_DIR": str(var),
        **lasting_secrets(var / "dev.env"),
    }


def lasting_secrets(file: Path) -> dict[str, str]:
    """Random ones, made once: new ones would sign everybody out at every start."""
    lines = file.read_text().splitlines() if file.exists() else []
    kept = dict(line.split("=", 1) for line in lines)
    if missing := {name: secrets.token_urlsafe(48) for name in SECRETS if name not in kept}:
        kept |= missing
        write_private(file, "".join(f"{name}={value}\n" for name, value in kept.items()))
    return kept


def write_private(file: Path, text: str) -> None:
    """All of it or nothing, and for our eyes only."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(file)


def say(what: str) -> None:
    print(f"-- {what}", flush=True)


def serve(port: str) -> None:
    if not (port.isdecimal() and int(port) < 65536):
        raise Failed(f"PORT is to be a number below 65536, not {port}.")
    with listen(int(port)) as listener, lock(VAR / "run.lock"):
        portal = Portal(VAR, listener, dict(os.environ))
        try:
            portal.start()
            print(f"\nCP2 is ready at {portal.url} (Ctrl-C stops it). Who can sign in:\n")
            print(portal.manage("people"), flush=True)
            while True:
                portal.look()
                time.sleep(LOOK_EVERY)
        finally:
            say("stopping")
            portal.stop()


def serve_for(command: list[str]) -> int:
    """What it leaves in var/browser is there to be looked at until the next time."""
    var = VAR / "browser"
    with listen(0) as listener, lock(VAR / "browser.lock", wait=True):
        shutil.rmtree(var, ignore_errors=True)
        env = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        portal = Portal(var, listener, env)
        try:
            portal.start()
            env = portal.env | {"CP2_BASE_URL": portal.url}
            return run_in_foreground(command, env, meanwhile=portal.look)
        finally:
            portal.stop()


class Stopped(BaseException):
    """Somebody wants us to stop."""


def stop(signum: int, frame: FrameType | None) -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)  # once is enough; the way out must not be cut short
    raise Stopped


def main() -> int:
    os.chdir(PROJECT)
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # a shell's own must not become the portal's
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, stop)
    try:
        if len(sys.argv) > 1:
            return serve_for(sys.argv[1:])
        serve(os.environ.get("PORT") or "8000")
    except Stopped:
        return 0
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
