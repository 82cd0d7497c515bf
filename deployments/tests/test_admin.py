"""Headquarters: looks at everything, changes through services only."""

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from cp2.tests import make
from deployments import services
from deployments.models import (
    AllocationRun,
    DeploymentStatus,
    Letter,
    LetterStatus,
    LetterText,
    Post,
    Recount,
)


class AdminTests(TestCase):
    def setUp(self):
        self.staff = make.user(is_superuser=True)
        make.sign_in(self.client, self.staff)
        self.deployment = make.deployment()
        self.post = self.deployment.post

    def url(self, model, page="changelist", *args):
        return reverse(f"admin:deployments_{model}_{page}", args=args)

    def act(self, model, action, row, **fields):
        return make.act(self.client, self.url(model), action, row, **fields).text

    def test_every_list_and_every_row_opens(self):
        rows = {
            "post": self.post,
            "deployment": self.deployment,
            "letter": Letter.objects.create(deployment=self.deployment, code="A" * 20),
            "lettertext": LetterText.objects.create(
                exam=self.post.exam, position=self.post.position
            ),
            "allocationrun": AllocationRun.objects.create(
                exam=self.post.exam, started_by=self.staff
            ),
        }
        for model, row in rows.items():
            assert self.client.get(self.url(model)).status_code == 200
            assert self.client.get(self.url(model), {"q": "12345"}).status_code == 200
            assert self.client.get(self.url(model, "change", row.pk)).status_code == 200
            assert self.client.post(self.url(model, "delete", row.pk)).status_code == 404
        assert rows["post"].pk

    def test_identity_numbers_are_masked(self):
        assert (
            self.deployment.officer.national_id not in self.client.get(self.url("deployment")).text
        )

    def test_nothing_is_typed_over(self):
        self.client.post(
            self.url("deployment", "change", self.deployment.pk),
            {"status": "cancelled", "slot": 9, "reason": "x"},
        )
        self.client.post(self.url("post", "change", self.post.pk), {"required": 99})
        self.deployment.refresh_from_db()
        self.post.refresh_from_db()
        assert (self.deployment.status, self.deployment.slot) == (DeploymentStatus.ACCEPTED, 1)
        assert self.post.required == 3

    def test_override(self):
        page = self.act("post", "override", self.post, required=8, reason="Two blocks")
        assert "overridden" in page
        self.post.refresh_from_db()
        assert (self.post.required, self.post.override_reason) == (8, "Two blocks")
        assert Entry.objects.get(verb="post.overridden").actor == self.staff

    def test_override_that_is_refused_or_unclear_says_why(self):
        page = self.act("post", "override", self.post, required=0, reason="x")
        assert "cannot be less" in page
        assert "Enter the reason" in self.act("post", "override", self.post, required=5)
        assert "Enter the new entitlement" in self.act("post", "override", self.post, reason="x")
        self.act("post", "override", self.post, required="10" * 15, reason="x")
        self.post.refresh_from_db()
        assert self.post.required == 3

    def test_cancel(self):
        page = self.act("deployment", "cancel", self.deployment, reason="A mistake")
        assert "1 deployment cancelled." in page
        page = self.act("deployment", "cancel", self.deployment, reason="A second thought")
        assert "was called off from" in page
        assert "Enter the reason" in self.act("deployment", "cancel", self.deployment)

    def test_compute(self):
        make.terms(self.post.exam, make.position("SUP"))
        entry = make.entry(exam=self.post.exam, candidates=41)
        page = self.client.get(self.url("post", "compute"))
        assert page.status_code == 200
        page = self.client.post(
            self.url("post", "compute"),
            {"exam": self.post.exam_id, "sub_county": entry.station.sub_county_id},
            follow=True,
        ).text
        assert "Made 1, changed 0" in page
        assert Post.objects.get(station=entry.station).required == 3

    def test_a_whole_exam_is_computed_in_the_background_and_the_page_says_how_far_it_is(self):
        Recount.objects.all().delete()
        make.terms(self.post.exam, make.position("SUP"))
        entry = make.entry(exam=self.post.exam, candidates=41)
        Recount.objects.all().delete()
        page = self.client.post(
            self.url("post", "compute"), {"exam": self.post.exam_id}, follow=True
        )
        assert "2 sub-counties are computed now" in page.text
        assert "2 sub-counties are still to be computed" in page.text
        assert page["Refresh"] == "3"
        services.recount_due()
        assert Post.objects.get(station=entry.station).required == 3
        page = self.client.get(self.url("post", "compute"))
        assert "still to be computed" not in page.text
        assert "Refresh" not in page
        asked = Entry.objects.filter(verb="posts.computed")
        assert set(asked.values_list("actor__role", flat=True)) == {"staff"}

    def test_only_letters_that_failed_are_printed_again(self):
        letter = Letter.objects.create(
            deployment=self.deployment, code="A" * 20, status=LetterStatus.FAILED, attempts=3
        )
        assert "printed soon" in self.act("letter", "print_again", letter)
        letter.refresh_from_db()
        assert (letter.status, letter.attempts) == (LetterStatus.WAITING, 0)
        assert "cannot be" in self.act("letter", "print_again", letter)

    def test_who_may_only_look_does_not_touch(self):
        auditor = make.user()
        auditor.user_permissions.set(
            Permission.objects.filter(
                content_type__app_label="deployments", codename__startswith="view_"
            )
        )
        make.sign_in(self.client, auditor)
        assert self.client.get(self.url("post")).status_code == 200
        assert self.client.get(self.url("post", "compute")).status_code == 404
        assert self.client.post(self.url("post", "compute")).status_code == 404
        self.act("post", "override", self.post, required=8, reason="x")
        self.act("deployment", "cancel", self.deployment, reason="x")
        self.post.refresh_from_db()
        self.deployment.refresh_from_db()
        assert (self.post.required, self.deployment.status) == (3, DeploymentStatus.ACCEPTED)

    def test_others_do_not_come_in(self):
        for user in (
            self.deployment.officer.user,
            make.director(self.post.station.sub_county),
            make.centre(self.post.station),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(self.url("post")).status_code == 404

    def test_lists_take_as_many_queries_for_many_as_for_one(self):
        def count(model):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(self.url(model))
            return len(queries)

        before = {model: count(model) for model in ("post", "deployment", "letter")}
        for _each in range(3):
            Letter.objects.create(deployment=make.deployment(), code=f"{make.number():020d}")
        for model, queries in before.items():
            if model != "letter":
                assert count(model) == queries, model
        few = count("letter")
        Letter.objects.create(deployment=make.deployment(), code="Z" * 20)
        assert count("letter") == few
