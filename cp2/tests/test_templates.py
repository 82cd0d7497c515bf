"""What no single page's test sees: links that lead nowhere and styles that do not exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory, TestCase

from catalogue.models import Office
from cp2.rules import Role
from cp2.tests import make

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# The admin and the letters have styles of their own; the roof's inner apps have pages of the admin.
OTHERS = re.compile(
    r"(^|/)(admin|pdf)[/_]|^(audit|broadcasts|filters|health|opening|protection|rights|runs|transfers)/"
)
PAGES = sorted(
    path
    for path in TEMPLATES.rglob("*.html")
    if not OTHERS.search(str(path.relative_to(TEMPLATES)))
)
TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)


def classes_of(source: str) -> set[str]:
    """Whole class names only: what a template tag completes is left out."""
    found: set[str] = set()
    for value in re.findall(r'class="((?:{%.*?%}|{{.*?}}|[^"])*)"', source, re.DOTALL):
        marked = TAG.sub("\0", value)
        found |= {name for name in marked.replace("\0 ", " ").split() if "\0" not in name}
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_class_of_a_page_is_in_the_stylesheet(path):
    source = path.read_text()
    named = ["cp2.css", *re.findall(r"static 'css/(\w+\.css)'", source)]
    sheets = [(Path(settings.BASE_DIR) / "static" / "css" / name).read_text() for name in named]
    known = set(re.findall(r"\.([A-Za-z][\w-]*)", "".join(sheets)))

    assert classes_of(source) - known == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_page_carries_a_script_or_a_style_of_its_own(path):
    source = path.read_text()

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", source)


class Menus(TestCase):
    def test_no_link_of_the_menu_leads_nowhere(self):
        place = make.sub_county()
        for user in (
            make.officer().user,
            make.centre(make.station()),
            make.director(place, Office.TSC),
            make.director(place, Office.SCDE),
            make.user(Role.STAFF),
        ):
            request = RequestFactory().get("/")
            request.user = user
            page = render_to_string("base.html", request=request)

            links = re.findall(r'href="([^"]*)"', page)
            assert len(links) > 5
            assert "" not in links
