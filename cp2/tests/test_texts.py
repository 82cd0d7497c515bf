"""Every text that leaves: the network's alphabet, one segment, both languages."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import engines
from django.utils import translation

from sms import gsm

FOLDER = Path(settings.BASE_DIR) / "templates" / "text" / "sms"
TEMPLATES = sorted(str(path.relative_to(FOLDER))[:-4] for path in FOLDER.rglob("*.txt"))


class Long(SimpleNamespace):
    """Whatever a template asks of it, down to any depth, comes out long."""

    def __getattr__(self, name):
        if name.startswith("__") or name in {"resolve_expression", "do_not_call_in_templates"}:
            raise AttributeError(name)
        if name.endswith(("_at", "_on", "day", "_by")):
            from django.utils import timezone

            return timezone.now()
        if name in {"amount", "net", "gross"}:
            from decimal import Decimal

            return Decimal("88888.50")
        return Long()

    def __str__(self):
        return "Wa Thiong’o Ng'ang'a Mũthoni Secondary School"


def render(template, language):
    source = (FOLDER / f"{template}.txt").read_text()
    names = set(re.findall(r"{{\s*(\w+)", source)) | set(re.findall(r"=(\w+)", source))
    context = {name: getattr(Long(), name) for name in names}
    context |= {
        "username": "254712345678",
        "password": "abcde-fghjk",
        "code": "123456",
        "site": "https://cp2.knec.ac.ke",
    }
    with translation.override(language):
        return engines["text"].get_template(f"sms/{template}.txt").render(context)


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_each_text_fits_one_segment_even_with_long_values(template, language):
    text = gsm.plain(render(template, language).strip())

    assert text.startswith("KNEC CP2: ")
    assert gsm.segments(text) == 1, f"{len(text)} characters: {text}"
    assert "{" not in text


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_text_is_escaped_for_the_web(template):
    assert "&#x27;" not in render(template, "en")


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_text_has_a_kiswahili_version(template):
    assert render(template, "sw").strip() != render(template, "en").strip()
