"""One officer, one vacancy, one box to tick; and every reason why not."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import DayKind, Level, Office, StudyLevel
from cp2.rules import Refused, Role
from cp2.tests import make
from cp2.tests.races import at_once, split
from profiles.models import Vetting
from sms.models import Message
from sms.phones import local
from vacancies import services
from vacancies.models import Application, ApplicationStatus

THANKS = (
    "Thank you for submitting your application. The application will be examined, "
    "and you'll receive notification soon!"
)


def day(of):
    return date_format(of, "j M Y")


def url(vacancy):
    return reverse("vacancies:apply", args=[vacancy.pk])


class Applying(WebTest):
    def setUp(self):
        self.vacancy = make.vacancy()
        self.officer = make.officer()

    def get(self):
        return self.app.get(url(self.vacancy), user=self.officer.user)

    def form(self):
        return next(f for f in self.get().forms.values() if "confirm" in f.fields)

    def test_ticked_and_submitted_it_is_an_application(self):
        form = self.form()
        form["confirm"] = True
        page = form.submit("Submit Application").follow()

        application = Application.objects.get()
        assert page.request.path == reverse("vacancies:application", args=[application.pk])
        assert THANKS in page
        assert application.reference in page
        assert (application.officer, application.exam) == (self.officer, self.vacancy.exam)
        assert application.status == ApplicationStatus.SUBMITTED
        entry = Entry.objects.get()
        assert (entry.verb, entry.actor) == ("application.made", self.officer.user)
        text = Message.objects.get()
        assert text.to == self.officer.phone
        assert application.reference in text.text
        assert "Invigilator, KCSE 2025" in text.text

    def test_the_page_shows_the_line_and_the_button(self):
        page = self.get()

        assert str(self.vacancy).replace("&", "&amp;") in page
        assert "Submit Application" in page

    def test_without_the_tick_nothing_is_submitted(self):
        page = self.form().submit()

        assert "Tick the box to confirm" in page
        assert not Application.objects.exists()

    def test_the_button_pressed_twice_thanks_twice_and_applies_once(self):
        form = self.form()
        form["confirm"] = True
        form.submit()

        assert THANKS in form.submit().follow()
        assert Application.objects.count() == Message.objects.count() == Entry.objects.count() == 1

    def test_refreshing_the_result_posts_nothing(self):
        form = self.form()
        form["confirm"] = True
        address = form.submit().follow().request.url

        for _ in range(2):
            page = self.app.get(address, user=self.officer.user)
            assert THANKS in page
            assert not [form for form in page.forms.values() if "confirm" in form.fields]
        assert Application.objects.count() == 1

    def test_it_says_what_the_application_carries(self):
        make.work(self.officer, designation="Deputy Head", institution="Uhuru Hill Primary")
        make.qualification(self.officer, level=StudyLevel.DEGREE)
        make.terms(
            self.vacancy.exam,
            self.vacancy.position,
            school_levels=[Level.SECONDARY],
            lowest_qualification=StudyLevel.DIPLOMA,
            years_of_experience=3,
            tsc_employment_required=True,
            daily_rate=Decimal("480.00"),
            paid_days=[DayKind.REHEARSAL, DayKind.THEORY],
        )

        words = " ".join(self.get().html.find("main").get_text(" ", strip=True).split())

        exam = self.vacancy.exam
        for said in (
            f"Period {day(exam.rehearsal_on)} – {day(exam.ends_on)}",
            f"Rehearsal 1 day: {day(exam.rehearsal_on)} ",
            f"Theory 21 days: {day(exam.starts_on)} – {day(exam.ends_on)}",
            "KES 480.00 a day",
            "Days that are paid, if worked Rehearsal, Theory: at most 22",
            "Level of your school Secondary Your profile: Secondary",
            "Employer Teachers Service Commission Your profile: Teachers Service Commission",
            "Qualification Diploma or higher Your profile: Degree",
            "Experience 3 years or more Your profile: 5 years",
            "Deputy Head, Uhuru Hill Primary",
            local(self.officer.phone),
            self.officer.payee_name,
        ):
            assert said in words, said

    def test_without_terms_it_says_that_nothing_is_asked_and_no_rate_is_set(self):
        page = self.get()

        assert "Nothing beyond a profile that is complete and submitted." in page
        assert "Headquarters has not set it yet" in page

    def test_every_reason_against_is_shown_with_its_remedy_and_no_button(self):
        self.officer.submitted_at = None
        self.officer.vetting, self.officer.vetting_reason = Vetting.BARRED, "Under investigation."
        self.officer.save()
        self.vacancy.closes_at = timezone.now() - timedelta(minutes=1)
        self.vacancy.save()

        page = self.get()

        assert "Applications for this vacancy closed on" in page
        assert "Your profile has not been submitted." in page
        assert "You may not serve at present: Under investigation." in page
        assert page.html.find("a", href=reverse("profiles:profile"), string="Complete my profile")
        appeal = f"{reverse('enquiries:new')}?category=appeal"
        assert page.html.find("a", href=appeal)
        assert "Submit Application" not in page

    def test_refused_in_words_and_nothing_is_written(self):
        form = self.form()
        form["confirm"] = True
        type(self.vacancy).objects.update(closes_at=timezone.now())

        page = form.submit().follow()

        assert "Problem:" in page
        assert "Your application was not submitted." in page
        assert "Applications for this vacancy closed on" in page
        assert not Application.objects.exists()
        assert not Entry.objects.exists()
        assert not Message.objects.exists()

    def test_the_service_refuses_with_every_reason_in_the_words_of_the_page(self):
        make.terms(
            self.vacancy.exam,
            self.vacancy.position,
            lowest_qualification=StudyLevel.DEGREE,
            years_of_experience=2,
            tsc_employment_required=True,
        )
        with pytest.raises(Refused) as refusal:
            services.apply(self.vacancy, officer=self.officer, by=self.officer.user)

        assert len(refusal.value.args) == 3
        page = self.get()
        for reason in refusal.value.args:
            assert reason in page
            assert reason in str(refusal.value)

    def test_one_that_was_made_is_led_to_from_its_vacancy(self):
        made = make.application(officer=self.officer, vacancy=self.vacancy)

        page = self.get()
        assert page.status_code == 302
        assert made.reference in page.follow()

    def test_another_vacancy_of_the_same_exam_is_refused_of_another_exam_not(self):
        make.application(officer=self.officer, vacancy=self.vacancy)
        same = make.vacancy(exam=self.vacancy.exam, position=make.position("SUP"))

        page = self.app.get(url(same), user=self.officer.user)
        assert "You have already applied for this exam, as Invigilator in" in page
        with pytest.raises(Refused, match="already applied for this exam"):
            services.apply(same, officer=self.officer, by=self.officer.user)
        assert services.apply(make.vacancy(), officer=self.officer, by=self.officer.user)

    def test_without_having_seen_the_page_the_tick_is_enough(self):
        self.client.force_login(self.officer.user)

        answer = self.client.post(url(self.vacancy), {"confirm": "on"})
        made = Application.objects.get()
        assert answer["Location"] == reverse("vacancies:application", args=[made.pk])

    def test_reference_that_is_taken_is_minted_anew(self):
        taken = make.application().reference
        references = iter([taken, taken, "A-7K3M9QX2"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(services, "mint_reference", lambda: next(references))
            made = services.apply(self.vacancy, officer=self.officer, by=self.officer.user)

        assert made.reference == "A-7K3M9QX2"

    def test_references_are_short_unambiguous_and_not_guessable(self):
        minted = {services.mint_reference() for _ in range(500)}

        assert len(minted) == 500
        assert all(len(each) == 10 and each.startswith("A-") for each in minted)
        assert not set("".join(minted)) & set("01ILOSBUV58")


CHANGED = "Something has changed since you opened this page."


class Stale(WebTest):
    """What was confirmed must be what is agreed to."""

    def setUp(self):
        self.vacancy = make.vacancy()
        self.officer = make.officer()
        self.terms = make.terms(self.vacancy.exam, self.vacancy.position)
        page = self.app.get(url(self.vacancy), user=self.officer.user)
        self.form = next(f for f in page.forms.values() if "confirm" in f.fields)
        self.form["confirm"] = True

    def submit(self):
        return self.form.submit().follow()

    def refused(self):
        page = self.submit()
        assert CHANGED in page
        anew = next(f for f in page.forms.values() if "confirm" in f.fields)
        assert anew["confirm"].checked is False
        assert not Application.objects.live().exists()
        anew["confirm"] = True
        assert THANKS in anew.submit().follow()

    def test_the_rate_changed(self):
        self.terms.daily_rate = Decimal("400.00")
        self.terms.save()
        self.refused()

    def test_the_deadline_changed(self):
        self.vacancy.closes_at += timedelta(days=1)
        self.vacancy.save()
        self.refused()

    def test_the_days_changed(self):
        self.vacancy.exam.days.last().delete()
        self.refused()

    def test_the_number_to_be_paid_changed(self):
        self.officer.payee_phone = make.phone()
        self.officer.save()
        self.refused()

    def test_it_was_withdrawn_in_between_and_the_old_page_is_no_way_back(self):
        made = make.application(officer=self.officer, vacancy=self.vacancy)
        services.withdraw(made, by=self.officer.user)
        self.refused()

    def test_another_language_changes_nothing(self):
        self.officer.user.language = "sw"
        self.officer.user.save()
        self.app.set_cookie("language", "sw")
        self.submit()
        assert Application.objects.count() == 1

    def test_rubbish_for_a_token_is_answered_in_words(self):
        for rubbish in ("", "x", "\0", "9" * 5000, "\u202e"):
            self.form["shown"].force_value(rubbish)
            assert CHANGED in self.submit()
        assert not Application.objects.exists()


class Queries(TestCase):
    def test_a_page_takes_8_and_an_application_12(self):
        vacancy, officer = make.vacancy(), make.officer()
        make.terms(
            vacancy.exam,
            vacancy.position,
            school_levels=[Level.SECONDARY],
            lowest_qualification=StudyLevel.DIPLOMA,
            years_of_experience=3,
            tsc_employment_required=True,
        )
        make.work(officer)
        make.qualification(officer)
        self.client.force_login(officer.user)
        self.client.get(url(vacancy))

        with CaptureQueriesContext(connection) as queries:
            page = self.client.get(url(vacancy)).text
        assert len(queries) <= 8

        shown = re.search(r'name="shown" value="(\w+)"', page)[1]
        with CaptureQueriesContext(connection) as queries:
            self.client.post(url(vacancy), {"confirm": "on", "shown": shown})
        said = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
        assert Application.objects.count() == 1
        assert len(said) <= 12, said


class KeptOut(TestCase):
    def test_whoever_is_no_officer_finds_no_such_page(self):
        vacancy = make.vacancy()
        place = vacancy.sub_county
        assert self.client.get(url(vacancy)).status_code == 302
        for user in (
            make.user(Role.STAFF),
            make.centre(make.station()),
            make.director(place, Office.TSC),
            make.director(place, Office.SCDE),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(url(vacancy)).status_code == 404
            assert self.client.post(url(vacancy), {"confirm": "on"}).status_code == 404
        assert not Application.objects.exists()

    def test_only_get_and_post_are_answered(self):
        self.client.force_login(make.officer().user)
        vacancy = make.vacancy()
        for method in ("put", "patch", "delete"):
            assert getattr(self.client, method)(url(vacancy)).status_code == 405
            assert getattr(self.client, method)(reverse("vacancies:search")).status_code == 405
        assert self.client.head(url(vacancy)).status_code == 200

    def test_numbers_of_no_vacancy_are_not_found(self):
        self.client.force_login(make.officer().user)
        for number in ("0", "999999", str(2**63), "9" * 31, "9" * 5000, "٣", "-1", "%00"):
            with self.subTest(number[:30]):
                assert self.client.get(f"/vacancies/{number}/apply/").status_code == 404


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_ten_at_once_make_one_live_application():
    officer, exam = make.officer(), make.exam()
    vacancies = [make.vacancy(exam=exam, position=make.position(code)) for code in ("INV", "SUP")]

    def one(vacancy):
        return lambda: services.apply(vacancy, officer=officer, by=officer.user)

    done, refused = split(at_once(*[one(vacancies[number % 2]) for number in range(10)]))

    assert len({made.pk for made in done}) == 1
    assert len(done) == len(refused) == 5
    assert all("You have already applied for this exam" in str(each) for each in refused)
    assert Application.objects.live().count() == Application.objects.count() == 1
    assert Message.objects.count() == Entry.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_double_click_and_a_second_tab_all_end_at_one_page():
    vacancy, officer = make.vacancy(), make.officer()
    make.terms(vacancy.exam, vacancy.position)
    tabs = []
    for _ in range(2):
        tab = Client()
        tab.force_login(officer.user)
        shown = re.search(r'name="shown" value="(\w+)"', tab.get(url(vacancy)).text)[1]
        tabs.append((tab.cookies["session"].value, shown))

    def click(session, shown):
        def act():
            browser = Client()
            browser.cookies["session"] = session
            return browser.post(url(vacancy), {"confirm": "on", "shown": shown})["Location"]

        return act

    places = at_once(*[click(*tab) for tab in tabs for _ in range(2)])

    made = Application.objects.get()
    assert set(places) == {reverse("vacancies:application", args=[made.pk])}
    assert Message.objects.count() == Entry.objects.count() == 1
