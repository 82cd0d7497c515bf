"""Directors print the passwords of their centres; nothing but the paper ever holds one."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from accounts import slips
from accounts.models import Entry, User
from accounts.services import choose_password
from accounts.slips import SlipState
from attendance import pdf, services
from attendance.tests import world
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make

URL = "attendance:centre_passwords"
CANARY = "canar-ybyrd"
DAY = timedelta(days=1)


class Printed:
    """Stands in for the press, and so sees what is on the paper."""

    def __init__(self):
        self.slips = []

    def __call__(self, minted, *, by):
        self.slips += minted
        return b"%PDF-1.7 printed"

    def password(self, entry):
        """The newest for this centre."""
        return next(slip.password for slip in reversed(self.slips) if slip.entry == entry)


class Slips(WebTest):
    """A sub-county with an exam and two centres in it."""

    def setUp(self):
        self.place = make.sub_county()
        self.director = make.director(self.place, Office.TSC, name="Akinyi Odhiambo")
        self.exam = make.exam()
        self.entries = [self.entry() for _ in range(2)]
        self.press = Printed()
        patch = mock.patch.object(services.slips, "print_slips", self.press)
        patch.start()
        self.addCleanup(patch.stop)
        self.sign_in(self.director)

    def entry(self, **fields):
        station = make.station(sub_county=fields.pop("place", self.place))
        return make.entry(**{"exam": self.exam, "station": station, **fields})

    def sign_in(self, user):
        self.app.reset()
        make.sign_in(self.client, user)
        for name, morsel in self.client.cookies.items():
            self.app.set_cookie(name, morsel.value)

    def page(self, **query):
        return self.app.get(reverse(URL), query)

    def form(self, page):
        return next(form for form in page.forms.values() if "slips" in form.text)

    def print(self, *entries, page=None):
        form = self.form(page or self.page())
        for box in form.fields.get("centre", []):
            box.checked = box._value in {str(entry.pk) for entry in entries}
        return form.submit()

    def account(self, entry):
        return User.objects.get(station=entry.station, exam=entry.exam)

    def opens(self, entry, password):
        """Whether the centre gets in with this password, at its own sign-in page."""
        response = self.client_class().post(
            reverse("accounts:login"),
            {"username": self.account(entry).username, "password": password},
        )
        return response.status_code == 302


class Printing(Slips):
    def test_slips_come_as_a_file_that_nobody_keeps(self):
        answer = self.print(*self.entries)

        assert answer.content_type == "application/pdf"
        assert "attachment" in answer.headers["Content-Disposition"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert [slip.entry for slip in self.press.slips] == self.entries

    def test_account_that_there_was_not_is_made(self):
        self.print(self.entries[0])

        account = self.account(self.entries[0])
        assert account.username == f"KCSE{self.entries[0].station.code}"
        assert (account.role, account.exam) == (Role.CENTRE, self.exam)
        assert not User.objects.filter(station=self.entries[1].station).exists()
        assert Entry.objects.filter(verb="account.opened", actor=self.director).count() == 1

    def test_centre_signs_in_with_what_its_slip_says_and_is_asked_for_no_other(self):
        self.print(self.entries[0])
        browser = self.client_class()
        browser.post(
            reverse("accounts:login"),
            {
                "username": self.press.slips[0].username,
                "password": self.press.password(self.entries[0]),
            },
        )

        assert browser.get(reverse("centre")).status_code == 200

    def test_slip_is_good_for_weeks_and_after_its_first_use(self):
        self.print(self.entries[0])
        password = self.press.password(self.entries[0])
        User.objects.update(issued_at=make.moment("2025-01-01 08:00"))

        assert self.opens(self.entries[0], password)
        assert self.opens(self.entries[0], password)

    def test_password_that_a_centre_has_works_until_the_new_one_is_first_used(self):
        make.centre(self.entries[0].station, exam=self.exam)
        self.print(self.entries[0])

        assert self.opens(self.entries[0], make.PASSWORD)
        assert self.opens(self.entries[0], self.press.password(self.entries[0]))
        assert not self.opens(self.entries[0], make.PASSWORD)

    def test_printing_anew_voids_a_slip_that_nobody_used(self):
        self.print(self.entries[0])
        first = self.press.password(self.entries[0])
        self.print(self.entries[0])

        assert not self.opens(self.entries[0], first)
        assert self.opens(self.entries[0], self.press.password(self.entries[0]))

    def test_centre_may_choose_its_own_password(self):
        self.print(self.entries[0])
        account = self.account(self.entries[0])
        browser = self.client_class()
        browser.post(
            reverse("accounts:login"),
            {"username": account.username, "password": self.press.password(self.entries[0])},
        )
        own = "tembo-Kahawa-71"
        browser.post(
            reverse("accounts:change_password"), {"new_password1": own, "new_password2": own}
        )

        assert self.opens(self.entries[0], own)
        assert not self.opens(self.entries[0], self.press.password(self.entries[0]))

    def test_each_account_has_its_entry_without_the_password(self):
        self.print(*self.entries)

        told = Entry.objects.filter(verb="slip.printed")
        assert {entry.subject_id for entry in told} == {
            self.account(entry).pk for entry in self.entries
        }
        assert {entry.actor for entry in told} == {self.director}
        references = {slip.reference for slip in self.press.slips}
        assert {entry.details["reference"] for entry in told} == references
        assert len(references) == 2

    def test_nothing_ticked_is_said_in_words(self):
        page = self.print()

        assert "Tick the centres that need a slip" in page
        assert page.html.select_one(page.html.select_one(".error-summary a")["href"])
        assert self.press.slips == []

    def test_at_most_fifty_at_a_time(self):
        ids = [str(self.entry().pk) for _ in range(51)]
        self.client.post(reverse(URL), {"centre": ids[:50]})
        assert len(self.press.slips) == 50

        answer = self.client.post(reverse(URL), {"centre": ids})

        self.assertContains(answer, "Tick at most 50 centres at a time.")
        assert len(self.press.slips) == 50

    def test_choosing_all_ticks_the_page_without_javascript(self):
        page = self.page().click("Choose all on this page")

        boxes = self.form(page).fields["centre"]
        assert [box.checked for box in boxes] == [True, True]
        assert self.press.slips == []

    def test_paper_that_does_not_come_out_changes_nothing(self):
        make.centre(self.entries[0].station, exam=self.exam)
        with (
            mock.patch.object(services.slips, "print_slips", side_effect=OSError("no paper")),
            pytest.raises(OSError, match="no paper"),
        ):
            services.hand_out(self.entries, by=self.director)

        assert self.account(self.entries[0]).issued_password == ""
        assert not User.objects.filter(station=self.entries[1].station).exists()
        assert not Entry.objects.exists()


class Years(Slips):
    """The user name goes from one year's account to the next."""

    def setUp(self):
        super().setUp()
        self.former = make.exam(
            year=2024,
            rehearsal_on=make.today() - 60 * DAY,
            starts_on=make.today() - 59 * DAY,
            ends_on=make.today() - 40 * DAY,
        )
        self.old = make.centre(self.entries[0].station, exam=self.former)

    def test_ended_account_hands_on_its_name_and_keeps_its_rows(self):
        self.print(self.entries[0])

        new = self.account(self.entries[0])
        assert (new.username, new.exam) == (self.old.username, self.exam)
        self.old.refresh_from_db()
        assert self.old.username == f"{new.username}-2024-{self.former.code}"
        assert self.old.exam == self.former

    def test_last_years_password_opens_nothing(self):
        self.print(self.entries[0])

        assert not self.opens(self.entries[0], make.PASSWORD)

    def test_while_the_former_account_runs_there_is_no_box_to_tick(self):
        self.former.centres_sign_in_for = 50
        self.former.save()

        page = self.page()

        assert "has this user name until" in page
        assert [box._value for box in self.form(page).fields["centre"]] == [str(self.entries[1].pk)]
        with pytest.raises(Refused, match="has this user name until"):
            services.hand_out([self.entries[0]], by=self.director)
        answer = self.client.post(reverse(URL), {"centre": [self.entries[0].pk]})
        self.assertContains(answer, "has this user name until")
        assert not Entry.objects.exists()

    def test_name_that_a_person_has_is_not_taken_away(self):
        person = make.user(username=f"KCSE{self.entries[1].station.code}")

        with pytest.raises(Refused, match="Somebody else has the user name"):
            services.hand_out([self.entries[1]], by=self.director)
        assert User.objects.get(pk=person.pk).username == person.username

    def test_account_that_is_switched_off_gets_no_slip(self):
        make.centre(self.entries[1].station, exam=self.exam, is_active=False)

        assert "This account is switched off." in self.page()
        with pytest.raises(Refused, match="switched off"):
            services.hand_out([self.entries[1]], by=self.director)

    def test_exam_whose_accounts_have_ended_is_not_offered(self):
        over = self.entry(exam=self.former)

        assert self.page(exam=self.former.pk).context["exam"] == self.exam
        assert self.client.post(reverse(URL), {"centre": [over.pk]}).status_code == 404
        assert self.press.slips == []


class Listing(Slips):
    def lines(self, **query):
        return self.page(**query).context["lines"]

    def states(self):
        return {line.entry.pk: line.state for line in self.lines()}

    def test_those_without_a_slip_come_first(self):
        self.print(self.entries[0])

        assert [line.entry for line in self.lines()] == self.entries[::-1]

    def test_who_printed_and_when_and_which(self):
        self.print(self.entries[0])

        page = self.page()
        assert "Akinyi Odhiambo" in page
        assert self.press.slips[0].reference in page
        assert self.press.slips[0].username in page
        assert "No account yet" in page

    def test_what_became_of_a_slip(self):
        entry = self.entries[0]
        assert self.states()[entry.pk] == SlipState.NONE
        self.print(entry)
        assert self.states()[entry.pk] == SlipState.WAITING
        self.opens(entry, self.press.password(entry))
        assert self.states()[entry.pk] == SlipState.USED
        choose_password(self.account(entry), "tembo-Kahawa-71")
        assert self.states()[entry.pk] == SlipState.REPLACED
        self.print(entry)
        assert self.states()[entry.pk] == SlipState.WAITING

    def test_last_sign_in_shows(self):
        self.print(self.entries[0])
        self.opens(self.entries[0], self.press.password(self.entries[0]))

        seen = {line.entry.pk: line.account for line in self.lines()}[self.entries[0].pk]
        assert seen.last_login is not None
        assert f"{seen.last_login.astimezone():%Y}" in self.page()

    def test_running_exam_is_shown_unless_another_is_chosen(self):
        later = make.exam(
            rehearsal_on=make.today() + 90 * DAY,
            starts_on=make.today() + 91 * DAY,
            ends_on=make.today() + 99 * DAY,
        )
        ended = make.exam(
            rehearsal_on=make.today() - 30 * DAY,
            starts_on=make.today() - 29 * DAY,
            ends_on=make.today() - 9 * DAY,
        )
        other = self.entry(exam=later)
        late = self.entry(exam=ended)

        assert self.page().context["exam"] == self.exam
        assert [line.entry for line in self.lines(exam=later.pk)] == [other]
        assert [line.entry for line in self.lines(exam=ended.pk)] == [late]

    def test_no_exam_is_said_in_words(self):
        self.sign_in(make.director(make.sub_county()))

        assert "No exam to print for" in self.page()

    def test_many_cost_as_many_queries_as_one_and_come_in_pages_of_25(self):
        counts = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as looked:
                page = self.client.get(reverse(URL))
            chosen = [line.entry for line in page.context["lines"]]
            with CaptureQueriesContext(connection) as printed:
                self.client.post(reverse(URL), {"centre": [entry.pk for entry in chosen]})
            counts.append((len(looked), len(printed)))
            for _ in range(30 if len(chosen) < 25 else 0):
                self.entry()

        assert len(page.context["lines"]) == 25
        assert len(self.client.get(reverse(URL) + "?page=2").context["lines"]) == 7
        assert counts[0] == counts[1]
        assert counts[0][0] <= 12


class KeptOut(Slips):
    def test_page_is_a_directors_alone(self):
        centre = world.centre(officers=1)
        for user in (make.officer().user, centre.user, make.user(), make.user(is_superuser=True)):
            make.sign_in(self.client, user)
            assert self.client.get(reverse(URL)).status_code == 404
            answer = self.client.post(reverse(URL), {"centre": [self.entries[0].pk]})
            assert answer.status_code == 404
        assert self.press.slips == []

    def test_both_offices_print(self):
        for office in Office:
            make.sign_in(self.client, make.director(self.place, office))
            answer = self.client.post(reverse(URL), {"centre": [self.entries[0].pk]})
            assert answer["Content-Type"] == "application/pdf"

    def test_another_sub_countys_centres_are_not_there(self):
        abroad = self.entry(place=make.sub_county())

        assert str(abroad.station.code) not in self.page()
        for chosen in ([abroad.pk], [self.entries[0].pk, abroad.pk]):
            assert self.client.post(reverse(URL), {"centre": chosen}).status_code == 404
        assert self.press.slips == []
        assert not User.objects.filter(role=Role.CENTRE).exists()

    def test_numbers_that_are_none_are_not_found(self):
        for typed in ("0", "-1", "x", "\0", "9" * 30, "١", ""):
            answer = self.client.post(reverse(URL), {"centre": [typed]})
            assert answer.status_code == 404, typed
        for typed in ("0", "x", "\0", "9" * 30):
            assert self.client.get(reverse(URL), {"exam": typed}).status_code == 200


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestTwoDirectors:
    """Both offices print for the same centres at the same moment."""

    def test_each_centre_has_one_account_and_the_last_slip_opens_it(self):
        place, exam = make.sub_county(), make.exam()
        entries = [make.entry(exam=exam, station=make.station(sub_county=place)) for _ in range(4)]
        directors = [make.director(place, office) for office in Office]
        press = Printed()

        def print_all(director, chosen):
            try:
                services.hand_out(chosen, by=director)
            finally:
                connection.close()

        with mock.patch.object(services.slips, "print_slips", press), ThreadPoolExecutor(4) as pool:
            for done in [
                pool.submit(print_all, director, chosen)
                for director in directors
                for chosen in (entries, entries[::-1])
            ]:
                done.result()

        accounts = {account.station_id: account for account in User.objects.filter(exam=exam)}
        assert len(accounts) == User.objects.filter(role=Role.CENTRE).count() == 4
        assert Entry.objects.filter(verb="account.opened").count() == 4
        assert Entry.objects.filter(verb="slip.printed").count() == 16
        for entry in entries:
            last = Entry.objects.filter(
                verb="slip.printed", subject_id=accounts[entry.station_id].pk
            ).first()
            [slip] = [s for s in press.slips if s.reference == last.details["reference"]]
            assert accounts[entry.station_id].issued_password == slip.hashed


class Secrecy(TestCase):
    """With the real press: the password is on the paper, and nowhere else."""

    def setUp(self):
        place = make.sub_county()
        make.sign_in(self.client, make.director(place))
        exam = make.exam()
        self.entries = [
            make.entry(exam=exam, station=make.station(sub_county=place)) for _ in range(2)
        ]

    def print(self):
        return self.client.post(reverse(URL), {"centre": [entry.pk for entry in self.entries]})

    def rows(self):
        with connection.cursor() as cursor:
            for model in apps.get_models():
                cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t")
                yield from (row for (row,) in cursor.fetchall())

    def sessions(self):
        for session in Session.objects.all():
            yield str(session.get_decoded())

    def files(self):
        for path in Path(settings.MEDIA_ROOT).rglob("*"):
            if path.is_file():
                yield path.read_bytes().decode("latin-1")

    def test_no_row_file_log_or_session_holds_a_password(self):
        seen = []

        class Listener(logging.Handler):
            def emit(self, record):
                seen.append(record.getMessage() + str(record.__dict__))

        listener, root = Listener(level=0), logging.getLogger()
        level = root.level
        root.addHandler(listener)
        root.setLevel(0)
        try:
            with mock.patch.object(slips, "mint", return_value=CANARY):
                answer = self.print()
        finally:
            root.removeHandler(listener)
            root.setLevel(level)

        assert answer.content.startswith(b"%PDF-")
        account = User.objects.get(station=self.entries[0].station)
        assert (
            self.client_class()
            .post(reverse("accounts:login"), {"username": account.username, "password": CANARY})
            .status_code
            == 302
        )
        found = [*self.rows(), *self.sessions(), *self.files(), *seen]
        assert any(account.username in row for row in found)
        assert [row for row in found if CANARY in row] == []

    def test_a_slip_shows_its_password_to_nobody_who_prints_it_out(self):
        [slip] = slips.mint_all(self.entries[:1])

        assert slip.password not in repr(slip)
        assert slip.hashed not in repr(slip)

    def test_paper_says_what_a_centre_needs(self):
        said = []
        with mock.patch.object(pdf, "render_to_string", self.rendered(said)):
            self.print()

        [page] = said
        words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        exam = self.entries[0].exam
        for text in (
            str(exam),
            str(self.entries[0].station),
            f"KCSE{self.entries[0].station.code}",
            settings.SITE_URL,
            "Give the distance to your distribution centre.",
            f"Valid until {exam.centres_sign_in_until:%-d %B %Y}.",
            "An earlier password works until this one is first used.",
            "Akinyi Director, TSC Sub-County Director",
            Entry.objects.filter(verb="slip.printed").first().details["reference"],
        ):
            assert text in words, text
        assert page.count("<svg") == 2

    def rendered(self, said):
        real = pdf.render_to_string

        def render(template, context):
            said.append(real(template, context))
            return said[-1]

        return render

    def test_code_on_the_paper_leads_to_the_address_alone(self):
        with mock.patch.object(pdf, "qr", wraps=pdf.qr) as qr:
            self.print()

        qr.assert_called_once_with(settings.SITE_URL)
