"""The money at headquarters: the report, what is behind each of its figures, and files of both."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn, actor
from accounts.taking import take_away
from claims.models import Claim, ClaimQuerySet, MoneyState
from claims.money import audit_pages
from claims.money.behind import behind, parts
from claims.money.chart import charts
from claims.money.forms import MoneyForm
from claims.money.report import (
    NEXT,
    By,
    Line,
    Money,
    Report,
    chosen,
    flat,
    flat_heading,
    report,
)
from cp2.exports import Table

PER_PAGE, MOST_PAGES = 50, 200
LOOK = "claims.view_paymentbatch"
View = Callable[..., HttpResponseBase]


def urls(site: AdminSite) -> list[URLPattern]:
    def page(route: str, view: View, name: str) -> URLPattern:
        return path(f"claims/{route}", site.admin_view(partial(view, site=site)), name=name)

    return [
        page("money/", money, "claims_money"),
        page("money/files/", money_files, "claims_money_files"),
        page("money/claims/", money_claims, "claims_money_claims"),
        page("money/find/", audit_pages.find_page, "claims_money_find"),
        page("money/samples/", audit_pages.samples, "claims_money_samples"),
        page("money/samples/<int:pk>/", audit_pages.sample, "claims_money_sample"),
        page(
            "money/samples/<int:pk>/files/", audit_pages.sample_files, "claims_money_sample_files"
        ),
        page("payment/<int:pk>/trail/", audit_pages.payment_trail, "claims_payment_trail"),
        page(
            "payment/<int:pk>/trail/files/",
            audit_pages.payment_trail_files,
            "claims_payment_trail_files",
        ),
        page("claim/<int:pk>/trail/", audit_pages.claim_trail, "claims_claim_trail"),
        page(
            "claim/<int:pk>/trail/files/",
            audit_pages.claim_trail_files,
            "claims_claim_trail_files",
        ),
    ]


def _form(request: HttpRequest) -> MoneyForm:
    if not request.user.has_perm(LOOK):
        raise PermissionDenied
    return MoneyForm({"by": By.COUNTY.value, **request.GET.dict()})


@require_safe
def money(request: HttpRequest, site: AdminSite) -> HttpResponse:
    form = _form(request)
    found = report(form.by_what(), form.asked)
    context = {
        **site.each_context(request),
        "title": _("The money"),
        "form": form,
        "narrowed": narrowed(form, request.GET),
        "found": found,
        "states": list(_states(found.total, request.GET)),
        "columns": _columns(form),
        "rows": [_row(line, found.by, form, request.GET) for line in found.lines],
        "totals": _cells(found.total, form, request.GET, {}),
        "is_changing": form.is_changing,
        "charts": charts(form.asked),
    }
    return TemplateResponse(request, "claims/admin/money.html", context)


def narrowed(form: MoneyForm, query: QueryDict, *visible: str) -> list[tuple[str, str, str]]:
    """What was chosen, and how the page looks without it."""
    return [
        (label, value, query_without(query, name)) for name, label, value in form.narrowed(*visible)
    ]


def query_without(query: QueryDict, *names: str, **added: Any) -> str:
    kept = query.copy()
    for name in ["page", *names]:
        kept.pop(name, None)
    for name, value in added.items():
        kept[name] = str(value)
    return f"?{kept.urlencode()}"


def _behind(query: QueryDict, **added: Any) -> str:
    return reverse("admin:claims_money_claims") + query_without(query, "by", **added)


def _states(total: Line, query: QueryDict) -> Iterator[tuple[str, Money, str]]:
    """Where the money is, in all: each with the list behind it."""
    for state in MoneyState:
        yield str(state.label), total.states[state], _behind(query, state=state.value)
        if state == MoneyState.OWED:
            link = _behind(query, state=state.value, held="on")
            yield _("of which held"), total.held, link


DETAILS = ["claims", "officers", "gross", "tax", "advance", "net"]


def _columns(form: MoneyForm) -> list[str]:
    if form.asked.get("state"):
        return [_("Claims"), _("Officers"), _("Gross"), _("Tax"), _("In advance"), _("Net")]
    return [_("Claims"), *(str(label) for label in _net_labels())]


def _net_labels() -> Iterator[Any]:
    for state in MoneyState:
        yield state.label
        if state == MoneyState.OWED:
            yield _("of which held")


def _row(line: Line, by: By, form: MoneyForm, query: QueryDict) -> dict[str, Any]:
    key = line.key.isoformat() if by == By.WEEK else line.key
    inside = query_without(query, **{"by": NEXT.get(by, By.COUNTY).value, by.value: key})
    return {
        "name": line.name,
        "inside": inside,
        "cells": _cells(line, form, query, {by.value: key}),
    }


def _cells(
    line: Line, form: MoneyForm, query: QueryDict, place: dict[str, Any]
) -> list[tuple[str, str]]:
    """Figures and the lists behind them."""
    if state := form.asked.get("state"):
        found = line.states[state]
        url = _behind(query, **place) if found.claims else ""
        return [(written(getattr(found, name)), url) for name in DETAILS]
    cells = [(written(line.all.claims), _behind(query, **place))]
    for each in MoneyState:
        cells.append(_cell(line.states[each], query, place, state=each.value))
        if each == MoneyState.OWED:
            cells.append(_cell(line.held, query, place, state=each.value, held="on"))
    return cells


def _cell(found: Money, query: QueryDict, place: dict[str, Any], **asked: str) -> tuple[str, str]:
    return written(found.net), "" if found.is_nothing else _behind(query, **place, **asked)


def written(figure: int | Decimal) -> str:
    """The same in every language, as shillings are."""
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.2f}"


@require_POST
def money_files(request: HttpRequest, site: AdminSite) -> HttpResponseBase:
    form = _form(request)
    asked = request.GET.urlencode()
    back = reverse("admin:claims_money")
    return take_away(
        cast(SignedIn, request),
        lambda: _table(report(form.by_what(), form.asked), form, by=str(actor(request))),
        back=f"{back}?{asked}" if asked else back,
        verb="money.taken",
        subject=form.chosen_exam() or actor(request),
        filters=form.about,
    )


def _table(found: Report, form: MoneyForm, *, by: str) -> Table:
    rows = list(flat(found))
    return Table(
        name=f"money-by-{found.by.value.replace('_', '-')}",
        title=_("The money by %(what)s") % {"what": str(found.by.label).lower()},
        heading=flat_heading(found.by),
        rows=rows,
        count=len(rows),
        by=by,
        about=form.about,
    )


# Behind a figure


@dataclass(frozen=True)
class Leaf:
    """One page of a list that nobody counts: how many there are is known already."""

    rows: list[Claim]
    number: int
    before: int | None
    after: int | None


def _leaf(claims: ClaimQuerySet, asked: str) -> Leaf:
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 5 else 1
    number = min(max(number, 1), MOST_PAGES)
    start = (number - 1) * PER_PAGE
    rows = list(claims[start : start + PER_PAGE + 1])
    more = len(rows) > PER_PAGE and number < MOST_PAGES
    return Leaf(
        rows[:PER_PAGE],
        number,
        number - 1 if number > 1 else None,
        number + 1 if more else None,
    )


@require_safe
def money_claims(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Which claims a figure is made of, with what of each is in it."""
    form = _form(request)
    claims = behind(form.asked, to=actor(request)).order_by("pk")
    leaf = _leaf(claims.select_related("officer__user", "exam"), request.GET.get("page", ""))
    total = Money()
    sums = chosen(form.asked).aggregate(**{name: Sum(name) for name in DETAILS})
    total.add({name: value or 0 for name, value in sums.items()})
    context = {
        **site.each_context(request),
        "title": _("Claims behind the figure"),
        "form": form,
        "narrowed": narrowed(form, request.GET, "exam", "state", "channel"),
        "report": reverse("admin:claims_money") + query_without(request.GET, "held"),
        "leaf": leaf,
        "parts": parts(leaf.rows, form.asked),
        "total": total,
    }
    return TemplateResponse(request, "claims/admin/money_claims.html", context)
