"""A form takes what it offers. Whatever else is posted with it, under any name that a column has,
changes nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from django.apps import apps
from django.db import connection, models
from django.test import TestCase
from lxml import html

from cp2.tests import make
from cp2.tests.matrix import world
from cp2.tests.matrix.asking import Asking, body, taken_back, writes
from vacancies.alert_forms import AlertForm

WHO = ["officer", "centre", "tsc", "scde"]
MOST_PAGES = 160

TYPED = {
    "full_name": "Nekesa Wafula",
    "name": "WANJIKU NGANGA",
    "acting_name": "Nekesa Wafula",
    "year_of_birth": "1990",
    "national_id": "31234567",
    "kra_pin": "A123456789K",
    "tsc_number": "512345",
    "email": "nekesa@example.com",
    "town": "Kisii",
    "phone": "0799 000 111",
    "confirm_phone": "0799 000 111",
    "number": "1234500067",
    "relationship": "Sister",
    "institution": "Uhuru School",
    "designation": "Teacher",
    "course": "Education",
    "starts_on": "2010-01-31",
    "ends_on": "2012-01-31",
    "reason": "It was so",
    "answer": "It was so",
    "late_reason": "No network all day",
    "subject": "My pay",
    "text": "When will it come?",
    "distance_km": "17.5",
    "new_password1": "another-Pass-77",
    "new_password2": "another-Pass-77",
}
# Forms of which it is known that the post below does something, so that the test tests something.
TRIED = {
    "officer": {
        "/profile/personal/",
        "/profile/payee/",
        "/profile/bank/",
        "/profile/next-of-kin/",
        "/profile/work-experience/N/",
        "/profile/qualifications/add/",
        "/profile/phone/",
        "/claims/N/dispute/",
        "/applications/N/withdraw/",
        "/enquiries/new/",
        "/enquiries/N/reply/",
        "/accounts/password/change/",
    },
    "centre": {"/centre/name/", "/centre/N/distance/", "/centre/N/register/N/"},
    "tsc": {
        "/area/officers/vet/",
        "/area/officers/N/bar/",
        "/area/applications/nominate/",
        "/area/deployments/N/cancel/",
        "/area/deployments/new/",
        "/area/numbers/N/approve/",
        "/area/claims/verify/",
        "/area/amendments/N/refuse/",
    },
    "scde": {
        "/area/applications/nominate/",
        "/area/deployments/N/cancel/",
        "/area/registers/N/stamp/",
        "/area/enquiries/N/answer/",
        "/area/enquiries/N/escalate/",
        "/area/centre-passwords/",
    },
}

# Forms that another page sends a part of: the search its choices, the list its ticks.
TAKEN_TOO = {
    "/vacancies/alerts/": set(AlertForm.base_fields),
    "/area/applications/unsuccessful/": {"reason"},
    "/area/deployments/cancel/": {"reason"},
}
TABLE = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)

Rows = dict[str, list[dict[str, Any]]]


def kind_of(url: str) -> str:
    return re.sub(r"\d[\d-]*", "N", urlsplit(url).path)


def hostile() -> dict[str, str]:
    """Every name that a column of ours has, with a value that would be worth a crime."""
    return {
        column.name: worth(column)
        for model in apps.get_models()
        for column in model._meta.concrete_fields
    }


def worth(column: Any) -> str:
    if column.choices:
        return str([value for value, _label in column.flatchoices][-1])
    if isinstance(column, models.ForeignKey):
        other = column.remote_field.model._default_manager.order_by("-pk").first()
        return str(other.pk if other else 1)
    for kind, value in {
        models.BooleanField: "on",
        models.DateTimeField: "2001-02-03 04:05:06",
        models.DateField: "2001-02-03",
        models.DecimalField: "7777.70",
        models.IntegerField: "777",
        models.JSONField: '{"hostile": "hostile"}',
        models.UUIDField: "11111111-2222-4333-8444-555555555555",
    }.items():
        if isinstance(column, kind):
            return value
    return "hostile"


class Form(NamedTuple):
    action: str
    fields: dict[str, list[str]]


def forms_of(page: html.HtmlElement, url: str) -> Iterator[Form]:
    for form in page.xpath("//main//form[@method='post']"):
        fields: dict[str, list[str]] = {}
        for box in form.xpath(".//input[@name]|.//select[@name]|.//textarea[@name]"):
            fill(fields, box)
        for action in [form.get("action") or "", *form.xpath(".//button/@formaction")]:
            yield Form(urljoin(url, action), fields)


def fill(fields: dict[str, list[str]], box: html.HtmlElement) -> None:
    """As somebody would who ticks what there is, and leaves or chooses the first of a list."""
    name, kind = box.get("name"), box.get("type")
    if name in TYPED and kind != "hidden":
        fields[name] = [TYPED[name]]
    elif box.tag == "select":
        options = box.xpath(".//option[@selected]") + box.xpath(".//option")
        values = [option.get("value") for option in options if option.get("value")]
        fields.setdefault(name, values[:1])
    elif kind in ("radio", "checkbox"):
        fields.setdefault(name, [box.get("value") or "on"])
    elif kind not in ("submit", "file"):
        fields.setdefault(name, [box.get("value") or box.text or ""])


class Extras(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = world.build()
        make.branch()

    def setUp(self):
        self.asking = Asking(self.world)
        self.extras = hostile()
        self.before: Rows = {}

    def test_what_a_form_does_not_offer_changes_nothing(self):
        for who in WHO:
            did_something = set()
            for form in self.forms(who):
                with self.subTest(form.action, who=who):
                    if self.compare(who, form):
                        did_something.add(kind_of(form.action))
            assert did_something >= TRIED[who], TRIED[who] - did_something

    def forms(self, who: str) -> Iterator[Form]:
        """One of each kind that can be reached by links."""
        waiting, seen, done = ["/home/"], set(), set()
        while waiting and len(seen) < MOST_PAGES:
            url = waiting.pop(0)
            query = urlsplit(url).query
            kind = kind_of(url) + (query if "post=" in query else "")  # not all have a place free
            if kind in seen:
                continue
            seen.add(kind)
            with taken_back():
                answer = self.asking.ask(who, url)
            waiting += [answer["Location"]] if answer.status_code == 302 else []
            if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
                continue
            page = html.fromstring(body(answer))
            links = [link for link in page.xpath("//a/@href") if link[:1] in "/?"]
            waiting += [urlsplit(url).path * (link[0] == "?") + link for link in links]
            for form in forms_of(page, url):
                if kind_of(form.action) not in done:
                    done.add(kind_of(form.action))
                    yield form

    def compare(self, who: str, form: Form) -> bool:
        """Posted twice as it is, to see what differs by itself; then with all the extras."""
        offered = form.fields.keys() | TAKEN_TOO.get(urlsplit(form.action).path, set())
        extras = {name: value for name, value in self.extras.items() if name not in offered}
        once = self.post(who, form, {})
        again = self.post(who, form, {})
        more = self.post(who, form, extras)
        # or the whole form is refused, where an extra is a field that this page does not show
        assert not more or steady(more, once, again) == steady(once, once, again)
        for value in ("hostile", "2001-02-03", "7777.7", "11111111-2222"):
            assert value not in json.dumps(more)
        return bool(once)

    def post(self, who: str, form: Form, extras: dict[str, str]) -> Rows:
        with taken_back(), writes() as written:
            answer = self.asking.ask(who, form.action, "post", data={**form.fields, **extras})
            assert answer.status_code in {200, 302, 404, 405}, answer.status_code
            tables = {TABLE.search(sql)[1] for sql in written}
            after = {table: rows(table) for table in sorted(tables)}
        for table in tables:
            start_anew(table)
            if table not in self.before:
                self.before[table] = rows(table)
        return {
            table: [row for row in now if row not in self.before[table]]
            for table, now in after.items()
            if now != self.before[table]
        }


def rows(table: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" t ORDER BY to_jsonb(t)::text')
        return [json.loads(row) if isinstance(row, str) else row for (row,) in cursor.fetchall()]


def start_anew(table: str) -> None:
    """Numbers that were given to rows are not given back with them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_serial_sequence(%s, column_name) FROM information_schema.columns "
            "WHERE table_name = %s AND column_name = 'id'",
            [f'"{table}"', table],
        )
        if (found := cursor.fetchone()) and found[0]:
            cursor.execute(f'SELECT setval(%s, coalesce(max(id), 1)) FROM "{table}"', [found[0]])


def steady(changed: Rows, once: Rows, again: Rows) -> list[Any]:
    """Without the columns that are different each time, as times and codes are."""
    kept = []
    for table in sorted(changed):
        loose = {
            name
            for one, two in zip(once.get(table, []), again.get(table, []), strict=False)
            for name in one
            if one[name] != two[name]
        }
        kept += [
            (table, sorted((name, str(v)) for name, v in row.items() if name not in loose))
            for row in changed[table]
        ]
    return sorted(kept)
