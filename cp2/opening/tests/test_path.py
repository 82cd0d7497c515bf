"""From a new exam to an open season, as headquarters walks it."""

from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry, User
from accounts.tests.people import staff
from catalogue.models import CentreEntry, Exam, ExamDay, MarkingEntry, PositionTerms
from cp2.opening import carrying, last_year, services
from cp2.opening.models import Carried, Holiday, Opening
from cp2.opening.tests import world
from cp2.rights.models import RatesSeen
from cp2.rules import Role
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from cp2.tests import make
from deployments.models import Post, Recount
from deployments.services import recount_due


def at(name, exam=None):
    return reverse(f"admin:{name}", args=[exam.pk] if exam else [])


class Walk(WebTest):
    csrf_checks = False

    def setUp(self):
        self.by = staff("Deployment", name="Nekesa of Deployment")
        self.last = world.last()
        self.signed_in(self.by)

    def signed_in(self, user):
        make.sign_in(self.client, user)
        self.app.reset()
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def path(self, exam):
        return self.app.get(at("opening_exam", exam))

    def form(self, page, field):
        return next(form for form in page.forms.values() if field in form.fields)

    def begin(self):
        page = self.app.get(at("opening_new"))
        form = self.form(page, "of")
        form["of"] = str(self.last.pk)
        page = self.form(form.submit(), "rehearsal_on").submit().follow()
        return page, Exam.objects.get(year=2026)

    # The exam

    def test_a_new_exam_is_last_years_a_year_on(self):
        page, exam = self.begin()

        assert "KCSE 2026" in page
        assert exam.rehearsal_on == self.last.rehearsal_on + timedelta(weeks=52)
        assert exam.name == self.last.name
        opening = Opening.objects.get(exam=exam)
        assert (opening.of, opening.begun_by) == (self.last, self.by)
        assert Entry.objects.about(exam).get().verb == "exam.begun"

    def test_one_exam_of_a_number_a_year_and_what_was_typed_stays(self):
        self.begin()
        page = self.app.get(at("opening_new") + f"?of={self.last.pk}")
        form = self.form(page, "rehearsal_on")
        form["name"] = "Another name"
        page = form.submit()

        assert Exam.objects.filter(year=2026).count() == 1
        assert "already exists" in page
        assert self.form(page, "name")["name"].value == "Another name"

    def test_bad_input_has_a_sentence_by_its_box(self):
        page = self.app.get(at("opening_new") + f"?of={self.last.pk}")
        for box, typed, said in [
            ("year", "26", "four digits"),
            ("year", "٢٠٢٦", "whole number"),
            ("rehearsal_on", "soon", "valid date"),
            ("ends_on", "2020-01-01", "First comes the rehearsal"),
            ("registers_close_after", "99", "Registers close after they are due"),
        ]:
            form = self.form(page, "rehearsal_on")
            was = form[box].value
            form[box].force_value(typed)
            answer = form.submit()
            assert said in answer, box
            form[box] = was
        assert not Exam.objects.filter(year=2026).exists()

    def test_a_path_without_a_last_year_begins_empty(self):
        page = self.app.get(at("opening_new") + "?of=")
        form = self.form(page, "rehearsal_on")
        assert form["year"].value == ""

    # Days

    def test_the_days_are_seen_before_they_are_saved_and_are_there_once(self):
        _page, exam = self.begin()
        page = self.app.get(at("opening_days", exam))
        assert "Nothing is saved yet" in page
        assert not exam.days.exists()

        page = self.form(page, "seen").submit().follow()

        assert "5 days added" in page
        days = list(exam.days.order_by("day"))
        assert [day.day.weekday() for day in days] == [0, 1, 2, 3, 4]
        assert days[1].papers == ["101/1", "101/2"]
        assert Entry.objects.about(exam).filter(verb="exam.days_written").count() == 1
        page = self.form(page, "seen").submit().follow()
        assert "0 days added" in page
        assert exam.days.count() == 5
        assert Entry.objects.about(exam).filter(verb="exam.days_written").count() == 1

    def test_days_are_changed_taken_away_and_added_in_one_table(self):
        exam = world.copied(self.last, self.by)
        form = self.form(self.app.get(at("opening_days", exam)), "seen")
        form["day-1-papers"] = "102/1, 231/3"
        form["day-1-kind"] = "practical"
        form["day-4-remove"] = True
        form.submit().follow()

        days = list(exam.days.order_by("day"))
        assert len(days) == 4
        assert (days[1].kind, days[1].papers) == ("practical", ["102/1", "231/3"])

    def test_a_day_outside_of_the_exam_or_there_twice_is_said_beside_its_box(self):
        exam = world.copied(self.last, self.by)
        form = self.form(self.app.get(at("opening_days", exam)), "seen")
        form["day-2-papers"] = "102/2"
        form["day-4-day"] = "2020-01-01"
        page = form.submit()
        assert "The exam lasts from" in page
        assert self.form(page, "seen")["day-2-papers"].value == "102/2"
        form = self.form(page, "seen")
        form["day-4-day"] = f"{exam.starts_on}"
        page = form.submit()
        assert "This day is there twice" in page
        form = self.form(page, "seen")
        form["day-4-papers"] = "1/1"
        assert "no number of a paper" in form.submit()
        assert exam.days.count() == 5

    def test_weekends_and_holidays_are_pointed_out(self):
        exam = world.copied(self.last, self.by)
        Holiday.objects.create(day=exam.starts_on, name="Idd-ul-Fitr")
        ExamDay.objects.filter(exam=exam, day=exam.ends_on).delete()
        exam.ends_on += timedelta(days=1)
        exam.save()
        ExamDay.objects.create(exam=exam, day=exam.ends_on, kind="theory")
        page = self.app.get(at("opening_days", exam))
        assert "Idd-ul-Fitr" in page
        assert page.html.select(".warned")
        page = self.path(exam)
        assert "1 day is at a weekend" in page
        assert "1 day is a public holiday" in page

    def test_whoever_comes_second_is_told_and_loses_nothing(self):
        exam = world.begun(self.last, self.by)
        mine = self.form(self.app.get(at("opening_days", exam)), "seen")
        theirs = self.form(self.app.get(at("opening_days", exam)), "seen")
        theirs.submit()
        mine["day-1-papers"] = "999/1"
        page = mine.submit()
        assert "Somebody else has changed this" in page
        assert self.form(page, "seen")["day-1-papers"].value == "999/1"
        assert not exam.days.filter(papers=["999/1"]).exists()

    def test_a_day_stays_where_officers_are_deployed(self):
        exam = world.copied(self.last, self.by)
        make.deployment(post=make.post(exam=exam))
        form = self.form(self.app.get(at("opening_days", exam)), "seen")
        form["day-4-remove"] = True
        page = form.submit()
        assert "Officers are deployed for this exam" in page
        assert exam.days.count() == 5

    # Terms

    def test_terms_come_over_with_what_was_changed_and_show_what_it_was(self):
        exam = world.begun(self.last, self.by)
        inv, sup = make.position("INV"), make.position("SUP")
        page = self.app.get(at("opening_terms", exam))
        assert "Nothing is saved yet" in page
        form = self.form(page, "seen")
        form[f"position-{inv.pk}-daily_rate"] = "567"
        form[f"position-{sup.pk}-take"] = False
        page = form.submit().follow()

        terms = PositionTerms.objects.get(exam=exam)
        assert (terms.position, terms.daily_rate) == (inv, Decimal(567))
        assert terms.years_of_experience == 3
        assert "was 550.00" in page
        assert "had terms last year" in self.path(exam)
        told = Entry.objects.about(exam).get(verb="exam.terms_written")
        assert told.details["added"] == 1

    def test_terms_are_edited_in_one_page_and_the_trail_says_what_they_were(self):
        exam = world.copied(self.last, self.by)
        inv = make.position("INV")
        form = self.form(self.app.get(at("opening_terms", exam)), "seen")
        form[f"position-{inv.pk}-candidates_per_officer"] = "25"
        form.submit().follow()
        assert PositionTerms.objects.get(exam=exam, position=inv).candidates_per_officer == 25
        told = Entry.objects.about(exam).filter(verb="exam.terms_written").order_by("-pk")[0]
        assert told.details["what"] == [{"position": "INV", "candidates_per_officer": ["20", "25"]}]

    def test_what_is_confirmed_stands_still_here_and_the_rest_does_not(self):
        exam, inv = world.copied(self.last, self.by), make.position("INV")
        PositionTerms.objects.filter(exam=exam, position=make.position("SUP")).delete()
        page = self.app.get(at("opening_terms", exam))
        assert "What is paid was confirmed by" in page
        form = self.form(page, "seen")
        assert "disabled" in form[f"position-{inv.pk}-daily_rate"].attrs
        form[f"position-{inv.pk}-candidates_per_officer"] = "25"
        form.submit().follow()
        row = PositionTerms.objects.get(exam=exam)
        assert (row.daily_rate, row.candidates_per_officer) == (550, 25)
        form = self.form(self.app.get(at("opening_terms", exam)), "seen")
        form[f"position-{make.position('SUP').pk}-take"] = True
        assert "Supervisor: this rate is in use, or confirmed" in form.submit()
        assert PositionTerms.objects.filter(exam=exam).count() == 1

    def test_bad_figures_are_said_beside_their_boxes(self):
        exam = world.copied(self.last, self.by)
        inv = make.position("INV")
        RatesSeen.objects.all().delete()
        for name, typed, said in [
            ("daily_rate", "-1", "Enter 0 or more"),
            ("daily_rate", "1e3", "Enter a figure"),
            ("daily_rate", "", "required"),
            ("candidates_per_officer", "0", "Enter 1 or more"),
            ("days_to_respond", "0", "Enter 1 day or more"),
            ("minimum_per_centre", "99999999", "less than or equal"),
        ]:
            form = self.form(self.app.get(at("opening_terms", exam)), "seen")
            form[f"position-{inv.pk}-{name}"] = typed
            page = form.submit()
            assert said in page, (name, typed)
            assert self.form(page, "seen")[f"position-{inv.pk}-{name}"].value == typed
        assert PositionTerms.objects.get(exam=exam, position=inv).daily_rate == 550

    def test_a_rate_at_which_somebody_is_deployed_stands_still_here(self):
        exam = world.copied(self.last, self.by)
        inv = make.position("INV")
        make.deployment(post=make.post(exam=exam, position=inv))
        page = self.app.get(at("opening_terms", exam))
        box = f"position-{inv.pk}-daily_rate"
        assert page.html.select_one(f"[name={box}]").has_attr("disabled")
        self.app.post(
            at("opening_terms", exam),
            {**dict(self.form(page, "seen").submit_fields()), box: "9999"},
        )
        assert PositionTerms.objects.get(exam=exam, position=inv).daily_rate == 550

    def test_officers_who_are_deployed_get_no_first_rate_here_either(self):
        exam = world.begun(self.last, self.by)
        make.deployment(post=make.post(exam=exam, position=make.position("INV")))
        PositionTerms.objects.filter(exam=exam).delete()
        page = self.form(self.app.get(at("opening_terms", exam)), "seen").submit()
        assert "Invigilator: this rate is in use, or confirmed" in page
        assert not exam.terms.exists()

    def test_counted_with_becomes_the_exam_of_the_same_year(self):
        kjsea = world.last(centres=0, code=2, abbreviation="KJSEA")
        PositionTerms.objects.filter(exam=self.last).update(counted_with=kjsea)
        now = world.begun(kjsea, self.by)
        exam = world.copied(self.last, self.by)
        assert set(exam.terms.values_list("counted_with", flat=True)) == {now.pk}

    # Centres

    def carried(self, exam):
        """The run that the page starts, not begun yet."""
        page = self.form(self.app.get(at("opening_entries", exam)), "act").submit("act").follow()
        assert "Centres of KCSE 2025 for KCSE 2026" in page
        return Run.objects.latest("pk")

    def test_centres_come_over_once_and_their_numbers_stand_marked(self):
        exam = world.begun(self.last, self.by)
        assert "2 centres would come over" in self.app.get(at("opening_entries", exam))
        run = runs.finish(self.carried(exam))
        assert run.outcome == {"centres": 2}
        page = self.app.get(at("opening_entries", exam))
        assert "2 centres came over from last year" in page
        assert "All centres of KCSE 2025 are entered already" in page
        entries = list(CentreEntry.objects.filter(exam=exam).order_by("pk"))
        assert [entry.candidates for entry in entries] == [60, 61]
        assert entries[0].needs == []
        assert entries[0].papers == ["101/1"]
        assert entries[0].distribution_centre
        assert "2 centres still have last year" in self.path(exam)

        page = self.app.post(at("opening_entries", exam), {"act": "carry"}).follow()
        assert "All centres of KCSE 2025 are entered already" in page
        assert CentreEntry.objects.filter(exam=exam).count() == 2
        assert Entry.objects.about(exam).filter(verb="exam.entries_carried").count() == 1

        entries[0].candidates = 75
        entries[0].save()
        assert "1 centre still has last year" in self.path(exam)
        self.app.post(at("opening_entries", exam), {"act": "confirm"})
        assert "still has last year" not in self.path(exam)
        assert Entry.objects.about(exam).get(verb="exam.entries_confirmed").details == {
            "entries": 1
        }

    def test_the_page_says_that_centres_are_coming_and_what_became_of_it(self):
        exam = world.begun(self.last, self.by)
        run = self.carried(exam)
        link = f"/admin/runs/run/{run.pk}/change/"
        page = self.app.get(at("opening_entries", exam))
        assert page.headers["Refresh"] == "3"
        assert "Waiting, 0%" in page.html.select_one(f"[role=status] a[href='{link}']").parent.text
        assert not page.html.select("[name=act]")
        assert (
            "being done already"
            in self.app.post(at("opening_entries", exam), {"act": "carry"}).follow()
        )
        runs.finish(run)
        page = self.app.get(at("opening_entries", exam))
        assert "Refresh" not in page.headers
        assert "Done" in page.html.select_one(f".notice a[href='{link}']").parent.text
        assert page.html.select_one("[name=act][value=confirm]")

    def test_called_off_half_way_what_came_stays_and_again_brings_the_rest(self):
        exam = world.begun(world.last(centres=5, code=4), self.by)
        with patch.object(carrying, "AT_ONCE", 2):
            run = services.carry_entries(exam, by=self.by)
            for _portion in ("the plan", "the first"):
                runs.RUNS.go_on(runs.RUNS.take(run))
            runs.cancel(run, by=self.by)
            assert exam.entries.count() == Carried.objects.count() == 2
            assert "3 centres would come over" in self.app.get(at("opening_entries", exam))
            again = runs.finish(services.carry_entries(exam, by=self.by))
        assert again.outcome == {"centres": 3}
        assert exam.entries.count() == Carried.objects.count() == 5

    def test_a_portion_that_is_done_twice_brings_nothing_twice(self):
        exam = world.begun(self.last, self.by)
        run = services.carry_entries(exam, by=self.by)
        for portion in carrying.plan(run) * 2:
            carrying.step(run, portion)
        assert run.outcome == {"centres": 2}
        assert exam.entries.count() == 2

    def test_entries_of_marking_centres_come_as_well(self):
        position, station = make.position("EXA"), make.station(kind="marking_centre")
        MarkingEntry.objects.create(exam=self.last, station=station, position=position, officers=40)
        exam = world.begun(self.last, self.by)
        assert runs.finish(self.carried(exam)).outcome == {"centres": 2, "marking_centres": 1}
        assert exam.marking_entries.get().officers == 40

    def test_the_way_to_this_years_file_begins_with_the_exam(self):
        exam = world.begun(self.last, self.by)
        page = self.app.get(at("opening_entries", exam)).click("Bring in entries")
        assert self.form(page, "exam")["exam"].value == str(exam.pk)

    def test_without_a_last_year_there_is_nothing_to_take_over(self):
        exam = make.exam(abbreviation="NEW")
        page = self.app.post(at("opening_entries", exam), {"act": "carry"}).follow()
        assert "There is no exam of before" in page
        assert "There is no exam of before" in self.app.get(at("opening_terms", exam))

    # Posts, accounts, letters

    def test_posts_are_counted_and_shown(self):
        exam = world.copied(self.last, self.by)
        self.app.post(at("opening_posts", exam))
        assert Recount.objects.filter(exam=exam, asked_by=self.by).exists()
        recount_due()
        page = self.app.get(at("opening_posts", exam))
        assert "Invigilator" in page
        assert Post.objects.filter(exam=exam).count() == 4
        assert "have no posts" not in self.path(exam)

    def test_missing_accounts_are_opened_by_a_run(self):
        exam = world.copied(self.last, self.by)
        former = make.centre(world.first_station(), exam=self.last)
        run_page = self.form(self.app.get(at("opening_accounts", exam)), "csrfmiddlewaretoken")
        run_page = self.app.post(at("opening_accounts", exam)).follow()
        assert "Centre accounts of KCSE 2026" in run_page
        run = Run.objects.get(kind=RunKind.OPEN)
        page = self.app.get(at("opening_accounts", exam))
        assert page.html.select_one(f"[role=status] a[href='/admin/runs/run/{run.pk}/change/']")
        run = runs.finish(run)
        assert run.outcome == {"opened": 2, "left_alone": 0}
        accounts = User.objects.filter(exam=exam, role=Role.CENTRE)
        assert accounts.count() == 2
        assert not any(account.has_usable_password() for account in accounts)
        former.refresh_from_db()
        assert former.username.endswith("-2025-3")
        assert "0" in self.app.get(at("opening_accounts", exam))

    def test_a_name_that_is_still_in_use_is_left_alone(self):
        Exam.objects.filter(pk=self.last.pk).update(centres_sign_in_for=400)
        exam = world.copied(self.last, self.by)
        make.centre(world.first_station(), exam=Exam.objects.get(pk=self.last.pk))
        run = runs.finish(services.open_accounts(exam, by=self.by))
        assert run.outcome == {"opened": 1, "left_alone": 1}

    def test_the_words_of_letters_are_listed_in_both_languages(self):
        exam = world.copied(self.last, self.by)
        page = self.app.get(at("opening_letters", exam))
        assert "Invigilator" in page
        assert "Kiswahili" in page
        assert "The portal's own words" in page.text.replace("&#x27;", "'")

    # Open

    def ready(self):
        exam = world.copied(self.last, self.by)
        recount_due()
        place = world.first_station().sub_county
        for office in ("tsc", "scde"):
            make.director(place, office)
        for position in ("INV", "SUP"):
            make.vacancy(exam=exam, position=make.position(position), sub_county=place, places=8)
        runs.finish(services.check(exam, by=self.by))
        return exam

    def test_somebody_says_that_the_season_is_open_and_may_take_it_back(self):
        exam = self.ready()
        page = self.app.get(at("opening_open", exam))
        form = self.form(page, "note")
        form["note"] = "Circular 14 is out"
        page = form.submit().follow()
        assert "Circular 14 is out" in page
        opening = Opening.objects.get(exam=exam)
        assert (opening.opened_by, opening.note) == (self.by, "Circular 14 is out")
        assert Entry.objects.about(exam).filter(verb="season.opened", actor=self.by).exists()

        form = self.form(self.app.get(at("opening_open", exam)), "reason")
        assert "Give the reason" in form.submit()
        form["reason"] = "Too early"
        form.submit().follow()
        form.submit().follow()  # pressed twice, it does not open again
        opening.refresh_from_db()
        assert opening.opened_at is None
        assert Entry.objects.about(exam).get(verb="season.taken_back").details == {
            "reason": "Too early"
        }

    def test_it_is_not_open_while_something_blocks(self):
        exam = self.ready()
        User.objects.filter(role=Role.DIRECTOR).update(is_active=False)
        CentreEntry.objects.filter(exam=exam).update(candidates=0)
        runs.finish(services.check(exam, by=self.by))
        page = self.app.get(at("opening_open", exam))
        assert "2 offices of sub-counties have no director" in page
        assert "2 centres have no candidates" in page
        page = self.app.post(at("opening_open", exam), {"note": "Anyway"})
        assert "have no candidates" in page
        assert Opening.objects.get(exam=exam).opened_at is None

    def test_it_is_not_open_before_a_dry_run_of_the_last_day(self):
        exam = self.ready()
        Run.objects.filter(kind=RunKind.CHECK).update(asked_at=timezone.now() - timedelta(days=3))
        page = self.app.get(at("opening_open", exam))
        assert "Make a new dry run first" in page
        Run.objects.filter(kind=RunKind.CHECK).delete()
        assert "Nobody has made a dry run yet" in self.app.get(at("opening_open", exam))


class Rights(TestCase):
    PAGES = ("exam", "days", "terms", "entries", "posts", "letters", "accounts", "check", "open")

    def setUp(self):
        self.exam = world.copied(world.last())

    def test_the_auditor_looks_and_changes_nothing(self):
        make.sign_in(self.client, staff("Auditor"))
        assert self.client.get(at("opening")).status_code == 200
        assert self.client.get(at("opening_new")).status_code == 404
        for name in self.PAGES:
            page = self.client.get(at(f"opening_{name}", self.exam))
            assert page.status_code == 200, name
            assert b'type="submit" class="default"' not in page.content, name
            if name not in ("exam", "letters"):
                assert self.client.post(at(f"opening_{name}", self.exam)).status_code == 404, name

    def test_nobody_else_has_such_pages(self):
        for group in ("Helpdesk", "Finance preparer", "Finance approver"):
            make.sign_in(self.client, staff(group))
            assert self.client.get(at("opening")).status_code == 404
            for name in self.PAGES:
                assert self.client.get(at(f"opening_{name}", self.exam)).status_code == 404


class Queries(TestCase):
    def asked(self, url):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert self.client.get(url).status_code == 200
        return len(asked)

    def test_the_list_asks_the_same_for_one_exam_and_for_many(self):
        make.sign_in(self.client, staff("Deployment"))
        last = world.last()
        self.asked(at("opening"))
        one = self.asked(at("opening"))
        for number in range(50, 70):
            exam = make.exam(code=number)
            Opening.objects.create(exam=exam, of=last, begun_by=make.user())
        assert self.asked(at("opening")) == one <= 8 + 3  # who is signed in, and by what

    def test_the_pages_of_a_step_ask_the_same_for_few_centres_and_for_many(self):
        make.sign_in(self.client, staff("Deployment"))
        few, many = [
            world.copied(world.last(centres=number, code=10 + number)) for number in (2, 30)
        ]
        for name in ("entries", "posts", "accounts", "terms", "letters", "days", "exam"):
            self.asked(at(f"opening_{name}", few))
            assert self.asked(at(f"opening_{name}", few)) == self.asked(
                at(f"opening_{name}", many)
            ), name

    def test_last_year_is_the_nearest_year_of_the_same_name(self):
        old = world.last(year=2020)
        near = world.last(year=2024, code=4)
        same = world.last(year=2024)
        exam = make.exam(year=2026, code=3)
        assert last_year.of(exam) == same
        assert last_year.of(near) == old
