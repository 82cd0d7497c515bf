"""As each group, over every list, row and page beside: no number of an officer in full without a
recorded look, and never a password's hash. It fails where somebody takes a mask away."""

import re
from collections.abc import Iterator

from django.contrib import admin
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import Entry, User
from cp2.rules import Role
from cp2.season.build import build
from cp2.season.places import HEADQUARTERS
from cp2.tests import make
from cp2.tests.test_crawl import pattern_of
from profiles.models import BankAccount, NextOfKin, NumberChange, Officer, RegisterEntry
from sms.phones import local

MOST_PAGES = 300  # for each person
# Of whom the sign-in number is their name on every list (`Officer.__str__`) until they have one;
# and whom the helpdesk, and whoever deploys, is called by. Those lists show it, as they always did.
NUMBER_IN_FULL = re.compile(r"\b(?:254|0)[17]\d{8}\b")


def secrets() -> dict[str, str]:
    """Each number that is nobody's business, and whose it is."""
    found: dict[str, str] = {}
    officers = Officer.objects.select_related("user")
    for officer in officers.iterator():
        for name in ("national_id", "kra_pin", "tsc_number", "nssf_number", "sha_number"):
            found[str(getattr(officer, name) or "")] = name
        if officer.payee_phone != officer.phone:
            found[officer.payee_phone] = found[local(officer.payee_phone)] = "payee_phone"
    for number in BankAccount.objects.values_list("number", flat=True):
        found[number] = "bank account"
    for phone in NextOfKin.objects.values_list("phone", flat=True):
        found[phone] = found[local(phone)] = "next of kin"
    signing_in = {phone for pair in User.objects.values_list("phone", "username") for phone in pair}
    return {
        number: whose
        for number, whose in found.items()
        if len(number) > 5 and number not in signing_in
    }


class Crawl(TestCase):
    @classmethod
    def setUpTestData(cls):
        build("tiny", 1, timezone.localdate(), lambda what: None)
        officer = Officer.objects.submitted().order_by("pk")[0]
        Officer.objects.filter(pk=officer.pk).update(payee_phone="254799000111")
        make.number_change(officer)
        for line in RegisterEntry.objects.filter(register="id").order_by("pk")[:1]:
            Officer.objects.filter(pk=officer.pk).update(national_id=line.number)
        cls.secrets = secrets()
        cls.hashes = {*User.objects.exclude(password="").values_list("password", flat=True)}
        assert {"national_id", "bank account", "next of kin", "payee_phone"} <= {
            *cls.secrets.values()
        }

    def setUp(self):
        # what is in a word of a page is in it as a whole: no number is a part of another
        self.words = re.compile(r"[A-Z0-9]{6,}")

    def told(self, page: str) -> set[str]:
        seen = set(self.words.findall(page))
        return {f"{self.secrets[word]} {word}" for word in seen & self.secrets.keys()}

    def pages(self, user: User) -> Iterator[tuple[str, str]]:
        """All lists, some rows of each, and whatever these link to, one of a kind."""
        self.client.logout()
        make.sign_in(self.client, user)
        waiting = ["/admin/"]
        for model in admin.site._registry:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            waiting.append(reverse(f"{name}_changelist"))
            rows = model._default_manager.order_by("pk")
            first, last = rows.first(), rows.last()
            for row in {first, last} - {None}:
                waiting.append(reverse(f"{name}_change", args=[row.pk]))
            if first:
                waiting.append(reverse(f"{name}_history", args=[first.pk]))
        given, seen = {*waiting}, set()
        while waiting:
            url = waiting.pop(0)
            known = len(seen) > 2 * MOST_PAGES or pattern_of(url) in seen
            if url in seen or (url not in given and known):
                continue
            seen |= {url, pattern_of(url)}
            answer = self.client.get(url)
            if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
                continue
            text = answer.content.decode()
            yield url, text
            for link in html.fromstring(text).xpath("//a/@href"):
                if link.startswith("/admin/"):
                    waiting.append(link.split("#")[0].split("?")[0])

    def test_no_group_sees_a_number_in_full_or_a_hash(self):
        problems, walked = set(), {}
        for username in HEADQUARTERS:
            user = User.objects.get(username=username)
            pages = 0
            for url, text in self.pages(user):
                pages += 1
                problems |= {f"{url} as {username}: {told}" for told in self.told(text)}
                assert not any(hashed in text for hashed in self.hashes), url
            walked[username] = pages
        assert not Entry.objects.filter(details__has_key="why").exists()  # nobody was asked
        assert min(walked.values()) > 15, walked
        assert not problems, "\n".join(sorted(problems))

    def test_the_crawl_sees_what_a_look_shows(self):
        """Or else the test above would pass for pages that it cannot read."""
        officer = Officer.objects.submitted().order_by("pk")[0]
        make.sign_in(self.client, User.objects.get(username="auditor"))
        url = reverse("admin:profiles_officer_change", args=[officer.pk])
        assert not self.told(self.client.get(url).content.decode())
        page = self.client.post(url, {"look_why": "vetting"}, follow=True)
        assert any("national_id" in told for told in self.told(page.content.decode()))

    def test_a_number_that_signs_in_is_masked_where_the_others_are(self):
        """On lists it is what people are called by; where identity is shown, it needs a reason."""
        make.sign_in(self.client, User.objects.get(username="auditor"))
        officer = Officer.objects.submitted().select_related("user").order_by("pk")[0]
        change = NumberChange.objects.get(officer=officer)
        for kind, row in (("officer", officer), ("numberchange", change)):
            text = self.client.get(
                reverse(f"admin:profiles_{kind}_change", args=[row.pk])
            ).content.decode()
            assert not NUMBER_IN_FULL.findall(text), kind

    def test_headquarters_is_staff_and_no_superuser(self):
        staff = User.objects.filter(role=Role.STAFF)
        assert {*staff.values_list("username", flat=True)} == {*HEADQUARTERS}
        assert not staff.filter(is_superuser=True).exists()
