"""Headquarters' pages, as each group meets them: none breaks, and none tells too much."""

import base64
import re
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import RequestFactory, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes
from accounts.models import RecoveryCode, User
from cp2.admin import ORDER
from cp2.rules import Role
from cp2.season.build import build
from cp2.tests import make

GROUPS = [
    "Administrator",
    "Deployment",
    "Finance preparer",
    "Finance approver",
    "Helpdesk",
    "Auditor",
]
# With a page of their own between, where more than a reason is chosen or shown: that of claims asks
# for one note about thousands of rows, which is more than a page of names can hold
ASK_IN_THEIR_OWN_WAY = {
    "take_away_code", "set_window", "answer_alike",
    "look", "hold_duplicate", "hold_investigation", "clear", "close", "settle",
}  # fmt: skip
# Done at once, since nothing is paid by it alone: another person still approves the batch, or has
# done so, and each row that may not be taken is refused by name. They take as many rows as an exam
# has, each time after a fresh code.
NEED_NOBODY_TO_ASK = {
    ("claims.claim", "approve"),
    ("claims.claim", "prepare_batch"),
    ("claims.claim", "check_holds"),
    ("claims.paymentbatch", "export_batch"),
}
MOST_QUERIES = 12  # with the session, and with what each filter offers
ODD = [
    "q=",
    "q=%00",
    "q=%ED%A0%80",
    "q=%22",
    "p=9999999",
    "p=-1",
    "p=" + "9" * 30,
    "e=1",
    "o=99",
    "o=x",
    "all=",
    "id__exact=" + "9" * 30,
    "status__exact=nonsense",
    "password__startswith=p",
    "issued_password__startswith=p",
    "user__password__startswith=p",
    "officer__user__password__startswith=p",
]


def pages_of(model: Any) -> list[str]:
    """A model's list, its page to add one, and the two of one row, if there is a row."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.order_by("pk").last()
    ours = [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
    return ours + [
        reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history") if row
    ]


def lists() -> list[str]:
    return [pages_of(model)[0] for model in admin.site._registry]


class AdminTests(TestCase):
    superuser: User

    @classmethod
    def setUpTestData(cls) -> None:
        build("tiny", 1, timezone.localdate(), lambda what: None)
        cls.superuser = make.user(Role.STAFF, is_superuser=True)

    def sign_in(self, group: str = "") -> None:
        self.client.logout()
        self.client.raise_request_exception = False
        staff = User.objects.order_by("pk")
        user = staff.filter(groups__name=group)[0] if group else self.superuser
        make.sign_in(self.client, user)

    def answers(self, urls: list[str]) -> dict[str, Any]:
        return {url: self.client.get(url) for url in urls}

    # No page breaks

    def test_the_superuser_may_look_at_every_list_and_row(self):
        """What each group may is the matrix's to say."""
        self.sign_in()
        for model in admin.site._registry:
            listed, add, *row = pages_of(model)
            for url, page in self.answers([listed, add, *row]).items():
                assert page.status_code == 200 or url == add, url
                assert b"DatabaseDefault" not in page.content, url

    def test_what_is_typed_into_an_address_breaks_no_list(self):
        self.sign_in()
        # each list in its turn a third of them: what reads an address is the same in all
        for number, url in enumerate(lists()):
            for query in ODD[number % 3 :: 3]:
                page = self.client.get(f"{url}?{query}")
                assert page.status_code in {200, 302, 400}, (url, query)

    def test_a_row_that_cannot_be_is_not_found(self):
        self.sign_in()
        for url in lists():
            for pk in ("0", "nonsense", "9" * 30, "%00"):
                assert self.client.get(f"{url}{pk}/change/").status_code in {302, 404}, (url, pk)

    # The order and the face

    def test_the_lists_stand_in_the_order_of_the_season(self):
        self.sign_in()
        page = self.client.get(reverse("admin:index"))
        listed = {
            app["app_label"]: [model["object_name"] for model in app["models"]]
            for app in page.context["app_list"]
        }
        assert list(listed.items()) == list(ORDER.items())

    def test_every_page_wears_our_colours_and_no_style_of_its_own(self):
        self.sign_in()
        users = reverse("admin:accounts_user_changelist")
        for url in (reverse("admin:index"), users, reverse("admin:accounts_user_add")):
            text = self.client.get(url).content.decode()
            assert "css/admin" in text
            assert "img/cp2" in text
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), url

    # None tells too much

    def test_nobody_finds_accounts_by_their_passwords(self):
        users = reverse("admin:accounts_user_changelist")
        for group in ["", *GROUPS]:
            self.sign_in(group)
            for query in (
                "password__startswith=a",
                "password__isnull=False",
                "issued_password__startswith=a",
                "issued_password=",
            ):
                assert self.client.get(f"{users}?{query}").status_code in {302, 400, 404}, query

    def test_no_masked_number_can_be_guessed_letter_by_letter(self):
        for group in ["", *GROUPS]:
            self.sign_in(group)
            for page, query in {
                "profiles_officer": "national_id__startswith=9",
                "profiles_bankaccount": "number__startswith=0",
                "profiles_registerentry": "national_id__gt=1",
                "profiles_nextofkin": "officer__kra_pin__startswith=A",
                "claims_payment": "payee_phone__startswith=254",
            }.items():
                url = f"{reverse(f'admin:{page}_changelist')}?{query}"
                assert self.client.get(url).status_code in {302, 400, 404}, url

    def test_no_page_has_a_field_for_a_password_or_shows_one(self):
        self.sign_in()
        hashes = set(User.objects.exclude(password="").values_list("password", flat=True))
        assert hashes
        for model in admin.site._registry:
            for url, page in self.answers(pages_of(model)).items():
                text = page.content.decode()
                assert 'type="password"' not in text, url
                assert 'name="password' not in text, url
                assert "field-password" not in text, url
                assert "field-issued_password" not in text, url
                assert not any(hashed in text for hashed in hashes), url

    def test_no_group_sees_or_sets_a_password_or_the_key_of_a_code(self):
        user = User.objects.filter(role=Role.DIRECTOR).first()
        codes.renew_recovery_codes(user)
        secrets = {
            *User.objects.exclude(password="").values_list("password", flat=True),
            *RecoveryCode.objects.values_list("digest", flat=True),
        }
        for key in TOTPDevice.objects.values_list("key", flat=True):
            secrets |= {key, base64.b32encode(bytes.fromhex(key)).decode()}
        for group in ["", *GROUPS]:
            self.sign_in(group)
            page = self.client.get(reverse("admin:accounts_user_change", args=[user.pk]))
            pages = [page, self.client.get(reverse("admin:accounts_user_add"))]
            pages += self.answers(lists()).values()
            for page in pages:
                text = page.content.decode()
                assert not any(secret in text for secret in secrets), group
                assert 'type="password"' not in text
                assert not re.search(r'name="[^"]*(password|key|secret)', text), group

    def test_nobody_makes_or_opens_the_app_of_another(self):
        app = TOTPDevice.objects.first()
        assert TOTPDevice not in admin.site._registry
        assert RecoveryCode not in admin.site._registry
        for group in ["", *GROUPS]:
            self.sign_in(group)
            for page in ("", "add/", f"{app.pk}/change/", f"{app.pk}/config/", f"{app.pk}/qrcode/"):
                url = f"/admin/otp_totp/totpdevice/{page}"
                assert self.client.get(url).status_code == 404, url
                assert self.client.post(url, {"user": app.user_id}).status_code == 404, url

    def test_the_admins_own_page_for_a_password_leads_to_ours(self):
        ours = reverse("accounts:change_password")
        old = self.superuser.password
        for group in ["", *GROUPS]:
            self.sign_in(group)
            page = self.client.get(reverse("admin:index")).content.decode()
            assert f'href="{ours}"' in page
            assert reverse("admin:password_change") not in page
            typed = {
                "old_password": make.PASSWORD,
                "new_password1": "mine-Alone-4711",
                "new_password2": "mine-Alone-4711",
            }
            for answer in (self.client.get, self.client.post):
                changed = answer(reverse("admin:password_change"), typed)
                assert (changed.status_code, changed.url) == (302, ours)
        assert User.objects.get(pk=self.superuser.pk).password == old

    def test_nobody_removes_people_marks_money_or_the_trail(self):
        """Days alone can go: of an exam's plan, while nothing hangs on them, and holidays."""
        request = RequestFactory().get("/")
        request.user = self.superuser
        removed = {
            model._meta.label
            for model, registered in admin.site._registry.items()
            if registered.has_delete_permission(request)
        }
        assert removed == {"catalogue.ExamDay", "opening.Holiday"}
        for model, registered in admin.site._registry.items():
            assert "delete_selected" not in registered.get_actions(request), model

    # What acts on rows, and what a list costs

    def test_every_action_asks_before_it_changes_rows(self):
        request = RequestFactory().get("/")
        request.user = self.superuser
        for model, registered in admin.site._registry.items():
            for name, (act, _name, _words) in registered.get_actions(request).items():
                asks = getattr(act, "asks_first", False) or name in ASK_IN_THEIR_OWN_WAY
                asks |= (model._meta.label_lower, name) in NEED_NOBODY_TO_ASK
                assert asks, (model, name)

    def test_a_list_costs_as_many_queries_for_one_row_as_for_fifty(self):
        self.sign_in()
        measured = 0
        for model, registered in admin.site._registry.items():
            url = pages_of(model)[0]
            costs, shown = [], []
            for per_page in (1, 50):
                registered.list_per_page, usual = per_page, registered.list_per_page
                with CaptureQueriesContext(connection) as queries:
                    page = self.client.get(url)
                registered.list_per_page = usual
                shown.append(len(page.context["cl"].result_list))
                costs.append(len(queries))
            assert costs[0] == costs[1], (model, costs, shown)
            assert costs[1] <= MOST_QUERIES, (model, costs)
            measured += shown[1] > 1
        assert measured > 40

    def test_nobody_writes_in_the_trail(self):
        self.sign_in()
        assert self.client.get(reverse("admin:accounts_entry_add")).status_code == 404

    # Who gets in

    def test_without_a_one_time_code_staff_get_nowhere(self):
        for user in [self.superuser, *User.objects.filter(groups__name__in=GROUPS)]:
            self.client.force_login(user)
            for url in [reverse("admin:index"), *lists()]:
                page = self.client.get(url)
                assert page.status_code == 302
                assert page.url.startswith(reverse("accounts:code")), url

    def test_strangers_are_asked_to_sign_in(self):
        for url in [reverse("admin:index"), *lists()]:
            page = self.client.get(url, follow=True)
            assert page.redirect_chain[-1][0].startswith(reverse("accounts:login")), url

    def test_for_officers_centres_and_directors_there_is_no_such_page(self):
        for role in (Role.OFFICER, Role.CENTRE, Role.DIRECTOR):
            user = User.objects.filter(role=role).order_by("pk")[0]
            make.sign_in(self.client, user)
            for url in [reverse("admin:index"), *lists()]:
                assert self.client.get(url, follow=True).status_code == 404, (role, url)

    def test_there_are_the_groups_that_are_tested_here(self):
        assert sorted(Group.objects.values_list("name", flat=True)) == sorted(GROUPS)
