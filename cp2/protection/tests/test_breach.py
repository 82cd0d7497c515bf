from datetime import timedelta

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from accounts.services import record
from accounts.tests.people import staff
from claims.tests.test_database import refused
from cp2.protection import breach as breaches
from cp2.protection.models import Affected, Breach
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.tests import make
from profiles import looks
from sms.models import Message

NOW = timezone.now


def found(**fields):
    by = fields.pop("opened_by", None) or staff("Administrator")
    told = {
        "title": "A laptop was stolen",
        "what": "It was signed in.",
        "found_at": NOW(),
        "from_at": NOW() - timedelta(days=1),
        "to_at": NOW() + timedelta(hours=1),
        "fields": ["name", "national_id", "kin"],
        "opened_by": by,
    }
    return Breach.objects.create(**(told | fields))


def look_for(breach):
    runs.finish(breaches.find(breach, by=breach.opened_by))
    breach.refresh_from_db()
    return dict(Affected.objects.filter(breach=breach).values_list("officer", "fields"))


class Finding(TestCase):
    def test_each_is_affected_by_what_is_held_of_them(self):
        full, bare = make.officer(), make.bare_officer()
        make.next_of_kin(full)
        breach = found()
        assert look_for(breach)[full.pk] == ["name", "national_id", "kin"]
        assert "kin" not in look_for(breach).get(bare.pk, [])
        assert breach.counts["people"] == Affected.objects.count()

    def test_through_an_account_those_are_affected_whom_it_looked_at_then(self):
        thief = staff("Helpdesk")
        seen, missed, before = make.officer(), make.officer(), make.officer()
        for officer in (seen, before):
            record(looks.VIEWED, officer, by=thief)
        by_user, by_claim, by_file = make.officer(), make.claim(), make.officer()
        record("number.looked_up", by_user.user, by=thief)
        record(looks.PAYEE, by_claim, by=thief)
        record("data.collected", by_file.user, by=thief)
        breach = found(account=thief)
        reached = {seen.pk, before.pk, by_user.pk, by_claim.officer_id, by_file.pk}
        assert set(look_for(breach)) == reached
        assert missed.pk not in look_for(breach)
        breach.from_at, breach.to_at = NOW() - timedelta(days=9), NOW() - timedelta(days=8)
        breach.save()
        assert look_for(breach) == {}

    def test_nobody_is_told_before_all_are_found(self):
        make.officer()
        breach = found()
        look_for(breach)
        runs.cancel(breaches.find(breach, by=breach.opened_by), by=breach.opened_by)
        breach.refresh_from_db()
        breach.counts = {"people": 1}  # by a portion that was done
        breach.save()
        with pytest.raises(Refused, match="Find out first"):
            breaches.tell(breach, by=breach.opened_by)
        breach.refresh_from_db()
        assert breach.people_told_at is None

    def test_who_was_affected_by_a_closed_breach_stands(self):
        make.officer()
        breach = found()
        affected = look_for(breach)
        breaches.note_commissioner(breach, by=breach.opened_by)
        breaches.close(breach, by=breach.opened_by, note="All is done.")
        with pytest.raises(Refused, match="who was affected stands"):
            breaches.find(breach, by=breach.opened_by)
        assert Affected.objects.filter(breach=breach).count() == len(affected) > 0

    def test_in_a_sub_county_only_its_own(self):
        here, there = make.officer(), make.officer(sub_county=make.sub_county("Far"))
        breach = found(sub_county=here.sub_county)
        assert here.pk in look_for(breach)
        assert there.pk not in look_for(breach)

    def test_lists_that_were_taken_away_are_named(self):
        thief = staff("Helpdesk")
        record("officers.taken", thief, by=thief, rows=812)
        [entry] = breaches.taken_away(found(account=thief))
        assert entry.details["rows"] == 812

    def test_what_is_no_list_or_was_empty_is_not_among_them(self):
        thief = staff("Helpdesk")
        for verb in ("data_request.decided", "retention.removed", "list.written"):
            record(verb, thief, by=thief, rows=3)
        record("holds.taken", thief, by=thief, rows=0)
        record("enquiry.taken", thief, by=thief)
        taken = [
            record("list.taken", thief, by=thief, rows=1),
            record("broadcast.people_taken", thief, by=thief, rows=2),
        ]
        assert list(breaches.taken_away(found(account=thief))) == taken


class Pages(TestCase):
    def setUp(self):
        self.by = staff("Administrator")
        make.sign_in(self.client, self.by)
        self.officer = make.officer()

    def write_down(self, **fields):
        day, clock = f"{NOW():%d/%m/%Y}", "08:00"
        said = {
            "title": "A stick was lost", "what": "With a list.",
            "found_at_0": day, "found_at_1": clock,
            "from_at_0": day, "from_at_1": "00:00", "to_at_0": day, "to_at_1": "23:59",
            "fields": ["name", "phone"],
        }  # fmt: skip
        url = reverse("admin:protection_breach_add")
        return self.client.post(url, said | fields, follow=True)

    def act(self, breach, act):
        url = reverse("admin:protection_breach_act", args=[breach.pk])
        return self.client.post(url, {"act": act}, follow=True).content.decode()

    def test_it_is_written_down_found_out_told_and_closed(self):
        assert "Who is affected" in self.write_down().content.decode()
        breach = Breach.objects.get()
        runs.finish(breach.run)
        look = reverse("admin:protection_breach_look", args=[breach.pk])
        page = self.client.get(look).content.decode()
        assert "to be told by" in page

        close = reverse("admin:protection_breach_close", args=[breach.pk])
        answer = self.client.post(close, {"note": "All is done."})
        assert "has not been told yet" in answer.content.decode()
        assert "told" in self.act(breach, "commissioner")
        self.act(breach, "tell")
        assert "They were told" in self.act(breach, "tell")  # twice is once
        runs.finish(Run.objects.get(about=f"tell {breach.pk}"))
        breach.refresh_from_db()
        assert "who they are stands" in self.act(breach, "find")
        texts = Message.objects.filter(template="protection/breach")
        assert texts.count() == breach.counts["people"] > 0
        assert breach.commissioner_told_at
        self.client.post(close, {"note": "All is done."})
        breach.refresh_from_db()
        assert (breach.note, breach.closed_at is not None) == ("All is done.", True)
        verbs = set(Entry.objects.about(breach).values_list("verb", flat=True))
        assert {"breach.opened", "breach.commissioner_told", "breach.closed"} <= verbs

    def test_who_is_affected_leaves_as_a_file_and_the_trail_says_so(self):
        self.write_down()
        breach = Breach.objects.get()
        runs.finish(breach.run)
        url = reverse("admin:protection_breach_affected", args=[breach.pk])
        answer = self.client.post(url, {"as": "csv"})
        assert self.officer.full_name in b"".join(answer.streaming_content).decode()
        assert Entry.objects.about(breach).filter(verb="breach.taken").exists()

    def test_a_form_without_data_or_with_times_reversed_is_refused(self):
        page = self.write_down(fields=[]).content.decode()
        assert "Tick which data" in page
        page = self.write_down(to_at_0="01/01/2020").content.decode()
        assert not Breach.objects.exists()
        assert "errornote" in page

    def test_after_72_hours_it_is_late(self):
        breach = found(found_at=NOW() - timedelta(hours=73))
        assert breach.is_late
        page = self.client.get(reverse("admin:protection_breach_look", args=[breach.pk]))
        assert "within 72 hours" in page.content.decode()

    def test_the_helpdesk_knows_of_none(self):
        breach = found()
        make.sign_in(self.client, staff("Helpdesk"))
        url = reverse("admin:protection_breach_look", args=[breach.pk])
        assert self.client.get(url).status_code == 404

    def test_the_database_keeps_it_whole(self):
        found()
        for name, fields in {
            "breach_ends_after_it_began": {"to_at": NOW() - timedelta(days=5)},
            "closed_breach_says_what_was_done": {"closed_at": NOW()},
            "breach_names_which_data": {"fields": []},
        }.items():
            with self.subTest(name), refused(name):
                Breach.objects.update(**fields)
        breach, officer = Breach.objects.get(), make.officer()
        Affected.objects.create(breach=breach, officer=officer, fields=["name"])
        with refused("one_line_of_a_person_per_breach"):
            Affected.objects.create(breach=breach, officer=officer, fields=["kin"])
