"""What an officer earned, on paper: of one claim, and of a year for the tax office. Drawn line by
line, as registers are, so that it costs a request no more than a page does."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from attendance.paper import Column, Paper
from claims.facts import Facts
from claims.models import Claim, ClaimStatus, Payment, Recovery
from claims.templatetags.shillings import destination, shillings
from profiles.models import Officer, masked

LEFT, WIDE, BOTTOM = 15, 180, 277
YEARS = range(2000, 2101)


class Sheet:
    """An A4 page and what is written on it, from the top down."""

    def __init__(self, title: str, officer: Officer) -> None:
        self.paper = Paper(210, 297, margin=LEFT)
        self.title = title
        self.y = self.next_page()
        now = date_format(timezone.localtime(), "j F Y, H:i")
        self.paper.text(LEFT, 18, _("The Kenya National Examinations Council"), 13, bold=True)
        self.paper.text(LEFT, 24, _("Contracted Professionals Portal (CP2)"), 9)
        self.paper.rule(LEFT, 27, LEFT + WIDE, 27)
        self.paper.text(LEFT, 35, title, 13, bold=True)
        self.y = 42
        self.facts(
            [
                (_("Officer"), officer.full_name),
                (_("ID number"), masked(officer.national_id)),
                (_("Printed"), now),
            ]
        )

    def next_page(self) -> float:
        self.paper.page()
        page = _("Page %(number)s") % {"number": len(self.paper.pages)}
        self.paper.text(LEFT, 288, self.title, 7.5)
        self.paper.text(LEFT + WIDE, 288, page, 7.5, at=1)
        return 18

    def room(self, tall: float) -> None:
        if self.y + tall > BOTTOM:
            self.y = self.next_page()

    def heading(self, said: str) -> None:
        self.room(20)
        self.y += 5
        self.paper.text(LEFT, self.y, said, 10.5, bold=True)
        self.y += 3

    def facts(self, rows: Iterable[tuple[str, str]], *, of: float = 45) -> None:
        for name, value in rows:
            self.room(6)
            self.paper.text(LEFT, self.y, name, 9)
            self.y = self.paper.paragraph(LEFT + of, self.y, WIDE - of, value, 9, bold=True) + 1

    def words(self, said: str, size: float = 8.5) -> None:
        self.room(8)
        self.y = self.paper.paragraph(LEFT, self.y + 3, WIDE, said, size)

    def table(self, columns: list[Column], rows: Iterable[list[str]]) -> None:
        self.y = (
            self.paper.table(self.y, columns, rows, row=6, bottom=BOTTOM, next_page=self.next_page)
            + 3
        )

    def to_bytes(self) -> bytes:
        return self.paper.to_bytes(title=self.title, language=translation.get_language() or "en")


# One claim


def of_claim(facts: Facts) -> bytes:
    claim = facts.claim
    sheet = Sheet(_("Statement of a claim"), claim.officer)
    sheet.facts(
        [
            (_("Exam"), str(claim.exam)),
            (_("Claim number"), _number(claim)),
            (_("Status"), f"{claim.get_status_display()}. {facts.whereabouts}"),
        ]
    )
    sheet.heading(_("What was earned"))
    sheet.table(
        [
            Column(_("Where and as what"), 76, left=True),
            Column(_("For"), 34, left=True),
            Column(_("Quantity"), 18),
            Column(_("Rate"), 24),
            Column(_("Amount"), 28, bold=True),
        ],
        [_line(line) for line in facts.lines],
    )
    _sums(sheet, facts)
    if facts.days:
        sheet.heading(_("Days in the register"))
        sheet.table(
            [
                Column(_("Day"), 32, left=True),
                Column(_("Centre"), 88, left=True),
                Column(_("The register says"), 60, left=True),
            ],
            [_day(mark) for mark in facts.days],
        )
    if facts.holds:
        sheet.heading(_("What holds it up"))
        for hold in facts.holds:
            sheet.words(f"{hold.get_code_display()}. {hold.remedy}")
    _way(sheet, facts)
    return sheet.to_bytes()


def _number(claim: Claim) -> str:
    if claim.adjusts_id:
        return _("%(number)s, which changes claim %(other)s") % {
            "number": claim.pk,
            "other": claim.adjusts_id,
        }
    return str(claim.pk)


def _line(line: Any) -> list[str]:
    post = line.deployment.post
    return [
        f"{post.position}, {post.station}",
        str(line.get_kind_display()),
        str(line.quantity),
        f"{line.rate:,.2f}",
        f"{line.amount:,.2f}",
    ]


def _sums(sheet: Sheet, facts: Facts) -> None:
    claim = facts.claim
    rows = [
        (_("Earned"), shillings(claim.gross)),
        (_("Tax withheld"), f"{shillings(claim.tax)}. {facts.tax}"),
    ]
    if claim.advance:
        rows.append((_("Paid in advance"), shillings(claim.advance)))
    paid = claim.status == ClaimStatus.PAID
    if claim.net < 0:
        rows.append((_("Kept back") if paid else _("To be kept back"), shillings(abs(claim.net))))
    else:
        rows.append((_("Paid out") if paid else _("To be paid"), shillings(claim.net)))
    sheet.y += 2
    sheet.facts(rows)


def _day(mark: Any) -> list[str]:
    return [date_format(mark.day, "D j M Y"), str(mark.deployment.post.station), mark.said]


def _way(sheet: Sheet, facts: Facts) -> None:
    """What was done when, paid where, changed afterwards."""
    sheet.heading(_("Where the money is"))
    sheet.y += 3
    sheet.facts(
        [
            (step.text, _moment(step.at) if step.at else _("Done"))
            for step in facts.steps
            if step.done
        ],
        of=70,
    )
    for payment in facts.payments:
        sheet.words(_paid(payment))
    for recovery in facts.kept_back:
        sheet.words(kept_back(recovery, facts.claim))
    for change in facts.adjustments:
        sheet.words(
            _("Changed afterwards by claim %(number)s: %(net)s, %(status)s.")
            % {
                "number": change.pk,
                "net": shillings(change.net),
                "status": str(change.get_status_display()).lower(),
            }
        )


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y")


def _paid(payment: Payment) -> str:
    said = {
        "amount": shillings(payment.amount),
        "to": destination(payment),
        "status": str(payment.get_status_display()).lower(),
    }
    words = _("%(amount)s to %(to)s: %(status)s.") % said
    if payment.reference:
        words += " " + _("Reference %(reference)s.") % {"reference": payment.reference}
    return f"{words} {payment.failure}".strip()


def kept_back(recovery: Recovery, claim: Claim) -> str:
    """Seen from the payment that was less for it, or from the claim that took it."""
    of = recovery.payment.claim if recovery.claim_id == claim.pk else recovery.claim
    said = {"amount": shillings(recovery.amount), "exam": of.exam.short}
    if recovery.claim_id == claim.pk:
        return _("%(amount)s was kept back from your payment for %(exam)s.") % said
    return _("%(amount)s of it was kept back for what you owed of %(exam)s.") % said


# A year


@dataclass
class Year:
    """All that reached an officer in a calendar year."""

    officer: Officer
    year: int
    rows: list[Claim]

    @property
    def gross(self) -> Decimal:
        return sum((claim.gross for claim in self.rows), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((claim.tax for claim in self.rows), Decimal(0))

    @property
    def advance(self) -> Decimal:
        return sum((claim.advance for claim in self.rows), Decimal(0))

    @property
    def net(self) -> Decimal:
        return sum((claim.net for claim in self.rows), Decimal(0))


def paid_in(user: User, year: int) -> Year:
    """Claims that were paid in that year; among them those that were kept back from a payment,
    which are paid with it."""
    officer = Officer.objects.get(user=user)
    rows = Claim.objects.visible_to(user).filter(status=ClaimStatus.PAID, paid_at__year=year)
    return Year(officer, year, list(rows.select_related("exam").order_by("paid_at", "pk")))


def of_year(paid: Year) -> bytes:
    sheet = Sheet(_("What was paid to you in %(year)s") % {"year": paid.year}, paid.officer)
    if paid.officer.kra_pin:
        sheet.facts([(_("KRA PIN"), masked(paid.officer.kra_pin))])
    sheet.heading(_("Payments"))
    if not paid.rows:
        sheet.words(_("Nothing was paid to you in this year."))
        return sheet.to_bytes()
    sheet.table(
        [
            Column(_("Paid"), 24),
            Column(_("Exam"), 50, left=True),
            Column(_("Reference"), 30, left=True),
            Column(_("Earned"), 26),
            Column(_("Tax withheld"), 24),
            Column(_("Paid out"), 26, bold=True),
        ],
        [
            *(_of_year(claim) for claim in paid.rows),
            [
                "", _("Together"), "", f"{paid.gross:,.2f}", f"{paid.tax:,.2f}",
                f"{paid.net:,.2f}",
            ],
        ],
    )  # fmt: skip
    sheet.y += 2
    sums = [
        (_("Earned"), shillings(paid.gross)),
        (_("Tax withheld"), shillings(paid.tax)),
    ]
    if paid.advance:
        sums.append((_("Paid in advance"), shillings(paid.advance)))
    sheet.facts([*sums, (_("Paid out"), shillings(paid.net))])
    sheet.words(
        _(
            "All amounts are Kenya shillings. A payment counts in the year in which the money "
            "left. Negative amounts were kept back from the payments above."
        )
    )
    return sheet.to_bytes()


def _of_year(claim: Claim) -> list[str]:
    exam = claim.exam.short
    if claim.adjusts_id:
        exam = _("%(exam)s, change") % {"exam": exam}
    return [
        date_format(timezone.localtime(claim.paid_at), "j M Y") if claim.paid_at else "",
        exam,
        claim.payment_reference or "",
        f"{claim.gross:,.2f}",
        f"{claim.tax:,.2f}",
        f"{claim.net:,.2f}",
    ]
