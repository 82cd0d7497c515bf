"""What officers are offered to begin with: KNEC's reasons for not being paid, and what else comes
up every season. Headquarters goes on from here."""

from typing import Any

from django.db import migrations

# Category, name in English, in Kiswahili, days or none, words of a text.
TOPICS = [
    (
        "payment",
        "I worked but was not deployed in CP2",
        "Nilifanya kazi lakini sikupangiwa katika CP2",
        None,
        "",
    ),
    (
        "payment",
        "I was deployed, worked and was not paid",
        "Nilipangiwa, nikafanya kazi na sikulipwa",
        None,
        "paid pay payment money salary mpesa lipwa sijalipwa sikulipwa malipo pesa hela",
    ),
    (
        "payment",
        "I was paid too little",
        "Nililipwa pungufu",
        None,
        "less little pungufu",
    ),
    (
        "payment",
        "My M-Pesa name or number is wrong",
        "Jina au nambari yangu ya M-Pesa si sahihi",
        None,
        "",
    ),
    (
        "payment",
        "My ID or TSC number is missing",
        "Nambari yangu ya kitambulisho au ya TSC haipo",
        None,
        "",
    ),
    (
        "payment",
        "The register of my centre was not sent",
        "Rejista ya kituo changu haikutumwa",
        None,
        "",
    ),
    (
        "deployment",
        "My letter is missing or wrong",
        "Barua yangu haipo au ina makosa",
        3,
        "letter barua",
    ),
    (
        "deployment",
        "I cannot serve where I was deployed",
        "Siwezi kufanya kazi nilikopangiwa",
        3,
        "deployed deployment transfer nilipangiwa sikupangiwa",
    ),
    (
        "attendance",
        "I was marked absent but was present",
        "Niliwekwa hayupo ingawa nilikuwepo",
        None,
        "absent register attendance hayupo rejista",
    ),
    (
        "profile",
        "My name or number is wrong",
        "Jina au nambari yangu si sahihi",
        None,
        "name number line jina nambari laini",
    ),
]


def make_topics(apps: Any, schema_editor: Any) -> None:
    Topic = apps.get_model("enquiries", "Topic")
    for place, (category, name_en, name_sw, days, words) in enumerate(TOPICS, start=1):
        Topic.objects.get_or_create(
            category=category,
            name_en=name_en,
            defaults={
                "name_sw": name_sw,
                "order": place * 10,
                "promised_days": days,
                "words": words,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("enquiries", "0004_topics_promises_and_files")]

    operations = [migrations.RunPython(make_topics, migrations.RunPython.noop)]
