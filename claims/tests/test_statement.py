"""What an officer earned, on paper."""

import io
import re
import time
from datetime import timedelta

import pikepdf
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from catalogue.models import Office
from claims.models import Claim, ClaimStatus, Hold, HoldCode
from claims.tests import world
from cp2.tests import make


def words(answer):
    """Of all pages, as a reader copies them."""
    with pikepdf.open(io.BytesIO(answer.content)) as document:
        return "".join(_page(page) for page in document.pages)


def _page(page):
    said = []
    fonts = {
        name: _letters(font.ToUnicode.read_bytes().decode())
        for name, font in page.Resources.Font.items()
    }
    font = {}
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Tf":
            font = fonts[str(operands[0])]
        elif str(operator) == "Tj":
            codes = bytes(operands[0]).hex()
            said.append("".join(font[codes[at : at + 4]] for at in range(0, len(codes), 4)))
    return "\n".join(said)


def _letters(table):
    pairs = re.findall(r"^<([0-9a-f]{4})> <([0-9a-f]+)>$", table, re.MULTILINE)
    return {
        glyph: bytes.fromhex(char).decode("utf-16-be") for glyph, char in pairs if char != "ffff"
    }


def url(claim):
    return reverse("claims:statement_pdf", args=[claim.pk])


class OfAClaim(TestCase):
    def test_lines_days_status_and_payment(self):
        deployment = make.deployment()
        make.mark(deployment, deployment.starts_on)
        claim = world.claim(ClaimStatus.PAID, deployment=deployment)
        self.client.force_login(claim.officer.user)
        answer = self.client.get(url(claim))

        assert answer["Content-Type"] == "application/pdf"
        assert "no-store" in answer["Cache-Control"]
        said = words(answer)
        for each in (
            "The Kenya National Examinations Council",
            claim.officer.full_name,
            str(claim.exam),
            "1,100.00",
            deployment.post.station.name,
            claim.payment_reference,
            "Paid. The money was sent.",
        ):
            assert each in said, each
        assert claim.officer.national_id not in said
        assert claim.officer.payee_phone[3:] not in said

    def test_what_holds_it_up_is_on_it(self):
        claim = make.claim()
        Hold.objects.create(claim=claim, code=HoldCode.NOT_SUBMITTED)
        self.client.force_login(claim.officer.user)
        assert "Your profile is not submitted" in words(self.client.get(url(claim)))

    def test_in_kiswahili_for_whoever_reads_it(self):
        claim = make.claim()
        self.client.force_login(claim.officer.user)
        answer = self.client.get(url(claim), headers={"accept-language": "sw"})
        with pikepdf.open(io.BytesIO(answer.content)) as document:
            assert str(document.Root.Lang) == "sw"

    def test_a_season_of_days_goes_over_pages(self):
        deployment = make.deployment()
        exam = deployment.post.exam
        claim = make.claim(deployment=deployment)
        for number in range(22):
            make.mark(deployment, exam.rehearsal_on + timedelta(days=number))
        for code in HoldCode:
            Hold.objects.create(claim=claim, code=code)
        self.client.force_login(claim.officer.user)
        answer = self.client.get(url(claim))
        with pikepdf.open(io.BytesIO(answer.content)) as document:
            assert len(document.pages) == 2
        assert "Page 2" in words(answer)

    def test_it_costs_no_more_than_a_letter(self):
        claim = make.claim()
        self.client.force_login(claim.officer.user)
        self.client.get(url(claim))
        took = []
        for _ in range(5):
            began = time.process_time()
            self.client.get(url(claim))
            took.append(time.process_time() - began)
        assert min(took) < 0.1

    def test_who_is_kept_out(self):
        claim = make.claim()
        place = claim.lines.get().deployment.post.station
        self.client.logout()
        assert self.client.get(url(claim)).status_code == 302
        for user in (
            make.officer().user,
            make.centre(place),
            make.director(place.sub_county),
            make.director(place.sub_county, Office.SCDE),
            make.user(),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(url(claim)).status_code == 404
            year = reverse("claims:year_pdf", args=[2025])
            assert self.client.get(year).status_code == (200 if user.role == "officer" else 404)


class OfAYear(TestCase):
    def setUp(self):
        self.claim = world.claim(ClaimStatus.PAID)
        self.client.force_login(self.claim.officer.user)
        self.year = timezone.localdate(self.claim.paid_at).year

    def get(self, year):
        return self.client.get(f"/claims/statement/{year}.pdf")

    def test_what_was_paid_in_it_and_withheld(self):
        world.claim(ClaimStatus.PAID)  # another's
        said = words(self.get(self.year))

        for each in (f"What was paid to you in {self.year}", self.claim.payment_reference):
            assert each in said
        assert said.count("1,100.00") == 6  # the line, the sum under it, and the two together
        self.assertContains(
            self.client.get(reverse("claims:list")), f"/claims/statement/{self.year}.pdf"
        )

    def test_another_year_says_that_nothing_was_paid(self):
        said = words(self.get(self.year - 1))
        assert "Nothing was paid to you in this year." in said
        assert self.claim.payment_reference not in said

    def test_no_year_is_no_page(self):
        for year in ("0", "1999", "2101", str(10**30), "9" * 5000, "x"):
            assert self.get(year).status_code == 404

    def test_what_is_not_paid_is_not_on_it(self):
        officer = world.claim(ClaimStatus.APPROVED).officer
        self.client.force_login(officer.user)
        assert "Nothing was paid" in words(self.get(self.year))
        assert Claim.objects.filter(status="paid").count() == 1
