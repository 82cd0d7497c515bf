"""What was changed is written down by the database, by whatever road it was changed."""

from unittest import mock

import pghistory
import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection, transaction
from django.test import TestCase

from accounts.models import User
from accounts.running import Work, acting
from claims.models import MarkingRate
from cp2.audit.context import within
from cp2.audit.models import Change, ChangeKind
from cp2.audit.verifying import guards
from cp2.audit.watched import WATCHED, unwatched
from cp2.mydata.parts import SECRET
from cp2.rules import Role
from cp2.runs import services as runs
from cp2.runs.models import RunKind
from cp2.runs.services import RUNS
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus
from profiles.models import BankAccount, Officer


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


class ChangeTests(TestCase):
    def setUp(self):
        self.deployment = make.deployment(DeploymentStatus.OFFERED)
        self.before = Change.objects.count()  # what it took to make it

    def written(self):
        return Change.objects.all()[: Change.objects.count() - self.before]

    def test_what_is_saved_is_written_down_field_by_field(self):
        self.deployment.reason = "Closer to home"
        self.deployment.save()

        (change,) = Change.objects.about(self.deployment)
        assert change.kind == ChangeKind.CHANGED
        assert change.fields == {"reason": ["", "Closer to home"]}

    def test_a_bulk_update_is_written_down_row_by_row(self):
        other = make.deployment(DeploymentStatus.OFFERED)
        Deployment.objects.update(status=DeploymentStatus.ACCEPTED)

        changed = Change.objects.filter(subject_type="deployments.deployment")
        assert {change.subject_id for change in changed} == {self.deployment.pk, other.pk}
        assert {str(change.fields) for change in changed} == {"{'status': ['offered', 'accepted']}"}

    def test_sql_past_the_portal_is_written_down_with_the_role_that_did_it(self):
        sql("UPDATE deployments_deployment SET reason = 'x' WHERE id = %s", self.deployment.pk)

        (change,) = Change.objects.about(self.deployment)
        assert change.fields == {"reason": ["", "x"]}
        assert change.actor is None
        assert change.through.startswith("database: ")

    def test_what_changes_nothing_that_is_watched_writes_nothing(self):
        Deployment.objects.update(reminded_at="2026-01-01T00:00Z", reason="")
        assert not self.written()

    def test_a_removed_row_leaves_what_it_was(self):
        bank = make.bank_account(make.officer())
        pk, number = bank.pk, bank.number
        bank.delete()

        change = Change.objects.get(subject_type="profiles.bankaccount")
        assert (change.kind, change.subject_id) == (ChangeKind.REMOVED, pk)
        assert change.fields["number"] == [number, None]

    def test_a_row_that_is_given_another_number_does_not_slip_through(self):
        group = Group.objects.create(name="Guests")
        sql("UPDATE auth_group SET id = 4711 WHERE id = %s", group.pk)

        kinds = {(change.kind, change.subject_id) for change in self.written()}
        assert kinds == {(ChangeKind.REMOVED, group.pk), (ChangeKind.APPEARED, 4711)}

    def test_rights_are_written_down_when_they_are_given_and_when_taken(self):
        user, group = make.user(Role.STAFF), Group.objects.get(name="Auditor")
        right = Permission.objects.get(codename="approve_claim")
        sql(
            "INSERT INTO accounts_user_groups (user_id, group_id) VALUES (%s, %s)",
            user.pk,
            group.pk,
        )
        user.groups.clear()
        user.user_permissions.add(right)
        group.permissions.add(right)

        assert list(Change.objects.about(user).values_list("fields", flat=True)) == [
            {"permission": [None, right.pk]},
            {"group": [group.pk, None]},
            {"group": [None, group.pk]},
        ]
        given = Change.objects.about(group).first()
        assert given
        assert given.fields == {"permission": [None, right.pk]}

    def test_a_table_that_is_emptied_is_written_down(self):
        sql("TRUNCATE claims_markingrate")
        (change,) = self.written()
        assert (change.kind, change.subject_id) == (ChangeKind.EMPTIED, None)
        assert change.subject_type == MarkingRate._meta.label_lower

    def test_who_and_through_what_is_said_by_the_context(self):
        clerk = make.user(Role.STAFF)
        with pghistory.context(user=clerk.pk, through="page /somewhere/"):
            Deployment.objects.update(reason="x")

        (change,) = Change.objects.about(self.deployment)
        assert (change.actor, change.through) == (clerk, "page /somewhere/")

    def test_a_worker_acts_for_whoever_asked_and_for_nobody_afterwards(self):
        asked = [make.user(Role.STAFF), None, make.user(Role.STAFF)]
        with within("task cp2.work"):
            for number, by in enumerate(asked):
                with acting(by):
                    Deployment.objects.update(reason=f"{number}")
            Deployment.objects.update(reason="after")

        written = [*reversed(Change.objects.about(self.deployment))]
        assert [each.actor for each in written] == [*asked, None]
        assert {each.through for each in written} == {"task cp2.work"}

    def test_a_run_is_the_act_of_whoever_started_it(self):
        clerk = make.user(Role.STAFF)
        work = Work(
            plan=lambda run: [1],
            step=lambda run, portion: Deployment.objects.update(reason="by a run"),
        )
        with mock.patch.object(RUNS, "work_of", return_value=work):
            runs.finish(runs.start(RunKind.CHECK, by=clerk, title="x"))
        assert Change.objects.about(self.deployment).first().actor == clerk

    def test_no_session_can_have_the_triggers_look_away(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT string_agg(tgname, ',') FROM pg_trigger WHERE tgname LIKE 'pgtrigger_%%'"
            )
            (names,) = cursor.fetchone()
            cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{names}}}"])
        Deployment.objects.update(reason="x")
        assert self.written()

    def test_a_changed_password_leaves_nothing_here(self):
        user = make.user(Role.STAFF)
        user.set_password("another-Pass-77")
        user.issued_password = user.password
        user.issued_at = user.date_joined
        user.save()
        assert not self.written()


class OnlyGrowTests(TestCase):
    def setUp(self):
        make.deployment(DeploymentStatus.OFFERED)
        Deployment.objects.update(reason="x")

    def refused(self, statement):
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            sql(statement)
        return refusal.value.__cause__.diag.constraint_name

    def test_what_was_changed_is_not_rewritten(self):
        for statement in (
            "UPDATE audit_change SET actor_id = NULL",
            "DELETE FROM audit_change",
            "TRUNCATE audit_change",
        ):
            assert self.refused(statement) == "changes_only_grow"

    def test_a_change_is_of_a_known_kind_and_of_a_row_or_of_all(self):
        values = "VALUES (%s, 'a.b', {}, '{{}}', '')"
        for kind, number, name in (
            ("'moved'", "1", "change_is_of_a_known_kind"),
            ("'changed'", "NULL", "change_is_of_a_row_or_of_all"),
            ("'emptied'", "1", "change_is_of_a_row_or_of_all"),
        ):
            statement = (
                "INSERT INTO audit_change (kind, subject_type, subject_id, fields, through) "
                + values.format(number).replace("%s", kind)
            )
            assert self.refused(statement) == name


@pytest.mark.parametrize("watched", WATCHED, ids=lambda each: each.model.__name__)
def test_every_field_is_watched_or_left_out_with_a_reason(watched):
    names = {each.name for each in watched.model._meta.concrete_fields if not each.primary_key}
    assert set(watched.left_out) <= names
    assert all(watched.left_out.values())


@pytest.mark.parametrize("watched", WATCHED, ids=lambda each: each.model.__name__)
def test_nothing_secret_is_watched(watched):
    secret = {each.name for each in watched.fields if SECRET.search(each.name)}
    assert secret - {"sha256"} == set()


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (User, {"username", "phone", "role", "office", "is_active", "is_superuser"}),
        (Officer, {"national_id", "kra_pin", "payee_phone", "payee_name", "vetting"}),
        (BankAccount, {"bank", "branch", "number"}),
    ],
)
def test_what_matters_most_is_watched(model, names):
    (watched,) = [each for each in WATCHED if each.model is model]
    assert names <= {each.name for each in watched.fields}


class UnwatchedTests(TestCase):
    def test_a_season_that_is_made_up_has_no_history_and_what_comes_after_has(self):
        deployment = make.deployment(DeploymentStatus.OFFERED)
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        with unwatched():
            Deployment.objects.update(reason="made up")
        assert not Change.objects.about(deployment).exists()
        assert guards() == []
        Deployment.objects.update(reason="for real")
        assert Change.objects.about(deployment).exists()
