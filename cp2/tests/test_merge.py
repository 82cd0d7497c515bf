"""Two accounts of one person become one: nothing is lost, nothing is deleted, nobody is fooled."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import claims.services
import profiles.services
import vacancies.services
from accounts.models import Entry, User
from attendance.models import Mark
from claims.models import Claim, ClaimStatus, Hold, HoldCode, Payment
from claims.tests import world
from claims.tests.test_database import refused
from cp2 import merge as merger
from cp2.rules import Refused
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus
from enquiries.models import Enquiry
from profiles.models import (
    BankAccount,
    NextOfKin,
    NumberChange,
    Officer,
    Paper,
    Vetting,
    masked,
)
from profiles.tests.test_number import at_once, split
from sms.models import Message
from sms.phones import local
from vacancies.models import ApplicationStatus

DAY = timedelta(days=1)


def enquiry(officer):
    return Enquiry.objects.create(
        officer=officer, sub_county=officer.sub_county, category="other", subject="s", text="t"
    )


def past_exam():
    """No two of them on the same days."""
    day = make.today() - 10 * DAY * (make.number() + 5)
    return make.exam(rehearsal_on=day, starts_on=day, ends_on=day + 5 * DAY)


def full(**fields):
    """An officer with a row of each kind, a paid claim among them."""
    officer = make.officer(**fields)
    make.work(officer)
    make.work(officer, ends_on=make.today())
    make.qualification(officer)
    make.bank_account(officer)
    make.next_of_kin(officer)
    deployment = make.deployment(officer=officer, post=make.post(exam=past_exam()))
    make.application(
        ApplicationStatus.DEPLOYED,
        officer=officer,
        vacancy=make.vacancy(exam=deployment.post.exam),
    )
    for n in range(2):
        make.mark(deployment, deployment.starts_on + timedelta(days=n))
    enquiry(officer)
    world.claim(ClaimStatus.PAID, deployment=deployment)
    return officer


def paper(officer, kind, **fields):
    return officer.papers.create(
        kind=kind,
        file=f"papers/{kind}",
        name="x.pdf",
        type="application/pdf",
        status="clean",
        **fields,
    )


def superuser(**fields):
    return make.user(is_superuser=True, **fields)


def everything():
    """Every row that hangs on an officer, as it stands, by the officer."""
    return {
        f"{model._meta.label_lower}.{name}": sorted(
            model._base_manager.exclude(**{name: None}).values_list("pk", name)
        )
        for model, name in merger.GOES_OVER
    }


class WhatHangsOnAnOfficer(TestCase):
    def test_the_merger_knows_every_foreign_key_to_an_officer(self):
        """Whoever adds a table that belongs to an officer decides here where it goes."""
        known = {*merger.GOES_OVER, *merger.STAYS}
        there = {
            (relation.related_model, relation.field.name)
            for relation in Officer._meta.related_objects
        }
        assert there == known

    def test_the_database_has_no_other_reference_to_an_officer(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass::text FROM pg_constraint "
                "WHERE confrelid = 'profiles_officer'::regclass AND contype = 'f'"
            )
            tables = sorted(table for (table,) in cursor.fetchall())
            cursor.execute(
                "SELECT table_name::text FROM information_schema.columns "
                "WHERE column_name = 'officer_id' AND table_schema = 'public'"
            )
            columns = sorted(table for (table,) in cursor.fetchall())
        known = sorted(model._meta.db_table for model, _ in (*merger.GOES_OVER, *merger.STAYS))
        assert tables == known
        assert columns == sorted(set(known) - {"profiles_officer"})

    def test_lower_apps_come_first(self):
        order = [app.name for app in apps.get_app_configs()]
        places = [order.index(model._meta.app_label) for model, _name in merger.GOES_OVER]
        assert places == sorted(places, reverse=True)


class Merging(TestCase):
    def setUp(self):
        self.by = superuser()

    def merge(self, kept, closed):
        merger.merge(kept, closed, reason="Same ID card", by=self.by)
        kept.refresh_from_db()
        closed.refresh_from_db()

    def test_all_that_hangs_on_the_closed_one_goes_over_to_an_empty_one(self):
        closed, kept = full(), make.bare_officer()
        before = everything()
        claim = Claim.objects.get(officer=closed)
        lines = list(claim.lines.values_list("pk", "quantity", "amount"))

        self.merge(kept, closed)

        after = everything()
        assert after.pop("profiles.officer.merged_into") == [(closed.pk, kept.pk)]
        before.pop("profiles.officer.merged_into")
        assert {k: [pk for pk, _ in rows] for k, rows in after.items()} == {
            k: [pk for pk, _ in rows] for k, rows in before.items()
        }
        assert {owner for rows in after.values() for _pk, owner in rows} == {kept.pk}
        claim.refresh_from_db()
        assert (claim.officer, claim.status) == (kept, ClaimStatus.PAID)
        assert list(claim.lines.values_list("pk", "quantity", "amount")) == lines
        assert Payment.objects.get().claim == claim
        assert {mark.officer_id for mark in Mark.objects.all()} == {kept.pk}

    def test_an_empty_account_that_stays_takes_over_who_the_person_is(self):
        closed, kept = full(town="Nyeri", vetting=Vetting.VETTED), make.bare_officer()
        was = Officer.objects.get(pk=closed.pk)

        self.merge(kept, closed)

        for name in (*merger.PROFILE, *merger.PAYEE, "submitted_at", "vetting"):
            assert getattr(kept, name) == getattr(was, name), name
        assert kept.vetting == Vetting.VETTED
        assert (closed.national_id, closed.kra_pin, closed.tsc_number) == (None, None, None)
        assert closed.full_name == was.full_name

    def test_the_closed_account_is_switched_off_and_its_number_free(self):
        closed, kept = full(), full()
        phone = closed.phone
        self.client.force_login(closed.user)

        self.merge(kept, closed)

        user = User.objects.get(pk=closed.user_id)
        assert (user.is_active, user.phone, closed.merged_into) == (False, None, kept)
        assert self.client.get(reverse("home"))["Location"].startswith(reverse("accounts:login"))
        login = {"username": phone, "password": make.PASSWORD}
        page = self.client.post(reverse("accounts:login"), login)
        unknown = self.client.post(reverse("accounts:login"), {**login, "username": "254799999999"})
        said = "The number and the password do not go together."
        assert said in page.text
        assert said in unknown.text
        profiles.services.register(phone, language="en")  # whoever has the line now

    def test_copies_of_the_id_card_and_appeals_go_over_but_no_second_one(self):
        closed, kept = full(), full()
        both, one, certificate = (
            paper(closed, "id_front"),
            paper(closed, "id_back"),
            paper(closed, "certificate", qualification=closed.qualifications.get()),
        )
        paper(kept, "id_front")
        appeals = [
            Enquiry.objects.create(
                officer=officer,
                sub_county=officer.sub_county,
                category="appeal",
                status="escalated",
                subject="It was not me",
                text="I was in hospital.",
            )
            for officer in (closed, kept)
        ]

        self.merge(kept, closed)

        at = {each.pk: each.officer for each in Paper.objects.all()}
        assert (at[both.pk], at[one.pk], at[certificate.pk]) == (closed, kept, kept)
        assert [Enquiry.objects.get(pk=each.pk).officer for each in appeals] == [closed, kept]

    def test_a_bar_that_comes_over_ends_what_waited_to_be_vetted_again(self):
        closed = full(vetting=Vetting.BARRED, vetting_reason="Leaked a paper")
        kept = full(vetting=Vetting.PENDING, changed_since="kra_pin")

        self.merge(kept, closed)

        assert (kept.vetting, kept.changed_since) == (Vetting.BARRED, "")

    def test_where_both_have_one_the_other_stays_behind_and_nothing_is_deleted(self):
        closed, kept = full(), full()
        counts = {model: model._base_manager.count() for model, _ in merger.GOES_OVER}

        self.merge(kept, closed)

        assert {model: model._base_manager.count() for model in counts} == counts
        assert BankAccount.objects.get(officer=closed)
        assert NextOfKin.objects.get(officer=closed)
        assert closed.work.get().ends_on is None
        assert (kept.work.count(), kept.work.filter(ends_on=None).count()) == (3, 1)
        assert kept.claims.count() == kept.deployments.count() == kept.applications.count() == 2
        assert kept.marks.count() == 4

    def test_what_the_account_that_stays_says_of_itself_stands(self):
        closed, kept = (
            full(town="Nyeri"),
            full(town="", full_name="Akinyi Odhiambo", payee_name="AKINYI ODHIAMBO"),
        )
        identity = {name: getattr(kept, name) for name in merger.PROFILE if name != "town"}

        self.merge(kept, closed)

        assert {name: getattr(kept, name) for name in identity} == identity
        assert kept.town == "Nyeri"

    def test_the_trail_holds_what_was_moved_and_no_number_in_full(self):
        closed, kept = full(), make.bare_officer()
        numbers = [closed.national_id, closed.kra_pin, closed.tsc_number, closed.phone]
        marks = sorted(Mark.objects.values_list("pk", flat=True))

        self.merge(kept, closed)

        entry = Entry.objects.about(kept).get(verb="officer.merged")
        assert (entry.actor, entry.details["reason"]) == (self.by, "Same ID card")
        assert entry.details["closed"] == closed.pk
        assert entry.details["moved"]["attendance.mark"] == marks
        assert entry.details["moved"]["claims.claim"] == [Claim.objects.get().pk]
        assert "national_id" in entry.details["filled"]
        told = Entry.objects.about(closed).get(verb="officer.closed")
        assert told.details["into"] == kept.pk
        for number in numbers:
            assert number not in str(Entry.objects.values("details"))

    def test_both_numbers_are_told(self):
        closed, kept = full(), full()
        phones = {closed.phone, kept.phone}

        self.merge(kept, closed)

        texts = Message.objects.filter(template="profiles/merged")
        assert set(texts.values_list("to", flat=True)) == phones

    # Money, vetting, requests

    def test_claims_that_come_over_wait_if_they_go_to_another_payee(self):
        closed, kept = full(), full()
        claim = world.claim(
            ClaimStatus.APPROVED,
            deployment=make.deployment(officer=closed, post=make.post()),
        )
        old = closed.payee_phone

        self.merge(kept, closed)

        assert kept.payee_settles_at > timezone.now() + timedelta(hours=71)
        told = Message.objects.filter(template="profiles/payee_changed")
        assert set(told.values_list("to", flat=True)) == {old, kept.phone}
        these, by = Claim.objects.filter(pk=claim.pk), world.preparer()
        with pytest.raises(Refused, match="None of these claims can be paid"):
            claims.services.prepare_batch(these, by=by)
        assert Claim.objects.get(pk=claim.pk).officer == kept

    def test_the_same_payee_waits_for_nothing(self):
        closed, kept = full(), make.bare_officer()

        self.merge(kept, closed)

        assert kept.payee_changed_at is None
        assert not Message.objects.filter(template="profiles/payee_changed").exists()

    def test_a_bar_is_not_shaken_off(self):
        for bars in ({"closed"}, {"kept"}, {"kept", "closed"}):
            barred = {"vetting": Vetting.BARRED, "vetting_reason": "Leaked a paper"}
            closed = full(**(barred if "closed" in bars else {}))
            kept = make.officer(**(barred if "kept" in bars else {}))

            self.merge(kept, closed)

            assert (kept.vetting, kept.vetting_reason) == (Vetting.BARRED, "Leaked a paper"), bars

    def test_somebody_else_on_paper_is_vetted_again(self):
        closed = full()
        kept = make.officer(submitted_at=None, vetting=Vetting.PENDING)

        self.merge(kept, closed)

        assert kept.submitted_at
        assert kept.vetting == Vetting.PENDING

    def test_requests_for_the_closed_account_are_over(self):
        closed, kept = full(), full()
        for officer in (closed, kept):
            NumberChange.objects.create(
                officer=officer,
                road="lost",
                old_phone=officer.phone,
                new_phone=make.phone(),
                status="proven",
                proven_at=timezone.now(),
            )

        self.merge(kept, closed)

        assert closed.number_changes.get().status == "expired"
        assert kept.number_changes.get().status == "proven"

    def test_holds_are_looked_at_anew(self):
        closed, kept = full(), make.officer(tsc_number=None)
        world.claim(ClaimStatus.VERIFIED, deployment=make.deployment(officer=closed))
        Officer.objects.filter(pk=closed.pk).update(payee_name="SOMEBODY ELSE")

        self.merge(kept, closed)

        codes = Hold.objects.standing().values_list("code", flat=True)
        assert HoldCode.NOT_SUBMITTED not in codes

    def test_an_account_that_was_merged_before_points_to_the_one_that_stays(self):
        first, second, third = make.bare_officer(), make.bare_officer(), full()
        self.merge(second, first)
        self.merge(third, second)

        first.refresh_from_db()
        assert first.merged_into == third

    # What is refused

    def refused(self, kept, closed, said, by=None):
        before = everything()
        for pair in ((kept, closed), (closed, kept)):
            with pytest.raises(Refused) as refusal:
                merger.merge(*pair, reason="Same", by=by or self.by)
            assert said in str(refusal.value)
        assert everything() == before
        assert not Entry.objects.filter(verb__in=["officer.merged", "officer.closed"]).exists()
        assert not Message.objects.exists()

    def test_deployments_on_the_same_days(self):
        one, other = make.deployment(), make.deployment(DeploymentStatus.OFFERED)

        self.refused(one.officer, other.officer, "Have the director cancel one of the two first.")

        Deployment.objects.filter(pk=other.pk).update(status=DeploymentStatus.CANCELLED)
        self.merge(one.officer, other.officer)
        assert one.officer.deployments.count() == 2

    def test_marks_on_the_same_day(self):
        one, other = make.deployment(), make.deployment()
        for deployment in (one, other):
            make.mark(deployment)
        Deployment.objects.filter(pk=other.pk).update(status=DeploymentStatus.CANCELLED)

        self.refused(one.officer, other.officer, "Both are marked on the same days")

    def test_claims_in_one_exam(self):
        exam = past_exam()
        posts = [make.post(exam=exam) for _ in range(2)]
        first, last = exam.rehearsal_on, exam.ends_on
        one = make.claim(deployment=make.deployment(post=posts[0], ends_on=first + DAY))
        other = make.claim(deployment=make.deployment(post=posts[1], starts_on=last - DAY))

        self.refused(one.officer, other.officer, f"number {one.pk} (Prepared)")
        self.refused(one.officer, other.officer, f"number {other.pk} (Prepared)")

    def test_days_that_no_claim_would_ever_pay(self):
        exam = past_exam()
        posts = [make.post(exam=exam) for _ in range(2)]
        first, last = exam.rehearsal_on, exam.ends_on
        one = make.deployment(post=posts[0], ends_on=first + DAY)
        other = make.deployment(post=posts[1], starts_on=last - DAY)
        make.mark(other, last)
        claim = world.claim(ClaimStatus.VERIFIED, deployment=one)

        said = f"Claim number {claim.pk} in {exam.short} is verified, without the days"
        self.refused(one.officer, other.officer, said)

    def test_live_applications_in_one_exam(self):
        vacancy = make.vacancy()
        one = make.application(vacancy=vacancy)
        other = make.application(vacancy=vacancy)

        self.refused(one.officer, other.officer, "Have the officer withdraw one of the two first")

    def test_the_same_and_closed_accounts(self):
        officer, gone = make.officer(), make.bare_officer()
        self.refused(officer, officer, "one and the same")
        User.objects.filter(pk=gone.user_id).update(is_active=False)
        self.refused(officer, Officer.objects.get(pk=gone.pk), "closed or switched off")

    def test_ones_own_account(self):
        one, other = make.officer(), make.officer()

        by = superuser(phone=make.phone())
        Officer.objects.filter(pk=other.pk).update(payee_phone=by.phone)
        other.refresh_from_db()

        self.refused(one, other, "your own", by=by)

    def test_whoever_has_no_right_to_it(self):
        one, other = make.officer(), make.officer()
        helpdesk = make.user()
        helpdesk.groups.set(Group.objects.exclude(name="Administrator"))

        self.refused(one, other, "You may not", by=helpdesk)


class WhatTheDatabaseHolds(TestCase):
    """Past all of Python: history goes from the closed account to the one that stays, and to
    nobody else."""

    def test_marks_and_their_deployment_go_to_nobody_but_the_one_that_stays(self):
        mark = make.mark(make.deployment())
        into, stranger = make.officer(), make.officer()
        deployments = Deployment.objects.filter(pk=mark.deployment_id)
        with refused("mark_stays_whose_it_is", "deployment_keeps_its_days"):
            deployments.update(officer=stranger)
        self.close(mark.officer, into)

        with refused("mark_stays_whose_it_is", "deployment_keeps_its_days"):
            deployments.update(officer=stranger)
        deployments.update(officer=into)

        mark.refresh_from_db()
        assert mark.officer == into

    def test_an_approved_claim_goes_to_nobody_but_the_one_that_stays(self):
        for status in (ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.PAID):
            claim = world.claim(status)
            into, stranger = make.officer(), make.officer()
            rows = Claim.objects.filter(pk=claim.pk)
            self.close(claim.officer, into)

            for change in (
                {"officer": stranger},
                {"officer": into, "gross": Decimal(9000), "net": Decimal(9000)},
            ):
                with refused("approved_claim_is_fixed"):
                    rows.update(**change)
            rows.update(officer=into)

    def close(self, officer, into):
        given_up = dict.fromkeys(["national_id", "kra_pin", "tsc_number", "submitted_at"])
        Officer.objects.filter(pk=officer.pk).update(merged_into=into, **given_up)


class ThePages(WebTest):
    def setUp(self):
        self.old, self.new = full(full_name="Wanjikũ Ng'ang'a"), make.bare_officer()
        self.by = superuser()
        make.sign_in(self.client, self.by)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def open(self, officer=None):
        url = reverse("admin:profiles_officer_change", args=[(officer or self.new).pk])
        return self.app.get(url).click("Merge with another account")

    def compare(self, number=None):
        form = form_with(self.open(), "number")
        form["number"] = number or self.old.phone
        return form.submit()

    def test_from_the_officer_over_the_comparison_to_one_account(self):
        page = self.compare().follow()

        table = page.html.find(class_="results").text
        for fact in ("Wanjikũ Ng'ang'a", *map(masked, (self.old.phone, self.new.phone)), "Marks"):
            assert fact in table
        assert self.old.national_id not in page.text
        assert local(self.old.phone) not in page.text
        form = form_with(page, "keep")
        form["keep"], form["reason"], form["sure"] = str(self.new.pk), "Same ID card", True
        page = form.submit().follow()

        assert "The two accounts are one." in page
        self.new.refresh_from_db()
        assert self.new.full_name == "Wanjikũ Ng'ang'a"
        assert self.new.claims.count() == 1
        assert Entry.objects.filter(verb="officer.viewed", actor=self.by).count() >= 2

    def test_the_other_is_found_by_phone_or_id_in_full_and_only_so(self):
        for number in (f"0{self.old.phone[3:]}", self.old.phone, self.old.national_id):
            assert self.compare(number).status_code == 302
        for number in (self.old.national_id[:-1], self.new.phone, "nonsense", "9" * 39, "\u202e"):
            assert self.compare(number).status_code == 200

    def test_accounts_that_met_are_offered(self):
        with pytest.raises(Refused):
            profiles.services.save_personal(
                self.new, by=self.new.user, national_id=self.old.national_id
            )

        assert self.open().click("Wanjikũ Ng'ang'a").html.find(class_="results")
        assert self.open(self.old).click(masked(self.new.phone)).html.find(class_="results")

    def test_nothing_happens_before_all_is_said(self):
        form = form_with(self.compare().follow(), "keep")
        page = form.submit()

        for said in ("Choose the account", "Say how you know", "Compare the two"):
            assert said in page
        self.old.refresh_from_db()
        assert self.old.merged_into is None

    def test_what_stands_in_the_way_is_said_and_there_is_no_form(self):
        vacancy = make.vacancy()
        for officer in (self.old, self.new):
            make.application(vacancy=vacancy, officer=officer)

        page = self.compare().follow()

        assert "Both have applied in" in page
        assert "Have the officer withdraw one of the two first" in page
        assert not [form for form in page.forms.values() if "keep" in form.fields]

    def test_nobody_without_the_right_sees_the_pages(self):
        urls = [
            reverse("admin:merge_find", args=[self.new.pk]),
            reverse("admin:merge", args=[self.new.pk, self.old.pk]),
        ]
        helpdesk = make.user()
        helpdesk.groups.set(Group.objects.exclude(name="Administrator"))
        for user, status in (
            (helpdesk, 404),
            (make.director(make.sub_county()), 404),
            (make.centre(make.station()), 404),
            (self.new.user, 404),
        ):
            make.sign_in(self.client, user)
            for url in urls:
                for answer in (self.client.get(url, follow=True), self.client.post(url)):
                    assert answer.status_code in {status, 302}, (user, url)
        assert not Officer.objects.exclude(merged_into=None).exists()
        assert Group.objects.get(permissions__codename="merge_officer").name == "Administrator"
        helpdesk.user_permissions.add(Permission.objects.get(codename="merge_officer"))
        make.sign_in(self.client, helpdesk)
        assert self.client.get(urls[1]).status_code == 200

    def test_numbers_that_no_officer_has_are_not_found(self):
        for pk in (0, 999_999_999, 10**30):
            for args in ([pk], [self.new.pk, pk], [pk, self.new.pk]):
                url = reverse("admin:merge_find" if len(args) == 1 else "admin:merge", args=args)
                assert self.client.get(url).status_code == 404


def form_with(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_two_are_merged_both_ways_at_once_and_one_way_is_done():
    one, other = make.officer(), make.officer()
    people = [superuser(), superuser()]

    done, refused = split(
        at_once(
            lambda: merger.merge(one, other, reason="x", by=people[0]),
            lambda: merger.merge(other, one, reason="x", by=people[1]),
        )
    )

    assert len(done) == len(refused) == 1
    assert "closed or switched off" in str(refused[0])
    assert Officer.objects.exclude(merged_into=None).count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_officer_applies_while_the_account_is_merged():
    kept, closed = make.officer(), make.officer()
    vacancy, by = make.vacancy(), superuser()

    results = at_once(
        lambda: merger.merge(kept, closed, reason="x", by=by),
        lambda: vacancies.services.apply(vacancy, officer=closed, by=closed.user),
    )

    split(results)
    assert not closed.applications.exists()
