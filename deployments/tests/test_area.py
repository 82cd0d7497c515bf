"""The director's view of stations and deployments: what is shown, found, and kept from others."""

from datetime import timedelta

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from catalogue.models import Office
from cp2.tests import make
from deployments.models import DeploymentStatus


class Area(TestCase):
    def setUp(self):
        self.area = make.sub_county()
        self.station = make.station(sub_county=self.area, name="Umoja Secondary School")
        self.exam = make.exam()
        self.post = make.post(exam=self.exam, station=self.station, required=3)
        make.terms(self.exam, self.post.position)
        self.director = make.director(self.area)
        make.sign_in(self.client, self.director)

    def get(self, name, *args, **params):
        return self.client.get(reverse(f"deployments:{name}", args=args), params)

    def another_post(self, **fields):
        fields.setdefault("station", make.station(sub_county=self.area))
        return make.post(exam=self.exam, **fields)


class CentresTests(Area):
    def rows(self, **params):
        page = self.get("area_centres", **params).context["page"]
        return [(post.pk, post.required, post.live, post.accepted, post.gap) for post in page]

    def test_entitled_deployed_accepted_and_the_gap(self):
        make.deployment(post=self.post, slot=1)
        make.deployment(DeploymentStatus.OFFERED, post=self.post, slot=2)
        make.deployment(DeploymentStatus.REJECTED, post=self.post, slot=3)
        assert self.rows() == [(self.post.pk, 3, 2, 1, 1)]

    def test_the_largest_gap_first(self):
        small = self.another_post(required=1)
        large = self.another_post(required=9)
        assert [row[0] for row in self.rows()] == [large.pk, self.post.pk, small.pk]

    def test_who_has_moved_on_leaves_a_gap(self):
        make.deployment(
            DeploymentStatus.MOVED, post=self.post, ends_on=timezone.localdate() - timedelta(1)
        )
        assert self.rows() == [(self.post.pk, 3, 0, 0, 3)]

    def test_by_exam_and_position(self):
        security = self.another_post(position=make.position("SEC"))
        other = make.post(station=self.station)
        assert [row[0] for row in self.rows(exam=other.exam_id)] == [other.pk]
        assert [row[0] for row in self.rows(position=security.position_id)] == [security.pk]

    def test_by_name_or_code_of_the_station(self):
        other = self.another_post()
        assert [row[0] for row in self.rows(q="umoja")] == [self.post.pk]
        assert [row[0] for row in self.rows(q=other.station.code)] == [other.pk]
        assert self.rows(q="%") == []

    def test_only_where_places_are_free(self):
        full = self.another_post(required=1)
        make.deployment(post=full)
        assert [row[0] for row in self.rows(gaps="on")] == [self.post.pk]

    def test_by_gap_code_or_name(self):
        first = self.another_post(
            station=make.station(sub_county=self.area, name="Amani School", code="00000001"),
            required=1,
        )
        assert [row[0] for row in self.rows()] == [self.post.pk, first.pk]
        for sort in ("code", "name"):
            assert [row[0] for row in self.rows(sort=sort)] == [first.pk, self.post.pk]

    def test_a_free_place_leads_to_whoever_may_fill_it(self):
        link = f"{reverse('deployments:area_new')}?post={self.post.pk}"
        assert link in self.get("area_centres").text
        make.sign_in(self.client, make.director(self.area, office=Office.SCDE))
        assert link not in self.get("area_centres").text

    def test_exams_that_are_over_only_when_asked_for(self):
        ended = timezone.localdate() - timedelta(days=1)
        exam = make.exam(rehearsal_on=ended, starts_on=ended, ends_on=ended)
        old = make.post(exam=exam, station=self.station)
        assert old.pk not in [row[0] for row in self.rows()]
        assert [row[0] for row in self.rows(exam=exam.pk)] == [old.pk]

    def test_other_sub_counties_are_not_shown(self):
        make.post(exam=self.exam)
        assert [row[0] for row in self.rows()] == [self.post.pk]

    def test_twenty_five_a_page(self):
        for _each in range(26):
            self.another_post()
        assert len(self.rows()) == 25
        assert len(self.rows(page=2)) == 2

    def test_rubbish_is_no_filter_and_no_crash(self):
        for value in ("x", "-1", "10" * 15, "\x00", "١", "9" * 5000):
            for name in ("exam", "position", "q", "sort", "gaps", "page"):
                assert self.get("area_centres", **{name: value}).status_code == 200

    def test_as_many_queries_for_many_as_for_one(self):
        with self.assertNumQueries(7):
            self.get("area_centres")
        for slot in (1, 2, 3):
            make.deployment(post=self.post, slot=slot)
            self.another_post()
        with self.assertNumQueries(7):
            self.get("area_centres")


class CentreTests(Area):
    def test_who_holds_each_place_and_what_can_be_done(self):
        row = make.deployment(
            post=self.post, slot=2, officer=make.officer(full_name="Chebet Korir")
        )
        page = self.get("area_centre", self.station.code).text
        assert "Umoja Secondary School" in page
        assert "Chebet Korir" in page
        assert "Entitled to 3, deployed 1, accepted 1." in page
        assert "2 places are free." in page
        for name in ("redeploy", "replace", "cancel"):
            assert reverse(f"deployments:area_{name}", args=[row.pk]) in page
        assert f"{reverse('deployments:area_new')}?post={self.post.pk}" in page

    def test_the_other_office_looks_on(self):
        row = make.deployment(post=self.post)
        make.sign_in(self.client, make.director(self.area, office=Office.SCDE))
        page = self.get("area_centre", self.station.code).text
        assert "deployed 1" in page
        assert reverse("deployments:area_cancel", args=[row.pk]) not in page
        assert f"?post={self.post.pk}" not in page

    def test_stations_of_others_and_of_nobody(self):
        elsewhere = make.station()
        for code in (elsewhere.code, "0", "x" * 300):
            assert self.get("area_centre", code).status_code == 404
        for path in ("%00", "a%00b", "١"):
            assert self.client.get(f"/area/centres/{path}/").status_code == 404
        assert self.client.get("/area/centres/%ff/").status_code == 400

    def test_as_many_queries_for_many_as_for_one(self):
        make.deployment(post=self.post)
        with self.assertNumQueries(6):
            self.get("area_centre", self.station.code)
        for slot in (2, 3):
            make.deployment(post=self.post, slot=slot)
        make.post(exam=self.exam, station=self.station, position=make.position("SUP"))
        with self.assertNumQueries(6):
            self.get("area_centre", self.station.code)


class DeploymentsTests(Area):
    def setUp(self):
        super().setUp()
        self.row = make.deployment(
            post=self.post, officer=make.officer(full_name="Chebet Korir"), slot=1
        )
        self.other = make.deployment(
            DeploymentStatus.OFFERED, post=self.post, officer=make.officer(), slot=2
        )

    def rows(self, **params):
        return set(self.get("area_deployments", **params).context["page"])

    def test_all_of_the_sub_county_and_no_more(self):
        make.deployment()
        assert self.rows() == {self.row, self.other}

    def test_by_status_exam_officer_and_station(self):
        officer = self.row.officer
        for params in (
            {"status": "accepted"},
            {"q": "korir"},
            {"q": officer.national_id},
            {"q": officer.tsc_number},
            {"q": officer.phone},
            {"q": f"0{officer.phone[3:]}"},
        ):
            assert self.rows(**params) == {self.row}, params
        for q in (self.station.code, "umoja"):
            assert self.rows(q=q) == {self.row, self.other}
        assert self.rows(exam=make.exam().pk) == set()
        assert self.rows(q="%") == set()

    def test_buttons_only_where_something_can_be_done_and_by_whom(self):
        over = make.deployment(DeploymentStatus.REJECTED, post=self.post)
        page = self.get("area_deployments").text
        assert reverse("deployments:area_cancel", args=[self.row.pk]) in page
        assert reverse("deployments:area_cancel", args=[over.pk]) not in page
        make.sign_in(self.client, make.director(self.area, office=Office.SCDE))
        assert "/cancel/" not in self.get("area_deployments").text

    def test_rubbish_is_no_filter_and_no_crash(self):
        for value in ("x", "-1", "10" * 15, "\x00", "١", "9" * 5000, "'\"\\%_", "((((", "\u202e"):
            for name in ("exam", "position", "status", "station", "shows", "sort", "q", "page"):
                assert self.get("area_deployments", **{name: value}).status_code == 200

    def test_as_many_queries_for_many_as_for_one(self):
        with self.assertNumQueries(7):
            self.get("area_deployments")
        for _each in range(4):
            make.deployment(DeploymentStatus.REJECTED, post=self.post)
        with self.assertNumQueries(7):
            self.get("area_deployments")


class DoorTests(Area):
    def test_only_directors_come_in(self):
        station = reverse("deployments:area_centre", args=[self.station.code])
        pages = [
            station,
            *(
                reverse(f"deployments:area_{name}")
                for name in ("centres", "deployments", "new", "swap")
            ),
        ]
        for page in pages:
            assert self.client.get(page).status_code == 200, page
        for stranger in (make.officer().user, make.centre(self.station), make.user()):
            make.sign_in(self.client, stranger)
            for page in pages:
                assert self.client.get(page).status_code == 404, (page, stranger.role)
                assert self.client.post(page).status_code == 404
        self.client.logout()
        for page in pages:
            answer = self.client.get(page)
            assert answer.url.startswith(reverse("accounts:login")), page
