"""The table of bad input, typed into the pages: refused in words beside its box, with everything
that was typed still there, and nothing changed."""

import time
from dataclasses import dataclass, field
from html import escape
from typing import Any

from django.test import TestCase
from django.urls import reverse
from lxml import html

from cp2.tests import make
from cp2.tests.bad_input import CASES, Case
from cp2.tests.matrix import world
from cp2.tests.matrix.asking import Asking, body, taken_back, writes
from cp2.tests.matrix.test_extras import Form, forms_of

SLOWER = 0.05  # seconds of the processor that any of these may take beyond an ordinary post


@dataclass(frozen=True)
class Entry:
    """A page where something of these kinds is typed into these boxes."""

    page: str
    who: str
    boxes: dict[str, str]
    at: tuple[str, ...] = ()
    rest: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.page


ENTRIES = [
    Entry("profiles:register", "stranger", {"phone": "phone", "confirm_phone": "phone"}),
    Entry("accounts:forgot", "stranger", {"phone": "phone"}),
    Entry(
        "profiles:lost_number",
        "stranger",
        {
            "old_phone": "phone",
            "national_id": "national_id",
            "full_name": "name",
            "new_phone": "phone",
            "why": "line",
        },
        rest={"old_phone": "0712345678", "new_phone": "0722000000", "why": "Stolen"},
    ),
    Entry(
        "profiles:personal",
        "officer",
        {
            "full_name": "name",
            "year_of_birth": "year_of_birth",
            "national_id": "national_id",
            "kra_pin": "kra_pin",
            "tsc_number": "tsc_number",
            "pf_number": "code",
            "nssf_number": "code",
            "sha_number": "code",
            "email": "mail",
            "town": "line",
        },
    ),
    Entry("profiles:payee", "officer", {"name": "name", "phone": "phone"}),
    Entry("profiles:bank", "officer", {"number": "account_number"}),
    Entry(
        "profiles:next_of_kin",
        "officer",
        {"full_name": "name", "phone": "phone", "relationship": "line"},
    ),
    Entry(
        "profiles:change_work",
        "officer",
        {"institution": "line", "designation": "line", "starts_on": "day", "ends_on": "day"},
        at=("work.pk",),
    ),
    Entry(
        "profiles:add_qualification",
        "officer",
        {"institution": "line", "course": "line", "starts_on": "day", "ends_on": "day"},
    ),
    Entry("profiles:phone", "officer", {"phone": "phone", "confirm_phone": "phone"}),
    Entry("deployments:reject", "officer", {"reason": "line"}, at=("deployment.pk",)),
    Entry("claims:dispute", "officer", {"reason": "prose"}, at=("claim.pk",)),
    Entry(
        "enquiries:new",
        "officer",
        {"payee_phone": "phone", "full_name": "line", "subject": "line", "text": "prose"},
    ),
    Entry("attendance:acting", "centre", {"acting_name": "name"}),
    Entry("attendance:sign", "centre", {"acting_name": "name"}, at=("exam.pk",)),
    Entry("profiles:bar_officer", "tsc", {"reason": "line"}, at=("officer.pk",)),
    Entry("profiles:approve_number", "tsc", {"reason": "line"}, at=("number_change.pk",)),
    Entry("profiles:refuse_number", "tsc", {"reason": "line"}, at=("number_change.pk",)),
    Entry("profiles:accept_identity", "tsc", {"reason": "line"}, at=("check.pk",)),
    Entry("attendance:amend", "tsc", {"reason": "line"}, at=("register.pk",)),
    Entry("deployments:area_cancel", "tsc", {"reason": "line"}, at=("deployment.pk",)),
    Entry(
        "deployments:area_redeploy",
        "tsc",
        {"reason": "line", "from_day": "any_day"},
        at=("deployment.pk",),
    ),
    Entry("deployments:area_cancel", "scde", {"reason": "line"}, at=("guarding.pk",)),
]
# Forms on a page of their answers, by where they are sent.
SENT = [
    Entry("enquiries:reply", "officer", {"text": "prose"}, at=("enquiry.pk",)),
    Entry("enquiries:answer", "scde", {"text": "prose"}, at=("enquiry.pk",)),
    Entry("enquiries:escalate", "scde", {"reason": "prose"}, at=("enquiry.pk",)),
    Entry("enquiries:note", "scde", {"note": "prose"}, at=("enquiry.pk",)),
    Entry(
        "vacancies:unsuccessful",
        "tsc",
        {"reason": "line"},
        rest={"application": "application.pk"},
    ),
]
# What a box leaves out may be left out: to such a one these are nothing, not something bad.
NOTHING = {"nothing but spaces"}
# A name that the centre gave before stands if none is typed, and these two are judged by the rules.
ODD = {("deployments:area_redeploy", "from_day"): {"the year 1", "the year 9999"}}


class BadForms(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = world.build()
        make.branch()

    def setUp(self):
        self.asking = Asking(self.world)

    def filled(self, entry: Entry, url: str) -> Form:
        with taken_back():
            page = html.fromstring(body(self.asking.ask(entry.who, url)))
        form = list(forms_of(page, url))[-1]
        form.fields.update({name: [value] for name, value in entry.rest.items()})
        return form

    def post(self, who: str, form: Form, **changed: str) -> tuple[Any, list[str], float]:
        data = {**form.fields, **changed}
        began = time.process_time()
        with taken_back(), writes() as written:
            answer = self.asking.ask(who, form.action, "post", data=data)
        return answer, written, time.process_time() - began

    def test_bad_input_is_refused_beside_its_box_and_nothing_typed_is_lost(self):
        tried = 0
        for entry in ENTRIES:
            form = self.filled(entry, self.url(entry))
            for box, kind in entry.boxes.items():
                for case in CASES[kind]:
                    if not case.is_good and case.can_be_posted and case.what not in NOTHING:
                        with self.subTest(str(entry), box=box, case=case.what):
                            self.is_refused(entry, form, box, case)
                            tried += 1
        for entry in SENT:
            fields = {name: [str(self.world.own.named(path))] for name, path in entry.rest.items()}
            for box, kind in entry.boxes.items():
                for case in CASES[kind]:
                    if not case.is_good and case.can_be_posted and case.what not in NOTHING:
                        with self.subTest(str(entry), box=box, case=case.what):
                            self.is_refused(entry, Form(self.url(entry), fields), box, case)
                            tried += 1
        assert tried > 700, tried

    def url(self, entry: Entry) -> str:
        return reverse(entry.page, args=[self.world.own.named(path) for path in entry.at])

    def is_refused(self, entry: Entry, form: Form, box: str, case: Case) -> None:
        answer, written, _took = self.post(entry.who, form, **{box: case.typed})
        assert not written
        assert answer.status_code == 200, answer.status_code
        if case.what not in ODD.get((entry.page, box), ()):
            text = body(answer).decode()
            assert f'id="id_{box}_error"' in text, "nothing is said beside the box"
            for typed in (case.typed, *self.others(form, box)):
                assert escape(typed) in text, f"{typed[:40]!r} is lost"
        assert "<script>alert(1)" not in body(answer).decode()

    def others(self, form: Form, box: str) -> list[str]:
        """What else was typed, where it shows as it was typed."""
        return [
            values[0]
            for name, values in form.fields.items()
            if name not in (box, "csrfmiddlewaretoken", "seen") and values and values[0]
        ]

    def test_good_input_is_taken_however_it_is_written(self):
        """The boxes of a person's own page, down to what is kept."""
        officer = self.world.own.officer
        entry = next(each for each in ENTRIES if each.page == "profiles:personal")
        form = self.filled(entry, self.url(entry))
        for box, kind in entry.boxes.items():
            for case in CASES[kind]:
                if case.is_good:
                    with self.subTest(box, case=case.what), taken_back():
                        data = {**form.fields, box: case.typed}
                        answer = self.asking.ask("officer", form.action, "post", data=data)
                        assert answer.status_code == 302
                        officer.refresh_from_db()
                        assert getattr(officer, box) == case.kept

    def test_what_is_much_too_long_takes_no_longer(self):
        for page in ("profiles:personal", "profiles:payee", "profiles:next_of_kin"):
            entry = next(each for each in ENTRIES if each.page == page)
            form = self.filled(entry, self.url(entry))
            ordinary = min(self.post(entry.who, form)[2] for _ in range(3))
            for box, kind in entry.boxes.items():
                for case in CASES[kind]:
                    if len(case.typed) > 999:
                        with self.subTest(page, box=box, case=case.what):
                            took = min(
                                self.post(entry.who, form, **{box: case.typed})[2] for _ in range(2)
                            )
                            assert took < ordinary + SLOWER
