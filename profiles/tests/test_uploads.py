"""Papers that officers send: let in by what is in them, kept under our own name, given to few."""

import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest
from PIL import Image
from webtest import Upload

from accounts.models import Entry
from catalogue.models import Office
from cp2.tests import make
from profiles import papers, services, uploads
from profiles.inspector import look_into
from profiles.models import Paper, PaperKind
from profiles.uploads import PaperField, PaperFile

ICC = b"profile that names its owner"


def picture(kind, size=(300, 200), mode="RGB", **how):
    kept = BytesIO()
    Image.new(mode, size, "teal").save(kept, kind, **how)
    return kept.getvalue()


def jpeg(**how):
    return picture("JPEG", **how)


def png(**how):
    return picture("PNG", **how)


def pdf(pages=1, change=None, **how):
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        if change:
            change(document)
        kept = BytesIO()
        document.save(kept, **how)
    return kept.getvalue()


def with_exif():
    exif = Image.Exif()
    exif[0x010F] = "Maker of phones"
    exif.get_ifd(0x8825)[2] = (1.0, 17.0, 31.0)  # latitude
    return jpeg(exif=exif)


def chunk(name, body):
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def vast_png(side=50_000):
    """Small to send, 7 GB to open."""
    head = side.to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )


def action(kind, **keys):
    def change(document):
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name(kind), **keys)

    return change


def javascript_in_names(document):
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    names = pikepdf.Dictionary(Names=[pikepdf.String("x"), document.make_indirect(script)])
    document.Root.Names = pikepdf.Dictionary(JavaScript=names)


def embedded_file(document):
    document.attachments["salary.exe"] = b"MZ" + b"\0" * 100


def form_of_xfa(document):
    document.Root.AcroForm = pikepdf.Dictionary(XFA=pikepdf.String("<xdp/>"), Fields=[])


def link_that_launches(document):
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=[0, 0, 10, 10],
        A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("cmd.exe")),
    )
    document.pages[0].Annots = pikepdf.Array([link])


LOCKED = pikepdf.Encryption(owner="o", user="u")
OPEN_BUT_ENCRYPTED = pikepdf.Encryption(owner="o", user="")
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        pytest.param(jpeg(), "jpeg", id="jpeg"),
        pytest.param(png(), "png", id="png"),
        pytest.param(png(mode="RGBA"), "png", id="png-transparent"),
        pytest.param(png(mode="P"), "png", id="png-palette"),
        pytest.param(png(mode="I;16"), "png", id="png-16-bit"),
        pytest.param(jpeg(mode="CMYK"), "jpeg", id="jpeg-of-a-printer"),
        pytest.param(pdf(), "pdf", id="pdf"),
        pytest.param(pdf(20), "pdf", id="pdf-of-20-pages"),
        pytest.param(b"MZ" + b"\0" * 500, "unknown", id="B-086-exe"),
        pytest.param(SCRIPT, "unknown", id="B-087-svg"),
        pytest.param(b"<html>" + pdf(), "unknown", id="B-088-html-before-pdf"),
        pytest.param(pdf() + b"PK" * 1000, "broken", id="B-088-zip-behind-pdf"),
        pytest.param(vast_png(), "vast", id="B-089"),
        pytest.param(jpeg()[:400], "broken", id="B-090-cut-off"),
        pytest.param(b"\xff\xd8\xff" + b"\0" * 400, "broken", id="B-090-rubbish"),
        pytest.param(picture("TIFF"), "unknown", id="B-090-tiff"),
        pytest.param(png()[:60], "broken", id="png-cut-off"),
        pytest.param(pdf(encryption=LOCKED), "locked", id="B-092-locked"),
        pytest.param(pdf(encryption=OPEN_BUT_ENCRYPTED), "locked", id="B-092-encrypted"),
        pytest.param(
            pdf(change=action("/JavaScript", JS=pikepdf.String("x"))), "active", id="B-092-js"
        ),
        pytest.param(pdf(change=javascript_in_names), "active", id="B-092-js-names"),
        pytest.param(
            pdf(change=action("/Launch", F=pikepdf.String("cmd"))), "active", id="B-092-launch"
        ),
        pytest.param(pdf(change=link_that_launches), "active", id="B-092-launch-link"),
        pytest.param(
            pdf(
                change=link_that_launches,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
            ),
            "active",
            id="B-092-launch-compressed",
        ),
        pytest.param(pdf(change=embedded_file), "active", id="B-092-embedded"),
        pytest.param(pdf(change=form_of_xfa), "active", id="B-092-xfa"),
        pytest.param(
            pdf(change=action("/JavaScript", JS=pikepdf.String("x"))).replace(
                b"/JavaScript", b"/J#61vaScript"
            ),
            "active",
            id="B-092-js-disguised",
        ),
        pytest.param(pdf(21), "long", id="B-093"),
        pytest.param(b"%PDF-1.7\n%%EOF", "broken", id="pdf-of-nothing"),
        pytest.param(EICAR, "unknown", id="B-094"),
        pytest.param(b"", "unknown", id="B-083"),
    ],
)
def test_a_file_is_judged_by_what_is_in_it(data, word):
    assert look_into(data)[0] == word


def test_b_091_a_photograph_loses_where_and_with_what_it_was_taken():
    data = with_exif()
    assert b"Maker of phones" in data

    _word, clean = look_into(data)

    assert b"Maker of phones" not in clean
    assert not Image.open(BytesIO(clean)).getexif()


def test_a_picture_keeps_neither_colour_profile_nor_comment_nor_what_hangs_behind_it():
    for data in (jpeg(icc_profile=ICC, comment=b"secret"), png(icc_profile=ICC)):
        _word, clean = look_into(data + b"PK\x03\x04 an archive")
        assert ICC not in clean
        assert b"secret" not in clean
        assert b"an archive" not in clean


def test_a_large_photograph_is_made_smaller_and_stays_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    _word, clean = look_into(jpeg(size=(4000, 2000), exif=exif))

    width, height = Image.open(BytesIO(clean)).size
    assert (width, height) == (1200, 2400)


def test_the_inspector_answers_from_its_own_process():
    document = pdf()
    assert uploads.look_into(document) == ("pdf", document)
    assert uploads.look_into(b"rubbish") == ("unknown", b"")
    word, clean = uploads.look_into(jpeg())
    assert word == "jpeg"
    assert clean.startswith(b"\xff\xd8\xff")


def test_a_picture_of_forty_million_pixels_fits_into_the_inspector():
    word, _clean = uploads.look_into(png(size=(7000, 5700), mode="RGBA"))

    assert word == "png"


def test_the_inspector_gets_none_of_our_secrets_and_imports_none_of_our_code(monkeypatch):
    seen = {}

    def run(command, **how):
        seen.update(how, command=command)
        return subprocess.CompletedProcess(command, 0, b"pdf\n%PDF-", b"")

    monkeypatch.setattr(subprocess, "run", run)
    uploads.look_into(pdf())

    assert seen["env"] == {}
    assert seen["command"][:2] == [sys.executable, "-I"]
    source = Path(uploads.INSPECTOR).read_text()
    assert "django" not in source
    assert "profiles" not in source


@pytest.mark.parametrize("died", [-9, -24, 1])
def test_a_file_that_kills_the_inspector_is_refused(monkeypatch, died):
    def run(command, **how):
        return subprocess.CompletedProcess(command, died, b"pdf\nhalf", b"")

    monkeypatch.setattr(subprocess, "run", run)
    assert uploads.look_into(pdf()) == ("broken", b"")


def test_a_file_that_takes_too_long_is_refused(monkeypatch):
    def run(command, **how):
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(subprocess, "run", run)
    assert uploads.look_into(pdf()) == ("broken", b"")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("diploma.pdf", "diploma.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\x", "x.pdf"),
        ("C:\\x.pdf", "x.pdf"),
        ("my \u202efdp.exe", "my fdp.pdf"),
        ('a"; filename=b\r\nX: y.pdf', "a filenamebX y.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
        ("Ngũgĩ's.jpeg", "Ngũgĩs.pdf"),
        (".pdf", "pdf.pdf"),
        ("...", "paper.pdf"),
    ],
)
def test_b_095_b_096_a_name_is_made_harmless_and_true(sent, shown):
    assert uploads.shown_name(sent, "pdf") == shown


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.pdf", b"", "empty"),
        ("large.pdf", b"%PDF-" + b"\0" * (5 * 1024 * 1024), "larger than 5 MB"),
        ("a.pdf.html", pdf(), "not a PDF, JPEG or PNG"),
        (".htaccess", pdf(), "not a PDF, JPEG or PNG"),
        ("x.exe", pdf(), "not a PDF, JPEG or PNG"),
        ("long.pdf", pdf(21), "more than 20 pages"),
        ("x" * 300 + ".pdf", pdf(), "name of this file is too long"),
    ],
)
def test_a_refusal_is_a_sentence(name, data, words):
    upload = SimpleUploadedFile(name, data)
    upload.name = name  # past Django's own cleaning
    if len(name) > 255:
        upload._name = name
    with pytest.raises(ValidationError) as refusal:
        PaperField().clean(upload)
    assert words in refusal.value.messages[0]


def test_b_097_no_ending_is_judged_by_content():
    kept = PaperField().clean(SimpleUploadedFile("diploma", pdf()))

    assert kept == PaperFile(kept.content, "diploma.pdf", "application/pdf")


def every_file():
    found = []
    for top in papers.FOLDERS:
        for folder, names in papers._folders(default_storage, top):
            found += [f"{folder}/{name}" for name in names]
    return sorted(found)


class Sending(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.study = make.qualification(self.officer)
        self.url = reverse("profiles:change_qualification", args=[self.study.pk])

    def send(self, name, data, **values):
        page = self.app.get(self.url, user=self.officer.user)
        form = next(form for form in page.forms.values() if "certificate" in form.fields)
        for field, value in values.items():
            form[field] = value
        form["certificate"] = Upload(name, data, "application/pdf")
        return form.submit()

    def test_a_certificate_is_kept_under_a_random_name_and_shown_under_its_own(self):
        page = self.send("My diploma.pdf", pdf()).follow()

        paper = Paper.objects.get(qualification=self.study)
        assert (paper.name, paper.type) == ("My diploma.pdf", "application/pdf")
        assert (paper.officer, paper.kind) == (self.officer, PaperKind.CERTIFICATE)
        assert "diploma" not in paper.file.name
        assert default_storage.exists(paper.file.name)
        assert "My diploma.pdf" in page.html.text

    def test_a_new_certificate_takes_the_place_of_the_old_one(self):
        self.send("old.pdf", pdf())
        old = Paper.objects.get().file.name

        with self.captureOnCommitCallbacks(execute=True):
            self.send("new.png", png())

        paper = Paper.objects.get()
        assert paper.name == "new.png"
        assert not default_storage.exists(old)
        assert default_storage.exists(paper.file.name)

    def test_a_refused_file_is_refused_by_the_field_and_nothing_is_kept(self):
        page = self.send("virus.pdf", EICAR)

        assert "not a PDF" in page.html.find(id="id_certificate_error").text
        assert not Paper.objects.exists()
        assert not Entry.objects.exists()

    def test_whoever_must_correct_another_field_is_told_to_choose_the_file_again(self):
        page = self.send("diploma.pdf", pdf(), course="")

        assert "Choose the file again" in page.html.find(id="id_certificate_error").text

    def test_removing_a_qualification_removes_its_paper(self):
        self.send("old.pdf", pdf())
        kept = Paper.objects.get().file.name
        make.qualification(self.officer)

        with self.captureOnCommitCallbacks(execute=True):
            services.remove_qualification(self.study, by=self.officer.user)

        assert not Paper.objects.exists()
        assert not default_storage.exists(kept)

    def test_a_paper_that_could_not_be_written_down_is_not_kept(self):
        for _ in range(services.MOST_ROWS - 1):
            make.qualification(self.officer)
        before = every_file()

        with pytest.raises(Exception, match="Twenty"):
            services.save_qualification(
                self.officer,
                by=self.officer.user,
                certificate=PaperFile(pdf(), "a.pdf", "application/pdf"),
                level="degree",
                institution="X",
                course="Y",
                starts_on=make.today(),
                ends_on=make.today(),
            )

        assert every_file() == before


class Fetching(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.officer = make.officer()
        cls.study = services.save_qualification(
            cls.officer,
            by=cls.officer.user,
            certificate=PaperFile(pdf(), 'dip"loma.pdf', "application/pdf"),
            level="degree",
            institution="X",
            course="Y",
            starts_on=make.today(),
            ends_on=make.today(),
        )
        cls.url = reverse("profiles:certificate", args=[cls.study.pk])

    def test_its_owner_gets_it_as_a_file_to_save(self):
        self.client.force_login(self.officer.user)

        page = self.client.get(self.url)

        assert b"".join(page.streaming_content).startswith(b"%PDF-")
        assert page["Content-Type"] == "application/pdf"
        assert page["Content-Disposition"].startswith("attachment")
        assert page["X-Content-Type-Options"] == "nosniff"
        assert page["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "no-store" in page["Cache-Control"]
        assert not Entry.objects.filter(verb="officer.viewed").exists()

    def test_a_director_of_the_place_and_headquarters_get_it_and_that_is_written_down(self):
        for user in (
            make.director(self.officer.sub_county),
            make.director(self.officer.sub_county, Office.SCDE),
            make.user(is_superuser=True),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(self.url).status_code == 200
            assert Entry.objects.filter(verb="officer.viewed", actor=user).count() == 1

    def test_b_099_everybody_else_finds_nothing(self):
        station = make.station(sub_county=self.officer.sub_county)
        for user in (
            make.officer().user,
            make.director(make.sub_county()),
            make.centre(station),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(self.url).status_code == 404
        self.client.logout()
        assert self.client.get(self.url).status_code == 302

    def test_a_paper_that_is_gone_from_the_store_is_not_found(self):
        Paper.objects.update(file="papers/gone")
        self.client.force_login(self.officer.user)

        assert self.client.get(self.url).status_code == 404
