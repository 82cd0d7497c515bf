"""What headquarters sees of officers: much, masked in lists, and nothing it can type over."""

from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from cp2.tests import make
from profiles import services
from profiles.models import Officer, Vetting
from sms.models import Message

MODELS = ["officer", "workexperience", "qualification", "bankaccount", "nextofkin"]


class Headquarters(TestCase):
    def setUp(self):
        self.officer = make.officer(vetting=Vetting.PENDING, national_id="30000001")
        make.work(self.officer)
        make.qualification(self.officer)
        make.bank_account(self.officer)
        make.next_of_kin(self.officer)
        self.staff = make.user(is_superuser=True)
        make.sign_in(self.client, self.staff)
        self.list = reverse("admin:profiles_officer_changelist")

    def act(self, action, **data):
        return make.act(self.client, self.list, action, self.officer, **data)

    def test_lists_show_numbers_masked(self):
        for model in MODELS:
            page = self.client.get(reverse(f"admin:profiles_{model}_changelist"))
            assert page.status_code == 200
            assert "30000001" not in page.text
            assert "0012345678901" not in page.text
            assert self.officer.next_of_kin.phone not in page.text

    def test_nothing_of_an_officer_can_be_typed_over_added_or_removed(self):
        for model in MODELS:
            rows = Officer.objects.all() if model == "officer" else None
            pk = (rows or self.of(model)).get().pk
            page = self.client.get(reverse(f"admin:profiles_{model}_change", args=[pk]))
            assert page.status_code == 200
            form = page.context["adminform"].form
            assert not form.fields
            add = reverse(f"admin:profiles_{model}_add")
            assert self.client.get(add).status_code == 404
            delete = reverse(f"admin:profiles_{model}_delete", args=[pk])
            assert self.client.post(delete, {"post": "yes"}).status_code == 404

    def of(self, model):
        return {
            "workexperience": self.officer.work,
            "qualification": self.officer.qualifications,
            "bankaccount": type(self.officer.bank_account).objects,
            "nextofkin": type(self.officer.next_of_kin).objects,
        }[model].all()

    def test_whoever_opens_an_officer_or_a_bank_account_is_written_down(self):
        self.client.get(reverse("admin:profiles_officer_change", args=[self.officer.pk]))
        account = self.officer.bank_account
        self.client.get(reverse("admin:profiles_bankaccount_change", args=[account.pk]))

        entries = Entry.objects.about(self.officer)
        assert [entry.verb for entry in entries] == ["officer.viewed"] * 2
        assert {entry.actor for entry in entries} == {self.staff}

    def test_b_041_an_account_of_two_people_is_allowed_recorded_and_found(self):
        account = self.officer.bank_account
        other, third = make.officer(), make.officer()
        for officer, number in ((other, account.number), (third, "7777777")):
            services.save_bank_account(
                officer, bank=account.bank, branch=account.branch, number=number, by=officer.user
            )

        entry = Entry.objects.get(verb="bank_account.shared")
        assert entry.details == {"officer": other.pk, "others": [self.officer.pk]}
        assert account.number not in str(entry.details)
        url = reverse("admin:profiles_bankaccount_changelist")
        found = self.client.get(url, {"shared": "yes"}).context["cl"].result_list
        assert {each.officer for each in found} == {self.officer, other}
        assert self.client.get(url).context["cl"].result_count == 3

    def test_one_finds_an_officer_by_a_whole_number_or_how_the_name_begins(self):
        for q in (
            "30000001",
            self.officer.phone,
            self.officer.kra_pin,
            self.officer.tsc_number,
            self.officer.full_name[:12],
        ):
            assert self.client.get(self.list, {"q": q}).context["cl"].result_count == 1
        assert self.client.get(self.list, {"q": "3000000"}).context["cl"].result_count == 0

    def test_vetting_and_barring_go_through_the_services(self):
        self.act("vet")
        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.VETTED

        page = self.act("bar")
        assert "Enter the reason" in page.text
        self.act("bar", reason="Leaked a paper")

        self.officer.refresh_from_db()
        assert (self.officer.vetting, self.officer.vetting_reason) == (
            Vetting.BARRED,
            "Leaked a paper",
        )
        assert Message.objects.get().template == "profiles/barred"

    def test_a_reason_that_cannot_be_read_is_refused(self):
        page = self.act("bar", reason="x\u202ey")

        assert "hidden characters" in page.text
        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.PENDING

    def test_whoever_may_only_look_has_no_actions(self):
        reader = make.user()
        reader.user_permissions.add(
            Permission.objects.get(codename="view_officer", content_type__app_label="profiles")
        )
        make.sign_in(self.client, reader)

        page = self.client.get(self.list)
        assert page.status_code == 200
        assert 'value="vet"' not in page.text
        page = self.client.get(reverse("admin:profiles_officer_change", args=[self.officer.pk]))
        assert "Mwangaza Primary School" in page.text
        self.act("vet")
        self.officer.refresh_from_db()
        assert self.officer.vetting == Vetting.PENDING
