"""Many papers at once, papers whose marks changed, and what the paper itself shows."""

import io
import subprocess
import time
from datetime import timedelta

import pikepdf
import pytest
import zxingcpp
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import F
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django_webtest import WebTest
from PIL import Image

from accounts.models import Entry
from attendance import papers, scanning, services
from attendance.models import Amendment, Mark, MarkStatus, RegisterReturn, ReturnStatus, Way
from attendance.serving import lines, listed
from attendance.tests import world
from attendance.tests.test_return import over
from attendance.tests.world import ABSENT
from catalogue.models import Exam, Office
from cp2.tests import make


def signed(place, officers=1):
    centre = over(officers)
    centre.entry.station.sub_county = place
    centre.entry.station.save()
    made = services.sign(centre.entry, by=centre.user, acting_name="Barasa Wafula")
    return centre, made


def change(centre):
    centre.deployments[0].marks.filter(day=make.today()).update(status=ABSENT)


class Scanning(WebTest):
    def setUp(self):
        self.place = make.sub_county()
        self.scde = make.director(self.place, Office.SCDE)
        self.papers = [signed(self.place) for _n in range(3)]
        self.codes = [made.code for _centre, made in self.papers]

    def look(self, typed):
        make.sign_in(self.client, self.scde)
        return self.client.post(reverse("attendance:scan"), {"codes": typed})

    def finds(self, typed):
        return [str(each.find) for each in self.look(typed).context["found"]]

    def test_codes_are_read_however_they_come(self):
        first, second, third = self.codes
        typed = f"{first.lower()}\r\n{second};{third}, {first} https://x.ke/area/?code={second}&a=1"

        page = self.look(typed)

        assert [each.code for each in page.context["found"]] == self.codes
        assert page.content.count(b" checked") == 3

    def test_one_press_stamps_those_ticked(self):
        _first, second, third = (made for _centre, made in self.papers)
        make.sign_in(self.client, self.scde)

        page = self.client.post(
            reverse("attendance:stamp_all"), {"returns": [second.pk, third.pk]}, follow=True
        )

        self.assertContains(page, "2 registers are noted as stamped.")
        assert [r.status for r in RegisterReturn.objects.order_by("pk")] == [
            "signed", "stamped", "stamped",
        ]  # fmt: skip
        assert Entry.objects.filter(verb="return.stamped", actor=self.scde).count() == 2

    def test_what_is_refused_keeps_no_other_waiting(self):
        change(self.papers[0][0])
        make.sign_in(self.client, self.scde)

        page = self.client.post(
            reverse("attendance:stamp_all"),
            {"returns": [made.pk for _centre, made in self.papers]},
            follow=True,
        )

        self.assertContains(page, f"{self.codes[0]}: The register was changed after")
        self.assertContains(page, "2 registers are noted as stamped.")

    def test_each_says_what_it_is(self):
        change(self.papers[0][0])
        services.stamp(self.papers[1][1], by=self.scde)
        elsewhere = signed(make.sub_county("Elsewhere"))[1].code
        earlier = f"R{self.papers[2][0].entry.pk}-QQQQQQQQ"

        found = self.finds("\n".join([*self.codes, elsewhere, earlier, "R1", "🙂"]))

        assert found == ["changed", "done", "good", "unknown", "earlier", "unknown", "unknown"]

    def test_one_wrong_character_finds_the_one_that_is_meant(self):
        wrong = self.codes[0][:-1] + "Z"

        page = self.look(wrong)

        [found] = page.context["found"]
        assert (found.find, found.of.code) == ("likely", self.codes[0])
        assert b" checked" not in page.content
        self.assertContains(page, self.codes[0])

    def test_nothing_typed_too_much_and_nonsense_are_said(self):
        make.sign_in(self.client, self.scde)
        for typed, said in [
            ("", "Enter the code"),
            (" ,; ", "Enter the code"),
            ("\n".join(f"R{n}-AAAA" for n in range(301)), "Enter 300 at most"),
            ("R" + "9" * 30 + "-A", "Unknown"),
        ]:
            page = self.look(typed)
            assert page.status_code == 200
            self.assertContains(page, said)
        page = self.client.post(reverse("attendance:stamp_all"), {"returns": "x"}, follow=True)
        self.assertContains(page, "Choose from the list")
        page = self.client.post(reverse("attendance:stamp_all"), {}, follow=True)
        self.assertContains(page, "Tick at least one paper")

    def test_paper_of_another_office_is_not_stamped(self):
        other = signed(make.sub_county("Elsewhere"))[1]
        make.sign_in(self.client, self.scde)

        self.client.post(reverse("attendance:stamp_all"), {"returns": other.pk}, follow=True)

        other.refresh_from_db()
        assert other.status == ReturnStatus.SIGNED

    def test_fifty_cost_as_many_queries_as_one(self):
        make.sign_in(self.client, self.scde)
        url = reverse("attendance:scan")
        many = []
        for n in range(50):
            entry = make.entry(station=make.station(sub_county=self.place))
            many.append(RegisterReturn.objects.create(entry=entry, code=f"R{entry.pk}-A{n}").code)
        counts = []
        for typed in (self.codes[0] + " R0-X", " ".join([*self.codes, *many, "R0-X", "R0-Y"])):
            with CaptureQueriesContext(connection) as queries:
                self.client.post(url, {"codes": typed})
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8


class Received(TestCase):
    """Headquarters takes in a pile."""

    def setUp(self):
        place = make.sub_county()
        self.scde = make.director(place, Office.SCDE)
        self.papers = [signed(place) for _n in range(3)]
        for _centre, made in self.papers[:2]:
            services.stamp(made, by=self.scde)
        self.codes = [made.code for _centre, made in self.papers]
        self.url = reverse("admin:attendance_registerreturn_scan")

    def staff(self, group):
        user = make.user()
        user.groups.add(Group.objects.get(name=group))
        make.sign_in(self.client, user)
        return user

    def test_looked_up_and_received_with_one_press(self):
        user = self.staff("Deployment")
        self.assertContains(
            self.client.get(reverse("admin:attendance_registerreturn_changelist")), self.url
        )

        page = self.client.post(self.url, {"codes": "\n".join(self.codes)})

        assert [str(each.find) for each in page.context["found"]] == ["good", "good", "early"]
        ticked = [made.pk for _centre, made in self.papers]
        page = self.client.post(self.url, {"receive": "1", "returns": ticked}, follow=True)
        self.assertContains(page, "2 received.")
        self.assertContains(page, f"{self.codes[2]}: ")
        received = RegisterReturn.objects.filter(received_by=user)
        assert {made.code for made in received} == {*self.codes[:2]}

    def test_who_may_only_read_finds_no_such_page(self):
        self.staff("Auditor")

        assert self.client.get(self.url).status_code in (403, 404)
        assert self.client.post(self.url, {"codes": "R1-A"}).status_code in (403, 404)
        page = self.client.get(reverse("admin:attendance_registerreturn_changelist"))
        self.assertNotContains(page, self.url)


class Changed(WebTest):
    """Marks changed after the paper was signed."""

    def setUp(self):
        self.place = make.sub_county()
        self.scde = make.director(self.place, Office.SCDE)
        self.centre, self.made = signed(self.place, officers=2)

    def flag(self):
        self.made.refresh_from_db()
        [row] = services.with_changes([self.made])
        return row.new_code

    def sign(self):
        page = self.app.get(self.centre.url("sign"), user=self.centre.user)
        form = next(f for f in page.forms.values() if "acting_name" in f.fields)
        form["acting_name"] = "Barasa Wafula"
        return form.submit()

    def test_nothing_is_flagged_until_a_mark_changes_or_comes(self):
        assert self.flag() == ""
        self.centre.deployments[0].marks.update(acting_name="Somebody Else")
        assert self.flag() == ""
        assert self.made.marks_changed_at is None
        make.mark(make.deployment(post=self.centre.invigilators, slot=50))

        assert self.flag() == services.code_of(self.centre.entry) != self.made.code

    def test_mark_that_is_put_back_is_no_change(self):
        change(self.centre)
        assert self.flag()

        self.centre.deployments[0].marks.update(status=MarkStatus.PRESENT)

        assert self.flag() == ""
        assert self.made.marks_changed_at is not None
        assert services.stamp(self.made, by=self.scde).marks_changed_at is None

    def test_other_centres_are_not_touched(self):
        _other, made = signed(self.place)
        change(self.centre)

        made.refresh_from_db()
        assert made.marks_changed_at is None

    def test_it_shows_to_the_centre_the_office_and_headquarters(self):
        change(self.centre)
        new = services.code_of(self.centre.entry)

        page = self.app.get(self.centre.url("days"), user=self.centre.user)
        assert f"its code is now {new}" in page.text
        make.sign_in(self.client, self.scde)
        page = self.client.get(reverse("attendance:area_registers"))
        self.assertContains(page, "Marks changed since it was signed")
        self.assertContains(page, new)
        make.sign_in(self.client, make.user(is_superuser=True))
        url = reverse("admin:attendance_registerreturn_changelist")
        self.assertContains(self.client.get(url), new)
        _other, made = signed(self.place)
        filtered = self.client.get(url, {"touched": "yes"})
        self.assertContains(filtered, new)
        self.assertNotContains(filtered, made.code)

    def test_stamped_and_received_ones_are_signed_anew_and_the_trail_keeps_the_old_paper(self):
        old = self.made.code
        services.stamp(self.made, by=self.scde)
        services.receive(self.made, by=make.user())
        assert "has been stamped" in self.sign().text
        change(self.centre)

        self.sign()

        self.made.refresh_from_db()
        assert self.made.status == ReturnStatus.SIGNED
        assert self.made.code == services.code_of(self.centre.entry) != old
        assert (self.made.stamped_by, self.made.received_by) == (None, None)
        assert self.made.marks_changed_at is None
        details = Entry.objects.filter(verb="return.signed").order_by("-pk").first().details
        assert (details["was"], details["was_status"]) == (old, "received")
        assert details["was_stamped_by"] == self.scde.pk
        services.stamp(self.made, by=self.scde)

    def test_twenty_changed_ones_cost_as_many_queries_as_one(self):
        make.sign_in(self.client, self.scde)
        change(self.centre)
        counts = []
        for n in (0, 19):
            for _n in range(n):
                change(signed(self.place)[0])
            for url in (reverse("attendance:area_registers"),):
                self.client.get(url)
                with CaptureQueriesContext(connection) as queries:
                    self.client.get(url)
                counts.append(len(queries))
        assert counts[0] == counts[1] <= 8


def picture(content, page=1):
    """As a scanner sees it."""
    done = subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "-f", str(page), "-l", str(page), "-"],
        input=content, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return Image.open(io.BytesIO(done.stdout))


def words(content):
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"],
        input=content, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout.decode()


def long_exam(days=25):
    today = make.today()
    return make.exam(
        rehearsal_on=today - timedelta(days=days - 1),
        starts_on=today - timedelta(days=days - 2),
        ends_on=today,
    )


class Paper(TestCase):
    def marked(self, officers=3):
        centre = world.centre(officers=min(officers, 3), exam=long_exam())
        centre.invigilators.required = 400
        centre.invigilators.save()
        centre.deployments += [
            make.deployment(post=centre.invigilators, slot=slot) for slot in range(3, officers)
        ]
        days = sorted(centre.entry.exam.days.values_list("day", flat=True))
        by = make.user()
        Mark.objects.bulk_create(
            Mark(
                deployment=deployment,
                officer=deployment.officer,
                day=day,
                status="present",
                marked_by=by,
                acting_name="Barasa",
                marked_at=timezone.now() - (timezone.localdate() - day),
                received_at=timezone.now(),
            )
            for deployment in centre.deployments
            for day in days
        )
        return centre, days

    def test_each_page_bears_the_code_which_a_scanner_reads(self):
        centre, _days = self.marked(30)
        code = services.code_of(centre.entry)

        content = papers.print_return(centre.entry, code)

        with pikepdf.open(io.BytesIO(content)) as document:
            pages = len(document.pages)
        assert pages == 2
        for page in (1, 2):
            [read] = zxingcpp.read_barcodes(picture(content, page))
            assert read.text == f"{settings.SITE_URL}/area/registers/?code={code}"
            assert scanning.codes(read.text) == [code]
        said = words(content)
        assert said.count(code) >= 4
        assert "Page 2 of 2" in said

    def test_marks_that_came_otherwise_have_their_sign(self):
        centre, days = self.marked(3)
        Exam.objects.update(registers_close_after=60)
        marks = [*centre.deployments[1].marks.order_by("day")[:5]]
        amendment = Amendment.objects.create(
            entry=centre.entry, day=days[3], reason="x", asked_by=make.user(), acting_name="x",
            status="granted", decided_by=make.user(), decided_at=timezone.now(),
        )  # fmt: skip
        for mark, fields in zip(
            marks,
            [
                {"way": Way.TEXT},
                {"way": Way.COPY},
                {"way": Way.PAGE, "marked_at": F("received_at")},
                {"way": Way.AMENDMENT, "amendment": amendment},
                {"way": Way.PAGE, "status": "absent"},
            ],
            strict=True,
        ):
            Mark.objects.filter(pk=mark.pk).update(**fields)

        said = words(papers.print_return(centre.entry, services.code_of(centre.entry)))

        for sign in ("P†", "P°", "P‡", "P*", "Ab"):
            assert sign in said
        assert "marked by text" in said
        [line] = [each for each in said.splitlines() if "Present, of all" in each]
        assert line.split()[-1] == "74"  # 3 officers on 25 days, one absent once

    def test_three_hundred_officers_and_long_names_take_no_two_seconds(self):
        centre, _days = self.marked(300)
        officer = centre.deployments[5].officer
        officer.full_name = "Wanjikũ-" * 15
        officer.save()
        centre.entry.station.name = "Mũrang'a " * 13
        centre.entry.station.save()
        began = time.process_time()

        content = papers.print_return(centre.entry, services.code_of(centre.entry))

        assert time.process_time() - began < 2
        with pikepdf.open(io.BytesIO(content)) as document:
            assert len(document.pages) == 15
        assert words(content).count("Signature") >= 15

    def test_exam_of_forty_days_fits_and_so_does_one_of_none(self):
        for exam in (long_exam(40), long_exam()):
            centre = world.centre(officers=2, exam=exam)
            if exam.days.count() == 25:
                exam.days.all().delete()
            content = papers.print_return(centre.entry, "R1-ABCDEF01")
            assert zxingcpp.read_barcodes(picture(content))

    def test_kiswahili_letters_and_strange_names_come_out(self):
        centre, _days = self.marked(2)
        officer = centre.deployments[1].officer
        officer.full_name = "Ngũgĩ 王 (\\) <b>"
        officer.save()

        with translation.override("sw"):
            said = words(papers.print_return(centre.entry, "R1-A"))

        assert "Ngũgĩ ? (\\) <b>" in said
        assert "Rejista ya mahudhurio" in said


class DaySheet(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=3)
        self.client.force_login(self.centre.user)

    def test_numbers_boxes_and_how_to_text(self):
        tomorrow = make.today() + timedelta(days=1)

        response = self.client.get(self.centre.url("sheet_pdf", tomorrow))

        assert response.headers["Content-Type"] == "application/pdf"
        said = words(response.content)
        for deployment in self.centre.deployments:
            assert deployment.officer.full_name in said
        assert "ABSENT 3 7" in said
        assert "22262" in said

    def test_day_without_a_register_has_no_sheet(self):
        far = make.today() + timedelta(days=200)

        assert self.client.get(self.centre.url("sheet_pdf", far)).status_code == 404

    def test_page_of_the_days_leads_to_it(self):
        page = self.client.get(self.centre.url("days"))

        self.assertContains(page, self.centre.url("sheet_pdf", make.today() + timedelta(days=1)))
        self.assertContains(page, self.centre.url("phone"))


@pytest.mark.django_db
def test_numbers_stay_whatever_becomes_of_a_deployment():
    centre = world.centre(officers=3)
    for deployment, status in zip(
        centre.deployments, ["accepted", "rejected", "accepted"], strict=True
    ):
        deployment.status, deployment.reason = status, "Unwell"
        deployment.save()
    make.deployment(post=centre.invigilators, slot=9)
    world.centre(officers=2)  # numbers are each centre's own

    assert sorted(line.number for line in lines(centre.entry, make.today())) == [1, 3, 4]
    assert sorted(row.number for row in listed(centre.entry)) == [1, 3, 4]
