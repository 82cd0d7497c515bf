"""How a period's slots turn, and the limits that a portal begins with."""

from typing import Any

from django.db import migrations

FUNCTIONS = """
-- The counts as they stand so many slots later: the oldest have left, new ones are empty.
CREATE FUNCTION limits_turned(counts integer[], slots bigint) RETURNS integer[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT (array_fill(0, ARRAY[least(greatest(slots, 0), cardinality(counts))::integer]) || counts)
        [1:cardinality(counts)]
$$;
CREATE FUNCTION limits_with(counts integer[], cost integer) RETURNS integer[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT (counts[1] + cost) || counts[2:cardinality(counts)]
$$;
CREATE FUNCTION limits_sum(counts integer[]) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT sum(count) FROM unnest(counts) count
$$;
"""

UNDO = """
DROP FUNCTION limits_turned;
DROP FUNCTION limits_with;
DROP FUNCTION limits_sum;
"""

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
# Addresses are generous: a whole school registers over one, and half of Kenya shares a few.
LIMITS = [
    ("sign_in.account", 15 * MINUTE, 10),
    ("sign_in.account", DAY, 50),
    ("sign_in.device", 15 * MINUTE, 10),
    ("sign_in.issued", 15 * MINUTE, 60),
    ("sign_in.pair", 10 * MINUTE, 1),
    ("sign_in.address", 10 * MINUTE, 60),
    ("sign_in.everyone", 5 * MINUTE, 1_000),
    ("sign_in.alarm", 5 * MINUTE, 1),
    ("code.account", 15 * MINUTE, 10),
    ("confirm.account", DAY, 5),
    ("text.again", MINUTE, 1),
    ("text.number", HOUR, 3),
    ("text.number", DAY, 5),
    ("text.address", HOUR, 100),
    ("text.block", 10 * MINUTE, 20),
    ("text.everyone", HOUR, 6_000),
    ("text.everyone", DAY, 40_000),
    ("number.account", DAY, 5),
    ("number.address", HOUR, 20),
    ("inbound.sender", HOUR, 20),
    ("inbound.sender", DAY, 60),
    ("letter.address", MINUTE, 20),
]


def make_limits(apps: Any, schema_editor: Any) -> None:
    Limit = apps.get_model("limits", "Limit")
    Limit.objects.bulk_create(
        Limit(name=name, seconds=seconds, takes=takes) for name, seconds, takes in LIMITS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, UNDO),
        migrations.RunPython(make_limits, migrations.RunPython.noop),
    ]
