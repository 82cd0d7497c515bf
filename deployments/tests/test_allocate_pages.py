"""The pages of a director: what they start, see, change and confirm there; and who is kept out."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from catalogue.models import Office
from cp2.tests import make
from deployments.allocation import runs
from deployments.allocation.worker import work
from deployments.models import AllocationRun, Deployment, RunStatus, Spill, Whose
from deployments.tests.allocating import Place


class Pages(WebTest):
    csrf_checks = False

    def setUp(self):
        self.place = Place(required=(1, 2))
        self.sign_in(self.place.director)

    def sign_in(self, user):
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def page(self, name, *args, **params):
        return self.app.get(reverse(f"deployments:{name}", args=args), params=params)

    def submit(self, page, button):
        """The form that has this button, as a browser finds it."""
        return next(form for form in page.forms.values() if button in form.text)


class StartTests(Pages):
    def test_from_the_button_to_the_proposal(self):
        self.place.applicant()
        page = self.page("area_allocate")
        form = self.submit(page, "Make a proposal")
        form["exam"] = str(self.place.exam.pk)
        waiting = form.submit().follow()
        assert waiting.headers["Refresh"] == "2"
        assert "0 %" in waiting.text
        work()
        page = self.app.get(waiting.request.url)
        assert "Refresh" not in page.headers
        assert "2 places stay empty" in page
        assert "Confirm 1 officer" in page

    def test_a_second_one_is_refused_in_the_form(self):
        self.place.run()
        form = self.submit(self.page("area_allocate"), "Make a proposal")
        form["exam"] = str(self.place.exam.pk)
        page = form.submit()
        assert "There is a proposal for this already." in page
        assert AllocationRun.objects.count() == 1

    def test_what_is_no_exam_is_no_choice(self):
        form = self.submit(self.page("area_allocate"), "Make a proposal")
        form["exam"].force_value("9" * 30)
        assert "Choose one of those that the page offers." in form.submit()

    def test_called_off_while_it_waits(self):
        run = self.place.run()
        self.submit(self.page("area_run", run.pk), "Call it off").submit()
        run.refresh_from_db()
        assert run.status == RunStatus.CANCELLED

    def test_a_failed_one_is_tried_again(self):
        run = self.place.run()
        AllocationRun.objects.filter(pk=run.pk).update(status="failed")
        run.parts.update(status="failed", failure="ValueError: secret")
        page = self.page("area_run", run.pk)
        assert "secret" not in page
        self.submit(page, "Try again").submit()
        work()
        run.refresh_from_db()
        assert run.status == RunStatus.DONE


class LookTests(Pages):
    def proposed(self, **fields):
        self.near = self.place.applicant(years=9, near=self.place.stations[0])
        self.far = self.place.applicant(years=8, near=self.place.stations[0])
        return self.place.proposed(**fields)

    def test_the_gaps_come_first_with_the_rules(self):
        run = self.proposed()
        page = self.page("area_run", run.pk)
        text = page.text
        assert text.index("1 place stays empty") < text.index("Confirm 2 officers")
        assert text.index("Confirm 2 officers") < text.index("Who goes where")
        assert "Too few: all who may serve here are placed elsewhere." in text

    def test_what_was_weighed_for_every_pair(self):
        run = self.proposed()
        text = self.page("area_run", run.pk).text
        assert "Years of experience: 9: +18" in text
        assert "Diploma: +10" in text

    def test_filtered_and_sorted(self):
        run = self.proposed()

        def listed(**params):
            context = self.page("area_run", run.pk, **params).context
            return [row.officer.pk for row, _weighed in context["rows"]]

        by_way = [
            row.officer_id for row in sorted(run.proposals.all(), key=lambda row: -row.metres)
        ]
        assert listed(sort="far") == by_way
        assert listed(sort="least") == [self.far.officer_id, self.near.officer_id]
        assert listed(q=self.near.officer.national_id) == [self.near.officer_id]
        assert len(listed(q=self.place.stations[1].code)) == 1
        assert listed(show="hand") == []
        assert len(listed(show="nonsense", sort="nonsense")) == 2

    def test_beside_a_queue(self):
        run = self.proposed()
        bars = self.page("area_run", run.pk).context["bars"]
        assert [(bar.label, bar.now) for bar in bars][:2] == [
            ("Places filled", "2"),
            ("Mean standing, points", "27.0"),
        ]

    def test_how_stale_it_is(self):
        run = self.proposed()
        assert "Since it was made" not in self.page("area_run", run.pk)
        make.deployment(post=self.place.posts[0])
        self.place.applicant()
        assert "1 officers were deployed here and 1 have applied" in self.page("area_run", run.pk)

    def test_everybody_without_a_place_and_why(self):
        barred = self.place.applicant(vetting="barred", vetting_reason="Fraud").officer
        run = self.proposed()
        page = self.page("area_run_unplaced", run.pk)
        assert "May not serve in this position." in page
        assert "Headquarters has barred this officer." in page
        assert barred.full_name.split()[-1] in page.text
        assert "Nobody here" in self.page("area_run_unplaced", run.pk, why="others")

    def test_as_many_queries_for_one_as_for_many(self):
        def queries(run):
            counted = []
            for name in ("area_allocate", "area_run", "area_run_unplaced"):
                args = [] if name == "area_allocate" else [run.pk]
                with CaptureQueriesContext(connection) as captured:
                    self.client.get(reverse(f"deployments:{name}", args=args))
                counted.append(len(captured))
            return counted

        for _each in range(4):  # one of them without a place
            self.place.applicant()
        run = self.place.proposed()
        few = queries(run)
        runs.cancel(run, by=self.place.director)
        for post in self.place.posts:
            post.required = 15
            post.save()
        for _each in range(60):
            self.place.applicant()
        assert queries(self.place.proposed()) == few
        assert max(few) <= 8

    def test_taken_away_as_a_file(self):
        run = self.proposed()
        url = reverse("deployments:area_run_files", args=[run.pk])
        for kind in ("csv", "xlsx", "pdf"):
            response = self.client.post(f"{url}?sort=far", {"as": kind})
            assert response.status_code == 200, kind
        response = self.client.post(f"{url}?q={self.near.officer.national_id}", {"as": "csv"})
        text = b"".join(response.streaming_content).decode()
        assert self.near.officer.full_name in text
        assert self.far.officer.full_name not in text
        assert self.near.officer.national_id not in text


class ChangeTests(Pages):
    def setUp(self):
        super().setUp()
        self.placed = [
            self.place.applicant(years=9, near=station) for station in self.place.stations
        ]
        self.placed.append(self.place.applicant(years=8))
        self.spare = self.place.applicant(years=1)
        self.run_ = self.place.proposed()
        self.first = self.run_.proposals.get(post=self.place.posts[0])

    def pair(self, **params):
        return self.page("area_pair", self.run_.pk, self.first.pk, **params)

    def test_take_out_put_in_and_confirm_by_the_forms_of_the_page(self):
        form = self.pair().forms["form_put_in"]
        form["officer"] = str(self.spare.officer_id)
        form["reason"] = "Signs with deaf candidates"
        page = form.submit().follow()
        assert "The proposal is changed." in page
        assert "put in by hand" in page
        assert not Deployment.objects.exists()
        other = self.run_.proposals.filter(post=self.place.posts[1], status="proposed").first()
        form = self.page("area_pair", self.run_.pk, other.pk).forms["form_remove"]
        form["reason"] = "On leave"
        page = form.submit().follow()
        page = page.click("Confirm 2 officers")
        assert "2 officers are offered their places and told by text." in page
        waiting = self.submit(page, "Confirm and deploy").submit().follow()
        assert waiting.headers["Refresh"] == "2"
        assert "Call it off" not in waiting
        work()
        done = self.app.get(waiting.request.url)
        assert "2 deployed, 0 refused" in done
        assert self.spare.officer_id in Deployment.objects.values_list("officer", flat=True)
        assert other.officer_id not in Deployment.objects.values_list("officer", flat=True)

    def test_two_exchanged(self):
        form = self.pair().forms["form_exchange"]
        partner = self.run_.proposals.filter(post=self.place.posts[1], status="proposed").first()
        form["other"] = str(partner.pk)
        form["reason"] = "Car pool"
        form.submit().follow()
        now = self.run_.proposals.get(post=self.place.posts[0], status="proposed")
        assert now.officer == partner.officer

    def test_nothing_typed_is_lost_on_a_refusal(self):
        make.work(self.spare.officer, station=self.place.stations[0], ends_on=make.today())
        form = self.pair().forms["form_put_in"]
        form["officer"] = str(self.spare.officer_id)
        form["reason"] = "Signs with deaf candidates"
        page = form.submit()
        assert "The officer worked at this school until" in page
        assert page.forms["form_put_in"]["reason"].value == "Signs with deaf candidates"
        assert page.forms["form_put_in"]["officer"].value == str(self.spare.officer_id)

    def test_a_reason_is_asked_for(self):
        for name in ("form_put_in", "form_exchange", "form_remove"):
            assert "Enter the reason" in self.pair().forms[name].submit()

    def test_anybody_within_reach_is_found_by_the_search(self):
        walked_in = make.officer(sub_county=self.place.area, full_name="Chebet Kiprono")
        make.work(walked_in)
        make.qualification(walked_in)
        form = self.pair(q="chebet").forms["form_put_in"]
        assert [value for value, _on, _label in form["officer"].options] == [
            "",
            str(walked_in.pk),
        ]
        form["officer"] = str(walked_in.pk)
        form["reason"] = "Knows sign language"
        form.submit().follow()
        new = self.run_.proposals.get(post=self.place.posts[0], status="proposed")
        assert (new.officer, new.application) == (walked_in, None)

    def test_bad_input_is_no_500(self):
        url = reverse("deployments:area_pair", args=[self.run_.pk, self.first.pk])
        for fields in (
            {"act": "burn"},
            {"act": "put_in", "officer": "x" * 30, "reason": "a"},
            {"act": "exchange", "other": "9" * 30, "reason": "a"},
            {"act": "remove", "reason": "a" * 400},
            {},
        ):
            assert self.client.post(url, fields).status_code == 200

    def test_nothing_is_offered_once_it_is_confirmed(self):
        AllocationRun.objects.filter(pk=self.run_.pk).update(status="confirmed")
        assert "form_remove" not in self.pair().forms

    def test_an_old_page_confirms_nothing(self):
        runs.cancel(self.run_, by=self.place.director)
        url = reverse("deployments:area_run_confirm", args=[self.run_.pk])
        page = self.client.post(url, follow=True)
        self.assertContains(page, "is cancelled, so it cannot be being confirmed")


class KeptOutTests(Pages):
    def urls(self, run):
        pair = run.proposals.first()
        one = [run.pk]
        return [
            ("get", reverse("deployments:area_run", args=one)),
            ("get", reverse("deployments:area_run_unplaced", args=one)),
            ("get", reverse("deployments:area_run_confirm", args=one)),
            ("post", reverse("deployments:area_run_confirm", args=one)),
            ("post", reverse("deployments:area_run_cancel", args=one)),
            ("post", reverse("deployments:area_run_again", args=one)),
            ("post", reverse("deployments:area_run_files", args=one)),
            ("get", reverse("deployments:area_pair", args=[run.pk, pair.pk])),
            ("post", reverse("deployments:area_pair", args=[run.pk, pair.pk])),
        ]

    def test_other_offices_sub_counties_and_roles(self):
        self.place.applicant()
        run = self.place.proposed()
        for other in (
            make.director(self.place.area, Office.SCDE),
            make.director(make.sub_county()),
            make.officer().user,
            make.centre(self.place.stations[0]),
            make.user(),
        ):
            make.sign_in(self.client, other)
            for method, url in self.urls(run):
                response = getattr(self.client, method)(url, {"as": "csv", "act": "remove"})
                assert response.status_code == 404, (other, url)
        run.refresh_from_db()
        assert run.status == RunStatus.DONE

    def test_what_headquarters_proposes_for_the_nation_is_not_a_directors(self):
        self.place.applicant()
        run = runs.start(self.place.exam, by=None, whose=Whose.ALL, spill=Spill.NONE)
        work()
        assert self.client.get(reverse("deployments:area_run", args=[run.pk])).status_code == 404

    def test_a_pair_of_another_run(self):
        self.place.applicant()
        run = self.place.proposed()
        other = Place()
        other.applicant()
        pair = other.proposed().proposals.get()
        url = reverse("deployments:area_pair", args=[run.pk, pair.pk])
        assert self.client.get(url).status_code == 404
