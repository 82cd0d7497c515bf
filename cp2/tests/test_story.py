"""One officer's whole story: what each group sees of it, what it costs, and that it is recorded."""

import re
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from accounts.services import record
from cp2.limits.models import Limit
from cp2.rules import Role
from cp2.tests import make
from enquiries.models import Enquiry
from profiles import looks
from sms.models import Kind, Message

TITLES = {
    "Profile", "Checks against registers", "Applications", "Deployments", "Attendance", "Claims",
    "Payments", "Questions", "Texts", "Audit trail",
}  # fmt: skip


class Story(TestCase):
    def setUp(self):
        self.officer = make.officer(full_name="Achieng Odhiambo", national_id="31234567")
        self.url = reverse("admin:profiles_officer_story", args=[self.officer.pk])

    def sign_in(self, group=""):
        user = make.user(Role.STAFF, is_superuser=not group)
        user.groups.set(Group.objects.filter(name=group))
        make.sign_in(self.client, user)
        return user

    def live(self, count=1):
        """Something of each kind, so many times."""
        for _each in range(count):
            deployment = make.deployment(officer=self.officer, post=make.post(exam=past(self)))
            make.mark(deployment, day=deployment.starts_on)
            make.claim(deployment=deployment)
            make.application("withdrawn", officer=self.officer)
            Message.objects.create(
                to=self.officer.phone, template="accounts/x", text="Secret 31234567"
            )
            Enquiry.objects.create(
                officer=self.officer, sub_county=self.officer.sub_county, category="other",
                subject="When am I paid?", text="t",
            )  # fmt: skip
            record("deployment.offered", deployment, by=make.user(name="Nekesa"))

    def sections(self, page):
        return {section.title: section for section in page.context["sections"]}

    def test_it_shows_what_there_is_in_every_app_and_a_line_of_it_by_time(self):
        self.live()
        make.register_check(self.officer)
        self.sign_in()
        page = self.client.get(self.url)
        sections = self.sections(page)
        assert sections.keys() == TITLES
        for title in TITLES - {"Payments"}:
            assert sections[title].events, title
        moments = [moment.event.at for moment in page.context["moments"]]
        assert moments == sorted(moments, reverse=True)
        self.assertContains(page, "When am I paid?")
        self.assertContains(page, "deployment.offered")

    def test_numbers_are_masked_in_the_words_of_a_text_as_well(self):
        self.live()
        self.sign_in("Helpdesk")
        text = self.client.get(self.url).text
        assert "31234567" not in text
        assert "Secret •••••567" in text
        assert f">{self.officer.phone}" not in text

    def test_a_text_is_told_by_its_first_words_and_one_with_a_password_by_its_kind(self):
        words = "KNEC CP2: your profile is vetted. " + "You may apply now. " * 6
        Message.objects.create(to=self.officer.phone, template="profiles/vetted", text=words)
        Message.objects.create(
            to=self.officer.phone, template="accounts/password", kind=Kind.CREDENTIALS
        )
        self.sign_in("Helpdesk")
        page = self.client.get(self.url)
        kind, told = [event.what for event in self.sections(page)["Texts"].events]
        assert kind == Kind.CREDENTIALS.label
        assert told.startswith("your profile is vetted. You may apply now.")
        assert told.endswith("…")
        assert len(told) <= 70
        assert "profiles/vetted" not in page.text

    def test_what_is_of_a_day_names_no_time(self):
        self.live()
        self.sign_in()
        days = {m.kind: m.day for m in self.client.get(self.url).context["moments"]}
        assert re.fullmatch(r"\d+ \w+ \d{4}", days["Deployments"])
        assert re.fullmatch(r"\d+ \w+ \d{4}", days["Attendance"])
        assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d", days["Texts"])

    def test_each_sees_the_sections_whose_lists_are_theirs(self):
        self.live()
        seen = {
            "Helpdesk": TITLES - {"Attendance", "Payments", "Audit trail"},
            "Finance preparer": {"Profile", "Attendance", "Claims", "Payments"},
            "Auditor": TITLES,
        }
        for group, titles in seen.items():
            self.sign_in(group)
            assert self.sections(self.client.get(self.url)).keys() == titles, group

    def test_every_link_leads_to_a_list_or_row_that_opens(self):
        self.live()
        make.register_check(self.officer)
        self.sign_in()
        page = self.client.get(self.url)
        urls = {section.url for section in page.context["sections"]} - {""}
        urls |= {event.url for each in page.context["sections"] for event in each.events} - {""}
        assert len(urls) > 15
        for url in urls:
            assert self.client.get(url).status_code == 200, url
        for section in page.context["sections"]:
            if "?" in section.url and section.title != "Audit trail":
                shown = self.client.get(section.url).context["cl"]
                assert shown.result_count == len(section.events), section.title

    def test_the_number_is_masked_in_what_is_read_and_in_every_address(self):
        self.live()
        self.sign_in("Auditor")
        page = self.client.get(self.url).content.decode()
        assert self.sections(self.client.get(self.url))["Texts"].events
        assert self.officer.phone not in page
        assert Entry.objects.about(self.officer).filter(details__masked=True).count() == 2

    def test_opening_it_is_a_look_and_asking_whether_it_is_there_is_none(self):
        me = self.sign_in("Auditor")
        assert self.client.head(self.url).status_code == 200
        assert not Entry.objects.filter(verb=looks.VIEWED).exists()
        self.client.get(self.url)
        assert Entry.objects.about(self.officer).get(verb=looks.VIEWED).actor == me

    def test_too_many_looks_are_stopped_here_as_well(self):
        Limit.objects.filter(name=looks.LIMIT).update(takes=1)
        self.sign_in("Auditor")
        assert self.client.get(self.url).status_code == 200
        assert self.client.get(self.url).status_code == 429

    def test_it_costs_the_same_however_much_there_is(self):
        self.live()
        self.sign_in("Auditor")
        few = self.cost()
        self.live(24)
        page = self.client.get(self.url)
        assert self.cost() == few <= 20
        for title in ("Applications", "Deployments", "Attendance", "Claims", "Texts", "Questions"):
            section = self.sections(page)[title]
            assert len(section.events) == 20, title
            assert section.is_cut

    def cost(self):
        with CaptureQueriesContext(connection) as queries:
            self.client.get(self.url)
        asked = [
            query["sql"]
            for query in queries
            if "SAVEPOINT" not in query["sql"] and "accounts_session" not in query["sql"]
        ]
        return len(asked)

    def test_accounts_that_were_merged_lead_to_each_other(self):
        other = make.bare_officer(merged_into=self.officer)
        self.sign_in()
        page = self.client.get(self.url)
        self.assertContains(page, reverse("admin:profiles_officer_story", args=[other.pk]))
        page = self.client.get(reverse("admin:profiles_officer_story", args=[other.pk]))
        self.assertContains(page, "Closed in favour of")

    def test_others_find_no_such_page(self):
        make.sign_in(self.client, make.user(Role.STAFF))
        assert self.client.get(self.url).status_code == 404
        self.sign_in()
        assert self.client.get(f"/admin/profiles/officer/{9**18}/story/").status_code == 404
        assert self.client.post(self.url).status_code == 405

    def test_the_officers_own_page_leads_there(self):
        self.sign_in("Auditor")
        change = reverse("admin:profiles_officer_change", args=[self.officer.pk])
        self.assertContains(self.client.get(change), self.url)


def past(case):
    """No two of them on the same days."""
    case.turn = getattr(case, "turn", 0) + 1
    day = make.today() - timedelta(days=10 * case.turn)
    return make.exam(rehearsal_on=day, starts_on=day, ends_on=day + timedelta(days=5))
