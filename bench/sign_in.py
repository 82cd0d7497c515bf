"""Sign-ins per second, against what the password's hash alone would allow on this machine.

    .venv/bin/python bench/sign_in.py                    with the portal that bin/run started
    .venv/bin/python bench/sign_in.py http://127.0.0.1:8001 --seconds 20 --at-once 8

It signs in as one of the sample people, over and over, in a new browser each time. The hash is
measured in the same run, on as many processes as there are cores.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import httpx
from argon2 import PasswordHasher

PROJECT = Path(__file__).resolve().parent.parent


def hashes(seconds: float) -> int:
    hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    encoded = hasher.hash("a password")
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        hasher.verify(encoded, "a password")
        done += 1
    return done


def hashes_a_second(seconds: float) -> float:
    cores = cpu_count() or 1
    with ProcessPoolExecutor(cores) as pool:
        return sum(pool.map(hashes, [seconds] * cores)) / seconds


def somebody() -> tuple[str, str]:
    listed = subprocess.run(
        [sys.executable, "manage.py", "people", "--json"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    officer = next(row for row in json.loads(listed.stdout) if row["role"] == "officer")
    return officer["username"], officer["password"]


def sign_in(base: str, username: str, password: str) -> tuple[float, int]:
    with httpx.Client(base_url=base, verify=False) as browser:  # no certificates to load each time
        page = browser.get("/accounts/login/").text
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = {"csrfmiddlewaretoken": token, "username": username, "password": password}
        began = time.monotonic()
        answer = browser.post("/accounts/login/", data=form)
        return time.monotonic() - began, answer.status_code


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("base", nargs="?", default="http://127.0.0.1:8000")
    words.add_argument("--seconds", type=float, default=15)
    words.add_argument("--at-once", type=int, default=8)
    asked = words.parse_args()
    username, password = somebody()

    limit = hashes_a_second(5)
    took: list[float] = []
    codes: dict[int, int] = {}
    until = time.monotonic() + asked.seconds

    def visit(_: int) -> None:
        while time.monotonic() < until:
            seconds, code = sign_in(asked.base, username, password)
            took.append(seconds)
            codes[code] = codes.get(code, 0) + 1

    with ThreadPoolExecutor(asked.at_once) as visitors:
        list(visitors.map(visit, range(asked.at_once)))
    rate = codes.get(302, 0) / asked.seconds
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"hash alone      {limit:7.1f} /s on {cpu_count()} cores")
    print(f"sign-ins        {rate:7.1f} /s, {rate / limit:.2f} of that (a page goes before each)")
    print(f"time of a POST  median {statistics.median(took):.3f} s, p95 {p95:.3f} s")
    print(f"answers         {codes}")


if __name__ == "__main__":
    main()
