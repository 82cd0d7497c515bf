"""What a marking centre returns: read with care, shown before it counts, taken whole."""

import io
import time
from decimal import Decimal

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import StationKind
from claims import marking, services
from claims.models import Claim, ClaimLine, MarkingRate, MarkingRecord
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make

SEND = reverse("admin:claims_markingrecord_import")
HEAD = "officer,station,position,coordination_days,scripts,travel,advance,signed"


def file(*lines, head=HEAD):
    return io.BytesIO("\n".join([head, *lines]).encode())


class Returns(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.position = make.position("EXM")
        self.station = make.station(kind=StationKind.MARKING_CENTRE, level="")
        self.rates = MarkingRate.objects.create(
            exam=self.exam,
            position=self.position,
            coordination_fee=150,
            basic_fee=1100,
            script_fee=Decimal("55.50"),
        )
        self.post = make.post(
            exam=self.exam, position=self.position, station=self.station, required=99
        )
        self.deployment = make.deployment(post=self.post)
        self.phone = self.deployment.officer.user.phone
        self.clerk = world.preparer()

    def line(self, *figures, who=None, station=None, position="EXM"):
        figures = figures or ("3", "300", "1500.50", "10000", "yes")
        return ",".join([who or self.phone, station or self.station.code, position, *figures])

    def take(self, *lines):
        shown = marking.preview(file(*lines), exam=self.exam)
        if shown.changes:
            marking.apply(
                shown.to_apply,
                exam=self.exam,
                seal=shown.seal,
                sha256=shown.sha256,
                by=self.clerk,
            )
        return shown

    def refused(self, *lines, **kwargs):
        try:
            marking.preview(file(*lines, **kwargs), exam=self.exam)
        except Refused as refusal:
            return [str(each) for each in refusal.args]
        raise AssertionError("it was taken")


class Reading(Returns):
    def test_figures_that_are_none(self):
        money = [
            "-1",
            "0.005",
            "1e3",
            "1_0",
            "NaN",
            "Infinity",
            "-0",
            '"1,000"',
            "٥٠٠",
            "",
            "100000.01",
            "9999999999.99",
            "9" * 900,
        ]
        whole = ["-1", "0.5", "1e3", "1_0", "٣", "", "9" * 900, "10" * 15]
        columns = {
            "coordination_days": [*whole, "61"],
            "scripts": [*whole, "20001"],
            "travel": money,
            "advance": money,
            "signed": ["", "maybe", "1", "true"],
        }
        for place, (column, wrong) in enumerate(columns.items()):
            for typed in wrong:
                with self.subTest(column, typed=typed[:20]):
                    figures = ["3", "300", "0", "0", "yes"]
                    figures[place] = typed
                    (said,) = self.refused(self.line(*figures))
                    assert said.startswith("Line 2: ")
                    assert column.replace("signed", "Signed") in said
        assert not MarkingRecord.objects.exists()

    def test_figures_at_their_limits_are_taken(self):
        self.take(self.line("60", "20000", "100000.00", "0", "no"))
        record = MarkingRecord.objects.get()
        assert (record.coordination_days, record.scripts) == (60, 20_000)
        assert (record.travel, record.advance, record.signed) == (100_000, 0, False)

    def test_people_and_places_that_are_not_there_are_named_by_line(self):
        make.position("CM")
        elsewhere = make.station(kind=StationKind.MARKING_CENTRE, level="")
        said = self.refused(
            self.line(who="0799999999"),
            self.line(station=elsewhere.code),
            self.line(position="XYZ"),
            self.line(position="CM"),
            self.line(),
            self.line(),
            self.line(who="hello"),
            self.line(who=" "),
        )
        assert [each.split(":")[0] for each in said] == [f"Line {n}" for n in (2, 3, 4, 5, 7, 8, 9)]
        assert "Nobody with this phone or ID number is deployed to mark" in said[0]
        assert "not deployed at this station" in said[1]
        assert "No position or paper has this code" in said[2]
        assert "no rates of marking" in said[3]
        assert "stands in an earlier line too" in said[4]

    def test_whoever_rejected_is_not_deployed(self):
        gone = make.deployment("rejected", post=self.post, slot=2)
        (said,) = self.refused(self.line(who=gone.officer.user.phone))
        assert "Nobody with this phone" in said

    def test_by_id_number_phone_as_people_write_it_or_paper(self):
        officer = self.deployment.officer
        type(officer).objects.filter(pk=officer.pk).update(national_id="23456789")
        local = f"0{self.phone[3:6]} {self.phone[6:]}"
        for who, head in (
            ("23456789", HEAD.replace("officer", "National ID")),
            (local, HEAD.replace("officer", "Phone")),
            (f"+{self.phone}", HEAD),
        ):
            with self.subTest(who):
                shown = marking.preview(file(self.line(who=who), head=head), exam=self.exam)
                assert list(shown.given) == [self.deployment.pk]

    def test_by_a_phone_whose_nought_a_spreadsheet_dropped(self):
        shown = marking.preview(file(self.line(who=self.phone[3:])), exam=self.exam)
        assert list(shown.given) == [self.deployment.pk]

        other = make.deployment(post=self.post, slot=2).officer
        type(other).objects.filter(pk=other.pk).update(national_id=self.phone[3:])
        (said,) = self.refused(self.line(who=self.phone[3:]))
        assert "phone of one examiner and the ID number of another" in said
        for who in (self.phone, f"0{self.phone[3:]}"):
            shown = marking.preview(file(self.line(who=who)), exam=self.exam)
            assert list(shown.given) == [self.deployment.pk]

    def test_many_wrong_lines_are_told_up_to_a_number(self):
        said = self.refused(*[self.line(who="x")] * 50)
        assert len(said) == 21
        assert said[-1] == "And 30 more lines are wrong."

    def test_nothing_and_no_table(self):
        assert self.refused() == ["There is nothing in this file."]
        assert "is missing" in self.refused("x", head="officer")[0]

    def test_excel(self):
        book = openpyxl.Workbook()
        book.active.append(HEAD.split(","))
        book.active.append([self.phone, self.station.code, "EXM", 3, 300, 1500.5, 0, "yes"])
        kept = io.BytesIO()
        book.save(kept)
        shown = marking.preview(kept, exam=self.exam)
        assert shown.given == {self.deployment.pk: (3, 300, "1500.50", "0.00", True)}


class Taking(Returns):
    def test_again_is_nothing_and_another_figure_is_a_change_that_the_trail_keeps(self):
        assert self.take(self.line()).new == 1
        assert self.take(self.line()).changes == []
        self.take(self.line("3", "310", "1500.50", "10000", "yes"))

        assert MarkingRecord.objects.get().scripts == 310
        entry = Entry.objects.get(verb="marking_record.changed")
        assert (entry.details["was"]["scripts"], entry.details["scripts"]) == (300, 310)
        taken = Entry.objects.filter(verb="marking_records.taken")
        assert [each.details["lines"] for each in taken] == [1, 1]
        assert len(taken[0].details["sha256"]) == 64

    def test_what_was_changed_since_it_was_shown_is_not_overwritten(self):
        shown = marking.preview(file(self.line()), exam=self.exam)
        self.take(self.line("3", "310", "0", "0", "yes"))
        with self.assertRaisesMessage(Refused, "changed meanwhile"):
            marking.apply(
                shown.to_apply,
                exam=self.exam,
                seal=shown.seal,
                sha256=shown.sha256,
                by=self.clerk,
            )
        assert MarkingRecord.objects.get().scripts == 310

    def test_claim_has_a_line_for_each_part(self):
        self.take(self.line())
        services.prepare(self.exam)

        claim = Claim.objects.get()
        lines = {line.kind: (line.quantity, line.rate, line.amount) for line in claim.lines.all()}
        assert lines == {
            "coordination": (3, 150, 450),
            "basic": (1, 1100, 1100),
            "scripts": (300, Decimal("55.50"), 16_650),
            "travel": (1, Decimal("1500.50"), Decimal("1500.50")),
            "advance": (-1, 10_000, -10_000),
        }
        assert (claim.days, claim.gross, claim.advance) == (3, Decimal("19700.50"), 10_000)
        assert claim.net == Decimal("9700.50")

    def test_without_a_signature_only_the_advance_counts(self):
        self.take(self.line("3", "300", "1500", "10000", "no"))
        services.prepare(self.exam)

        claim = Claim.objects.get()
        assert (claim.gross, claim.advance, claim.net) == (0, 10_000, -10_000)
        assert ClaimLine.objects.get().kind == "advance"

    def test_thirty_thousand_lines_in_seconds(self):
        self.post.required = 2_001
        self.post.save()
        people = 2_000  # as fast as thirty thousand, a line for a line
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO accounts_user (username, phone, password, is_superuser, name, role,
                    office, language, issued_password, must_choose_password, is_active,
                    issued_earlier, date_joined)
                SELECT phone, phone, '!', false, '', 'officer', '', 'en', '', false, true, '', now()
                FROM (SELECT '2547' || (80000000 + n) AS phone FROM generate_series(1, %s) n) p
                """,
                [people],
            )
            cursor.execute(
                """
                INSERT INTO profiles_officer (full_name, gender, nssf_number, sha_number, email,
                    town, pf_number, payee_name, payee_phone, vetting, vetting_reason, user_id)
                SELECT 'Achieng Otieno', '', '', '', '', '', '', '', '', 'pending', '', id
                FROM accounts_user WHERE phone LIKE '25478%%'
                """
            )
            cursor.execute(
                """
                INSERT INTO deployments_deployment (slot, status, starts_on, ends_on, respond_by,
                    reason, officer_id, post_id)
                SELECT 1 + row_number() OVER (), 'accepted', %s, %s, now(), '', o.id, %s
                FROM profiles_officer o JOIN accounts_user u ON u.id = o.user_id
                WHERE u.phone LIKE '25478%%'
                """,
                [self.exam.rehearsal_on, self.exam.ends_on, self.post.pk],
            )
        lines = [self.line(who=f"2547{80000000 + n}") for n in range(1, people + 1)]
        began = time.process_time()
        with CaptureQueriesContext(connection) as queries:
            shown = self.take(*lines)
        assert len(shown.changes) == MarkingRecord.objects.count() == people
        assert len(queries) < 20
        assert (time.process_time() - began) * 15 < 30


class Pages(Returns):
    def sign_in(self, user=None):
        make.sign_in(self.client, user or self.clerk)

    def send(self, *lines, exam=None):
        table = SimpleUploadedFile("return.csv", file(*lines).read())
        return self.client.post(SEND, {"exam": exam or self.exam.pk, "file": table})

    def test_shown_first_then_applied_as_it_was_shown(self):
        self.sign_in()
        page = self.send(self.line())
        self.assertContains(page, "What the return changes")
        self.assertContains(page, "1,500.50")
        assert not MarkingRecord.objects.exists()

        done = self.client.post(SEND, {"apply": page.context["signed"]}, follow=True)
        self.assertContains(done, "1 examiner&#x27;s record is taken.")
        assert MarkingRecord.objects.get().by == self.clerk

    def test_what_changes_nothing_is_no_error_when_it_is_applied(self):
        self.take(self.line())
        self.sign_in()
        signed = self.send(self.line()).context["signed"]
        done = self.client.post(SEND, {"apply": signed}, follow=True)
        self.assertContains(done, "0 examiners&#x27; records are taken.")
        assert Entry.objects.filter(verb="marking_records.taken").count() == 1

    def test_wrong_line_is_said_and_nothing_is_taken(self):
        self.sign_in()
        page = self.send(self.line(), self.line(who="0799999999"))
        self.assertContains(page, "Line 3: Nobody with this phone")
        assert not MarkingRecord.objects.exists()

    def test_nobody_applies_what_another_saw_nor_what_was_made_up(self):
        self.sign_in()
        signed = self.send(self.line()).context["signed"]
        self.sign_in(world.preparer())
        assert self.client.post(SEND, {"apply": signed}).status_code in (403, 404)
        said = self.client.post(SEND, {"apply": f"{signed}x"}, follow=True)
        self.assertContains(said, "looked at too long ago")
        assert not MarkingRecord.objects.exists()

    def test_nobody_else_sends_returns(self):
        for user in (world.approver(), world.staff("Auditor"), world.staff("Helpdesk")):
            self.sign_in(user)
            assert self.send(self.line()).status_code in (403, 404)
            template = reverse("admin:claims_markingrecord_template")
            assert self.client.get(template).status_code in (403, 404)
        assert not MarkingRecord.objects.exists()

    def test_template_is_taken_as_it_is_once_it_is_filled_in(self):
        self.sign_in()
        head = self.client.get(reverse("admin:claims_markingrecord_template")).content
        table = io.BytesIO(head + self.line().encode())
        assert marking.preview(table, exam=self.exam).given

    def test_the_list_leads_there_whom_it_concerns_and_is_as_quick_with_many_rows(self):
        self.take(self.line())
        url = reverse("admin:claims_markingrecord_changelist")
        self.sign_in(world.approver())
        assert SEND not in self.client.get(url).text
        self.sign_in()

        def count():
            with CaptureQueriesContext(connection) as queries:
                assert SEND in self.client.get(url).text
            return len(queries)

        one = count()
        for slot in range(2, 12):
            other = make.deployment(post=self.post, slot=slot)
            self.take(self.line(who=other.officer.user.phone))
        assert count() == one <= 10
