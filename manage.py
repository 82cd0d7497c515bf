#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys
from pathlib import Path

import environ
from django.core.management import execute_from_command_line

LOCAL = Path(__file__).resolve().parent / "var" / "run.env"


def settle_environment() -> None:
    """Where nothing is said of where we run, we mean the portal that bin/run keeps in this folder.

    Production has no such file, and its servers do not come through here.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings")
    if "SECRET_KEY" not in os.environ and "CP2_ENV" not in os.environ and LOCAL.exists():
        environ.Env.read_env(LOCAL)


if __name__ == "__main__":
    settle_environment()
    execute_from_command_line(sys.argv)
