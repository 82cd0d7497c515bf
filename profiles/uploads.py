"""Papers as officers send them: what is let in, under which name, and where it is kept."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.fields import is_hidden, tidy
from profiles.models import Paper, paper_path

INSPECTOR = Path(__file__).with_name("inspector.py")
MOST_BYTES = 5 * 1024 * 1024
SECONDS = 10  # by the clock; the inspector's own limit is of processor time
TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}
# By type too: phones then offer their camera.
ACCEPTED = ",".join([*TYPES.values(), ".pdf", ".jpg", ".jpeg", ".png"])
SUFFIXES = {"pdf": ".pdf", "jpeg": ".jpg", "png": ".png"}
ENDINGS = {"", ".pdf", ".jpg", ".jpeg", ".png"}
REFUSALS = {
    "unknown": gettext_lazy("This is not a PDF, JPEG or PNG file. Scan or photograph the paper."),
    "locked": gettext_lazy("This PDF is locked with a password. Send one that opens without."),
    "long": gettext_lazy("This PDF has more than 20 pages. Send only those that are asked for."),
    "active": gettext_lazy(
        "This PDF holds a program or another file. Print it to a new PDF, or photograph the paper."
    ),
    "vast": gettext_lazy("This picture has more than 40 million pixels. Send a smaller one."),
    "broken": gettext_lazy("This file cannot be read; it may be damaged. Scan the paper again."),
}


@dataclass(frozen=True)
class PaperFile:
    """A file that was looked into and may be kept."""

    content: bytes
    name: str
    type: str


def look_into(data: bytes) -> tuple[str, bytes]:
    """The inspector's answer. If it dies of the file, the file is broken."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(INSPECTOR)],
            input=data,
            capture_output=True,
            timeout=SECONDS,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "broken", b""
    word, _newline, clean = done.stdout.partition(b"\n")
    return (word.decode(), clean) if done.returncode == 0 else ("broken", b"")


def shown_name(sent: str, kind: str) -> str:
    """What the sender called the file, made harmless, with the ending that is true."""
    last = re.split(r"[/\\]", sent)[-1]
    seen = "".join(char for char in tidy(last) if not is_hidden(char))
    stem = re.sub(r"[^\w .()-]", "", Path(seen).stem).strip(" .")[:80]
    return (stem or _("paper")) + SUFFIXES[kind]


def keep(file: PaperFile, path: str = "") -> str:
    """Put it into the store, among the papers if no path is said; the path it went to."""
    path = path or paper_path(Paper(), file.name)
    return default_storage.save(path, ContentFile(file.content))


class FirstFile(forms.FileInput):
    """Whoever sends two files in one field, which no page of ours does, has sent the first."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        sent = files.getlist(name) if hasattr(files, "getlist") else [files.get(name)]
        return sent[0] if sent else None


class PaperField(forms.FileField):
    """A PDF, JPEG or PNG of at most 5 MB, judged by what is in it."""

    default_error_messages = {
        "required": gettext_lazy("Choose a file: a scan or a photograph, as PDF, JPEG or PNG."),
        "invalid": gettext_lazy("The file did not arrive. Choose it again."),
        "empty": gettext_lazy("This file is empty. Choose it again."),
        "max_length": gettext_lazy("The name of this file is too long. Give it a shorter one."),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = FirstFile(attrs={"accept": ACCEPTED})
        super().__init__(**{"max_length": 255, "widget": widget, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        if not upload:
            return None
        if upload.size > MOST_BYTES:
            raise ValidationError(_("This file is larger than 5 MB. Send a smaller one."))
        name = Path(upload.name)
        if name.suffix.lower() not in ENDINGS or name.name.startswith("."):
            raise ValidationError(REFUSALS["unknown"])
        kind, content = look_into(upload.read())
        if kind not in TYPES:
            raise ValidationError(REFUSALS[kind])
        return PaperFile(content, shown_name(upload.name, kind), TYPES[kind])
