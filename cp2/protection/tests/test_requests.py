import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest
from time_machine import travel

from accounts.models import Entry
from accounts.tests.people import staff
from claims.tests.test_database import refused
from cp2.mydata.gather import Person
from cp2.mydata.seen import looks
from cp2.protection import services
from cp2.protection.models import DataRequest, Dossier, Objection, RequestKind, RequestStatus
from cp2.rights import looks as rights_looks
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.tests import make
from cp2.tests.races import at_once, split
from profiles.models import NextOfKin
from sms.models import Message


def asked(subject=None, kind=RequestKind.OBJECT, text="No more texts"):
    subject = subject or make.officer().user
    return services.ask(subject, kind=kind, text=text, written_by=None)


class Asking(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.app.set_user(self.officer.user)

    def ask(self, kind, text):
        form = self.form()
        form["kind"], form["text"] = kind, text
        return form.submit()

    def form(self):
        forms = self.app.get(reverse("rights")).forms.values()
        return next(form for form in forms if "kind" in form.fields)

    def test_somebody_asks_and_reads_when_they_are_answered(self):
        page = self.ask("correct", "My name is Achieng, not Acheing").follow()

        request = DataRequest.objects.get()
        assert (request.subject, request.kind) == (self.officer.user, "correct")
        assert timedelta(days=6) < request.due_at - timezone.now() <= timedelta(days=7)
        assert "My name is Achieng" in page.text
        assert Entry.objects.about(request).get().verb == "data_request.asked"

    def test_what_was_typed_is_not_lost(self):
        form = self.form()
        form["text"] = "I object"
        page = form.submit()
        assert "Choose what you ask" in page.text
        assert "I object" in page.text
        assert not DataRequest.objects.exists()

    def test_the_same_is_not_asked_twice_nor_more_than_three_at_once(self):
        self.ask("object", "x y")
        assert "asked this already" in self.ask("object", "x y").text
        self.ask("object", "second")
        self.ask("object", "third")
        assert "Wait for these first" in self.ask("object", "fourth").text
        assert DataRequest.objects.count() == 3

    def test_one_may_withdraw_ones_own_and_nobody_elses(self):
        mine, other = asked(self.officer.user), asked()
        page = self.app.get(reverse("rights"))
        next(form for form in page.forms.values() if "withdraw" in form.action).submit()
        mine.refresh_from_db()
        assert mine.status == RequestStatus.WITHDRAWN
        form = self.form()
        form.action = reverse("rights_withdraw", args=[other.pk])
        assert form.submit(expect_errors=True).status_code == 404
        other.refresh_from_db()
        assert other.status == RequestStatus.OPEN


class Deciding(TestCase):
    def setUp(self):
        self.helpdesk = staff("Helpdesk")
        make.sign_in(self.client, self.helpdesk)

    def url(self, request):
        return reverse("admin:protection_datarequest_change", args=[request.pk])

    def decide(self, request, **fields):
        said = {"granted": "yes", "answer": "It is done."} | fields
        return self.client.post(self.url(request), said, follow=True)

    def test_an_objection_to_texts_turns_them_off_and_its_owner_is_told(self):
        request = asked()
        self.decide(request, done="news")

        request.refresh_from_db()
        assert (request.status, request.decided_by) == (RequestStatus.GRANTED, self.helpdesk)
        request.subject.refresh_from_db()
        assert set(request.subject.news_off) >= {"announcements", "vacancies", "reminders"}
        assert "is answered" in Message.objects.get().text
        assert Entry.objects.about(request).first().details["granted"] is True

    def test_a_removal_removes(self):
        officer = make.officer()
        make.next_of_kin(officer)
        self.decide(asked(officer.user, RequestKind.ERASE), done="kin")
        assert not NextOfKin.objects.filter(officer=officer).exists()

    def test_nothing_is_done_about_what_is_refused(self):
        officer = make.officer()
        make.next_of_kin(officer)
        request = asked(officer.user, RequestKind.ERASE)
        page = self.decide(request, granted="no", done="kin").content.decode()
        assert "Nothing is done about what is refused" in page
        assert "It is done." in page
        request.refresh_from_db()
        assert request.status == RequestStatus.OPEN
        assert NextOfKin.objects.filter(officer=officer).exists()

    def test_it_is_answered_once(self):
        request = asked()
        self.decide(request)
        with pytest.raises(Refused):
            services.decide(
                request, granted=False, answer="x", done=Objection.NOTHING, by=self.helpdesk
            )
        assert DataRequest.objects.get().answer == "It is done."

    def test_nobody_decides_about_their_own(self):
        request = asked(self.helpdesk)
        assert "A colleague must answer" in self.decide(request).content.decode()
        request.refresh_from_db()
        assert request.status == RequestStatus.OPEN
        with refused("nobody_decides_about_their_own_data_request"):
            DataRequest.objects.update(
                status="granted", answer="x", decided_by=self.helpdesk, decided_at=timezone.now()
            )

    def test_the_database_knows_what_a_request_is(self):
        asked()
        for fields, name in (
            ({"status": "x"}, "data_request_status"),
            ({"kind": "x"}, "data_request_kind"),
            ({"done": "x"}, "data_request_done_at_once"),
            ({"status": "granted"}, "decided_data_request_says_by_whom_and_why"),
        ):
            with (
                self.subTest(name),
                refused(name, "decided_data_request_says_by_whom_and_why"),
            ):
                DataRequest.objects.update(**fields)

    def test_what_came_on_paper_is_written_down_by_the_number(self):
        officer = make.officer()
        url = reverse("admin:protection_datarequest_add")
        said = {"person": "0700000000", "kind": "access", "text": "All of it"}
        assert "Nobody has this number" in self.client.post(url, said).content.decode()
        self.client.post(url, said | {"person": officer.national_id})
        request = DataRequest.objects.get()
        assert (request.subject, request.written_by) == (officer.user, self.helpdesk)
        told = Message.objects.get(template="protection/written_down")
        assert told.to == officer.user.phone
        assert 'that you ask "See what is held about me"' in told.text

    def test_the_overdue_stand_first(self):
        new, old = asked(), asked()
        DataRequest.objects.filter(pk=old.pk).update(due_at=timezone.now() - timedelta(days=1))
        page = self.client.get(reverse("admin:protection_datarequest_changelist"))
        assert [row.pk for row in page.context["cl"].result_list] == [old.pk, new.pk]
        assert set(DataRequest.objects.overdue()) == {old}

    def test_whose_data_it_is_stands_there_by_name_with_the_number_masked(self):
        officer = make.officer(full_name="Achieng Odhiambo")
        request, number = asked(officer.user), officer.user.phone
        for url in (reverse("admin:protection_datarequest_changelist"), self.url(request)):
            page = self.client.get(url).content.decode()
            assert f"Achieng Odhiambo, •••••{number[-3:]}" in page
            assert number not in page

    def test_those_without_the_right_find_no_such_page(self):
        request = asked()
        make.sign_in(self.client, staff("Finance preparer"))
        assert self.client.get(self.url(request)).status_code == 404
        make.sign_in(self.client, staff("Auditor"))
        assert self.client.get(self.url(request)).status_code == 200
        assert self.client.post(self.url(request), {"granted": "yes"}).status_code == 404


class Dossiers(TestCase):
    def setUp(self):
        self.officer = make.officer(full_name="Wanjiru Made-up")
        self.request = asked(self.officer.user, RequestKind.ACCESS)
        self.helpdesk = staff("Helpdesk")
        make.sign_in(self.client, self.helpdesk)

    def collect(self):
        self.client.post(reverse("admin:protection_datarequest_collect", args=[self.request.pk]))
        return runs.finish(Dossier.objects.get().run)

    def download(self):
        url = reverse("admin:protection_datarequest_dossier", args=[self.request.pk])
        return self.client.post(url)

    def test_both_files_are_in_it_and_only_who_asked_takes_it(self):
        assert self.collect().outcome == {"files": 1}
        answer = self.download()
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
            names = sorted(archive.namelist())
            told = json.loads(archive.read(names[0]))
        pk = self.officer.user_id
        assert names == [f"cp2-{pk}.json", f"cp2-{pk}.pdf"]
        assert "Wanjiru Made-up" in json.dumps(told)
        verbs = Entry.objects.about(self.officer.user).values_list("verb", flat=True)
        assert {"data.collected", "data.taken"} <= set(verbs)

        make.sign_in(self.client, staff("Helpdesk"))
        answer = self.download()
        assert (answer.status_code, "zip" in answer.headers.get("Content-Type", "")) == (302, False)

    def test_the_file_goes_after_a_day(self):
        self.collect()
        path, storage = Dossier.objects.get().file.name, Dossier.objects.get().file.storage
        assert storage.exists(path)
        assert services.sweep() == 0
        Dossier.objects.update(made_at=timezone.now() - timedelta(hours=25))
        assert services.sweep() == 1
        assert not storage.exists(path)

    def test_what_is_collected_anew_leaves_no_earlier_file_behind(self):
        self.collect()
        first, storage = Dossier.objects.get().file.name, Dossier.objects.get().file.storage
        with travel(timezone.now() + timedelta(hours=2), tick=True):
            self.collect()
            second = Dossier.objects.get().file.name
        assert second != first
        with travel(timezone.now() + timedelta(hours=27), tick=True):
            services.sweep()
        assert not storage.exists(first)
        assert not storage.exists(second)

    def test_an_old_request_opens_nothing_any_more(self):
        services.decide(
            self.request, granted=True, answer="Sent", done=Objection.NOTHING, by=self.helpdesk
        )
        with pytest.raises(Refused, match="makes a new request"):
            services.collect(self.request, by=self.helpdesk)
        assert not Dossier.objects.exists()

    def test_who_is_collected_about_is_told_by_whom_and_the_trail_of_looks_has_it(self):
        self.collect()
        [said] = looks(Person(self.officer.user))
        assert "had all that is held about you put in a file" in said
        [row], _more = rights_looks.page(who=self.helpdesk)
        assert (row.officer, row.kind) == (self.officer, "All that is held, as a file")

    def test_it_is_not_collected_for_who_did_not_ask_to_see_it(self):
        request = asked(self.officer.user, RequestKind.OBJECT)
        with pytest.raises(Refused, match="did not ask to see"):
            services.collect(request, by=self.helpdesk)


@pytest.mark.usefixtures("tmp_path")
class Command(TestCase):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def test_all_about_one_person_lands_in_a_file_that_only_its_owner_reads(self):
        officer = make.officer()
        call_command("dsar", officer.national_id, to=str(self.folder))
        [path] = self.folder.iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        assert zipfile.is_zipfile(path)

    def test_nobody_is_guessed(self):
        with pytest.raises(CommandError, match="0 people"):
            call_command("dsar", "nobody", to=str(self.folder))


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_who_decide_at_once_one_does():
    request, one, two = asked(), staff("Helpdesk"), staff("Helpdesk")

    def decide(by, granted):
        return lambda: services.decide(
            request, granted=granted, answer=str(by), done=Objection.NOTHING, by=by
        )

    done, refusals = split(at_once(decide(one, True), decide(two, False)))
    assert (len(done), len(refusals)) == (1, 1)
    assert DataRequest.objects.get().decided_by == done[0].decided_by
    assert Message.objects.filter(template="protection/decided").count() == 1
