"""The auditor's pages: a trail found, read and taken along, and samples of payments to trace."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn, actor, is_read
from accounts.services import record
from accounts.taking import take_away
from claims.channels import reference
from claims.models import AuditSample, Payment
from claims.money.finding import find
from claims.money.forms import FindForm, SampleForm
from claims.money.gathering import Found, of_claim, of_payment
from claims.money.sampling import draw
from claims.money.shapes import Day, Section, Step, moment
from claims.money.trail import sections
from claims.templatetags.shillings import masked
from cp2.exports import Table
from cp2.rules import Refused

TRACE = "claims.view_payment"
SAMPLE = "accounts.view_entry"  # held by whoever reads the whole trail
PER_PAGE = 50


def _may(request: HttpRequest, *permissions: str) -> None:
    if not request.user.has_perms(permissions):
        raise PermissionDenied


# One trail


@require_safe
def payment_trail(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    return _trail(request, site, of_payment, pk, name="payment")


@require_safe
def claim_trail(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    return _trail(request, site, of_claim, pk, name="claim")


def _found(request: HttpRequest, gather: Callable[[int], Found | None], pk: int) -> Found:
    _may(request, TRACE)
    found = gather(pk)
    if found is None:
        raise Http404
    return found


def _subject(found: Found, pk: int, name: str) -> Any:
    return found.claim if name == "claim" else next(p for p in found.payments if p.pk == pk)


def _trail(
    request: HttpRequest,
    site: AdminSite,
    gather: Callable[[int], Found | None],
    pk: int,
    *,
    name: str,
) -> HttpResponse:
    """Who looked is written down; numbers are masked here, whoever looks."""
    found = _found(request, gather, pk)
    subject = _subject(found, pk, name)
    context = {
        **site.each_context(request),
        "title": _title(found, subject),
        "sections": list(sections(found)),
        "claim": found.claim,
        "action": reverse(f"admin:claims_{name}_trail_files", args=[pk]),
    }
    response = TemplateResponse(request, "claims/admin/money_trail.html", context)
    if is_read(request):
        record(f"{name}.traced", subject, by=actor(request))
    return response


def _title(found: Found, subject: Any) -> str:
    if isinstance(subject, Payment):
        return _("Trail of payment %(reference)s") % {"reference": reference(subject.pk)}
    return _("Trail of claim %(number)s") % {"number": found.claim.pk}


@require_POST
def payment_trail_files(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponseBase:
    return _trail_files(request, of_payment, pk, name="payment")


@require_POST
def claim_trail_files(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponseBase:
    return _trail_files(request, of_claim, pk, name="claim")


def _trail_files(
    request: HttpRequest, gather: Callable[[int], Found | None], pk: int, *, name: str
) -> HttpResponseBase:
    found = _found(request, gather, pk)
    subject = _subject(found, pk, name)
    return take_away(
        cast(SignedIn, request),
        lambda: _trail_table(found, subject, by=str(actor(request))),
        back=reverse(f"admin:claims_{name}_trail", args=[pk]),
        verb=f"{name}.trace_taken",
        subject=subject,
    )


def _trail_table(found: Found, subject: Any, *, by: str) -> Table:
    rows = [row for section in sections(found) for row in _lines(section)]
    return Table(
        name=f"trail-claim-{found.claim.pk}",
        title=_title(found, subject),
        heading=[_("Part"), _("When"), _("Who"), _("What"), _("More")],
        rows=rows,
        count=len(rows),
        by=by,
        about=_("Claim %(number)s, %(exam)s")
        % {"number": found.claim.pk, "exam": found.claim.exam.short},
    )


def _lines(section: Section) -> Iterator[list[Any]]:
    for label, value in section.facts:
        yield [section.title, None, "", label, value]
    steps = [*section.steps, *(step for day in section.days for step in _of_day(day))]
    for step in steps:
        yield [section.title, step.at, step.who, step.what, step.why]


def _of_day(day: Day) -> Iterator[Step]:
    """As a file has it: a line for each thing that happened to the mark."""
    on = {"day": f"{day.day:%Y-%m-%d} {day.kind}".strip()}
    made = day.made
    for was in day.was:
        said = _("%(day)s: until then %(status)s") % {**on, "status": was.what}
        yield Step(was.at, was.who, said, was.why)
    said = _("%(day)s: %(status)s") % {**on, "status": made.what}
    received = _("received %(at)s") % {"at": moment(day.received_at)}
    yield Step(made.at, made.who, said, f"{made.why}; {received}")
    if amended := day.amended:
        said = _("%(day)s: amendment granted") % on
        yield Step(amended.at, amended.who, said, f"{amended.what}; {amended.why}")
    if register := day.register:
        said = _("%(day)s: register %(status)s") % {**on, "status": register.what.lower()}
        yield Step(register.at, register.who, said, day.late_reason)


# Where it begins


@require_safe
def find_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    _may(request, TRACE)
    form = FindForm(request.GET if "q" in request.GET else None)
    matches = find(form.cleaned_data["q"]) if form.is_valid() else None
    context = {
        **site.each_context(request),
        "title": _("Trace a payment"),
        "form": form,
        "matches": matches,
        "may_sample": request.user.has_perm(SAMPLE),
    }
    return TemplateResponse(request, "claims/admin/money_find.html", context)


# Samples


def samples(request: HttpRequest, site: AdminSite) -> HttpResponse:
    _may(request, TRACE, SAMPLE)
    form = SampleForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            drawn = draw(by=actor(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(n)s payments drawn.") % {"n": drawn.size})
            return redirect("admin:claims_money_sample", drawn.pk)
    rows = AuditSample.objects.select_related("exam", "drawn_by").defer("payments")
    context = {
        **site.each_context(request),
        "title": _("Samples of payments"),
        "form": form,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
    }
    return TemplateResponse(request, "claims/admin/money_samples.html", context)


@require_safe
def sample(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    drawn = _drawn(request, pk)
    page = Paginator(drawn.payments, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **site.each_context(request),
        "title": _("Sample “%(seed)s”") % {"seed": drawn.seed},
        "sample": drawn,
        "page": page,
        "payments": _payments(list(page)),
        "action": reverse("admin:claims_money_sample_files", args=[pk]),
    }
    return TemplateResponse(request, "claims/admin/money_sample.html", context)


def _drawn(request: HttpRequest, pk: int) -> AuditSample:
    _may(request, TRACE, SAMPLE)
    return get_object_or_404(AuditSample.objects.select_related("exam", "drawn_by"), pk=pk)


def _payments(numbers: list[int]) -> list[Payment]:
    """In the order in which they were drawn."""
    found = Payment.objects.select_related("batch", "claim__officer__user").in_bulk(numbers)
    return [found[number] for number in numbers if number in found]


@require_POST
def sample_files(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponseBase:
    drawn = _drawn(request, pk)
    return take_away(
        cast(SignedIn, request),
        lambda: _sample_table(request, drawn),
        back=reverse("admin:claims_money_sample", args=[pk]),
        verb="sample.taken",
        subject=drawn,
    )


def _sample_table(request: HttpRequest, drawn: AuditSample) -> Table:
    rows = [
        [
            place,
            reference(payment.pk),
            payment.batch_id,
            payment.claim_id,
            str(payment.claim.officer),
            masked(payment.payee_phone),
            payment.amount,
            payment.get_status_display(),
            payment.reference,
            request.build_absolute_uri(reverse("admin:claims_payment_trail", args=[payment.pk])),
        ]
        for place, payment in enumerate(_payments(drawn.payments), start=1)
    ]
    return Table(
        name=f"sample-{drawn.pk}",
        title=_("Sample of %(n)s payments, %(exam)s") % {"n": drawn.size, "exam": drawn.exam.short},
        heading=[
            _("Number"), _("Reference"), _("Batch"), _("Claim"), _("Officer"), _("Payee's number"),
            _("Amount"), _("Status"), _("Receipt"), _("Trail"),
        ],
        rows=rows,
        count=len(rows),
        by=str(actor(request)),
        about=_("Seed “%(seed)s”, out of %(n)s") % {"seed": drawn.seed, "n": drawn.drawn_from},
    )  # fmt: skip
