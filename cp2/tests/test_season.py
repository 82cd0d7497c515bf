"""The sample season: complete, coherent, the same for the same seed, and on any day of the week."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from math import hypot
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Min, Q
from django.test import TestCase, override_settings
from django.utils import timezone

import attendance.services
import claims.services
import deployments.services
from accounts.models import Entry, User
from attendance import handing_over
from attendance.models import (
    Amendment,
    AmendmentLine,
    CentreReport,
    Handover,
    Mark,
    MarkStatus,
    Register,
    RegisterStatus,
    ReturnStatus,
    SupervisorReport,
    Way,
)
from attendance.models import RegisterReturn as Return
from attendance.serving import serving_at
from catalogue.models import (
    Activity,
    CentreEntry,
    County,
    DayKind,
    DutyStation,
    Exam,
    ExamDay,
    Level,
    PositionTerms,
    SubCounty,
)
from claims.models import BatchStatus, Claim, ClaimStatus, Hold, Payment, PaymentBatch
from cp2.rules import Role
from cp2.season.build import build
from cp2.season.crew import Crew
from cp2.season.dates import TIMETABLES, working_day
from cp2.season.draws import DATA, dice, table
from cp2.season.names import full_name
from cp2.season.people import people
from cp2.season.plan import FATES, FATES_OF_THE_PAST, LEAVES_A_GAP, STAGES
from cp2.season.progress import Progress
from cp2.season.rows import Batch
from cp2.season.scales import SCALES, share
from cp2.season.spots import KM_PER_DEGREE, spots
from deployments.eligibility import reasons_against, with_history
from deployments.models import LIVE, Deployment, DeploymentStatus, Letter, LetterStatus, Post
from enquiries.models import CannedAnswer, Enquiry, EnquiryStatus
from profiles import checks
from profiles.completeness import checklist
from profiles.models import NumberChange, Officer, Outcome, RegisterCheck, Vetting
from profiles.models import Register as AgencyRegister
from sms.models import Message, MessageStatus
from vacancies.models import Application, ApplicationStatus, Vacancy
from vacancies.vetting import terms_unmet

# As `county` is, but as small as can be.
MIXED = replace(
    SCALES["county"],
    schools={Level.SECONDARY: (24, 60), Level.JUNIOR: (6, 60), Level.PRIMARY: (24, 60)},
    spare=10,
    elsewhere=100,
)


def make(
    *, seed: int = 1, today: date | None = None, scale: str = "tiny", until: str = "trail"
) -> None:
    with patch.dict(SCALES, mixed=MIXED):
        build(scale, seed, today or timezone.localdate(), lambda what: None, until=until)


def counts(rows: Any, field: str) -> Counter[Any]:
    return Counter(rows.order_by().values_list(field, flat=True))


class TinySeasonTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        make()

    # What is there

    def test_an_exam_of_last_year_waits_to_be_begun_again(self):
        last = Exam.objects.get(abbreviation="DPTE")
        assert last.days.exclude(papers=[]).exists()
        assert last.terms.exists()
        assert last.entries.exists()
        assert last.rehearsal_on + timedelta(weeks=52) > timezone.localdate()

    def test_the_exams_bear_the_names_of_2025(self):
        assert sorted(str(exam) for exam in Exam.objects.all()) == [
            "2024/6 Diploma in Primary Teacher Education",
            "2025/1 Kenya Primary School Education Assessment",
            "2025/2 Kenya Junior School Education Assessment",
            "2025/3 Kenya Certificate of Secondary Education",
            "2025/5 Business and Technical Examinations",
        ]

    def test_an_exam_is_to_come_for_which_many_have_applied_and_nobody_is_deployed(self):
        exam = Exam.objects.get(abbreviation="BTEP")
        assert exam.rehearsal_on > timezone.localdate()
        assert not Deployment.objects.filter(post__exam=exam).exists()
        waiting = Counter(
            Application.objects.live()
            .filter(exam=exam)
            .values_list("vacancy__sub_county", flat=True)
        )
        places = Counter()
        for post in Post.objects.filter(exam=exam).select_related("station"):
            places[post.station.sub_county_id] += post.required
        assert any(waiting[place] > places[place] for place in places)
        assert any(0 < waiting[place] < places[place] for place in places)
        for made in Application.objects.filter(exam=exam).select_related("officer", "vacancy"):
            position = made.vacancy.position
            terms = PositionTerms.objects.get(exam=exam, position=position)
            assert list(terms_unmet(made.officer, terms, exam=exam, position=position)) == []

    def test_kcse_has_every_kind_of_day_and_sits_today(self):
        kcse = Exam.objects.get(abbreviation="KCSE")
        assert set(kcse.days.values_list("kind", flat=True)) == set(DayKind.values)
        assert kcse.days.get(day=timezone.localdate()).kind == DayKind.THEORY

    def test_the_terms_are_those_of_the_catalogue(self):
        terms = PositionTerms.objects.get(exam__abbreviation="KCSE", position__code="SUP")
        assert (terms.candidates_per_officer, terms.daily_rate) == (200, Decimal(680))
        assert not terms.in_hosted_centres
        assert terms.school_levels == [Level.SECONDARY]

    def test_there_are_about_two_hundred_officers_in_four_sub_counties_of_three_counties(self):
        assert 190 <= Officer.objects.count() <= 260
        places = User.objects.filter(role=Role.DIRECTOR).values_list(
            "sub_county", "sub_county__county"
        )
        assert len({place for place, _county in places}) == 4
        assert len({county for _place, county in places}) == 3

    def test_every_status_that_a_row_can_stay_in_is_there(self):
        assert set(counts(Deployment.objects, "status")) == set(DeploymentStatus.values)
        assert set(counts(Application.objects, "status")) == set(ApplicationStatus.values)
        assert set(counts(Claim.objects, "status")) == set(ClaimStatus.values)
        assert set(counts(Officer.objects, "vetting")) == set(Vetting.values)
        assert set(counts(Enquiry.objects, "status")) == set(EnquiryStatus.values)
        assert set(counts(Return.objects, "status")) == set(ReturnStatus.values)
        assert {RegisterStatus.SUBMITTED, RegisterStatus.AMENDED} == set(
            counts(Register.objects, "status")
        )
        assert {BatchStatus.DRAFT, BatchStatus.EXPORTED, BatchStatus.RECONCILED} == set(
            counts(PaymentBatch.objects, "status")
        )
        assert {
            MessageStatus.SENT,
            MessageStatus.DELIVERED,
            MessageStatus.FAILED,
        } <= set(counts(Message.objects, "status"))

    def test_some_have_just_registered_and_some_are_half_way(self):
        assert Officer.objects.filter(full_name="").exists()
        assert Officer.objects.exclude(full_name="").filter(submitted_at=None).exists()

    def test_registers_know_most_and_a_few_otherwise_or_not_at_all(self):
        """What the season writes by itself is what a comparison finds."""
        found = counts(RegisterCheck.objects, "outcome")
        assert set(found) == set(Outcome.values)
        assert found[Outcome.VERIFIED] > 5 * found[Outcome.MISMATCH]
        settled = RegisterCheck.objects.exclude(accepted_by=None)
        assert settled.exists()
        assert settled.count() < RegisterCheck.objects.differing().count()
        written = sorted(RegisterCheck.objects.values_list("officer", "register", "fields", "seen"))
        for register in AgencyRegister:
            assert checks.compare_all(register) == 0
        RegisterCheck.objects.all().delete()
        for register in AgencyRegister:
            checks.compare_all(register)
        anew = sorted(RegisterCheck.objects.values_list("officer", "register", "fields", "seen"))
        assert anew == written

    def test_some_claims_are_held_and_one_payment_failed(self):
        assert Hold.objects.standing().exists()
        assert counts(Payment.objects, "status")["failed"] == 1

    def test_one_centre_is_hosted_for_its_few_candidates(self):
        for hosted in CentreEntry.objects.exclude(host=None).select_related("exam", "host"):
            assert hosted.candidates < hosted.exam.hosting_threshold
            assert hosted.host.sub_county_id == hosted.station.sub_county_id
            host = CentreEntry.objects.get(exam=hosted.exam, station=hosted.host)
            assert host.distribution_centre_id == hosted.distribution_centre_id
        assert CentreEntry.objects.exclude(host=None).exists()
        few = CentreEntry.objects.filter(candidates__lt=F("exam__hosting_threshold"), host=None)
        assert not few.exists()

    def test_one_centre_draws_its_papers_from_another_sub_county(self):
        abroad = ~Q(distribution_centre__sub_county=F("station__sub_county"))
        assert CentreEntry.objects.filter(abroad).exists()

    def test_one_centre_has_its_distance_still_to_give_and_has_marked_nothing(self):
        entry = CentreEntry.objects.exclude(exam__year=2024).get(distance_km=None)
        assert not entry.registers.exists()
        assert not Mark.objects.of(entry).exists()
        assert Deployment.objects.serving_on(timezone.localdate()).filter(
            post__station=entry.station
        )

    # Vacancies

    def test_vacancies_are_open_closed_and_still_to_open(self):
        now = timezone.now()
        assert Vacancy.objects.open().exists()
        assert Vacancy.objects.filter(closes_at__lt=now).exists()
        assert Vacancy.objects.filter(opens_at__gt=now).exists()

    def test_vacancies_offer_what_the_posts_ask_for(self):
        for vacancy in Vacancy.objects.filter(override_reason=""):
            posts = Post.objects.filter(
                exam=vacancy.exam, position=vacancy.position, station__sub_county=vacancy.sub_county
            ).with_counts()
            assert vacancy.places == sum(post.required for post in posts)
            if vacancy.is_open:
                assert any(post.gap for post in posts)

    # Who serves

    def test_the_posts_are_those_of_the_rules(self):
        for exam in Exam.objects.all():
            outcome = deployments.services.compute_posts(exam, by=None)
            assert (outcome.made, outcome.changed, outcome.removed) == (0, 0, 0)

    def test_no_rule_speaks_against_whoever_holds_a_post(self):
        terms = {(each.exam_id, each.position_id): each for each in PositionTerms.objects.all()}
        officers = {officer.pk: officer for officer in with_history(Officer.objects.all())}
        for held in Deployment.objects.live().with_place():
            against = reasons_against(
                officers[held.officer_id],
                held.post,
                terms=terms[held.post.exam_id, held.post.position_id],
                from_day=held.starts_on,
                leaving=held,
            )
            assert list(against) == []
            assert officers[held.officer_id].vetting == Vetting.VETTED

    def test_a_marking_centre_has_trained_examiners_in_several_states(self):
        marked = Deployment.objects.exclude(post__position__paper="")
        assert set(marked.values_list("post__station__kind", flat=True)) == {"marking_centre"}
        assert len(set(marked.values_list("status", flat=True))) > 1
        assert marked.filter(application__isnull=False).exists()
        for each in marked.select_related("officer", "post__position"):
            assert each.post.position.paper in each.officer.trained_in
            assert each.officer.trainings.count() == 1

    def test_nobody_but_the_head_serves_at_their_own_school(self):
        own = Deployment.objects.filter(officer__work__station=F("post__station"))
        assert set(own.values_list("post__position__code", flat=True)) == {"CM"}
        heads = Deployment.objects.filter(post__position__code="CM")
        assert own.count() == heads.count()

    def test_every_centre_of_the_season_has_its_head(self):
        heads = Deployment.objects.filter(
            post__position__code="CM", status=DeploymentStatus.ACCEPTED
        )
        assert heads.count() == CentreEntry.objects.exclude(station__level="").count()

    def test_applications_say_what_became_of_the_deployment(self):
        serving = [*LIVE, DeploymentStatus.MOVED]
        for application in Application.objects.prefetch_related("deployments", "exam"):
            found = list(application.deployments.order_by("pk"))
            is_last = [each for each in found if not each.replaced_by.exists()]
            holds = any(each.status in serving for each in is_last)
            assert (application.status == ApplicationStatus.DEPLOYED) == holds, application
        assert not Deployment.objects.exclude(application=None).exclude(
            application__officer=F("officer"),
            application__exam=F("post__exam"),
            application__vacancy__position=F("post__position"),
        )

    def test_officers_belong_where_they_work_now(self):
        submitted = Officer.objects.submitted().prefetch_related("work")
        assert all(o.current_work.sub_county_id == o.sub_county_id for o in submitted)

    def test_submitted_profiles_lack_nothing(self):
        for officer in Officer.objects.submitted():
            assert [item.text for item in checklist(officer) if not item.done] == []

    def test_offers_can_still_be_answered(self):
        offered = Deployment.objects.filter(status=DeploymentStatus.OFFERED)
        assert not offered.filter(respond_by__lt=timezone.now())
        assert not offered.filter(starts_on__lt=timezone.localdate())

    def test_who_took_over_follows_without_a_gap(self):
        followers = Deployment.objects.exclude(replaces=None).select_related("replaces")
        assert followers
        for deployment in followers:
            assert deployment.replaces.status == DeploymentStatus.MOVED
            assert deployment.starts_on == deployment.replaces.ends_on + timedelta(days=1)

    def test_accepted_deployments_have_a_letter_that_waits_to_be_printed(self):
        current = Letter.objects.current()
        accepted = Deployment.objects.filter(status=DeploymentStatus.ACCEPTED)
        assert set(current.values_list("deployment", flat=True)) == set(
            accepted.values_list("pk", flat=True)
        )
        assert set(counts(current, "status")) == {LetterStatus.WAITING}

    # Attendance

    def test_registers_name_everybody_who_served_and_nobody_else(self):
        for register in Register.objects.select_related("entry__exam", "entry__station"):
            serving = serving_at(register.entry, register.day)
            marked = Mark.objects.of(register.entry).filter(day=register.day)
            assert set(serving.values_list("pk", flat=True)) == set(
                marked.values_list("deployment", flat=True)
            )
        assert not Mark.objects.exclude(
            deployment__post__station__entries__registers__day=F("day")
        ).exists()

    def test_registers_are_of_all_exam_days_that_are_past(self):
        today = timezone.localdate()
        # of today's some are there; of what is only there to be copied there is none
        for day in ExamDay.objects.exclude(day=today).exclude(exam__year=2024):
            there = Register.objects.filter(entry__exam=day.exam, day=day.day).exists()
            assert there == (day.day < today)

    def test_no_register_is_of_a_day_on_which_its_centre_rests(self):
        assert CentreEntry.objects.exclude(papers=[]).exists()
        for register in Register.objects.select_related("entry"):
            assert ExamDay.objects.worked_by(register.entry).filter(day=register.day).exists()

    def test_marks_reached_the_portal_in_every_way_and_none_from_the_time_to_come(self):
        assert set(counts(Mark.objects, "way")) == {str(way) for way in Way}
        assert not Mark.objects.filter(received_at__gt=timezone.now()).exists()
        late = Register.objects.exclude(late_reason="")
        for register in late:
            assert timezone.localdate(register.submitted_at) > register.day
        assert late.exists()

    def test_amended_registers_have_an_amendment_and_its_marks_name_it(self):
        amended = Register.objects.filter(status=RegisterStatus.AMENDED)
        assert set(amended.values_list("entry", "day")) == set(
            Amendment.objects.values_list("entry", "day")
        )
        for line in AmendmentLine.objects.select_related("amendment"):
            mark = Mark.objects.get(deployment=line.deployment, day=line.amendment.day)
            assert (mark.amendment, mark.status) == (line.amendment, line.wanted)

    def test_centres_sign_as_their_head(self):
        for register in Register.objects.select_related("entry"):
            head = Deployment.objects.filter(
                post__exam=register.entry.exam,
                post__station=register.entry.station,
                post__position__code="CM",
            )
            assert register.acting_name == head.get().officer.full_name

    def test_returns_carry_the_code_of_their_marks(self):
        for signed in Return.objects.select_related("entry"):
            assert signed.code == attendance.services.code_of(signed.entry)

    # Money

    def test_claims_are_marks_times_terms(self):
        kpsea = Exam.objects.get(abbreviation="KPSEA")
        kinds = dict(kpsea.days.values_list("day", "kind"))
        due: dict[int, Decimal] = {}
        for mark in Mark.objects.filter(
            deployment__post__exam=kpsea, status=MarkStatus.PRESENT
        ).select_related("deployment__post"):
            terms = PositionTerms.objects.get(exam=kpsea, position=mark.deployment.post.position_id)
            if kinds[mark.day] in terms.paid_days:
                due[mark.officer_id] = due.get(mark.officer_id, Decimal(0)) + terms.daily_rate
        assert dict(Claim.objects.values_list("officer", "gross")) == due

    def test_claims_are_only_of_the_exam_that_is_over(self):
        today = timezone.localdate()
        assert not Claim.objects.filter(exam__ends_on__gte=today).exists()
        claims.services.prepare(Exam.objects.get(abbreviation="KPSEA"), by=None)
        assert set(counts(Claim.objects, "status")) == set(ClaimStatus.values)

    # Lost numbers

    def test_the_first_director_has_lost_numbers_to_decide_about(self):
        waiting = NumberChange.objects.waiting()
        director = next(person for person in people() if person.role == "TSC director")
        mine = NumberChange.objects.visible_to(User.objects.get(username=director.username))
        assert len(waiting) == len(mine.waiting()) == 3
        assert not User.objects.filter(phone__in=waiting.values("new_phone"))

    # The trail

    def test_what_happened_is_in_the_audit_trail(self):
        for model, fields in {
            User: {
                "account.opened": Q(role=Role.OFFICER),
                "slip.printed": Q(role=Role.CENTRE, issued_at__isnull=False),
            },
            Application: {"application.made": Q()},
            Letter: {"letter.issued": Q()},
            Claim: {"claim.verified": ~Q(verified_by=None)},
            Deployment: {
                "deployment.offered": Q(replaces=None),
                "deployment.rejected": Q(status=DeploymentStatus.REJECTED),
                "deployment.expired": Q(status=DeploymentStatus.EXPIRED),
                "deployment.cancelled": Q(status=DeploymentStatus.CANCELLED),
            },
        }.items():
            for verb, which in fields.items():
                told = Entry.objects.filter(verb=verb, subject_type=model._meta.label_lower)
                assert set(told.values_list("subject_id", flat=True)) == set(
                    model._base_manager.filter(which).values_list("pk", flat=True)
                ), verb

    def test_nothing_in_the_trail_is_yet_to_come(self):
        assert not Entry.objects.filter(at__gt=timezone.now()).exists()

    def test_the_trail_of_the_deployments_is_in_order(self):
        for deployment in Deployment.objects.all():
            entries = Entry.objects.about(deployment).order_by("pk")
            times = list(entries.values_list("at", flat=True))
            assert times
            assert times == sorted(times)

    def test_everybody_with_power_has_a_one_time_code(self):
        powerful = User.objects.filter(role__in=[Role.DIRECTOR, Role.STAFF])
        assert not powerful.exclude(totpdevice__confirmed=True).exists()


class MixedSeasonTests(TestCase):
    """What larger seasons have besides: schools of two exams, and people who try in several."""

    @classmethod
    def setUpTestData(cls) -> None:
        make(scale="mixed")

    def test_some_primary_schools_are_entered_for_two_exams_with_an_account_for_each(self):
        entered: dict[int, set[str]] = {}
        for entry in CentreEntry.objects.exclude(exam__year=2024).select_related("exam"):
            entered.setdefault(entry.station_id, set()).add(entry.exam.abbreviation)
        in_two = [station for station, exams in entered.items() if len(exams) > 1]
        assert len(in_two) in range(14, 19)
        assert all(entered[station] == {"KPSEA", "KJSEA"} for station in in_two)
        assert User.objects.filter(station__in=in_two).count() == 2 * len(in_two)

    def test_one_head_answers_for_both(self):
        heads = Deployment.objects.filter(post__position__code="CM")
        for station in DutyStation.objects.filter(level=Level.PRIMARY):
            assert heads.filter(post__station=station).values("officer").distinct().count() == 1

    def test_some_serve_in_two_exams_and_no_rule_speaks_against_it(self):
        twice = Officer.objects.annotate(
            exams=Count("deployments__post__exam", distinct=True)
        ).filter(exams__gt=1)
        assert twice.exclude(deployments__post__position__code="CM").exists()
        terms = {(each.exam_id, each.position_id): each for each in PositionTerms.objects.all()}
        officers = {officer.pk: officer for officer in with_history(twice)}
        for held in Deployment.objects.live().with_place().filter(officer__in=officers):
            of_post = terms[held.post.exam_id, held.post.position_id]
            officer = officers[held.officer_id]
            assert not list(
                reasons_against(
                    officer, held.post, terms=of_post, from_day=held.starts_on, leaving=held
                )
            )

    def test_many_apply_for_more_than_one_exam_and_for_nothing_that_they_are_not_fit_for(self):
        several = Officer.objects.annotate(number=Count("applications")).filter(number__gt=1)
        assert several.count() > Officer.objects.count() // 4
        terms = {(each.exam_id, each.position_id): each for each in PositionTerms.objects.all()}
        made_of = Application.objects.select_related(
            "vacancy__exam", "vacancy__position", "officer"
        )
        for made in made_of:
            asked = terms[made.exam_id, made.vacancy.position_id]
            assert made.officer.vetting != Vetting.BARRED
            vacancy = made.vacancy
            unmet = terms_unmet(made.officer, asked, exam=vacancy.exam, position=vacancy.position)
            assert list(unmet) == []
            assert made.vacancy.opens_at < made.submitted_at < made.vacancy.closes_at

    def test_vacancies_are_open_for_what_no_post_is_computed_for(self):
        reserve = Vacancy.objects.filter(activity__name="Reserve for officers who fall ill")
        assert reserve.count() == 36
        assert reserve.filter(applications__isnull=False).exists()
        for vacancy in Vacancy.objects.all():
            assert PositionTerms.objects.filter(
                exam=vacancy.exam, position=vacancy.position, station_kind=vacancy.station_kind
            ).exists()

    def test_every_status_of_an_application_is_there(self):
        assert set(counts(Application.objects, "status")) == set(ApplicationStatus.values)

    def test_the_posts_are_those_of_the_rules(self):
        for exam in Exam.objects.all():
            outcome = deployments.services.compute_posts(exam, by=None)
            assert (outcome.made, outcome.changed, outcome.removed) == (0, 0, 0)


class UntilTests(TestCase):
    def test_after_the_applications_nobody_is_deployed_yet_and_every_place_is_free(self):
        make(until="applications")
        assert not Deployment.objects.exists()
        assert set(counts(Application.objects, "status")) == {
            ApplicationStatus.SUBMITTED,
            ApplicationStatus.NOMINATED,
            ApplicationStatus.WITHDRAWN,
            ApplicationStatus.UNSUCCESSFUL,
        }
        for vacancy in Vacancy.objects.open():
            posts = Post.objects.filter(
                exam=vacancy.exam, position=vacancy.position, station__sub_county=vacancy.sub_county
            )
            assert vacancy.places == sum(post.required for post in posts)

    def test_the_people_are_those_of_the_whole_season(self):
        def officers() -> list[Any]:
            return list(
                Officer.objects.order_by("pk").values_list("full_name", "national_id", "vetting")
            )

        with transaction.atomic():
            make(until="applications")
            early = officers()
            transaction.set_rollback(True)
        make()
        assert early == officers()

    def test_some_of_them_can_sign_in(self):
        make(until="applications")
        found = list(people())
        assert [person.scope for person in found if person.role == "officer"] == [
            "a complete profile, and no application yet",
            "just registered, nothing filled in",
        ]
        assert {"centre", "TSC director", "SCDE director", "headquarters"} < {
            person.role for person in found
        }

    def test_each_stage_adds_its_rows(self):
        for until, rows in {
            "applications": Deployment.objects,
            "deployments": Mark.objects,
            "marks": Claim.objects,
            "claims": CannedAnswer.objects,
        }.items():
            with transaction.atomic():
                make(until=until)
                assert not rows.exists()
                transaction.set_rollback(True)


def snapshot() -> dict[str, list[Any]]:
    """All that two seasons of one seed have in common, ids counted from the first of a table."""
    first = {
        model: model._base_manager.aggregate(first=Min("pk"))["first"]
        for model in (Officer, DutyStation, Deployment, Application)
    }

    def rows(model: Any, *fields: str) -> list[Any]:
        return [
            (pk - first[model], *rest)
            for pk, *rest in model._base_manager.order_by("pk").values_list("pk", *fields)
        ]

    return {
        "officers": rows(
            Officer, "user__username", "full_name", "national_id", "kra_pin", "tsc_number",
            "payee_name", "vetting", "submitted_at",
        ),
        "stations": rows(DutyStation, "code", "name", "sub_county__name"),
        "deployments": rows(
            Deployment, "post__station__code", "post__position__code", "slot", "status",
            "officer__user__username", "offered_at", "starts_on", "ends_on",
        ),
        "applications": rows(Application, "reference", "status", "officer__user__username"),
        "claims": sorted(
            Claim.objects.values_list(
                "officer__user__username", "status", "net", "payment_reference"
            )
        ),
        "letters": sorted(Letter.objects.values_list("code", "issued_at", "voided_at")),
        "marks": sorted(Mark.objects.values_list("officer__user__username", "day", "status")),
        "registers": sorted(Register.objects.values_list("entry__station__code", "day", "status")),
    }  # fmt: skip


def season_then_undone(**given: Any) -> dict[str, list[Any]]:
    with transaction.atomic():
        make(**given)
        taken = snapshot()
        transaction.set_rollback(True)
    return taken


# Hashes are salted, references random, and a file takes another name when its own is in use.
OF_NO_SEED = {
    "accounts_user.password",
    "claims_claim.paid_at",
    "claims_moneycount.id",
    "claims_paymentbatch.file",
    "picture_count.id",
    "runs_run.ended_at",
    "runs_run.log",
    "enquiries_attachment.file",
    "profiles_numberchange.reference",
}
NOT_OURS = {"auth", "contenttypes", "sessions"}


def digests(**given: Any) -> dict[str, str]:
    """Of every table, all that its rows say, ids included; but for what the database's own clock
    writes where nothing is said."""
    with transaction.atomic(), connection.cursor() as cursor:
        # no rollback turns a sequence back
        cursor.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1000000)"
            " FROM pg_sequences WHERE sequencename !~ '^(django|auth)_'"
        )
        make(**given)
        found = {}
        for model in apps.get_models():
            if model._meta.app_label in NOT_OURS:
                continue
            table = model._meta.db_table
            cells = ", ".join(
                f'"{field.column}"'
                for field in model._meta.concrete_fields
                if not field.has_db_default() and f"{table}.{field.column}" not in OF_NO_SEED
            )
            cursor.execute(
                f"SELECT md5(string_agg(line, '' ORDER BY line))"
                f" FROM (SELECT ROW({cells})::text AS line FROM {table}) written"
            )
            found[table] = cursor.fetchone()[0]
        transaction.set_rollback(True)
    return found


@time_machine.travel(timezone.now(), tick=False)
class SeedTests(TestCase):
    def test_the_same_seed_makes_the_same_season(self):
        for scale in ("tiny", "mixed"):
            assert digests(seed=7, scale=scale) == digests(seed=7, scale=scale)

    def test_another_seed_makes_other_people_in_other_places(self):
        one, other = digests(seed=7), digests(seed=8)
        assert {table for table in one if one[table] != other[table]} > {
            "catalogue_centreentry",
            "catalogue_dutystation",
            "claims_payment",
            "deployments_deployment",
            "deployments_letter",
            "profiles_bankaccount",
            "profiles_nextofkin",
            "profiles_officer",
            "profiles_qualification",
            "profiles_registerentry",
            "profiles_workexperience",
            "vacancies_application",
        }

    def test_a_week_earlier_the_same_people_serve_a_week_earlier(self):
        today = timezone.localdate()
        one = season_then_undone(today=today)
        other = season_then_undone(today=today - timedelta(days=7))
        assert [row[:7] for row in one["officers"]] == [row[:7] for row in other["officers"]]
        assert [row[:6] for row in one["deployments"]] == [row[:6] for row in other["deployments"]]
        assert one["marks"] != other["marks"]

    def test_a_season_can_be_made_at_the_weekend_and_after_it(self):
        """Every rule of the database holds, or it would not be made."""
        today = timezone.localdate()
        sunday = today - timedelta(days=(today.weekday() + 1) % 7)
        for day in (sunday - timedelta(days=1), sunday, sunday + timedelta(days=1)):
            assert len(season_then_undone(today=day)["officers"]) > 190


class TimetableTests(TestCase):
    week = [date(2026, 11, 16) + timedelta(days=n) for n in range(7)]

    def test_today_is_an_exam_day_at_weekends_too(self):
        for today in self.week:
            sitting = [each for each in TIMETABLES if today in each.days(today)]
            assert [each.abbreviation for each in sitting] == ["KJSEA", "KCSE"]

    def test_other_days_are_working_days(self):
        for today in self.week:
            for timetable in TIMETABLES:
                days = set(timetable.days(today)) - {today}
                assert all(day.weekday() < 5 for day in days)

    def test_kcse_rehearsed_about_ten_days_ago_and_ends_in_two_weeks(self):
        kcse = TIMETABLES[-1]
        for today in self.week:
            days = kcse.days(today)
            assert days[min(days)] == DayKind.REHEARSAL
            assert 9 <= (today - min(days)).days <= 11
            assert 12 <= (max(days) - today).days <= 14

    def test_kpsea_is_over(self):
        for today in self.week:
            assert max(TIMETABLES[0].days(today)) < today - timedelta(days=7)

    def test_working_days_skip_the_weekend(self):
        friday, monday = date(2026, 11, 20), date(2026, 11, 23)
        assert working_day(friday, 1) == monday
        assert working_day(monday, -1) == friday
        assert working_day(friday + timedelta(days=1), -1) == friday


class CommandTests(TestCase):
    def season(self, *words: str) -> str:
        out = StringIO()
        call_command("season", *words, stdout=out)
        return out.getvalue()

    def test_it_says_how_long_it_took(self):
        assert "A tiny season is made" in self.season("--scale", "tiny")

    def test_it_counts_what_it_made(self):
        said = self.season("--scale", "tiny", "--until", "applications").splitlines()
        assert any(line.split() == [str(Officer.objects.count()), "officers"] for line in said)
        assert any(line.split() == ["0", "deployments"] for line in said)

    def test_it_says_where_it_is_not_what_its_scale_promises(self):
        promising = replace(SCALES["tiny"], promises={"centres": 36, "officers": 5000})
        with patch.dict(SCALES, tiny=promising):
            said = self.season("--until", "applications")
        assert "officers: not the 5,000 it promises" in said
        assert said.count("promises") == 1

    def test_a_second_season_is_refused_and_adds_nothing(self):
        self.season()
        before = Officer.objects.count()
        with pytest.raises(CommandError, match="There is a season already"):
            self.season()
        assert Officer.objects.count() == before

    def test_if_empty_leaves_what_is_there(self):
        self.season()
        before = Officer.objects.count()
        assert self.season("--if-empty") == "There is a season already.\n"
        assert Officer.objects.count() == before

    def test_production_refuses(self):
        with override_settings(PRODUCTION=True), pytest.raises(CommandError, match="production"):
            self.season()
        assert not Exam.objects.exists()


class PlanTests(TestCase):
    def test_every_fate_and_stage_is_one_that_a_crew_knows(self):
        for word in {*FATES, *FATES_OF_THE_PAST, *STAGES, *LEAVES_A_GAP, "swapped"}:
            assert callable(getattr(Crew, word))

    def test_the_national_scale_is_of_the_size_of_kenya(self):
        scale = SCALES["national"]
        assert len(scale.sub_counties()) == 290
        assert sum(number for number, _most in scale.schools.values()) == 35_000

    def test_a_whole_is_spread_evenly_and_nothing_gets_lost(self):
        for whole, among in ((10_800, 290), (16, 4), (7, 3), (2, 5)):
            shares = [share(whole, number, among) for number in range(among)]
            assert sum(shares) == whole
            assert max(shares) - min(shares) <= 1


class SpotTests(TestCase):
    def test_every_sub_county_of_kenya_lies_in_its_county_and_by_itself(self):
        places = list(SubCounty.objects.select_related("county"))
        found = spots(places)
        assert len({(spot.latitude, spot.longitude) for spot in found.values()}) == 290
        middles = {int(row["county_code"]): row for row in table("county_centres", DATA)}
        for place in places:
            spot, county = found[place.pk], middles[place.county.code]
            north = (float(spot.latitude) - float(county["latitude"])) * KM_PER_DEGREE
            east = (float(spot.longitude) - float(county["longitude"])) * KM_PER_DEGREE
            assert hypot(north, east) <= float(county["reach_km"])

    def test_a_station_lies_within_reach_of_the_middle_of_its_sub_county(self):
        make()
        found = spots(SubCounty.objects.all())
        for station in DutyStation.objects.all():
            middle = found[station.sub_county_id]
            north = (float(station.latitude) - float(middle.latitude)) * KM_PER_DEGREE
            east = (float(station.longitude) - float(middle.longitude)) * KM_PER_DEGREE
            assert hypot(north, east) <= middle.reach_km + 0.01


class NameTests(TestCase):
    def setUp(self):
        draw = dice(1, "names")
        self.names = [full_name(draw, draw.choice(["female", "male"])) for _each in range(5000)]

    def test_few_people_share_a_name(self):
        assert len(set(self.names)) > 4500

    def test_they_have_two_to_four_parts_and_all_that_kenyan_names_are_written_with(self):
        assert {2, 3, 4} <= {len(name.split()) for name in self.names}
        for sign in ("'", "ũ", "ĩ"):
            assert sum(sign in name for name in self.names) > 50

    def test_they_fit_in_the_form_and_nobody_is_called_the_same_twice(self):
        for name in self.names:
            assert len(name) <= 60
            assert len(set(name.split())) == len(name.split()) or "Arap" in name or "Ole" in name


class ProgressTests(TestCase):
    def said(self, **given: Any) -> list[str]:
        lines: list[str] = []
        with Progress(lines.append, **given).stage("centres", 3) as step:
            step(1)
            step(2)
        return lines

    def test_a_log_gets_a_line_now_and_then_and_one_in_the_end(self):
        assert [line.split(":")[0] for line in self.said()] == ["centres"]
        with patch("cp2.season.progress.LINE_EVERY", 0):
            *on_the_way, last = self.said()
        assert on_the_way == ["centres: 1 of 3", "centres: 3 of 3"]
        assert re.fullmatch(r"centres: \d+\.\d s", last)

    def test_a_terminal_gets_a_bar(self):
        shown = StringIO()
        with patch("sys.stderr", shown), patch("cp2.season.progress.LINE_EVERY", 0):
            assert len(self.said(on_terminal=True)) == 1
        assert "centres" in shown.getvalue()


class DiceTests(TestCase):
    def test_every_side_comes_up_about_as_often(self):
        draw = dice(1, "a test")
        thrown = Counter(draw.below(6) for _each in range(6000))
        assert sorted(thrown) == list(range(6))
        assert all(850 < number < 1150 for number in thrown.values())

    def test_they_never_run_out_and_fall_the_same_again(self):
        one, again = dice(1, "a test"), dice(1, "a test")
        thrown = [one.below(1_000_000) for _each in range(500)]
        assert thrown == [again.below(1_000_000) for _each in range(500)]
        assert len(set(thrown)) > 490


class RowTests(TestCase):
    def test_text_is_copied_as_it_is(self):
        odd = "a\\b\tc\nd\r\\N 'ũ' \"x\""
        with transaction.atomic():
            with Batch(Activity) as batch:
                number = batch.add(Activity, name=odd)
            assert Activity.objects.get(pk=number).name == odd
            transaction.set_rollback(True)

    def test_what_the_database_refuses_stops_the_season(self):
        with (
            pytest.raises(IntegrityError, match="county_code_is_official"),
            transaction.atomic(),
            Batch(County) as batch,
        ):
            batch.add(County, code=48, name="Nowhere")
        assert not County.objects.filter(code=48).exists()


class ReportedSeasonTests(TestCase):
    """What supervisors and centres of the first sub-county say."""

    @classmethod
    def setUpTestData(cls) -> None:
        make()

    def test_of_a_rotation_one_has_handed_over_and_one_has_not(self):
        director = User.objects.filter(office="tsc").order_by("sub_county__county__code", "pk")
        left = [row for each in director for row in handing_over.due(each)]
        assert len(left) == 2
        assert Handover.objects.filter(taken_by__isnull=False).count() == 1
        for row in left:
            assert list(row.officer.deployments.values_list("status", flat=True)) == [
                "accepted",
                "moved",
            ]

    def test_somebody_did_not_come_and_somebody_else_came_instead(self):
        reported = CentreReport.objects.with_outcome()
        no_shows = reported.filter(kind="no_show")
        assert no_shows.filter(status="open").count() == 1
        assert no_shows.filter(status="settled", instead__isnull=False).exists()
        incidents = reported.filter(kind="incident")
        assert set(incidents.values_list("status", flat=True)) == {"open", "settled"}
        away = no_shows.get(status="open")
        assert not Mark.objects.filter(
            officer=away.deployment.officer, day=away.day, status=MarkStatus.PRESENT
        ).exists()

    def test_supervisors_reported_some_incidents(self):
        assert SupervisorReport.objects.with_incidents().exists()
        assert SupervisorReport.objects.filter(second_in_at__isnull=False).exists()
