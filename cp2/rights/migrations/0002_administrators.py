"""Administrators look after accounts, groups, limits and the lists that every season shares. Who
changes rates proposes; who approves money confirms."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

KNOWN = ["county", "subcounty", "activity", "position", "subject", "bank", "bankbranch"]
RATES = ["ratechange", "markingrate", "taxrule"]
RIGHTS = {
    "Administrator": [
        "accounts.view_user",
        "accounts.add_user",
        "accounts.change_user",
        "accounts.issue_password",
        "accounts.reset_code",
        "auth.view_group",
        "limits.view_limit",
        "limits.change_limit",
        "rights.view_powerchange",
        "rights.decide_powerchange",
        "rights.see_looks",
        "runs.view_run",
        "runs.change_run",
        # two accounts of one person: nobody else may make them one
        "profiles.view_officer",
        "profiles.merge_officer",
        *(f"catalogue.{verb}_{model}" for model in KNOWN for verb in ("view", "add", "change")),
        *(
            f"catalogue.view_{model}"
            for model in ("exam", "examday", "dutystation", "centreentry", "markingentry")
        ),
    ],
    "Auditor": [
        "auth.view_group",
        "rights.view_powerchange",
        "rights.view_rateproposal",
        "rights.see_looks",
    ],
    "Deployment": ["rights.view_rateproposal"],
    "Finance preparer": [
        "rights.view_rateproposal",
        *(f"claims.{verb}_{model}" for model in RATES for verb in ("view", "add", "change")),
    ],
    "Finance approver": ["rights.view_rateproposal", "rights.decide_rateproposal"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    for label in ("auth", "accounts", "catalogue", "claims", "limits", "profiles", "rights", "runs"):
        create_permissions(installed.get_app_config(label), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    there = {
        f"{each.content_type.app_label}.{each.codename}": each
        for each in Permission.objects.select_related("content_type")
    }
    for name, rights in RIGHTS.items():
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.add(*(there[right] for right in rights))


class Migration(migrations.Migration):
    dependencies = [
        ("rights", "0001_proposals"),
        ("accounts", "0011_entries_by_verb"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("catalogue", "0009_daily_reports"),
        ("claims", "0021_who_sets_rates"),
        ("limits", "0007_enquiries_by_text"),
        ("profiles", "0010_paid_by"),
        ("runs", "0002_who_sees_runs"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
