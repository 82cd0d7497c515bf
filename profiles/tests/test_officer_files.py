"""A director takes the list of officers away: masked, with a fresh code, and on the record."""

from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from cp2.rules import Role
from cp2.tests import make

FILES = reverse("profiles:area_officers_files")


class OfficerFiles(TestCase):
    def setUp(self):
        self.place = make.sub_county("Bonchari")
        self.officer = make.officer(
            sub_county=self.place,
            full_name="Atieno Ochieng",
            national_id="31234567",
            tsc_number="654321",
        )
        make.officer(sub_county=self.place, full_name="Barasa", vetting="pending")
        make.officer(full_name="Somebody Elsewhere")
        self.director = make.director(self.place)
        make.sign_in(self.client, self.director)

    def take(self, kind="csv", query=""):
        return self.client.post(FILES + query, {"as": kind})

    def test_as_it_is_filtered_with_numbers_masked(self):
        text = self.take(query="?vetting=vetted").getvalue().decode("utf-8-sig")

        assert text.splitlines()[1:] == [f"Atieno Ochieng,{self.local()},•••••567,•••••321,Vetted"]
        entry = Entry.objects.get(verb="officers.taken")
        assert (entry.actor, entry.subject_id) == (self.director, self.place.pk)
        assert entry.details == {"kind": "csv", "rows": 1, "filters": "Vetting: vetted"}

    def local(self):
        phone = self.officer.phone
        return f"0{phone[3:6]} {phone[6:9]} {phone[9:]}"

    def test_in_every_kind_and_none_but_their_own(self):
        for kind, start in (("xlsx", b"PK"), ("pdf", b"%PDF")):
            assert self.take(kind).content.startswith(start)
        assert self.take("exe").status_code == 404
        assert "Elsewhere" not in self.take().getvalue().decode()

    def test_what_cannot_be_searched_for_finds_nobody(self):
        rows = self.take(query="?vetting=nonsense").getvalue().decode("utf-8-sig").splitlines()
        assert len(rows) == 1

    def test_with_a_fresh_code_and_for_directors_only(self):
        make.sign_in(self.client, self.director, minutes_ago=20)
        assert self.take()["Location"].startswith(reverse("accounts:code"))
        for user in (make.officer().user, make.user(Role.STAFF), make.centre(make.station())):
            make.sign_in(self.client, user)
            assert self.take().status_code == 404
        assert not Entry.objects.filter(verb="officers.taken").exists()
