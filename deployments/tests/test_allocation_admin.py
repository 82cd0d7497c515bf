"""Headquarters: starts a run of any scope, watches, confirms; and says what counts."""

from django.contrib.auth.models import Group
from django.urls import reverse
from django_webtest import WebTest

from cp2.tests import make
from deployments.allocation.worker import work
from deployments.models import (
    AllocationRun,
    AllocationWeights,
    Deployment,
    ProposalStatus,
    RunStatus,
    Whose,
)
from deployments.tests.allocating import Place


class HeadquartersTests(WebTest):
    def setUp(self):
        self.place = Place(required=(1, 1))
        self.staff = make.user()
        self.staff.groups.set(Group.objects.filter(name="Deployment"))
        self.sign_in(self.staff)

    def sign_in(self, user):
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def look(self, run):
        return self.app.get(reverse("admin:deployments_allocation", args=[run.pk]))

    def button(self, page, words):
        return next(form for form in page.forms.values() if words in form.text)

    def test_from_the_start_to_the_deployments(self):
        for _each in range(2):
            self.place.applicant()
        page = self.app.get(reverse("admin:deployments_allocationrun_changelist"))
        form = self.button(page.click("Make a proposal"), "novalidate")
        form["exam"] = str(self.place.exam.pk)
        form["spill"] = "nation"
        watching = form.submit().follow()
        assert watching.headers["Refresh"] == "2"
        run = AllocationRun.objects.get()
        assert (run.scope, run.whose, run.parts.count()) == (None, Whose.ALL, 2)
        work()
        page = self.look(run)
        assert "Refresh" not in page.headers
        assert "Every free place has an officer." in page
        self.button(page, "Confirm 2 officers").submit().follow()
        work()
        assert "2 deployed" in self.look(run).text.replace("\n", " ")
        assert Deployment.objects.count() == 2
        run.refresh_from_db()
        assert (run.status, run.confirmed_by) == (RunStatus.CONFIRMED, self.staff)

    def test_a_sub_county_or_a_county_and_not_both(self):
        page = self.app.get(reverse("admin:deployments_allocation_start"))
        form = self.button(page, "novalidate")
        form["exam"] = str(self.place.exam.pk)
        form["sub_county"] = str(self.place.area.pk)
        form["county"] = str(self.place.area.county.pk)
        assert "Choose a sub-county or a county, not both." in form.submit()
        assert not AllocationRun.objects.exists()

    def test_called_off_and_refused_in_words(self):
        run = self.place.run(by=None, scope=None, whose=Whose.ALL)
        self.button(self.look(run), "Call it off").submit()
        run.refresh_from_db()
        assert run.status == RunStatus.CANCELLED
        url = reverse("admin:deployments_allocation_confirm", args=[run.pk])
        page = self.client.post(url, follow=True)
        self.assertContains(page, "is cancelled, so it cannot be")

    def test_a_failed_part_says_why_and_is_tried_again(self):
        run = self.place.run(by=None, scope=None, whose=Whose.ALL)
        AllocationRun.objects.update(status="failed")
        run.parts.update(status="failed", failure="ValueError: odd")
        page = self.look(run)
        assert "ValueError: odd" in page
        self.button(page, "Try again").submit()
        run.refresh_from_db()
        assert run.status == RunStatus.WAITING

    def test_officers_are_taken_out_with_a_reason(self):
        self.place.applicant()
        run = self.place.proposed(by=None, scope=None, whose=Whose.ALL)
        proposal = run.proposals.get()
        url = reverse("admin:deployments_proposal_changelist")
        self.assertContains(make.act(self.client, url, "remove", proposal), "Enter the reason")
        make.act(self.client, url, "remove", proposal, reason="Under enquiry")
        proposal.refresh_from_db()
        assert (proposal.status, proposal.reason) == (ProposalStatus.REMOVED, "Under enquiry")

    def test_every_list_of_a_run_opens(self):
        self.place.applicant()
        self.place.applicant(vetting="barred", vetting_reason="Fraud")
        run = self.place.proposed(by=None, scope=None, whose=Whose.ALL)
        for model in ("proposal", "emptypost", "unplaced"):
            url = reverse(f"admin:deployments_{model}_changelist")
            page = self.client.get(url, {"run__id__exact": run.pk})
            assert page.context["cl"].result_count == 1, model
            row = page.context["cl"].result_list[0]
            one = reverse(f"admin:deployments_{model}_change", args=[row.pk])
            assert self.client.get(one).status_code == 200

    def test_what_counts_is_set_by_whoever_sets_the_terms(self):
        url = reverse("admin:deployments_allocationweights_add")
        page = self.app.get(url)
        form = page.forms["allocationweights_form"]
        form["exam"] = str(self.place.exam.pk)
        form["per_year"] = "101"
        assert "Points are from 0 to 100" in form.submit()
        form["per_year"] = "4"
        form.submit().follow()
        assert AllocationWeights.objects.get().per_year == 4

    def test_the_auditor_looks_and_changes_nothing(self):
        run = self.place.run(by=None, scope=None, whose=Whose.ALL)
        auditor = make.user()
        auditor.groups.set(Group.objects.filter(name="Auditor"))
        self.sign_in(auditor)
        page = self.look(run)
        assert "Call it off" not in page
        for name in ("confirm", "cancel", "again"):
            url = reverse(f"admin:deployments_allocation_{name}", args=[run.pk])
            assert self.client.post(url).status_code == 404
        assert self.client.get(reverse("admin:deployments_allocation_start")).status_code == 404
        weights = reverse("admin:deployments_allocationweights_add")
        assert self.client.get(weights).status_code == 404
