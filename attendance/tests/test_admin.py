"""Headquarters reads registers and types over none of them."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from attendance.models import Mark, RegisterReturn, SupervisorReport
from attendance.tests import world
from cp2.tests import make

MODELS = ["mark", "register", "registerreturn", "supervisorreport"]


def rows(n):
    for _ in range(n):
        centre = world.centre(officers=1)
        deployment = centre.deployments[0]
        make.mark(deployment)
        make.register(centre.entry)
        RegisterReturn.objects.create(entry=centre.entry, code=f"R{centre.entry.pk}")
        SupervisorReport.objects.create(deployment=deployment, day=make.today())


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS)
class TestLists:
    def url(self, model, page="changelist", *args):
        return reverse(f"admin:attendance_{model}_{page}", args=args)

    def test_twenty_rows_cost_as_many_queries_as_one(self, client, model):
        make.sign_in(client, make.user(is_superuser=True))
        counts = []
        for n in (1, 19):
            rows(n)
            client.get(self.url(model))  # content types are remembered from here on
            with CaptureQueriesContext(connection) as queries:
                assert client.get(self.url(model)).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_even_a_superuser_adds_changes_and_deletes_nothing(self, client, model):
        rows(1)
        make.sign_in(client, make.user(is_superuser=True))
        pk = apps.get_model("attendance", model).objects.get().pk

        assert client.get(self.url(model, "add")).status_code == 404
        assert client.post(self.url(model, "delete", pk), {"post": "yes"}).status_code == 404
        page = client.get(self.url(model, "change", pk))
        assert page.status_code == 200
        assert not list(page.context["adminform"].form.fields)

    def test_any_search_finds_or_finds_nothing(self, client, model):
        rows(1)
        make.sign_in(client, make.user(is_superuser=True))
        for words in ["x", "12345678", "%_\\'\"", "9" * 5000, "((((", "\0", "🙂", "a b c"]:
            assert client.get(self.url(model), {"q": words}).status_code == 200


class Rights(TestCase):
    def test_mark_is_found_by_the_whole_id_number_only(self):
        rows(2)
        mark = Mark.objects.first()
        number = mark.officer.national_id
        make.sign_in(self.client, make.user(is_superuser=True))
        url = reverse("admin:attendance_mark_changelist")

        assert list(self.client.get(url, {"q": number}).context["cl"].queryset) == [mark]
        assert not self.client.get(url, {"q": number[:4]}).context["cl"].queryset.exists()
        self.assertNotContains(self.client.get(url), number)

    def test_without_a_group_there_is_nothing_to_see(self):
        make.sign_in(self.client, make.user())
        for model in MODELS:
            url = reverse(f"admin:attendance_{model}_changelist")
            assert self.client.get(url).status_code == 404

    def test_auditor_reads_all(self):
        auditor = make.user()
        auditor.groups.add(Group.objects.get(name="Auditor"))
        make.sign_in(self.client, auditor)
        for model in MODELS:
            url = reverse(f"admin:attendance_{model}_changelist")
            assert self.client.get(url).status_code == 200
