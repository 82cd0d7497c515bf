"""What each group may do, as a table: whoever changes a right changes a line of it, and a reader of
the change sees which. The page says the same in words."""

from collections import defaultdict
from pathlib import Path

from django.contrib.auth.models import Group
from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from accounts.tests import people
from cp2.rights import matrix
from cp2.tests import make
from cp2.tests.matrix import headquarters

TABLE = Path(__file__).with_name("rights.txt")
SHORT = {"view": "v", "add": "a", "change": "c", "delete": "d"}
ORDER = [
    "Administrator",
    "Deployment",
    "Finance preparer",
    "Finance approver",
    "Helpdesk",
    "Auditor",
]
PAGE = "/admin/rights/"


def held() -> dict[str, dict[str, str]]:
    """By what is held: to each group the letters of what it may, or `x` for an act."""
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for group in Group.objects.prefetch_related("permissions__content_type"):
        for permission in group.permissions.all():
            kind = permission.content_type
            verb, _underscore, rest = permission.codename.partition("_")
            plain = rest == kind.model and verb in SHORT
            what = f"{kind.app_label}.{kind.model if plain else permission.codename}"
            rows[what][group.name] = rows[what].get(group.name, "") + (
                SHORT[verb] if plain else "x"
            )
    return rows


def lines() -> list[str]:
    table = []
    for what, cells in sorted(held().items()):
        letters = ("".join(sorted(cells.get(name, "-"), key="vacdx-".index)) for name in ORDER)
        table.append(f"{what:38}" + "".join(f"{each:6}" for each in letters).rstrip())
    return table


class Matrix(TestCase):
    def test_groups_may_what_the_table_says(self):
        told = [
            line
            for line in TABLE.read_text().splitlines()
            if line and not line.startswith(("#", " "))
        ]
        assert lines() == told

    def test_there_are_these_groups(self):
        assert sorted(Group.objects.values_list("name", flat=True)) == sorted(ORDER)

    def test_nobody_both_prepares_and_approves_or_changes_money_and_accounts(self):
        rows = held()
        for one, other in (
            ("claims.prepare_paymentbatch", "claims.approve_paymentbatch"),
            ("accounts.user", "claims.approve_paymentbatch"),
            ("accounts.user", "claims.prepare_paymentbatch"),
        ):
            here = {g for g, letters in rows[one].items() if letters.strip("v")}
            there = {g for g, letters in rows[other].items() if letters.strip("v")}
            assert here, one
            assert there, other
            assert not here & there, (one, other)
        money = ("claims.", "attendance.")
        assert not [w for w in rows if w.startswith(money) and "Administrator" in rows[w]]

    def test_the_auditor_reads_and_changes_nothing(self):
        for what, cells in held().items():
            # to take a list away is to read it
            acts = {"rights.see_looks": "x", "health.look": "x", "transfers.export": "a"}
            assert cells.get("Auditor", "v") in {"v", acts.get(what)}, what

    def test_where_nothing_is_typed_the_page_says_acts_on(self):
        """By what the matrix of pages says of each model's form."""
        rows = held()
        acted = {
            each.model
            for each in headquarters.MODELS
            if not each.change and any("c" in letters for letters in rows[each.model].values())
        }
        assert acted == matrix.ACTED_ON


class Page(TestCase):
    def setUp(self):
        self.auditor = people.staff("Auditor", name="Wanjiku")
        make.sign_in(self.client, self.auditor)

    def test_it_says_who_may_what_in_words_and_who_is_in_each_group(self):
        people.staff("Helpdesk", username="otieno")  # who has never signed in
        page = self.client.get(PAGE)
        for said in ("Wanjiku", "otieno", "never", "Not set up", "Finance approver", "sees"):
            self.assertContains(page, said)
        self.assertNotContains(page, "view_officer")
        self.assertNotContains(page, "prepare_paymentbatch")

    def test_staff_in_no_group_are_named(self):
        self.assertNotContains(self.client.get(PAGE), "In no group")
        make.user("staff", username="newcomer")
        self.assertContains(self.client.get(PAGE), "In no group")

    def test_each_file_is_taken_away_and_recorded(self):
        for which, said in (("rights", "Claims"), ("people", "Wanjiku")):
            for kind in ("csv", "xlsx", "pdf"):
                answer = self.client.post(f"{PAGE}files/{which}/", {"as": kind})
                assert answer.status_code == 200
                assert answer["Content-Disposition"].endswith(f'.{kind}"')
                if kind == "csv":
                    assert said in b"".join(answer.streaming_content).decode()
        assert Entry.objects.filter(verb="rights.taken", actor=self.auditor).count() == 6
        assert self.client.post(f"{PAGE}files/nothing/", {"as": "csv"}).status_code == 404

    def test_many_people_take_no_more_queries(self):
        self.client.get(PAGE)
        with self.assertNumQueries(11):
            self.client.get(PAGE)
        for _ in range(30):
            people.app(people.staff("Helpdesk"))
        with self.assertNumQueries(11):
            self.client.get(PAGE)

    def test_others_find_no_such_page(self):
        for group in ("Deployment", "Helpdesk", "Finance preparer", "Finance approver"):
            make.sign_in(self.client, people.staff(group))
            answer = self.client.get(PAGE)
            if group == "Helpdesk":
                assert answer.status_code == 404
            else:
                assert answer.url == reverse("admin:rights_rateproposal_changelist")
            assert self.client.post(f"{PAGE}files/rights/", {"as": "csv"}).status_code == 404
        self.assertNotContains(self.client.get("/admin/"), reverse("admin:rights_looks"))
