"""All letters of a centre or a sub-county as one file: asked for, put together, taken, removed."""

import io
from datetime import timedelta

import pikepdf
import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import SimpleTestCase, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make
from deployments import letters, packs, pdf, press, tasks
from deployments.joining import Joined
from deployments.models import DeploymentStatus, Letter, LetterPack, PackStatus
from deployments.tests.pdf_reader import pages_of


def letter_page(name, paragraphs=1):
    return press.to_pdf(
        f'<html lang="sw-KE"><head><title>{name}</title></head><body><h1>{name}</h1>'
        f"{f'<p>words of {name} (in 12 0 R)</p>' * paragraphs}</body></html>"
    )


def pack_url(pack, page="pack"):
    return reverse(f"deployments:{page}", args=[pack.pk])


class Joining(SimpleTestCase):
    def join(self, names, **more):
        out = io.BytesIO()
        joined = Joined(out, title="Letters <of> A & B", language="en-KE")
        for n, name in enumerate(names):
            joined.add(letter_page(name, **more), name=name, under=f"Centre {n // 2}")
        joined.close()
        assert joined.written == len(out.getvalue())
        return out.getvalue()

    def test_every_page_is_there_in_order_and_the_file_is_sound(self):
        content = self.join(["Wanjikũ", "Ng'ang'a", "Atieno"], paragraphs=60)
        with pikepdf.open(io.BytesIO(content)) as document:
            assert document.check_pdf_syntax() == []
            pages = pages_of(document)
        assert len(pages) == 6
        for n, name in enumerate(["Wanjikũ", "Ng'ang'a", "Atieno"]):
            assert f"words of {name} (in 12 0 R)" in pages[2 * n]
            assert f"words of {name} (in 12 0 R)" in pages[2 * n + 1]
        assert content.endswith(b"%%EOF\n")

    def test_a_bookmark_for_each_below_its_centre(self):
        content = self.join(["A", "B", "C"])
        with pikepdf.open(io.BytesIO(content)) as document, document.open_outline() as outline:
            marks = [(each.title, [one.title for one in each.children]) for each in outline.root]
            first = outline.root[1].children[0].destination[0]
            assert first.objgen == document.pages[2].obj.objgen
        assert marks == [("Centre 0", ["A", "B"]), ("Centre 1", ["C"])]

    def test_it_stays_tagged_each_letter_in_its_own_language(self):
        content = self.join(["A", "B", "C"], paragraphs=60)
        with pikepdf.open(io.BytesIO(content)) as document:
            root = document.Root
            assert (root.Lang, bool(root.MarkInfo.Marked)) == ("en-KE", True)
            assert str(document.docinfo.Title) == "Letters <of> A & B"
            assert b"Letters &lt;of&gt; A &amp; B" in root.Metadata.read_bytes()
            (whole,) = root.StructTreeRoot.K
            assert [(part.S, part.Lang) for part in whole.K] == [("/Part", "sw-KE")] * 3
            # each page's number finds the elements of that very page
            keys = {}
            for kid in root.StructTreeRoot.ParentTree.Kids:
                nums = kid.Nums
                keys |= {int(nums[n]): nums[n + 1] for n in range(0, len(nums), 2)}
            assert sorted(keys) == list(range(6))
            for page in document.pages:
                element = keys[int(page.StructParents)][0]
                assert element.Pg.objgen == page.obj.objgen

    def test_the_same_letters_make_the_same_bytes(self):
        assert self.join(["A", "B"]) == self.join(["A", "B"])


class Packs(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.place = make.sub_county("Kitutu", "Kisii")
        self.station = self.new_station()
        self.director = make.director(self.place)
        self.centre = make.centre(self.station, exam=self.exam)
        patch = pytest.MonkeyPatch()
        self.addCleanup(patch.undo)
        # a whole letter takes longer than all else here
        patch.setattr(
            pdf,
            "appointment_letter",
            lambda letter: pdf.Printed(
                letter_page(letter.deployment.officer.full_name), None, "en"
            ),
        )

    def new_station(self, place=None):
        station = make.station(sub_county=place or self.place)
        make.entry(exam=self.exam, station=station, distance_km=3, distance_given_at=timezone.now())
        return station

    def deployed(self, station=None, code="INV", status=DeploymentStatus.ACCEPTED, count=1):
        station = station or self.station
        for _ in range(count):
            post = (
                make.post(exam=self.exam, station=station, position=make.position(code))
                if not (found := station.posts.filter(position__code=code).first())
                else found
            )
            slot = post.deployments.count() + 1
            post.required = max(post.required, slot)
            post.save()
            deployment = make.deployment(status, post=post, slot=slot)
            if status == DeploymentStatus.ACCEPTED:
                letters.issue(deployment)
        letters.render_due(most=1000)
        return deployment

    def ask(self, **scope):
        scope = scope or {"station": self.station}
        return packs.ask(exam=self.exam, by=self.director, **scope)

    def made(self, **scope):
        pack = self.ask(**scope)
        assert tasks.make_letter_packs() == 1
        pack.refresh_from_db()
        return pack


class PutTogether(Packs):
    def test_a_centres_letters_in_one_file(self):
        self.deployed(count=2)
        self.deployed(code="SUP")
        self.deployed(self.new_station())
        pack = self.made()

        assert (pack.status, pack.total, pack.progress) == (PackStatus.READY, 3, 3)
        content = packs.open_file(pack).read()
        assert pack.size == len(content)
        with pikepdf.open(io.BytesIO(content)) as document, document.open_outline() as outline:
            assert len(document.pages) == 3
            marks = [each.title for each in outline.root]
        assert len(marks) == 3
        assert all("Wanjikũ" in mark for mark in marks)
        assert tasks.make_letter_packs() == 0

    def test_a_sub_countys_by_centre_and_those_of_a_position(self):
        self.deployed(count=2)
        other = self.new_station()
        self.deployed(other)
        self.deployed(other, code="SUP")
        self.deployed(self.new_station(make.sub_county("Elsewhere")))
        pack = self.made(sub_county=self.place)
        with (
            pikepdf.open(packs.open_file(pack)) as document,
            document.open_outline() as outline,
        ):
            marks = {each.title: len(each.children) for each in outline.root}
        assert marks == {str(self.station): 2, str(other): 2}
        only = self.made(sub_county=self.place, position=make.position("SUP"))
        assert only.progress == 1

    def test_void_letters_and_those_that_storage_spoilt_are_left_out(self):
        self.deployed(count=3)
        moved, spoilt, _ = Letter.objects.order_by("pk")
        moved.deployment.status = DeploymentStatus.CANCELLED
        moved.deployment.save()
        letters.void(moved.deployment)
        pack = self.ask()
        with default_storage.open(str(spoilt.file), "r+b") as file:
            file.write(b"other")
        packs.work()

        pack.refresh_from_db()
        assert (pack.progress, pack.left_out, pack.status) == (1, 1, PackStatus.READY)

    def test_nothing_to_put_together_is_refused(self):
        self.deployed(status=DeploymentStatus.OFFERED)
        with pytest.raises(Refused, match="nobody here has accepted yet"):
            self.ask()

    def test_the_same_on_its_way_is_asked_for_once_and_a_few_at_a_time(self):
        self.deployed()
        assert self.ask() == self.ask()
        assert Entry.objects.filter(verb="letter_pack.asked").count() == 1
        self.ask(sub_county=self.place)
        self.ask(sub_county=self.place, position=make.position("INV"))
        with pytest.raises(Refused, match="asked for several already"):
            self.ask(station=self.station, position=make.position("INV"))

    def test_one_at_a_time_and_what_a_dead_worker_had_is_taken_by_the_next(self):
        self.deployed()
        pack = self.ask()
        self.ask(sub_county=self.place)
        taken = packs.take()
        assert taken == pack
        assert packs.take() is None
        for attempt in (2, 3):
            LetterPack.objects.filter(pk=pack.pk).update(
                lease_until=timezone.now() - timedelta(seconds=1)
            )
            again = packs.take()
            assert (again.pk, again.attempts) == (pack.pk, attempt)
        LetterPack.objects.filter(pk=pack.pk).update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )
        assert packs.take() is None
        pack.refresh_from_db()
        assert pack.status == PackStatus.FAILED
        assert packs.take() is not None  # the other one

    def test_a_worker_that_comes_too_late_leaves_nothing(self):
        self.deployed()
        self.ask()
        late = packs.take()
        LetterPack.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        packs.work()
        kept = str(LetterPack.objects.get().file)

        with pytest.raises(packs.Lost):
            packs.make(late)
        assert str(LetterPack.objects.get().file) == kept
        assert default_storage.listdir("letter-packs")[1].count(kept.split("/")[1]) == 1

    def test_what_goes_wrong_is_tried_again_and_then_said(self):
        self.deployed()
        pack = self.ask()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packs, "_join", lambda *of: 1 / 0)
            for _ in range(3):
                assert packs.work() == 1
        pack.refresh_from_db()
        assert pack.status == PackStatus.FAILED
        assert "ZeroDivisionError" in pack.failure

    def test_old_ones_are_removed_and_their_rows_stay(self):
        self.deployed()
        pack = self.made()
        name = str(pack.file)
        assert tasks.tidy_letter_packs() == 0
        with time_machine.travel(timezone.now() + packs.KEPT + timedelta(minutes=1)):
            assert tasks.tidy_letter_packs() == 1
        pack.refresh_from_db()
        assert (pack.status, str(pack.file)) == (PackStatus.REMOVED, "")
        assert not default_storage.exists(name)


class OnThePage(Packs):
    def get(self, user, url, **query):
        make.sign_in(self.client, user)
        return self.client.get(url, query)

    def test_a_centre_asks_waits_and_takes_it(self):
        self.deployed(count=2)
        self.deployed(status=DeploymentStatus.OFFERED, code="SUP")
        page = reverse("deployments:centre_letters", args=[self.exam.pk])
        make.sign_in(self.client, self.centre)
        answer = self.client.post(page, {"position": ""})
        pack = LetterPack.objects.get()
        assert answer.headers["Location"] == pack_url(pack)
        waiting = self.client.get(pack_url(pack))
        assert waiting.headers["Refresh"] == "3"
        assert "0 / 2" in waiting.text
        assert self.client.get(pack_url(pack, "pack_file")).status_code == 404
        packs.work()
        ready = self.client.get(pack_url(pack))
        assert "Refresh" not in ready.headers
        assert "2 letters, as of" in ready.text
        assert "Has not answered yet" in ready.text
        file = self.client.get(pack_url(pack, "pack_file"))
        assert b"".join(file.streaming_content).startswith(b"%PDF-")
        assert file.headers["Content-Type"] == "application/pdf"
        taken = Entry.objects.get(verb="letter_pack.taken")
        assert (taken.actor, taken.details["letters"]) == (self.centre, 2)

    def test_a_director_asks_for_a_centre_or_for_all(self):
        self.deployed()
        page = reverse("deployments:area_letters")
        make.sign_in(self.client, self.director)
        code = self.station.code
        self.client.post(page, {"exam": self.exam.pk, "station": code, "position": ""})
        self.client.post(page, {"exam": self.exam.pk, "station": "", "position": ""})
        one, whole = LetterPack.objects.order_by("pk")
        assert (one.station, one.sub_county) == (self.station, None)
        assert (whole.station, whole.sub_county) == (None, self.place)
        assert str(self.station) in self.client.get(page).text

    def test_no_station_of_another_sub_county(self):
        there = self.new_station(make.sub_county("Elsewhere"))
        self.deployed(there)
        make.sign_in(self.client, self.director)
        self.deployed()
        page = self.client.post(
            reverse("deployments:area_letters"), {"exam": self.exam.pk, "station": there.code}
        )
        assert "There is no duty station with this code here." in page.text
        assert not LetterPack.objects.exists()

    def test_who_is_kept_out(self):
        self.deployed()
        pack = self.made()
        helpdesk = make.user(Role.STAFF)
        helpdesk.groups.set(Group.objects.filter(name="Helpdesk"))
        scde = make.director(self.place, Office.SCDE)
        for user in (self.centre, self.director, scde, helpdesk):
            assert self.get(user, pack_url(pack)).status_code == 200
            assert self.get(user, pack_url(pack, "pack_file")).status_code == 200
        for user in (
            make.centre(self.new_station(), exam=self.exam),
            make.director(make.sub_county()),
            make.officer().user,
            make.user(Role.STAFF),
            Letter.objects.get().deployment.officer.user,
        ):
            for page in ("pack", "pack_file"):
                assert self.get(user, pack_url(pack, page)).status_code == 404
        whole = self.made(sub_county=self.place)
        assert self.get(self.centre, pack_url(whole)).status_code == 404

    def test_it_says_when_letters_have_changed_since(self):
        self.deployed()
        pack = self.made()
        assert "Not the newest." not in self.get(self.director, pack_url(pack)).text
        letters.issue(Letter.objects.get().deployment)
        assert "Not the newest." in self.get(self.director, pack_url(pack)).text

    def test_a_file_that_is_gone_is_not_there(self):
        self.deployed()
        pack = self.made()
        default_storage.delete(str(pack.file))
        assert self.get(self.director, pack_url(pack, "pack_file")).status_code == 404

    def test_the_same_few_queries_with_one_and_with_many(self):
        self.deployed()
        pack = self.made()
        counts = []
        for more in (1, 30):
            self.deployed(status=DeploymentStatus.OFFERED, code="SUP", count=more)
            self.get(self.director, pack_url(pack))
            with CaptureQueriesContext(connection) as queries:
                self.client.get(pack_url(pack))
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8

    def test_headquarters_asks_for_any_and_says_which(self):
        self.deployed()
        staff = make.user(Role.STAFF)
        staff.groups.set(Group.objects.filter(name="Deployment"))
        make.sign_in(self.client, staff)
        add = reverse("admin:deployments_letterpack_add")
        page = self.client.post(add, {"exam": self.exam.pk})
        assert "Choose a sub-county, or enter a station" in page.text
        answer = self.client.post(add, {"exam": self.exam.pk, "station": self.station.code})
        pack = LetterPack.objects.get()
        assert answer.headers["Location"] == pack_url(pack)
        assert self.client.get(pack_url(pack)).status_code == 200
        changed = self.client.get(reverse("admin:deployments_letterpack_change", args=[pack.pk]))
        assert "Open the pack" in changed.text


class Database(Packs):
    def setUp(self):
        super().setUp()
        self.pack = LetterPack.objects.create(
            exam=self.exam, station=self.station, asked_by=self.director, total=2
        )

    def refuses(self, name, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            LetterPack.objects.update(**fields)

    def test_an_unknown_status(self):
        self.refuses("pack_status", status="king")

    def test_more_than_all(self):
        self.refuses("pack_progress", progress=3)

    def test_of_no_place_or_of_two(self):
        for fields in ({"station": None}, {"sub_county": self.place}):
            self.refuses("pack_is_of_a_centre_or_of_a_sub_county", **fields)

    def test_ready_without_its_file(self):
        self.refuses("ready_pack_has_its_file", status=PackStatus.READY)

    def test_two_of_a_scope_at_a_time(self):
        with (
            pytest.raises(IntegrityError, match="one_pack_is_put_together_at_a_time"),
            transaction.atomic(),
        ):
            LetterPack.objects.create(exam=self.exam, station=self.station, asked_by=self.director)
