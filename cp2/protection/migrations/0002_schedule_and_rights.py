"""The schedule as it begins, with every rule off; the processors that every deployment has; and
who looks after all that."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

YEAR = 365
RULES = [
    ("texts", 2 * YEAR, "Questions about a season come until the next one is over."),
    ("inbound", 2 * YEAR, "As the texts that we sent."),
    ("kin", 2 * YEAR, "They are needed only while somebody serves."),
    ("copies", 2 * YEAR, "They show who somebody is, once; whoever comes back sends them again."),
    ("certificates", 5 * YEAR, "Many serve again after a pause, and need not send them twice."),
    ("unused", YEAR, "Somebody who never came back has no use of an account."),
    ("registers", YEAR, "The agencies send a new one each season."),
]
PROCESSORS = [
    {
        "name": "Africa’s Talking Ltd",
        "does": "Carries our texts to the mobile networks.",
        "does_sw": "Hupeleka ujumbe wetu kwa mitandao ya simu.",
        "gets": "your phone number and the words of the text.",
        "gets_sw": "nambari yako ya simu na maneno ya ujumbe.",
        "where": "Nairobi",
    },
    {
        "name": "Safaricom PLC",
        "does": "Pays those who are paid by M-Pesa.",
        "does_sw": "Hulipa wanaolipwa kwa M-Pesa.",
        "gets": "the number to be paid, the name of its owner and the amount.",
        "gets_sw": "nambari ya kulipwa, jina la mwenyewe na kiasi.",
        "where": "Nairobi",
    },
]
RIGHTS = {
    "Administrator": [
        "view_datarequest", "view_retentionrule", "change_retentionrule", "view_breach",
        "add_breach", "change_breach", "view_processor", "add_processor", "change_processor",
    ],
    "Helpdesk": ["view_datarequest", "add_datarequest", "change_datarequest"],
    "Auditor": ["view_datarequest", "view_retentionrule", "view_breach", "view_processor"],
}  # fmt: skip


def begin(apps: Any, schema_editor: Any) -> None:
    Rule = apps.get_model("protection", "RetentionRule")
    for rule, days, why in RULES:
        Rule.objects.create(rule=rule, days=days, why=why)
    Processor = apps.get_model("protection", "Processor")
    for each in PROCESSORS:
        Processor.objects.create(**each)
    create_permissions(installed.get_app_config("protection"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="protection")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("protection", "0001_data_protection"), ("rights", "0002_administrators")]

    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
