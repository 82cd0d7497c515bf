"""What a director asks of the list of deployments, does to many at once, and takes away."""

import csv
import io
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import Entry
from catalogue.models import Office
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus, Letter, LetterStatus
from deployments.tests.test_area import Area
from sms.models import Message

LIST = reverse("deployments:area_deployments")
CANCEL = reverse("deployments:area_cancel_many")
REMIND = reverse("deployments:area_remind")
OFFERED, ACCEPTED = DeploymentStatus.OFFERED, DeploymentStatus.ACCEPTED
REJECTED, EXPIRED = DeploymentStatus.REJECTED, DeploymentStatus.EXPIRED


class Lists(Area):
    def rows(self, **params):
        return list(self.client.get(LIST, params).context["page"])

    def offer(self, **fields):
        fields = {"post": self.post, "officer": make.officer(), **fields}
        return make.deployment(OFFERED, **fields)


class NarrowedTests(Lists):
    def test_by_position_and_station(self):
        row = make.deployment(post=self.post)
        other = make.deployment(
            post=self.another_post(position=make.position("SUP")), officer=make.officer()
        )
        assert self.rows(position=self.post.position_id) == [row]
        assert self.rows(station="umoja") == [row]
        assert self.rows(station=other.post.station.code) == [other]

    def test_offers_that_end_within_a_day(self):
        now = timezone.now()
        due = self.offer(slot=1, respond_by=now + timedelta(hours=20))
        self.offer(slot=2, respond_by=now + timedelta(hours=30))
        make.deployment(post=self.post, slot=3, respond_by=now + timedelta(hours=2))
        assert self.rows(shows="due") == [due]

    def test_turned_down_or_run_out_lately_and_the_place_is_free(self):
        now = timezone.now()
        lost = [
            make.deployment(REJECTED, post=self.post, slot=1, answered_at=now),
            make.deployment(EXPIRED, post=self.post, slot=2, respond_by=now),
        ]
        make.deployment(REJECTED, post=self.post, slot=3, answered_at=now)
        self.offer(slot=3)
        make.deployment(REJECTED, post=self.post, slot=2, answered_at=now - timedelta(days=8))
        assert set(self.rows(shows="free")) == set(lost)

    def test_of_whom_the_letter_could_not_be_printed(self):
        row = make.deployment(post=self.post)
        fine = make.deployment(post=self.post, slot=2, officer=make.officer())
        for each, status in ((row, LetterStatus.FAILED), (fine, LetterStatus.WAITING)):
            Letter.objects.create(deployment=each, code=f"L{each.pk}", status=status)
        assert self.rows(shows="letter") == [row]
        Letter.objects.update(voided_at=timezone.now())
        assert self.rows(shows="letter") == []

    def test_nominated_without_an_application(self):
        nominated = make.deployment(post=self.post, application=None)
        applied = make.application(vacancy=make.vacancy(exam=self.exam, sub_county=self.area))
        make.deployment(post=self.post, slot=2, officer=applied.officer, application=applied)
        assert self.rows(shows="unasked") == [nominated]

    def test_in_the_order_that_is_asked_for(self):
        here = make.station(sub_county=self.area, name="Amani School")
        first = self.offer(
            post=self.another_post(station=here),
            officer=make.officer(full_name="Zawadi Akinyi"),
            respond_by=timezone.now() + timedelta(hours=1),
            offered_at=timezone.now() - timedelta(days=3),
        )
        last = self.offer(officer=make.officer(full_name="Abdi Noor"))
        assert self.rows() == [last, first]
        assert self.rows(sort="deadline") == [first, last]
        assert self.rows(sort="name") == [last, first]
        assert self.rows(sort="station") == [first, last]


class ManyTests(Lists):
    def setUp(self):
        super().setUp()
        names = enumerate(["Chebet Korir", "Barasa Wafula"], start=1)
        self.offers = [
            self.offer(slot=slot, officer=make.officer(full_name=name)) for slot, name in names
        ]
        self.ticked = [str(row.pk) for row in self.offers]

    def texts(self, template):
        return Message.objects.filter(template=f"deployments/{template}").count()

    def statuses(self):
        return sorted(Deployment.objects.values_list("status", flat=True))

    def test_several_are_called_off_with_one_reason(self):
        page = self.client.post(CANCEL, {"deployment": self.ticked})
        for row in self.offers:
            self.assertContains(page, row.officer.full_name)
        assert self.statuses() == ["offered", "offered"]

        asked_again = self.client.post(CANCEL, {"deployment": self.ticked, "reason": " "})
        self.assertContains(asked_again, "Enter the reason")

        done = self.client.post(
            f"{CANCEL}?sort=name", {"deployment": self.ticked, "reason": "The centre was closed"}
        )
        self.assertRedirects(done, f"{LIST}?sort=name")
        assert self.statuses() == ["cancelled", "cancelled"]
        assert set(Deployment.objects.values_list("reason", flat=True)) == {"The centre was closed"}
        assert self.texts("cancelled") == 2
        assert Entry.objects.filter(verb="deployment.cancelled", actor=self.director).count() == 2

    def test_whoever_cannot_be_called_off_keeps_nobody_else(self):
        officer = make.officer(full_name="Abdi Noor")
        over = make.deployment(REJECTED, post=self.post, slot=3, officer=officer)
        answer = self.client.post(
            CANCEL, {"deployment": [*self.ticked, over.pk], "reason": "Why"}, follow=True
        )
        self.assertContains(answer, "2 deployments are cancelled and the officers told.")
        self.assertContains(answer, "Abdi Noor: This deployment is over")

    def test_those_who_did_not_answer_are_reminded_once_a_day(self):
        make.deployment(post=self.post, slot=3, officer=make.officer())
        first = self.client.post(REMIND, {"deployment": self.ticked}, follow=True)
        self.assertContains(first, "2 officers are reminded by text.")
        self.assertContains(first, "Reminded")
        again = self.client.post(REMIND, {"deployment": self.ticked}, follow=True)
        self.assertContains(again, "2 were passed over")
        assert self.texts("reminder") == 2
        assert Entry.objects.filter(verb="deployment.reminded").count() == 2

        Deployment.objects.update(
            reminded_at=timezone.now() - timedelta(days=1),
            respond_by=timezone.now() + timedelta(hours=5),
        )
        self.client.post(REMIND, {"deployment": self.ticked})
        assert self.texts("reminder") == 4

    def test_who_answered_or_is_too_late_is_not_reminded(self):
        Deployment.objects.filter(pk=self.ticked[0]).update(
            respond_by=timezone.now() - timedelta(minutes=1)
        )
        accepted = make.deployment(post=self.post, slot=3, officer=make.officer())
        self.client.post(REMIND, {"deployment": [self.ticked[0], accepted.pk]})
        assert self.texts("reminder") == 0

    def test_rows_of_the_other_office_and_of_elsewhere_are_passed_over(self):
        foreign = make.deployment(OFFERED, officer=make.officer())
        for director in (self.director, make.director(self.area, office=Office.SCDE)):
            make.sign_in(self.client, director)
            chosen = [foreign.pk] if director == self.director else self.ticked
            for url in (CANCEL, REMIND):
                answer = self.client.post(url, {"deployment": chosen, "reason": "Why"}, follow=True)
                self.assertContains(answer, "Tick the officers")
        assert set(self.statuses()) == {"offered"}
        assert not Message.objects.exists()

    def test_rubbish_is_no_tick_and_no_crash(self):
        for value in ("x", "-1", "\x00", "١", "9" * 50, ""):
            for url in (CANCEL, REMIND):
                assert self.client.post(url, {"deployment": value}).status_code == 302

    def test_buttons_only_where_there_is_something_to_tick(self):
        self.assertContains(self.client.get(LIST), "Remind those ticked")
        make.sign_in(self.client, make.director(self.area, office=Office.SCDE))
        page = self.client.get(LIST)
        self.assertNotContains(page, "Remind those ticked")
        self.assertNotContains(page, 'type="checkbox" id="d')


class FilesTests(Lists):
    def setUp(self):
        super().setUp()
        self.row = make.deployment(
            post=self.post, slot=1, officer=make.officer(full_name="Chebet Korir")
        )
        self.other = self.offer(slot=2)

    def take(self, name, *args, kind="csv", query=""):
        url = reverse(f"deployments:{name}", args=args) + query
        return self.client.post(url, {"as": kind})

    def lines(self, answer):
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))[1:]

    def test_deployments_as_they_are_filtered_with_masked_numbers(self):
        (line,) = self.lines(self.take("area_deployments_files", query="?status=accepted"))
        assert line[0] == "Chebet Korir"
        assert self.row.officer.national_id not in line
        assert line[1].endswith(self.row.officer.national_id[-3:])
        assert line[4] == "Umoja Secondary School"
        entry = Entry.objects.get(verb="deployments.taken")
        assert (entry.actor, entry.subject_id) == (self.director, self.area.pk)
        assert entry.details == {"kind": "csv", "rows": 1, "filters": "Status: Accepted"}

    def test_centres_with_their_counts(self):
        (line,) = self.lines(self.take("area_centres_files"))
        assert line[4:] == ["3", "2", "1", "1"]
        assert Entry.objects.get(verb="posts.taken").details["rows"] == 1

    def test_a_station_with_its_free_places(self):
        lines = self.lines(self.take("area_centre_files", self.station.code))
        assert [line[3] for line in lines] == ["Chebet Korir", self.other.officer.full_name, ""]
        assert lines[2][6] == "Free"
        entry = Entry.objects.get(verb="deployments.taken")
        assert (entry.subject_type, entry.subject_id) == ("catalogue.dutystation", self.station.pk)

    def test_as_a_spreadsheet_and_on_paper(self):
        for name, args in (
            ("area_deployments_files", []),
            ("area_centres_files", []),
            ("area_centre_files", [self.station.code]),
        ):
            sheet = load_workbook(io.BytesIO(self.take(name, *args, kind="xlsx").content)).active
            assert sheet.max_row > 1
            assert self.take(name, *args, kind="pdf").content.startswith(b"%PDF")
            assert self.take(name, *args, kind="exe").status_code == 404

    def test_other_sub_counties_are_in_no_file(self):
        make.sign_in(self.client, make.director(make.sub_county()))
        assert self.lines(self.take("area_deployments_files")) == []
        assert self.lines(self.take("area_centres_files")) == []
        assert self.take("area_centre_files", self.station.code).status_code == 404
