"""Everything held about somebody is theirs to take: complete by the models, and nobody else's."""

import io
import json
from datetime import timedelta

import pikepdf
from django.apps import apps
from django.db import connection, models
from django.test import TestCase
from django.test.utils import CaptureQueriesContext, isolate_apps
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_webtest import WebTest

import sms.services
from accounts import codes, services
from accounts.models import Entry, RecoveryCode, Session, User
from accounts.sessions import SessionStore
from catalogue.models import Office
from cp2.limits.models import Limit
from cp2.mydata import parts as own
from cp2.mydata.files import OwnData
from cp2.mydata.groups import GROUPS, group_of
from cp2.rules import Role
from cp2.tests import make
from cp2.tests.test_merge import full
from deployments.models import Deployment, Letter
from enquiries.models import Enquiry, Reply
from profiles.models import NumberChange, Officer, Paper, PaperKind, PaperStatus
from sms.models import InboundMessage, Kind, Message

URL = reverse("own_data")
JSON = reverse("own_data_file", args=["json"])
PDF = reverse("own_data_file", args=["pdf"])
MONTH = timedelta(days=30)


def told(user):
    """The file that they would get."""
    return json.loads(OwnData(user).as_json())


def rows(user, key):
    return told(user)["sections"].get(key, {"rows": []})["rows"]


class Completeness(TestCase):
    def test_every_relation_to_a_person_is_followed_or_explained(self):
        """Whoever adds one decides here: does the row belong to that person, or why not?"""
        assert own.undecided() == set()

    def test_a_new_relation_to_an_account_would_be_seen(self):
        with isolate_apps("enquiries"):

            class Note(models.Model):
                about = models.ForeignKey(User, models.CASCADE)

                class Meta:
                    app_label = "enquiries"

                def __str__(self):
                    return "a note"

            assert own.undecided(own.edges_of(Note)) == {"enquiries.Note.about"}

    def test_a_new_table_of_an_officer_is_followed_unasked_and_a_second_relation_is_not(self):
        with isolate_apps("enquiries"):

            class Paper(models.Model):
                officer = models.ForeignKey(Officer, models.CASCADE)
                officer_too = models.ForeignKey(Officer, models.CASCADE, related_name="+")

                class Meta:
                    app_label = "enquiries"

                def __str__(self):
                    return "a paper"

            assert own.is_followed(Paper, "officer", Officer)
            assert "enquiries.Paper.officer_too" in own.undecided(own.edges_of(Paper))

    def test_no_explanation_outlives_what_it_explains(self):
        there = {(model, name) for model, name, _target in own.edges()}
        assert set(own.NOT_FOLLOWED) - there == set()
        assert own.OF_THE_ACCOUNT - there == set()
        for model, name in own.WITHHELD:
            model._meta.get_field(name)
        assert all(reason.endswith(".") for reason in own.NOT_FOLLOWED.values())
        assert all(reason.endswith(".") for reason in own.WITHHELD.values())

    def test_every_table_with_somebodys_number_is_handed_out_or_explained(self):
        covered = {*own.parts(), *own.BY_VALUE, *own.NOT_TIED}
        assert {
            model._meta.label
            for model in apps.get_models()
            if model not in covered
            and not model._meta.proxy
            and any(own.NUMBER.search(field.name) for field in model._meta.concrete_fields)
        } == set()

    def test_every_table_has_its_group(self):
        for model in (*own.parts(), *own.BY_VALUE):
            assert group_of(model) in GROUPS

    def test_each_row_of_each_kind_is_in_the_file(self):
        officer, other = full(), full()
        user = officer.user
        deployment = Deployment.objects.get(officer=officer)
        Letter.objects.create(deployment=deployment, code="A" * 20)
        question = Enquiry.objects.get(officer=officer)
        Reply.objects.create(enquiry=question, by=make.user(), text="Look again")
        make.number_change(officer)

        handed = {key: section["rows"] for key, section in told(user)["sections"].items()}

        for model, part in own.parts().items():
            theirs = model._base_manager.filter(**{part.path: user.pk})
            if theirs.exists():
                said = handed[model._meta.label_lower]
                assert [row["id"] for row in said] == list(
                    theirs.order_by("pk").values_list("pk", flat=True)
                )
        assert {
            "accounts.user",
            "profiles.officer",
            "profiles.workexperience",
            "profiles.qualification",
            "profiles.bankaccount",
            "profiles.nextofkin",
            "profiles.numberchange",
            "vacancies.application",
            "deployments.deployment",
            "deployments.letter",
            "attendance.mark",
            "claims.claim",
            "claims.claimline",
            "claims.payment",
            "enquiries.enquiry",
            "enquiries.reply",
            "accounts.entry",
        } <= set(handed)
        assert other.full_name not in json.dumps(handed)

    def test_every_field_of_a_row_is_there_but_those_withheld(self):
        officer = full()
        (row,) = rows(officer.user, "profiles.officer")

        there = {field.name for field in Officer._meta.concrete_fields}
        assert there - set(row) == {"user"}
        assert row["national_id"] == officer.national_id
        assert row["vetting"] == "vetted"
        assert row["vetting_label"] == "Vetted"
        assert row["submitted_at"] == timezone.localtime(officer.submitted_at).isoformat()
        assert row["sub_county"] == str(officer.sub_county)

    def test_what_a_row_points_to_is_named(self):
        officer = full()
        (application,) = rows(officer.user, "vacancies.application")
        (deployment,) = rows(officer.user, "deployments.deployment")

        assert application["vacancy"]["position"] == "Invigilator"
        assert application["vacancy"]["sub_county"]
        assert "Tumaini" in deployment["post"]["station"]

    def test_a_closed_account_of_the_same_person_is_theirs_too(self):
        officer, closed = make.officer(), make.bare_officer()
        number = make.number_change(closed, status="expired")
        Officer.objects.filter(pk=closed.pk).update(merged_into=officer)

        assert [row["id"] for row in rows(officer.user, "profiles.officer")] == [
            officer.pk,
            closed.pk,
        ]
        assert [row["id"] for row in rows(officer.user, "profiles.numberchange")] == [number.pk]

    def test_a_certificate_is_given_with_name_size_and_link(self):
        officer = make.officer()
        Paper.objects.create(
            officer=officer,
            qualification=make.qualification(officer),
            kind=PaperKind.CERTIFICATE,
            file="certificates/gone",
            name="diploma.pdf",
            type="application/pdf",
            status=PaperStatus.CLEAN,
        )

        (row,) = rows(officer.user, "profiles.paper")

        assert row["file"]["name"] == "diploma.pdf"
        assert row["file"]["size"] is None  # the store has lost it
        assert row["file"]["link"].endswith(f"/profile/papers/{row['id']}/")
        assert "certificates/gone" not in json.dumps(row)


class Texts(TestCase):
    def setUp(self):
        self.officer = make.officer()
        self.user = self.officer.user
        User.objects.filter(pk=self.user.pk).update(date_joined=timezone.now() - 6 * MONTH)
        self.user.refresh_from_db()

    def text(self, to, ago, words="words", **fields):
        return Message.objects.create(
            to=to,
            template="x",
            text=words,
            created_at=timezone.now() - ago,
            **{"status": "delivered", **fields},
        )

    def words(self):
        return [row["text"] for row in rows(self.user, "sms.message")]

    def test_words_and_fate_are_given_and_of_a_password_only_that_it_was_sent(self):
        self.text(self.user.phone, MONTH, "you are deployed")
        self.text(self.user.phone, MONTH, "", kind=Kind.CREDENTIALS)

        first, second = rows(self.user, "sms.message")

        assert (first["text"], first["status"]) == ("you are deployed", "delivered")
        assert (second["text"], second["kind"]) == ("", "credentials")
        assert "context" not in second

    def test_what_came_to_the_number_before_it_was_theirs_is_anothers(self):
        self.text(self.user.phone, 7 * MONTH, "to the owner before")
        self.text(self.user.phone, 5 * MONTH, "to me")

        assert self.words() == ["to me"]

    def test_a_number_counts_while_it_was_theirs(self):
        old = make.phone()
        moved = timezone.now() - 2 * MONTH
        change = make.number_change(
            self.officer,
            old_phone=old,
            new_phone=self.user.phone,
            status="done",
            decided_by=make.user(),
            decided_at=moved,
            decision="seen",
        )
        NumberChange.objects.filter(pk=change.pk).update(asked_at=moved - timedelta(days=1))
        self.text(old, 3 * MONTH, "to the old number")
        self.text(old, MONTH, "to a stranger")
        self.text(self.user.phone, 3 * MONTH, "to the owner before")
        self.text(self.user.phone, MONTH, "to the new number")

        assert self.words() == ["to the old number", "to the new number"]

    def test_what_they_texted_to_us_is_there_in_whatever_spelling(self):
        for n, sender in enumerate((f"+{self.user.phone}", self.user.phone, make.phone())):
            sms.services.receive(
                provider_id=f"p{n}", sender=sender, shortcode="22262", text=f"STATUS {n}"
            )
        InboundMessage.objects.update(received_at=timezone.now())

        said = [row["text"] for row in rows(self.user, "sms.inboundmessage")]
        assert said == ["STATUS 0", "STATUS 1"]


class Secrets(TestCase):
    def test_nothing_that_opens_anything_is_in_a_file(self):
        officer = full()
        user = officer.user
        canaries = {f"canary{n:02d}" for n in range(6)}
        one, two, three, four, five, six = sorted(canaries)
        User.objects.filter(pk=user.pk).update(
            password=one,
            issued_password=two,
            issued_at=timezone.now(),
            issued_earlier=three,
            issued_earlier_at=timezone.now(),
        )
        RecoveryCode.objects.create(user=user, digest="c0ffee" + "0" * 58)
        TOTPDevice.objects.create(user=user, name="app", key="decade" * 6 + "0000")
        session = SessionStore()
        session["_auth_user_id"] = str(user.pk)
        session["typed"] = four
        session.save()
        change = make.number_change(officer)
        Message.objects.create(
            to=user.phone, template="x", kind=Kind.CREDENTIALS, context={"user": five}
        )
        services.record("officer.changed", officer, by=user, was=six)
        user.refresh_from_db()

        file = OwnData(user).as_json().decode()

        hidden = [
            *canaries, "c0ffee", "decade", session.session_key, str(change.reference),
            "Barasa Wafula",
        ]  # fmt: skip
        assert [each for each in hidden if each in file] == []
        assert len(rows(user, "accounts.session")) == Session.objects.count() == 1

    def test_the_words_that_make_a_field_secret_are_seen_in_any_new_one(self):
        for name in (
            "password",
            "code_hash",
            "session_key",
            "api_key",
            "secret",
            "digest",
            "token",
        ):
            assert own.is_withheld(Officer, name)
        for name in ("full_name", "payee_phone", "submitted_at", "monkey"):
            assert not own.is_withheld(Officer, name)


class Looks(TestCase):
    def setUp(self):
        self.place = make.sub_county("Kisii South")
        self.officer = make.officer(sub_county=self.place)

    def looks(self, user=None):
        return told(user or self.officer.user)["looked_at_by"]

    def look(self, by, times=1, verb="officer.viewed"):
        for _ in range(times):
            services.record(verb, self.officer, by=by)

    def day(self):
        return f"{timezone.localdate():%-d %b %Y}"

    def test_it_says_who_looked_by_role_place_and_the_name_in_the_trail(self):
        self.look(make.director(self.place, Office.TSC, name="Akinyi Director"))
        self.look(make.user(name="Mwende Auditor"))

        assert self.looks() == [
            f"{self.day()}: The TSC Sub-County Director of your sub-county (Akinyi Director) "
            "opened your profile or a paper in it.",
            f"{self.day()}: KNEC headquarters (Mwende Auditor) opened your profile or a paper "
            "in it.",
        ]

    def test_several_looks_of_one_person_on_a_day_are_one_line(self):
        self.look(make.director(make.sub_county("Bomet"), name="Kiprono"), times=3)

        (said,) = self.looks()
        assert "TSC Sub-County Director, Bomet (Kiprono)" in said
        assert said.endswith("(3 times)")

    def test_ones_own_look_and_looks_at_others_are_not_there(self):
        self.look(self.officer.user)
        services.record("officer.viewed", make.officer(), by=make.user())

        assert self.looks() == []

    def test_the_page_names_them_and_says_so_when_there_was_nobody(self):
        self.client.force_login(self.officer.user)
        assert "Nobody but you has opened your profile so far." in self.client.get(URL).text

        make.sign_in(self.client, make.director(self.place, name="Akinyi Director"))
        self.client.get(reverse("profiles:area_officer", args=[self.officer.pk]))
        self.client.force_login(self.officer.user)

        assert "of your sub-county (Akinyi Director) opened" in self.client.get(URL).text


class Page(TestCase):
    def test_it_says_what_is_held_why_and_how_long(self):
        officer = full()
        self.client.force_login(officer.user)

        text = self.client.get(URL).text

        for words in (
            "Your account",
            "Whom to pay",
            "Qualifications: 1",
            "Marks: 2",
            "as the law on public money asks",
            "To call somebody if you come to harm",
        ):
            assert words in text

    def test_it_takes_the_same_few_queries_for_much_and_for_little(self):
        asked = []
        for officer in (make.bare_officer(), full()):
            for _ in range(50 if officer.submitted_at else 1):
                Message.objects.create(to=officer.phone, template="x", text="x")
                services.record("officer.viewed", officer, by=make.user())
            self.client.force_login(officer.user)
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(URL).status_code == 200
            asked.append(len(queries))
        assert asked[0] == asked[1] <= 8

    def test_a_file_takes_the_same_queries_for_many_rows(self):
        def asked(user):
            with CaptureQueriesContext(connection) as queries:
                OwnData(user).as_json()
            return len(queries)

        officer = full()
        once = asked(officer.user)
        deployment = Deployment.objects.get(officer=officer)
        for n in range(3):
            make.mark(deployment, deployment.starts_on + timedelta(days=2 + n))
            make.work(officer, ends_on=make.today())
            make.qualification(officer)
            services.record("officer.viewed", officer, by=make.director(make.sub_county()))
            make.number_change(officer, status="expired")
        assert asked(officer.user) == once

    def test_links_lead_to_it(self):
        self.client.force_login(make.officer().user)
        for name in ("accounts:account", "profiles:profile", "privacy"):
            assert URL in self.client.get(reverse(name)).text

    def test_every_role_sees_what_is_held_about_its_own_account(self):
        people = [
            make.centre(make.station()),
            make.director(make.sub_county()),
            make.user(Role.STAFF),
        ]
        for user in people:
            make.sign_in(self.client, user)
            with self.subTest(user.role):
                assert "Your account" in self.client.get(URL).text
                page = self.client.post(JSON)
                (row,) = json.loads(page.content)["sections"]["accounts.user"]["rows"]
                assert row["username"] == user.username

    def test_what_staff_did_in_office_is_not_their_data(self):
        director = make.director(make.sub_county())
        services.record("officer.viewed", make.officer(), by=director)

        assert rows(director, "accounts.entry") == []


class Taking(WebTest):
    def setUp(self):
        self.officer = full()
        self.user = self.officer.user

    def take(self, kind="json", **options):
        page = self.app.get(URL, user=self.user)
        form = page.forms["take"]
        form.action = reverse("own_data_file", args=[kind])
        return form.submit(**options)

    def test_the_json_file_comes_at_once_and_is_written_down(self):
        page = self.take()

        assert page.content_type == "application/json"
        assert page.headers["Content-Disposition"].startswith("attachment; filename=")
        assert "no-store" in page.headers["Cache-Control"]
        assert page.json["of"] == self.user.username
        entry = Entry.objects.get(verb="data.taken")
        assert (entry.actor, entry.subject_id, entry.details) == (
            self.user,
            self.user.pk,
            {"file": "json"},
        )

    def test_the_pdf_is_one_with_numbered_pages(self):
        page = self.take("pdf")

        assert page.content_type == "application/pdf"
        with pikepdf.open(io.BytesIO(page.body)) as paper:
            assert len(paper.pages) >= 1
            assert str(paper.docinfo["/Title"]) == "What CP2 holds about you"

    def test_it_comes_in_the_language_of_its_reader(self):
        self.app.set_cookie("language", "sw")

        labels = self.take().json["sections"]["profiles.officer"]["labels"]

        assert labels["national_id"] != "National ID number"
        assert set(labels) >= {"national_id", "full_name"}

    def test_ten_files_a_day_are_enough_for_one_person(self):
        assert Limit.objects.filter(name="data.account").values_list("takes", "seconds").get() == (
            10,
            86400,
        )
        for _ in range(10):
            assert self.take().status_code == 200

        page = self.take(status=429)

        assert "You have taken this file many times today." in page
        assert int(page.headers["Retry-After"]) > 0
        assert Entry.objects.filter(verb="data.taken").count() == 10

    def test_a_link_alone_takes_nothing(self):
        self.app.get(JSON, user=self.user, status=405)
        assert not Entry.objects.filter(verb="data.taken").exists()

    def test_there_are_two_kinds_of_file_and_no_third(self):
        self.take("xml", status=404)
        assert not Entry.objects.filter(verb="data.taken").exists()


class Before(TestCase):
    """Nobody takes it who has not shown who they are."""

    def test_after_a_password_by_text_alone_comes_the_question_first(self):
        officer = make.officer()
        self.client.force_login(officer.user)
        session = self.client.session
        session["unconfirmed"] = True
        session.save()

        for answer in (self.client.get(URL), self.client.post(JSON), self.client.post(PDF)):
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("accounts:confirm"))
        assert not Entry.objects.filter(verb="data.taken").exists()

    def test_whoever_signs_in_with_a_code_types_a_fresh_one(self):
        director = make.director(make.sub_county())
        make.sign_in(self.client, director, minutes_ago=16)

        asked = self.client.post(JSON)

        assert asked["Location"].startswith(reverse("accounts:code"))
        assert not Entry.objects.filter(verb="data.taken").exists()
        proved = self.client.post(asked["Location"], {"code": make.code(director)})
        assert proved["Location"] == reverse("accounts:go_on")
        assert JSON in self.client.get(reverse("accounts:go_on")).text
        assert self.client.post(JSON).status_code == 200
        assert codes.HELD not in self.client.session

    def test_a_stranger_signs_in_first(self):
        for url in (JSON, PDF):
            assert self.client.post(url)["Location"].startswith(reverse("accounts:login"))
