"""The report of the money: its figures, the lists behind them, and who may see it."""

import csv
import io
import re
from decimal import Decimal

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import Office
from claims import services
from claims.models import Channel, Claim, MoneyState, Road
from claims.money import counting
from claims.money.behind import behind
from claims.money.forms import MoneyForm
from claims.money.report import By, report
from claims.tests import money, world
from cp2.tests import make

MONEY = reverse("admin:claims_money")
CLAIMS = reverse("admin:claims_money_claims")
FILES = reverse("admin:claims_money_files")
AREA = reverse("claims:area_money")


def amounts(page):
    return set(re.findall(r"[0-9,]+\.[0-9]{2}", page.content.decode()))


class Reading(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.made = money.build()
        counting.count_due()
        cls.auditor = world.staff("Auditor")

    def setUp(self):
        make.sign_in(self.client, self.auditor)

    def test_the_page_says_where_the_money_is_and_as_of_when(self):
        page = self.client.get(MONEY)
        for words in ("Owed", "of which held", "Kept back", "Kisii", "Turkana", "As of "):
            self.assertContains(page, words)
        self.assertNotContains(page, "Something has changed since")
        total = report(By.COUNTY, {}).total
        assert f"{total.all.net:,.2f}" in amounts(page)

    def test_it_says_when_something_has_changed_since(self):
        make.claim(deployment=money.deployed(self.made.first, self.made.here))
        self.assertContains(self.client.get(MONEY), "Something has changed since")
        self.assertNotContains(
            self.client.get(MONEY, {"exam": self.made.second.pk}), "Something has changed since"
        )

    def test_each_figure_leads_to_the_claims_it_is_made_of(self):
        """Whichever way it is cut: as many are counted there, and their parts come to as much."""
        for by in By:
            page = self.client.get(MONEY, {"by": by.value})
            links = set(re.findall(rf'href="({CLAIMS}[^"]+)"', page.content.decode()))
            assert len(links) > 5
            for link in links:
                with self.subTest(by, link=link):
                    listed = self.client.get(link.replace("&amp;", "&"))
                    parts, total = listed.context["parts"], listed.context["total"]
                    assert sum(part.is_counted for part in parts) == total.claims
                    for name in ("gross", "tax", "advance", "net"):
                        found = sum((getattr(part, name) for part in parts), Decimal(0))
                        assert found == getattr(total, name), name

    def test_every_state_is_the_same_in_the_list_and_in_the_count(self):
        for state in MoneyState:
            form = MoneyForm({"state": state.value})
            listed = behind(form.asked, to=self.auditor)
            counted = report(By.EXAM, form.asked).total.all
            assert listed.count() == counted.claims, state

    def test_a_claim_stands_under_the_channel_of_its_newest_attempt_alone(self):
        failed = self.made.failed
        failed.officer.paid_by = "bank"
        failed.officer.save()
        make.bank_account(failed.officer)
        world.cleared(failed)
        by_bank = Claim.objects.filter(pk=failed.pk)
        services.prepare_batch(by_bank, by=world.preparer(), channel=Channel.EFT)
        counting.count_due()
        for channel in Road:
            form = MoneyForm({"channel": channel.value})
            listed = behind(form.asked, to=self.auditor)
            assert listed.count() == report(By.EXAM, form.asked).total.all.claims, channel
            assert (failed in listed) is (channel == Road.EFT)

    def test_rows_lead_further_in(self):
        page = self.client.get(MONEY, {"by": "county"})
        inside = re.search(r'<a href="(\?[^"]*)">Kisii</a>', page.content.decode())
        page = self.client.get(MONEY + inside[1].replace("&amp;", "&"))
        self.assertContains(page, "Here, Kisii")
        self.assertNotContains(page, "There, Turkana")
        self.assertContains(page, "<b>County: Kisii</b>")

    def test_one_state_is_shown_with_all_that_makes_it_up(self):
        page = self.client.get(MONEY, {"state": "owed", "by": "position"})
        self.assertContains(page, '<th scope="col">Officers</th>', 2)
        assert "82.51" in amounts(page)

    def test_what_is_no_filter_narrows_nothing(self):
        everything = self.client.get(MONEY).context["found"].total.all.net
        for query in ("?exam=x", "?county=999999", "?week=nonsense", "?by=nobody", "?channel=0"):
            page = self.client.get(MONEY + query)
            assert page.status_code == 200
            assert page.context["found"].total.all.net == everything
            assert self.client.get(CLAIMS + query).status_code == 200

    def test_the_chart_has_every_day_and_the_same_in_numbers(self):
        Claim.objects.filter(pk=self.made.owed.pk).update(
            prepared_at=self.made.approved.prepared_at - counting.STALE_AFTER * 4
        )
        counting.count_due()
        page = self.client.get(MONEY, {"exam": self.made.second.pk})
        (chart,) = page.context["charts"]
        assert len(chart.steps) == 5
        assert [step.claimed > 0 for step in chart.steps] == [True, False, False, False, True]
        assert (
            chart.steps[-1].all_claimed
            == report(By.EXAM, {"exam": self.made.second.pk}).total.all.net
        )
        self.assertContains(page, "<polyline", 3)
        for step in chart.steps:
            self.assertContains(page, step.name)

    def test_a_long_time_is_shown_by_the_week(self):
        Claim.objects.filter(pk=self.made.owed.pk).update(
            prepared_at=self.made.approved.prepared_at - counting.STALE_AFTER * 70
        )
        counting.count_due()
        page = self.client.get(MONEY, {"exam": self.made.second.pk})
        (chart,) = page.context["charts"]
        assert chart.is_weekly
        assert len(chart.steps) == 11

    def test_taken_away_it_is_the_same_in_numbers(self):
        answer = self.client.post(FILES + "?by=position", {"as": "csv"})
        text = b"".join(answer).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[0][:3] == ["Position", "Where the money is", "Claims"]
        nets = [Decimal(row[7].lstrip("'")) for row in rows[1:] if row[0] != "In all"]
        assert sum(nets) == report(By.EXAM, {}).total.all.net
        entry = Entry.objects.get(verb="money.taken")
        assert entry.actor == self.auditor
        for kind in ("xlsx", "pdf"):
            assert self.client.post(FILES, {"as": kind}).status_code == 200

    def test_the_same_queries_for_few_and_for_many(self):
        def count(path):
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(path).status_code == 200
            return len(queries)

        few = {path: count(path) for path in (MONEY, CLAIMS)}
        for number in range(50):
            place = make.sub_county(f"Place {number}", "Nairobi")
            make.claim(deployment=money.deployed(self.made.first, place))
        counting.count_due()
        assert {path: count(path) for path in (MONEY, CLAIMS)} == few
        assert max(few.values()) <= 8  # five of them are who asks

    def test_who_may_see_it(self):
        for group in ("Finance preparer", "Finance approver", "Auditor"):
            make.sign_in(self.client, world.staff(group))
            for path in (MONEY, CLAIMS):
                assert self.client.get(path).status_code == 200
        for group in ("Helpdesk", "Deployment"):
            make.sign_in(self.client, world.staff(group))
            for path in (MONEY, CLAIMS):
                assert self.client.get(path).status_code == 404
            assert self.client.post(FILES, {"as": "csv"}).status_code == 404


class Area(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.made = money.build()

    def setUp(self):
        make.sign_in(self.client, make.director(self.made.here))

    def test_only_what_was_earned_here(self):
        page = self.client.get(AREA)
        total = page.context["total"]
        made = self.made
        assert total.states["paid"] == made.paid.net
        assert total.states["failed"] == made.failed.net
        assert total.states["approved"] == 0
        assert total.states["kept_back"] == made.taken_back.net
        # of the claim in two places two days of three, with their share of the tax
        assert total.states["owed"] == made.owed.net + 1100 - Decimal("55.01")
        assert total.states["disputed"] == 0

    def test_positions_stand_by_their_rank_as_a_number(self):
        for code, rank in (("INV", 10), ("SUP", 9)):
            position = make.position(code)
            position.rank = rank
            position.save()
            make.claim(deployment=money.deployed(self.made.first, self.made.here, code))
        page = self.client.get(AREA)
        names = [line.name for line, _states in page.context["rows"]]
        assert names.index("Supervisor") < names.index("Invigilator")

    def test_it_names_nobody(self):
        page = self.client.get(AREA, {"by": "centre"})
        for claim in Claim.objects.select_related("officer"):
            self.assertNotContains(page, claim.officer.full_name)
        self.assertContains(page, self.made.paid.lines.get().deployment.post.station.code)

    def test_centres_add_up_to_the_same(self):
        totals = [
            self.client.get(AREA, {"by": by}).context["total"] for by in ("centre", "position")
        ]
        assert totals[0].states == totals[1].states

    def test_it_is_what_headquarters_counted(self):
        counting.count_due()
        counted = report(By.EXAM, {"sub_county": self.made.here}).total
        total = self.client.get(AREA).context["total"]
        assert total.states == {state: sums.net for state, sums in counted.states.items()}

    def test_one_exam(self):
        page = self.client.get(AREA, {"exam": self.made.second.pk})
        assert page.context["total"].net == self.made.owed.net

    def test_the_same_queries_for_few_and_for_many(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(AREA).status_code == 200
            return len(queries)

        few = count()
        for _ in range(20):
            make.claim(deployment=money.deployed(self.made.first, self.made.here))
        assert count() == few <= 8

    def test_who_is_kept_out(self):
        self.client.logout()
        assert self.client.get(AREA).status_code == 302
        station = make.station(sub_county=self.made.here)
        for stranger in (
            self.made.paid.officer.user,
            make.centre(station),
            make.director(self.made.here, Office.SCDE),
            world.staff("Auditor"),
        ):
            make.sign_in(self.client, stranger)
            with self.subTest(stranger.role):
                assert self.client.get(AREA).status_code == 404
