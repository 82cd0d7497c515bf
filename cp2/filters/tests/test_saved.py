"""Views of headquarters' lists that are kept: by whom, for whom, and what is not kept with them."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from cp2.filters import services
from cp2.filters.models import SavedView
from cp2.rules import Refused, Role
from cp2.tests import make

OFFICERS = reverse("admin:profiles_officer_changelist")
SAVE = reverse("admin:filters_save", args=["profiles.officer"])


class Saved(WebTest):
    def setUp(self):
        self.me = self.enter("Deployment")

    def enter(self, group):
        user = make.user(Role.STAFF)
        user.groups.set(Group.objects.filter(name=group))
        self.sign_in(user)
        return user

    def sign_in(self, user):
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def save(self, query, name="Mine", shared=False):
        form = self.form(self.app.get(f"{OFFICERS}?{query}"), SAVE)
        form["name"], form["shared"] = name, shared
        return form.submit()

    def form(self, page, action):
        return next(form for form in page.forms.values() if form.action == action)

    def open(self, view):
        return self.app.get(reverse("admin:filters_view", args=[view.pk]))

    def test_a_view_is_saved_shown_above_the_list_and_opened(self):
        done = self.save("vetting__exact=pending&p=2&o=-1&e=1", name="To vet").follow()
        assert "Saved as “To vet”." in done
        view = SavedView.objects.get()
        assert (view.owner, view.query) == (self.me, "vetting__exact=pending&o=-1")

        opened = self.app.get(OFFICERS).click("To vet", index=0)
        assert opened.location.endswith(f"{OFFICERS}?vetting__exact=pending&o=-1")
        assert opened.follow().context["cl"].params["vetting__exact"] == "pending"

    def test_under_the_same_name_it_takes_the_place_of_the_old_one(self):
        self.save("vetting__exact=pending")
        self.save("vetting__exact=barred", shared=True)
        view = SavedView.objects.get()
        assert (view.query, view.shared) == ("vetting__exact=barred", True)

    def test_somebodys_number_is_not_kept_and_that_is_said(self):
        for typed in ("31234567", "0712 345 678", "A001234567Z", "+254-712-345678"):
            with self.subTest(typed):
                made = self.save(f"vetting__exact=pending&q={typed.replace('+', '%2B')}")
                assert SavedView.objects.get().query == "vetting__exact=pending"
                assert "looks like somebody" in made.follow()
        self.save("q=Achieng")
        assert SavedView.objects.get().query == "q=Achieng"

    def test_a_number_in_a_filter_is_not_kept_either_and_a_day_is(self):
        kept = services.kept("to__exact=254712345678&status__exact=held&q=a&q=31234567")
        assert kept == ("status__exact=held&q=a", True)
        kept = services.kept("submitted_at__gte=2026-11-26&exam__id__exact=12")
        assert kept == ("submitted_at__gte=2026-11-26&exam__id__exact=12", False)

    def test_a_search_for_a_number_alone_leaves_nothing_to_save(self):
        assert "There is nothing to save yet" in self.save("q=31234567").follow()
        assert not SavedView.objects.exists()

    def test_a_view_without_a_name_is_not_saved(self):
        assert "Give the view a name" in self.save("vetting__exact=pending", name="  ").follow()
        assert not SavedView.objects.exists()

    def test_what_the_list_does_not_know_is_not_saved(self):
        for query in (
            *("password__startswith=a", "nonsense=1", "national_id__startswith=3"),
            *("vetting__exact=%00", "id__exact=1x"),
        ):
            form = self.form(self.app.get(f"{OFFICERS}?o=1"), SAVE)
            form["name"], form["query"] = "Odd", query
            assert "does not narrow like that" in form.submit().follow(), query
        assert not SavedView.objects.exists()

    def test_colleagues_see_what_is_shared_and_nothing_else(self):
        self.save("vetting__exact=pending", name="For all", shared=True)
        self.save("vetting__exact=barred", name="For me")
        shared, own = SavedView.objects.order_by("name")
        self.enter("Auditor")
        page = self.app.get(OFFICERS)
        assert ">For all<" in page
        assert ">For me<" not in page
        assert self.open(shared).location.endswith("vetting__exact=pending")
        self.app.get(reverse("admin:filters_view", args=[own.pk]), status=404)

    def test_nobody_sees_a_shared_view_of_a_list_that_is_not_theirs(self):
        make.sign_in(self.client, make.user(Role.STAFF))  # in no group
        view = SavedView.objects.create(
            owner=self.me, model="profiles.officer", name="x", query="o=1", shared=True
        )
        for url in (reverse("admin:filters_view", args=[view.pk]), SAVE):
            assert self.client.get(url).status_code in {404, 405}
        assert self.client.post(SAVE, {"name": "x", "query": "o=1"}).status_code == 404
        view.model = "no.such"
        view.save()
        make.sign_in(self.client, self.me)
        assert self.client.get(reverse("admin:filters_view", args=[view.pk])).status_code == 404

    def test_one_deletes_ones_own_and_nobody_elses(self):
        self.save("vetting__exact=pending", shared=True)
        view = SavedView.objects.get()
        url = reverse("admin:filters_delete", args=[view.pk])
        self.enter("Auditor")
        assert self.client.post(url).status_code == 404
        assert SavedView.objects.exists()
        self.sign_in(self.me)
        assert "is deleted" in self.form(self.app.get(OFFICERS), url).submit().follow()
        assert not SavedView.objects.exists()

    def test_a_view_that_works_no_longer_says_so(self):
        for query in ("gone__exact=1", "id__exact=nonsense", "password__startswith=a"):
            view, _made = SavedView.objects.update_or_create(
                owner=self.me, model="profiles.officer", name="Old", defaults={"query": query}
            )
            opened = self.open(view)
            assert opened.location.endswith(OFFICERS), query
            assert "“Old” no longer works" in opened.follow()

    def test_there_is_an_end_to_them(self):
        for number in range(services.MOST):
            services.save("profiles.officer", "o=1", name=str(number), shared=False, by=self.me)
        with pytest.raises(Refused, match="Delete one first"):
            services.save("profiles.officer", "o=1", name="more", shared=False, by=self.me)
        with pytest.raises(Refused, match="too long"):
            services.save("x.y", "o=" + "1" * 1000, name="more", shared=False, by=self.me)

    def test_what_colleagues_share_never_buries_ones_own(self):
        own = SavedView.objects.create(
            owner=self.me, model="profiles.officer", name="zz <b>mine</b>", query="o=1"
        )
        for number in range(3 * services.MOST):
            self.share(number)
        shown = services.of_list("profiles.officer", by=self.me)
        assert (shown[0], len(shown)) == (own, 2 * services.MOST)
        page = self.client.get(OFFICERS).content.decode()
        assert "zz &lt;b&gt;mine&lt;/b&gt;" in page
        assert "<b>mine" not in page

    def test_a_list_costs_the_same_with_one_view_and_with_many(self):
        def cost():
            with CaptureQueriesContext(connection) as queries:
                self.client.get(OFFICERS)
            return len(queries)

        for number in range(3):
            self.share(number)
        few = cost()
        for number in range(3, 20):
            self.share(number)
        assert cost() == few

    def share(self, number):
        SavedView.objects.create(
            owner=make.user(), model="profiles.officer", name=f"v{number}", query="o=1", shared=True
        )


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"name": ""}, {"query": ""}])
def test_the_database_keeps_no_view_of_nothing(fields):
    what = {"owner": make.user(), "model": "a.b", "name": "x", "query": "o=1"} | fields
    with pytest.raises(IntegrityError, match="view_is_of_something"):
        SavedView.objects.create(**what)


@pytest.mark.django_db
def test_the_database_keeps_one_view_of_a_name_for_a_list():
    what = {"owner": make.user(), "model": "a.b", "name": "x", "query": "o=1"}
    SavedView.objects.create(**what)
    with pytest.raises(IntegrityError, match="one_view_of_a_name_for_a_list"), transaction.atomic():
        SavedView.objects.create(**what)
    SavedView.objects.create(**what | {"owner": make.user()})
