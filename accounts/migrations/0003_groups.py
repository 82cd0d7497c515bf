"""Headquarters' groups. Nobody in them approves what they prepared; auditors change nothing."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

PORTAL = [
    "accounts",
    "attendance",
    "catalogue",
    "claims",
    "deployments",
    "enquiries",
    "profiles",
    "sms",
    "vacancies",
]
MONEY = ["claim", "claimline", "hold", "paymentbatch", "payment"]


def view(*models: str) -> list[str]:
    return [f"view_{model}" for model in models]


GROUPS = {
    "Deployment": [
        *view(
            "county", "subcounty", "bank", "bankbranch", "activity", "position", "user",
            "officer", "application", "deployment", "letter", "mark", "register",
            "registerreturn", "supervisorreport", "message", "allocationrun", "enquiry", "reply",
        ),
        *(
            f"{verb}_{model}"
            for model in (
                "dutystation", "exam", "examday", "positionterms", "centreentry", "vacancy",
                "post", "lettertext",
            )
            for verb in ("view", "add", "change")
        ),
        "change_deployment",
        "change_officer",
        "change_registerreturn",
    ],
    "Finance preparer": [
        *view("officer", "mark", "register", "exam", "positionterms", *MONEY),
        "prepare_paymentbatch",
    ],
    "Finance approver": [
        *view("officer", "mark", "register", "exam", "positionterms", *MONEY),
        "approve_claim",
        "approve_paymentbatch",
        "change_hold",
    ],
    "Helpdesk": [
        *view(
            "user", "officer", "application", "deployment", "letter", "claim", "hold", "message",
            "inboundmessage", "receipt", "enquiry", "reply",
        ),
        "issue_password",
        "send_again",
        "change_enquiry",
        "add_reply",
        "dispute_claim",
    ],
}


def make_groups(apps: Any, schema_editor: Any) -> None:
    for label in PORTAL:  # permissions are otherwise made only after the last migration
        create_permissions(installed.get_app_config(label), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label__in=PORTAL)
    for name, codenames in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(ours.filter(codename__in=codenames))
    auditor, _ = Group.objects.get_or_create(name="Auditor")
    auditor.permissions.set(ours.filter(codename__startswith="view_"))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("attendance", "0001_initial"),
        ("catalogue", "0001_initial"),
        ("claims", "0001_initial"),
        ("deployments", "0001_initial"),
        ("enquiries", "0001_initial"),
        ("profiles", "0001_initial"),
        ("sms", "0001_initial"),
        ("vacancies", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
