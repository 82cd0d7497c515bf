"""Headquarters keeps the reference data in admin."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.models import CentreEntry, Exam, PositionTerms
from cp2.tests import make

MODELS = [model._meta.model_name for model in apps.get_app_config("catalogue").get_models()]


def url(model, page="changelist", *args):
    return reverse(f"admin:catalogue_{model}_{page}", args=args)


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS)
class TestEveryModel:
    def test_any_search_finds_or_finds_nothing(self, client, model):
        make.sign_in(client, make.user(is_superuser=True))
        for words in ["Kis", "1", "%_\\'\"", "9" * 5000, "((((", "\0", "🙂", "a b c"]:
            assert client.get(url(model), {"q": words}).status_code == 200

    def test_pages_to_add_and_to_change_open(self, client, model):
        entry = make.entry()
        make.terms(entry.exam, make.position())
        make.marking_entry()
        make.sign_in(client, make.user(is_superuser=True))

        row = apps.get_model("catalogue", model).objects.first()

        assert client.get(url(model, "add")).status_code == 200
        assert client.get(url(model, "change", row.pk)).status_code == 200

    def test_auditor_looks_and_changes_nothing(self, client, model):
        entry = make.entry()
        make.terms(entry.exam, make.position())
        make.marking_entry()
        auditor = make.user()
        auditor.groups.add(Group.objects.get(name="Auditor"))
        make.sign_in(client, auditor)
        row = apps.get_model("catalogue", model).objects.first()

        assert client.get(url(model)).status_code == 200
        assert client.post(url(model, "change", row.pk), {}).status_code == 404
        assert client.get(url(model, "add")).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("dutystation", make.station),
        ("centreentry", make.entry),
        ("markingentry", make.marking_entry),
        ("exam", make.exam),
        ("positionterms", lambda: make.terms(make.exam(), make.position())),
    ],
)
def test_many_rows_cost_as_many_queries_as_one(client, model, more):
    make.sign_in(client, make.user(is_superuser=True))
    counts = []
    for n in (1, 15):
        for _ in range(n):
            more()
        client.get(url(model))
        with CaptureQueriesContext(connection) as queries:
            client.get(url(model))
        counts.append(len(queries))
    assert counts[0] == counts[1]


class KeepingExams(TestCase):
    def setUp(self):
        make.sign_in(self.client, make.user(is_superuser=True))

    def test_exam_is_made_with_its_days_and_terms_in_one_go(self):
        position = make.position("INV")

        page = self.client.post(
            url("exam", "add"),
            {
                "year": "2026", "code": "3", "abbreviation": "KCSE",
                "name": "Kenya Certificate of Secondary Education",
                "rehearsal_on": "2026-10-30", "starts_on": "2026-11-02", "ends_on": "2026-11-20",
                "cooling_off_years": "3", "hosting_threshold": "30",
                "centres_sign_in_for": "30", "registers_due_at": "09:00",
                "registers_close_after": "1", "registers_close_at": "23:59",
                "days-TOTAL_FORMS": "1", "days-INITIAL_FORMS": "0",
                "days-0-day": "2026-10-30", "days-0-kind": "rehearsal",
                "terms-TOTAL_FORMS": "1", "terms-INITIAL_FORMS": "0",
                "terms-0-position": str(position.pk), "terms-0-candidates_per_officer": "20",
                "terms-0-minimum_per_centre": "1", "terms-0-daily_rate": "550.00",
            },
        )  # fmt: skip

        assert page.status_code == 302
        exam = Exam.objects.get(year=2026)
        assert [day.kind for day in exam.days.all()] == ["rehearsal"]
        assert exam.terms.get().daily_rate == 550

    def test_exam_that_ends_before_it_starts_is_refused_in_the_form(self):
        exam = make.exam()

        page = self.client.post(
            url("exam", "change", exam.pk),
            {
                "year": exam.year, "code": exam.code, "abbreviation": "KCSE", "name": "x",
                "rehearsal_on": "2026-10-30", "starts_on": "2026-11-02", "ends_on": "2026-11-01",
                "cooling_off_years": "3", "hosting_threshold": "30",
                "centres_sign_in_for": "30", "registers_due_at": "09:00",
                "registers_close_after": "1", "registers_close_at": "23:59",
                "days-TOTAL_FORMS": "0", "days-INITIAL_FORMS": "0",
                "terms-TOTAL_FORMS": "0", "terms-INITIAL_FORMS": "0",
            },
        )  # fmt: skip

        assert page.status_code == 200
        assert page.context["adminform"].form.errors

    def test_levels_and_paid_days_are_ticked(self):
        terms = make.terms(make.exam(), make.position("INV"))

        page = self.client.post(
            url("positionterms", "change", terms.pk),
            {
                "exam": terms.exam_id, "position": terms.position_id,
                "station_kind": "examination_centre", "candidates_per_officer": "20",
                "minimum_per_centre": "1", "years_of_experience": "3",
                "school_levels": ["primary", "junior"], "paid_days": ["theory"],
                "daily_rate": "550", "days_to_respond": "7",
            },
        )  # fmt: skip

        assert page.status_code == 302
        terms = PositionTerms.objects.get(pk=terms.pk)
        assert (terms.school_levels, terms.paid_days) == (["primary", "junior"], ["theory"])
        assert terms.at_own_school == "forbidden"

    def test_what_candidates_need_is_ticked(self):
        entry = make.entry()

        self.client.post(
            url("centreentry", "change", entry.pk),
            {
                "exam": entry.exam_id, "station": entry.station_id, "candidates": "61",
                "needs": ["braille", "arabic"],
            },
        )  # fmt: skip

        assert CentreEntry.objects.get(pk=entry.pk).needs == ["braille", "arabic"]

    def test_distance_is_the_centres_own_to_give(self):
        entry = make.entry()

        self.client.post(
            url("centreentry", "change", entry.pk),
            {
                "exam": entry.exam_id, "station": entry.station_id, "candidates": "61",
                "distance_km": "5",
            },
        )  # fmt: skip

        entry = CentreEntry.objects.get(pk=entry.pk)
        assert (entry.candidates, entry.distance_km) == (61, None)

    def test_nothing_that_others_point_to_is_deleted(self):
        for model in MODELS:
            if model != "examday":
                registered = admin.site._registry[apps.get_model("catalogue", model)]
                assert not registered.has_delete_permission(None)

    def test_stations_are_found_by_code_and_name_for_other_forms(self):
        station = make.station(name="Tumaini ya Kisii")
        search = reverse("admin:autocomplete")
        asked = {"app_label": "catalogue", "model_name": "centreentry", "field_name": "station"}
        for words in (station.code[:6], "ya Kisii"):
            found = self.client.get(search, asked | {"term": words}).json()["results"]
            assert str(station.pk) in {row["id"] for row in found}
