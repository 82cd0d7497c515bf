"""Headquarters' lists of posts and deployments: narrowed by place and gap, taken away."""

import csv
import io

from django.contrib.auth.models import Group
from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from cp2.tests import make
from deployments.models import DeploymentStatus

POSTS = reverse("admin:deployments_post_changelist")
POST_FILES = reverse("admin:deployments_post_files")
DEPLOYMENTS = reverse("admin:deployments_deployment_changelist")
DEPLOYMENT_FILES = reverse("admin:deployments_deployment_files")


class Lists(TestCase):
    def setUp(self):
        self.staff = make.user()
        self.staff.groups.add(Group.objects.get(name="Deployment"))
        make.sign_in(self.client, self.staff)
        self.here = make.sub_county(county="Kisii")
        self.there = make.sub_county(county="Turkana")
        self.post = make.post(station=make.station(sub_county=self.here), required=2)
        self.other = make.post(station=make.station(sub_county=self.there), required=1)
        self.row = make.deployment(post=self.post)
        self.full = make.deployment(DeploymentStatus.OFFERED, post=self.other)

    def rows(self, url, **params):
        return list(self.client.get(url, params).context["cl"].result_list)

    def taken(self, url, query=""):
        answer = self.client.post(url + query, {"as": "csv"})
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_posts_with_their_gaps(self):
        found = {row.pk: (row.live, row.accepted, row.gap) for row in self.rows(POSTS)}
        assert found == {self.post.pk: (1, 1, 1), self.other.pk: (1, 0, 0)}
        assert self.rows(POSTS, gap="yes") == [self.post]

    def test_by_county_and_then_sub_county(self):
        for url, here, there in (
            (POSTS, self.post, self.other),
            (DEPLOYMENTS, self.row, self.full),
        ):
            assert self.rows(url, county=self.here.county_id) == [here]
            place = {"county": self.there.county_id, "sub_county": self.there.pk}
            assert self.rows(url, **place) == [there]
            elsewhere = make.sub_county(county="Turkana").pk
            assert self.rows(url, **place | {"sub_county": elsewhere}) == []
            page = self.client.get(url, {"county": self.here.county_id})
            self.assertContains(page, f"sub_county={self.here.pk}")
            self.assertNotContains(page, f"sub_county={self.there.pk}")
            for value in ("x", "-1", "9" * 50, "١", "1 or 1=1"):
                assert self.rows(url, county=value) == []
                assert self.rows(url, **place | {"sub_county": value}) == []

    def test_those_nominated_without_an_application(self):
        applied = make.application(vacancy=make.vacancy(exam=self.post.exam))
        row = make.deployment(post=self.post, slot=2, officer=applied.officer, application=applied)
        assert row not in self.rows(DEPLOYMENTS, unasked="yes")
        assert row in self.rows(DEPLOYMENTS)

    def test_posts_leave_as_a_file_as_they_are_narrowed(self):
        (line,) = self.taken(POST_FILES, "?gap=yes")
        assert (line["Sub-county"], line["Entitled"], line["Gap"]) == (self.here.name, "2", "1")
        entry = Entry.objects.get(verb="posts.taken")
        assert (entry.actor, entry.details["filters"]) == (self.staff, "gap: yes")

    def test_deployments_leave_with_masked_numbers(self):
        (line,) = self.taken(DEPLOYMENT_FILES, f"?county={self.here.county_id}")
        assert line["Officer"] == self.row.officer.full_name
        assert self.row.officer.national_id not in line.values()
        assert Entry.objects.get(verb="deployments.taken").details["rows"] == 1
        self.assertContains(self.client.get(DEPLOYMENTS), f'formaction="{DEPLOYMENT_FILES}?')

    def test_nobody_takes_what_they_may_not_see(self):
        helpdesk = make.user()
        helpdesk.groups.add(Group.objects.get(name="Helpdesk"))
        make.sign_in(self.client, helpdesk)
        assert self.client.post(POST_FILES, {"as": "csv"}).status_code == 404
        make.sign_in(self.client, make.director(self.here))
        for url in (POST_FILES, DEPLOYMENT_FILES):
            assert self.client.post(url, {"as": "csv"}).status_code == 404
        assert not Entry.objects.filter(verb__endswith=".taken").exists()

    def test_what_narrows_nothing_leads_back_to_the_list(self):
        answer = self.client.post(f"{POST_FILES}?exam__id__exact=x", {"as": "csv"})
        self.assertRedirects(answer, POSTS)
        assert self.client.get(POST_FILES).status_code == 405
        assert self.client.post(POST_FILES, {"as": "exe"}).status_code == 404
