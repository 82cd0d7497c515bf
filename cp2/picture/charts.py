"""Charts drawn by pygal, as a part of the page: without its styles and scripts, which our policy
forbids, they take their colours from static/css/picture.css and follow day and night with it."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pygal
from django.utils.safestring import SafeString, mark_safe
from lxml import etree
from pygal import PluginImportFixer
from pygal.style import Style

# It finds plug-ins with maps, of which we have none, in a way that Python warns of at every import.
sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, PluginImportFixer)]

HREF = "{http://www.w3.org/1999/xlink}href"
NEEDLESS = {"defs", "style", "script", "title"}
LAYERS = {
    "titles",
    "overlay",
    "text-overlay",
    "tooltip-overlay",
}  # for the script that is not there
# As wide as a phone leaves it: what is drawn larger grows with its letters.
LOOK: dict[str, Any] = {
    "width": 340,
    "height": 190,
    "margin": 4,
    "margin_right": 12,
    "spacing": 6,
    "show_legend": False,  # it stands beside, as words
    "truncate_label": -1,
    "show_minor_x_labels": False,
    "max_scale": 5,
    "min_scale": 2,
    "js": [],
    "css": [],
    "style": Style(label_font_size=11, major_label_font_size=11),
    "disable_xml_declaration": True,
}
Cell = int | float | None | dict[str, Any]


@dataclass(frozen=True)
class Series:
    kind: str  # its class
    label: str
    values: Sequence[Cell]


def lines(series: Iterable[Series], labels: Sequence[str], marked: Sequence[str]) -> SafeString:
    """Numbers as they go; `marked` are the labels that are written."""
    chart = pygal.Line(**LOOK, show_dots=False, include_x_axis=True)
    return _drawn(chart, series, labels, marked)


def bars(series: Iterable[Series], labels: Sequence[str], marked: Sequence[str]) -> SafeString:
    """Parts on top of each other."""
    return _drawn(pygal.StackedBar(**LOOK), series, labels, marked)


def short(number: float) -> str:
    """As there is room for beside a chart: 1.5M, 20k."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def _drawn(
    chart: Any, series: Iterable[Series], labels: Sequence[str], marked: Sequence[str]
) -> SafeString:
    chart.config.value_formatter = short
    chart.config.x_labels = labels
    chart.config.x_labels_major = marked
    kinds = []
    for one in series:
        chart.add(one.label, list(one.values))
        kinds.append(one.kind)
    return _cleaned(chart.render_tree(), kinds)


def _cleaned(tree: Any, kinds: list[str]) -> SafeString:
    etree.strip_tags(tree, etree.Comment)
    for element in list(tree.iter()):
        classes = element.get("class", "").split()
        if element.tag in NEEDLESS or LAYERS & {*classes}:
            element.getparent().remove(element)
            continue
        for name in ("id", "style", "target"):
            element.attrib.pop(name, None)
        if address := element.attrib.pop(HREF, ""):
            element.set("href", address)
        if "series" in classes:
            number = int(classes[1].removeprefix("serie-"))
            element.set("class", f"series part-{kinds[number]}")
        told = {each.get("class", ""): each for each in element.findall("desc")}
        for each in told.values():
            element.remove(each)
        if "value" in told:  # what a pointer that rests there is told
            title = etree.SubElement(element, "title")
            words = [told[name].text for name in ("x_label", "value") if name in told]
            title.text = ": ".join(words)
    tree.set("aria-hidden", "true")  # the table says it
    tree.set("focusable", "false")
    etree.cleanup_namespaces(tree)
    written: str = etree.tostring(tree, encoding="unicode")
    return mark_safe(written)  # pygal escapes what it is given
