"""Where all the money is, counted. Triggers note of which exam something has changed, once a
statement: a nation's claims are prepared in one."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


CHANGES = """
CREATE FUNCTION claims_are_to_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claims_moneychange (exam_id) SELECT DISTINCT exam_id FROM touched;
    RETURN NULL;
END $$;
CREATE TRIGGER claims_are_to_be_counted_insert AFTER INSERT
    ON claims_claim REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION claims_are_to_be_counted();
CREATE TRIGGER claims_are_to_be_counted_update AFTER UPDATE
    ON claims_claim REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION claims_are_to_be_counted();
CREATE TRIGGER claims_are_to_be_counted_delete AFTER DELETE
    ON claims_claim REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION claims_are_to_be_counted();

CREATE FUNCTION holds_are_to_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claims_moneychange (exam_id)
    SELECT DISTINCT claim.exam_id FROM touched JOIN claims_claim claim ON claim.id = touched.claim_id;
    RETURN NULL;
END $$;
CREATE TRIGGER holds_are_to_be_counted_insert AFTER INSERT
    ON claims_hold REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION holds_are_to_be_counted();
CREATE TRIGGER holds_are_to_be_counted_update AFTER UPDATE
    ON claims_hold REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION holds_are_to_be_counted();

INSERT INTO claims_moneychange (exam_id) SELECT DISTINCT exam_id FROM claims_claim;
"""
UNDO = """
DROP TRIGGER claims_are_to_be_counted_insert ON claims_claim;
DROP TRIGGER claims_are_to_be_counted_update ON claims_claim;
DROP TRIGGER claims_are_to_be_counted_delete ON claims_claim;
DROP FUNCTION claims_are_to_be_counted;
DROP TRIGGER holds_are_to_be_counted_insert ON claims_hold;
DROP TRIGGER holds_are_to_be_counted_update ON claims_hold;
DROP FUNCTION holds_are_to_be_counted;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0009_daily_reports"),
        ("claims", "0014_who_looks_for_ghosts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MoneyChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalogue.exam",
                        verbose_name="exam",
                    ),
                ),
            ],
            options={
                "verbose_name": "change to be counted",
                "verbose_name_plural": "changes to be counted",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="AuditSample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seed", models.CharField(max_length=40, verbose_name="seed")),
                ("size", models.PositiveSmallIntegerField(verbose_name="payments")),
                ("by_county", models.BooleanField(verbose_name="shared out over the counties")),
                ("drawn_from", models.PositiveIntegerField(verbose_name="out of")),
                (
                    "payments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        size=None,
                        verbose_name="payments drawn",
                    ),
                ),
                ("drawn_at", models.DateTimeField(verbose_name="drawn")),
                (
                    "drawn_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drawn by",
                    ),
                ),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.exam",
                        verbose_name="exam",
                    ),
                ),
            ],
            options={
                "verbose_name": "auditor's sample",
                "verbose_name_plural": "auditor's samples",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("payments__len", models.F("size")),
                            ("size__gte", 1),
                            ("drawn_from__gte", models.F("size")),
                        ),
                        name="sample_is_of_what_there_is",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("seed", ""), _negated=True), name="sample_has_its_seed"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MoneyCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("mpesa", "M-Pesa"),
                            ("eft", "Bank, a list for each bank"),
                            ("iso", "Bank, ISO 20022"),
                            ("bank", "Bank, in no batch yet"),
                        ],
                        max_length=5,
                        verbose_name="channel",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("prepared", "Prepared"),
                            ("verified", "Verified"),
                            ("approved", "Approved"),
                            ("paying", "Being paid"),
                            ("paid", "Paid"),
                            ("disputed", "Disputed"),
                        ],
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("owed", "Owed"),
                            ("approved", "Approved"),
                            ("paying", "Being paid"),
                            ("paid", "Paid"),
                            ("failed", "Failed or returned"),
                            ("disputed", "Disputed"),
                            ("kept_back", "Kept back"),
                        ],
                        max_length=10,
                        verbose_name="where the money is",
                    ),
                ),
                ("is_held", models.BooleanField(verbose_name="held")),
                ("week", models.DateField(verbose_name="Monday of the week")),
                ("claims", models.PositiveIntegerField(verbose_name="claims")),
                ("officers", models.PositiveIntegerField(verbose_name="officers")),
                (
                    "gross",
                    models.DecimalField(decimal_places=2, max_digits=14, verbose_name="gross"),
                ),
                ("tax", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="tax")),
                (
                    "advance",
                    models.DecimalField(
                        decimal_places=2, max_digits=14, verbose_name="paid in advance"
                    ),
                ),
                ("net", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="net")),
                ("counted_at", models.DateTimeField(verbose_name="counted")),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalogue.exam",
                        verbose_name="exam",
                    ),
                ),
                (
                    "position",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.position",
                        verbose_name="position",
                    ),
                ),
                (
                    "sub_county",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.subcounty",
                        verbose_name="sub-county",
                    ),
                ),
            ],
            options={
                "verbose_name": "count of money",
                "verbose_name_plural": "counts of money",
                "ordering": ["exam", "sub_county", "position", "state", "week"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "exam",
                            "sub_county",
                            "position",
                            "channel",
                            "status",
                            "state",
                            "is_held",
                            "week",
                        ),
                        name="one_count_of_a_kind_of_money",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "net",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("gross"), "-", models.F("tax")
                                    ),
                                    "-",
                                    models.F("advance"),
                                ),
                            )
                        ),
                        name="counted_money_adds_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MoneyDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "claimed",
                    models.DecimalField(decimal_places=2, max_digits=14, verbose_name="claimed"),
                ),
                (
                    "approved",
                    models.DecimalField(decimal_places=2, max_digits=14, verbose_name="approved"),
                ),
                ("paid", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="paid")),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalogue.exam",
                        verbose_name="exam",
                    ),
                ),
                (
                    "sub_county",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.subcounty",
                        verbose_name="sub-county",
                    ),
                ),
            ],
            options={
                "verbose_name": "money of a day",
                "verbose_name_plural": "money of days",
                "ordering": ["exam", "day", "sub_county"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("exam", "day", "sub_county"), name="one_sum_of_money_a_day"
                    )
                ],
            },
        ),
        migrations.RunSQL(CHANGES, UNDO),
    ]
