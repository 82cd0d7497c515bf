"""What browsers, scanners and broken programs send around the forms: none of it breaks a page, and
none of it does anything."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client, TestCase
from django.urls import reverse

from cp2.tests import make
from cp2.tests.matrix import world
from cp2.tests.matrix.asking import Asking, body, writes
from cp2.tests.matrix.pages import PAGES
from cp2.tests.matrix.world import Place

FORM = "application/x-www-form-urlencoded"
NUMBERS = [
    "-1",
    "0",
    str(2**31),
    str(2**63),
    str(10**30),
    "9" * 5000,
    "%D9%A1",
    "1_0",
    "1e3",
    "%00",
]
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "https:evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "\\\\evil.example",
    "/\\evil.example",
    "http:///evil.example",
    "\x00//evil.example",
]
LISTS = [
    "vacancies:search",
    "vacancies:applications",
    "claims:list",
    "enquiries:list",
    "attendance:officers",
    "profiles:area_officers",
    "profiles:area_numbers",
    "vacancies:area_applications",
    "deployments:area_centres",
    "deployments:area_deployments",
    "deployments:area_new",
    "attendance:area_attendance",
    "attendance:area_season",
    "attendance:area_registers",
    "attendance:centre_passwords",
    "claims:area_claims",
    "enquiries:area_enquiries",
]


class InAddresses(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = world.build()

    def setUp(self):
        self.asking = Asking(self.world)

    def own(self, page: Any) -> tuple[str, str]:
        who = next((who for who in page.who if page.reach(who) >= 0), "stranger")
        return who, reverse(page.name, args=page.address(self.world.own))

    def test_a_number_that_no_row_can_have_is_not_found(self):
        """In place of each that an address names, for whoever may open it otherwise."""
        for page in PAGES:
            if not page.at or page.absent:
                continue
            who, url = self.own(page)
            named = str(page.address(self.world.own)[0])
            for number in NUMBERS:
                with self.subTest(page.name, number=number[:40]), writes() as written:
                    method = "post" if page.posted else "get"
                    there = url.replace(f"/{named}/", f"/{number}/")
                    there = there.replace(f"/{named}", f"/{number}") if there == url else there
                    answer = self.asking.ask(who, there, method)
                    assert answer.status_code == 404, answer.status_code
                    assert not written

    def test_which_page_of_a_list_is_taken_as_near_as_can_be(self):
        for page in PAGES:
            if page.name in LISTS:
                who, url = self.own(page)
                for number in ["", "abc", "1.5", *NUMBERS]:
                    with self.subTest(page.name, number=number[:40]):
                        asked = f"{url}?page={number}&page_size=1000000&sort=-user__password"
                        assert self.asking.ask(who, asked).status_code == 200

    def test_every_list_is_tried(self):
        assert set(LISTS) <= {page.name for page in PAGES}

    def test_bytes_that_are_no_text_are_not_understood(self):
        for page in PAGES:
            if not page.posted and not page.absent:
                who, url = self.own(page)
                for query in ("q=%ff%fe", "%ff=1", "q=%ed%a0%80"):
                    with self.subTest(page.name, query=query):
                        assert self.asking.ask(who, f"{url}?{query}").status_code == 400
        for path in ("/%ff%fe/", "/letters/%ff/", "/profile/%c3%28/"):
            assert self.asking.ask("officer", path).status_code == 400

    def test_text_of_any_script_in_an_address_is_simply_not_found(self):
        for path in ("/letters/%D9%A3/", "/ng%C5%A9g%C4%A9/", "/%E2%80%AE/", "/letters/%00/"):
            assert self.asking.ask("officer", path).status_code == 404, path

    def test_a_form_of_such_bytes_is_not_understood_and_changes_nothing(self):
        url = reverse("profiles:next_of_kin")
        good = b"full_name=Atieno&phone=0712345678&relationship="
        for end in (b"%ff%fe", b"%ed%a0%80", b"%c3%28", b"a&%ff=1", "a\u2028".encode()[:-1]):
            with self.subTest(end), writes() as written:
                answer = self.asking.ask("officer", url, "post", data=good + end, content_type=FORM)
                assert answer.status_code == 400
                assert not written

    def test_a_form_in_utf_8_is_text_to_its_last_character(self):
        url = reverse("profiles:next_of_kin")
        sent = "full_name=Ngũgĩ+wa+Thiong’o&phone=0712345678&relationship=Kaká 🎓".encode()
        answer = self.asking.ask("officer", url, "post", data=sent, content_type=FORM)
        assert answer.status_code == 302
        self.world.own.officer.next_of_kin.refresh_from_db()
        assert self.world.own.officer.next_of_kin.full_name == "Ngũgĩ wa Thiong'o"


class AroundForms(TestCase):
    def setUp(self):
        self.officer = make.officer()
        self.client.force_login(self.officer.user)
        self.url = reverse("profiles:next_of_kin")
        self.good = {"full_name": "Atieno", "phone": "0712345678", "relationship": "Sister"}

    def kin(self) -> Any:
        self.officer = type(self.officer).objects.get(pk=self.officer.pk)
        return getattr(self.officer, "next_of_kin", None)

    def test_of_a_name_sent_twice_the_last_counts(self):
        self.client.post(self.url, {**self.good, "full_name": ["Barasa", "Atieno"]})
        assert self.kin().full_name == "Atieno"

    def test_names_with_brackets_are_other_names(self):
        answer = self.client.post(
            self.url, {"full_name[]": "Atieno", "full_name[0]": "Atieno", "phone[$ne]": "1"}
        )
        assert answer.status_code == 200
        assert self.kin() is None

    def test_ten_thousand_fields_are_not_read(self):
        sent = "&".join(f"a{n}=1" for n in range(10_000))
        answer = self.client.post(self.url, sent, content_type=FORM)
        assert answer.status_code == 400
        assert self.kin() is None

    def test_two_hundred_files_are_not_read(self):
        parts = "".join(
            f'--x\r\nContent-Disposition: form-data; name="f{n}"; filename="f"\r\n\r\n1\r\n'
            for n in range(200)
        )
        answer = self.client.post(
            self.url, f"{parts}--x--\r\n".encode(), content_type="multipart/form-data; boundary=x"
        )
        assert answer.status_code == 400

    def test_broken_parts_are_not_understood(self):
        for kind, sent in (
            ("multipart/form-data", b"x"),
            ("multipart/form-data; boundary=x", b"--x\r\nnothing"),
            ("multipart/form-data; boundary=\xc3\xa9", b"--x"),
        ):
            answer = self.client.post(self.url, sent, content_type=kind)
            assert answer.status_code in {200, 400}, kind
            assert self.kin() is None

    def test_what_is_no_form_fills_nothing_in(self):
        for kind in ("application/json", "text/plain", "application/xml", "x"):
            answer = self.client.post(self.url, b'{"full_name": "Atieno"}', content_type=kind)
            assert answer.status_code == 200, kind  # the form, with what is missing
            assert self.kin() is None

    def test_a_form_without_its_token_is_refused_in_a_page_of_words(self):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(self.officer.user)
        answer = strict.post(self.url, self.good)
        assert answer.status_code == 403
        assert "<h1>" in answer.text
        assert self.kin() is None

    def test_a_form_after_the_sign_out_leads_to_the_sign_in(self):
        self.client.post(reverse("accounts:logout"))
        answer = self.client.post(self.url, self.good)
        assert answer["Location"].startswith(reverse("accounts:login"))
        assert self.kin() is None

    def test_no_cookie_breaks_a_page(self):
        for value in ("x" * 20_000, "x" * 32, "%00", "a.b.c:d", '"', "\u00e9"):
            strange = Client()
            for name in ("session", "csrf", "messages", settings.LANGUAGE_COOKIE_NAME, "device"):
                strange.cookies[name] = value
            for url in ("/", reverse("accounts:login")):
                assert strange.get(url).status_code == 200, value[:40]
            assert strange.get(self.url).status_code == 302


class Onward(TestCase):
    def test_nobody_is_led_out_of_the_portal(self):
        officer = make.officer()
        login = reverse("accounts:login")
        for target in ELSEWHERE:
            with self.subTest(target):
                client = Client()
                for _ in range(2):  # on the way in, and when one is in
                    answer = client.post(
                        f"{login}?{urlencode({'next': target})}",
                        {"username": officer.phone, "password": make.PASSWORD},
                    )
                    assert answer["Location"] == reverse("home")
                    assert "\n" not in answer["Location"]
                answer = client.post(reverse("set_language"), {"language": "sw", "next": target})
                assert "evil" not in answer.headers.get("Location", "")
                assert "a" not in answer.cookies

    def test_no_line_of_ones_own_gets_into_the_headers(self):
        self.client.force_login(make.officer().user)
        asked = urlencode({"next": "/claims/\r\nSet-Cookie: a=b"})
        answer = self.client.get(f"{reverse('accounts:login')}?{asked}")
        assert answer["Location"] == "/claims/%0D%0ASet-Cookie:%20a=b"
        assert "a" not in answer.cookies

    def test_a_page_of_ours_is_gone_on_to(self):
        officer = make.officer()
        answer = self.client.post(
            f"{reverse('accounts:login')}?next=/claims/",
            {"username": officer.phone, "password": make.PASSWORD},
        )
        assert answer["Location"] == "/claims/"


class Files(TestCase):
    """A part of a file is not handed out, so a thousand parts of it cannot be asked for."""

    @classmethod
    def setUpTestData(cls):
        cls.world = world.build()

    def test_a_range_gets_the_whole_once(self):
        asking = Asking(self.world)
        own: Place = self.world.own
        ranges = "bytes=" + ",".join(f"{n}-{n}" for n in range(1000))
        for url in (
            reverse("deployments:letter", args=[own.deployment.pk]),
            reverse("profiles:certificate", args=[own.qualification.pk]),
        ):
            for asked in (ranges, "bytes=0-0", "bytes=-1", "bytes=9-1", "x"):
                answer = asking.ask("officer", url, headers={"range": asked})
                assert answer.status_code == 200
                assert body(answer) == b"%PDF-1.7"
