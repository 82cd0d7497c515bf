"""What a letter says, in both languages, as words, as a picture and to a screen reader."""

import http.server
import io
import re
import shutil
import subprocess
import threading
import time
from datetime import date
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from django.core.files.storage import default_storage
from django.test import TestCase, override_settings
from django.utils import timezone
from PIL import Image, ImageDraw

from cp2.tests import make
from deployments import letter_english, letter_kiswahili, letter_sample, letters, pdf, press
from deployments.models import DeploymentStatus, LetterText
from deployments.tests.pdf_reader import pages_of, text_of

LANGUAGES = {"en": letter_english, "sw": letter_kiswahili}


def accepted(**fields):
    fields.setdefault("answered_at", timezone.now())
    return make.deployment(DeploymentStatus.ACCEPTED, **fields)


def published(**fields):
    fields.setdefault("closing", "So be it.")
    return LetterText.objects.create(published_at=timezone.now(), **fields)


def longest(language="en", code="INV"):
    """A letter to somebody with the longest names that the fields allow."""
    text = LetterText(position=make.position(code), language=language)
    return letter_sample.content(text)


class Words(TestCase):
    def printed(self, **fields):
        deployment = fields.pop("deployment", None) or accepted(**fields)
        letter = letters.issue(deployment)
        return letter, text_of(pdf.appointment_letter(letter).content)

    def post(self, code="INV", **terms):
        exam = make.exam(
            rehearsal_on=date(2025, 10, 17),
            starts_on=date(2025, 10, 21),
            ends_on=date(2025, 11, 21),
            cooling_off_years=3,
        )
        place = make.sub_county("Kitutu Chache South", "Kisii")
        station = make.station(name="Nyamira Girls' High School", sub_county=place)
        position = make.position(code)
        make.terms(exam, position, **terms)
        return make.post(exam=exam, station=station, position=position)

    def test_every_part_of_it(self):
        post = self.post()
        officer = make.officer(
            full_name="Wanjikũ Ng'ang'a Mũthoni",
            national_id="31234567",
            tsc_number="612345",
            phone="254712345678",
            town="Kisii",
        )
        letter, text = self.printed(post=post, officer=officer)

        for words in (
            letter.deployment.reference,
            "KENYA NATIONAL EXAMINATIONS COUNCIL",
            "Wanjikũ Ng'ang'a Mũthoni",
            "National Identity Number: •••••567",
            "TSC Number: 612345",
            "Mobile Number: 0712 345 678",
            "THROUGH",
            "TSC Sub-County Director",
            "TSC – KITUTU CHACHE SOUTH",
            "Kisii County",
            "RE: APPOINTMENT AS AN INVIGILATOR FOR YEAR 2025 KENYA CERTIFICATE OF",
            f"Nyamira Girls' High School (code {post.station.code})",
            "17 October 2025",
            "21 November 2025",
            "Kshs. 550 per day, inclusive of the rehearsal day",
            "in the last 3 years",
            "https://cp2.example",
            "*456*9*5*5*1#",
            "4.1 report to the centre on the rehearsal day for your briefing;",
            "Chief Executive Officer",
            pdf.in_groups(letter.code),
            "Page 1 of 1",
        ):
            with self.subTest(words):
                assert words in text
        assert "31234567" not in text

    def test_every_position_fits_one_page(self):
        for code in letter_english.DUTIES:
            text = self.printed(post=self.post(code))[1]
            with self.subTest(code):
                assert "Page 1 of 1" in text

    def test_the_grammar_of_the_article(self):
        assert "APPOINTMENT AS A SUPERVISOR" in self.printed(post=self.post("SUP"))[1]

    def test_positions_of_the_ministry_go_through_its_office_those_of_headquarters_through_none(
        self,
    ):
        guard = self.post("SEC")
        text = self.printed(post=guard)[1]
        assert "SCDE – KITUTU CHACHE SOUTH" in text
        guard.position.deployed_by = ""
        guard.position.save()
        text = self.printed(post=guard, officer=make.officer(), slot=2)[1]
        assert "THROUGH" not in text
        assert "You answer to the Council." in text

    def test_rehearsal_is_named_only_where_it_is_served_and_paid(self):
        post = self.post(paid_days=["theory"])
        assert "inclusive of the rehearsal" not in self.printed(post=post)[1]
        post = self.post()
        text = self.printed(post=post, starts_on=post.exam.starts_on)[1]
        assert "inclusive of the rehearsal" not in text

    def test_the_newest_published_words_of_headquarters_go_before_ours(self):
        post = self.post()
        for version, words in ((1, "old words"), (2, "keep the peace.")):
            published(
                exam=post.exam,
                position=post.position,
                version=version,
                subject="Call to serve as {position}",
                series="KNEC/X/{serial}",
                paragraphs=["Serve well.", f"You will\n- {words}\n- go home", 3, ""],
            )
        letter, text = self.printed(post=post)

        assert "RE: CALL TO SERVE AS INVIGILATOR 1.0 Serve well. 2.0 You will" in text
        assert "2.1 keep the peace; 2.2 go home. So be it." in text
        assert f"Ref: KNEC/X/{letter.deployment.serial}" in text
        assert "old words" not in text
        assert "report to the centre on the rehearsal day" not in text

    def test_a_draft_is_never_printed(self):
        post = self.post()
        LetterText.objects.create(
            exam=post.exam, position=post.position, paragraphs=["half a senten"]
        )
        assert "half a senten" not in self.printed(post=post)[1]

    def test_an_exams_own_words_go_before_those_for_every_exam(self):
        post = self.post()
        published(exam=None, position=post.position, version=7, paragraphs=["For every exam."])
        assert "1.0 For every exam." in self.printed(post=post)[1]
        published(exam=post.exam, position=post.position, paragraphs=["For this exam."])
        text = self.printed(post=post, officer=make.officer(), slot=2)[1]
        assert "1.0 For this exam." in text

    def test_what_headquarters_left_empty_is_said_in_our_words(self):
        post = self.post()
        published(exam=post.exam, position=post.position, paragraphs={"a": "b"}, closing="")
        text = self.printed(post=post)[1]

        assert "4.1 report to the centre on the rehearsal day" in text
        assert "You accepted this appointment in CP2 on" in text

    def test_a_letter_remembers_its_words_and_its_language(self):
        post = self.post()
        words = published(
            exam=post.exam, position=post.position, language="sw", paragraphs=["Karibu."]
        )
        officers = [make.officer(), make.officer()]
        officers[0].user.language = "sw"
        officers[0].user.save()
        both = [
            letters.issue(accepted(post=post, officer=officer, slot=slot))
            for slot, officer in enumerate(officers, 1)
        ]
        letters.render_due()
        for letter in both:
            letter.refresh_from_db()

        assert [(each.language, each.text) for each in both] == [("sw", words), ("en", None)]
        assert "1.0 Karibu." in text_of(letters.open_file(both[0]).read())

    def test_the_same_letter_is_the_same_bytes(self):
        letter = letters.issue(accepted(post=self.post()))
        once = pdf.appointment_letter(letter).content
        pdf.printer.stop()  # a new program, with its own memory addresses and hash seeds
        assert pdf.appointment_letter(letter).content == once

    def test_letters_of_another_script_do_not_stop_it(self):
        assert "TSC Number" in self.printed(officer=make.officer(full_name="ሰላም محمد"))[1]


class InKiswahili(TestCase):
    def setUp(self):
        self.officer = make.officer(full_name="Wanjikũ Ng'ang'a", town="Kisii")
        self.officer.user.language = "sw"
        self.officer.user.save()

    def printed(self, code="INV", **fields):
        exam = make.exam(
            rehearsal_on=date(2025, 10, 17),
            starts_on=date(2025, 10, 21),
            ends_on=date(2025, 11, 21),
        )
        station = make.station(
            name="Nyamira Girls", sub_county=make.sub_county("Kitutu", "Kisii"), **fields
        )
        make.terms(exam, make.position(code), station_kind=station.kind)
        post = make.post(exam=exam, station=station, position=make.position(code))
        letter = letters.issue(accepted(post=post, officer=self.officer))
        return letter, pdf.appointment_letter(letter).content

    def test_every_part_of_it_is(self):
        letter, content = self.printed()
        text = text_of(content)
        for words in (
            "BARAZA LA KITAIFA LA MITIHANI LA KENYA",
            f"Kumb: {letter.deployment.reference}",
            "KWA Wanjikũ Ng'ang'a",
            "Nambari ya Kitambulisho cha Kitaifa: •",
            "KUPITIA Mkurugenzi wa TSC wa Kaunti Ndogo",
            "Kaunti Ndogo ya Kitutu Kaunti ya Kisii",
            "YAH: UTEUZI WA KUWA MSIMAMIZI WA CHUMBA CHA MTIHANI (INVIGILATOR) KWA MWAKA 2025",
            "17 Oktoba 2025 hadi 21 Novemba 2025",
            "Ksh. 550 kwa siku, pamoja na siku ya mazoezi",
            "katika miaka 3 iliyopita",
            "4.1 kufika kituoni siku ya mazoezi kwa maelekezo yako;",
            "Afisa Mkuu Mtendaji",
            "Je, barua hii ni halali?",
            "Ukurasa 1 wa 1",
        ):
            with self.subTest(words):
                assert words in text
        for english in (" the ", " and ", "Council", "Page", "October", "County"):
            with self.subTest(english):
                assert english not in text

    def test_no_word_is_missing_that_the_english_one_has(self):
        english, kiswahili = letter_english, letter_kiswahili
        assert english.WORDS.keys() == kiswahili.WORDS.keys()
        assert english.POLICIES.keys() == kiswahili.POLICIES.keys()
        for name in ("DUTIES", "MARKERS"):
            ours, theirs = getattr(english, name), getattr(kiswahili, name)
            assert {code: len(each) for code, each in ours.items()} == {
                code: len(each) for code, each in theirs.items()
            }
        assert set(kiswahili.POSITIONS) >= {*english.DUTIES, *english.MARKERS, "EXM"}
        fields = re.compile(r"{(\w*)}")
        for name, said in vars(english).items():
            if isinstance(said, str) and name.isupper():
                with self.subTest(name):
                    theirs = getattr(kiswahili, name)
                    assert set(fields.findall(theirs)) == set(fields.findall(said)) - {"a"}

    def test_an_examiner_is_invited_by_the_council_itself(self):
        position = make.position("EXM")
        position.deployed_by = ""
        position.save()
        letter, content = self.printed("EXM", kind="marking_centre")
        text = text_of(content)

        assert f"KNEC/CONF/EA/FA/SE/EXMS/KCSE/EXM/2025/{letter.deployment.serial}" in text
        assert "MWALIKO WA KUHUDUMU KAMA MSAHIHISHAJI" in text
        assert "KUPITIA" not in text
        self.officer.user.language = "en"
        self.officer.user.save()
        text = text_of(pdf.appointment_letter(letter).content)
        assert "INVITATION TO SERVE AS" in text
        assert "If you accept, you accept with it the regulations of the Council" in text
        assert "4.1 mark the script of a candidate whom you teach or are related to" in text
        assert "You have until" in text


class OnPaper(TestCase):
    """With the longest names that the fields allow."""

    def test_nothing_is_cut_off_and_no_signature_stands_alone(self):
        for language in LANGUAGES:
            for code in (*letter_english.DUTIES, "EXM"):
                with self.subTest(f"{code} {language}"):
                    content = longest(language, code)
                    with pikepdf.open(io.BytesIO(content)) as document:
                        pages = pages_of(document)
                    assert len(pages) <= 2
                    said = LANGUAGES[language].WORDS
                    assert f"{said['PAGE']} {len(pages)} {said['OF']} {len(pages)}" in pages[-1]
                    before, _, _ = pages[-1].partition(said["CEO"])
                    assert re.search(r"4\.\d", before), "at least a duty comes along"
                    if len(pages) == 2:
                        assert re.search(r"4\.\d+ [^.]+;", pages[0]), "no lead without its lines"

    def test_a_long_text_takes_a_second_page(self):
        position = make.position("INV")
        lines = ["do what is right, and see that others do it too " * 3] * 30
        text = LetterText(position=position, paragraphs=["You will\n- " + "\n- ".join(lines)])
        whole = text_of(letter_sample.content(text))

        assert "Page 2 of 2" in whole
        assert "1.30" in whole


class ForAScreenReader(TestCase):
    def test_it_is_tagged_and_says_its_language_and_title(self):
        for language in LANGUAGES:
            with pikepdf.open(io.BytesIO(longest(language))) as document:
                root = document.Root
                assert root.Lang == f"{language}-KE"
                assert root.MarkInfo.Marked
                assert root.ViewerPreferences.DisplayDocTitle
                assert b'pdfuaid:part="1"' in root.Metadata.read_bytes()
                title = str(document.docinfo.Title)
                assert title.startswith(LANGUAGES[language].WORDS["TITLE"])
                assert "KNEC/GEN/EA/FA/SI/APP/" in title
                assert "/CreationDate" not in document.docinfo
                kinds = kinds_of(root.StructTreeRoot)
            assert kinds.count("/H1") == 1
            assert kinds.count("/L") == 1
            assert kinds.count("/LI") == len(LANGUAGES[language].DUTIES["INV"])
            assert "/P" in kinds
            assert not {"/H2", "/H3"} & set(kinds)

    def test_the_square_says_where_it_leads(self):
        with pikepdf.open(io.BytesIO(longest())) as document:
            said = [str(each.Alt) for each in document.objects if is_figure(each)]
        assert said == ["A QR code that leads to cp2.example/letters/"]


def is_figure(found):
    return isinstance(found, pikepdf.Dictionary) and found.get("/S") == "/Figure"


def kinds_of(element):
    kids = element.get("/K", [])
    kids = kids if isinstance(kids, pikepdf.Array) else [kids]
    found = [str(element.S)] if "/S" in element else []
    for kid in kids:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            found += kinds_of(kid)
    return found


class TheSquare(TestCase):
    """Is read back by a decoder: from its drawing, and from the printed page where there is a
    program that makes a picture of it."""

    @override_settings(SITE_URL="https://cp2.example")
    def test_its_drawing_leads_to_the_check_page(self):
        letter = letters.issue(accepted())
        deployment = letter.deployment
        words = pdf.letter_texts.own_words(deployment.post.position, "en", marks=False)
        told = pdf.contents(letter, deployment, words=words, language="en")

        assert read(drawn(told["qr"])) == f"https://cp2.example/letters/{letter.code}/"

    @pytest.mark.skipif(not shutil.which("pdftoppm"), reason="no program to make a picture with")
    def test_the_printed_page_leads_there_too(self):
        letter = letters.issue(accepted())
        content = pdf.appointment_letter(letter).content
        ran = subprocess.run(
            ["pdftoppm", "-r", "150", "-png"], input=content, capture_output=True, check=True
        )
        picture = Image.open(io.BytesIO(ran.stdout))

        assert read(picture) == f"https://cp2.example/letters/{letter.code}/"


def read(picture):
    (found,) = zxingcpp.read_barcodes(picture)
    return found.text


def drawn(svg):
    """The strokes of the drawing, each a run of dark squares, as a bitmap."""
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    scale, quiet = 8, 4
    size = ((width + 2 * quiet) * scale, (height + 2 * quiet) * scale)
    picture = Image.new("L", size, 255)
    brush = ImageDraw.Draw(picture)
    x, y = 0.0, 0.0
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.search(r' d="([^"]+)"', svg)[1]):
        values = [float(each) for each in re.findall(r"-?\d*\.?\d+", numbers)]
        if kind == "M":
            x, y = values
        elif kind == "m":
            x, y = x + values[0], y + values[1]
        else:
            left, top = (x + quiet) * scale, (y - 0.5 + quiet) * scale
            right = left + values[0] * scale
            brush.rectangle((left, top, right - 1, top + scale - 1), fill=0)
            x += values[0]
    return picture


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.hits.append(self.path)
        self.send_error(404)

    def log_message(self, *args):
        pass


class Hostile(TestCase):
    """A name or a duty that smuggles in a link gets nothing, and stands there as it was typed."""

    def setUp(self):
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.server.hits = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_names_and_words_are_words(self):
        officer = make.officer(
            full_name=f"<img src='{self.address}/name'>", town="<b>T</b> {officer}"
        )
        post = make.post(station=make.station(name="<script>alert(1)</script> {serial}"))
        published(
            exam=post.exam,
            position=post.position,
            subject=f"<style>@import '{self.address}/s'</style>",
            paragraphs=[
                f"<link rel=stylesheet href='{self.address}/css'> at {{station}}",
                "You will\n- <a rel=attachment href='file:///etc/passwd'>x</a>\n- {{ 7|add:7 }}",
            ],
            closing="{officer.user.password} {officer!r} {0} %(officer)s",
        )
        letter = letters.issue(accepted(officer=officer, post=post))
        content = pdf.appointment_letter(letter).content

        text = text_of(content)
        assert self.server.hits == []
        assert b"EmbeddedFile" not in content
        assert "at <script>alert(1)</script> {serial}" in text
        assert "<a rel=attachment href='file:///etc/passwd'>x</a>" in text
        assert f"<link rel=stylesheet href='{self.address}/css'>" in text.replace("- ", "-")
        assert "{{ 7|add:7 }}" in text
        assert "<b>T</b> {officer}" in text
        assert "{officer.user.password} {officer!r} {0} %(officer)s" in text
        assert officer.user.password not in text

    def test_even_real_markup_fetches_nothing_and_reads_no_file(self):
        secret = Path(default_storage.base_location or "/etc") / "hostname"
        html = f"""
            <link rel="stylesheet" href="{self.address}/a.css">
            <style>@import "{self.address}/b.css"; body {{ background: url({self.address}/c.png) }}
            @font-face {{ font-family: x; src: url({self.address}/d.woff2) }}</style>
            <link rel="attachment" href="file:///etc/passwd">
            <img src="{self.address}/e.png"><img src="file:///etc/hostname"><img src="{secret}">
            <object data="{self.address}/f.svg"></object><embed src="file:///etc/passwd">
            <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
                 width="9" height="9"><image href="{self.address}/g.png" width="9" height="9"/>
                 <use xlink:href="{self.address}/h.svg#x"/></svg>
            <a rel="attachment" href="file:///etc/passwd">words</a>
            <a rel="attachment" href="data:text/plain,x">more</a>
            <img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E">
            <iframe src="{self.address}/i.html"></iframe>
        """
        with pytest.MonkeyPatch.context() as patch:
            opened = []
            real = Path.read_bytes
            patch.setattr(Path, "read_bytes", lambda path: opened.append(path) or real(path))
            content = press.to_pdf(html)

        assert self.server.hits == []
        assert b"EmbeddedFile" not in content
        assert b"root:" not in content
        assert "words" in text_of(content)
        assert {path.name for path in opened} <= {"letter-regular.woff2", "letter-bold.woff2"}


class Speed(TestCase):
    def test_a_warm_worker_takes_a_fraction_of_a_second_of_processor(self):
        letter = letters.issue(accepted())
        took = []
        for _ in range(12):
            began = time.process_time()
            words = pdf.letter_texts.own_words(letter.deployment.post.position, "en", marks=False)
            press.to_pdf(pdf.page(letter, letter.deployment, words=words, language="en"))
            took.append(time.process_time() - began)

        # On a core of its own it is well below a tenth, as bench/letters.py shows; on one that
        # others use too the same work takes longer, and the least is nearest to what it costs.
        assert min(took) < 0.25
