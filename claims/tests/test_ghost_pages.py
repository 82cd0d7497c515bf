"""Ghosts, holds and investigations as headquarters sees them."""

import io

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from django_webtest import WebTest
from openpyxl import load_workbook

from accounts.models import Entry
from claims import runs
from claims.ghosts import finding
from claims.models import (
    ClaimStatus,
    GhostSignal,
    Hold,
    HoldCode,
    Investigation,
    MoneyRun,
)
from claims.tests import world
from cp2.limits.models import Limit
from cp2.tests import make
from profiles.looks import LIMIT

REPORT = reverse("admin:claims_ghostsignal_report")
LIST = reverse("admin:claims_ghostsignal_changelist")


def odd(exam=None, **fields):
    """A claim of somebody whose payee has quite another name."""
    post = make.post(exam=exam or make.exam())
    make.terms(post.exam, post.position)
    officer = make.officer(full_name="Otieno Ouma", payee_name="MARY WAIRIMU", **fields)
    return make.claim(deployment=make.deployment(post=post, officer=officer))


class Pages(WebTest):
    group = "Finance preparer"

    def setUp(self):
        self.exam = make.exam()
        self.claim = odd(self.exam)
        self.sign_in(self.group)

    def sign_in(self, *groups):
        self.user = world.staff(*groups)
        make.sign_in(self.client, self.user)
        for name, value in self.client.cookies.items():
            self.app.set_cookie(name, value.value)

    def look(self):
        runs.finish(finding.ask(self.exam, by=None))

    def form(self, page, action):
        return next(
            form for form in page.forms.values() if form.action.split("?")[0].endswith(action)
        )

    def typed_into(self, page, field):
        return next(form for form in page.forms.values() if field in form.fields)


class Report(Pages):
    def test_looked_for_at_a_press_and_shown_with_the_oddest_first(self):
        page = self.app.get(REPORT)
        assert "Nobody has looked for ghosts in this exam yet." in page
        run = self.form(page, "/ask/").submit().follow()
        assert "Looking for ghosts" in run
        runs.finish(MoneyRun.objects.get())

        page = self.app.get(REPORT)
        assert "1 claim to be approved has something" in page
        assert page.html.find(id="claims").find_next("th", scope="row").text == "Otieno Ouma"
        assert self.claim.officer.payee_phone not in page

    def test_looked_at_with_a_finding_for_the_ticked_claims(self):
        self.look()
        form = self.form(self.app.get(REPORT), "/report/act/")
        form["claim"] = True
        page = form.submit("act", value="look").follow()
        assert "Enter what you found" in page
        assert not GhostSignal.objects.exclude(looked_at=None).exists()

        form = self.form(page, "/report/act/")
        form["claim"], form["note"] = True, "His wife, the director says"
        page = form.submit("act", value="look").follow()
        assert "is looked at" in page or "are looked at" in page
        signal = GhostSignal.objects.filter(claim=self.claim).first()
        assert (signal.looked_by, signal.finding) == (self.user, "His wife, the director says")
        assert Entry.objects.filter(verb="ghost.looked_at", actor=self.user).exists()
        assert "Nothing odd that nobody has looked at." in page

    def test_held_at_a_press(self):
        self.look()
        form = self.form(self.app.get(REPORT), "/report/act/")
        form["claim"], form["note"], form["code"] = True, "Who is she?", "investigation"
        page = form.submit("act", value="hold").follow()
        assert "1 claim is held." in page
        hold = self.claim.holds.standing().get()
        assert (hold.code, hold.raised_by, hold.note) == (
            HoldCode.INVESTIGATION,
            self.user,
            "Who is she?",
        )

    def test_nobody_waves_through_their_own_claim(self):
        self.look()
        self.user.phone = self.claim.officer.payee_phone = make.phone()
        self.claim.officer.save()
        self.user.save()
        form = self.form(self.app.get(REPORT), "/report/act/")
        form["claim"], form["note"] = True, "Fine"
        assert "0 signals are looked at." in form.submit("act", value="look").follow()
        assert not Hold.objects.exists()

    def test_nothing_ticked_and_nonsense_change_nothing(self):
        self.look()
        url = reverse("admin:claims_ghostsignal_act")
        token = self.form(self.app.get(REPORT), "/report/act/")["csrfmiddlewaretoken"].value
        for sent in (
            {},
            {"claim": "x"},
            {"claim": "9" * 40, "note": "x"},
            {"claim": str(self.claim.pk), "note": "x", "exam": "x", "act": "burn"},
            {"claim": str(self.claim.pk), "note": "x" * 900},
        ):
            answer = self.app.post(url, {"csrfmiddlewaretoken": token, **sent})
            assert answer.status_code == 302
        assert not GhostSignal.objects.exclude(looked_at=None).exists()

    def test_auditor_reads_and_takes_away_and_changes_nothing(self):
        self.look()
        self.sign_in("Auditor")
        page = self.app.get(REPORT)
        assert 'name="claim"' not in page
        sent = {"claim": self.claim.pk, "note": "x", "exam": self.exam.pk}
        answer = self.client.post(reverse("admin:claims_ghostsignal_act"), sent)
        assert answer.status_code == 404
        assert not GhostSignal.objects.exclude(looked_at=None).exists()
        file = self.form(page, "/report/files/").submit("as", value="csv")
        assert "Otieno Ouma" in file.text
        assert self.claim.officer.national_id not in file.text
        assert Entry.objects.get(verb="ghosts.taken").actor == self.user

    def test_taken_as_a_workbook_and_as_pages(self):
        self.look()
        page = self.app.get(LIST)
        book = self.form(page, "/files/").submit("as", value="xlsx")
        rows = list(load_workbook(io.BytesIO(book.body)).active.values)
        assert rows[1][0] == "The payee has quite another name"
        paper = self.form(page, "/files/").submit("as", value="pdf")
        assert paper.body.startswith(b"%PDF")

    def test_others_have_no_such_pages(self):
        self.look()
        for user in (
            world.staff("Helpdesk"),
            world.staff("Deployment"),
            make.director(make.sub_county()),
            self.claim.officer.user,
        ):
            make.sign_in(self.client, user)
            for url in (
                REPORT,
                LIST,
                reverse("admin:claims_ghostsignal_claim", args=[self.claim.pk]),
            ):
                assert self.client.get(url).status_code == 404, url

    def test_as_many_queries_for_one_as_for_fifty(self):
        self.look()
        counts = []
        for more in (0, 49):
            for _ in range(more):
                odd(self.exam)
            self.look()
            for url in (REPORT, LIST):
                with CaptureQueriesContext(connection) as queries:
                    assert self.client.get(url).status_code == 200
                counts.append(len(queries))
        assert counts[:2] == counts[2:]


class OneClaim(Pages):
    def page(self, **query):
        url = reverse("admin:claims_ghostsignal_claim", args=[self.claim.pk])
        return self.app.get(url, query)

    def test_who_made_the_marks_and_what_was_accepted(self):
        mark = make.mark(self.claim.lines.get().deployment)
        self.look()
        page = self.page()
        assert "Barasa Wafula" in page
        assert str(mark.marked_by) in page
        assert "on the page" in page
        assert "likeness of the names" in page

    def test_states_are_said_in_words(self):
        make.register_check(self.claim.officer, outcome="not_found")
        self.look()
        assert "status: Not found" in " ".join(self.page().html.text.split())

    def test_numbers_are_masked_and_whoever_opens_them_says_why(self):
        officer = self.claim.officer
        page = self.page()
        assert officer.national_id not in page
        assert officer.payee_phone[3:] not in page
        assert not Entry.objects.filter(verb="payee.viewed").exists()

        form = next(form for form in page.forms.values() if "look_why" in form.fields)
        form["look_why"] = "inquiry"
        page = form.submit().follow()
        assert officer.national_id in page
        assert Entry.objects.get(verb="payee.viewed").actor == self.user

    def ask_for_the_numbers(self, **how):
        forms = self.page().forms.values()
        form = next(form for form in forms if "look_why" in form.fields)
        form["look_why"] = "inquiry"
        return form.submit(**how)

    def test_there_is_an_end_to_looks_at_numbers_in_full(self):
        Limit.objects.filter(name=LIMIT).update(takes=1)
        self.ask_for_the_numbers().follow()
        self.claim = odd(self.exam)
        self.look()
        refused = self.ask_for_the_numbers(expect_errors=True)
        assert refused.status_code == 429
        assert self.claim.officer.national_id not in refused
        assert Entry.objects.filter(verb="payee.viewed").count() == 1

    def test_leads_to_all_of_its_group(self):
        other = odd(self.exam)
        other.officer.payee_phone = self.claim.officer.payee_phone
        other.officer.save()
        stranger = odd(self.exam)
        self.look()
        page = self.page().click("All of this group")
        shown = page.html.find(id="result_list").text
        assert shown.count("Several people are paid at one number") == 2
        assert str(stranger.pk) not in [
            row["value"] for row in page.html.find_all("input", {"name": "_selected_action"})
        ]


class Signals(Pages):
    def act(self, action, **fields):
        data = {
            "action": action,
            "_selected_action": list(GhostSignal.objects.values_list("pk", flat=True)),
            **fields,
        }
        return self.client.post(LIST, data, follow=True)

    def test_looked_at_and_held_by_actions_that_ask_why(self):
        self.look()
        assert self.act("look").context["form"].fields.keys() == {"note"}
        self.act("look", note="A name after marriage")
        assert not GhostSignal.objects.unlooked().exists()
        self.act("hold_duplicate", note="Twice?")
        assert self.claim.holds.standing().get().code == HoldCode.DUPLICATE

    def test_auditor_has_no_such_action(self):
        self.look()
        self.sign_in("Auditor")
        self.act("look", note="x")
        self.act("hold_duplicate", note="x")
        assert GhostSignal.objects.unlooked().exists()
        assert not Hold.objects.exists()


class Holds(Pages):
    group = "Finance approver"

    def test_counted_by_reason_with_a_way_to_each(self):
        Hold.objects.create(claim=self.claim, code=HoldCode.RETURN)
        page = self.app.get(reverse("admin:claims_hold_changelist"))
        page = page.click("The centre's signed register has not reached KNEC: 1")
        assert len(page.html.find(id="result_list").find_all("tbody")[0].find_all("tr")) == 1

    def test_everybody_of_a_centre_is_held_at_once(self):
        post = self.claim.lines.get().deployment.post
        second = make.claim(deployment=make.deployment(post=post, slot=2))
        elsewhere = odd(self.exam)
        paid = world.claim(ClaimStatus.PAID, deployment=make.deployment(post=post, slot=3))
        form = self.typed_into(self.app.get(reverse("admin:claims_hold_centre")), "centre")
        form["exam"], form["centre"], form["code"] = self.exam.pk, "00", "return"
        form["note"] = "No register"
        page = form.submit()
        assert "No centre has the code 00." in page

        form = self.typed_into(page, "centre")
        assert form["note"].value == "No register"
        form["centre"] = post.station.code
        assert "2 claims are held." in form.submit().follow()
        held = Hold.objects.standing().filter(code="return").values_list("claim", flat=True)
        assert sorted(held) == [self.claim.pk, second.pk]
        assert not elsewhere.holds.exists()
        assert not paid.holds.exists()
        assert Entry.objects.filter(verb="hold.raised").count() == 2

    def test_many_are_cleared_in_as_many_queries_as_one(self):
        counts = []
        for many in (1, 50):
            holds = [
                Hold.objects.create(claim=make.claim(), code=HoldCode.RETURN) for _ in range(many)
            ]
            data = {
                "action": "clear",
                "_selected_action": [hold.pk for hold in holds],
                "note": "Seen on paper",
            }
            with CaptureQueriesContext(connection) as queries:
                self.client.post(reverse("admin:claims_hold_changelist"), data)
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert not Hold.objects.standing().exists()

    def test_narrowed_and_taken_away(self):
        Hold.objects.create(claim=self.claim, code=HoldCode.RETURN, note="10401001")
        Hold.objects.create(claim=odd(), code=HoldCode.RETURN, note="=1+1", raised_by=self.user)
        page = self.app.get(reverse("admin:claims_hold_changelist"), {"raised": "person"})
        file = self.form(page, "/files/").submit("as", value="csv")
        assert "'=1+1" in file.text
        assert "10401001" not in file.text
        county = self.claim.officer.sub_county.county_id
        page = self.app.get(reverse("admin:claims_hold_changelist"), {"county": county, "e": ""})
        assert page.status_code in (200, 302)
        assert self.app.get(reverse("admin:claims_hold_changelist"), {"county": "x'"})

    def test_a_hold_says_what_the_officer_reads_and_who_lifts_it(self):
        hold = Hold.objects.create(claim=self.claim, code=HoldCode.NOT_VETTED)
        page = self.app.get(reverse("admin:claims_hold_change", args=[hold.pk]))
        assert "only to those whom headquarters has vetted" in page
        assert "By itself when headquarters vets the officer" in page

    def test_preparer_and_auditor_raise_none(self):
        for group in ("Finance preparer", "Auditor", "Helpdesk"):
            self.sign_in(group)
            assert self.client.get(reverse("admin:claims_hold_centre")).status_code == 404


class InvestigationPages(Pages):
    group = "Finance approver"

    def test_opened_and_closed_by_the_pages(self):
        station = self.claim.lines.get().deployment.post.station
        page = self.app.get(reverse("admin:claims_investigation_add"))
        form = self.typed_into(page, "centre")
        form["exam"], form["centre"] = self.exam.pk, station.code
        assert "Enter the reason" in form.submit()
        form["reason"] = "Leaked paper"
        assert "1 claim is held from now on." in form.submit().follow()
        of_it = self.claim.holds.standing().filter(code=HoldCode.INVESTIGATION)
        assert of_it.get().note == station.code
        assert "under investigation already" in form.submit()

        data = {
            "action": "close",
            "_selected_action": [Investigation.objects.get().pk],
            "note": "Nothing found",
        }
        url = reverse("admin:claims_investigation_changelist")
        self.client.post(url, data)
        assert Investigation.objects.get().finding == "Nothing found"
        assert not of_it.exists()

    def test_others_only_read(self):
        for group in ("Finance preparer", "Auditor"):
            self.sign_in(group)
            url = reverse("admin:claims_investigation_changelist")
            assert self.client.get(url).status_code == 200
            assert self.client.get(reverse("admin:claims_investigation_add")).status_code == 404
        self.sign_in("Helpdesk")
        assert self.client.get(url).status_code == 404


class Officers(TestCase):
    def test_every_hold_stands_on_the_claim_with_what_to_do(self):
        claim = world.claim()
        for code in HoldCode:
            Hold.objects.create(claim=claim, code=code)
        make.sign_in(self.client, claim.officer.user)
        page = self.client.get(reverse("claims:claim", args=[claim.pk]))
        for code in HoldCode:
            self.assertContains(page, escape(Hold(code=code).remedy))
