"""The TSC director looks at the claims of the own sub-county, the odd ones first."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry, User
from catalogue.models import ExamDay, Office
from claims import services
from claims.models import Claim, ClaimStatus, GhostSignal, Hold, HoldCode
from claims.services.verifying import Asked
from claims.tests import world
from claims.tests.test_database import refused
from cp2.rules import Refused
from cp2.tests import make

LIST = reverse("claims:area_claims")
VERIFY = reverse("claims:verify")


class Area(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.exam = make.exam()
        self.director = make.director(self.place)
        make.sign_in(self.client, self.director)

    def claim(self, status=ClaimStatus.PREPARED, place=None, **fields):
        station = make.station(sub_county=place or self.place)
        deployment = make.deployment(
            post=make.post(exam=self.exam, station=station), officer=fields.pop("officer", None)
        )
        return world.claim(status, deployment=deployment, **fields)

    def listed(self, **query):
        return list(self.client.get(LIST, query).context["page"])

    def post(self, *claims, query=""):
        data = {"claim": [getattr(claim, "pk", claim) for claim in claims]}
        return self.client.post(VERIFY + query, data, follow=True)


class Looking(Area):
    def test_own_sub_county_to_be_verified(self):
        mine = self.claim()
        self.claim(place=make.sub_county())
        self.claim(ClaimStatus.VERIFIED)

        assert self.listed() == [mine]

    def test_odd_ones_first(self):
        plain, held, long = self.claim(), self.claim(), self.claim()
        Hold.objects.create(claim=held, code=HoldCode.PAYEE_NAME)
        Hold.objects.create(claim=plain, code=HoldCode.RETURN, cleared_at="2025-11-03T00:00Z")
        Claim.objects.filter(pk=long.pk).update(days=400)

        assert self.listed() == [long, held, plain]
        page = self.client.get(LIST)
        self.assertContains(page, "More days than the exam has", count=1)
        self.assertContains(page, "The payee&#x27;s name differs from yours", count=1)

    def test_filters_and_totals(self):
        one, two = self.claim(), self.claim(ClaimStatus.VERIFIED)
        other = world.claim(
            deployment=make.deployment(post=make.post(station=make.station(sub_county=self.place)))
        )
        Hold.objects.create(claim=one, code=HoldCode.RETURN)

        assert {*self.listed(status="any")} == {one, two, other}
        assert self.listed(status="verified") == [two]
        assert self.listed(exam=other.exam_id) == [other]
        totals = self.client.get(LIST, {"status": "any"}).context["totals"]
        oldest = totals.pop("oldest")
        assert oldest == min(claim.prepared_at for claim in (one, other))
        assert totals == {"claims": 3, "held": 1, "days": 6, "net": 3300, "waiting": 2}

    def test_nonsense_in_the_address_is_answered_with_a_page(self):
        self.claim()
        for query in (
            {"exam": "9" * 30},
            {"exam": "\0"},
            {"exam": "1_0"},
            {"status": "lost"},
            {"page": "9" * 30},
            {"tick": "\0"},
        ):
            assert self.client.get(LIST, query).status_code == 200
        for number in ("0", str(10**30), "9" * 5000):
            assert self.client.get(f"/area/claims/{number}/").status_code == 404

    def test_all_ticked_but_the_odd_ones(self):
        plain, held = self.claim(), self.claim()
        Hold.objects.create(claim=held, code=HoldCode.RETURN)
        page = self.client.get(LIST, {"tick": "all"})

        self.assertContains(page, f'id="claim_{plain.pk}" checked')
        self.assertNotContains(page, f'id="claim_{held.pk}" checked')

    def test_one_claim_with_its_lines_and_who_holds_it(self):
        claim = self.claim()
        Hold.objects.create(claim=claim, code=HoldCode.RETURN)
        page = self.client.get(reverse("claims:area_claim", args=[claim.pk]))

        self.assertContains(page, str(claim.officer).replace("'", "&#x27;"))
        self.assertContains(page, "The centre&#x27;s signed register has not reached KNEC")
        self.assertContains(page, "KES 550.00")
        self.assertNotContains(page, claim.officer.payee_phone)

    def test_who_is_kept_out(self):
        claim = self.claim()
        one = reverse("claims:area_claim", args=[claim.pk])
        for user in (claim.officer.user, make.centre(make.station(sub_county=self.place))):
            make.sign_in(self.client, user)
            assert self.client.get(LIST).status_code == 404
            assert self.client.get(one).status_code == 404
            assert self.client.post(VERIFY, {"claim": [claim.pk]}).status_code == 404
        make.sign_in(self.client, make.director(make.sub_county()))
        assert self.listed() == []
        assert self.client.get(one).status_code == 404
        self.client.logout()
        assert self.client.get(LIST).status_code == 302

    def test_scde_looks_but_is_offered_nothing_to_verify(self):
        claim = self.claim()
        make.sign_in(self.client, make.director(self.place, Office.SCDE))

        assert self.listed() == [claim]
        page = self.client.get(reverse("claims:area_claim", args=[claim.pk]))
        self.assertNotContains(page, VERIFY)

    def test_same_queries_for_one_and_for_many(self):
        def count(path=LIST):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)
            return len(queries)

        first = self.claim()
        one = count()
        for _ in range(4):
            self.claim()
        assert count() == one <= 8
        assert count(reverse("claims:area_claim", args=[first.pk])) <= 8


class Verifying(Area):
    def test_ticked_ones_are_verified(self):
        one, two, three = self.claim(), self.claim(), self.claim()
        page = self.post(one, two)

        self.assertContains(page, "2 claims verified.")
        statuses = Claim.objects.order_by("pk").values_list("status", "verified_by")
        assert list(statuses) == [
            ("verified", self.director.pk),
            ("verified", self.director.pk),
            ("prepared", None),
        ]
        entry = Entry.objects.about(two).get()
        assert (entry.verb, entry.actor) == ("claim.verified", self.director)
        assert three.status == ClaimStatus.PREPARED

    def test_one_by_one_from_its_own_page(self):
        claim = self.claim()
        page = self.client.get(reverse("claims:area_claim", args=[claim.pk]))
        self.assertContains(page, f'value="{claim.pk}"')

        self.assertContains(self.post(claim), "1 claim verified.")

    def test_the_list_comes_back_as_it_was_filtered(self):
        claim = self.claim()
        data = {"claim": [claim.pk]}
        response = self.client.post(VERIFY + "?status=any&tick=all", data)
        assert response["Location"] == LIST + "?status=any"

    def test_one_that_is_refused_holds_up_no_other(self):
        own = self.claim(officer=make.officer(user=self.director))
        done, good = self.claim(ClaimStatus.APPROVED), self.claim()
        before = Entry.objects.count()
        page = self.post(own, done, good)

        self.assertContains(page, "This claim is your own")
        self.assertContains(page, "so it cannot be verified")
        self.assertContains(page, "1 claim verified.")
        assert Entry.objects.count() == before + 1

    def test_nothing_ticked_and_nonsense_ticked(self):
        claim = self.claim(place=make.sub_county())
        for ticked in ([], [claim], ["x"], ["9" * 30], ["\0"], ["1"] * 26):
            with self.subTest(ticked):
                page = self.post(*ticked)
                assert page.status_code == 200
                self.assertContains(page, "Problem:")
        assert not Entry.objects.exists()

    def test_reading_the_address_changes_nothing(self):
        assert self.client.get(VERIFY).status_code == 405

    def test_each_status_is_allowed_or_refused(self):
        for status in ClaimStatus:
            claim = self.claim(status)
            with self.subTest(status):
                if status == ClaimStatus.PREPARED:
                    assert services.verify(claim, by=self.director).status == ClaimStatus.VERIFIED
                else:
                    with pytest.raises(Refused, match="cannot be verified"):
                        services.verify(claim, by=self.director)

    def test_scde_headquarters_and_strangers_are_refused(self):
        claim = self.claim()
        for user, why in (
            (make.director(self.place, Office.SCDE), "Only the TSC"),
            (make.user(), "Only the TSC"),
            (make.director(make.sub_county()), "No day of this claim"),
        ):
            with pytest.raises(Refused, match=why):
                services.verify(claim, by=user)
        assert not Entry.objects.exists()

    def test_own_claim_is_refused_under_another_account_too(self):
        phone = make.phone()
        director = make.director(self.place, phone=phone)
        claim = self.claim(officer=make.officer(payee_phone=phone))
        with pytest.raises(Refused, match="your own"):
            services.verify(claim, by=director)

    def test_more_days_than_the_exam_has_are_refused(self):
        claim = self.claim()
        first = ExamDay.objects.filter(exam=self.exam).first()
        ExamDay.objects.filter(exam=self.exam).exclude(pk=first.pk).delete()
        with pytest.raises(Refused, match="more days than the exam"):
            services.verify(claim, by=self.director)

    def test_a_page_of_claims_takes_few_queries_each(self):
        claims = [self.claim() for _ in range(3)]
        with CaptureQueriesContext(connection) as queries:
            services.verify_all(claims, by=self.director)
        assert len(queries) <= 3 * 7  # of which two are the savepoint


ALL = reverse("claims:verify_all")


class AtOnce(Area):
    """All of a sub-county that have nothing odd, after a look at how many and how much."""

    def press(self, query="", **changed):
        page = self.client.get(ALL + query)
        found = page.context["found"]
        data = {"count": len(found.free), "total": page.context["total"], **changed}
        return self.client.post(ALL + query, data, follow=True)

    def statuses(self):
        return dict(Claim.objects.values_list("pk", "status"))

    def test_figures_first_then_all_of_them(self):
        claims = [self.claim() for _ in range(3)]
        elsewhere = self.claim(place=make.sub_county())
        page = self.client.get(ALL)
        self.assertContains(page, "KES 3,300.00")
        self.assertContains(page, "Verify all 3 claims")
        assert set(self.statuses().values()) == {"prepared"}

        self.assertContains(self.press(), "3 claims verified.")
        assert {self.statuses()[claim.pk] for claim in claims} == {"verified"}
        assert self.statuses()[elsewhere.pk] == "prepared"
        for claim in claims:
            entry = Entry.objects.about(claim).get()
            assert (entry.verb, entry.actor) == ("claim.verified", self.director)
            assert entry.details == {"days": 2, "net": "1100.00"}
        assert set(
            Claim.objects.filter(status="verified").values_list("verified_by", flat=True)
        ) == {self.director.pk}

    def test_left_out_by_name_are_the_own_and_the_odd(self):
        own = self.claim(officer=make.officer(user=self.director))
        phone = make.phone()
        User.objects.filter(pk=self.director.pk).update(phone=phone)
        paid_to_me = self.claim(officer=make.officer(payee_phone=phone))
        held, long, asked, changed, doubted, plain = (self.claim() for _ in range(6))
        GhostSignal.objects.create(exam=doubted.exam, claim=doubted, code="name_far", weight=20)
        Hold.objects.create(claim=held, code=HoldCode.DUPLICATE)
        Claim.objects.filter(pk=long.pk).update(days=400)
        services.question(asked, by=self.director, reason="Was he there on the 4th?")
        services.verify(changed, by=self.director)
        Claim.objects.filter(pk=changed.pk).update(status="prepared", verified_by=None)
        page = self.client.get(ALL)

        for words in (
            "your own, so somebody else must verify it",
            "Another claim looks like yours",
            "More days than the exam has",
            "The payee has quite another name",
            "Was he there on the 4th?",
            "Changed since it was verified",
        ):
            self.assertContains(page, words)
        assert page.context["found"].free == [plain]
        assert page.context["found"].own == [own, paid_to_me]
        self.press()
        verified = [pk for pk, status in self.statuses().items() if status == "verified"]
        assert verified == [plain.pk]

    def test_the_list_says_the_same_of_each(self):
        own, asked = self.claim(officer=make.officer(user=self.director)), self.claim()
        services.question(asked, by=self.director, reason="Was he there?")
        page = self.client.get(LIST)

        self.assertContains(page, "Your own: somebody else verifies it")
        self.assertContains(page, "Asked about: Was he there?")
        assert self.listed(odd="odd") == [asked]
        assert self.listed(odd="plain") == [own]

    def test_held_for_the_officers_papers_only_they_may_be_taken_in(self):
        papers, twice = self.claim(), self.claim()
        Hold.objects.create(claim=papers, code=HoldCode.RETURN)
        Hold.objects.create(claim=twice, code=HoldCode.RETURN)
        Hold.objects.create(claim=twice, code=HoldCode.DUPLICATE)

        assert self.client.get(ALL).context["found"].free == []
        self.assertContains(self.press("?also_held=on"), "1 claim verified.")
        assert self.statuses() == {papers.pk: "verified", twice.pk: "prepared"}

    def test_what_changed_since_the_look_is_not_confirmed_unseen(self):
        one, two = self.claim(), self.claim()
        for changed in ({"count": 1}, {"total": "1.00"}, {"count": "x"}, {"total": "NaN"}):
            with self.subTest(changed):
                page = self.press(**changed)
                assert page.context["found"].free == [one, two]
        self.assertContains(self.press(count=1), "have changed since you looked")
        assert not Entry.objects.exists()

    def test_only_those_that_the_list_was_narrowed_to(self):
        one, two = self.claim(), self.claim()
        self.press(f"?centre={one.lines.get().deployment.post.station.code}")
        assert self.statuses() == {one.pk: "verified", two.pk: "prepared"}

    def test_nothing_to_verify_is_said(self):
        self.claim(ClaimStatus.VERIFIED)
        self.assertContains(self.client.get(ALL), "None can be verified at once.")
        self.assertContains(self.press(), "None of these claims can be verified at once")
        assert not Entry.objects.exists()

    def test_who_is_kept_out(self):
        claim = self.claim()
        question = reverse("claims:question", args=[claim.pk])
        for user in (
            claim.officer.user,
            make.director(self.place, Office.SCDE),
            make.centre(make.station(sub_county=self.place)),
            make.user(),
        ):
            make.sign_in(self.client, user)
            for url in (ALL, question):
                assert self.client.get(url).status_code == 404
                answer = self.client.post(url, {"count": 1, "total": 1100, "reason": "x"})
                assert answer.status_code == 404
        make.sign_in(self.client, make.director(self.place, Office.SCDE), minutes_ago=16)
        for url in (ALL, VERIFY):  # before a code is asked of them
            assert self.client.post(url).status_code == 404
        make.sign_in(self.client, make.director(make.sub_county()))
        assert self.client.get(question).status_code == 404
        assert self.client.get(ALL).context["found"].free == []
        for user in (make.director(self.place, Office.SCDE), make.user()):
            with pytest.raises(Refused, match="Only the TSC"):
                services.verify_free(Claim.objects.all(), by=user, seen=Asked(1, Decimal(1100)))
        assert self.statuses() == {claim.pk: "prepared"}

    def test_a_few_statements_however_many(self):
        def queries(number):
            for _ in range(number):
                self.claim()
            claims = Claim.objects.filter(status="prepared")
            with CaptureQueriesContext(connection) as captured:
                services.verify_free(
                    claims, by=self.director, seen=Asked(number, Decimal(1100 * number))
                )
            return len(captured)

        assert queries(1) == queries(6) <= 7


class Questioning(Area):
    def ask(self, claim, reason="The centre was closed on the 4th"):
        return self.client.post(
            reverse("claims:question", args=[claim.pk]), {"reason": reason}, follow=True
        )

    def test_it_stays_unverified_and_the_officer_reads_why(self):
        claim = self.claim()
        page = self.client.get(reverse("claims:area_claim", args=[claim.pk]))
        self.assertContains(page, reverse("claims:question", args=[claim.pk]))
        self.assertContains(self.ask(claim), "It stays unverified.")

        claim.refresh_from_db()
        assert claim.status == ClaimStatus.PREPARED
        entry = Entry.objects.about(claim).get()
        assert entry.verb == "claim.questioned"
        assert entry.details == {"reason": "The centre was closed on the 4th"}
        self.client.force_login(claim.officer.user)
        page = self.client.get(reverse("claims:claim", args=[claim.pk]))
        self.assertContains(page, "The centre was closed on the 4th")
        self.assertContains(page, "The Sub-County Director asks about your days")

    def test_satisfied_the_director_verifies_it(self):
        claim = self.claim()
        self.ask(claim)
        self.post(claim)

        claim.refresh_from_db()
        assert (claim.status, claim.question) == (ClaimStatus.VERIFIED, "")

    def test_only_of_what_waits_to_be_verified(self):
        for status in set(ClaimStatus) - {ClaimStatus.PREPARED}:
            claim = self.claim(status)
            with self.subTest(status):
                self.assertContains(self.ask(claim), "so nothing is asked about it here")
                claim.refresh_from_db()
                assert claim.question == ""

    def test_the_database_keeps_a_question_from_being_passed_over(self):
        for status in (ClaimStatus.VERIFIED, ClaimStatus.APPROVED):
            claim = self.claim(status)
            with refused("verified_without_a_question"):
                Claim.objects.filter(pk=claim.pk).update(question="Was he there?")

    def test_nobody_asks_about_their_own(self):
        claim = self.claim(officer=make.officer(user=self.director))
        self.assertContains(self.ask(claim), "This claim is your own")

    def test_what_cannot_be_read_is_refused(self):
        claim = self.claim()
        for reason in ("", "x" * 301, "a\0b", "a\u202eb"):
            page = self.ask(claim, reason)
            assert page.context["form"].errors["reason"]
        assert not Entry.objects.exists()


class Centres(Area):
    def test_those_that_lag_behind_come_first(self):
        done, waiting = self.claim(ClaimStatus.VERIFIED), self.claim()
        bare = make.deployment(
            post=make.post(exam=self.exam, station=make.station(sub_county=self.place), required=3)
        )
        make.deployment(post=bare.post, slot=2)
        Hold.objects.create(claim=done, code=HoldCode.RETURN)
        rows = list(self.client.get(reverse("claims:area_centres")).context["page"])

        stations = [row.station for row in rows]
        assert stations == [
            bare.post.station,
            waiting.lines.get().deployment.post.station,
            done.lines.get().deployment.post.station,
        ]
        assert [(row.without, row.prepared, row.verified, row.held) for row in rows] == [
            (2, 0, 0, 0),
            (0, 1, 0, 0),
            (0, 0, 1, 1),
        ]

    def test_same_queries_for_one_centre_and_for_many(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                self.client.get(reverse("claims:area_centres"))
            return len(queries)

        self.claim()
        one = count()
        for _ in range(4):
            self.claim()
        assert count() == one <= 8

    def test_no_exam_yet(self):
        self.assertContains(self.client.get(reverse("claims:area_centres")), "Nobody served here")
        for exam in ("9" * 30, "x", "\0"):
            page = self.client.get(reverse("claims:area_centres"), {"exam": exam})
            assert page.status_code == 200


class Searching(Area):
    def test_by_name_number_centre_and_position(self):
        one, other = self.claim(), self.claim()
        line = one.lines.get().deployment.post
        make.terms(self.exam, line.position)
        for query in (
            {"q": one.officer.full_name},
            {"q": one.officer.national_id},
            {"q": one.officer.tsc_number},
            {"q": one.officer.phone},
            {"centre": line.station.code},
            {"centre": line.station.name.upper()},
        ):
            with self.subTest(query):
                assert self.listed(**query) == [one]
        assert {*self.listed(position=line.position_id)} == {one, other}
        assert self.listed(q="Nobody of that name") == []

    def test_the_list_leaves_as_a_file_with_masked_numbers(self):
        claim = self.claim()
        Hold.objects.create(claim=claim, code=HoldCode.RETURN)
        url = reverse("claims:area_claims_files")
        for kind in ("csv", "xlsx", "pdf"):
            answer = self.client.post(url, {"as": kind})
            assert answer.status_code == 200, kind
        written = b"".join(self.client.post(url, {"as": "csv"})).decode()
        assert claim.officer.full_name in written
        assert claim.officer.national_id not in written
        assert "The centre's signed register has not reached KNEC" in written
        assert Entry.objects.filter(verb="claims.taken").count() == 4
