"""Whoever sits at a centre's shared account says so once, and every entry carries the name."""

from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from attendance.models import Mark
from attendance.tests import world
from attendance.tests.test_return import over
from attendance.tests.world import ABSENT
from catalogue.models import Office
from cp2.tests import make

NAME = "Barasa Wafula"


def named(page):
    return next(form for form in page.forms.values() if "acting_name" in form.fields)


class Naming(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=2)
        self.app.set_user(self.centre.user)

    def home(self):
        return self.app.get(reverse("centre"))

    def say(self, name=NAME):
        form = named(self.home())
        form["acting_name"] = name
        return form.submit()

    def test_first_page_asks_before_anything_else(self):
        page = self.home()

        forms = [form for form in page.forms.values() if form.fields.keys() - {None, "language"}]
        asked = [form for form in forms if form.action.startswith("/centre/")]
        assert asked[0].action == reverse("attendance:acting")
        assert page.html.main.h2.text == "Who is using this account now?"

    def test_it_is_asked_once_a_session(self):
        page = self.say().follow()

        assert f"{NAME} is using this account." in page
        assert "Who is using this account now?" not in page

    def test_the_trail_says_who_sat_down(self):
        self.say()

        entry = Entry.objects.get()
        assert (entry.verb, entry.actor, entry.acting_name) == (
            "person.named",
            self.centre.user,
            NAME,
        )

    def test_somebody_else_takes_over(self):
        page = self.say().follow().click("Not you\\? Change the name")
        form = named(page)
        assert form["acting_name"].value == ""
        form["acting_name"] = "Chebet Kiptoo"

        page = form.submit().follow()

        assert "Chebet Kiptoo is using this account." in page
        assert NAME not in page

    def test_what_is_no_name_is_refused_in_words(self):
        for typed in ("", "   ", "12345", "<b>x</b>", "\u2800"):
            page = self.say(typed)
            assert page.status_code == 200
            assert page.html.select_one(".error-summary")
        assert not Entry.objects.exists()

    def test_register_shows_the_name_filled_in_and_folded_away(self):
        self.say()

        page = self.app.get(self.centre.register())

        folded = page.html.select_one("details:has([name=acting_name])")
        assert folded is not None
        assert not folded.has_attr("open")
        assert NAME in folded.summary.text
        assert named(page)["acting_name"].value == NAME

    def test_without_a_name_the_register_opens_and_asks(self):
        page = self.app.get(self.centre.register())

        assert page.status_code == 200
        assert page.html.select_one("details:has([name=acting_name])") is None
        assert named(page)["acting_name"].value == ""

    def test_name_given_with_a_register_is_the_sessions_name_from_then_on(self):
        self.say()
        form = named(self.app.get(self.centre.register() + "?all=present"))
        form["acting_name"] = "Chebet Kiptoo"
        form.submit()

        assert set(Mark.objects.values_list("acting_name", flat=True)) == {"Chebet Kiptoo"}
        assert "Chebet Kiptoo is using this account." in self.home()

    def test_name_that_will_not_do_is_shown_open_with_what_is_wrong(self):
        self.say()
        form = named(self.app.get(self.centre.register() + "?all=present"))
        form["acting_name"] = "12345"

        page = form.submit()

        assert page.html.select_one("details:has([name=acting_name])") is None
        assert "Use only letters" in page
        assert named(page)["acting_name"].value == "12345"
        assert not Mark.objects.exists()

    def test_changed_name_stays_in_sight_when_something_else_is_wrong(self):
        self.say()
        form = named(self.app.get(self.centre.register()))
        form["acting_name"] = "Chebet Kiptoo"

        page = form.submit()

        assert page.html.select_one("details:has([name=acting_name])") is None
        assert named(page)["acting_name"].value == "Chebet Kiptoo"


class EveryEntry(WebTest):
    """What a centre does is written with the name of whoever did it."""

    def acting(self, centre):
        self.app.set_user(centre.user)
        form = named(self.app.get(reverse("centre")))
        form["acting_name"] = NAME
        form.submit()
        return self.app

    def names(self, verb):
        return list(Entry.objects.filter(verb=verb).values_list("acting_name", flat=True))

    def test_distance(self):
        centre = world.centre(officers=1, distance_km=None, distance_given_at=None)
        page = self.acting(centre).get(reverse("centre"))
        form = next(form for form in page.forms.values() if "distance_km" in form.fields)
        form["distance_km"] = "12.5"
        form.submit()

        assert self.names("distance.given") == [NAME]

    def test_lists(self):
        centre = over()
        app = self.acting(centre)
        for name in ("officers_csv", "officers_pdf", "return_pdf"):
            app.get(centre.url(name))

        assert self.names("list.taken") == [NAME] * 3

    def test_marks_and_their_correction(self):
        centre = world.centre(officers=1)
        app = self.acting(centre)
        named(app.get(centre.register() + "?all=present")).submit()
        form = named(app.get(centre.register()))
        form[f"officer_{centre.deployments[0].officer_id}"] = ABSENT
        form.submit()

        assert Mark.objects.get().acting_name == NAME
        assert self.names("mark.corrected") == [NAME]

    def test_signed_return(self):
        centre = over()
        page = self.acting(centre).get(centre.url("sign"))
        assert page.html.select_one("details:has([name=acting_name])")
        named(page).submit()

        assert self.names("return.signed") == [NAME]

    def test_new_password(self):
        page = self.acting(world.centre(officers=1)).get(reverse("accounts:change_password"))
        form = next(form for form in page.forms.values() if "new_password1" in form.fields)
        form["new_password1"] = form["new_password2"] = "tembo-Kahawa-71"
        form.submit()

        assert self.names("password.chosen") == [NAME]


class Strangers(TestCase):
    def test_only_a_centre_says_who_uses_it(self):
        place = make.sub_county()
        for user in (
            make.officer().user,
            make.director(place, Office.TSC),
            make.director(place, Office.SCDE),
            make.user(),
        ):
            make.sign_in(self.client, user)
            url = reverse("attendance:acting")
            assert self.client.get(url).status_code == 404
            assert self.client.post(url, {"acting_name": NAME}).status_code == 404
        assert not Entry.objects.exists()
