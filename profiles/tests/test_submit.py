"""A profile counts once it is submitted, and it is submitted once nothing is missing."""

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from profiles import services
from profiles.completeness import checklist
from profiles.models import Officer
from sms.models import Message


def ready():
    """Everything is there, and nothing submitted."""
    officer = make.officer(submitted_at=None, vetting="pending")
    make.work(officer)
    make.qualification(officer)
    make.bank_account(officer)
    make.next_of_kin(officer)
    return Officer.objects.get(pk=officer.pk)


WITHOUT = {
    "Personal details": lambda officer: setattr(officer, "kra_pin", None),
    "TSC or PF number": lambda officer: setattr(officer, "tsc_number", None),
    "Number to be paid": lambda officer: setattr(officer, "payee_phone", ""),
    "Bank details": lambda officer: officer.bank_account.delete(),
    "Current workstation": lambda officer: officer.work.update(ends_on=make.today()),
    "Highest qualification": lambda officer: officer.qualifications.all().delete(),
    "Next of kin": lambda officer: officer.next_of_kin.delete(),
}


class Submitting(TestCase):
    def test_a_whole_profile_is_submitted_and_the_officer_is_told(self):
        officer = ready()

        services.submit(officer, by=officer.user)

        officer.refresh_from_db()
        assert officer.submitted_at
        assert Entry.objects.about(officer).get().verb == "officer.submitted"
        assert Message.objects.get().template == "profiles/submitted"

    def test_submitting_again_changes_nothing(self):
        officer = ready()
        services.submit(officer, by=officer.user)
        officer.refresh_from_db()
        first = officer.submitted_at

        services.submit(officer, by=officer.user)

        officer.refresh_from_db()
        assert officer.submitted_at == first
        assert Message.objects.count() == Entry.objects.count() == 1

    def test_the_list_names_exactly_what_is_missing(self):
        assert [item.text for item in checklist(make.bare_officer()) if not item.done] == list(
            WITHOUT
        )
        assert all(item.done for item in checklist(ready()))

    def test_whoever_tsc_employs_needs_a_tsc_number(self):
        officer = ready()
        officer.tsc_number, officer.pf_number = None, "12345"
        officer.save()

        with self.assertRaisesMessage(Refused, "TSC or PF number"):
            services.submit(officer, by=officer.user)

    def test_a_police_officer_gives_a_pf_number_instead(self):
        officer = ready()
        officer.tsc_number, officer.pf_number = None, "12345"
        officer.save()
        officer.work.update(employer="police")

        assert services.submit(officer, by=officer.user).submitted_at

    def test_whoever_is_not_employed_needs_neither(self):
        officer = ready()
        officer.tsc_number = None
        officer.save()
        officer.work.update(employer="none")

        assert services.submit(officer, by=officer.user).submitted_at

    def test_the_page_asks_first_and_says_when_it_is_done(self):
        officer = ready()
        self.client.force_login(officer.user)
        url = reverse("profiles:submit")
        assert "By submitting you say" in self.client.get(url).text
        officer.refresh_from_db()
        assert officer.submitted_at is None

        page = self.client.post(url, follow=True)

        assert "Your profile is submitted" in page.text
        assert "submitted already" in self.client.get(url).text

    def test_the_page_lists_what_is_missing_and_a_post_is_refused_with_the_first(self):
        officer = make.bare_officer()
        self.client.force_login(officer.user)
        url = reverse("profiles:submit")
        assert "Next of kin" in self.client.get(url).text

        page = self.client.post(url, follow=True)

        assert "add what is missing: Personal details" in page.text
        officer.refresh_from_db()
        assert officer.submitted_at is None

    def test_later_changes_keep_the_day_of_submission(self):
        officer = ready()
        services.submit(officer, by=officer.user)
        officer.refresh_from_db()
        before = officer.submitted_at

        services.save_personal(officer, by=officer.user, town="Meru")

        officer.refresh_from_db()
        assert officer.submitted_at == before <= timezone.now()


@pytest.mark.django_db
@pytest.mark.parametrize("part", WITHOUT)
def test_without_a_part_it_is_refused_by_its_name_and_nothing_is_written(part):
    officer = ready()
    WITHOUT[part](officer)
    officer.save()
    officer = Officer.objects.get(pk=officer.pk)

    with pytest.raises(Refused, match=part):
        services.submit(officer, by=officer.user)

    officer.refresh_from_db()
    assert officer.submitted_at is None
    assert not Entry.objects.exists()
    assert not Message.objects.exists()
