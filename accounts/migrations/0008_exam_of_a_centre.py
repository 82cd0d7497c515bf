"""A centre's account is issued for one exam, and ends with it."""

from collections import defaultdict
from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def give_exams(apps: Any, schema_editor: Any) -> None:
    """Accounts that there are belong to the newest exam that the centre is entered for, of the kind
    that their name begins with. One without any entry has nothing to see; it gets a newest exam."""
    User = apps.get_model("accounts", "User")
    newest = list(apps.get_model("catalogue", "Exam").objects.order_by("-ends_on", "-pk"))
    entered = defaultdict(list)
    entries = apps.get_model("catalogue", "CentreEntry").objects.values_list("station", "exam")
    for station, exam in entries.iterator():
        entered[station].append(exam)
    accounts, taken = [], set()
    for account in User.objects.filter(role="centre").order_by("pk").iterator():
        choice = sorted(
            (exam for exam in newest if (account.station_id, exam.pk) not in taken),
            key=lambda exam: (
                exam.pk not in entered[account.station_id],
                not account.username.startswith(exam.abbreviation),
            ),
        )
        account.exam = choice[0]
        taken.add((account.station_id, account.exam_id))
        accounts.append(account)
    User.objects.bulk_update(accounts, ["exam"], batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_one_app_and_help"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("catalogue", "0003_centres_sign_in_for"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="user",
            name="role_has_its_place",
        ),
        migrations.AddField(
            model_name="user",
            name="exam",
            field=models.ForeignKey(
                blank=True,
                help_text="Of a centre's account, which ends with it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="accounts",
                to="catalogue.exam",
                verbose_name="exam",
            ),
        ),
        migrations.RunPython(give_exams, migrations.RunPython.noop),
        # or the table could not be altered while its new foreign keys wait to be checked
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("exam", None),
                        ("office", ""),
                        ("phone__isnull", False),
                        ("role", "officer"),
                        ("station", None),
                        ("sub_county", None),
                    ),
                    models.Q(
                        ("exam__isnull", False),
                        ("office", ""),
                        ("role", "centre"),
                        ("station__isnull", False),
                        ("sub_county", None),
                    ),
                    models.Q(
                        ("exam", None),
                        ("office__in", ["tsc", "scde"]),
                        ("role", "director"),
                        ("station", None),
                        ("sub_county__isnull", False),
                    ),
                    models.Q(
                        ("exam", None),
                        ("office", ""),
                        ("role", "staff"),
                        ("station", None),
                        ("sub_county", None),
                    ),
                    _connector="OR",
                ),
                name="role_has_its_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("station", "exam"), name="one_account_of_a_centre_per_exam"
            ),
        ),
    ]
